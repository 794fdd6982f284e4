"""What failed actions make of the status."""

from datetime import timedelta

import pytest

from modelmonitor.api.record import HistoryEntry
from modelmonitor.api.result import MetricResult, Verdict
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.api.trimming import STATUS_LIMIT, trimmed
from modelmonitor.domain.decision import decide
from modelmonitor.domain.outcomes import Failure, Remedy, after
from modelmonitor.domain.record import missing
from tests.unit.domain.expectations import settled
from tests.unit.domain.worlds import HOUR, NOW, world

REFUSED = Failure(Remedy.CHANGE, "Forbidden", "The monitor's account may not create the Job.")
DOWN = Failure(Remedy.RETRY, "ApiServerUnavailable", "Could not create the Job, it is tried again.")
STALE = Failure(Remedy.READ_AGAIN, "Conflict", "The object has changed.")


def written(status: ModelMonitorStatus, *failures: Failure, minutes: int = 0) -> ModelMonitorStatus:
    """What is written when these actions fail again, so many minutes later."""
    now = NOW + timedelta(minutes=minutes)
    decision = decide(world().measuring().recording(status).seen, now)
    return after(decision.status, failures, recorded=status, generation=1, now=now)


def said(status: ModelMonitorStatus, name: str) -> tuple[str, str]:
    return next((one.status.value, one.reason) for one in status.conditions if one.type == name)


CALM = settled(world().measuring())


@pytest.mark.parametrize(
    ("failures", "ready", "stalled"),
    [
        pytest.param(
            (REFUSED,), ("False", "Forbidden"), ("True", "Forbidden"), id="what a person must change is Stalled"
        ),
        pytest.param((DOWN,), ("False", "ApiServerUnavailable"), ("False", "NotStalled"), id="what time heals is not"),
        pytest.param((STALE,), ("True", "Watching"), ("False", "NotStalled"), id="a conflict is no news"),
        pytest.param(
            (DOWN, REFUSED), ("False", "Forbidden"), ("True", "Forbidden"), id="of two the one that needs a person"
        ),
        pytest.param((), ("True", "Watching"), ("False", "NotStalled"), id="nothing failed"),
    ],
)
def test_what_a_failure_says(failures: tuple[Failure, ...], ready: object, stalled: object) -> None:
    status = written(CALM, *failures)
    assert said(status, "Ready") == ready
    assert said(status, "Stalled") == stalled


@pytest.mark.parametrize("failure", [REFUSED, DOWN, STALE], ids=["refused", "API server down", "conflict"])
def test_the_same_failure_again_writes_nothing_new(failure: Failure) -> None:
    once = written(CALM, failure)
    assert written(once, failure, minutes=20) == once


def test_when_the_failure_is_over_the_conditions_heal() -> None:
    healed = written(written(CALM, REFUSED), minutes=20)
    assert said(healed, "Ready") == ("True", "Watching")
    assert said(healed, "Stalled") == ("False", "NotStalled")


def test_the_reason_of_a_failure_may_be_any_text() -> None:
    status = written(CALM, Failure(Remedy.RETRY, "quota exceeded: cpu", "It is tried again."))
    assert said(status, "Ready") == ("False", "QuotaExceededCpu")


def long_status(recorded_through: int) -> ModelMonitorStatus:
    uri = "s3://" + "m" * 900
    entries = [
        HistoryEntry(id=k, time=NOW - HOUR, reason="Fail", message="ä" * 256, model_uri=uri) for k in range(1, 21)
    ]
    return CALM.model_copy(update={"history": tuple(entries), "decisions": 20, "recorded_through": recorded_through})


@pytest.mark.parametrize("failures", [(), (REFUSED,)], ids=["nothing failed", "something failed"])
def test_a_status_that_is_too_long_loses_its_oldest_decisions(failures: tuple[Failure, ...]) -> None:
    status = after(long_status(20), failures, recorded=CALM, generation=1, now=NOW)
    assert len(status.model_dump_json(by_alias=True, exclude_none=True).encode()) <= STATUS_LIMIT
    assert 5 <= len(status.history) < 20


def test_decisions_that_wait_for_the_record_go_only_when_nothing_else_can() -> None:
    latest = world().judged(Verdict.PASS).status.last_evaluation
    assert latest is not None
    metrics = tuple(MetricResult(name=f"f{k}", verdict=Verdict.PASS) for k in range(5))
    shown = latest.model_copy(update={"metrics": metrics})
    status = long_status(18).model_copy(update={"last_evaluation": shown})
    assert [one.id for one in trimmed(status).history][-2:] == [19, 20]
    waiting = trimmed(status.model_copy(update={"recorded_through": 0}))
    assert waiting.last_evaluation is not None
    assert waiting.last_evaluation.metrics == ()
    assert [one.id for one in waiting.history] == list(range(21 - len(waiting.history), 21))
    assert missing(waiting) == 20 - len(waiting.history) > 0
