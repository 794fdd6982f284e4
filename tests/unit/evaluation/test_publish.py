import json
from pathlib import Path

import pytest

from modelmonitor.api.result import Verdict
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.evaluation.conftest import Store
from tests.unit.evaluation.worlds import NOW, input_for, write_days

METRICS = [{"name": "f1", "min": 0.2}, {"name": "roc_auc", "min": 0.5, "severity": "Warn"}]


@pytest.mark.parametrize("place", ["a folder", "S3"])
def test_the_report_says_what_was_asked_what_was_found_and_by_which_rule(
    tmp_path: Path, place: str, request: pytest.FixtureRequest
) -> None:
    write_days(tmp_path / "data", 8)
    environ, uri = {}, str(tmp_path / "reports")
    if place == "S3":
        store: Store = request.getfixturevalue("store")
        environ, uri = store.environ(prefix="MODELMONITOR_REPORTS_"), f"s3://{store.bucket}/{tmp_path.name}"
    given = input_for(tmp_path / "data", reports={"uri": uri}, metrics=METRICS)
    result = evaluate(given, environ=environ, now=NOW, progress=print)
    assert result.report_uri == f"{uri}/shop/clicks/clicks-e-1.json"
    content = open_folder(uri, Purpose.REPORTS, environ).read("shop/clicks/clicks-e-1.json")
    assert content is not None
    report = json.loads(content)
    assert report["input"] == given.document()
    assert report["result"]["verdict"] == "Pass"
    assert report["rows"] == {"window": 420, "labelled": 420, "unscored": 0}
    assert report["rule"]["tests"] == 1
    assert report["rule"]["betweenDayVariance"] == "Known"
    assert len(report["blocks"]) == 7
    for block in report["blocks"]:
        assert sum(map(sum, block["champion"]["confusion"])) == block["labelled"] == block["rows"] == 60


def test_a_report_that_cannot_be_written_never_changes_the_verdict(tmp_path: Path, store: Store) -> None:
    write_days(tmp_path, 8)
    given = input_for(tmp_path, reports={"uri": f"s3://{store.bucket}/reports"})
    result = evaluate(given, environ=store.environ("reader"), now=NOW, progress=print)
    assert result.verdict is Verdict.PASS
    assert result.report_uri is None
    assert result.report_problem is not None
    assert "refuses these credentials" in result.report_problem


def test_a_look_at_an_open_window_leaves_no_report(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 3)
    given = input_for(tmp_path / "data", reports={"uri": str(tmp_path / "reports")})
    assert evaluate(given, environ={}, now=NOW, progress=print).report_uri is None
    assert not (tmp_path / "reports").exists()
