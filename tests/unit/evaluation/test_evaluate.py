from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.api.result import Comparison, EvaluationResult, Look, ModelIdentity, Verdict
from modelmonitor.evaluation.errors import DataError, EvaluationError, ModelError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, rows_of_day, write, write_days


def run(given: EvaluationInput) -> EvaluationResult:
    return evaluate(given, environ={}, now=NOW, progress=lambda line: None)


def rows_of_week(**how: Any) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(rows_of_day(FIRST + timedelta(days=day), **how)) for day in range(7)])


def test_values_agree_with_scikit_learn_on_the_windows_rows_and_no_others(tmp_path: Path) -> None:
    write_days(tmp_path, 10)
    result = run(input_for(tmp_path, metrics=[{"name": "f1", "min": 0.2}, {"name": "roc_auc", "min": 0.5}]))
    rows = rows_of_week()
    assert (result.look, result.verdict, result.rows) == (Look.JUDGED, Verdict.PASS, len(rows))
    assert result.metrics[0].value == pytest.approx(f1_score(rows["label"], rows["score"] >= 0.5))
    assert result.metrics[1].value == pytest.approx(roc_auc_score(rows["label"], rows["score"]), abs=1e-4)
    assert [metric.blocks for metric in result.metrics] == [7, 7]


@pytest.mark.parametrize(
    ("days", "index", "more", "look", "verdict", "reason"),
    [
        pytest.param(0, 0, {}, Look.OPEN, None, "SourceEmpty", id="no rows at all"),
        pytest.param(7, 0, {}, Look.OPEN, None, "WindowOpen", id="no row after the window yet"),
        pytest.param(8, 0, {}, Look.JUDGED, Verdict.PASS, "ObjectivesMet", id="a later row closes the window"),
        pytest.param(
            8, 0, {"labels": {"delay": "1d"}}, Look.OPEN, None, "WindowOpen", id="labels need a day: open a day longer"
        ),
        pytest.param(
            9, 0, {"windows": {"grace": "1d"}}, Look.JUDGED, Verdict.PASS, "ObjectivesMet", id="grace is over"
        ),
        pytest.param(
            9,
            0,
            {"windows": {"origin": "2013-01-07"}},
            Look.JUDGED,
            Verdict.NO_DATA,
            "NoData",
            id="a window without a row, while there are later ones",
        ),
        pytest.param(
            8, 0, {"metrics": [{"name": "f1", "min": 0.99}]}, Look.JUDGED, Verdict.FAIL, "ObjectiveMissed", id="bad"
        ),
        pytest.param(
            8,
            0,
            {"metrics": [{"name": "f1", "min": 0.5, "minimumRows": 5000}]},
            Look.JUDGED,
            Verdict.INSUFFICIENT,
            "TooFewRows",
            id="too few rows",
        ),
        pytest.param(
            8,
            0,
            {"since": datetime(2013, 3, 1, tzinfo=UTC)},
            Look.JUDGED,
            Verdict.INSUFFICIENT,
            "PredictionsOfAnotherModel",
            id="all predictions in the window are of the model before",
        ),
    ],
)
def test_a_look_at_a_window_ends_as(
    tmp_path: Path,
    days: int,
    index: int,
    more: dict[str, Any],
    look: Look,
    verdict: Verdict | None,
    reason: str,
) -> None:
    write_days(tmp_path, days)
    result = run(input_for(tmp_path, index=index, **more))
    assert (result.look, result.verdict, result.reason) == (look, verdict, reason)
    assert (result.data_through is None) == (days == 0)


