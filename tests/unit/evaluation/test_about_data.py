"""Drift and data quality of a window, from files to the result."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import f1_score, roc_auc_score

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import DriftScore, EvaluationResult, Look, Verdict
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation.worlds import FIRST, NOW, input_for, rows_of_day, write

REFERENCE: dict[str, Any] = {"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=28))}}
PSI: dict[str, Any] = {"method": "psi", "max": 0.2}
BEGINS = 28
"""The day of the window, number 4."""


def world(folder: Path, change: Any = None, days: int = 36, rows: int = 200) -> None:
    """Four weeks of reference, and a week in which something may have changed."""
    for k in range(days):
        day = FIRST + timedelta(days=k)
        found = rows_of_day(day, rows)
        carriers = np.random.default_rng(k).choice(["UA", "AA", "B6"], rows, p=[0.6, 0.3, 0.1])
        found |= {"carrier": list(carriers)}
        del found["said"]
        write(folder, day, change(found) or found if change is not None and k >= BEGINS else found)


def given(folder: Path, **more: Any) -> EvaluationInput:
    return input_for(folder, index=4, **({"reference": REFERENCE, "drift": {"features": PSI}} | more))


def run(given: EvaluationInput, said: list[str] | None = None) -> EvaluationResult:
    return evaluate(given, environ={}, now=NOW, progress=(said if said is not None else []).append)


def alone(given: EvaluationInput) -> EvaluationInput:
    """A look at the data alone, before labels are there."""
    return given.model_copy(update={"metrics": ()})


def scores(result: EvaluationResult) -> dict[str, DriftScore]:
    assert result.drift is not None
    return {score.name: score for score in result.drift.scores}


def shifted(rows: dict[str, Any]) -> None:
    rows["x"] = rows["x"] + 1
    rows["score"] = np.clip(rows["score"] + 0.2, 0, 1)


def test_nothing_has_changed_and_nothing_is_said_to_have(tmp_path: Path) -> None:
    world(tmp_path)
    result = run(given(tmp_path, quality={"missing": {"max": 0.01}}))
    assert (result.verdict, result.drift and result.drift.verdict) == (Verdict.PASS, Verdict.PASS)
    assert (result.drift and result.drift.features, result.drift and result.drift.drifted) == (3, 0)
    assert (result.quality and result.quality.verdict, result.quality and result.quality.findings) == (Verdict.PASS, ())


@pytest.mark.parametrize("method", ["psi", "js", "hellinger", "tv", "ks", "wasserstein"])
def test_a_shifted_feature_is_far_beyond_chance_and_the_others_are_not(tmp_path: Path, method: str) -> None:
    world(tmp_path, shifted)
    found = scores(run(given(tmp_path, drift={"features": {"method": method, "max": 0.15, "share": 0.5}})))
    assert found["x"].verdict is Verdict.WARN
    assert {found[name].verdict for name in ("y", "carrier")} == {Verdict.PASS}
    for name, beyond in (("x", True), ("y", False), ("carrier", False)):
        score = found[name]
        assert score.value is not None
        assert score.expected is not None
        assert (score.value > 4 * score.expected) == beyond
    assert found["carrier"].method == ("tv" if method in {"ks", "wasserstein"} else method)


@pytest.mark.parametrize("method", ["ks", "chi2"])
def test_a_shifted_feature_is_found_by_a_test(tmp_path: Path, method: str) -> None:
    world(tmp_path, shifted)
    found = scores(run(given(tmp_path, drift={"features": {"method": method, "alpha": 0.01}})))
    assert {name: score.verdict for name, score in found.items()} == {
        "x": Verdict.WARN,
        "y": Verdict.PASS,
        "carrier": Verdict.PASS,
    }
    assert (found["x"].p_value or 0.0) < 1e-4
    assert found["carrier"].method == "chi2"


@pytest.mark.parametrize(
    ("severity", "share", "drift", "trips"),
    [
        pytest.param("Warn", 0.3, Verdict.WARN, False, id="a third drifted, more than the share"),
        pytest.param("Warn", 0.34, Verdict.PASS, False, id="a third drifted, not more than the share"),
        pytest.param("Fail", 0.3, Verdict.FAIL, False, id="severity Fail"),
        pytest.param("Trip", 0.3, Verdict.FAIL, True, id="severity Trip"),
        pytest.param("Trip", 0.9, Verdict.PASS, False, id="severity Trip, not more than the share"),
    ],
)
def test_drift_never_changes_what_the_metrics_say(
    tmp_path: Path, severity: str, share: float, drift: Verdict, trips: bool
) -> None:
    world(tmp_path, shifted)
    spec = {"features": PSI | {"severity": severity, "share": share}}
    result = run(given(tmp_path, drift=spec))
    assert result.drift is not None
    assert (result.drift.verdict, result.drift.trips, result.drift.drifted) == (drift, trips, 1)
    assert (result.verdict, result.reason) == (Verdict.PASS, "ObjectivesMet")
    by_itself = run(alone(given(tmp_path, drift=spec)))
    assert by_itself.verdict is drift


def test_the_drift_of_predictions_and_labels_comes_first(tmp_path: Path) -> None:
    world(tmp_path, shifted)
    drift = {"features": PSI, "prediction": PSI, "target": {"method": "chi2", "alpha": 0.01}}
    result = run(given(tmp_path, drift=drift))
    assert result.drift is not None
    assert [score.name for score in result.drift.scores] == ["prediction", "target", "x", "carrier", "y"] or [
        score.name for score in result.drift.scores
    ] == ["prediction", "target", "x", "y", "carrier"]
    assert scores(result)["prediction"].verdict is Verdict.WARN
    assert scores(result)["target"].verdict is Verdict.PASS


def test_a_look_at_the_data_alone_takes_no_labels(tmp_path: Path) -> None:
    def unlabelled(rows: dict[str, Any]) -> None:
        del rows["label"]

    world(tmp_path, unlabelled)
    drift = {"features": PSI, "prediction": PSI, "target": {"method": "chi2", "alpha": 0.01}}
    result = run(alone(given(tmp_path, drift=drift, quality={"changedSchema": "Ignore"})))
    assert (result.look, result.verdict, result.reason) == (Look.JUDGED, Verdict.PASS, "DataAsExpected")
    assert (result.rows, result.coverage) == (1400, None)
    assert "target" not in scores(result)


def test_performance_is_estimated_from_scores_before_labels_are_there(tmp_path: Path) -> None:
    """Harder rows (scores near the threshold), without a single label: the estimates see it."""

    def harder(rows: dict[str, Any]) -> None:
        keep = np.argsort(np.abs(rows["score"] - 0.45))[:120]
        for name in ("x", "y", "score", "label"):
            rows[name] = np.resize(rows[name][keep], 200)

    world(tmp_path, harder)
    result = run(alone(given(tmp_path, drift={"prediction": PSI})))
    week = [rows_of_day(FIRST + timedelta(days=k), 200) for k in range(BEGINS, BEGINS + 7)]
    for rows in week:
        harder(rows)
    label, score = (np.concatenate([rows[name] for rows in week]) for name in ("label", "score"))
    estimated = {metric.name: metric for metric in result.metrics}
    assert estimated["estimated_f1"].value == pytest.approx(f1_score(label, score >= 0.5), abs=0.05)
    assert estimated["estimated_roc_auc"].value == pytest.approx(roc_auc_score(label, score), abs=0.05)
    assert {metric.reason for metric in result.metrics} == {"Estimate"}
    assert {metric.verdict for metric in result.metrics} == {Verdict.PASS}


def lost(rows: dict[str, Any]) -> None:
    rows["y"] = [None if k < 40 else value for k, value in enumerate(rows["y"])]


def unseen(rows: dict[str, Any]) -> None:
    rows["carrier"][0] = "ZZ"


def beyond(rows: dict[str, Any]) -> None:
    rows["x"][:5] = 1e6


def constant(rows: dict[str, Any]) -> None:
    rows["y"] = np.full(200, 0.5)


def removed(rows: dict[str, Any]) -> None:
    del rows["y"]


def added(rows: dict[str, Any]) -> None:
    rows["z"] = rows["y"]


def retyped(rows: dict[str, Any]) -> None:
    rows["y"] = [str(value) for value in rows["y"]]


@pytest.mark.parametrize(
    ("change", "quality", "check", "column", "share", "verdict"),
    [
        pytest.param(
            lost, {"missing": {"max": 0.1, "severity": "Fail"}}, "Missing", "y", 0.2, Verdict.FAIL, id="missing"
        ),
        pytest.param(lost, {"missing": {"max": 0.2}}, None, None, None, Verdict.PASS, id="as many missing as may be"),
        pytest.param(unseen, {}, "UnseenCategories", "carrier", 0.005, Verdict.WARN, id="a category never seen"),
        pytest.param(
            unseen, {"unseenCategories": "Fail"}, "UnseenCategories", "carrier", 0.005, Verdict.FAIL, id="Fail"
        ),
        pytest.param(unseen, {"unseenCategories": "Ignore"}, None, None, None, Verdict.PASS, id="Ignore"),
        pytest.param(beyond, {}, "OutOfRange", "x", 0.025, Verdict.WARN, id="out of range"),
        pytest.param(constant, {}, "Constant", "y", 1.0, Verdict.WARN, id="constant"),
        pytest.param(removed, {}, "ColumnRemoved", "y", 1.0, Verdict.WARN, id="a column is gone"),
        pytest.param(added, {}, "ColumnAdded", "z", 1.0, Verdict.WARN, id="a column is new"),
        pytest.param(retyped, {"changedSchema": "Fail"}, "ColumnRetyped", "y", 1.0, Verdict.FAIL, id="another type"),
    ],
)
def test_a_finding_about_the_data(
    tmp_path: Path,
    change: Any,
    quality: dict[str, Any],
    check: str | None,
    column: str | None,
    share: float | None,
    verdict: Verdict,
) -> None:
    world(tmp_path, change)
    result = run(given(tmp_path, drift=None, quality=quality))
    assert result.quality is not None
    assert result.quality.verdict is verdict
    assert [(one.check, one.column) for one in result.quality.findings] == ([] if check is None else [(check, column)])
    assert [one.value for one in result.quality.findings] == ([] if share is None else [pytest.approx(share)])
    assert (result.verdict, result.reason) == (Verdict.PASS, "ObjectivesMet")
    assert run(alone(given(tmp_path, drift=None, quality=quality))).verdict is verdict


def renamed(rows: dict[str, Any]) -> None:
    added(rows)
    removed(rows)


@pytest.mark.parametrize(
    ("change", "quality", "said"),
    [
        pytest.param(None, {}, "", id="nothing"),
        pytest.param(lost, {}, "", id="missing values are no other schema"),
        pytest.param(renamed, {}, "added z; removed y", id="a column is new and one is gone"),
        pytest.param(retyped, {}, "retyped y (double to string)", id="another type"),
        pytest.param(renamed, {"changedSchema": "Ignore"}, None, id="nobody wants to know"),
    ],
)
def test_how_the_schema_differs_from_the_references_is_told_in_words(
    tmp_path: Path, change: Any, quality: dict[str, Any], said: str | None
) -> None:
    world(tmp_path, change)
    result = run(given(tmp_path, drift=None, quality=quality))
    assert result.quality is not None
    assert result.quality.schema_changes == said


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(removed, "ColumnMissing", id="a column is gone"),
        pytest.param(retyped, "TypeChanged", id="a column is of another type"),
    ],
)
def test_a_feature_that_cannot_be_compared_is_insufficient_and_no_error(
    tmp_path: Path, change: Any, reason: str
) -> None:
    world(tmp_path, change)
    result = run(given(tmp_path))
    assert (scores(result)["y"].verdict, scores(result)["y"].reason) == (Verdict.INSUFFICIENT, reason)
    assert result.drift is not None
    assert result.drift.features == 2


def test_too_few_rows_are_not_judged(tmp_path: Path) -> None:
    world(tmp_path, rows=12)
    result = run(given(tmp_path))
    assert {score.reason for score in scores(result).values()} == {"TooFewRows"}
    assert result.drift is not None
    assert result.drift.verdict is Verdict.INSUFFICIENT
    by_itself = run(alone(given(tmp_path)))
    assert (by_itself.verdict, by_itself.reason) == (Verdict.INSUFFICIENT, "DriftNotMeasured")


def test_a_feature_without_bounds_goes_beyond_its_range_by_chance_and_that_is_no_finding(tmp_path: Path) -> None:
    """Of 2,800 new normal numbers some lie beyond the extremes of 5,600 old ones more often than not."""
    found = 0
    for seed in range(10):
        world(tmp_path / str(seed), lambda rows, seed=seed: rows | {"y": np.random.default_rng(seed).normal(size=200)})
        result = run(given(tmp_path / str(seed), drift=None, quality={}))
        assert result.quality is not None
        found += len(result.quality.findings)
    assert found == 0


def test_without_a_reference_missing_values_are_found_all_the_same(tmp_path: Path) -> None:
    world(tmp_path, lost)
    none = {"unseenCategories": "Ignore", "outOfRange": "Ignore", "changedSchema": "Ignore"}
    result = run(given(tmp_path, reference=None, drift=None, quality=none | {"missing": {"max": 0.1}}))
    assert result.quality is not None
    assert [(one.check, one.column) for one in result.quality.findings] == [("Missing", "y")]


def test_events_later_than_now_are_a_finding(tmp_path: Path) -> None:
    world(tmp_path)
    day = datetime(2050, 1, 1, tzinfo=UTC).date()
    write(tmp_path, FIRST + timedelta(days=35), rows_of_day(day, 10), "late.parquet")
    result = run(given(tmp_path, drift=None, quality={"changedSchema": "Ignore"}, partitioning="Flat"))
    assert result.quality is not None
    assert [one.check for one in result.quality.findings] == ["FutureRows"]


def test_a_reference_that_is_gone_does_not_keep_the_model_from_being_judged(tmp_path: Path) -> None:
    world(tmp_path)
    gone = {"window": {"start": "2012-01-01", "end": "2012-02-01"}}
    result = run(given(tmp_path, reference=gone))
    assert (result.verdict, result.drift) == (Verdict.PASS, None)
    assert (
        "nothing is compared with the reference (drift, quality, segments): data.reference: there is not one row"
        in result.message
    )
    with pytest.raises(DataError, match=r"data\.reference"):
        run(alone(given(tmp_path, reference=gone)))


def test_the_report_holds_all_scores_with_their_bounds_and_all_findings(tmp_path: Path) -> None:
    def many(rows: dict[str, Any]) -> None:
        rows |= {f"new {k}": rows["y"] for k in range(40)}

    world(tmp_path / "data", many)
    drift = {"features": {"method": "ks", "max": 0.1}}
    result = run(given(tmp_path / "data", drift=drift, quality={}, reports={"uri": str(tmp_path / "reports")}))
    assert result.quality is not None
    assert result.report_uri is not None
    assert len(result.quality.findings) == 16
    report = json.loads(Path(result.report_uri).read_text())
    assert len(report["data"]["quality"]["findings"]) == 40
    bounds = {score["name"]: score["bound"] for score in report["data"]["drift"]["scores"]}
    assert bounds.keys() == {"x", "y", "carrier"}
    assert all(bound < 0.002 for bound in bounds.values())
