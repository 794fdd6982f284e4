"""Intervals beside their objective, in the characters of a terminal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from modelmonitor.api.result import MetricResult


@dataclass(frozen=True, slots=True)
class Chart:
    """A scale from `low` to `high` over `width` characters."""

    low: float
    high: float
    width: int

    @classmethod
    def of(cls, metrics: Sequence[MetricResult], width: int) -> Self | None:
        """A scale that holds all of them and their objectives; None where there is nothing to show."""
        ends = [end for one in metrics for end in (one.low, one.value, one.high, one.min, one.max) if end is not None]
        if not ends or min(ends) == max(ends):
            return None
        return cls(min(ends), max(ends), width)

    def scale(self) -> str:
        """Its ends, for the line above."""
        low, high = f"{self.low:.3g}", f"{self.high:.3g}"
        return low + high.rjust(self.width - len(low))

    def draw(self, metric: MetricResult) -> str:
        """A metric: `├──●──┤`, and its objective as `│`."""
        cells = [" "] * self.width
        if metric.low is not None and metric.high is not None:
            first, last = self._place(metric.low), self._place(metric.high)
            cells[first : last + 1] = "─" * (last - first + 1)
            cells[first], cells[last] = "├", "┤"
        for bound in (metric.min, metric.max):
            if bound is not None:
                cells[self._place(bound)] = "│"
        if metric.value is not None:
            cells[self._place(metric.value)] = "●"
        return "".join(cells)

    def _place(self, value: float) -> int:
        return round((value - self.low) / (self.high - self.low) * (self.width - 1))