@pytest.mark.parametrize(
    ("labelled", "days", "look", "verdict"),
    [
        pytest.param(0.95, 8, Look.JUDGED, Verdict.PASS, id="enough labels"),
        pytest.param(0.5, 8, Look.IMMATURE, None, id="too few labels, but more may come"),
        pytest.param(0.5, 10, Look.JUDGED, Verdict.INSUFFICIENT, id="too few labels, and none will come"),
        pytest.param(0.0, 10, Look.JUDGED, Verdict.INSUFFICIENT, id="no labels: never a Fail"),
    ],
)
def test_labels_that_are_missing(
    tmp_path: Path, labelled: float, days: int, look: Look, verdict: Verdict | None
) -> None:
    for number in range(days):
        rows = rows_of_day(FIRST + timedelta(days=number))
        rows["label"] = [one if k < 60 * labelled else None for k, one in enumerate(rows["label"])]
        write(tmp_path, FIRST + timedelta(days=number), rows)
    result = run(input_for(tmp_path, metrics=[{"name": "f1", "min": 0.2}]))
    assert (result.look, result.verdict) == (look, verdict)
    assert result.coverage == pytest.approx(labelled)
    assert result.reason == ("ObjectivesMet" if verdict is Verdict.PASS else "LabelsMissing")


@pytest.mark.parametrize(
    ("missing", "verdict", "reason"),
    [
        pytest.param(3, Verdict.PASS, "ObjectivesMet", id="a few are left out"),
        pytest.param(
            30, Verdict.INSUFFICIENT, "PredictionsMissing", id="half of them: a broken logger is no bad model"
        ),
    ],
)
@pytest.mark.parametrize("gap", [None, np.nan], ids=["null", "NaN"])
def test_predictions_that_are_missing(
    tmp_path: Path, missing: int, verdict: Verdict, reason: str, gap: float | None
) -> None:
    for number in range(8):
        rows = rows_of_day(FIRST + timedelta(days=number))
        rows["score"] = [gap] * missing + rows["score"].tolist()[missing:]
        write(tmp_path, FIRST + timedelta(days=number), rows)
    result = run(input_for(tmp_path, metrics=[{"name": "accuracy", "min": 0.2}]))
    assert (result.verdict, result.reason) == (verdict, reason)
    if verdict is Verdict.PASS:
        assert result.metrics[0].rows == 7 * 57


def test_predictions_of_the_model_before_are_left_out(tmp_path: Path) -> None:
    write_days(tmp_path, 8)
    since = datetime(2013, 2, 6, 5, tzinfo=UTC)
    result = run(input_for(tmp_path, since=since))
    assert (result.rows, result.metrics[0].blocks) == (5 * 60, 5)


def test_a_window_under_five_days_is_judged_by_twentieths_and_says_so(tmp_path: Path) -> None:
    write_days(tmp_path, 3, rows=600)
    result = run(input_for(tmp_path, windows={"length": "1d", "every": "1d"}))
    assert result.metrics[0].reason == "BetweenDayVarianceUnknown"
    assert result.metrics[0].blocks == 20


def test_predicted_classes_serve_where_there_are_no_scores(tmp_path: Path) -> None:
    write_days(tmp_path, 8)
    columns = {"timestamp": "at", "label": "label", "prediction": "said"}
    given = input_for(
        tmp_path, metrics=[{"name": "f1", "min": 0.2}, {"name": "roc_auc", "min": 0.5, "severity": "Warn"}]
    )
    data = given.data.model_copy(update={"columns": type(given.data.columns).model_validate(columns)})
    result = run(given.model_copy(update={"data": data}))
    rows = rows_of_week()
    assert result.metrics[0].value == pytest.approx(f1_score(rows["label"], rows["said"]))
    assert (result.metrics[1].verdict, result.metrics[1].reason) == (Verdict.INSUFFICIENT, "NoScores")


