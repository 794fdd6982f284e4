from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost

from modelmonitor.evaluation.errors import ModelError
from tests.unit.evaluation.model_formats.conftest import Load, answers_of

FEATURES = ["x", "y"]


def xgb(kind: type = xgboost.XGBClassifier, **more: Any) -> Any:
    return kind(**({"n_estimators": 5, "max_depth": 3, "n_jobs": 1} | more))


def lgb(kind: type = lightgbm.LGBMClassifier, **more: Any) -> Any:
    return kind(**({"n_estimators": 5, "num_leaves": 7, "n_jobs": 1, "verbose": -1} | more))


@pytest.mark.parametrize("name", ["model.json", "model.ubj"])
@pytest.mark.parametrize(("label", "classes"), [("label", ("0", "1")), ("three", ("0", "1", "2"))])
def test_xgboosts_own_files_answer_as_the_classifier_that_wrote_them(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, name: str, label: str, classes: Any
) -> None:
    fitted = xgb().fit(rows[FEATURES], rows[label])
    fitted.save_model(tmp_path / name)
    model = load()
    probabilities, said = answers_of(model, batch)
    assert (model.columns, model.classes) == (("x", "y"), classes)
    assert model.kind.startswith("xgboost.Booster ")
    np.testing.assert_allclose(probabilities, fitted.predict_proba(rows[FEATURES]), rtol=1e-5)
    assert said.tolist() == fitted.predict(rows[FEATURES]).astype(str).tolist()


@pytest.mark.parametrize(("label", "classes"), [("label", ("0", "1")), ("three", ("0", "1", "2"))])
def test_lightgbms_own_files_answer_as_the_classifier_that_wrote_them(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, label: str, classes: Any
) -> None:
    fitted = lgb().fit(rows[FEATURES], rows[label])
    fitted.booster_.save_model(tmp_path / "model.txt")
    model = load()
    probabilities, said = answers_of(model, batch)
    assert (model.columns, model.classes) == (("x", "y"), classes)
    assert model.kind.startswith("lightgbm.Booster ")
    np.testing.assert_allclose(probabilities, fitted.predict_proba(rows[FEATURES]))
    assert said.tolist() == fitted.predict(rows[FEATURES]).astype(str).tolist()


