import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelmonitor.api.monitor import Partitioning
from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.training.train import Order, Trained, order_from, train
from tests.unit.evaluation import models
from tests.unit.evaluation.conftest import Store
from tests.unit.evaluation.worlds import FIRST, NOW, rows_of_day, write, write_days

START = datetime(2013, 2, 4, 5, tzinfo=UTC)
END = datetime(2013, 2, 11, 5, tzinfo=UTC)


def order(folder: Path, **more: Any) -> Order:
    given: dict[str, Any] = {
        "champion_uri": str(folder / "champion"),
        "output_uri": str(folder / "new"),
        "start": START,
        "end": END,
        "data_uri": str(folder / "data"),
        "timestamp": "at",
        "label": "label",
        "partitioning": Partitioning.HIVE,
    }
    return Order(**(given | more))


def run(given: Order, environ: dict[str, str] | None = None) -> Trained:
    return train(given, environ=environ or {}, now=NOW, progress=lambda line: None)


@pytest.fixture
def world(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", 10)
    models.good(tmp_path / "champion")
    return tmp_path


def test_the_champions_own_pipeline_is_refitted_on_the_rows_of_the_training_window(world: Path) -> None:
    trained = run(order(world))
    old, new = (joblib.load(world / name / "model.joblib") for name in ("champion", "new"))
    rows = pd.concat([pd.DataFrame(rows_of_day(FIRST + timedelta(days=day))) for day in range(7)])
    expected = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["x", "y"]], rows["label"])
    np.testing.assert_allclose(new[-1].coef_, expected[-1].coef_)
    assert not np.allclose(new[-1].coef_, old[-1].coef_)
    assert trained.metrics["rows"] == 420
    assert trained.trained_through == "2013-02-11T04:36:00Z", "the newest event that was trained on"
    assert trained.model_uri == str(world / "new")


def test_the_result_is_told_beside_the_model_too(world: Path) -> None:
    trained = run(order(world))
    assert json.loads((world / "new" / "result.json").read_text()) == trained.document()


def test_rows_without_a_label_teach_nothing(world: Path) -> None:
    day = FIRST + timedelta(days=6)
    rows = rows_of_day(day)
    write(world / "data", day, rows | {"label": [None] * 30 + rows["label"].tolist()[:30]})
    assert run(order(world)).metrics["rows"] == 6 * 60 + 30


@pytest.mark.parametrize(
    "as_written",
    [
        pytest.param(lambda label: label.astype(float), id="floats, as pandas writes integers with gaps"),
        pytest.param(lambda label: label.astype(bool), id="booleans"),
        pytest.param(lambda label: label.astype(str), id="words"),
    ],
)
def test_the_new_model_has_the_champions_classes_however_the_labels_are_written(world: Path, as_written: Any) -> None:
    for number in range(7):
        day = FIRST + timedelta(days=number)
        rows = rows_of_day(day)
        write(world / "data", day, rows | {"label": as_written(rows["label"])})
    run(order(world))
    old, new = (joblib.load(world / name / "model.joblib") for name in ("champion", "new"))
    assert new.classes_.dtype == old.classes_.dtype
    assert new.classes_.tolist() == [0, 1]


def test_a_pod_that_died_before_it_was_done_is_run_again(world: Path) -> None:
    run(order(world))
    (world / "new" / "result.json").unlink()
    (world / "new" / "model.joblib").write_bytes(b"half a model")
    run(order(world))
    assert joblib.load(world / "new" / "model.joblib").classes_.tolist() == [0, 1]


def test_an_attempt_that_is_done_is_told_again_and_its_model_not_touched(world: Path) -> None:
    first = run(order(world))
    before = (world / "new" / "model.joblib").stat()
    assert run(order(world)) == first
    assert (world / "new" / "model.joblib").stat() == before


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"start": START + timedelta(days=1)}, id="another training window"),
        pytest.param({"label": "said"}, id="another label"),
    ],
)
def test_a_folder_with_another_attempts_model_is_never_overwritten(world: Path, other: dict[str, Any]) -> None:
    run(order(world))
    before = (world / "new" / "model.joblib").read_bytes()
    with pytest.raises(EvaluationError) as caught:
        run(order(world, **other))
    assert caught.value.reason == "OutputTaken"
    assert (world / "new" / "model.joblib").read_bytes() == before


