"""Differences and ratios of a rate between groups: which group is treated worst, against which it is treated best.

The value is that of the pair that differs most, so it is a maximum over pairs, and its interval must be honest about
having looked at all of them. Groups g, h have rates p_g, p_h; the true value is D = max over ordered pairs of
p_g - p_h (for a ratio R = min of p_g / p_h; the same with logarithms).

- The lower end is max over pairs of each pair's own lower bound at alpha / number of ordered pairs. By Bonferroni all
  of these hold together with probability 1 - alpha, and then D is above the largest. Ordered pairs, since the data
  choose the sign.
- The upper end is max over pairs of each pair's upper bound at alpha, with no correction: D is the difference of one
  pair that does not depend on the data, D lies above that pair's bound with probability alpha at most, and the
  maximum is no lower than that bound.

A pair's variance is the larger of the block jackknife's of the pair's difference (the groups share their days) and the
delta method's for independent rows.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.metric_names import MetricName
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.statistics import jackknife, serial, student
from modelmonitor.evaluation.statistics.grouped import GroupedCounts, confusion_between
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun, Spread

Table = NDArray[np.int64]
"""Rows by label and prediction, shape (..., 2, 2)."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of rows hits / trials of a confusion matrix."""

    hits: Callable[[Table], Table]
    trials: Callable[[Table], Table]


SELECTION: Final = Rate(lambda table: table[..., :, 1].sum(axis=-1), lambda table: table.sum(axis=(-2, -1)))
"""How often rows are predicted positive."""
RECALL: Final = Rate(lambda table: table[..., 1, 1], lambda table: table[..., 1, :].sum(axis=-1))
FALSE_POSITIVES: Final = Rate(lambda table: table[..., 0, 1], lambda table: table[..., 0, :].sum(axis=-1))


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups that have enough rows to be compared; the last axis of arrays is that of blocks."""

    names: tuple[str, ...]
    hits: NDArray[np.int64]
    """Shape (groups, blocks)."""
    trials: NDArray[np.int64]
    """Shape (groups, blocks)."""

    @property
    def rates(self) -> NDArray[np.float64]:
        """Shape (groups,)."""
        found: NDArray[np.float64] = self.hits.sum(axis=1) / self.trials.sum(axis=1)
        return found

    @property
    def without(self) -> NDArray[np.float64]:
        """Rates without each block, shape (groups, blocks)."""
        hits, trials = self.hits.sum(axis=1, keepdims=True), self.trials.sum(axis=1, keepdims=True)
        left: NDArray[np.float64] = (hits - self.hits) / (trials - self.trials)
        return left


@dataclass(frozen=True, slots=True)
class _Pair:
    """The contrast of two groups, on the scale on which its interval is taken."""

    value: float
    spread: Spread


@dataclass(frozen=True, slots=True)
class Between:
    """The largest difference (or the smallest ratio) of a rate between the groups of a column.

    Groups with fewer rows in the denominator than `minimum_rows`, or in fewer than four blocks, are left out.
    """

    column: str
    rate: Rate
    minimum_rows: int
    ratio: bool = False
    undefined: Undefined = Undefined.ONE_GROUP

    @property
    def greater_is_better(self) -> bool:
        """A ratio of 1 and a difference of 0 are the best."""
        return self.ratio

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """Confusion counts by group."""
        return (self._kind,)

    @property
    def _kind(self) -> Kind[GroupedCounts]:
        return confusion_between(self.column)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """Rows of the denominators of the groups that are compared, shape (blocks,)."""
        rows: NDArray[np.int64] = self._groups(tally).trials.sum(axis=0)
        return rows

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        groups = self._groups(tally)
        if len(groups.names) < 2:
            return LeaveOneOut(math.nan, np.full(groups.trials.shape[1], math.nan))
        return LeaveOneOut(float(self._widest(groups.rates)), self._widest(groups.without))

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """The interval of the module's text."""
        groups = self._groups(tally)
        pairs = {
            (high, low): self._pair(groups, high, low, known)
            for high, low in itertools.permutations(range(len(groups.names)), 2)
            if groups.rates[high] >= groups.rates[low]
        }
        ordered = len(groups.names) * (len(groups.names) - 1)
        least = max(_bound(pair, alpha / ordered, -1) for pair in pairs.values())
        most = max(_bound(pair, alpha, 1) for pair in pairs.values())
        (high, low), widest = max(pairs.items(), key=lambda item: item[1].value)
        detail = f"{groups.names[low]} {groups.rates[low]:.3g}, {groups.names[high]} {groups.rates[high]:.3g}"[:160]
        ends = (math.exp(-max(most, 0)), math.exp(-max(least, 0))) if self.ratio else (max(least, 0), min(most, 1))
        value = float(self._widest(groups.rates))
        return Interval(min(ends[0], value), max(ends[1], value), widest.spread, detail)

    def _widest(self, rates: NDArray[np.float64]) -> NDArray[np.float64]:
        """Of rates by group on the first axis."""
        least, most = rates.min(axis=0), rates.max(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            widest: NDArray[np.float64] = np.divide(least, most) if self.ratio else most - least
        return widest

    def _pair(self, groups: _Groups, high: int, low: int, known: LongRun) -> _Pair:
        one, other = self._place(groups, high), self._place(groups, low)
        used = (groups.trials[high] > 0) | (groups.trials[low] > 0)
        return _Pair(one[0] - other[0], serial.spread((one[1] - other[1])[used], one[2] + other[2], known))

    def _place(self, groups: _Groups, group: int) -> tuple[float, NDArray[np.float64], float]:
        """A group's rate on the scale, without each block, and its variance if rows were independent."""
        rate, trials, without = groups.rates[group], int(groups.trials[group].sum()), groups.without[group]
        if not self.ratio:
            return float(rate), without, float(rate * (1 - rate) / trials)
        # Half a row more, as Walter (1975) adds to ratios: a rate of 0 has no logarithm.
        half = 0.5 / trials
        moved = rate + half
        return math.log(moved), np.log(without + half), float((1 - min(rate, 1 - half)) / (moved * trials))

    def _groups(self, tally: Tally) -> _Groups:
        found = tally[self._kind]
        blocks = found.slots
        names, hits, trials = [], [], []
        for name in sorted(found.tables):
            of_group = self.rate.trials(found.tables[name])
            if of_group.sum() >= self.minimum_rows and (of_group > 0).sum() >= jackknife.FEWEST_BLOCKS:
                names.append(name)
                trials.append(of_group)
                hits.append(self.rate.hits(found.tables[name]))
        shape = (len(names), blocks)
        return _Groups(tuple(names), np.asarray(hits, np.int64).reshape(shape), np.asarray(trials).reshape(shape))


def _bound(pair: _Pair, alpha: float, sign: int) -> float:
    spread = pair.spread
    return pair.value + sign * student.quantile(1 - alpha, spread.degrees) * math.sqrt(spread.variance)


RATES: Final[Mapping[MetricName, tuple[Rate, bool]]] = MappingProxyType(
    {
        MetricName.SELECTION_RATE_DIFFERENCE: (SELECTION, False),
        MetricName.SELECTION_RATE_RATIO: (SELECTION, True),
        MetricName.RECALL_DIFFERENCE: (RECALL, False),
        MetricName.RECALL_RATIO: (RECALL, True),
        MetricName.FALSE_POSITIVE_RATE_DIFFERENCE: (FALSE_POSITIVES, False),
        MetricName.FALSE_POSITIVE_RATE_RATIO: (FALSE_POSITIVES, True),
    }
)
"""Which rate each metric compares, and whether by the ratio."""
