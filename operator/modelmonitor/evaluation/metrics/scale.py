"""Scales: on which a metric's error is closest to symmetric, and which keep its bounds where the metric can be."""

import math
from dataclasses import dataclass
from enum import Enum

from modelmonitor.evaluation.metrics.measure import Interval
from modelmonitor.evaluation.statistics import student
from modelmonitor.evaluation.statistics.serial import Spread


@dataclass(frozen=True, slots=True)
class _Range:
    least: float
    most: float


class Scale(Enum):
    """The values that a metric can take, and with it the function that takes them to the whole line."""

    UNIT = _Range(0, 1)
    """logit(x)."""
    SIGNED = _Range(-1, 1)
    """Fisher's z, artanh(x)."""
    POSITIVE = _Range(0, math.inf)
    """ln(x)."""
    BELOW_ONE = _Range(-math.inf, 1)
    """-ln(1 - x)."""
    REAL = _Range(-math.inf, math.inf)
    """x itself."""

    def interval(self, value: float, spread: Spread, alpha: float, rows: int) -> Interval:
        """Student's t interval on this scale, by the delta method.

        At the very end of its range a value has no place on the scale: then the interval is taken on the plain one,
        and cut where the range ends. A share of exactly 0 or 1 has no variance either, and is no certainty: there it
        reaches as far as Wilson's interval of a share of so many rows.
        """
        quantile = student.quantile(1 - alpha, spread.degrees)
        reach = quantile * math.sqrt(spread.variance)
        least, most = self.value.least, self.value.most
        if self is Scale.UNIT and not 0 < value < 1:
            reach = max(reach, quantile * quantile / (rows + quantile * quantile))
        if self is Scale.REAL or not least < value < most:
            return Interval(max(least, value - reach), min(most, value + reach), spread)
        place = self._forward(value)
        reach *= self._slope(value)
        return Interval(self._back(place - reach), self._back(place + reach), spread)

    def _forward(self, value: float) -> float:
        match self:
            case Scale.UNIT:
                return math.log(value / (1 - value))
            case Scale.SIGNED:
                return math.atanh(value)
            case Scale.POSITIVE:
                return math.log(value)
            case Scale.BELOW_ONE:
                return -math.log1p(-value)
            case Scale.REAL:
                return value

    def _slope(self, value: float) -> float:
        match self:
            case Scale.UNIT:
                return 1 / (value * (1 - value))
            case Scale.SIGNED:
                return 1 / (1 - value * value)
            case Scale.POSITIVE:
                return 1 / value
            case Scale.BELOW_ONE:
                return 1 / (1 - value)
            case Scale.REAL:
                return 1.0

    def _back(self, place: float) -> float:
        match self:
            case Scale.UNIT:
                return 1 / (1 + _exp(-place))
            case Scale.SIGNED:
                return math.tanh(place)
            case Scale.POSITIVE:
                return _exp(place)
            case Scale.BELOW_ONE:
                return 1 - _exp(-place)
            case Scale.REAL:
                return place


def _exp(power: float) -> float:
    """E to a power, without an error where it would be too large: a bound of 1e304 says as much as an infinite one."""
    return math.exp(min(power, 700.0))
