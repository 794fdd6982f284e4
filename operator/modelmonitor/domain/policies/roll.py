"""A rollout that has begun: patched, watched, turned back, verified. Neither suspension nor cooldown stops this."""

from datetime import datetime, timedelta
from typing import Final

from modelmonitor.api.measuring import Counting
from modelmonitor.api.monitor import RolloutMode
from modelmonitor.api.record import Evidence, MeasuredValue
from modelmonitor.api.result import Verdict, Window
from modelmonitor.api.status import AttemptOutcome, Compared, Direction, Purpose, RolloutStage, RolloutStatus
from modelmonitor.domain.actions import PatchServing
from modelmonitor.domain.observation import Observation, Problem, Progress, ServingSeen
from modelmonitor.domain.policies.compare import comparing
from modelmonitor.domain.policies.ends import ended
from modelmonitor.domain.policies.rollout import arrived, back_intent, kept
from modelmonitor.domain.step import Step, acting, changed, noted, waiting

MOST_UNJUDGED: Final = 4
LONGEST_REQUEST: Final = timedelta(minutes=1)


def rolling_back(seen: Observation, now: datetime) -> Step | None:
    """On the way back: patch, and wait until the old model serves, however long that takes."""
    rollout = _under_way(seen, Direction.BACK)
    if rollout is None:
        return None
    live = seen.serving
    if isinstance(live, Problem):
        return waiting(seen)
    if _to_be_patched(live, rollout):
        return acting(seen, PatchServing(rollout, live.uid, live.generation))
    if _just_patched(live, rollout):
        return _patched(seen, now, rollout)
    if live.uri == rollout.to_uri and live.progress is Progress.DONE:
        return arrived(seen, now, rollout)
    # Past its deadline there is nothing better to do than to go on; the conditions say that it hangs.
    return waiting(seen)


def rolling_out(seen: Observation, now: datetime) -> Step | None:
    """On the way to the candidate: patch, wait, and turn back when it fails or takes too long."""
    rollout = _under_way(seen, Direction.FORWARD)
    if rollout is None:
        return None
    live = seen.serving
    if isinstance(live, Problem):
        return waiting(seen)
    if _to_be_patched(live, rollout):
        return _not_yet_patched(seen, now, rollout, live)
    if _just_patched(live, rollout):
        return _patched(seen, now, rollout)
    if live.uri != rollout.to_uri:
        # Somebody's model, and its progress is not our rollout's.
        return waiting(seen)
    if live.progress is Progress.DONE:
        return arrived(seen, now, rollout)
    if live.progress is Progress.FAILED:
        return back_intent(seen, now, f"The candidate does not start: {live.detail}")
    if now >= rollout.deadline:
        return back_intent(seen, now, f"The rollout did not finish before its deadline: {live.detail}")
    return waiting(seen)


def _not_yet_patched(seen: Observation, now: datetime, rollout: RolloutStatus, live: ServingSeen) -> Step:
    if now >= rollout.deadline:
        # Every patch was refused: nothing was changed, so there is nothing to roll back.
        given_up = changed(seen.status, rollout=rollout.model_copy(update={"stage": RolloutStage.ROLLED_BACK}))
        return ended(
            seen.with_status(given_up),
            now,
            AttemptOutcome.ROLLOUT_FAILED,
            "The serving object could not be patched before the rollout's deadline: the champion served throughout.",
        )
    observes = seen.observe_only or seen.spec.rollout_mode is RolloutMode.OBSERVE
    if observes or seen.spec.suspend or seen.owner_of_target is not None:
        return waiting(seen)
    # A patch that is sent any later could still be on its way when the rollout is given up, and arrive unwatched.
    last_call = rollout.deadline - min(LONGEST_REQUEST, (rollout.deadline - rollout.started_at) / 2)
    if now >= last_call:
        return waiting(seen)
    return acting(seen, PatchServing(rollout, live.uid, live.generation), wake=last_call)


def verifying(seen: Observation, now: datetime) -> Step | None:
    """The first judged counting window of the new model decides: keep it, or compare it with the previous one."""
    status = seen.status
    rollout, latest, wanted = status.rollout, status.last_evaluation, status.comparison
    if rollout is None or rollout.stage is not RolloutStage.VERIFYING or rollout.verify_from is None:
        return None
    if wanted is not None and wanted.purpose is Purpose.ROLL_BACK:
        return comparing(seen, now) or waiting(seen)
    if latest is None or latest.model_uri != rollout.to_uri or latest.window.start < rollout.verify_from:
        return waiting(seen)
    if latest.counting is Counting.OVERLAPPING:
        return waiting(seen)
    metric = MeasuredValue.of(latest.metrics)
    seen = seen.resting_on(Evidence(windows=(latest.window,), evaluation=latest.name, metric=metric))
    if latest.counting is Counting.DATA_INVALID:
        return _unjudged(seen, now, rollout, latest.window)
    if latest.verdict in (Verdict.PASS, Verdict.WARN):
        return kept(seen, now, AttemptOutcome.VERIFIED, f"Verified on the window from {latest.window.start:%Y-%m-%d}.")
    if latest.verdict is Verdict.FAIL:
        compared = Compared(
            purpose=Purpose.ROLL_BACK, window=latest.window, challenger_uri=rollout.from_uri, look=status.looks + 1
        )
        failed = f"The new model failed on the window from {latest.window.start:%Y-%m-%d}"
        message = f"{failed}: it is compared with {rollout.from_uri}."
        return noted(seen, now, "VerificationFailed", message, comparison=compared, looks=compared.look)
    return _unjudged(seen, now, rollout, latest.window)


def _unjudged(seen: Observation, now: datetime, rollout: RolloutStatus, window: Window) -> Step:
    """A window that says nothing about the new model: the next one, a bounded number of times."""
    unjudged = rollout.unjudged + 1
    if unjudged >= MOST_UNJUDGED:
        return kept(seen, now, AttemptOutcome.UNVERIFIED, f"Kept: {unjudged} windows could not be judged.")
    later = rollout.model_copy(update={"unjudged": unjudged, "verify_from": window.end})
    return Step(changed(seen.status, rollout=later))


def _under_way(seen: Observation, direction: Direction) -> RolloutStatus | None:
    """The rollout that is recorded: what was only just decided is carried out by the next decision."""
    rollout = seen.status.rollout
    if rollout is None or rollout != seen.recorded.rollout or rollout.stage is not RolloutStage.PROGRESSING:
        return None
    return rollout if rollout.direction is direction else None


def _to_be_patched(live: ServingSeen, rollout: RolloutStatus) -> bool:
    return live.uri == rollout.from_uri and live.rollout_id < rollout.id and rollout.patched_at is None


def _just_patched(live: ServingSeen, rollout: RolloutStatus) -> bool:
    return rollout.patched_at is None and (live.uri, live.rollout_id) == (rollout.to_uri, rollout.id)


def _patched(seen: Observation, now: datetime, rollout: RolloutStatus) -> Step:
    """Written down before anything else is said of it.

    `kubectl replace` takes our annotation away together with the model. Without this it looked as if the patch had
    never been made, and the person's model was patched away a second time.
    """
    return Step(changed(seen.status, rollout=rollout.model_copy(update={"patched_at": now})))
