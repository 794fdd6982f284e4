"""What a verdict counts for: which windows make a trip, and which do not."""

from modelmonitor.api.drift import DriftSeverity
from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Counting
from modelmonitor.api.result import DriftResult, EvaluationResult, Verdict, Window
from modelmonitor.api.status import MOST_INVALID, ModelMonitorStatus
from modelmonitor.domain.observation import Observation

_MOST = 16


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


def counted(seen: Observation, window: Window, verdict: Verdict, counting: Counting) -> ModelMonitorStatus:
    """The status with the separate windows in a row that failed, in their order, when this verdict is known.

    The stages are at different windows, so a verdict can come late. One that clears does so up to its own window, and
    a failure before a window that was healthy begins no row. A window whose drift trips has failed, however good the
    metrics that come later. Insufficient and NoData neither add nor clear.
    """
    status, failing = seen.status, seen.status.failing_windows
    healthy = status.healthy_window
    known = any(one.index == window.index for one in failing)
    if counting is not Counting.COUNTED or known:
        return status
    if verdict in (Verdict.PASS, Verdict.WARN):
        newest = window.index if healthy is None else max(window.index, healthy)
        left = tuple(one for one in failing if one.index > window.index)
        return status.model_copy(update={"failing_windows": left, "healthy_window": newest})
    lifetime = 4 * seen.spec.verdict.failures_to_trip * seen.grid.counting_stride
    if failing and window.index - failing[-1].index > lifetime:
        failing = ()
    if verdict is Verdict.FAIL and (healthy is None or window.index > healthy):
        failing = tuple(sorted((*failing, window), key=lambda one: one.index))[-_MOST:]
    return status.model_copy(update={"failing_windows": failing})


def failing_enough(seen: Observation) -> bool:
    """Whether so many separate windows in a row have failed, one of them since the last attempt, that it is a trip.

    Not while a window between them waits for its labels: it may be healthy, and then they were not in a row.
    """
    status, needed = seen.status, seen.spec.verdict.failures_to_trip
    row = status.failing_windows[-needed:]
    used = status.last_trip_window
    if len(row) < needed or (used is not None and row[-1].index <= used):
        return False
    judged = seen.next_window(Stage.QUALITY)
    failed = {one.index for one in row}
    between = range(row[0].index, row[-1].index, seen.grid.counting_stride)
    return judged is None or all(index in failed or index < judged.index for index in between)
