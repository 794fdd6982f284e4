"""From the false alarms that a user tolerates to the level of each single test.

A false alarm is a trip (`failuresToTrip` separate windows in a row that Fail) of a model that meets every objective
exactly at its boundary. Windows that share no row are taken as independent, and so a budget of b trips a year over n
counting windows a year allows each window to fail by chance with p, p ** failuresToTrip = b / n. Within a window the
m tests share p by Šidák's rule, 1 - (1 - p) ** (1 / m): exact where they are independent, on the safe side where they
are positively dependent, as metrics of the same rows are.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from modelmonitor.api.monitor import VerdictPolicy, Windows
from modelmonitor.api.objectives import Objective, Severity
from modelmonitor.domain.windows import Grid

YEAR: Final = timedelta(days=365.2425)
HIGHEST: Final = 0.5
NO_SEGMENTS: Final[Mapping[str, int]] = MappingProxyType({})


def window_level(verdict: VerdictPolicy, windows: Windows) -> float:
    """The chance p that a window of a model at the boundary may Fail; at most one half."""
    a_year = YEAR / (Grid.of(windows).counting_stride * windows.every)
    return min(HIGHEST, math.pow(verdict.false_alarms_per_year / a_year, 1 / verdict.failures_to_trip))


def number_of_tests(objectives: Iterable[Objective], segments: Mapping[str, int] = NO_SEGMENTS) -> int:
    """The number m of tests that share a window's level: each bound of each objective of severity Fail.

    Each is a test on all rows and on every segment. The number follows from the spec and from how many segments each
    column has in the reference, whatever a window could judge: else a window in which half of the metrics have too few
    rows would judge the others more strictly than the next one. Severity Warn is outside the budget: it never trips.
    """
    failing = (one for one in objectives if one.severity is Severity.FAIL)
    return max(
        1,
        sum(
            ((one.min is not None) + (one.max is not None)) * (1 + sum(segments.get(name, 0) for name in one.segments))
            for one in failing
        ),
    )


def level_per_test(verdict: VerdictPolicy, windows: Windows, tests: int) -> float:
    """The one-sided level alpha of each of so many tests, and so of each end of the interval that is shown."""
    return float(1 - (1 - window_level(verdict, windows)) ** (1 / tests))