def test_a_model_that_is_loaded_scores_the_rows(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    uri = models.good(tmp_path / "model")
    result = run(
        input_for(tmp_path / "data", predictions=LOADED, champion=uri, metrics=[{"name": "roc_auc", "min": 0.6}])
    )
    assert result.verdict is Verdict.PASS
    assert result.model is not None
    assert (result.model.digest or "").startswith("sha256:")
    assert (result.model.kind or "").startswith("sklearn.pipeline.Pipeline 1.")
    assert (result.model.signature or "").startswith("2 columns, 2 classes (")


def test_a_model_whose_predictions_were_logged_is_known_by_its_uri_alone(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    result = run(input_for(tmp_path / "data", champion="s3://models/a"))
    assert result.model == ModelIdentity(uri="s3://models/a")


def test_a_model_without_probabilities_is_judged_by_its_classes(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    uri = models.without_probabilities(tmp_path / "model")
    result = run(input_for(tmp_path / "data", predictions=LOADED, champion=uri))
    assert result.verdict is Verdict.PASS


def test_the_digest_follows_the_models_files_and_not_what_its_trainer_says_beside_them(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    uri = Path(models.good(tmp_path / "model"))

    def digest() -> str | None:
        result = run(input_for(tmp_path / "data", predictions=LOADED, champion=str(uri)))
        return result.model.digest if result.model else None

    first = digest()
    (uri / "result.json").write_text("{}")
    assert digest() == first
    (uri / "model-settings.json").write_text("{}")
    assert digest() not in {first, None}


@pytest.fixture
def two_weeks(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", 15)
    return tmp_path


def test_a_better_candidate_is_found_on_the_same_rows(two_weeks: Path) -> None:
    champion, candidate = models.blind(two_weeks / "1"), models.good(two_weeks / "2")
    result = run(
        input_for(two_weeks / "data", predictions=LOADED, champion=champion, contender=Contender(uri=candidate))
    )
    assert result.comparison is not None
    assert result.comparison.verdict is Comparison.BETTER
    assert (result.comparison.rows, result.comparison.blocks) == (7 * 60, 7)
    assert result.candidate is not None
    assert result.candidate.uri == candidate
    assert result.metrics[0].value == pytest.approx(result.comparison.champion)


def test_rows_that_the_candidate_was_trained_on_are_left_out_for_both(two_weeks: Path) -> None:
    champion, candidate = models.blind(two_weeks / "1"), models.good(two_weeks / "2")
    through = datetime(2013, 2, 6, 5, tzinfo=UTC)
    contender = Contender(uri=candidate, trained_through=through)
    result = run(input_for(two_weeks / "data", predictions=LOADED, champion=champion, contender=contender))
    assert result.comparison is not None
    assert (result.comparison.rows, result.rows) == (5 * 60 - 1, 5 * 60 - 1)


def test_a_window_that_the_candidate_was_trained_on_is_no_evidence(two_weeks: Path) -> None:
    champion, candidate = models.blind(two_weeks / "1"), models.good(two_weeks / "2")
    contender = Contender(uri=candidate, trained_through=datetime(2013, 3, 1, tzinfo=UTC))
    result = run(input_for(two_weeks / "data", predictions=LOADED, champion=champion, contender=contender))
    assert result.comparison is not None
    assert (result.comparison.verdict, result.comparison.reason) == (Comparison.NO_EVIDENCE, "TrainedOnTheseRows")
    assert result.verdict is Verdict.INSUFFICIENT


def test_a_champion_that_does_not_load_is_compared_by_what_it_logged(two_weeks: Path) -> None:
    candidate = models.blind(two_weeks / "2")
    told: list[str] = []
    given = input_for(two_weeks / "data", champion=str(two_weeks / "gone"), contender=Contender(uri=candidate))
    result = evaluate(given, environ={}, now=NOW, progress=told.append)
    assert result.comparison is not None
    assert result.comparison.verdict is Comparison.NOT_BETTER
    rows = rows_of_week()
    assert result.comparison.champion == pytest.approx(f1_score(rows["label"], rows["score"] >= 0.5))
    assert any("champion's logged predictions" in line for line in told)
    assert result.model is not None
    assert result.model.kind is None
    assert "the champion's logged predictions are used, for it does not load" in result.model.remarks[0]


def broken(folder: Path) -> str:
    folder.mkdir()
    (folder / "model.joblib").write_bytes(b"not a pickle")
    return str(folder)


def nameless(folder: Path) -> str:
    rows = models.past()
    model = LogisticRegression().fit(rows[["x"]].to_numpy(), rows["label"])
    return models.save(model, folder)


def of_other_classes(folder: Path) -> str:
    rows = models.past()
    return models.save(LogisticRegression().fit(rows[["x"]], rows["label"].map({0: "no", 1: "yes"})), folder)


def of_other_columns(folder: Path) -> str:
    rows = models.past().rename(columns={"x": "age"})
    return models.save(LogisticRegression().fit(rows[["age"]], rows["label"]), folder)


def of_other_types(folder: Path) -> str:
    rows = models.past()
    return models.save(LogisticRegression().fit(rows[["at"]].astype("int64"), rows["label"]), folder)


def empty(folder: Path) -> str:
    folder.mkdir()
    return str(folder)


BAD_MODELS = [
    pytest.param(empty, ModelError, "ModelNotFound", "there is no model.joblib in", id="no model there"),
    pytest.param(broken, ModelError, "ModelUnloadable", "does not load", id="not a pickle"),
    pytest.param(nameless, ModelError, "ModelUnloadable", "feature_names_in_", id="fitted without column names"),
    pytest.param(of_other_classes, ModelError, "ModelScoringFailed", "'no', 'yes'", id="other classes"),
    pytest.param(of_other_columns, DataError, "ColumnMissing", 'column "age"', id="a column that the data lack"),
    pytest.param(of_other_types, ModelError, "ModelScoringFailed", "cannot score", id="another type of column"),
]


@pytest.mark.parametrize(("make", "kind", "reason", "says"), BAD_MODELS)
def test_a_model_that_cannot_be_used_is_an_error_in_words(
    two_weeks: Path, make: Any, kind: type[EvaluationError], reason: str, says: str
) -> None:
    given = input_for(two_weeks / "data", predictions=LOADED, champion=make(two_weeks / "model"))
    with pytest.raises(kind) as caught:
        run(given)
    assert caught.value.reason == reason
    assert says in caught.value.message


@pytest.mark.parametrize(
    ("make", "kind", "reason", "says"), [case for case in BAD_MODELS if case.id != "a column that the data lack"]
)
def test_the_candidates_trouble_is_not_taken_for_the_champions(
    two_weeks: Path, make: Any, kind: type[EvaluationError], reason: str, says: str
) -> None:
    candidate = Contender(uri=make(two_weeks / "new"))
    given = input_for(two_weeks / "data", champion=models.good(two_weeks / "old"), contender=candidate)
    with pytest.raises(kind) as caught:
        run(given)
    assert caught.value.reason == reason.replace("Model", "Candidate")
    assert caught.value.message.startswith("candidate: ")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"score": [1.5] * 60}, "ScoreOutOfRange", id="a score above 1"),
        pytest.param({"score": ["high"] * 60}, "ScoreUnreadable", id="a score that is a word"),
        pytest.param({"label": ["no", "yes"] * 30}, "PositiveClassNotFound", id="labels in other words"),
        pytest.param({"label": list(range(60))}, "NotBinary", id="labels that are numbers of something"),
    ],
)
def test_columns_of_the_wrong_kind_are_errors_and_no_verdicts(
    tmp_path: Path, change: dict[str, list[Any]], reason: str
) -> None:
    for number in range(8):
        day = FIRST + timedelta(days=number)
        write(tmp_path, day, rows_of_day(day) | change)
    with pytest.raises(DataError) as caught:
        run(input_for(tmp_path))
    assert caught.value.reason == reason


def test_an_unknown_time_zone_is_told(tmp_path: Path) -> None:
    given = input_for(tmp_path)
    windows = given.windows.model_copy(update={"time_zone": "Mars/Olympus"})
    with pytest.raises(EvaluationError, match=r"windows\.timeZone: 'Mars/Olympus' is not a time zone"):
        run(given.model_copy(update={"windows": windows}))