def test_the_champions_own_folder_is_never_overwritten(world: Path) -> None:
    before = (world / "champion" / "model.joblib").read_bytes()
    with pytest.raises(EvaluationError) as caught:
        run(order(world, output_uri=str(world / "champion" / "..") + "/champion/"))
    assert caught.value.reason == "OutputTaken"
    assert (world / "champion" / "model.joblib").read_bytes() == before


MORNING = {"start": START - timedelta(days=9), "end": START + timedelta(hours=1)}
LONG_AGO = {"start": datetime(2012, 1, 1, tzinfo=UTC), "end": datetime(2012, 2, 1, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("more", "reason", "says"),
    [
        pytest.param(MORNING, "OneClassOnly", "class 0", id="one class"),
        pytest.param(LONG_AGO, "NothingToTrainOn", "no labelled row", id="no rows"),
        pytest.param({"end": START}, "NothingToTrainOn", "before it starts", id="an empty training window"),
        pytest.param({"label": "truth"}, "ColumnMissing", '--label: column "truth"', id="no such column"),
        pytest.param({"label": "x"}, "LabelUnknown", "but the classes of the model", id="not a label"),
        pytest.param({"champion_uri": "/no/such/model"}, "ModelNotFound", "model.joblib", id="no champion"),
        pytest.param({"data_uri": "/no/such/data"}, "FolderNotFound", "/no/such/data", id="no data"),
    ],
)
def test_what_cannot_be_trained_on_is_told(world: Path, more: dict[str, Any], reason: str, says: str) -> None:
    day = FIRST
    rows = rows_of_day(day)
    write(world / "data", day, rows | {"label": np.where(np.arange(60) < 10, 0, rows["label"])})
    with pytest.raises(EvaluationError) as caught:
        run(order(world, **more))
    assert caught.value.reason == reason
    assert says in caught.value.message
    assert not (world / "new").exists()


def test_from_a_store_into_a_store(world: Path, store: Store) -> None:
    for name in ("data", "champion"):
        folder = open_folder(f"s3://{store.bucket}/train/{name}", Purpose.DATA, store.environ())
        for path in (world / name).rglob("*.*"):
            if path.is_file():
                folder.write(path.relative_to(world / name).as_posix(), path.read_bytes())
    uri = f"s3://{store.bucket}/train/"
    given = order(world, champion_uri=f"{uri}champion", output_uri=f"{uri}new/1-0/", data_uri=f"{uri}data")
    trained = run(given, store.environ())
    content = open_folder(trained.model_uri, Purpose.MODEL, store.environ()).read("model.joblib")
    assert content is not None
    (world / "fetched.joblib").write_bytes(content)
    model = joblib.load(world / "fetched.joblib")
    rows = pd.DataFrame(rows_of_day(FIRST + timedelta(days=8), rows=2000))
    assert roc_auc_score(rows["label"], model.predict_proba(rows[["x", "y"]])[:, 1]) > 0.7


ENVIRON = {
    "MODELMONITOR_CHAMPION_URI": "s3://models/1/",
    "MODELMONITOR_OUTPUT_URI": "s3://models/flights/1-0/",
    "MODELMONITOR_TRAIN_START": "2013-02-04T05:00:00Z",
    "MODELMONITOR_TRAIN_END": "2013-02-11T05:00:00Z",
}
OPTIONS: dict[str, str | None] = {"data_uri": "s3://lake/", "timestamp": "at", "label": "late"}


def test_what_the_operator_sets_and_what_the_template_says_make_an_order() -> None:
    given = order_from(OPTIONS, ENVIRON)
    assert (given.start, given.end, given.partitioning) == (START, END, Partitioning.FLAT)
    assert (given.champion_uri, given.data_uri, given.label) == ("s3://models/1/", "s3://lake/", "late")


def test_an_option_comes_before_the_environment() -> None:
    given = order_from(OPTIONS | {"start": "2013-01-01", "end": "2013-02-01", "partitioning": "Hive"}, ENVIRON)
    assert (given.start, given.end) == (datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 2, 1, tzinfo=UTC))
    assert given.partitioning is Partitioning.HIVE


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param({"label": None}, "--label is missing; give it, or set MODELMONITOR_DATA_LABEL", id="no label"),
        pytest.param({"start": "yesterday"}, "--train-start: 'yesterday' is not a time", id="not a time"),
        pytest.param({"partitioning": "Daily"}, "--partitioning: 'Daily' is neither Flat nor Hive", id="no layout"),
    ],
)
def test_an_order_that_cannot_be_is_told(options: dict[str, str | None], says: str) -> None:
    with pytest.raises(EvaluationError, match=says):
        order_from(OPTIONS | options, ENVIRON)
