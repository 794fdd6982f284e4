"""By what a window is judged and two models are compared, and the comparison of the counts of one pass."""

from dataclasses import dataclass
from typing import Any, Self

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.metric_names import INCOMPARABLE
from modelmonitor.api.objectives import Objective
from modelmonitor.api.result import Comparison, ComparisonResult
from modelmonitor.evaluation.baselines import of_candidate
from modelmonitor.evaluation.compare import Contest, Guarding, compare
from modelmonitor.evaluation.count import Counted
from modelmonitor.evaluation.metrics import Measure
from modelmonitor.evaluation.paired import Both, Yardstick
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.segments import WHOLE
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.tasks import measure_by_name, measure_for


@dataclass(frozen=True, slots=True)
class Measures:
    """By what the objectives are measured, in their order, and by what two models are compared."""

    objectives: tuple[Measure, ...]
    contest: Contest | None = None

    @classmethod
    def of(cls, given: EvaluationInput) -> Self:
        """Those that the input asks for; an EvaluationError when one cannot be had."""
        objectives = tuple(measure_for(objective, given.model) for objective in given.objectives)
        return cls(objectives, _contest(given, objectives) if given.contender is not None else None)

    @property
    def kinds(self) -> tuple[Kind[Any], ...]:
        """The statistics that they need."""
        contest = self.contest
        guards = (one.yardstick.measure for one in contest.guards) if contest is not None else ()
        compared = (contest.deciding.measure, *guards) if contest is not None else ()
        return tuple(dict.fromkeys(kind for measure in (*self.objectives, *compared) for kind in measure.needs))


def _contest(given: EvaluationInput, objectives: tuple[Measure, ...]) -> Contest:
    challenger = given.challenger
    confidence = challenger.confidence
    guards = (
        Guarding(
            guard,
            Yardstick(
                guard.metric,
                measure_by_name(guard.metric, given.metrics, given.model),
                guard.minimum_rows,
                confidence if guard.confidence is None else guard.confidence,
            ),
        )
        for guard in challenger.guards
    )
    shown = (
        Yardstick(metric.name, measure, metric.minimum_rows, confidence)
        for metric, measure in zip(given.metrics, objectives, strict=False)
        if metric.name not in INCOMPARABLE
    )
    deciding = measure_by_name(challenger.metric, given.metrics, given.model)
    return Contest(
        Yardstick(challenger.metric, deciding, _minimum_rows(given), confidence),
        challenger.minimum_gain,
        tuple(guards),
        tuple(shown),
    )


def compared(
    given: EvaluationInput, measures: Measures, counted: Counted, profile: Profile | None
) -> ComparisonResult | None:
    """Both models side by side, where there are two."""
    if given.contender is None or measures.contest is None:
        return None
    champion, candidate = counted.accumulators
    groups = profile.segments().groups if profile is not None else (WHOLE,)
    found = compare(Both(champion.tally, candidate.tally, groups), measures.contest)
    baselines = of_candidate(given.metrics, measures.objectives, candidate.tally())
    return found.model_copy(update={"selected": given.contender.selected, "baselines": baselines})


def _minimum_rows(given: EvaluationInput) -> int:
    """Of the metric that decides: as the spec says for it, else what a metric has by default."""
    own = (metric.minimum_rows for metric in given.metrics if metric.name is given.challenger.metric)
    return next(own, int(Objective.model_fields["minimum_rows"].default))


def no_evidence(given: EvaluationInput, reason: str) -> ComparisonResult:
    """A comparison that could not be made."""
    return ComparisonResult(
        verdict=Comparison.NO_EVIDENCE,
        metric=given.challenger.metric,
        minimum_gain=given.challenger.minimum_gain,
        confidence=given.challenger.confidence,
        reason=reason,
    )
