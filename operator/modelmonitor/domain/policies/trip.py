"""When a candidate is trained, and when not although there is a reason."""

from dataclasses import dataclass
from datetime import datetime

from modelmonitor.api.job import Stage
from modelmonitor.api.record import Evidence
from modelmonitor.api.result import Window
from modelmonitor.api.status import Attempt, Trigger
from modelmonitor.api.types import format_duration
from modelmonitor.domain import names
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.counting import failing_enough
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.policies.retrain import comparison_window
from modelmonitor.domain.policies.retry import output_uri
from modelmonitor.domain.step import Step, noted, waiting


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a candidate is to be trained; `windows` are those that failed, else the newest judged one."""

    trigger: Trigger
    windows: tuple[Window, ...]
    message: str


def breaker_open(seen: Observation, now: datetime) -> Step | None:
    """So many attempts without a healthy window: training does not help, a person must look. Who asks has looked."""
    retrain, why = seen.spec.retrain, reason_to_train(seen)
    if retrain is None or seen.status.attempts < retrain.max_attempts:
        return None
    return waiting(seen) if why is not None and why.trigger is not Trigger.ASKED else None


def tripped(seen: Observation, now: datetime) -> Step | None:
    """Train a candidate when there is a reason, and nothing speaks against it."""
    status, retrain = seen.status, seen.spec.retrain
    why = reason_to_train(seen)
    if retrain is None or status.attempt is not None or status.serving_model is None or why is None:
        return None
    cools = status.cooldown_ends is not None and now < status.cooldown_ends
    if cools and why.trigger is not Trigger.ASKED:
        return waiting(seen, until=status.cooldown_ends)
    if any(name.startswith(names.child(seen.name, "t", "")) for name in seen.jobs):
        # An earlier training Job is still being deleted: never two at a time.
        return waiting(seen)
    return _begun(seen, now, why)


def reason_to_train(seen: Observation) -> Reason | None:
    """Somebody asks for it, the model failed on enough separate windows, or it is time."""
    status, every = seen.status, seen.spec.retrain.every if seen.spec.retrain else None
    newest = _newest_window(seen)
    if status.data_through is None or newest is None:
        return None
    if status.asked_trip is not None:
        said = ": ".join(part for part in (status.asked_trip.by, status.asked_trip.why) if part)
        return Reason(Trigger.ASKED, (newest,), f"somebody asked for it ({said})" if said else "somebody asked for it")
    failing = failing_enough(seen)
    if failing is not None:
        dates = ", ".join(f"{window.start:%Y-%m-%d}" for window in failing.windows)
        many = "a window" if len(failing.windows) == 1 else f"{len(failing.windows)} separate windows"
        what = f"missed {failing.objective}" if failing.objective else "failed"
        return Reason(Trigger.FAILING, failing.windows, f"{many} {what} ({dates})")
    since = status.last_train_end or (status.first_window.start if status.first_window is not None else None)
    if every is None or since is None or status.last_evaluation is None:
        return None
    if _train_end(seen, newest, Trigger.SCHEDULED) < since + every:
        return None
    return Reason(Trigger.SCHEDULED, (newest,), f"it is time (spec.retrain.every is {format_duration(every)})")


def _newest_window(seen: Observation) -> Window | None:
    """The newest window that was judged; before the first verdict the one before the first window."""
    judged, following = seen.status.last_evaluation, seen.next_window(Stage.QUALITY)
    if judged is not None:
        return judged.window
    return seen.grid.window(following.index - seen.grid.counting_stride) if following is not None else None


def _train_end(seen: Observation, window: Window, trigger: Trigger) -> datetime:
    """Train on what has its labels, and on nothing that the comparison will rest on."""
    assert seen.status.data_through is not None  # noqa: S101 - there is no reason without data
    return min(comparison_window(seen, window, trigger).start, seen.status.data_through - seen.label_delay)


def _begun(seen: Observation, now: datetime, why: Reason) -> Step:
    status, retrain = seen.status, seen.spec.retrain
    assert retrain is not None  # noqa: S101 - asked by tripped
    assert status.serving_model is not None  # noqa: S101 - asked by tripped
    train_end = _train_end(seen, why.windows[-1], why.trigger)
    trip = status.trips + 1
    attempt = Attempt(
        trip=trip,
        trigger=why.trigger,
        because=why.windows,
        reason=why.message,
        champion=status.serving_model.uri,
        train_start=train_end - retrain.training_window,
        train_end=train_end,
        output_uri=output_uri(seen, trip, now),
        started_at=now,
        generation=seen.generation,
    )
    failed = why.trigger is Trigger.FAILING
    by = status.asked_trip.by if status.asked_trip is not None else None
    return noted(
        seen.resting_on(Evidence(windows=why.windows, by=by or None)),
        now,
        "Tripped" if failed else f"Training{why.trigger}",
        f"{why.message[0].upper()}{why.message[1:]}: a candidate is trained on "
        f"{attempt.train_start:%Y-%m-%d} to {train_end:%Y-%m-%d}.",
        tone=Tone.WARNING if failed else Tone.NORMAL,
        attempt=attempt,
        trips=trip,
        attempts=status.attempts + 1,
        tripped_at=now if failed else status.tripped_at,
        last_trip_window=why.windows[-1].index if failed else status.last_trip_window,
        cooldown_ends=None,
        asked_trip=None,
    )
