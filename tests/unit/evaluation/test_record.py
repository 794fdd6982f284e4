"""Decisions that are handed over become objects, once, and are told to be there only when they are."""

import json
import os
import signal
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.record import DecisionRecord, Handover, HistoryEntry
from modelmonitor.api.result import Verdict
from modelmonitor.evaluation.record import Recorded, path_of, record
from modelmonitor.evaluation.storage import Folder, Purpose, open_folder
from tests.unit.evaluation.conftest import Store
from tests.unit.evaluation.test_job import job, start
from tests.unit.evaluation.worlds import input_for, write_days

BEGIN = datetime(2013, 5, 4, 12, tzinfo=UTC)


def decisions(count: int, first: int = 1) -> tuple[HistoryEntry, ...]:
    return tuple(
        HistoryEntry(id=number, time=BEGIN + number * timedelta(hours=1), reason="Fail", message=f"Window {number}")
        for number in range(first, first + count)
    )


def given(uri: str, *entries: HistoryEntry, data: str = "/data") -> EvaluationInput:
    handover = Handover(uid="uid-clicks", decisions=entries)
    return input_for(data, partitioning="Hive", reports={"uri": uri}).model_copy(update={"record": handover})


@pytest.fixture(params=["a folder", "S3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, str]]:
    """A URI for reports, and the environment with which it is written."""
    if request.param == "S3":
        store: Store = request.getfixturevalue("store")
        return f"s3://{store.bucket}/{tmp_path.name}", store.environ(prefix="MODELMONITOR_REPORTS_")
    return str(tmp_path / "reports"), {}


def objects(uri: str, environ: dict[str, str]) -> dict[str, bytes]:
    folder = open_folder(uri, Purpose.REPORTS, environ)
    return {file.path: folder.read(file.path) or b"" for file in folder.files()}


def test_each_decision_is_an_object_of_its_own(place: tuple[str, dict[str, str]]) -> None:
    uri, environ = place
    entries = decisions(2)
    assert record(given(uri, *entries), environ, print) == Recorded("20130504T140000Z-000002")
    kept = objects(uri, environ)
    assert list(kept) == [
        "shop/clicks/decisions/20130504T130000Z-000001.json",
        "shop/clicks/decisions/20130504T140000Z-000002.json",
    ]
    first = json.loads(kept["shop/clicks/decisions/20130504T130000Z-000001.json"])
    assert first == {
        "format": "modelmonitor.dev/decision/v1",
        "namespace": "shop",
        "monitor": "clicks",
        "uid": "uid-clicks",
        "decision": {"id": 1, "time": "2013-05-04T13:00:00Z", "reason": "Fail", "message": "Window 1"},
    }


def test_handed_over_again_nothing_is_written_and_all_is_told_to_be_there(place: tuple[str, dict[str, str]]) -> None:
    uri, environ = place
    entries = decisions(3)
    record(given(uri, *entries[:2]), environ, print)
    before = objects(uri, environ)
    assert record(given(uri, *entries), environ, print) == Recorded(entries[2].name)
    after = objects(uri, environ)
    assert {path: after[path] for path in before} == before
    assert len(after) == 3


def test_an_object_that_says_something_else_is_left_alone_and_told(place: tuple[str, dict[str, str]]) -> None:
    uri, environ = place
    entries = decisions(3)
    record(given(uri, entries[1].model_copy(update={"message": "All is well."})), environ, print)
    before = objects(uri, environ)
    told = record(given(uri, *entries), environ, print)
    assert told.through == entries[0].name
    assert told.problem is not None
    assert f"{entries[1].name}.json is there and does not say what was decided" in told.problem
    assert "another name" in told.problem
    assert before.items() <= objects(uri, environ).items()


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"format": "modelmon', id="half an object"),
        pytest.param(b'{"format": "modelmonitor.dev/decision/v7"}', id="an object of a later format"),
    ],
)
def test_what_is_no_decision_is_never_taken_for_one(tmp_path: Path, content: bytes) -> None:
    (entry,) = decisions(1)
    folder = open_folder(str(tmp_path), Purpose.REPORTS, {})
    folder.write(path_of("shop", "clicks", entry), content)
    told = record(given(str(tmp_path), entry), {}, print)
    assert told.through is None
    assert told.problem is not None
    assert folder.read(path_of("shop", "clicks", entry)) == content


