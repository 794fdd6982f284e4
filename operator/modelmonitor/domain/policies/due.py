"""When to look, and at which window of which stage."""

from datetime import datetime

from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Measurement
from modelmonitor.api.result import Window
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.frontiers import held, look_at
from modelmonitor.domain.observation import Observation, Problem
from modelmonitor.domain.step import LONGEST_WORD, Step, changed, noted, waiting


def due(seen: Observation, now: datetime) -> Step | None:
    """Is it time to look? Then say at which window; the next decision starts the evaluation.

    One look at a time, stage Data first: its looks are short, and find out for both how far the data reach. Neither
    stage can hold up the other for longer than a look takes, since each pauses on its own.
    """
    status, serving = seen.status, seen.status.serving_model
    if status.measurement is not None or serving is None:
        return None
    if seen.spec.suspend or isinstance(seen.serving, Problem):
        return None
    seen = seen.with_status(_hurried(seen, now))
    looks = {stage: look_at(seen, stage, now) for stage in seen.stages}
    stage = next((stage for stage, look in looks.items() if look is not None and look <= now), None)
    if stage is None:
        return waiting(seen, until=min(filter(None, looks.values()), default=None))
    window, skipped = _window_to_look_at(seen, stage, now)
    look = seen.status.looks + 1
    wanted = Measurement(
        look=look, stage=stage, window=window, model_uri=serving.uri, started_at=now, generation=seen.generation
    )
    status = changed(seen.status, looks=look, measurement=wanted)
    if not skipped:
        return Step(status)
    return noted(
        seen.with_status(status),
        now,
        "Skipped",
        f"{skipped} windows before {window.start:%Y-%m-%d} were skipped: more were waiting than "
        f"spec.schedule.catchUp ({seen.spec.schedule.catch_up}) allows.",
        tone=Tone.WARNING,
    )


def _hurried(seen: Observation, now: datetime) -> ModelMonitorStatus:
    """Pauses that are over before their time.

    Who has just corrected a column's name does not want to wait for the end of one, nor who asks for a look.
    """
    status, asked = seen.status, seen.annotations.requested_at
    heard = asked is None or asked[:LONGEST_WORD] == status.last_handled_reconcile_at
    if not heard and asked is not None:
        status = changed(status, last_handled_reconcile_at=asked[:LONGEST_WORD])
    for frontier in seen.status.frontiers:
        trouble, look = frontier.trouble, frontier.next_look
        corrected = trouble is not None and seen.edited_since(trouble.generation)
        if (corrected or not heard) and look is not None and look > now:
            status = status.at_frontier(frontier.stage, next_look=now)
    return status


def _window_to_look_at(seen: Observation, stage: Stage, now: datetime) -> tuple[Window, int]:
    """The next window in order, and how many before it are skipped."""
    grid, through = seen.grid, seen.status.data_through
    window = seen.next_window(stage)
    if window is None:
        # Nothing is known of the data yet: this look only finds how far it reaches.
        return grid.window(grid.index_at(now)), 0
    if held(seen.status.frontier(stage)) or through is None:
        # Held until it is judged: where labels take longer than a window, each one would be skipped before it is ripe.
        return window, 0
    skipped = max(seen.newest_closed(through, stage).index - window.index + 1 - seen.spec.schedule.catch_up, 0)
    return grid.window(window.index + skipped), skipped
