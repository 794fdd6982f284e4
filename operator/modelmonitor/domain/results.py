"""From a finished Job to a result: what cannot be trusted or read is an Error, never a Fail."""

from typing import Final

from modelmonitor.api.result import EvaluationResult, Look, ResultUnreadableError, Verdict, Window, decode
from modelmonitor.domain.observation import JobSeen, JobState
from modelmonitor.domain.reasons import reason

# The evaluator only knows that it was told to stop; the cluster knows why.
_KNOWN_BETTER: Final = frozenset({"DeadlineExceeded", "Evicted"})


def result_of(job: JobSeen, window: Window) -> EvaluationResult:
    """The result of a finished evaluation Job.

    A Job that failed can only have measured nothing, whatever its message says: a verdict that was written before the
    process was killed may be half of one.
    """
    if job.state is JobState.FAILED and job.reason in _KNOWN_BETTER:
        return error(window, job.reason, job.message)
    if job.output is None:
        if job.state is JobState.FAILED:
            return error(window, job.reason or "JobFailed", job.message or "The evaluation Job failed without a word.")
        return error(window, "ResultLost", "The evaluation finished, but its Pod and with it its result are gone.")
    try:
        result = decode(job.output)
    except ResultUnreadableError as problem:
        return error(window, "ResultUnreadable", str(problem))
    if job.state is JobState.FAILED and result.verdict is not Verdict.ERROR:
        return error(window, job.reason or "JobFailed", job.message or "The evaluator ended with an error.")
    if result.window is not None and result.window != window:
        return error(window, "ResultUnreadable", "The evaluation's result is about another window.")
    if result.look is Look.JUDGED and result.verdict is None:
        return error(window, "ResultUnreadable", "The evaluation's result has no verdict.")
    why = reason(result.reason, "Error") if result.verdict is Verdict.ERROR else result.reason
    return result.model_copy(update={"window": window, "reason": why})


def error(window: Window, why: str, message: str) -> EvaluationResult:
    """A look that could not measure."""
    return EvaluationResult(
        look=Look.JUDGED, verdict=Verdict.ERROR, reason=reason(why, "Error"), message=message, window=window
    )
