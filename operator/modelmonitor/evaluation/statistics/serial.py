"""From a statistic without each block to its variance, when a block is like the one before it.

The jackknife takes blocks for independent. Days are not: a storm, a campaign, an outage lasts. With a correlation of
0.3 from day to day (0.6), a nominal 5 % bound of seven days is missed 8 to 11 % (13 to 20 %) of the time. What blocks
contribute is taken for a first-order autoregression seen through the sampling noise of its rows: correlation
r₁ρᵏ⁻¹ at lag k. Then, with Σ the correlation matrix of the B contributions and M the centring matrix,

    the variance of their mean is 1ᵀΣ1 / B², while the jackknife expects tr(MΣ) / (B (B - 1)),

and the jackknife's own degrees of freedom are tr(MΣ)² / tr((MΣ)²) (Satterthwaite 1946; Box 1954) in place of B - 1.
"""

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.statistics import jackknife

FEWEST_BLOCKS: Final = 14
"""From fewer blocks no correlation is estimated: of seven, it would be noise."""
_LONGEST: Final = 0.95


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


NONE: Final = Memory(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Spread:
    """How uncertain a statistic is."""

    variance: float
    """The larger of that of independent rows and that by blocks."""
    degrees: int
    """Degrees of freedom of the variance by blocks."""
    design_effect: float
    """Variance by blocks over the variance for independent rows."""
    memory: Memory
    """What was taken for the correlation of blocks."""


def spread(without: NDArray[np.float64], independent: float, known: Memory = NONE) -> Spread:
    """The variance of a statistic.

    Args:
        without: the statistic with one of the B blocks left out, shape (B,), in order of time.
        independent: its variance if rows were independent; 0 where that is not known.
        known: the memory of its blocks as a longer time (the reference) shows it; the larger one is taken.
    """
    plain = jackknife.variance(without)
    memory = max(Memory.of(without, plain / independent if independent > 0 else np.inf), known, key=_reach)
    inflation, degrees = _inflated(memory, without.size)
    by_block = plain * inflation
    effect = by_block / independent if independent > 0 else 1.0
    return Spread(max(independent, by_block), degrees, effect, memory)


def _reach(memory: Memory) -> float:
    """Of many blocks, the variance of their mean over that of independent ones: 1 + 2 Σ r₁ρᵏ⁻¹."""
    return 1 + 2 * memory.first / (1 - memory.lasting)


def _inflated(memory: Memory, blocks: int) -> tuple[float, int]:
    if memory.first <= 0:
        return 1.0, blocks - 1
    lag = np.abs(np.subtract.outer(np.arange(blocks), np.arange(blocks)))
    correlation = np.where(lag == 0, 1.0, memory.first * memory.lasting ** np.maximum(lag - 1, 0))
    centred = correlation - correlation.mean(axis=0)
    trace = float(np.trace(centred))
    inflation = float(correlation.sum()) / blocks * (blocks - 1) / trace
    return inflation, max(1, int(trace * trace / np.sum(centred * centred.T)))