def test_an_object_of_a_release_that_knew_other_fields_says_the_same(tmp_path: Path) -> None:
    """Written by the release before this one, which was stopped before it could say so."""
    (entry,) = decisions(1)
    wanted = DecisionRecord(namespace="shop", monitor="clicks", uid="uid-clicks", decision=entry).document()
    wanted["decision"]["mood"] = "good"
    folder = open_folder(str(tmp_path), Purpose.REPORTS, {})
    folder.write(path_of("shop", "clicks", entry), json.dumps(wanted).encode())
    assert record(given(str(tmp_path), entry), {}, print) == Recorded(entry.name)


def test_after_a_restored_backup_a_number_comes_again_and_nothing_is_written_over(tmp_path: Path) -> None:
    before, again = decisions(1), decisions(1)[0].model_copy(update={"time": BEGIN + timedelta(days=9)})
    record(given(str(tmp_path), *before), {}, print)
    assert record(given(str(tmp_path), again), {}, print) == Recorded(again.name)
    assert len(objects(str(tmp_path), {})) == 2


def test_a_store_that_refuses_is_told_with_what_to_do(store: Store) -> None:
    told = record(given(f"s3://{store.bucket}/reports", *decisions(2)), store.environ("reader"), print)
    assert told.through is None
    assert told.problem is not None
    assert "AWS_ACCESS_KEY_ID" in told.problem
    assert objects(f"s3://{store.bucket}/reports", store.environ()) == {}


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param(given("/reports").model_copy(update={"record": None}), id="nothing is handed over"),
        pytest.param(given("/reports", *decisions(1)).model_copy(update={"reports": None}), id="there is no store"),
    ],
)
def test_nothing_is_said_where_there_is_nothing_to_do(asked: EvaluationInput) -> None:
    assert record(asked, {}, print) == Recorded()


# --- the Job ------------------------------------------------------------------------------------------------------
def test_the_job_hands_back_how_far_the_record_has_come(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    ended = job(tmp_path, given(str(tmp_path / "reports"), *decisions(2), data=str(tmp_path / "data")))
    assert ended.result.verdict is Verdict.PASS
    assert ended.result.recorded_through == "20130504T140000Z-000002"
    assert "2 decisions are in the record" in ended.log


def test_an_evaluation_that_cannot_measure_writes_the_record_all_the_same(tmp_path: Path) -> None:
    ended = job(tmp_path, given(str(tmp_path / "reports"), *decisions(1), data="/no/such/folder"))
    assert (ended.code, ended.result.reason) == (3, "FolderNotFound")
    assert ended.result.recorded_through == "20130504T130000Z-000001"


def test_a_store_that_is_down_changes_no_verdict(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ALLOW_HTTP": "true"}
        environ = {f"MODELMONITOR_REPORTS_{name}": value for name, value in keys.items()}
        asked = given("s3://reports", *decisions(1), data=str(tmp_path / "data"))
        ended = job(tmp_path, asked, environ | {"MODELMONITOR_REPORTS_AWS_ENDPOINT_URL": endpoint})
    assert (ended.code, ended.result.verdict, ended.result.recorded_through) == (0, Verdict.PASS, None)
    assert ended.result.record_problem is not None
    assert "cannot reach the store" in ended.result.record_problem


def killed(process: "subprocess.Popen[str]", folder: Folder, after: int) -> None:
    """SIGKILL as soon as so many objects are there."""
    for _ in range(3000):
        if sum(1 for _ in folder.files()) >= after:
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("after", [1, 7, 20])
def test_killed_between_two_objects_the_next_job_completes_the_record(tmp_path: Path, after: int) -> None:
    entries = decisions(20)
    reports = tmp_path / "reports"
    reports.mkdir()
    folder = open_folder(str(reports), Purpose.REPORTS, {})
    # The data are a pipe that nobody writes to: the evaluation itself never ends.
    pipe = tmp_path / "data" / "date=2013-02-04" / "part.parquet"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)
    asked = given(str(reports), *entries, data=str(tmp_path / "data"))
    killed(start(tmp_path, asked, {}), folder, after)
    assert not (tmp_path / "termination-log").exists()
    before = objects(str(reports), {})
    assert len(before) >= after
    assert record(asked, {}, print) == Recorded(entries[-1].name)
    complete = objects(str(reports), {})
    assert before.items() <= complete.items()
    assert [DecisionRecord.model_validate_json(one).decision for one in complete.values()] == list(entries)
