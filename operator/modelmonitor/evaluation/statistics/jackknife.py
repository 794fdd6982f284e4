"""The delete-one-block jackknife."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FEWEST_BLOCKS: Final = 4
"""With fewer blocks no interval is given: three differences say nothing about a variance."""


def variance(without: NDArray[np.float64]) -> float:
    """The jackknife variance (B - 1) / B Σ (θ₋ᵦ - mean θ₋)² of a statistic, Efron and Stein (1981).

    Args:
        without: the statistic with one of the B blocks left out, shape (B,).
    """
    blocks = without.size
    return float((blocks - 1) / blocks * np.square(without - without.mean()).sum())