def test_texts_are_the_categories_that_they_were_trained_on_however_few_of_them_a_batch_has(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    coded = rows[["x", "carrier"]].astype({"carrier": "category"})
    one_carrier = batch.filter(pa.compute.equal(batch["carrier"], "UA"))
    chosen = (rows["carrier"] == "UA").to_numpy()
    by_xgboost = xgb(enable_categorical=True).fit(coded, rows["label"])
    by_xgboost.save_model(tmp_path / "model.json")
    np.testing.assert_allclose(answers_of(load(), one_carrier)[0], by_xgboost.predict_proba(coded)[chosen], rtol=1e-5)
    (tmp_path / "model.json").unlink()
    by_lightgbm = lgb().fit(coded, rows["label"])
    by_lightgbm.booster_.save_model(tmp_path / "model.txt")
    np.testing.assert_allclose(answers_of(load(), one_carrier)[0], by_lightgbm.predict_proba(coded)[chosen])


def test_after_early_stopping_the_rounds_up_to_the_best_count(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    noise = rows.sample(frac=1, random_state=1)
    fitted = xgb(n_estimators=60, early_stopping_rounds=2, max_depth=8)
    fitted.fit(rows[FEATURES], rows["label"], eval_set=[(rows[FEATURES], noise["label"])], verbose=False)
    fitted.save_model(tmp_path / "model.ubj")
    assert fitted.best_iteration + 1 < fitted.get_booster().num_boosted_rounds()
    np.testing.assert_allclose(answers_of(load(), batch)[0], fitted.predict_proba(rows[FEATURES]), rtol=1e-5)


def test_a_regressor_gives_values_and_knows_no_classes(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    fitted = lgb(lightgbm.LGBMRegressor).fit(rows[FEATURES], rows["value"])
    fitted.booster_.save_model(tmp_path / "model.txt")
    model = load()
    assert (model.classes, model.has_probabilities) == (None, False)
    np.testing.assert_allclose(model.predict(batch, "here"), fitted.predict(rows[FEATURES]))
    (tmp_path / "model.txt").unlink()
    boosted = xgb(xgboost.XGBRegressor).fit(rows[FEATURES], rows["value"])
    boosted.save_model(tmp_path / "model.json")
    model = load()
    assert (model.classes, model.has_probabilities) == (None, False)
    np.testing.assert_allclose(model.predict(batch, "here"), boosted.predict(rows[FEATURES]), rtol=1e-6)


@pytest.mark.parametrize("objective", ["binary:hinge", "multi:softmax"])
def test_an_xgboost_that_gives_classes_only_has_no_probabilities(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, objective: str
) -> None:
    matrix = xgboost.DMatrix(rows[FEATURES], label=rows["label"])
    classes = {"num_class": 2} if objective.startswith("multi") else {}
    booster = xgboost.train({"objective": objective, "nthread": 1} | classes, matrix, 5)
    booster.save_model(tmp_path / "model.json")
    model = load()
    assert (model.classes, model.has_probabilities) == (("0", "1"), False)
    assert model.predict(batch, "here").tolist() == booster.predict(matrix).astype(int).astype(str).tolist()


def test_signature_json_names_columns_and_classes_that_the_file_does_not_know(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    fitted = xgb().fit(rows[FEATURES].to_numpy(), rows["label"])
    fitted.save_model(tmp_path / "model.json")
    with pytest.raises(ModelError, match="does not know the names of its 2 columns"):
        load()
    (tmp_path / "signature.json").write_text('{"columns": ["x", "y"], "classes": ["on time", "late"]}')
    model = load()
    probabilities, said = answers_of(model, batch)
    np.testing.assert_allclose(probabilities, fitted.predict_proba(rows[FEATURES]), rtol=1e-5)
    assert set(said) == {"on time", "late"} == set(model.classes or ())


@pytest.mark.parametrize(
    ("signature", "reason", "says"),
    [
        pytest.param('{"columns": ["x"]}', "ModelUnloadable", "reads 2 columns, but 1 are named", id="columns missing"),
        pytest.param(
            '{"columns": ["x", "y"], "classes": ["a", "b", "c"]}',
            "ModelUnloadable",
            "has 2 classes, but",
            id="a class too many",
        ),
        pytest.param('{"columns": "x"}', "ModelSignatureInvalid", "signature.json: columns", id="no list"),
        pytest.param('{"kolumns": ["x"]}', "ModelSignatureInvalid", "signature.json: kolumns", id="a typo"),
        pytest.param("{", "ModelSignatureInvalid", "signature.json: the document", id="no JSON"),
    ],
)
def test_a_signature_that_does_not_fit_is_told(
    tmp_path: Path, rows: pd.DataFrame, load: Load, signature: str, reason: str, says: str
) -> None:
    lgb().fit(rows[FEATURES].to_numpy(), rows["label"]).booster_.save_model(tmp_path / "model.txt")
    (tmp_path / "signature.json").write_text(signature)
    with pytest.raises(ModelError) as caught:
        load()
    assert caught.value.reason == reason
    assert says in caught.value.message


@pytest.mark.parametrize("name", ["model.json", "model.ubj", "model.txt"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.97])
def test_a_file_that_is_cut_is_told(tmp_path: Path, rows: pd.DataFrame, load: Load, name: str, share: float) -> None:
    path = tmp_path / name
    if name == "model.txt":
        lgb().fit(rows[FEATURES], rows["label"]).booster_.save_model(path)
        content = path.read_bytes()
        content = content[: content.index(b"end of trees")]
    else:
        xgb().fit(rows[FEATURES], rows["label"]).save_model(path)
        content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError) as caught:
        load()
    assert caught.value.reason == "ModelUnloadable"
    assert name in caught.value.message
