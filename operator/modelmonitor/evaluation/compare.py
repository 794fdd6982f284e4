"""Compare: is the candidate better than the champion, on the very same rows, and nowhere worse that matters?

The candidate is better when the lower bound of the difference is above `challenger.minimumGain`, and the lower bound of
each guard's above minus its margin. All of that must hold, so none needs a stricter level for there being others
(intersection-union test: Berger 1982).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from modelmonitor.api.monitor import GuardMetric
from modelmonitor.api.result import Comparison, ComparisonResult, GuardVerdict, Paired
from modelmonitor.evaluation.paired import Both, Yardstick
from modelmonitor.evaluation.segments import WHOLE
from modelmonitor.evaluation.statistics.kinds import ROWS

GUARD_BROKEN = "GuardBroken"
GUARD_NOT_JUDGED = "GuardNotJudged"


@dataclass(frozen=True, slots=True)
class Guarding:
    """A guard, and by what it is measured."""

    guard: GuardMetric
    yardstick: Yardstick


@dataclass(frozen=True, slots=True)
class Contest:
    """By what two models are compared."""

    deciding: Yardstick
    minimum_gain: float
    """What the lower bound of the difference must exceed."""
    guards: Sequence[Guarding] = ()
    """In what the candidate must not be worse."""
    shown: Sequence[Yardstick] = ()
    """What is shown of both beside it."""


def compare(both: Both, contest: Contest) -> ComparisonResult:
    """Compare two models by their statistics of the same rows."""
    deciding = contest.deciding
    first = both.by(deciding)
    guarded = [one for guarding in contest.guards for one in _guarded(both, guarding)]
    told = {first.metric, *(one.metric for one in guarded)}
    beside = [both.by(one) for one in contest.shown if one.name not in told]
    verdict, reason = _verdict(first, guarded, contest)
    # The broken ones first, then those that could not be judged.
    order = (GuardVerdict.BROKEN, GuardVerdict.NO_EVIDENCE, GuardVerdict.KEPT)
    guarded.sort(key=lambda one: order.index(one.guard or GuardVerdict.KEPT))
    return ComparisonResult(
        verdict=verdict,
        metric=first.metric,
        champion=first.champion,
        candidate=first.candidate,
        difference=first.difference,
        low=first.low,
        high=first.high,
        minimum_gain=contest.minimum_gain,
        confidence=deciding.confidence,
        rows=int(both.champion(WHOLE)[ROWS].counts.sum()),
        blocks=both.blocks(deciding.measure),
        counted=first.counted,
        needed=first.needed,
        reason=reason,
        # There may be more of them than a summary holds: the report has all, and the codec says what it left out.
    ).model_copy(update={"others": (*guarded, *beside)})


def _guarded(both: Both, guarding: Guarding) -> list[Paired]:
    """A guard on all rows, and on each of its segments."""
    guard, yardstick = guarding.guard, guarding.yardstick
    groups = (WHOLE, *(group for group in both.groups if group.column in guard.segments))
    told = {"margin": guard.margin, "confidence": yardstick.confidence}
    pairs = [both.by(yardstick, group) for group in groups]
    return [one.model_copy(update={**told, "guard": _kept(one, guard.margin)}) for one in pairs]


def _kept(pair: Paired, margin: float) -> GuardVerdict:
    if pair.low is None:
        return GuardVerdict.NO_EVIDENCE
    return GuardVerdict.KEPT if pair.low > -margin else GuardVerdict.BROKEN


def _verdict(first: Paired, guarded: Sequence[Paired], contest: Contest) -> tuple[Comparison, str | None]:
    if first.low is None:
        return Comparison.NO_EVIDENCE, first.reason
    if first.low <= contest.minimum_gain:
        return Comparison.NOT_BETTER, None
    if any(one.guard is GuardVerdict.BROKEN for one in guarded):
        return Comparison.NOT_BETTER, GUARD_BROKEN
    of_all_rows = {guarding.guard.metric for guarding in contest.guards}
    if any(one.guard is GuardVerdict.NO_EVIDENCE and one.metric in of_all_rows for one in guarded):
        return Comparison.NO_EVIDENCE, GUARD_NOT_JUDGED
    return Comparison.BETTER, None
