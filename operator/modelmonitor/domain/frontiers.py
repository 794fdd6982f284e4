"""When each stage looks next, and which windows wait for their labels."""

from datetime import datetime

from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Frontier, PendingWindow, Waiting
from modelmonitor.api.result import Window
from modelmonitor.api.status import MOST_PENDING
from modelmonitor.domain.observation import Observation


def held(frontier: Frontier) -> bool:
    """Whether a window was looked at and could not be judged yet: it is looked at again before any later one."""
    return frontier.immature_looks > 0 or frontier.trouble is not None


def closed(seen: Observation, window: Window | None, stage: Stage) -> bool:
    """Whether a window is known to be closed."""
    through = seen.status.data_through
    return window is not None and through is not None and through >= seen.closes(window, stage)


def waits_for_data(seen: Observation, stage: Stage) -> bool:
    """Whether a stage has no reason to look before there are newer data.

    Where both stages have evaluations, those of stage Data find how far the data reach, and stage Quality need not
    start a Job to hear that it is too early. Unless stage Data cannot look: its trouble must not hold up the other.
    """
    apart = stage is Stage.QUALITY and Stage.DATA in seen.stages
    finds_out = apart and seen.status.frontier(Stage.DATA).trouble is None
    return finds_out and not closed(seen, seen.next_window(stage), stage)


def look_at(seen: Observation, stage: Stage, now: datetime) -> datetime | None:
    """When a stage looks next; None while it waits for newer data."""
    return None if waits_for_data(seen, stage) else seen.status.frontier(stage).next_look or now


def next_evaluation_time(seen: Observation) -> datetime | None:
    """When the operator looks again, whatever for."""
    stages = (stage for stage in seen.stages if not waits_for_data(seen, stage))
    return min(filter(None, (seen.status.frontier(stage).next_look for stage in stages)), default=None)


def pending(seen: Observation) -> tuple[PendingWindow, ...]:
    """The windows that stage Data has left behind, or that were looked at too early, and why each waits."""
    frontier = seen.status.frontier(Stage.QUALITY)
    first, after = frontier.next_window, seen.next_window(Stage.DATA)
    if first is None or after is None:
        return ()
    end = max(after.index, first.index + 1) if frontier.immature_looks else after.index
    shown = range(first.index, min(end, first.index + MOST_PENDING))
    return tuple(_pending(seen, seen.grid.window(index), frontier) for index in shown)


def _pending(seen: Observation, window: Window, frontier: Frontier) -> PendingWindow:
    first = frontier.next_window is not None and frontier.next_window.index == window.index
    if first and frontier.immature_looks:
        return PendingWindow(
            window=window,
            reason=Waiting.IMMATURE,
            coverage=frontier.coverage,
            looks=frontier.immature_looks,
            next_look=frontier.next_look,
        )
    return PendingWindow(
        window=window, reason=Waiting.HELD if closed(seen, window, Stage.QUALITY) else Waiting.LABELS_DUE
    )
