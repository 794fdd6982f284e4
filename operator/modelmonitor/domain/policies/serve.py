"""Who serves now: first sight, and what people did to the serving object."""

from datetime import datetime
from typing import Final

from modelmonitor.api.status import AttemptOutcome, Direction, LastAttempt, RolloutStage, RolloutStatus, ServingModel
from modelmonitor.domain.actions import CreateServing, Tone
from modelmonitor.domain.observation import Absent, Observation, Problem, ServingSeen
from modelmonitor.domain.step import Step, acting, noted, waiting

_REST: Final = (
    "Remediation rests until the monitor's annotation modelmonitor.dev/resume is set to a new value. If a GitOps tool "
    "did it, let it ignore this field."
)


def not_yet_there(seen: Observation, now: datetime) -> Step | None:
    """Nothing holds the model's URI: make it, with the model that is known to serve, else with the spec's first one.

    Also where somebody deleted it: whoever wants another model writes it there.
    """
    if not isinstance(seen.serving, Absent) or not seen.makes_serving:
        return None
    status, rollout = seen.status, seen.status.rollout
    known, patched = status.serving_model, rollout if rollout is not None and rollout.patched_at is not None else None
    uri, digest = (known.uri, known.digest) if known is not None else (seen.serving.uri, None)
    if patched is not None and patched.stage is RolloutStage.PROGRESSING:
        uri, digest = patched.to_uri, patched.to_digest
    number = patched.id if patched is not None and patched.to_uri == uri else 0
    return acting(seen, CreateServing(seen.target, uri, digest, number))


def out_of_sight(seen: Observation, now: datetime) -> Step | None:
    """The serving object cannot be read: what is known stays as it is, and the conditions say what is missing."""
    return waiting(seen) if isinstance(seen.serving, Problem) else None


def first_sight(seen: Observation, now: datetime) -> Step | None:
    """Without a status the live model is the champion.

    Also after a backup was restored, whatever the live object remembers of rollouts. Nothing is trained before a new
    window was judged, since the counters begin at zero.
    """
    if seen.status.serving_model is not None or isinstance(seen.serving, Problem):
        return None
    uri = seen.serving.uri
    return noted(
        seen,
        now,
        "FirstSeen",
        f"{uri} is in service: it is the champion.",
        serving_model=ServingModel(uri=uri, since=now),
    )


def moved(seen: Observation, now: datetime) -> Step | None:
    """Somebody changed the live URI.

    Back to the model before our rollout: the operator stops and says so; to patch again would be to fight with a
    person or with a GitOps tool that applies its own manifest every few minutes. To any other model: a new champion.
    """
    live, known, rollout = seen.serving, seen.status.serving_model, seen.status.rollout
    if isinstance(live, Problem) or known is None:
        return None
    if rollout is not None and live.rollout_id > rollout.id:
        # A status from an older backup: the live object has been rolled since. What it remembers is void.
        return _new_champion(seen, now, live)
    if rollout is not None and rollout.stage is RolloutStage.PROGRESSING:
        patched = live.rollout_id == rollout.id or rollout.patched_at is not None
        if live.uri == rollout.to_uri or (live.uri == rollout.from_uri and not patched):
            return None
        return _reverted(seen, now, live) if live.uri == rollout.from_uri else _new_champion(seen, now, live)
    if live.uri == known.uri:
        return None
    # Our annotation may be gone: `kubectl replace` takes it away together with the model.
    if rollout is not None and (known.uri, live.uri) == (rollout.to_uri, rollout.from_uri):
        return _reverted(seen, now, live)
    return _new_champion(seen, now, live)


def _reverted(seen: Observation, now: datetime, live: ServingSeen) -> Step:
    message = f"Somebody moved the serving model back to {live.uri}. {_REST}"
    reverted = f"Somebody moved the serving model back. {_REST}"
    return _fresh(seen, now, live, "Reverted", message, serving=_served_before(seen, now, live), reverted=reverted)


def _served_before(seen: Observation, now: datetime, live: ServingSeen) -> ServingModel:
    """The model before our rollout, held to what it was held to then; of one that was rolled back nothing is kept."""
    known, rollout = seen.status.serving_model, seen.status.rollout
    back = _put_there(seen, now, live)
    if known is not None and known.uri == live.uri:
        held = {"baselines": known.baselines, "baseline_digest": known.baseline_digest}
    elif rollout is not None and rollout.direction is Direction.FORWARD:
        held = {"baselines": rollout.previous_baselines, "baseline_digest": rollout.previous_digest}
    else:
        held = {}
    return back.model_copy(update=held)


def _put_there(seen: Observation, now: datetime, live: ServingSeen) -> ServingModel:
    return ServingModel(uri=live.uri, since=now, since_event=seen.status.data_through)


def _new_champion(seen: Observation, now: datetime, live: ServingSeen) -> Step:
    message = f"Somebody put {live.uri} into service: it is the new champion, all counts begin at zero."
    # Only a person's annotation ends a rest: who reverted once and then rolled by hand has not asked for more.
    serving = _put_there(seen, now, live)
    return _fresh(seen, now, live, "NewChampion", message, serving=serving, reverted=seen.status.reverted)


def _fresh(
    seen: Observation,
    now: datetime,
    live: ServingSeen,
    reason: str,
    message: str,
    *,
    serving: ServingModel,
    reverted: str | None,
) -> Step:
    status, rollout = seen.status, seen.status.rollout
    ended = status.last_attempt
    if status.attempt is not None or status.comparison is not None or status.approval is not None:
        ended = LastAttempt(trip=status.trips, outcome=AttemptOutcome.SUPERSEDED, message=message, ended_at=now)
    return noted(
        seen,
        now,
        reason,
        message,
        tone=Tone.WARNING if reason == "Reverted" else Tone.NORMAL,
        serving_model=serving,
        # The other model may be the cure of what kept the last look from measuring.
        frontiers=tuple(
            one.model_copy(update={"next_look": now}) if one.trouble is not None else one for one in status.frontiers
        ),
        failing_windows=(),
        healthy_windows=(),
        own_rows=(),
        attempts=0,
        cooldown_ends=None,
        attempt=None,
        candidate=None,
        comparison=None,
        approval=None,
        asked_trip=None,
        # Nobody knows what their model was trained on; that it is about to be outdated is the least likely.
        last_train_end=status.data_through,
        rollout=_over(rollout, live) if rollout else None,
        reverted=reverted,
        last_attempt=ended,
    )


def _over(rollout: RolloutStatus, live: ServingSeen) -> RolloutStatus:
    """The record stays for its id: the live object may have lost its annotation, and an id is used once."""
    running = rollout.stage in (RolloutStage.PROGRESSING, RolloutStage.VERIFYING)
    stage = RolloutStage.ROLLED_BACK if running else rollout.stage
    return rollout.model_copy(update={"id": max(rollout.id, live.rollout_id), "stage": stage})
