"""What cannot be trained on: each is told with what to do, and leaves no model."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from modelmonitor.api.training import TrainingResult
from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.limits import Limits, memory_in_use
from modelmonitor.training.contract import (
    MESSAGE_LIMIT,
    Choices,
    Trained,
    failure_message,
    in_terms_of_training,
    success_message,
)
from tests.unit.evaluation import models
from tests.unit.evaluation.test_labels_apart import write_apart
from tests.unit.evaluation.worlds import FIRST, rows_of_day, write
from tests.unit.training.orders import START, order, run
from tests.unit.training.test_train import MANY, rewrite, three_classes, world

__all__ = ["world"]

MORNING = {"start": START - timedelta(days=9), "end": START + timedelta(hours=1)}
LONG_AGO = {"start": datetime(2012, 1, 1, tzinfo=UTC), "end": datetime(2012, 2, 1, tzinfo=UTC)}
FEW = Choices(minimum_rows=1)


@dataclass(frozen=True)
class Bad:
    """What is wrong, and what is said of it."""

    reason: str
    says: str
    order: dict[str, Any]
    change: Callable[[Path], object] = lambda folder: None


def rows_like(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[Path], object]:
    return lambda folder: rewrite(folder, change)


def champion(estimator: Any, label: Callable[[Any], Any] = lambda rows: rows["label"]) -> Callable[[Path], object]:
    rows = models.past()
    return lambda folder: models.save(estimator.fit(rows[["x", "y"]], label(rows)), folder / "champion")


def one_class_in_the_first_hour(folder: Path) -> None:
    rows = rows_of_day(FIRST)
    write(folder / "data", FIRST, rows | {"label": np.where(np.arange(60) < 10, 0, rows["label"])})


def of_another_version(folder: Path) -> None:
    (folder / "champion" / "model.joblib").write_bytes(b"\x80\x05garbage")


def with_lightgbms_own_file(folder: Path) -> None:
    import lightgbm  # noqa: PLC0415 - of one case

    rows = models.past()
    data = lightgbm.Dataset(rows[["x", "y"]], rows["label"])
    (folder / "champion" / "model.joblib").unlink()
    lightgbm.train({"objective": "binary", "verbose": -1}, data, 2).save_model(folder / "champion" / "model.txt")


def with_a_constant_that_is_no_class(folder: Path) -> None:
    rows = models.past()
    estimator = DummyClassifier(strategy="constant", constant=0).fit(rows[["x"]], rows["label"])
    models.save(estimator.set_params(constant=7), folder / "champion")


def gaps(rows: dict[str, Any]) -> dict[str, Any]:
    return rows | {"y": np.where(np.arange(60) % 20 == 0, np.nan, rows["y"])}


CASES = {
    "no rows": Bad("NothingToTrainOn", "there is no row in", LONG_AGO),
    "no labels": Bad(
        "NothingToTrainOn",
        "there is no labelled row in",
        {},
        rows_like(lambda rows: rows | {"label": pa.nulls(60, pa.int64())}),
    ),
    "an empty training window": Bad("NothingToTrainOn", "let --train-end", {"end": START}),
    "too few rows": Bad("TooFewRows", "420 rows from 2013-02-04T05:00:00Z", {"choices": Choices(minimum_rows=421)}),
    "one class": Bad(
        "OneClassOnly", "labelled rows from 2013-01-26", MORNING | {"choices": FEW}, one_class_in_the_first_hour
    ),
    "no such column of labels": Bad(
        "ColumnMissing",
        'data.columns.label: column "truth" is not in',
        {"monitored": {"columns": {"label": "truth"}}},
    ),
    "a column of the model is missing": Bad(
        "ColumnMissing",
        'column "y" is not in',
        {},
        rows_like(lambda rows: {name: values for name, values in rows.items() if name != "y"}),
    ),
    "labels that are no classes": Bad("NotBinary", "two", {"monitored": {"columns": {"label": "x"}}}),
    "another positive class": Bad(
        "PositiveClassNotFound",
        'model.positiveClass is "1"',
        {},
        rows_like(lambda rows: rows | {"label": np.where(rows["label"], "late", "early")}),
    ),
    "the champion knows other classes": Bad(
        "TrainerUnsuitable",
        "knows the classes 'a', 'b'",
        {},
        champion(LogisticRegression(), lambda rows: np.where(rows["label"], "a", "b")),
    ),
    "a class in words where the champion's are numbers": Bad(
        "ClassUnknown",
        'the champion\'s classes are numbers, such as 0, and "high" is none',
        {
            "monitored": {
                "model": MANY | {"classes": ["0", "1", "high"]},
                "columns": {"score": None},
                "metrics": [{"name": "f1_macro", "min": 0.1}],
                "challenger": {"metric": "f1_macro"},
            }
        },
        rows_like(three_classes),
    ),
    "no champion": Bad("ModelNotFound", "model.joblib", {"champion_uri": "/no/such/model"}),
    "a champion that does not load": Bad("ModelUnloadable", "model.joblib does not load", {}, of_another_version),
    "a champion that is no estimator": Bad("TrainerUnsuitable", "docs/training.md", {}, with_lightgbms_own_file),
    "a regressor where classes are": Bad("TrainerUnsuitable", "no fitted classifier", {}, champion(LinearRegression())),
    "no data": Bad("FolderNotFound", "/no/such/data", {"monitored": {"data": "/no/such/data"}}),
    "values are missing that the pipeline needs": Bad(
        "FitFailed", 'Input X contains NaN.; values are missing in "y" (21)', {}, rows_like(gaps)
    ),
    "text where a number was": Bad(
        "FitFailed",
        "could not convert string to float",
        {},
        rows_like(lambda rows: rows | {"y": ["much"] * 60}),
    ),
    "a pipeline that fails": Bad(
        "FitFailed",
        "could not be fitted on 420 rows: The constant target value must be",
        {},
        with_a_constant_that_is_no_class,
    ),
    "a space with a parameter that is none": Bad(
        "SearchSpaceInvalid", 'no parameter "C"', {"choices": Choices(space={"C": [1]})}
    ),
    "a metric of another task": Bad(
        "ChallengerMetric", "r2 is no metric of a BinaryClassification", {"monitored": {"challenger": {"metric": "r2"}}}
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_trained_on_is_told(world: Path, name: str) -> None:
    bad = CASES[name]
    bad.change(world)
    with pytest.raises(EvaluationError) as caught:
        run(order(world, **bad.order))
    assert caught.value.reason == bad.reason
    assert bad.says in caught.value.message
    left = sorted(path.name for path in (world / "new").glob("*"))
    assert left in ([], ["attempt.json"]), "nothing that anybody could take for a model"


# What keeps from measuring keeps nobody from training.


def test_a_champion_that_cannot_score_the_new_rows_is_replaced_all_the_same(world: Path) -> None:
    """A category that it has never seen: the very reason why it is trained again."""
    rewrite(world, lambda rows: rows | {"place": pa.array(["north", "south", "moon"] * 20)})
    rows = models.past().assign(place=lambda rows: np.where(rows["x"] > 0, "north", "south"))
    encoded = ColumnTransformer([("place", OneHotEncoder(handle_unknown="error"), ["place"])], remainder="passthrough")
    pipeline = make_pipeline(encoded, LogisticRegression())
    models.save(pipeline.fit(rows[["x", "place"]], rows["label"]), world / "champion")
    trained = run(order(world))
    assert "f1" in trained.metrics
    assert "champion.f1" not in trained.metrics
    card = (world / "new" / "model-card.md").read_text()
    assert "- The champion could not be measured: " in card
    assert "Found unknown categories" in card
    assert "| of these only in one | — | place__place_moon |" in card


def test_newest_rows_of_one_class_leave_metrics_out_that_need_two(world: Path) -> None:
    def late(rows: dict[str, Any]) -> dict[str, Any]:
        newest = rows["at"] >= np.datetime64("2013-02-09T12:00")
        return rows | {"label": np.where(newest, 0, rows["label"])}

    rewrite(world, late)
    metrics = [{"name": "f1", "min": 0.1}, {"name": "roc_auc", "min": 0.1}, {"name": "accuracy", "min": 0.1}]
    trained = run(order(world, monitored={"metrics": metrics}))
    assert "roc_auc" not in trained.metrics
    assert "accuracy" in trained.metrics


# Labels that arrive apart.


def test_labels_apart_that_contradict_each_other_are_told(world: Path) -> None:
    apart = write_apart(world, 10)
    del apart["timestamp"]
    twice = {"user": ["ü0", "ü0"], "click": [0, 0], "label": [0, 1]}
    write(world / "labels", FIRST + timedelta(days=1), twice | {"landed": [datetime(2013, 3, 1)] * 2}, "twice.parquet")
    with pytest.raises(EvaluationError, match="user=ü0, click=0") as caught:
        run(order(world, monitored={"data": world / "rows", "labels": apart}))
    assert caught.value.reason == "LabelsContradict"


# Memory.


def many(folder: Path, words: str) -> None:
    rows = 60_000
    random = np.random.default_rng(0)
    text = pa.array([words] * rows)
    columns = {"at": pa.array(np.full(rows, np.datetime64("2013-02-04T12:00", "us"))), "text": text}
    columns |= {name: pa.array(random.normal(size=rows)) for name in ("x", "y")}
    write(folder / "data", FIRST, columns | {"label": pa.array(random.integers(0, 2, rows))})


def test_more_rows_than_memory_holds_are_told_before_they_are_read(world: Path) -> None:
    said: list[str] = []
    with pytest.raises(EvaluationError) as caught:
        run(order(world), limits=Limits(memory=memory_in_use() + 32 * 1024**2), said=said)
    assert caught.value.reason == "MemoryTooSmall"
    assert "Mi or more" in caught.value.message
    assert not (world / "new").exists()


def test_text_that_repeats_is_short_in_a_file_and_told_when_it_is_read(world: Path) -> None:
    many(world, "a long text that stands in every row of it " * 50)
    rows = models.past().assign(text="a")
    encoded = ColumnTransformer([("text", OneHotEncoder(handle_unknown="ignore"), ["text"])], remainder="passthrough")
    pipeline = make_pipeline(encoded, LogisticRegression()).fit(rows[["x", "text"]], rows["label"])
    models.save(pipeline, world / "champion")
    said: list[str] = []
    limits = Limits(memory=memory_in_use() + 400 * 1024**2)
    with pytest.raises(EvaluationError) as caught:
        run(order(world, end=START + timedelta(days=1)), limits=limits, said=said)
    assert caught.value.reason == "MemoryTooSmall"
    for part in ("60,000 rows of", "resources.limits.memory in spec.retrain.jobTemplate", "retrain.trainingWindow"):
        assert part in caught.value.message
    assert any(line.startswith("reading ") for line in said)
    assert not (world / "new" / "model.joblib").exists()


# What is handed back.


def test_messages_name_the_fields_by_which_a_training_is_changed() -> None:
    message = "set spec.jobs.resources.limits.memory to 9Mi; raise jobs.resources.limits.ephemeral-storage"
    assert in_terms_of_training(message) == (
        "set resources.limits.memory in spec.retrain.jobTemplate to 9Mi; raise resources.limits.ephemeral-storage in"
        " spec.retrain.jobTemplate"
    )


@pytest.mark.parametrize("letter", ["x", "ü", "\N{GRINNING FACE}", '"', "\n"])
@pytest.mark.parametrize("length", [0, 100, 1024])
def test_a_message_fits_the_termination_log_whatever_it_says(letter: str, length: int) -> None:
    uri = "s3://b/" + "ü" * (length // 2)
    metrics = {f"metric_{number}.{letter * (length // 8)}": number / 7 for number in range(64)}
    text = success_message(Trained(uri, "2013-02-11T04:36:00Z", metrics))
    assert len(text.encode()) <= MESSAGE_LIMIT
    made = TrainingResult.model_validate_json(text)
    assert made.model_uri == uri
    assert list(made.metrics) == list(metrics)[: len(made.metrics)], "the first ones are the most important"
    assert len(failure_message("DataBroken", letter * length * 10).encode()) <= MESSAGE_LIMIT
