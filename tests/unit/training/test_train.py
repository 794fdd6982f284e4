"""A training from rows to a folder: what it is fitted on, and with which labels."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.models import load_model
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.training.contract import Choices, Order
from tests.unit.evaluation import models
from tests.unit.evaluation.conftest import Store
from tests.unit.evaluation.test_labels_apart import write_apart
from tests.unit.evaluation.worlds import FIRST, rows_of_day, write, write_days
from tests.unit.training.orders import END, START, order, run, spec_for


@pytest.fixture
def world(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", 10)
    models.good(tmp_path / "champion")
    return tmp_path


def rewrite(folder: Path, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Write the first week's rows otherwise."""
    for number in range(7):
        day = FIRST + timedelta(days=number)
        write(folder / "data", day, change(rows_of_day(day)))


def week() -> pd.DataFrame:
    return pd.concat([pd.DataFrame(rows_of_day(FIRST + timedelta(days=day))) for day in range(7)])


def estimator(folder: Path) -> Any:
    return joblib.load(folder / "model.joblib")


def test_the_champions_own_pipeline_is_refitted_on_the_rows_of_the_training_window(world: Path) -> None:
    trained = run(order(world))
    old, new = estimator(world / "champion"), estimator(world / "new")
    rows = week()
    expected = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["x", "y"]], rows["label"])
    np.testing.assert_allclose(new[-1].coef_, expected[-1].coef_)
    assert not np.allclose(new[-1].coef_, old[-1].coef_)
    assert trained.metrics["rows"] == 420
    assert trained.trained_through == "2013-02-11T04:36:00Z", "the newest event that was trained on"
    assert trained.model_uri == str(world / "new")


def test_the_result_is_told_beside_the_model_too(world: Path) -> None:
    trained = run(order(world))
    assert json.loads((world / "new" / "result.json").read_text()) == trained.document()


def test_both_models_are_measured_on_the_newest_rows_before_the_last_fit(world: Path) -> None:
    trained = run(order(world, choices=Choices(held_out=0.25)))
    rows = week()
    earlier, later = rows[:315], rows[315:]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(earlier[["x", "y"]], earlier["label"])
    assert trained.metrics["heldOutRows"] == 105
    for name, model in (("f1", fitted), ("champion.f1", estimator(world / "champion"))):
        assert trained.metrics[name] == pytest.approx(f1_score(later["label"], model.predict(later[["x", "y"]])))


