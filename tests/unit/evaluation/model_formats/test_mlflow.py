"""MLflow's folders: the flavours' own files are read, and a python_function is handed to MLflow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import lightgbm
import mlflow.lightgbm
import mlflow.onnx
import mlflow.pyfunc
import mlflow.sklearn
import mlflow.xgboost
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import xgboost
from mlflow.models import ModelSignature, infer_signature
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression

from modelmonitor.evaluation.errors import ModelError
from tests.unit.evaluation.model_formats.conftest import Load, answers_of

FEATURES: Final = ["x", "y"]
Save = Callable[[pd.DataFrame, Path], Any]

pytestmark = pytest.mark.filterwarnings("ignore")


def signature_of(rows: pd.DataFrame) -> ModelSignature:
    return infer_signature(rows[FEATURES].head(3), rows[["label"]].head(3))


def as_skops(rows: pd.DataFrame, folder: Path) -> Any:
    estimator = LogisticRegression().fit(rows[FEATURES], rows["label"])
    mlflow.sklearn.save_model(estimator, folder, serialization_format="skops")
    return estimator


def as_xgboost(rows: pd.DataFrame, folder: Path) -> Any:
    estimator = xgboost.XGBClassifier(n_estimators=5, max_depth=3, n_jobs=1).fit(rows[FEATURES], rows["label"])
    mlflow.xgboost.save_model(estimator, folder)
    return estimator


def as_lightgbm(rows: pd.DataFrame, folder: Path) -> Any:
    estimator = lightgbm.LGBMClassifier(n_estimators=5, n_jobs=1, verbose=-1).fit(rows[FEATURES], rows["label"])
    mlflow.lightgbm.save_model(estimator.booster_, folder)
    return estimator


def as_onnx(rows: pd.DataFrame, folder: Path) -> Any:
    estimator = LogisticRegression().fit(rows[FEATURES].to_numpy(), rows["label"])
    graph = to_onnx(estimator, initial_types=[("rows", FloatTensorType([None, 2]))])
    mlflow.onnx.save_model(graph, folder, signature=signature_of(rows))
    return estimator


@pytest.mark.parametrize(
    "save",
    [as_skops, as_xgboost, as_lightgbm, as_onnx],
    ids=["skops", "xgboost", "lightgbm", "onnx with the columns of MLflow's signature"],
)
def test_a_flavours_own_file_gives_the_probabilities_of_the_model_that_was_logged(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, save: Save
) -> None:
    estimator = save(rows, tmp_path)
    model = load()
    probabilities, said = answers_of(model, batch)
    given = rows[FEATURES] if hasattr(estimator, "feature_names_in_") else rows[FEATURES].to_numpy()
    assert (model.columns, model.classes) == (("x", "y"), ("0", "1"))
    # How a model was packed is no change of what it is: the operator would tell of a change that never was.
    assert "MLflow" not in model.kind
    np.testing.assert_allclose(probabilities, estimator.predict_proba(given), atol=1e-5)
    assert said.tolist() == estimator.predict(given).astype(str).tolist()


class OfItsOwn(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A python_function: late where x is positive; as an array, a Series or a table."""

    def __init__(self, form: Callable[[Any], Any]) -> None:
        self.form = form

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> Any:
        return self.form(np.where(model_input["x"] > 0, "late", "on time"))


@pytest.mark.parametrize("form", [np.asarray, pd.Series, lambda said: pd.DataFrame({"said": said})])
def test_a_python_function_predicts_and_has_no_probabilities(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, form: Callable[[Any], Any]
) -> None:
    mlflow.pyfunc.save_model(tmp_path, python_model=OfItsOwn(form), signature=signature_of(rows))
    model = load()
    assert (model.columns, model.has_probabilities) == (("x", "y"), False)
    assert model.kind == f"mlflow.pyfunc {mlflow.__version__}"
    assert model.predict(batch, "here").tolist() == np.where(rows["x"] > 0, "late", "on time").tolist()


def test_a_python_function_without_a_signature_does_not_know_its_columns(tmp_path: Path, load: Load) -> None:
    mlflow.pyfunc.save_model(tmp_path, python_model=OfItsOwn(np.asarray))
    with pytest.raises(ModelError, match=r"does not know the names of its .*columns.*signature\.json") as caught:
        load()
    assert caught.value.reason == "ModelUnloadable"


@pytest.mark.parametrize(
    ("document", "says"),
    [
        pytest.param("flavors: {spark: {data: x}}", "has the flavours spark; of these none can be read", id="another"),
        pytest.param("flavors: {}", "has the flavours none", id="no flavour"),
        pytest.param(
            "flavors: {xgboost: {data: model.xgb}}", "is in model.xgb, which is not there", id="a file missing"
        ),
        pytest.param("flavors: {sklearn: {}}", "is in no file", id="no file named"),
        pytest.param("flavors: [sklearn]", "it names no flavors", id="flavors that are none"),
        pytest.param("hello", "it names no flavors", id="no document"),
        pytest.param("flavors: {", "does not load", id="no YAML"),
        pytest.param(b"\xff\xfe\x00".decode("latin-1"), "does not load", id="no text"),
    ],
)
def test_an_mlmodel_that_cannot_be_read_is_told(tmp_path: Path, load: Load, document: str, says: str) -> None:
    (tmp_path / "MLmodel").write_bytes(document.encode("latin-1"))
    with pytest.raises(ModelError) as caught:
        load()
    assert caught.value.reason == "ModelUnloadable"
    assert says in caught.value.message
    assert "MLmodel" in caught.value.message
