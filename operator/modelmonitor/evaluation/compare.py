"""Compare: is the candidate better than the champion, on the very same rows, and nowhere worse that matters?

Both were scored on each row, so what makes a day hard for one makes it hard for the other, and the difference varies
less than either value. Its variance is the jackknife's over blocks of time, of which one may be like the one before
it. The candidate is better when the lower bound of the difference is above `challenger.minimumGain`, and the lower
bound of each guard's above minus its margin. All of that must hold, so none needs a stricter level for there being
others (intersection-union test: Berger 1982).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from modelmonitor.api.monitor import Challenger, GuardMetric
from modelmonitor.api.result import Comparison, ComparisonResult, GuardVerdict, Paired
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.judge import NO_SCORES, TOO_FEW_BLOCKS, TOO_FEW_ROWS
from modelmonitor.evaluation.metrics.measure import Measure
from modelmonitor.evaluation.segments import WHOLE, Group
from modelmonitor.evaluation.statistics import jackknife, serial, student
from modelmonitor.evaluation.statistics.kinds import ROWS

GUARD_BROKEN = "GuardBroken"
GUARD_NOT_JUDGED = "GuardNotJudged"
_MOST = 32


@dataclass(frozen=True, slots=True)
class Both:
    """The statistics of both models on the same rows, by group."""

    champion: Callable[[Group], Tally]
    candidate: Callable[[Group], Tally]
    groups: Sequence[Group] = (WHOLE,)

    def pair(self, name: str, measure: Measure, confidence: float, minimum_rows: int, group: Group = WHOLE) -> Paired:
        """Both models' values of a metric on the rows of a group, and by how much the candidate is better.

        Args:
            name: the metric's.
            measure: by what it is measured.
            confidence: one-sided, of the lower bound.
            minimum_rows: the least rows of the metric's denominator, for either model.
            group: of rows.
        """
        result = Paired(metric=name if group == WHOLE else f"{name}{{{group}}}"[:256])
        champion, candidate = self.champion(group), self.candidate(group)
        if any(kind not in tally for kind in measure.needs for tally in (champion, candidate)):
            return result.model_copy(update={"reason": NO_SCORES})
        old, new = measure.leave_one_out(champion), measure.leave_one_out(candidate)
        old_rows, new_rows = measure.rows(champion), measure.rows(candidate)
        used = (old_rows > 0) | (new_rows > 0)
        result = result.model_copy(
            update={
                "rows": int(champion[ROWS].counts.sum()),
                "champion": old.value if math.isfinite(old.value) else None,
                "candidate": new.value if math.isfinite(new.value) else None,
            }
        )
        sign = 1 if measure.greater_is_better else -1
        with np.errstate(invalid="ignore"):
            without = sign * (new.without - old.without)[used]
        reason = None
        if min(old_rows.sum(), new_rows.sum()) < minimum_rows:
            reason = TOO_FEW_ROWS
        elif used.sum() < jackknife.FEWEST_BLOCKS:
            reason = TOO_FEW_BLOCKS
        elif not np.isfinite([new.value, old.value, *without]).all():
            reason = measure.undefined.value
        if reason is not None:
            return result.model_copy(update={"reason": reason})
        difference = sign * (new.value - old.value)
        spread = serial.spread(without, independent=0.0)
        low = difference - student.quantile(confidence, spread.degrees) * math.sqrt(spread.variance)
        return result.model_copy(update={"difference": difference, "low": low})

    def blocks(self, measure: Measure) -> int:
        """Blocks that have rows for a metric."""
        tallies = (self.champion(WHOLE), self.candidate(WHOLE))
        if any(kind not in tally for kind in measure.needs for tally in tallies):
            return 0
        old, new = (measure.rows(tally) for tally in tallies)
        return int(((old > 0) | (new > 0)).sum())


@dataclass(frozen=True, slots=True)
class Guarding:
    """A guard, and by what it is measured."""

    guard: GuardMetric
    measure: Measure


@dataclass(frozen=True, slots=True)
class Shown:
    """A metric that is only shown of both."""

    name: str
    measure: Measure
    minimum_rows: int


def compare(
    both: Both,
    deciding: Measure,
    challenger: Challenger,
    minimum_rows: int,
    *,
    guards: Sequence[Guarding] = (),
    shown: Sequence[Shown] = (),
) -> ComparisonResult:
    """Compare two models by their statistics of the same rows.

    Args:
        both: their statistics.
        deciding: by what they are compared.
        challenger: the metric's name, the least gain and the confidence.
        minimum_rows: the least rows of the metric's denominator, for either model.
        guards: in what the candidate must not be worse.
        shown: what is shown of both beside it.
    """
    first = both.pair(challenger.metric, deciding, challenger.confidence, minimum_rows)
    guarded = [one for guarding in guards for one in _guarded(both, guarding, challenger.confidence)]
    told = {one.metric for one in guarded}
    beside = [
        both.pair(one.name, one.measure, challenger.confidence, one.minimum_rows)
        for one in shown
        if one.name not in told and one.name != challenger.metric
    ]
    verdict, reason = _verdict(first, guarded, challenger)
    # The broken ones first, then those that could not be judged.
    order = (GuardVerdict.BROKEN, GuardVerdict.NO_EVIDENCE, GuardVerdict.KEPT)
    guarded.sort(key=lambda one: order.index(one.guard or GuardVerdict.KEPT))
    return ComparisonResult(
        verdict=verdict,
        metric=challenger.metric,
        champion=first.champion,
        candidate=first.candidate,
        difference=first.difference,
        low=first.low,
        minimum_gain=challenger.minimum_gain,
        confidence=challenger.confidence,
        rows=first.rows,
        blocks=both.blocks(deciding),
        reason=reason,
        others=tuple([*guarded, *beside][:_MOST]),
    )


def _guarded(both: Both, guarding: Guarding, confidence: float) -> list[Paired]:
    """A guard on all rows, and on each of its segments."""
    guard = guarding.guard
    groups = (WHOLE, *(group for group in both.groups if group.column in guard.segments))
    pairs = [both.pair(guard.metric, guarding.measure, confidence, guard.minimum_rows, group) for group in groups]
    return [one.model_copy(update={"margin": guard.margin, "guard": _kept(one, guard.margin)}) for one in pairs]


def _kept(pair: Paired, margin: float) -> GuardVerdict:
    if pair.low is None:
        return GuardVerdict.NO_EVIDENCE
    return GuardVerdict.KEPT if pair.low > -margin else GuardVerdict.BROKEN


def _verdict(first: Paired, guarded: Sequence[Paired], challenger: Challenger) -> tuple[Comparison, str | None]:
    if first.low is None:
        return Comparison.NO_EVIDENCE, first.reason
    if first.low <= challenger.minimum_gain:
        return Comparison.NOT_BETTER, None
    if any(one.guard is GuardVerdict.BROKEN for one in guarded):
        return Comparison.NOT_BETTER, GUARD_BROKEN
    of_all_rows = {guard.metric for guard in challenger.guards}
    if any(one.guard is GuardVerdict.NO_EVIDENCE and one.metric in of_all_rows for one in guarded):
        return Comparison.NO_EVIDENCE, GUARD_NOT_JUDGED
    return Comparison.BETTER, None
