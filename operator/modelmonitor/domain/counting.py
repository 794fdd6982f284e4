"""What a verdict counts for: which windows make a trip, and which do not."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self, TypedDict

from modelmonitor.api.drift import DriftSeverity
from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Counting, OwnRow
from modelmonitor.api.objectives import Objective, Severity
from modelmonitor.api.result import DriftResult, EvaluationResult, Verdict, Window, objective_of
from modelmonitor.api.status import MOST_INVALID, ModelMonitorStatus
from modelmonitor.domain.observation import Observation

_MOST = 10


def counting_of(seen: Observation, window: Window, result: EvaluationResult) -> Counting:
    """What the verdict on a window counts for.

    Windows that overlap share rows: two of them failing is one failure seen twice. So only every stride-th window
    from the monitor's first one counts. And where the data are invalid, whatever the model makes of them is no fault
    of its own, nor a merit.
    """
    first = seen.status.first_window
    if first is not None and (window.index - first.index) % seen.grid.counting_stride:
        return Counting.OVERLAPPING
    known = seen.status.invalid_windows
    # Of very many that wait only the newest are remembered; before those none is trusted.
    forgotten = len(known) == MOST_INVALID and window.index < known[0]
    if forgotten or window.index in known or invalid(result):
        return Counting.DATA_INVALID
    return Counting.COUNTED


def invalid(result: EvaluationResult) -> bool:
    """Whether the window's data are invalid."""
    return result.quality is not None and result.quality.verdict is Verdict.FAIL


def trips(seen: Observation, drift: DriftResult | None) -> bool:
    """Whether drift counts like a model that fails: only where the spec asks for it, also when it was edited since."""
    asked = seen.spec.drift
    parts = (asked.features, asked.prediction, asked.target) if asked is not None else ()
    wanted = any(part is not None and part.severity is DriftSeverity.TRIP for part in parts)
    return wanted and drift is not None and drift.trips


@dataclass(frozen=True, slots=True)
class Row:
    """Separate windows in a row that failed; `healthy` are too few in a row to clear them, `cleared` did."""

    windows: tuple[Window, ...] = ()
    healthy: tuple[int, ...] = ()
    cleared: int | None = None

    def counted(self, window: Window, verdict: Verdict, *, to_clear: int, lifetime: int) -> Self:
        """The row when the verdict on a window is known.

        The stages are at different windows, so a verdict can come late. One that clears does so up to its own window,
        and a failure before a window that cleared begins no row. A window that has failed has failed, however good
        what comes later. Insufficient and NoData neither add nor clear.
        """
        if any(one.index == window.index for one in self.windows):
            return self
        if verdict in (Verdict.PASS, Verdict.WARN):
            return self._cleared(window, to_clear)
        failing = self.windows
        if failing and window.index - failing[-1].index > lifetime:
            failing = ()
        if verdict is Verdict.FAIL and (self.cleared is None or window.index > self.cleared):
            failing = tuple(sorted((*failing, window), key=lambda one: one.index))[-_MOST:]
        return replace(self, windows=failing)

    def _cleared(self, window: Window, to_clear: int) -> Self:
        if self.cleared is not None and window.index <= self.cleared:
            return self
        healthy = tuple(sorted({*self.healthy, window.index}))
        failed = [one.index for one in self.windows]
        for number in range(len(healthy), to_clear - 1, -1):
            first, last = healthy[number - to_clear], healthy[number - 1]
            if not any(first < index < last for index in failed):
                left = tuple(one for one in self.windows if one.index > last)
                return replace(self, windows=left, healthy=healthy[number:], cleared=last)
        return replace(self, healthy=healthy[-_MOST:])


def counted(seen: Observation, window: Window, verdict: Verdict, counting: Counting) -> ModelMonitorStatus:
    """The status when the verdict on a window is known, of all objectives that have no count of their own."""
    if counting is not Counting.COUNTED:
        return seen.status
    status = seen.status
    row = Row(status.failing_windows, status.healthy_windows, status.cleared_window)
    row = row.counted(window, verdict, **_terms(seen, seen.spec.verdict.failures_to_trip))
    return status.model_copy(
        update={"failing_windows": row.windows, "healthy_windows": row.healthy, "cleared_window": row.cleared}
    )


