"""What a person sees in the terminal, compared with tests/data/cli (UPDATE_GOLDENS=1 writes them anew)."""

import json
import os
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rich.console import Console

from modelmonitor.cli.evaluate import Request, run
from modelmonitor.cli.main import Exit
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, NOW, rows_of_day, write, write_days

GOLDENS = Path(__file__).parents[2] / "data" / "cli"
WEEK = date(2013, 2, 4)


def manifest(**changes: Any) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "model": {"serving": {"seldonDeployment": {"name": "clicks", "node": "classifier"}}},
        "data": {
            "current": {"files": {"uri": "data", "partitioning": "Hive"}},
            "columns": {"timestamp": "at", "label": "label", "score": "score"},
            "predictions": {"column": {}},
        },
        "windows": {"length": "7d", "every": "7d", "timeZone": "America/New_York", "origin": "2013-02-04"},
        "schedule": {"interval": "1h"},
        "metrics": [{"name": "f1", "min": 0.5}, {"name": "roc_auc", "min": 0.7, "severity": "Warn"}],
    }
    return {
        "apiVersion": "modelmonitor.dev/v1alpha1",
        "kind": "ModelMonitor",
        "metadata": {"name": "clicks", "namespace": "shop"},
        "spec": spec | changes,
    }


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def evaluated(now: datetime = NOW, **request: Any) -> tuple[Exit, str, str]:
    out, err = (Console(file=StringIO(), width=100, no_color=True) for _ in range(2))
    code = run(Request(Path("monitor.yaml"), **request), {}, now, out=out, err=err)
    return code, *(console.file.getvalue() for console in (out, err))  # type: ignore[attr-defined]


def golden(name: str, text: str) -> None:
    """Compare with the kept text, with digests, versions of libraries and ends of lines evened out."""
    even = re.sub(r"sha256:[0-9a-f]{12}", "sha256:0123456789ab", "\n".join(line.rstrip() for line in text.splitlines()))
    even = re.sub(r"(sklearn[\w.]+) [\d.]+", r"\1 1.2.3", even)
    path = GOLDENS / f"{name}.txt"
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(even + "\n")
    assert even + "\n" == path.read_text()


def healthy() -> dict[str, Any]:
    write_days(Path("data"), 15, rows=200)
    return manifest()


def failing() -> dict[str, Any]:
    write_days(Path("data"), 15, rows=200, skill=0)
    return manifest()


def doubtful() -> dict[str, Any]:
    write_days(Path("data"), 15, rows=200)
    return manifest(metrics=[{"name": "f1", "min": 0.7}])


def short() -> dict[str, Any]:
    write_days(Path("data"), 15, rows=4)
    return manifest()


def unlabelled() -> dict[str, Any]:
    for number in range(8):
        day = FIRST + timedelta(days=number)
        rows = rows_of_day(day)
        write(Path("data"), day, rows | {"label": np.where(np.arange(60) < 20, rows["label"], np.nan)})
    return manifest()


def hours() -> dict[str, Any]:
    write_days(Path("data"), 2, rows=1200)
    return manifest(windows={"length": "12h", "every": "12h", "origin": "2013-02-04", "timeZone": "America/New_York"})


def drifted() -> dict[str, Any]:
    """Two weeks of reference, then a week with another y, a shifted score, and a column that is new."""
    for number in range(22):
        day = FIRST + timedelta(days=number)
        rows = rows_of_day(day, 200)
        new = {"y": rows["y"] + 1, "z": rows["y"], "score": rows["score"] * 0.8} if number >= 14 else {}
        write(Path("data"), day, rows | new)
    document = manifest()
    document["spec"]["data"]["reference"] = {"window": {"start": "2013-02-04", "end": "2013-02-18"}}
    document["spec"]["drift"] = {
        "features": {"method": "psi", "max": 0.2},
        "prediction": {"method": "js", "max": 0.1},
        "target": {"method": "chi2", "alpha": 0.01},
    }
    document["spec"]["quality"] = {"missing": {"max": 0.05}}
    return document


def guarded() -> dict[str, Any]:
    """A candidate must not be worse in recall nor in accuracy, of which the latter wants more rows than there are."""
    document = healthy()
    guards = [{"metric": "recall", "margin": 0.02, "confidence": 0.9}]
    guards += [{"metric": "accuracy", "margin": 0.1, "minimumRows": 2000}]
    document["spec"] |= {
        "retrain": {"jobTemplate": {"spec": {"template": {}}}, "trainingWindow": "7d", "outputUri": "models"},
        "challenger": {"metric": "roc_auc", "guards": guards},
    }
    return document


def versioned() -> dict[str, Any]:
    """Each day the last rows are of the version before."""
    for number in range(8):
        day = FIRST + timedelta(days=number)
        write(Path("data"), day, rows_of_day(day, 200) | {"model": ["7"] * 170 + ["6"] * 30})
    document = manifest()
    document["spec"]["data"]["columns"]["modelVersion"] = "model"
    return document


def hole() -> dict[str, Any]:
    write(Path("data"), date(2013, 2, 20), rows_of_day(date(2013, 2, 20)))
    return manifest()


