"""Training a candidate: when, when not, and what becomes of it."""

import json
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from modelmonitor.api.result import ComparisonResult, Window
from modelmonitor.api.status import Attempt, AttemptOutcome, Candidate, Compared, LastAttempt, Purpose
from modelmonitor.api.training import TrainingResult
from modelmonitor.domain import names
from modelmonitor.domain.actions import StartTraining, Tone
from modelmonitor.domain.counting import failing_enough
from modelmonitor.domain.observation import JobSeen, JobState, Observation, Problem
from modelmonitor.domain.policies.measure import cannot_start, in_progress
from modelmonitor.domain.policies.retry import MOST_RETRIES, once_more, output_uri, taken_away, until_it_may_start
from modelmonitor.domain.step import Step, acting, changed, noted, waiting

_COOLDOWN: Final = timedelta(hours=24)


def resting(seen: Observation, now: datetime) -> Step | None:
    """Reasons to begin nothing new. What runs goes on, and is acted upon when the reason is gone."""
    status = seen.status
    if seen.spec.retrain is None and status.attempt is not None:
        return ended(seen, now, AttemptOutcome.SUPERSEDED, "spec.retrain was removed: the attempt is given up.")
    if (
        seen.spec.retrain is None
        or seen.spec.suspend
        or seen.observe_only
        or status.reverted is not None
        or seen.owner_of_target is not None
        or status.serving_model is None
        or isinstance(seen.serving, Problem)
    ):
        return waiting(seen)
    return None


def training(seen: Observation, now: datetime) -> Step | None:
    """A candidate is being trained: start the Job, wait for it, or take what it made."""
    attempt = seen.status.attempt
    if attempt is None or attempt != seen.recorded.attempt or seen.status.candidate is not None:
        return None
    name = names.training_name(seen.name, seen.uid, attempt)
    job = seen.jobs.get(name)
    if job is None and attempt.job_uid is None:
        blocked = until_it_may_start(seen, now, attempt)
        if blocked is not None:
            return blocked
    if job is None:
        return acting(seen, StartTraining(name, names.training(seen.uid, attempt), attempt))
    if attempt.job_uid is None:
        # From here on a Job that is not there was deleted by somebody: it is not made a second time.
        return Step(changed(seen.status, attempt=attempt.model_copy(update={"job_uid": job.uid})))
    if cannot_start(job) and seen.edited_since(attempt.generation):
        return _begun_anew(seen, now, job)
    if taken_away(job) and attempt.retry < MOST_RETRIES:
        return once_more(seen, now, attempt, job)
    if job.state is JobState.FAILED:
        said = ": ".join(part for part in (job.reason, job.message) if part) or "the Job failed without a word"
        return ended(seen, now, AttemptOutcome.TRAINING_FAILED, f"Training failed: {said}")
    if job.state is JobState.SUCCEEDED:
        return _trained(seen, now, attempt, job)
    return in_progress(seen, job, now)


def _begun_anew(seen: Observation, now: datetime, job: JobSeen) -> Step:
    """A Job that cannot start, and a spec that was edited since: a Job keeps the template that it was made of.

    Its deadline may be a day away, and whoever corrects an image's name does not want to wait for it, nor for the
    cooldown.
    """
    message = f"The training Job could not start ({job.reason}). The spec was edited since: it is begun anew."
    step = ended(seen, now, AttemptOutcome.SUPERSEDED, message)
    return Step(changed(step.status, cooldown_ends=None, last_trip_window=None), step.actions)


def _trained(seen: Observation, now: datetime, attempt: Attempt, job: JobSeen) -> Step:
    made = _training_result(job, attempt)
    if isinstance(made, Problem):
        return ended(seen, now, AttemptOutcome.TRAINING_FAILED, f"Training failed: {made.reason}: {made.message}")
    through = max(made.trained_through or attempt.train_end, attempt.train_start)
    candidate = Candidate(uri=made.model_uri, trained_through=through, trip=attempt.trip)
    wanted = Compared(
        purpose=Purpose.PROMOTE,
        window=comparison_window(seen, attempt.because[-1]),
        challenger_uri=candidate.uri,
        trained_through=candidate.trained_through,
        look=seen.status.looks + 1,
    )
    return noted(
        seen,
        now,
        "Trained",
        f"Candidate {candidate.uri} is trained through {through:%Y-%m-%d}; it is compared on the window from "
        f"{wanted.window.start:%Y-%m-%d}.",
        candidate=candidate,
        comparison=wanted,
        looks=wanted.look,
    )


