"""From a decision to an object beside the reports: handed to the next Job, acknowledged, and dropped."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from modelmonitor.api.record import DecisionRecord, HistoryEntry
from modelmonitor.api.result import EvaluationResult, Look, Window
from modelmonitor.controller import labels
from modelmonitor.kube.api import HttpApi, Patch
from modelmonitor.kube.resources import MONITORS
from tests.api.operator.cluster import job_input
from tests.api.operator.stage import Stage
from tests.api.operator.walk import recorded

Raw = dict[str, Any]


@pytest.fixture
def stage(connection: HttpApi, place: str, tmp_path: Path) -> Stage:
    """A monitor whose Jobs keep the record in a folder of the test's own."""
    return Stage(connection, place, reports=tmp_path)


def kept(reports: Path, stage: Stage) -> list[HistoryEntry]:
    """The decisions in the record, in their order."""
    paths = sorted(reports.glob(f"{stage.namespace}/flights/decisions/*.json"))
    return [DecisionRecord.model_validate_json(path.read_bytes()).decision for path in paths]


def handed(job: Raw) -> list[str]:
    """What a Job was handed."""
    return [one["reason"] for one in (job_input(job).get("record") or {"decisions": []})["decisions"]]


async def the_job(stage: Stage) -> Raw:
    """The evaluation that runs."""
    unfinished = await stage.cluster.unfinished_jobs()
    (job,) = [one for one in unfinished if one["metadata"]["labels"][labels.ROLE] == "champion"]
    return job


def looked(job: Raw, **fields: Any) -> EvaluationResult:
    """A look at a window that is open still."""
    window = Window.model_validate(job_input(job)["window"])
    return EvaluationResult(look=Look.OPEN, reason="WindowOpen", window=window, data_through=window.start, **fields)


async def later(stage: Stage) -> None:
    """What ended is read, and the next look is due."""
    await stage.process.settle()
    stage.clock.forward(timedelta(hours=2))
    await stage.process.settle()


async def waiting(stage: Stage) -> list[str]:
    status = await stage.status()
    through = status.get("recordedThrough", 0)
    return [entry["reason"] for entry in status["history"] if entry["id"] > through]


async def test_a_decision_is_handed_to_the_next_job_and_waits_no_more_once_it_is_written(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.play("a monitor is applied")
    job = await the_job(stage)
    assert handed(job) == ["FirstSeen"]
    assert await waiting(stage) == ["FirstSeen"]

    await stage.cluster.measured(job, recorded(job, looked(job)))
    await later(stage)

    assert [one.reason for one in kept(tmp_path, stage)] == ["FirstSeen"]
    assert await waiting(stage) == []
    assert handed(await the_job(stage)) == []


async def test_what_a_job_did_not_say_is_handed_to_the_next_one_and_written_once(stage: Stage, tmp_path: Path) -> None:
    await stage.play("a monitor is applied")
    job = await the_job(stage)
    recorded(job, looked(job))
    await stage.cluster.finish(job, None)
    await later(stage)

    job = await the_job(stage)
    assert handed(job) == ["FirstSeen"]
    await stage.cluster.measured(job, recorded(job, looked(job)))
    await later(stage)
    assert [one.reason for one in kept(tmp_path, stage)] == ["FirstSeen"]
    assert await waiting(stage) == []


async def test_while_the_store_is_down_decisions_wait_and_the_condition_says_why(stage: Stage) -> None:
    await stage.play("a monitor is applied")
    job = await the_job(stage)
    await stage.cluster.measured(job, looked(job, record_problem="s3://reports/: cannot reach the store"))
    await later(stage)

    status, reason, message = await stage.condition("Reported")
    assert (status, reason) == ("False", "NotRecorded")
    assert "cannot reach the store" in message
    assert await waiting(stage) == ["FirstSeen"]

    job = await the_job(stage)
    await stage.cluster.measured(job, recorded(job, looked(job)))
    await stage.process.settle()
    assert (await stage.condition("Reported"))[1] != "NotRecorded"


async def test_restored_without_status_nothing_of_the_record_is_written_over(stage: Stage, tmp_path: Path) -> None:
    await stage.play("the first window fails")
    before = kept(tmp_path, stage)
    assert [one.reason for one in before] == ["FirstSeen"]
    stage.clock.forward(timedelta(minutes=1))
    await stage.cluster.api.patch(
        MONITORS.path(stage.namespace, "flights", "status"), [{"op": "remove", "path": "/status"}], Patch.JSON
    )
    await later(stage)

    job = await the_job(stage)
    await stage.cluster.measured(job, recorded(job, looked(job)))
    await later(stage)
    after = kept(tmp_path, stage)
    assert after[: len(before)] == before
    assert [(one.id, one.reason) for one in after] == [(1, "FirstSeen"), (1, "FirstSeen")]


async def test_without_a_store_nothing_is_handed_over_and_nothing_waits(connection: HttpApi, place: str) -> None:
    stage = Stage(connection, place)
    await stage.play("a candidate is trained")
    assert await waiting(stage) == []
    assert [call for call in stage.created_jobs("champion") if handed(call.body)] == []
    assert (await stage.condition("Reported"))[1] == "NoStore"
