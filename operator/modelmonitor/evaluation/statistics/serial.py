"""From a statistic without each block to its variance, when a block is like the one before it, and bad ones are rare.

The jackknife takes blocks for independent. Days are not: a storm, a campaign, an outage lasts. With a correlation of
0.3 from day to day (0.6), a nominal 5 % bound of seven days is missed 8 to 11 % (13 to 20 %) of the time. What blocks
contribute is taken for a first-order autoregression seen through the sampling noise of its rows: correlation
r₁ρᵏ⁻¹ at lag k. Then, with Σ the correlation matrix of the B contributions and M the centring matrix,

    the variance of their mean is 1ᵀΣ1 / B², while the jackknife expects tr(MΣ) / (B (B - 1)),

and the jackknife's own degrees of freedom are tr(MΣ)² / tr((MΣ)²) (Satterthwaite 1946; Box 1954) in place of B - 1.

Seven days without a storm do not show what a storm does: their own variance is far too small, and on the flights of
2013 a nominal 2 % bound of F1 was missed 11 % of the time. So a longer time (the reference) also says how much one
block varies, and the wider of the two intervals is taken.
"""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.statistics import jackknife, student

FEWEST_BLOCKS: Final = 14
"""From fewer blocks no correlation is estimated: of seven, it would be noise."""
_LONGEST: Final = 0.95
_COMPARED_AT: Final = 0.95
"""The level at which the window's own interval and that of the longer time are compared: the wider one is taken."""


@dataclass(frozen=True, slots=True)
class Memory:
    """How much a block is like those before it."""

    first: float
    """r₁, the correlation of neighbours."""
    lasting: float
    """ρ, what is left of a correlation one block later."""

    @classmethod
    def of(cls, without: NDArray[np.float64], design_effect: float) -> Self:
        """Estimate it.

        r₁ is corrected for the mean that was estimated from the same blocks, (1 + 3 r₁) / B (Marriott and Pope 1954),
        and is no larger than the share 1 - 1 / deff of the blocks' variance that is not the noise of single rows.

        Args:
            without: the statistic with each block left out, shape (B,).
            design_effect: variance by blocks over the variance for independent rows.
        """
        if without.size < FEWEST_BLOCKS or design_effect <= 1:
            return cls(0.0, 0.0)
        centred = without - without.mean()
        spread = float(centred @ centred)
        if spread <= 0:
            return cls(0.0, 0.0)
        raw = float(centred[1:] @ centred[:-1]) / spread
        shared = 1 - 1 / design_effect
        first = min(max(0.0, raw + (1 + 3 * raw) / without.size), _LONGEST * shared)
        # A design effect that chance alone made a little larger than 1 would make any correlation last for ever: it is
        # taken for as large as it may well be, one of its own standard errors more.
        likely = 1 - 1 / (design_effect * (1 + math.sqrt(2 / (without.size - 1))))
        return cls(first, first / likely)


NO_MEMORY: Final = Memory(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class LongRun:
    """What a longer time than a window shows of a statistic's blocks."""

    memory: Memory
    """How much a block is like those before it."""
    per_block: float
    """The variance of the statistic of a single block, by the jackknife of all of them."""
    degrees: int
    """Degrees of freedom of that."""


NONE: Final = LongRun(NO_MEMORY, 0.0, 1)
"""No longer time is known."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How uncertain a statistic is."""

    variance: float
    """The larger of that of independent rows and that by blocks."""
    degrees: int
    """Degrees of freedom of the variance by blocks."""
    design_effect: float
    """Variance by blocks over the variance for independent rows."""
    long_run: LongRun = NONE
    """What these blocks themselves show, for windows that are shorter."""


def spread(without: NDArray[np.float64], independent: float, known: LongRun = NONE) -> Spread:
    """The variance of a statistic.

    Args:
        without: the statistic with one of the B blocks left out, shape (B,), in order of time.
        independent: its variance if rows were independent; 0 where that is not known.
        known: what a longer time shows of its blocks.
    """
    blocks = without.size
    plain = jackknife.variance(without)
    own = Memory.of(without, plain / independent if independent > 0 else np.inf)
    memory = max(own, known.memory, key=_reach)
    inflation, together, degrees = _inflated(memory, blocks)
    found = (plain * inflation, degrees), (known.per_block * together / blocks, known.degrees)
    by_block, degrees = max(found, key=lambda one: one[0] * student.quantile(_COMPARED_AT, one[1]) ** 2)
    effect = by_block / independent if independent > 0 else 1.0
    return Spread(max(independent, by_block), degrees, effect, LongRun(own, plain * blocks, blocks - 1))


def _reach(memory: Memory) -> float:
    """Of many blocks, the variance of their mean over that of independent ones: 1 + 2 Σ r₁ρᵏ⁻¹."""
    return 1 + 2 * memory.first / (1 - memory.lasting)


def _inflated(memory: Memory, blocks: int) -> tuple[float, float, int]:
    """By how much the jackknife's variance is too small, by how much that of independent blocks is, and degrees."""
    if memory.first <= 0:
        return 1.0, 1.0, blocks - 1
    lag = np.abs(np.subtract.outer(np.arange(blocks), np.arange(blocks)))
    correlation = np.where(lag == 0, 1.0, memory.first * memory.lasting ** np.maximum(lag - 1, 0))
    centred = correlation - correlation.mean(axis=0)
    trace = float(np.trace(centred))
    together = float(correlation.sum()) / blocks
    degrees = max(1, int(trace * trace / np.sum(centred * centred.T)))
    return together * (blocks - 1) / trace, together, degrees
