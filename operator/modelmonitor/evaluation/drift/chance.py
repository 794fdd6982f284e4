"""What chance gives where nothing has changed, knowing that rows of one day are alike.

The shares of both samples vary: by the larger of what independent rows would and what their blocks of time do (the
block jackknife). From the variance of their difference follow what each distance is expected to be, and the p-values.
With independent rows these are the textbook's; a thousand alike rows a day count for as few as they are worth.

Chi-square: Rao and Scott (1981, 1984), second order: X² over its expectation is an F with as many degrees of freedom as
the eigenvalues of the covariance say. First order alone, which takes them for equal, rejects three times too often when
one direction (a warm day, a busy one) carries most of the variance. Kolmogorov-Smirnov: sample sizes over the design
effect of the distribution function. A variance that is estimated from few blocks is itself uncertain, and both tests
allow for it, as Student's t does.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.statistics.jackknife import FEWEST_BLOCKS

# With fewer days the reference says little about how days differ.
_FEWEST_DAYS: Final = 14
_NODES: Final = 64
_DRAWS: Final = 2000
_KOLMOGOROV_MEAN: Final = math.sqrt(math.pi / 2) * math.log(2)
"""The mean of Kolmogorov's distribution."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows of one column by block of time and group."""

    groups: NDArray[np.int64]
    """Shape (blocks, groups)."""
    by_day: bool
    """Whether a block is one or more civil days."""
    days: float
    """Over how many days it reaches; at least 1, for less than a day is as good or bad as that day."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How the shares of one sample vary by chance."""

    covariance: Matrix
    """Of the shares, shape (groups, groups)."""
    degrees: float
    """Degrees of freedom that it was estimated with; infinite for independent rows."""
    design_effect: float
    """Of the distribution function: its variance over that of independent rows; at least 1."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How two samples of one distribution differ."""

    pooled: NDArray[np.float64]
    """Shares of both together, shape (groups,), without empty groups."""
    reference: Spread
    window: Spread
    sizes: tuple[int, int]
    """Rows of the reference and of the window."""
    known: bool
    """Whether it is known how days, or other blocks, differ; if not, rows were taken for independent."""
    between_days: bool
    """Whether the variance between days is in it."""

    @property
    def covariance(self) -> Matrix:
        """Of the difference of the shares."""
        return self.reference.covariance + self.window.covariance

    @property
    def effective(self) -> tuple[float, float]:
        """What the two sizes are worth as independent rows."""
        return self.sizes[0] / self.reference.design_effect, self.sizes[1] / self.window.design_effect

    @property
    def effective_size(self) -> float:
        """The harmonic n m / (n + m) of both."""
        first, second = self.effective
        return first * second / (first + second)

    @property
    def mean_chi(self) -> float:
        """The expectation of Σ (difference of shares)² / share."""
        return float((np.diagonal(self.covariance) / self.pooled).sum())


def chance(reference: Sample, window: Sample) -> Chance:
    """How much the shares of two samples differ by chance. Both must have rows."""
    used = (reference.groups.sum(axis=0) + window.groups.sum(axis=0)) > 0
    first, second = reference.groups[:, used], window.groups[:, used]
    total = first.sum(axis=0) + second.sum(axis=0)
    pooled = total / total.sum()
    sizes = int(first.sum()), int(second.sum())
    of_reference, of_window = _by_blocks(first), _by_blocks(second)
    enough_days = reference.by_day and int((first.sum(axis=1) > 0).sum()) >= _FEWEST_DAYS
    choices = [of_window]
    if of_reference is not None and enough_days and (of_window is None or not window.by_day):
        # A window of a day or two cannot show how days differ: the reference does. What days add to the sampling of
        # rows counts for the window as often more as the reference has more days.
        row = _of_a_row(pooled)
        between_days = (of_reference[0] - row / sizes[0]) * (reference.days / window.days)
        choices.append((row / sizes[1] + between_days, of_reference[1]))
    return Chance(
        pooled=pooled,
        reference=_spread(pooled, sizes[0], of_reference),
        window=_spread(pooled, sizes[1], *choices),
        sizes=sizes,
        known=of_reference is not None and any(choice is not None for choice in choices),
        between_days=(window.by_day and of_window is not None) or len(choices) > 1,
    )


def chi_square_p_value(statistic: float, found: Chance) -> float:
    """The chance of a chi-square statistic as large as this, of two samples of one distribution.

    Args:
        statistic: Σ (difference of shares)² / pooled share (Pearson's statistic over n m / (n + m)).
        found: how shares vary.
    """
    from scipy import special  # noqa: PLC0415 - only tests need it, and it takes a fifth of a second

    scale = np.sqrt(np.outer(found.pooled, found.pooled))
    parts = [spread.covariance / scale for spread in (found.reference, found.window)]
    traces = [float(np.trace(part)) for part in parts]
    together = parts[0] + parts[1]
    square, of_squares = float(np.trace(together)) ** 2, float(np.square(together).sum())
    if square == 0:
        return 1.0
    degrees = _together(traces, [found.reference.degrees, found.window.degrees])
    most = found.pooled.size - 1
    if math.isfinite(degrees) and degrees > 1:
        # The estimate's own noise makes the eigenvalues look more unequal than they are.
        of_squares = degrees**2 / ((degrees - 1) * (degrees + 2)) * (of_squares - square / degrees)
    freedom = min(float(most), max(1.0, square / of_squares if of_squares > 0 else most))
    ratio = statistic / math.sqrt(square)
    if math.isfinite(degrees):
        return float(special.fdtrc(freedom, freedom * degrees, ratio))
    return float(special.chdtrc(freedom, freedom * ratio))


