"""The newest rows, held out to say what the new model and the champion are worth on them."""

from collections.abc import Callable, Mapping

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.models import ScikitLearnModel
from modelmonitor.evaluation.times import instant
from modelmonitor.training.data import Sample
from modelmonitor.training.facts import HeldOutFacts, Measured
from modelmonitor.training.grading import Grader
from modelmonitor.training.recipe import Recipe
from modelmonitor.training.space import Parameters


def cut(sample: Sample, share: float) -> tuple[Sample, Sample | None]:
    """The rows before the newest share of them, and these, if there are both."""
    place = sample.start_of(round(len(sample) * (1 - share)))
    if place in {0, len(sample)}:
        return sample, None
    return sample.part(0, place), sample.part(place, len(sample))


def measured_on(
    recipe: Recipe, grader: Grader, earlier: Sample, later: Sample | None, parameters: Parameters
) -> HeldOutFacts:
    """Fit on the earlier rows, and measure both models on the later ones."""
    if later is None:
        return HeldOutFacts(remarks=("No rows were held out.",))
    remarks: list[str] = []

    def graded(whose: str, model: Callable[[], ScikitLearnModel]) -> Mapping[str, float]:
        # What cannot be measured is told, and keeps nobody from training on all rows.
        try:
            return grader.values(model(), later)
        except EvaluationError as error:
            remarks.append(f"The {whose} could not be measured: {error.message}")
            return {}

    new = graded("new model", lambda: recipe.fit(earlier, parameters))
    champion = graded("champion", lambda: recipe.champion)
    measured = [
        Measured(name=name, champion=champion.get(name), new=new.get(name), greater_is_better=measure.greater_is_better)
        for name, measure in grader.measures.items()
        if name in new or name in champion
    ]
    start, end = (instant(int(moment)) for moment in (later.times[0], later.times[-1]))
    return HeldOutFacts(rows=len(later), start=start, end=end, measured=tuple(measured), remarks=tuple(remarks))


def said(held_out: HeldOutFacts, deciding: str) -> str:
    """The metric that will decide, of both, for the log."""
    found = next((one for one in held_out.measured if one.name == deciding), None)
    if found is None:
        return " ".join(held_out.remarks) or f"{deciding} is not defined on the rows that were held out"
    new, champion = ("not defined" if value is None else f"{value:.4g}" for value in (found.new, found.champion))
    return f"{found.name} on the {held_out.rows:,} newest rows: {new}, the champion's {champion}"


def contract_metrics(rows: int, held_out: HeldOutFacts) -> dict[str, float]:
    """The contract's metrics: the new model's under their names, the champion's under `champion.` and theirs."""
    new = {one.name: one.new for one in held_out.measured if one.new is not None}
    champion = {f"champion.{one.name}": one.champion for one in held_out.measured if one.champion is not None}
    return {"rows": float(rows), "heldOutRows": float(held_out.rows)} | new | champion