def _training_result(job: JobSeen, attempt: Attempt) -> TrainingResult | Problem:
    if job.output is None:
        return Problem("ResultLost", "the training Job finished, but its Pod and with it its result are gone")
    try:
        made = TrainingResult.model_validate(json.loads(job.output))
    except (ValidationError, ValueError):
        return Problem(
            "ResultUnreadable",
            'the trainer must write {"modelUri": "…", "trainedThrough": "2013-06-01T00:00:00Z"} to its termination '
            f"log; it wrote {job.output[:200]!r}",
        )
    if made.model_uri == attempt.champion:
        return Problem(
            "NotNew", f"the trainer gave the URI of the serving model, {made.model_uri}: a URI is written once"
        )
    return made


def comparison_window(seen: Observation, failed: Window) -> Window:
    """The first window after the failing one that shares no row with it.

    The window that tripped was selected for being bad: on it an equal model looks better 16 to 45 times of 100, on a
    fresh one 5 times (measured, docs/decisions).
    """
    return seen.grid.window(failed.index + seen.grid.counting_stride)


def breaker_open(seen: Observation, now: datetime) -> Step | None:
    """So many attempts without a healthy window: training does not help, a person must look."""
    retrain = seen.spec.retrain
    if retrain is None or seen.status.attempts < retrain.max_attempts or not failing_enough(seen):
        return None
    return waiting(seen)


def tripped(seen: Observation, now: datetime) -> Step | None:
    """Train a candidate when the champion failed on enough separate windows, one of them since the last attempt."""
    status, retrain = seen.status, seen.spec.retrain
    if retrain is None or status.attempt is not None or not failing_enough(seen):
        return None
    if status.serving_model is None or status.data_through is None:
        return None
    if status.cooldown_ends is not None and now < status.cooldown_ends:
        return waiting(seen, until=status.cooldown_ends)
    if any(name.startswith(names.child(seen.name, "t", "")) for name in seen.jobs):
        # An earlier training Job is still being deleted: never two at a time.
        return waiting(seen)
    failing = status.failing_windows[-seen.spec.verdict.failures_to_trip :]
    train_end = min(comparison_window(seen, failing[-1]).start, status.data_through - seen.label_delay)
    trip = status.trips + 1
    attempt = Attempt(
        trip=trip,
        because=failing,
        champion=status.serving_model.uri,
        train_start=train_end - retrain.training_window,
        train_end=train_end,
        output_uri=output_uri(seen, trip, now),
        started_at=now,
        generation=seen.generation,
    )
    windows = ", ".join(f"{window.start:%Y-%m-%d}" for window in failing)
    return noted(
        seen,
        now,
        "Tripped",
        f"{_windows(len(failing))} failed ({windows}): a candidate is trained on "
        f"{attempt.train_start:%Y-%m-%d} to {train_end:%Y-%m-%d}.",
        tone=Tone.WARNING,
        attempt=attempt,
        trips=trip,
        attempts=status.attempts + 1,
        last_trip_window=failing[-1].index,
        cooldown_ends=None,
    )


def _windows(count: int) -> str:
    return "A window" if count == 1 else f"{count} separate windows"


def ended(
    seen: Observation,
    now: datetime,
    outcome: AttemptOutcome,
    message: str,
    comparison: ComparisonResult | None = None,
) -> Step:
    """The attempt is over and the champion stays: wait before the next one."""
    retrain = seen.spec.retrain
    return noted(
        seen,
        now,
        outcome,
        message,
        tone=Tone.WARNING,
        attempt=None,
        candidate=None,
        comparison=None,
        cooldown_ends=now + (retrain.cooldown if retrain else _COOLDOWN),
        # Without a candidate nothing was learned of these windows: after the cooldown they are reason enough to try
        # again. Else an image that could not be pulled costs another whole window of a bad model.
        last_trip_window=None if outcome is AttemptOutcome.TRAINING_FAILED else seen.status.last_trip_window,
        last_attempt=LastAttempt(
            trip=seen.status.trips, outcome=outcome, message=message, comparison=comparison, ended_at=now
        ),
    )