def counted_apart(
    seen: Observation, window: Window, result: EvaluationResult, counting: Counting
) -> ModelMonitorStatus:
    """The status when the results of the objectives with a count of their own are known."""
    if counting is not Counting.COUNTED:
        return seen.status
    rows = []
    for objective in apart(seen):
        known = seen.status.own_row(objective.full_name)
        row = Row(windows_of(seen, known), known.healthy_windows, known.cleared_window)
        verdict = _verdict_of([objective], result)
        row = row.counted(window, verdict, **_terms(seen, failures_of(seen, objective)))
        failed = tuple(one.index for one in row.windows)
        fields = {"windows": failed, "healthy_windows": row.healthy, "cleared_window": row.cleared}
        rows.append(known.model_copy(update=fields))
    return seen.status.model_copy(update={"own_rows": tuple(rows)})


def windows_of(seen: Observation, row: OwnRow) -> tuple[Window, ...]:
    """The windows that missed an objective which is counted apart."""
    return tuple(seen.grid.window(index) for index in row.windows)


def apart(seen: Observation) -> tuple[Objective, ...]:
    """The objectives whose windows are counted apart: with a count of their own, or in a dry run."""
    return tuple(
        one for one in seen.spec.objectives if one.failures_to_trip is not None or one.severity is Severity.DRY_RUN
    )


def failures_of(seen: Observation, objective: Objective) -> int:
    """How many separate windows in a row are a trip."""
    return objective.failures_to_trip or seen.spec.verdict.failures_to_trip


def verdict_together(seen: Observation, result: EvaluationResult) -> Verdict:
    """The verdict of the objectives that are counted together."""
    assert result.verdict is not None  # noqa: S101 - a judged result has one
    own = {one.full_name for one in apart(seen) if one.severity is Severity.FAIL}
    if not own or result.verdict not in (Verdict.FAIL, Verdict.WARN, Verdict.PASS):
        return result.verdict
    return _verdict_of([one for one in seen.spec.objectives if one.full_name not in own], result)


def _verdict_of(objectives: Iterable[Objective], result: EvaluationResult) -> Verdict:
    """Fail if one was missed on all rows or on a segment, Insufficient if none could be judged on all rows."""
    names = {one.full_name for one in objectives if one.severity is not Severity.WARN}
    found = [one for one in result.metrics if objective_of(one.name) in names]
    if any(one.verdict is Verdict.FAIL for one in found):
        return Verdict.FAIL
    judged = any(one.name in names and one.verdict in (Verdict.PASS, Verdict.WARN) for one in found)
    return Verdict.PASS if judged else Verdict.INSUFFICIENT


class _Terms(TypedDict):
    to_clear: int
    lifetime: int


def _terms(seen: Observation, failures: int) -> _Terms:
    """A count expires after four times the windows that it takes without a further failure."""
    return _Terms(to_clear=seen.spec.verdict.successes_to_clear, lifetime=4 * failures * seen.grid.counting_stride)


@dataclass(frozen=True, slots=True)
class Failing:
    """Enough separate windows in a row that failed; `objective` where it is counted apart."""

    windows: tuple[Window, ...]
    objective: str | None = None


def failing_enough(seen: Observation) -> Failing | None:
    """The windows in a row that are a trip, one of them since the last attempt."""
    rows = [
        (windows_of(seen, seen.status.own_row(one.full_name)), failures_of(seen, one), one.full_name)
        for one in apart(seen)
        if one.severity is Severity.FAIL
    ]
    needed = seen.spec.verdict.failures_to_trip
    used = seen.status.last_trip_window
    for windows, failures, objective in [(seen.status.failing_windows, needed, None), *rows]:
        row = windows[-failures:]
        if len(row) == failures and (used is None or row[-1].index > used) and _complete(seen, row):
            return Failing(row, objective)
    return None


def _complete(seen: Observation, row: tuple[Window, ...]) -> bool:
    """Not while a window between them waits for its labels: it may be healthy, and then they were not in a row."""
    judged = seen.next_window(Stage.QUALITY)
    failed = {one.index for one in row}
    between = range(row[0].index, row[-1].index, seen.grid.counting_stride)
    return judged is None or all(index in failed or index < judged.index for index in between)


def dry_runs(seen: Observation) -> tuple[OwnRow, ...]:
    """The dry runs that would have tripped and of which that was not told yet."""
    found = []
    for one in apart(seen):
        row, failures = seen.status.own_row(one.full_name), failures_of(seen, one)
        enough = len(row.windows) >= failures
        news = enough and (row.told_window is None or row.windows[-1] > row.told_window)
        if one.severity is Severity.DRY_RUN and news and _complete(seen, windows_of(seen, row)[-failures:]):
            found.append(row)
    return tuple(found)