def test_files_in_any_order_give_the_same_model(world: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    shuffled = tmp_path_factory.mktemp("shuffled")
    models.good(shuffled / "champion")
    random = np.random.default_rng(0)
    for number in range(10):
        day = FIRST + timedelta(days=number)
        rows, place = rows_of_day(day), random.permutation(60)
        for part in range(3):
            some = {name: values[place[part::3]] for name, values in rows.items()}
            write(shuffled / "data", day, some, f"{part}.parquet")
    digests = {run(order(folder)).model_uri for folder in (world, shuffled)}
    assert len({load_model(uri, {}).digest for uri in digests}) == 1


def test_without_held_out_rows_nothing_is_measured(world: Path) -> None:
    trained = run(order(world, choices=Choices(held_out=0)))
    assert trained.metrics == {"rows": 420, "heldOutRows": 0}
    assert "No rows were held out." in (world / "new" / "model-card.md").read_text()


def test_rows_without_a_label_teach_nothing(world: Path) -> None:
    day = FIRST + timedelta(days=6)
    rows = rows_of_day(day)
    write(world / "data", day, rows | {"label": [None] * 30 + rows["label"].tolist()[:30]})
    assert run(order(world)).metrics["rows"] == 6 * 60 + 30
    assert "390 with a label; left out: 30 without" in (world / "new" / "model-card.md").read_text()


@pytest.mark.parametrize(
    "as_written",
    [
        pytest.param(lambda label: label.astype(float), id="floats, as pandas writes integers with gaps"),
        pytest.param(lambda label: label.astype(bool), id="booleans"),
        pytest.param(lambda label: label.astype(str), id="words"),
    ],
)
def test_the_new_model_has_the_champions_classes_however_the_labels_are_written(world: Path, as_written: Any) -> None:
    rewrite(world, lambda rows: rows | {"label": as_written(rows["label"])})
    run(order(world))
    old, new = estimator(world / "champion"), estimator(world / "new")
    assert new.classes_.dtype == old.classes_.dtype
    assert new.classes_.tolist() == [0, 1]


def test_labels_that_arrive_apart_are_joined_as_in_an_evaluation(world: Path) -> None:
    apart = write_apart(world, 10)
    together = run(order(world))
    joined = run(
        order(world, output_uri=str(world / "joined"), monitored={"data": world / "rows", "labels": apart}),
    )
    assert joined.metrics == together.metrics
    assert load_model(str(world / "joined"), {}).digest == load_model(str(world / "new"), {}).digest


def test_texts_as_codes_in_one_file_and_as_they_are_in_another_go_together(world: Path) -> None:
    def with_place(rows: dict[str, Any]) -> dict[str, Any]:
        place = pa.array(["north", "south"] * 30)
        coded = rows["at"][0] > np.datetime64("2013-02-08")
        return rows | {"place": place.dictionary_encode() if coded else place}

    rewrite(world, with_place)
    rows = models.past()
    models.save(LogisticRegression().fit(rows[["x"]], rows["label"]), world / "champion")
    monitored = {"metrics": [{"name": "selection_rate_difference", "between": "place", "max": 0.9, "minimumRows": 10}]}
    assert "selection_rate_difference" in run(order(world, monitored=monitored)).metrics


MANY = {"task": "MulticlassClassification", "classes": ["low", "middle", "high"]}


def three_classes(rows: dict[str, Any]) -> dict[str, Any]:
    return rows | {"label": np.asarray(["low", "middle", "high"])[np.digitize(rows["x"], [-0.5, 0.5])]}


def test_many_classes_also_one_that_the_champion_never_saw(world: Path) -> None:
    rewrite(world, three_classes)
    rows = models.past()
    models.save(LogisticRegression().fit(rows[["x"]], np.where(rows["x"] > 0, "middle", "low")), world / "champion")
    monitored = {
        "model": MANY,
        "columns": {"score": None},
        "metrics": [{"name": "f1_macro", "min": 0.2}],
        "challenger": {"metric": "f1_macro"},
    }
    trained = run(order(world, monitored=monitored))
    assert load_model(trained.model_uri, {}).classes == ("high", "low", "middle")
    assert trained.metrics["f1_macro"] > 0.8 > trained.metrics["champion.f1_macro"]


def test_a_regression(world: Path) -> None:
    rewrite(world, lambda rows: rows | {"label": 3 * rows["x"] + rows["y"]})
    rows = models.past()
    models.save(LinearRegression().fit(rows[["x", "y"]], rows["x"]), world / "champion")
    monitored = {
        "model": {"task": "Regression"},
        "columns": {"score": None},
        "metrics": [{"name": "mean_absolute_error", "max": 1}],
        "challenger": {"metric": "r2"},
    }
    trained = run(order(world, monitored=monitored))
    assert trained.metrics["r2"] == pytest.approx(1)
    assert trained.metrics["mean_absolute_error"] == pytest.approx(0, abs=1e-9)
    np.testing.assert_allclose(estimator(world / "new").coef_, [3, 1])


def test_a_model_that_was_fitted_on_a_bare_array_is_fitted_on_one_again(world: Path) -> None:
    rows = models.past()
    models.save(LogisticRegression().fit(rows[["x", "y"]].to_numpy(), rows["label"]), world / "champion")
    (world / "champion" / "signature.json").write_text('{"columns": ["x", "y"], "classes": ["0", "1"]}')
    run(order(world))
    new = load_model(str(world / "new"), {})
    assert (new.columns, new.classes) == (("x", "y"), ("0", "1"))
    assert not hasattr(estimator(world / "new"), "feature_names_in_")


def test_classes_that_only_the_signature_names_keep_their_names(world: Path) -> None:
    rewrite(world, lambda rows: rows | {"label": np.where(rows["label"], "late", "on time")})
    (world / "champion" / "signature.json").write_text('{"classes": ["on time", "late"]}')
    trained = run(order(world, monitored={"model": {"positiveClass": "late"}}))
    assert load_model(trained.model_uri, {}).classes == ("on time", "late")
    assert estimator(world / "new").classes_.tolist() == [0, 1]


def test_dates_are_days_of_the_monitors_time_zone(world: Path) -> None:
    rewrite(world, lambda rows: rows | {"at": rows["at"].astype("datetime64[D]")})
    first = FIRST + timedelta(days=1)
    only: dict[str, Any] = {
        "start": datetime(2013, 2, 5, 5, tzinfo=START.tzinfo),
        "end": datetime(2013, 2, 6, 5, tzinfo=START.tzinfo),
    }
    write(world / "data", first, rows_of_day(first) | {"at": np.full(60, np.datetime64("2013-02-05", "D"))})
    trained = run(order(world, choices=Choices(minimum_rows=10), **only))
    assert trained.trained_through == "2013-02-05T05:00:00Z", "midnight in New York"
    assert trained.metrics["heldOutRows"] == 0, "rows of one instant are not split"


def test_from_a_store_into_a_store(world: Path, store: Store) -> None:
    for name in ("data", "champion"):
        folder = open_folder(f"s3://{store.bucket}/train/{name}", Purpose.DATA, store.environ())
        for path in (world / name).rglob("*.*"):
            if path.is_file():
                folder.write(path.relative_to(world / name).as_posix(), path.read_bytes())
    uri = f"s3://{store.bucket}/train/"
    given = Order(f"{uri}champion", f"{uri}new/1-0/", START, END, spec_for(f"{uri}data"))
    trained = run(given, store.environ())
    model = load_model(trained.model_uri, store.environ())
    rows = pd.DataFrame(rows_of_day(FIRST + timedelta(days=8), rows=2000))
    scores = model.probabilities(pa.RecordBatch.from_pandas(rows), "here")[:, 1]
    assert roc_auc_score(rows["label"], scores) > 0.7
    assert run(given, store.environ()) == trained


def test_a_store_that_refuses_to_be_written_is_known_before_anything_is_fitted(world: Path, store: Store) -> None:
    said: list[str] = []
    given = order(world, output_uri=f"s3://{store.bucket}/train/refused/")
    with pytest.raises(EvaluationError) as caught:
        run(given, store.environ("reader"), said=said)
    assert caught.value.reason == "StorageRefused"
    assert "AWS_ACCESS_KEY_ID" in caught.value.message
    assert not any("fitting" in line for line in said)
