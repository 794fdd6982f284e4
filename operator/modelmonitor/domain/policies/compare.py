"""Comparing two models on the same rows: a candidate with the champion, or the previous model with the new one."""

from datetime import datetime
from typing import Final

from modelmonitor.api.evaluation import ModelEvaluationStatus
from modelmonitor.api.measuring import Trouble
from modelmonitor.api.record import ComparedValues, Evidence
from modelmonitor.api.result import (
    Cause,
    Comparison,
    ComparisonResult,
    EvaluationResult,
    Look,
    Verdict,
)
from modelmonitor.api.status import AttemptOutcome, Compared, ModelMonitorStatus, Purpose
from modelmonitor.domain import evaluations
from modelmonitor.domain.actions import FinishEvaluation, Tell, Tone
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.policies.approve import promoted
from modelmonitor.domain.policies.changes import changes
from modelmonitor.domain.policies.ends import ended
from modelmonitor.domain.policies.measure import ERROR_PAUSE, FINISHED, LONGEST_PAUSE, in_progress
from modelmonitor.domain.policies.rollout import back_intent, kept
from modelmonitor.domain.record import acknowledged
from modelmonitor.domain.results import result_of
from modelmonitor.domain.schedule import next_look
from modelmonitor.domain.side_by_side import in_short, lacking, not_better, side_by_side
from modelmonitor.domain.step import Step, acting, backoff, changed, noted, waiting

MOST_WINDOWS: Final = 4
MOST_ERRORS: Final = 5
_HELD_AGAINST: Final = (Cause.CANDIDATE, Cause.DATA)


def comparing(seen: Observation, now: datetime) -> Step | None:
    """A comparison is wanted: wait until its window is closed, start it, wait for it, act on what it says."""
    wanted, serving, through = seen.status.comparison, seen.status.serving_model, seen.status.data_through
    if wanted is None or wanted != seen.recorded.comparison or serving is None:
        return None
    if through is None or through < seen.closes(wanted.window):
        return waiting(seen)
    corrected = wanted.trouble is not None and seen.edited_since(wanted.trouble.generation)
    if wanted.not_before is not None and now < wanted.not_before and not corrected:
        return waiting(seen, until=wanted.not_before)
    name = evaluations.comparison_name(seen, wanted)
    job = seen.jobs.get(name)
    if job is None:
        return waiting(seen) if seen.spec.suspend else acting(seen, evaluations.comparison(seen, wanted, serving))
    if job.state not in FINISHED:
        return in_progress(seen, job, now)
    result = result_of(job, wanted.window)
    seen = seen.with_status(acknowledged(seen.status, result))
    if result.look is not Look.JUDGED:
        # Labels are late: the same window again, as the measuring chain does.
        return Step(_again(seen, wanted.model_copy(update={"trouble": None}), not_before=next_look(seen, now)))
    compared = ComparedValues.of(result.comparison)
    evidence = Evidence(windows=(wanted.window,), evaluation=name, comparison=compared)
    seen = seen.resting_on(evidence)
    told = changes(seen, now, result)
    step = _concluded(seen.with_status(told.status), now, wanted, result)
    finish = FinishEvaluation(name, ModelEvaluationStatus(**dict(result), completed_at=now))
    return Step(step.status, (finish, *told.actions, *step.actions), step.wake)


def _concluded(seen: Observation, now: datetime, wanted: Compared, result: EvaluationResult) -> Step:
    if result.verdict is Verdict.ERROR:
        return _troubled(seen, now, wanted, result)
    measured = in_short(result.comparison) if result.comparison is not None else None
    if measured is None or measured.verdict is Comparison.NO_EVIDENCE:
        return _no_evidence(seen, now, wanted, result, measured)
    if measured.verdict is Comparison.BETTER:
        return _better(seen, now, wanted, result, measured)
    message = not_better(measured)
    if wanted.purpose is Purpose.ROLL_BACK:
        return kept(
            seen, now, AttemptOutcome.STILL_FAILING, f"The previous model is no better, the new one stays. {message}"
        )
    return ended(seen, now, AttemptOutcome.NOT_BETTER, message, measured)


def _better(
    seen: Observation, now: datetime, wanted: Compared, result: EvaluationResult, measured: ComparisonResult
) -> Step:
    if wanted.purpose is Purpose.ROLL_BACK:
        return back_intent(
            seen, now, f"The previous model is better on the same rows: {side_by_side(measured)}.", measured
        )
    message = f"The candidate is better on the same rows: {side_by_side(measured)}."
    return promoted(seen, now, wanted, measured, result.candidate, message=message)


def _no_evidence(
    seen: Observation, now: datetime, wanted: Compared, result: EvaluationResult, measured: ComparisonResult | None
) -> Step:
    """Too little data says nothing about the models: the next window, a bounded number of times."""
    tries = wanted.tries + 1
    if tries < MOST_WINDOWS:
        following = seen.grid.window(wanted.window.index + seen.grid.counting_stride)
        look = seen.status.looks + 1
        again = wanted.model_copy(
            update={"window": following, "tries": tries, "look": look, "errors": 0, "trouble": None, "not_before": None}
        )
        return Step(changed(seen.status, comparison=again, looks=look))
    why = lacking(measured) if measured is not None else ""
    message = f"No evidence after {tries} windows: {why or result.message or result.reason}"
    if wanted.purpose is Purpose.ROLL_BACK:
        return kept(seen, now, AttemptOutcome.STILL_FAILING, message)
    return ended(seen, now, AttemptOutcome.NO_EVIDENCE, message, measured)


def _troubled(seen: Observation, now: datetime, wanted: Compared, result: EvaluationResult) -> Step:
    """Could not measure. A candidate that cannot be loaded will not load tomorrow: give up after some tries.

    Everything else is no fault of the candidate's, and not held against it: a store that is down, a node that was
    drained, a Secret that has expired. That is waited for, however long it takes, and told.
    """
    if result.cause not in _HELD_AGAINST:
        return _waited_for(seen, now, wanted, result)
    errors = wanted.errors + 1
    message = f"The comparison could not be made: {result.reason}: {result.message}"
    if errors < MOST_ERRORS:
        pause = backoff(errors, first=ERROR_PAUSE, most=LONGEST_PAUSE)
        once_more = wanted.model_copy(update={"errors": errors, "trouble": None})
        again = _again(seen, once_more, not_before=now + pause)
        return noted(seen.with_status(again), now, result.reason, message)
    if wanted.purpose is Purpose.ROLL_BACK:
        return kept(seen, now, AttemptOutcome.STILL_FAILING, message)
    return ended(seen, now, AttemptOutcome.NO_EVIDENCE, message)


def _waited_for(seen: Observation, now: datetime, wanted: Compared, result: EvaluationResult) -> Step:
    count = wanted.trouble.count + 1 if wanted.trouble is not None else 1
    pause = backoff(count, first=ERROR_PAUSE, most=LONGEST_PAUSE)
    trouble = Trouble(reason=result.reason, message=result.message, count=count, generation=seen.generation)
    again = _again(seen, wanted.model_copy(update={"trouble": trouble}), not_before=now + pause)
    message = f"The comparison could not be made, it is tried again: {result.message or result.reason}"
    return Step(again, (Tell(Tone.WARNING, result.reason, message),))


def _again(seen: Observation, wanted: Compared, not_before: datetime) -> ModelMonitorStatus:
    look = seen.status.looks + 1
    return changed(
        seen.status, looks=look, comparison=wanted.model_copy(update={"look": look, "not_before": not_before})
    )