@pytest.mark.parametrize(
    ("name", "make", "window", "code"),
    [
        pytest.param("pass", healthy, WEEK, Exit.OK, id="a healthy model"),
        pytest.param("latest", healthy, None, Exit.OK, id="no window named: the newest that is closed"),
        pytest.param("fail", failing, WEEK, Exit.FAIL, id="a model that fails"),
        pytest.param("warn", doubtful, WEEK, Exit.OK, id="a doubtful model"),
        pytest.param("insufficient", short, WEEK, Exit.NOTHING_SAID, id="too few rows"),
        pytest.param("immature", unlabelled, WEEK, Exit.NOTHING_SAID, id="labels are missing"),
        pytest.param("open", healthy, date(2013, 2, 18), Exit.NOTHING_SAID, id="a window that is still open"),
        pytest.param("no-data", hole, WEEK, Exit.NOTHING_SAID, id="a window without rows"),
        pytest.param("drift", drifted, date(2013, 2, 18), Exit.OK, id="data that have drifted"),
        pytest.param("hours", hours, WEEK, Exit.OK, id="a window of hours"),
    ],
)
def test_a_window_is_shown(name: str, make: Callable[[], dict[str, Any]], window: date | None, code: Exit) -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(make()))
    found, out, _ = evaluated(window=window)
    golden(name, out)
    assert found is code


@pytest.mark.parametrize(
    ("name", "make", "champion", "candidate", "code"),
    [
        pytest.param("better", healthy, models.blind, models.good, Exit.OK, id="a better candidate"),
        pytest.param("not-better", healthy, models.good, models.blind, Exit.FAIL, id="a worse candidate"),
        pytest.param("guarded", guarded, models.blind, models.good, Exit.NOTHING_SAID, id="a guard lacks rows"),
    ],
)
def test_a_comparison_is_shown(
    name: str,
    make: Callable[[], dict[str, Any]],
    champion: Callable[[Path], str],
    candidate: Callable[[Path], str],
    code: Exit,
) -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(make()))
    old, new = champion(Path("models/1")), candidate(Path("models/2"))
    found, out, _ = evaluated(window=WEEK, model=old, candidate=new)
    golden(name, out)
    assert found is code


def test_rows_of_other_versions_are_told() -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(versioned()))
    found, out, _ = evaluated(window=WEEK, model="s3://models/clicks/7")
    golden("versions", out)
    assert found is Exit.OK


def test_without_a_model_nobody_knows_which_version_counts() -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(versioned()))
    found, _, err = evaluated(window=WEEK)
    assert found is Exit.USAGE
    assert "give its URI with --model" in " ".join(err.split())


def test_what_is_known_of_a_model_is_written_too() -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(healthy()))
    old, new = models.good(Path("models/1")), models.blind(Path("models/2"))
    evaluated(window=WEEK, model=old, candidate=new, json_file=Path("result.json"))
    result = json.loads(Path("result.json").read_text())
    assert result["model"]["kind"].startswith("sklearn.pipeline.Pipeline ")
    assert result["candidate"]["kind"].startswith("sklearn.linear_model.LogisticRegression ")


def test_a_candidate_that_was_trained_on_the_window_is_no_evidence() -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(healthy()))
    new = models.good(Path("models/2"))
    found, out, _ = evaluated(window=WEEK, candidate=new, trained_through=datetime(2013, 2, 20, tzinfo=UTC))
    golden("no-evidence", out)
    assert found is Exit.NOTHING_SAID


def test_a_candidate_can_be_compared_with_predictions_that_an_unknown_model_logged() -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(healthy()))
    found, out, err = evaluated(window=WEEK, candidate=models.blind(Path("models/2")))
    assert found is Exit.FAIL
    assert "(logged predictions)" in out
    assert "does not load" not in err


def test_the_result_is_written_as_json() -> None:
    Path("monitor.yaml").write_text(yaml.safe_dump(healthy()))
    evaluated(window=WEEK, json_file=Path("result.json"))
    result = json.loads(Path("result.json").read_text())
    assert (result["verdict"], result["metrics"][0]["name"]) == ("Pass", "f1")


@pytest.mark.parametrize(
    ("change", "request_", "code", "says"),
    [
        pytest.param(
            {},
            {"window": date(2013, 2, 5)},
            Exit.USAGE,
            "one on 2013-02-04 and the next on 2013-02-11",
            id="no window starts there",
        ),
        pytest.param({"uri": "nowhere"}, {}, Exit.NOT_MEASURED, "nowhere is not a folder", id="no such data"),
        pytest.param({"predictions": {"model": {}}}, {}, Exit.USAGE, "give its URI with --model", id="no model given"),
        pytest.param(
            {"predictions": {"model": {}}},
            {"model": "nowhere"},
            Exit.NOT_MEASURED,
            "there is no model.joblib",
            id="no model there",
        ),
        pytest.param({"label": "truth"}, {}, Exit.NOT_MEASURED, 'column "truth" is not in', id="no such column"),
    ],
)
def test_what_cannot_be_measured_is_told(
    change: dict[str, Any], request_: dict[str, Any], code: Exit, says: str
) -> None:
    given = healthy()
    data = given["spec"]["data"]
    data["current"]["files"]["uri"] = change.get("uri", "data")
    data["predictions"] = change.get("predictions", {"column": {}})
    data["columns"]["label"] = change.get("label", "label")
    Path("monitor.yaml").write_text(yaml.safe_dump(given))
    found, out, err = evaluated(**({"window": WEEK} | request_))
    assert (found, out) == (code, "")
    assert says in " ".join(err.split())
    assert "Traceback" not in err
