"""The record as a person reads it, compared with tests/data/cli (UPDATE_GOLDENS=1 writes them anew)."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from modelmonitor.api.record import (
    Change,
    ComparedValues,
    DecisionRecord,
    Evidence,
    HistoryEntry,
    MeasuredValue,
    Move,
)
from modelmonitor.api.result import Comparison, Verdict, Window
from modelmonitor.cli.history import Request, moment, run
from modelmonitor.cli.main import Exit
from modelmonitor.evaluation.record import path_of
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.cli.test_evaluate import golden, manifest
from tests.unit.evaluation.conftest import Store

A, B, C = (f"s3://models/clicks/{name}" for name in ("january", "1-20130211T110300Z/model", "by-hand"))
MOVE = Move(rollout=1, from_uri=A, from_digest="sha256:" + "a" * 64, to_uri=B, to_digest="sha256:" + "b" * 64)
FAILED = MeasuredValue(name="f1", verdict=Verdict.FAIL, value=0.31, low=0.28, high=0.34, level=0.902, min=0.5)
PASSED = FAILED.model_copy(update={"verdict": Verdict.PASS, "value": 0.61, "low": 0.58, "high": 0.64})
COMPARED = ComparedValues(
    verdict=Comparison.BETTER, metric="f1", champion=0.3012, candidate=0.6134, difference=0.3122, low=0.28, rows=1400
)


def week(number: int) -> Window:
    """Weeks of New York from 2013-02-04 on."""
    start, end = (datetime(2013, 2, 4 + 7 * k, 5, tzinfo=UTC) for k in (number, number + 1))
    return Window(index=number, start=start, end=end)


def entry(number: int, day: int, reason: str, message: str, model: str = A, **fields: Any) -> HistoryEntry:
    time = datetime(2013, 2, day, 11, number, tzinfo=UTC)
    return HistoryEntry(id=number, time=time, reason=reason, message=message, model_uri=model, generation=1, **fields)


LIFE = [
    entry(1, 10, "FirstSeen", f"{A} is in service: it is the champion."),
    entry(
        2,
        11,
        "Fail",
        "Window 2013-02-04: f1 is 0.310 [0.280, 0.340], and misses its objective (at least 0.5)",
        evidence=Evidence(windows=(week(0),), evaluation="clicks-e-0123456789", metric=FAILED),
    ),
    entry(3, 11, "Tripped", "A window failed (2013-02-04): …", trip=1, evidence=Evidence(windows=(week(0),))),
    entry(4, 12, "Trained", f"Candidate {B} is trained through 2013-02-11.", trip=1),
    entry(
        7,
        18,
        "RollingOut",
        f"{B} is approved by anna and rolled out.",
        trip=1,
        move=MOVE,
        evidence=Evidence(windows=(week(1),), evaluation="clicks-c-9876543210", comparison=COMPARED, by="anna"),
    ),
    entry(8, 18, "Promoted", f"{B} serves in place of {A}.", B, trip=1, move=MOVE, model_digest=MOVE.to_digest),
    entry(
        9,
        25,
        "Pass",
        "Window 2013-02-18: f1 is 0.610 [0.580, 0.640], and meets its objective (at least 0.5)",
        B,
        model_digest=MOVE.to_digest,
        evidence=Evidence(windows=(week(2),), evaluation="clicks-e-1111111111", metric=PASSED),
    ),
    entry(
        10,
        25,
        "SchemaChanged",
        "The columns of the data differ from the reference's: added gate.",
        B,
        change=Change(before="", after="added gate"),
    ),
    entry(11, 26, "NewChampion", f"Somebody put {C} into service.", C, move=Move(from_uri=B, to_uri=C)),
]


def kept(uri: str, entries: list[HistoryEntry], environ: dict[str, str] | None = None) -> None:
    folder = open_folder(uri, Purpose.REPORTS, environ or {})
    for one in entries:
        record = DecisionRecord(namespace="shop", monitor="clicks", uid="uid-clicks", decision=one)
        folder.create(path_of("shop", "clicks", one), json.dumps(record.document()).encode())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    document = manifest(reports={"uri": "reports"})
    Path("monitor.yaml").write_text(yaml.safe_dump(document))
    return tmp_path


def told(environ: dict[str, str] | None = None, **request: Any) -> tuple[Exit, str, str]:
    out, err = (Console(file=StringIO(), width=100, no_color=True) for _ in range(2))
    source = request if "uri" in request else {"file": Path("monitor.yaml")} | request
    code = run(Request(**source), environ or {}, out=out, err=err)
    return code, *(console.file.getvalue() for console in (out, err))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        pytest.param("history", {}, id="all decisions, and where some are missing"),
        pytest.param(
            "history-first", {"at": moment("2013-02-17T12:00Z")}, id="the first model, which the record knows"
        ),
        pytest.param(
            "history-promoted", {"at": moment("2013-02-25T12:00Z")}, id="a promoted model: trip, comparison, rollout"
        ),
        pytest.param("history-now", {"at": moment("2013-06-01")}, id="a model that serves still"),
    ],
)
def test_the_record_is_shown(name: str, request_: dict[str, Any]) -> None:
    kept("reports", LIFE)
    code, out, err = told(**request_)
    golden(name, out)
    assert (code, err) == (Exit.OK, "")


def test_of_a_long_service_the_newest_decisions_are_shown_and_the_others_counted() -> None:
    kept("reports", [entry(number, 1 + number, "Fail", f"Window {number}") for number in range(1, 27)])
    _, out, _ = told(at=moment("2013-02-18T12:00Z"))
    lines = [line.strip() for line in out.splitlines()]
    assert [line for line in lines if line.startswith("Window")] == [f"Window {k}" for k in (1, *range(8, 23))]
    assert "and 6 earlier" in out
    assert "and 4 later" in out


def test_the_list_as_json_has_all_that_is_kept_and_what_is_missing() -> None:
    kept("reports", LIFE)
    _, out, _ = told(as_json=True)
    found = json.loads(out)
    assert [HistoryEntry.model_validate(one) for one in found["decisions"]] == LIFE
    assert found["missing"] == [{"count": 2, "before": 7}]


def test_a_moment_as_json() -> None:
    kept("reports", LIFE)
    _, out, _ = told(as_json=True, at=moment("2013-02-25T12:00Z"))
    found = json.loads(out)
    assert found["at"] == "2013-02-25T12:00:00Z"
    assert found["model"] == {"uri": B, "digest": MOVE.to_digest}
    assert (found["since"]["id"], found["until"]["id"]) == (8, 11)
    assert [one["id"] for one in found["why"]] == [3, 4, 7, 8]
    assert [one["id"] for one in found["found"]] == [9, 10]
    assert [one["id"] for one in found["after"]] == [11]


@pytest.mark.parametrize("uri", ["reports/shop/clicks", "reports/shop/clicks/", "reports/shop/clicks/decisions/"])
def test_the_folder_can_be_named_without_a_manifest(uri: str) -> None:
    kept("reports", LIFE)
    assert "Promoted" in told(uri=uri)[1]


def test_the_namespace_that_the_manifest_leaves_to_kubectl_can_be_named() -> None:
    kept("reports", LIFE)
    document = manifest(reports={"uri": "reports"})
    del document["metadata"]["namespace"]
    Path("monitor.yaml").write_text(yaml.safe_dump(document))
    assert told()[0] is Exit.NOTHING_SAID
    assert "Promoted" in told(namespace="shop")[1]


def test_the_record_is_read_from_an_object_store(tmp_path: Path, store: Store) -> None:
    uri = f"s3://{store.bucket}/{tmp_path.name}"
    kept(uri, LIFE, store.environ())
    code, out, _ = told(store.environ("reader"), uri=f"{uri}/shop/clicks")
    assert code is Exit.OK
    assert "NewChampion" in out


def test_what_is_no_decision_is_told_and_left_out() -> None:
    kept("reports", LIFE[:2])
    Path("reports/shop/clicks/decisions/20130212T000000Z-000003.json").write_text('{"format": "x"}')
    Path("reports/shop/clicks/decisions/notes.txt").write_text("not ours")
    code, out, err = told()
    assert code is Exit.OK
    assert "FirstSeen" in out
    assert "20130212T000000Z-000003.json is no decision" in " ".join(err.split())
    assert "notes.txt" not in err


@pytest.mark.parametrize(
    ("change", "request_", "code", "says"),
    [
        pytest.param(
            {},
            {"at": moment("2013-02-01")},
            Exit.NOTHING_SAID,
            "begins at 2013-02-10T11:01Z, with decision 1",
            id="before the record begins",
        ),
        pytest.param(
            {"reports": {"uri": "elsewhere"}},
            {},
            Exit.NOTHING_SAID,
            "There is no decision in elsewhere/shop/clicks/decisions/",
            id="no record",
        ),
        pytest.param(
            {},
            {"uri": "reports"},
            Exit.NOTHING_SAID,
            "<reports.uri>/<namespace>/<monitor>",
            id="not the folder of a monitor",
        ),
        pytest.param(
            {"reports": None},
            {},
            Exit.USAGE,
            "kubectl get modelmonitor clicks -o jsonpath={.status.history}",
            id="no spec.reports",
        ),
        pytest.param(
            {"reports": {"uri": "gs://x"}}, {}, Exit.USAGE, "only s3://bucket/path", id="a store that is not supported"
        ),
        pytest.param({"metric": []}, {}, Exit.USAGE, "spec.metric: there is no such field", id="a wrong manifest"),
    ],
)
def test_what_cannot_be_told_is_told(change: dict[str, Any], request_: dict[str, Any], code: Exit, says: str) -> None:
    kept("reports", LIFE)
    document = manifest(**({"reports": {"uri": "reports"}} | change))
    document["spec"] = {name: value for name, value in document["spec"].items() if value is not None}
    Path("monitor.yaml").write_text(yaml.safe_dump(document))
    found, out, err = told(**request_)
    assert (found, out) == (code, "")
    assert says in " ".join(err.split())


def test_a_store_that_refuses_is_told(store: Store) -> None:
    code, out, err = told(store.environ("nobody"), uri=f"s3://{store.bucket}/shop/clicks")
    assert (code, out) == (Exit.NOT_MEASURED, "")
    assert "AWS_ACCESS_KEY_ID" in err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2013-02-25", "2013-02-25T00:00:00+00:00"),
        ("2013-02-25T12:00Z", "2013-02-25T12:00:00+00:00"),
        ("2013-02-25 12:00", "2013-02-25T12:00:00+00:00"),
        ("2013-02-25T12:00-05:00", "2013-02-25T17:00:00+00:00"),
    ],
)
def test_a_time_is_utc_where_it_names_no_zone(text: str, expected: str) -> None:
    assert moment(text).isoformat() == expected