def kolmogorov_p_value(statistic: float, found: Chance) -> float:
    """The chance of a Kolmogorov-Smirnov statistic as large as this, of two samples of one distribution."""
    from scipy import special  # noqa: PLC0415

    reach = statistic * math.sqrt(found.effective_size)
    degrees = _together([1 / size for size in found.effective], [found.reference.degrees, found.window.degrees])
    if not math.isfinite(degrees):
        return float(special.kolmogorov(reach))
    # The mean over what the variance may be, given its estimate: as Student's t is a mean over normal distributions.
    quantiles = special.chdtri(degrees, 1 - (np.arange(_NODES) + 0.5) / _NODES)
    return float(special.kolmogorov(reach * np.sqrt(quantiles / degrees)).mean())


def expected_psi(found: Chance) -> float:
    """The mean of PSI: to second order it is Σ d² / p."""
    return found.mean_chi


def expected_jensen_shannon(found: Chance) -> float:
    """The root mean square of the distance: to second order JSD is Σ d² / p / (8 ln 2)."""
    return math.sqrt(found.mean_chi / (8 * math.log(2)))


def expected_hellinger(found: Chance) -> float:
    """The root mean square of the distance: to second order its square is Σ d² / p / 8."""
    return math.sqrt(found.mean_chi / 8)


def expected_total_variation(found: Chance) -> float:
    """The mean: ½ Σ E|d|, with normal differences d."""
    return float(np.sqrt(2 * np.diagonal(found.covariance) / math.pi).sum() / 2)


def expected_kolmogorov(found: Chance) -> float:
    """The mean of Kolmogorov's distribution, times how much larger the greatest gap is than of independent rows.

    That is found by drawing gaps at the ends of the groups. The design effect alone would say too much: a day that
    shifts a whole column moves all of its distribution function at once, and the greatest of one gap is smaller than
    that of many.
    """
    first, second = found.sizes
    alone = _of_a_row(found.pooled) * (1 / first + 1 / second)
    larger = _greatest_gap(found.covariance) / _greatest_gap(alone) if found.pooled.size > 1 else 1.0
    return _KOLMOGOROV_MEAN * math.sqrt(1 / first + 1 / second) * larger


def expected_wasserstein(found: Chance, below: NDArray[np.float64], width: NDArray[np.float64]) -> float:
    """The mean ∫ E|F - G| dx, with normal differences.

    Args:
        found: how shares vary.
        below: F in the middle of each cell, shape (cells,).
        width: of the cells, shape (cells,).
    """
    return float((np.sqrt(2 / math.pi * below * (1 - below) / found.effective_size) * width).sum())


def _greatest_gap(covariance: Matrix) -> float:
    """The mean of the greatest gap between distribution functions at the groups' ends, by 2,000 draws."""
    at_ends = np.cumsum(np.cumsum(covariance, axis=0), axis=1)[:-1, :-1]
    values, vectors = np.linalg.eigh(at_ends)
    draws = np.random.default_rng(0).standard_normal((_DRAWS, len(at_ends)))
    gaps = (draws * np.sqrt(np.maximum(values, 0))) @ vectors.T
    return float(np.abs(gaps).max(axis=1).mean())


def _by_blocks(groups: NDArray[np.int64]) -> tuple[Matrix, float] | None:
    """The jackknife covariance of shares and its degrees of freedom; None with too few blocks."""
    filled = groups[groups.sum(axis=1) > 0].astype(np.float64)
    blocks = len(filled)
    if blocks < FEWEST_BLOCKS:
        return None
    without = filled.sum(axis=0) - filled
    shares = without / without.sum(axis=1, keepdims=True)
    beyond = shares - shares.mean(axis=0)
    return (blocks - 1) / blocks * beyond.T @ beyond, float(blocks - 1)


def _spread(pooled: NDArray[np.float64], size: int, *choices: tuple[Matrix, float] | None) -> Spread:
    """The larger of independent rows' and the other covariances, by what it makes of chi-square."""
    independent = _of_a_row(pooled) / size
    best, degrees = independent, math.inf
    for choice in choices:
        if choice is not None and _weight(choice[0], pooled) > _weight(best, pooled):
            best, degrees = choice
    ratio = _of_distribution(best) / _of_distribution(independent) if pooled.size > 1 else 1.0
    return Spread(best, degrees, max(1.0, ratio))


def _of_a_row(pooled: NDArray[np.float64]) -> Matrix:
    """The covariance of the groups that a single row is in."""
    covariance: Matrix = np.diag(pooled) - np.outer(pooled, pooled)
    return covariance


def _weight(covariance: Matrix, pooled: NDArray[np.float64]) -> float:
    return float((np.diagonal(covariance) / pooled).sum())


def _of_distribution(covariance: Matrix) -> float:
    """The greatest variance of the distribution function at the groups' ends."""
    return float(np.diagonal(np.cumsum(np.cumsum(covariance, axis=0), axis=1))[:-1].max())


def _together(variances: list[float], degrees: list[float]) -> float:
    """Degrees of freedom of a sum of variances: Satterthwaite (1946)."""
    uncertain = sum(variance**2 / freedom for variance, freedom in zip(variances, degrees, strict=True))
    return sum(variances) ** 2 / uncertain if uncertain > 0 else math.inf
