"""From a finished Job to a result: what cannot be trusted or read is an Error, never a Fail."""

import pytest

from modelmonitor.api.result import EvaluationResult, Look, Verdict, encode
from modelmonitor.domain.observation import JobSeen, JobState
from modelmonitor.domain.reasons import reason
from modelmonitor.domain.results import result_of
from tests.unit.domain.worlds import NOW, week


def output(**fields: object) -> str:
    known = {"look": Look.JUDGED, "verdict": Verdict.FAIL, "reason": "Fail", "window": week(16), **fields}
    return encode(EvaluationResult.model_validate(known))


def job(state: JobState, text: str | None = None, why: str = "", message: str = "") -> JobSeen:
    return JobSeen("flights-e-1", "uid-1", state, NOW, why, message, text)


OK, BAD = JobState.SUCCEEDED, JobState.FAILED


@pytest.mark.parametrize(
    ("seen", "verdict", "why"),
    [
        pytest.param(job(OK, output()), Verdict.FAIL, "Fail", id="a Job that ended well says what it found"),
        pytest.param(job(OK, output(window=None)), Verdict.FAIL, "Fail", id="it need not say of which window"),
        pytest.param(job(OK, output(look=Look.OPEN, verdict=None)), None, "Fail", id="an open window has no verdict"),
        pytest.param(
            job(BAD, output(verdict=Verdict.ERROR, reason="ColumnMissing")),
            Verdict.ERROR,
            "ColumnMissing",
            id="an evaluator that could not measure says why",
        ),
        pytest.param(job(BAD, output()), Verdict.ERROR, "JobFailed", id="a Fail of a Job that failed is not believed"),
        pytest.param(
            job(BAD, output(verdict=Verdict.PASS), "OutOfMemory"),
            Verdict.ERROR,
            "OutOfMemory",
            id="nor is a Pass; the Job's own reason is told",
        ),
        pytest.param(
            job(BAD, output(look=Look.OPEN, verdict=None)), Verdict.ERROR, "JobFailed", id="nor that a window is open"
        ),
        pytest.param(job(BAD, None, "Evicted"), Verdict.ERROR, "Evicted", id="an evicted Job"),
        pytest.param(
            job(BAD, output(verdict=Verdict.ERROR, reason="Interrupted"), "DeadlineExceeded"),
            Verdict.ERROR,
            "DeadlineExceeded",
            id="an evaluator that was told to stop does not know that it was the deadline",
        ),
        pytest.param(job(BAD), Verdict.ERROR, "JobFailed", id="a Job that failed without a word"),
        pytest.param(job(OK), Verdict.ERROR, "ResultLost", id="a Job whose Pod is gone"),
        pytest.param(job(OK, "killed"), Verdict.ERROR, "ResultUnreadable", id="a text that is no result"),
        pytest.param(job(OK, output()[:-9]), Verdict.ERROR, "ResultUnreadable", id="a result that is cut"),
        pytest.param(
            job(OK, output(window=week(15))), Verdict.ERROR, "ResultUnreadable", id="a result about another window"
        ),
        pytest.param(job(OK, output(verdict=None)), Verdict.ERROR, "ResultUnreadable", id="judged, but no verdict"),
        pytest.param(
            job(OK, output(verdict=Verdict.ERROR, reason="no such file")),
            Verdict.ERROR,
            "NoSuchFile",
            id="a reason becomes one word",
        ),
    ],
)
def test_result_of(seen: JobSeen, verdict: Verdict | None, why: str) -> None:
    result = result_of(seen, week(16))
    assert (result.verdict, result.reason) == (verdict, why)
    assert result.window == week(16)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("OOMKilled", "OOMKilled", id="one word stays"),
        pytest.param("exceeded quota: pods", "ExceededQuotaPods", id="a sentence becomes one"),
        pytest.param("", "Otherwise", id="nothing is replaced"),
        pytest.param("137", "Otherwise", id="a number is replaced"),
        pytest.param("ошибка", "Otherwise", id="letters that the API server refuses are replaced"),
        pytest.param("a" * 70, "A" + "a" * 63, id="a long one is cut"),
    ],
)
def test_reasons(text: str, expected: str) -> None:
    assert reason(text, "Otherwise") == expected
