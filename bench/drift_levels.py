"""How often a test of drift at 5 % alarms when nothing has changed: `python bench/drift_levels.py`.

600 windows of 7 days against references of 28 days, 300 rows a day; rows of one day are correlated. Prints a row of the
table in docs/metrics-drift.md for each correlation.
"""

import math

import numpy as np
from scipy import stats

from modelmonitor.evaluation.drift import chance, distances
from modelmonitor.evaluation.drift.chance import Sample

CELLS = stats.norm.ppf(np.arange(1, 200) / 200)
WINDOWS, REFERENCE_DAYS, WINDOW_DAYS, ROWS = 600, 28, 7, 300


def days(random: np.random.Generator, number: int, alike: float) -> np.ndarray:
    """Rows of some days by cell, shape (days, 200)."""
    of_day = random.normal(size=(number, 1)) * math.sqrt(alike)
    values = of_day + random.normal(size=(number, ROWS)) * math.sqrt(1 - alike)
    return np.stack([np.bincount(CELLS.searchsorted(day), minlength=200) for day in values])


def p_values(reference: np.ndarray, window: np.ndarray) -> tuple[float, float, float, float]:
    """Chi-square, ours and the textbook's, and Kolmogorov-Smirnov, ours and the textbook's."""
    first, second = (fine.reshape(len(fine), 10, 20).sum(axis=2) for fine in (reference, window))
    found = chance.chance(Sample(first, True, REFERENCE_DAYS), Sample(second, True, WINDOW_DAYS))
    size = found.sizes[0] * found.sizes[1] / sum(found.sizes)
    square = distances.chi_square(first.sum(axis=0), second.sum(axis=0))
    reach = distances.kolmogorov_smirnov(reference.sum(axis=0), window.sum(axis=0))
    return (
        chance.chi_square_p_value(square / size, found),
        float(stats.chi2.sf(square, 9)),
        chance.kolmogorov_p_value(reach, found),
        float(stats.kstwobign.sf(reach * math.sqrt(size))),
    )


def main() -> None:
    """Measure and print."""
    random = np.random.default_rng(1)
    for alike in (0, 0.01, 0.05, 0.3):
        found = [
            p_values(days(random, REFERENCE_DAYS, alike), days(random, WINDOW_DAYS, alike)) for _ in range(WINDOWS)
        ]
        alarms = (np.asarray(found) < 0.05).mean(axis=0)
        print(f"| {alike:g} | " + " | ".join(f"{share:.0%}" for share in alarms) + " |")


if __name__ == "__main__":
    main()
