"""Multiclass tasks and regressions from files to a verdict, and columns that cannot be theirs."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, log_loss, mean_absolute_error

from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.api.result import Comparison, EvaluationResult, Verdict
from modelmonitor.evaluation.errors import DataError, EvaluationError, InputError, ModelError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, rows_of_day, write

MANY: Final = {"task": "MulticlassClassification", "classes": ["cat", "dog", "7"]}
NAMES: Final = np.asarray(["cat", "dog", "7"])
VALUES: Final = {"task": "Regression"}
SCORES: Final = [{"class": name, "column": f"p_{name}"} for name in ("7", "cat", "dog")]


def day(number: int, **change: Any) -> dict[str, Any]:
    """A day of the world with three classes and a value beside what is there."""
    rows = rows_of_day(FIRST + timedelta(days=number), rows=200)
    random = np.random.default_rng(1000 + number)
    logits = np.column_stack([np.zeros(200), 2 * rows["x"], 2 * rows["y"]])
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    kind = (chances.cumsum(axis=1) < random.random((200, 1))).sum(axis=1)
    return {
        **{key: rows[key] for key in ("at", "x", "y")},
        "kind": NAMES[kind],
        "said_kind": NAMES[chances.argmax(axis=1)],
        **{f"p_{name}": chances[:, k] for k, name in enumerate(NAMES)},
        "price": 10 + 3 * rows["x"] + random.normal(0, 1, 200),
        "said_price": 10 + 3 * rows["x"],
    } | change


def write_world(folder: Path, days: int = 8, **change: Any) -> pd.DataFrame:
    for number in range(days):
        write(folder, FIRST + timedelta(days=number), day(number, **change))
    return pd.concat([pd.DataFrame(day(number)) for number in range(7)])


def given(folder: Path, model: dict[str, Any], columns: dict[str, Any], name: str, **more: Any) -> EvaluationInput:
    made = input_for(folder, model=model, metrics=[{"name": name, "max": 1}], **more)
    document = made.document()
    document["data"]["columns"] = {"timestamp": "at"} | columns
    return EvaluationInput.model_validate(document)


def run(asked: EvaluationInput) -> EvaluationResult:
    return evaluate(asked, environ={}, now=NOW, progress=lambda line: None)


def test_logged_scores_of_many_classes_are_judged(tmp_path: Path) -> None:
    rows = write_world(tmp_path)
    result = run(given(tmp_path, MANY, {"label": "kind", "scores": SCORES}, "log_loss"))
    scores = rows[["p_7", "p_cat", "p_dog"]]
    assert result.metrics[0].value == pytest.approx(log_loss(rows["kind"], scores, labels=["7", "cat", "dog"]))
    assert result.metrics[0].blocks == 7


@pytest.mark.parametrize("columns", [{"scores": SCORES}, {"prediction": "said_kind"}], ids=["scores", "classes"])
def test_the_class_of_the_highest_score_is_the_predicted_one(tmp_path: Path, columns: dict[str, Any]) -> None:
    rows = write_world(tmp_path)
    result = run(given(tmp_path, MANY, {"label": "kind"} | columns, "f1_macro"))
    assert result.metrics[0].value == pytest.approx(f1_score(rows["kind"], rows["said_kind"], average="macro"))


def test_metrics_of_scores_cannot_be_judged_by_classes(tmp_path: Path) -> None:
    write_world(tmp_path)
    result = run(given(tmp_path, MANY, {"label": "kind", "prediction": "said_kind"}, "log_loss"))
    assert (result.verdict, result.metrics[0].reason) == (Verdict.INSUFFICIENT, "NoScores")


def test_logged_values_are_judged_and_gaps_are_left_out(tmp_path: Path) -> None:
    rows = write_world(tmp_path)
    for number in range(8):
        prices = day(number)["price"].astype(object)
        prices[:3] = [None, np.nan, np.inf]
        write(tmp_path, FIRST + timedelta(days=number), day(number, price=prices.astype(float)))
    result = run(given(tmp_path, VALUES, {"label": "price", "prediction": "said_price"}, "mean_absolute_error"))
    kept = pd.concat([pd.DataFrame(day(number)).iloc[3:] for number in range(7)])
    assert len(rows) == result.rows
    assert result.coverage == pytest.approx(197 / 200)
    assert result.metrics[0].value == pytest.approx(mean_absolute_error(kept["price"], kept["said_price"]))


def trained(estimator: Any, folder: Path, label: str, *features: str) -> str:
    past = pd.concat([pd.DataFrame(day(-number)) for number in range(1, 10)])
    return models.save(estimator.fit(past[list(features)], past[label]), folder)


@pytest.mark.parametrize("estimator", [LogisticRegression(), RidgeClassifier()], ids=["with scores", "without"])
def test_a_loaded_model_of_many_classes_is_compared_with_a_blind_one(tmp_path: Path, estimator: Any) -> None:
    write_world(tmp_path / "data")
    blind = trained(RidgeClassifier(), tmp_path / "1", "kind", "price")
    good = trained(estimator, tmp_path / "2", "kind", "x", "y")
    asked = given(
        tmp_path / "data",
        MANY,
        {"label": "kind"},
        "f1_macro",
        predictions=LOADED,
        champion=blind,
        contender=Contender(uri=good),
        challenger={"metric": "f1_macro"},
    )
    result = run(asked)
    assert result.comparison is not None
    assert result.comparison.verdict is Comparison.BETTER
    assert result.metrics[0].value == pytest.approx(result.comparison.champion)


def test_a_regressor_is_compared_in_the_metrics_unit(tmp_path: Path) -> None:
    write_world(tmp_path / "data")
    blind = trained(LinearRegression(), tmp_path / "1", "price", "y")
    good = trained(LinearRegression(), tmp_path / "2", "price", "x")

    def compared(gain: float) -> Comparison:
        challenger = {"metric": "mean_absolute_error", "minimumGain": gain}
        more = {"predictions": LOADED, "champion": blind, "contender": Contender(uri=good), "challenger": challenger}
        result = run(given(tmp_path / "data", VALUES, {"label": "price"}, "mean_squared_error", **more))
        assert result.comparison is not None
        assert result.comparison.difference == pytest.approx(1.8, abs=0.3)
        return result.comparison.verdict

    assert (compared(1.0), compared(2.5)) == (Comparison.BETTER, Comparison.NOT_BETTER)


def test_the_deciding_metric_takes_its_fields_from_the_objective(tmp_path: Path) -> None:
    write_world(tmp_path / "data")
    blind = trained(LinearRegression(), tmp_path / "1", "price", "y")
    good = trained(LinearRegression(), tmp_path / "2", "price", "x")
    asked = given(
        tmp_path / "data",
        VALUES,
        {"label": "price"},
        "mean_absolute_error",
        predictions=LOADED,
        champion=blind,
        contender=Contender(uri=good),
        challenger={"metric": "absolute_error_quantile"},
    )
    with pytest.raises(InputError, match="absolute_error_quantile needs its entry in metrics"):
        run(asked)
    entry = {"name": "absolute_error_quantile", "quantile": 0.9, "max": 10}
    result = run(EvaluationInput.model_validate(asked.document() | {"metrics": [entry]}))
    assert result.comparison is not None
    assert result.comparison.verdict is Comparison.BETTER


def test_a_default_that_is_no_metric_of_the_task_is_told(tmp_path: Path) -> None:
    write_world(tmp_path / "data")
    model = trained(LinearRegression(), tmp_path / "1", "price", "x")
    more = {"predictions": LOADED, "champion": model, "contender": Contender(uri=model)}
    with pytest.raises(InputError, match=r"challenger: f1 is no metric of a Regression; name one of mean_abs"):
        run(given(tmp_path / "data", VALUES, {"label": "price"}, "r2", **more))


@pytest.mark.parametrize(
    ("model", "columns", "change", "reason", "says"),
    [
        pytest.param(
            MANY,
            {"label": "kind", "scores": SCORES},
            {"kind": ["bird"] * 200},
            "ClassUnknown",
            'data.columns.label "kind" holds "bird", which model.classes ("cat", "dog", "7") does not name',
            id="a label that is no class",
        ),
        pytest.param(
            MANY,
            {"label": "kind", "prediction": "said_kind"},
            {"said_kind": ["Cat"] * 200},
            "ClassUnknown",
            'data.columns.prediction "said_kind" holds "Cat"',
            id="a prediction that is no class",
        ),
        pytest.param(
            MANY,
            {"label": "kind", "scores": SCORES},
            {"p_cat": [1.0] * 200},
            "ScoresDoNotAddUp",
            "add up to",
            id="scores that are not the probabilities of one row",
        ),
        pytest.param(
            MANY,
            {"label": "kind", "scores": SCORES},
            {"p_cat": [2.0] * 200},
            "ScoreOutOfRange",
            'data.columns.scores: column "p_cat"',
            id="a score above 1",
        ),
        pytest.param(
            VALUES,
            {"label": "price", "prediction": "said_price"},
            {"price": ["ten"] * 200},
            "ValueUnreadable",
            'data.columns.label: column "price"',
            id="a label that is a word",
        ),
        pytest.param(
            VALUES,
            {"label": "price", "prediction": "said_price"},
            {"said_price": [True] * 200},
            "ValueUnreadable",
            'data.columns.prediction: column "said_price"',
            id="a prediction that is true or false",
        ),
    ],
)
def test_columns_that_cannot_be_of_the_task_are_errors_and_no_verdicts(
    tmp_path: Path, model: dict[str, Any], columns: dict[str, Any], change: dict[str, Any], reason: str, says: str
) -> None:
    write_world(tmp_path, **change)
    with pytest.raises(DataError) as caught:
        run(given(tmp_path, model, columns, "accuracy" if model is MANY else "mean_absolute_error"))
    assert caught.value.reason == reason
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("model", "label", "estimator", "says"),
    [
        pytest.param(VALUES, "kind", LogisticRegression(), "predicts classes", id="a classifier for a regression"),
        pytest.param(
            {"task": "MulticlassClassification", "classes": ["cat", "dog"]},
            "kind",
            LogisticRegression(),
            "knows the classes '7', 'cat', 'dog', but model.classes is 'cat', 'dog'",
            id="a class that the spec does not name",
        ),
    ],
)
def test_a_model_of_another_task_is_refused(
    tmp_path: Path, model: dict[str, Any], label: str, estimator: Any, says: str
) -> None:
    write_world(tmp_path / "data")
    uri = trained(estimator, tmp_path / "model", label, "x")
    name = "r2" if model is VALUES else "accuracy"
    with pytest.raises(ModelError) as caught:
        run(given(tmp_path / "data", model, {"label": label}, name, predictions=LOADED, champion=uri))
    assert says in caught.value.message


def test_two_classes_that_mean_the_same_are_refused(tmp_path: Path) -> None:
    write_world(tmp_path)
    model = {"task": "MulticlassClassification", "classes": ["1", "true", "cat"]}
    with pytest.raises(EvaluationError, match="mean the same"):
        run(given(tmp_path, model, {"label": "kind", "prediction": "said_kind"}, "accuracy"))


def test_missing_scores_of_a_row_are_a_missing_prediction(tmp_path: Path) -> None:
    gaps = [None] * 2 + day(0)["p_cat"].tolist()[2:]
    write_world(tmp_path)
    write(tmp_path, FIRST, day(0, p_cat=gaps))
    result = run(given(tmp_path, MANY, {"label": "kind", "scores": SCORES}, "accuracy"))
    assert result.metrics[0].rows == 7 * 200 - 2
