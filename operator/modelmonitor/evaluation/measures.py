"""By what a window is judged and two models are compared, and the comparison of the counts of one pass."""

from dataclasses import dataclass
from typing import Any, Self

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.metric_names import INCOMPARABLE
from modelmonitor.api.objectives import Objective
from modelmonitor.api.result import Comparison, ComparisonResult
from modelmonitor.evaluation.baselines import of_candidate
from modelmonitor.evaluation.compare import Both, Guarding, Shown, compare
from modelmonitor.evaluation.count import Counted
from modelmonitor.evaluation.metrics import Measure
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.segments import WHOLE
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.tasks import measure_by_name, measure_for


@dataclass(frozen=True, slots=True)
class Measures:
    """By what the objectives are measured, in their order, and by what two models are compared."""

    objectives: tuple[Measure, ...]
    deciding: Measure | None = None
    guards: tuple[Guarding, ...] = ()

    @classmethod
    def of(cls, given: EvaluationInput) -> Self:
        """Those that the input asks for; an EvaluationError when one cannot be had."""
        objectives = tuple(measure_for(objective, given.model) for objective in given.objectives)
        if given.contender is None:
            return cls(objectives)
        guards = (Guarding(one, measure_by_name(one.metric, given)) for one in given.challenger.guards)
        return cls(objectives, measure_by_name(given.challenger.metric, given), tuple(guards))

    @property
    def kinds(self) -> tuple[Kind[Any], ...]:
        """The statistics that they need."""
        compared = (*((self.deciding,) if self.deciding else ()), *(one.measure for one in self.guards))
        return tuple(dict.fromkeys(kind for measure in (*self.objectives, *compared) for kind in measure.needs))


def compared(
    given: EvaluationInput, measures: Measures, counted: Counted, profile: Profile | None
) -> ComparisonResult | None:
    """Both models side by side, where there are two."""
    if given.contender is None or measures.deciding is None:
        return None
    champion, candidate = counted.accumulators
    groups = profile.segments().groups if profile is not None else (WHOLE,)
    shown = (
        Shown(metric.name, measure, metric.minimum_rows)
        for metric, measure in zip(given.metrics, measures.objectives, strict=False)
        if metric.name not in INCOMPARABLE
    )
    found = compare(
        Both(champion.tally, candidate.tally, groups),
        measures.deciding,
        given.challenger,
        _minimum_rows(given),
        guards=measures.guards,
        shown=tuple(shown),
    )
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
