"""Training a candidate: the Job, and what becomes of it."""

import json
from datetime import datetime

from pydantic import ValidationError

from modelmonitor.api.monitor import ComparisonWindow
from modelmonitor.api.result import Window
from modelmonitor.api.status import Attempt, AttemptOutcome, Candidate, Compared, Purpose, Trigger
from modelmonitor.api.training import TrainingResult
from modelmonitor.domain import names
from modelmonitor.domain.actions import StartTraining
from modelmonitor.domain.observation import JobSeen, JobState, Observation, Problem
from modelmonitor.domain.policies.ends import ended
from modelmonitor.domain.policies.measure import cannot_start, in_progress
from modelmonitor.domain.policies.retry import MOST_RETRIES, once_more, taken_away, until_it_may_start
from modelmonitor.domain.step import Step, acting, changed, noted


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
        window=_compared_on(seen, attempt),
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
        last_train_end=attempt.train_end,
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


def comparison_window(seen: Observation, newest: Window, trigger: Trigger) -> Window:
    """The first window that shares no row with the newest one of an attempt; that one itself, where that is asked.

    The window that tripped was selected for being bad: on it an equal model looks better 16 to 45 times of 100, on a
    fresh one 5 times (measured, docs/decisions). Where none tripped there is none to hurry with.
    """
    if trigger is Trigger.FAILING and seen.challenger.window is ComparisonWindow.TRIPPING:
        return newest
    return _after(seen, newest)


def _after(seen: Observation, window: Window) -> Window:
    return seen.grid.window(window.index + seen.grid.counting_stride)


def _compared_on(seen: Observation, attempt: Attempt) -> Window:
    """Not the window that tripped when the spec asks for it only since: the candidate was trained on its rows."""
    newest = attempt.because[-1]
    window = comparison_window(seen, newest, attempt.trigger)
    return window if attempt.train_end <= window.start else _after(seen, newest)
