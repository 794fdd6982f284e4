"""From the false alarms that a user tolerates to the level of each single test.

A false alarm is a trip (`failuresToTrip` separate windows in a row that Fail) of a model that meets every objective
exactly at its boundary. Windows that share no row are taken as independent, and so a budget of b trips a year over n
counting windows a year allows each window to fail by chance with p, p ** failuresToTrip = b / n. Within a window the
m tests share p by Šidák's rule, 1 - (1 - p) ** (1 / m): exact where they are independent, on the safe side where they
are positively dependent, as metrics of the same rows are.

Objectives with a count of their own (`metrics[].failuresToTrip`) have a share of the budget by their number of tests: g
of m tests that need c windows in a row have b * g / m trips a year, and share the level that follows from those.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from modelmonitor.api.monitor import VerdictPolicy, Windows
from modelmonitor.api.objectives import Metric, Objective, Severity
from modelmonitor.domain.windows import Grid

YEAR: Final = timedelta(days=365.2425)
HIGHEST: Final = 0.5
NO_SEGMENTS: Final[Mapping[str, int]] = MappingProxyType({})


def window_level(verdict: VerdictPolicy, windows: Windows) -> float:
    """The chance p that a window of a model at the boundary may Fail; at most one half."""
    return _window_level(verdict.false_alarms_per_year, verdict.failures_to_trip, windows)


def number_of_tests(objectives: Iterable[Objective], segments: Mapping[str, int] = NO_SEGMENTS) -> int:
    """The number m of tests that share a window's level: each bound of each objective of severity Fail.

    Each is a test on all rows and on every segment. The number follows from the spec and from how many segments each
    column has in the reference, whatever a window could judge: else a window in which half of the metrics have too few
    rows would judge the others more strictly than the next one. Severity Warn is outside the budget: it never trips.
    """
    return max(1, sum(_tests(one, segments) for one in objectives if one.severity is Severity.FAIL))


def level_of(
    objective: Objective,
    objectives: Iterable[Objective],
    verdict: VerdictPolicy,
    windows: Windows,
    segments: Mapping[str, int] = NO_SEGMENTS,
) -> float:
    """The one-sided level alpha of each test of an objective, and so of each end of the interval that is shown.

    A dry run is judged as it would be if it counted; those that count are judged as if there was none.
    """
    counted = {Severity.FAIL, objective.severity} - {Severity.WARN}
    sharing = [one for one in objectives if one.severity in counted]
    failures = _failures(objective, verdict)
    together = max(1, sum(_tests(one, segments) for one in sharing))
    alike = max(1, sum(_tests(one, segments) for one in sharing if _failures(one, verdict) == failures))
    budget = verdict.false_alarms_per_year * min(1.0, alike / together)
    return per_test(_window_level(budget, failures, windows), alike)


def per_test(level: float, tests: int) -> float:
    """The level of each of so many tests that share a window's, by Šidák's rule."""
    return float(1 - (1 - level) ** (1 / tests))


def _window_level(budget: float, failures: int, windows: Windows) -> float:
    a_year = YEAR / (Grid.of(windows).counting_stride * windows.every)
    return min(HIGHEST, math.pow(budget / a_year, 1 / failures))


def _failures(objective: Objective, verdict: VerdictPolicy) -> int:
    return objective.failures_to_trip or verdict.failures_to_trip


def _tests(objective: Objective, segments: Mapping[str, int]) -> int:
    bounds = (objective.min is not None) + (objective.max is not None)
    than_before = isinstance(objective, Metric) and objective.no_worse_than is not None
    return bounds * (1 + sum(segments.get(name, 0) for name in objective.segments)) + than_before
