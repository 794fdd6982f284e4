"""Paired: a metric of two models on the same rows, and the interval of its difference.

Both were scored on each row, so what makes a day hard for one makes it hard for the other, and the difference varies
less than either value. Its variance V is the jackknife's over blocks of time, of which one may be like the one before
it; bounds use Student's t.

Of a share of n rows a difference goes in steps of 1 / n. Where two models disagree on few rows these steps are rare
events, and where they disagree on none V is 0, which is no certainty: with plain t bounds a candidate that is worse by
just its margin passed as no worse up to 27 times in a hundred instead of 5. So there the bound is the score test's, as
Wilson's (1927) is: it solves (d - low)² = q² (V + (d - low) / n), which without a single disagreement gives q² / n.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from modelmonitor.api.metric_names import ABOUT, Lies, MetricName
from modelmonitor.api.result import Paired
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.judge import NO_SCORES, TOO_FEW_BLOCKS, TOO_FEW_ROWS
from modelmonitor.evaluation.metrics.measure import Measure
from modelmonitor.evaluation.segments import WHOLE, Group
from modelmonitor.evaluation.statistics import jackknife, serial, student


@dataclass(frozen=True, slots=True)
class Yardstick:
    """A metric by which two models are set side by side."""

    name: MetricName
    measure: Measure
    minimum_rows: int
    """The least rows of its denominator, for either model."""
    confidence: float
    """One-sided, of each bound of the difference."""

    @property
    def in_steps(self) -> bool:
        """Whether it is a share of rows, which each row changes by about one over their number."""
        return ABOUT[self.name].lies is Lies.SHARE and not ABOUT[self.name].scored


@dataclass(frozen=True, slots=True)
class Both:
    """The statistics of both models on the same rows, by group."""

    champion: Callable[[Group], Tally]
    candidate: Callable[[Group], Tally]
    groups: Sequence[Group] = (WHOLE,)

    def by(self, yardstick: Yardstick, group: Group = WHOLE) -> Paired:
        """Both models' values on the rows of a group, and by how much the candidate is better."""
        name, measure = str(yardstick.name), yardstick.measure
        result = Paired(metric=name if group == WHOLE else f"{name}{{{group}}}"[:256])
        champion, candidate = self.champion(group), self.candidate(group)
        if any(kind not in tally for kind in measure.needs for tally in (champion, candidate)):
            return result.model_copy(update={"reason": NO_SCORES})
        old, new = measure.leave_one_out(champion), measure.leave_one_out(candidate)
        old_rows, new_rows = measure.rows(champion), measure.rows(candidate)
        used = (old_rows > 0) | (new_rows > 0)
        rows = int(min(old_rows.sum(), new_rows.sum()))
        result = result.model_copy(
            update={
                "rows": rows,
                "champion": old.value if math.isfinite(old.value) else None,
                "candidate": new.value if math.isfinite(new.value) else None,
            }
        )
        sign = 1 if measure.greater_is_better else -1
        with np.errstate(invalid="ignore"):
            without = sign * (new.without - old.without)[used]
        too_few = (
            (TOO_FEW_ROWS, rows, yardstick.minimum_rows),
            (TOO_FEW_BLOCKS, int(used.sum()), jackknife.FEWEST_BLOCKS),
        )
        for reason, counted, needed in too_few:
            if counted < needed:
                return result.model_copy(update={"reason": reason, "counted": counted, "needed": needed})
        if not np.isfinite([new.value, old.value, *without]).all():
            return result.model_copy(update={"reason": measure.undefined.value})
        difference = sign * (new.value - old.value)
        spread = serial.spread(without, independent=0.0)
        quantile = student.quantile(yardstick.confidence, spread.degrees)
        out = reach(spread.variance, quantile, step=1 / rows if yardstick.in_steps else 0.0)
        return result.model_copy(update={"difference": difference, "low": difference - out, "high": difference + out})

    def blocks(self, measure: Measure) -> int:
        """Blocks that have rows for a metric."""
        tallies = (self.champion(WHOLE), self.candidate(WHOLE))
        if any(kind not in tally for kind in measure.needs for tally in tallies):
            return 0
        old, new = (measure.rows(tally) for tally in tallies)
        return int(((old > 0) | (new > 0)).sum())


def reach(variance: float, quantile: float, *, step: float) -> float:
    """How far a bound is from the difference: the greater r with r² = q² (V + r · step).

    >>> reach(0.0004, 2.0, step=0.0)
    0.04
    """
    square = quantile * quantile
    return square * step / 2 + math.sqrt(square * variance + (square * step / 2) ** 2)
