"""A whole evaluation whose labels arrive apart from its rows."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import EvaluationResult, Look, Verdict
from modelmonitor.evaluation.errors import DataError, ResourceError
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.limits import UNLIMITED, Limits
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.evaluation import models
from tests.unit.evaluation.conftest import Store
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, rows_of_day, write, write_days

KEYS = ["user", "click"]


def run(given: EvaluationInput, limits: Limits = UNLIMITED, said: list[str] | None = None) -> EvaluationResult:
    lines = [] if said is None else said
    return evaluate(given, environ={}, now=NOW, progress=lines.append, limits=limits)


def write_apart(folder: Path, days: int, *, share: float = 1.0, name: str = "label") -> dict[str, Any]:
    """Rows without labels and the labels of a `share` of each day's rows, a day later; what to put into `labels`."""
    for number in range(days):
        day = FIRST + timedelta(days=number)
        rows = rows_of_day(day)
        count = len(rows["x"])
        key = {"user": [f"ü{row % 7}" for row in range(count)], "click": [number * 1000 + row for row in range(count)]}
        label = rows.pop("label")
        write(folder / "rows", day, rows | key)
        there = int(count * share)
        apart: dict[str, Any] = key | {name: label}
        labels = {name: values[:there] for name, values in apart.items()}
        labels["landed"] = pa.array([datetime(2013, 3, 1)] * there, pa.timestamp("us"))
        write(folder / "labels", day + timedelta(days=1), labels)
    return {"files": {"uri": str(folder / "labels"), "partitioning": "Hive"}, "join": KEYS, "timestamp": "landed"}


def test_the_result_is_that_of_labels_that_stand_with_the_rows(tmp_path: Path) -> None:
    write_days(tmp_path / "together", 10)
    together = run(input_for(tmp_path / "together"))
    apart = run(input_for(tmp_path / "rows", labels=write_apart(tmp_path, 10)))
    assert apart.model_copy(update={"seconds": together.seconds}) == together


def test_labels_that_are_still_missing_are_waited_for(tmp_path: Path) -> None:
    labels = write_apart(tmp_path, 8, share=0.5) | {"maximumDelay": "30d"}
    result = run(input_for(tmp_path / "rows", labels=labels))
    assert (result.look, result.reason, result.coverage) == (Look.IMMATURE, "LabelsMissing", 0.5)


def test_a_model_that_is_loaded_scores_joined_rows(tmp_path: Path) -> None:
    model = models.good(tmp_path / "model")
    labels = write_apart(tmp_path, 8)
    result = run(input_for(tmp_path / "rows", labels=labels, predictions=LOADED, champion=model))
    assert (result.look, result.rows, result.coverage) == (Look.JUDGED, 420, 1.0)


def test_a_feature_of_the_labels_name_is_refused(tmp_path: Path) -> None:
    labels = write_apart(tmp_path, 8, name="score")
    with pytest.raises(DataError) as error:
        run(input_for(tmp_path / "rows", labels=labels, columns={"label": "score"}))
    assert error.value.reason == "LabelAmbiguous"
    assert 'data.columns.label: "score" is read from data.labels.files' in error.value.message


def test_what_was_joined_is_told_and_in_the_report(tmp_path: Path) -> None:
    labels = write_apart(tmp_path, 8)
    said: list[str] = []
    given = input_for(tmp_path / "rows", labels=labels, reports={"uri": str(tmp_path / "reports")})
    result = run(given, said=said)
    assert result.verdict is Verdict.PASS
    report = json.loads((tmp_path / "reports/shop/clicks/clicks-e-1.json").read_text())
    assert report["reading"]["join"] == {
        "labels": 480, "keys": 480, "rowsWithoutKey": 0, "repeatedRows": 0, "partitions": 1,
    }  # fmt: skip
    assert report["reading"]["expected"]["rows"] == 420
    assert any("480 labels read for 480 keys" in line for line in said)
    assert any("expect" in line and "of memory at most" in line for line in said)


def test_little_memory_takes_partitions_or_ends_with_the_number(tmp_path: Path) -> None:
    given = input_for(tmp_path / "rows", labels=write_apart(tmp_path, 8))
    with pytest.raises(ResourceError) as error:
        run(given, Limits(memory=32 * 1024 * 1024))
    assert error.value.reason == "MemoryTooSmall"
    for part in ("the memory limit is 32 MiB", "spec.jobs.resources.limits.memory", "Mi or more"):
        assert part in error.value.message


def test_labels_in_a_store_are_read_with_their_own_credentials_or_those_of_the_data(
    tmp_path: Path, store: Store
) -> None:
    labels = write_apart(tmp_path, 8)
    environ = store.environ(prefix="MODELMONITOR_LABELS_")
    target = open_folder(f"s3://{store.bucket}/arrivals", Purpose.LABELS, environ)
    for path in sorted((tmp_path / "labels").rglob("*.parquet")):
        target.write(str(path.relative_to(tmp_path / "labels")), path.read_bytes())
    labels["files"] = {"uri": f"s3://{store.bucket}/arrivals", "partitioning": "Hive"}
    given = input_for(tmp_path / "rows", labels=labels)
    for prefix in ("MODELMONITOR_LABELS_", "MODELMONITOR_DATA_", ""):
        result = evaluate(given, environ=store.environ(prefix=prefix), now=NOW, progress=lambda line: None)
        assert result.coverage == 1.0
