"""The drift of one column."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.drift import DriftLimit, DriftMethod
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.drift import chance, distances
from modelmonitor.evaluation.drift.chance import Chance, Sample

FEWEST_ROWS: Final = 100
"""With fewer rows on either side a column is not judged."""

# Categories have no order: the two distances that need one are then the one they become where any two values are
# equally far apart, and the test of the distribution function becomes the one of shares.
_UNORDERED: Final[Mapping[DriftMethod, DriftMethod]] = {
    DriftMethod.KOLMOGOROV_SMIRNOV: DriftMethod.TOTAL_VARIATION,
    DriftMethod.WASSERSTEIN: DriftMethod.TOTAL_VARIATION,
}


@dataclass(frozen=True, slots=True)
class Side:
    """A column in the reference or in a window."""

    counts: ColumnCounts
    by_day: bool
    """Whether a block is one or more civil days."""
    days: float
    """Over how many days it reaches; at least 1."""

    @property
    def sample(self) -> Sample:
        """What chance is estimated from."""
        return Sample(self.counts.groups, self.by_day, self.days)


@dataclass(frozen=True, slots=True)
class Distance:
    """How far a column has moved."""

    method: DriftMethod
    value: float
    expected: float
    """What chance alone would give on average (a root mean square for js and hellinger)."""
    bound: float = 0.0
    """How much larger it can be, since rows were counted and not kept; of the distances of shares: not known."""
    p_value: float | None = None


def method_for(layout: Layout, limit: DriftLimit) -> DriftMethod:
    """The method that is used for a column."""
    if layout.ordered:
        return limit.method
    if limit.alpha is not None:
        return DriftMethod.CHI_SQUARE
    return _UNORDERED.get(limit.method, limit.method)


def why_not(layout: Layout, reference: ColumnCounts, window: ColumnCounts) -> str | None:
    """Why a column cannot be compared; None when it can."""
    if window.mistyped:
        return "TypeChanged"
    if not layout.cells:
        return "NotComparable"
    if window.absent and not window.rows:
        return "ColumnMissing"
    return "TooFewRows" if min(reference.rows, window.rows) < FEWEST_ROWS else None


def compare(layout: Layout, reference: Side, window: Side, method: DriftMethod) -> tuple[Distance, Chance]:
    """Compare a column of a window with that of the reference. Both must have rows."""
    first, second = reference.counts.groups.sum(axis=0), window.counts.groups.sum(axis=0)
    found = chance.chance(reference.sample, window.sample)
    match method:
        case DriftMethod.PSI:
            distance = Distance(method, distances.psi(first, second), chance.expected_psi(found))
        case DriftMethod.KOLMOGOROV_SMIRNOV:
            distance = _kolmogorov(layout, reference.counts, window.counts, found)
        case DriftMethod.WASSERSTEIN:
            distance = _wasserstein(layout, reference.counts, window.counts, found)
        case DriftMethod.CHI_SQUARE:
            size = found.sizes[0] * found.sizes[1] / sum(found.sizes)
            statistic = distances.chi_square(first, second)
            p_value = chance.chi_square_p_value(statistic / size, found)
            distance = Distance(method, statistic, size * found.mean_chi, p_value=p_value)
        case _:
            of_shares, expected = _OF_SHARES[method]
            value = of_shares(distances.shares(first), distances.shares(second))
            distance = Distance(method, value, expected(found))
    return distance, found


def _kolmogorov(layout: Layout, reference: ColumnCounts, window: ColumnCounts, found: Chance) -> Distance:
    value = distances.kolmogorov_smirnov(reference.cells, window.cells)
    return Distance(
        DriftMethod.KOLMOGOROV_SMIRNOV,
        value,
        chance.expected_kolmogorov(found),
        distances.ks_bound(reference.cells, window.cells, _points(layout)),
        chance.kolmogorov_p_value(value, found),
    )


def _wasserstein(layout: Layout, reference: ColumnCounts, window: ColumnCounts, found: Chance) -> Distance:
    """In standard deviations of the reference; infinite where it has none and the window differs."""
    ends = [min(reference.least, window.least, layout.edges[0]), max(reference.most, window.most, layout.edges[-1])]
    nodes = np.concatenate([ends[:1], layout.edges, ends[1:]])
    value = distances.wasserstein(reference.cells, window.cells, nodes)
    bound = distances.wasserstein_bound(reference.cells, window.cells, nodes)
    together = distances.shares(reference.cells + window.cells)
    below = np.clip(np.cumsum(together) - together / 2, 0, 1)
    expected = chance.expected_wasserstein(found, below, np.diff(nodes))
    unit = reference.deviation
    if not unit > 0:
        return Distance(DriftMethod.WASSERSTEIN, math.inf if value > bound else 0.0, 0.0)
    return Distance(DriftMethod.WASSERSTEIN, value / unit, expected / unit, bound / unit)


def _points(layout: Layout) -> NDArray[np.bool_]:
    """Which cells hold a single value."""
    points = np.zeros(layout.cells, np.bool_)
    single = layout.edges.astype(np.float32).astype(np.float64) == layout.edges
    after = np.where(
        single[:-1],
        np.nextafter(layout.edges[:-1].astype(np.float32), np.float32(np.inf)).astype(np.float64),
        np.nextafter(layout.edges[:-1], np.inf),
    )
    points[1:-1] = layout.edges[1:] <= after
    return points


_OF_SHARES: Final[
    Mapping[DriftMethod, tuple[Callable[[distances.Shares, distances.Shares], float], Callable[[Chance], float]]]
] = {
    DriftMethod.JENSEN_SHANNON: (distances.jensen_shannon, chance.expected_jensen_shannon),
    DriftMethod.HELLINGER: (distances.hellinger, chance.expected_hellinger),
    DriftMethod.TOTAL_VARIATION: (distances.total_variation, chance.expected_total_variation),
}
