"""Every format answers as the estimator that it was written from, and what is wrong with a folder is told."""

import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from modelmonitor.evaluation.errors import ModelError
from tests.unit.evaluation.model_formats.conftest import Load, answers_of

FEATURES = ["x", "y"]


def fitted(rows: pd.DataFrame, label: str = "label") -> Pipeline:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[FEATURES], rows[label])


def as_joblib(estimator: Pipeline, folder: Path) -> None:
    joblib.dump(estimator, folder / "model.joblib")


def as_skops(estimator: Pipeline, folder: Path) -> None:
    skops.io.dump(estimator, folder / "model.skops")


def as_onnx_of_a_matrix(estimator: Pipeline, folder: Path) -> None:
    graph = to_onnx(estimator, initial_types=[("rows", FloatTensorType([None, 2]))])
    (folder / "model.onnx").write_bytes(graph.SerializeToString())
    (folder / "signature.json").write_text(json.dumps({"columns": FEATURES}))


def as_mlflow(estimator: Pipeline, folder: Path) -> None:
    import mlflow.sklearn  # noqa: PLC0415 - two seconds, of one case

    written = folder / "written"
    mlflow.sklearn.save_model(estimator, written, serialization_format="cloudpickle")
    for file in written.iterdir():
        file.rename(folder / file.name)
    written.rmdir()


@pytest.mark.parametrize("write", [as_joblib, as_skops, as_onnx_of_a_matrix, as_mlflow])
@pytest.mark.parametrize("label", ["label", "word", "three"])
@pytest.mark.filterwarnings("ignore")
def test_a_model_answers_as_the_estimator_that_it_was_written_from(
    tmp_path: Path,
    rows: pd.DataFrame,
    batch: pa.RecordBatch,
    load: Load,
    write: Callable[[Pipeline, Path], None],
    label: str,
) -> None:
    estimator = fitted(rows, label)
    write(estimator, tmp_path)
    model = load()
    probabilities, said = answers_of(model, batch)
    assert model.columns == ("x", "y")
    assert model.classes == tuple(str(value) for value in estimator.classes_)
    np.testing.assert_allclose(probabilities, estimator.predict_proba(rows[FEATURES]), atol=1e-5)
    assert said.tolist() == estimator.predict(rows[FEATURES]).astype(str).tolist()
    assert model.digest is not None
    assert model.digest.startswith("sha256:")


def test_a_regressor_gives_values(tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load) -> None:
    estimator = LinearRegression().fit(rows[FEATURES], rows["value"])
    joblib.dump(estimator, tmp_path / "model.joblib")
    model = load()
    assert (model.classes, model.has_probabilities) == (None, False)
    np.testing.assert_allclose(model.predict(batch, "here"), estimator.predict(rows[FEATURES]))


def test_two_models_in_one_folder_are_told_both(tmp_path: Path, rows: pd.DataFrame, load: Load) -> None:
    as_joblib(fitted(rows), tmp_path)
    as_skops(fitted(rows), tmp_path)
    with pytest.raises(ModelError, match=r"model\.joblib and model\.skops") as caught:
        load()
    assert caught.value.reason == "ModelAmbiguous"


def test_a_folder_without_a_model_says_what_belongs_there(tmp_path: Path, load: Load) -> None:
    with pytest.raises(ModelError, match=r"no model\.joblib .*model\.onnx.*MLmodel") as caught:
        load()
    assert caught.value.reason == "ModelNotFound"


class Printer(LogisticRegression):  # type: ignore[misc]
    """A model that talks."""

    def predict_proba(self, rows: Any) -> Any:
        print("hello")
        return super().predict_proba(rows)


class Leaver(LogisticRegression):  # type: ignore[misc]
    """A model that ends the process."""

    def predict(self, rows: Any) -> Any:
        sys.exit(0)


def test_what_a_model_prints_is_no_output_of_ours(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    joblib.dump(Printer().fit(rows[FEATURES], rows["label"]), tmp_path / "model.joblib")
    load().probabilities(batch, "here")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "hello\n")


def test_a_model_that_ends_the_process_is_an_error_and_no_verdict(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    joblib.dump(Leaver().fit(rows[FEATURES], rows["label"]), tmp_path / "model.joblib")
    with pytest.raises(ModelError, match="cannot score here") as caught:
        load().predict(batch, "here")
    assert caught.value.reason == "ModelScoringFailed"


def test_a_skops_file_may_hold_an_imputer(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    estimator = make_pipeline(SimpleImputer(), LogisticRegression()).fit(rows[FEATURES], rows["label"])
    as_skops(estimator, tmp_path)
    probabilities, _ = answers_of(load(), batch)
    np.testing.assert_array_equal(probabilities, estimator.predict_proba(rows[FEATURES]))


def test_a_skops_file_with_code_of_its_own_is_not_loaded(tmp_path: Path, rows: pd.DataFrame, load: Load) -> None:
    estimator = make_pipeline(FunctionTransformer(pickle.loads), LogisticRegression())
    skops.io.dump(estimator, tmp_path / "model.skops")
    with pytest.raises(ModelError, match="loads") as caught:
        load()
    assert caught.value.reason == "ModelUntrusted"


@pytest.mark.parametrize("write", [as_joblib, as_skops, as_onnx_of_a_matrix])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.97])
def test_a_file_that_is_cut_is_told_with_its_name(
    tmp_path: Path, rows: pd.DataFrame, load: Load, write: Callable[[Pipeline, Path], None], share: float
) -> None:
    write(fitted(rows), tmp_path)
    (path,) = tmp_path.glob("model.*")
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=path.name) as caught:
        load()
    assert caught.value.reason == "ModelUnloadable"


@pytest.mark.parametrize(
    ("thing", "says"),
    [({"a": 1}, "holds a dict, which has no predict"), (LogisticRegression(), "feature_names_in_")],
    ids=["no model", "a model that was not fitted"],
)
def test_a_pickle_that_is_no_fitted_model_says_what_it_is(tmp_path: Path, load: Load, thing: Any, says: str) -> None:
    joblib.dump(thing, tmp_path / "model.joblib")
    with pytest.raises(ModelError) as caught:
        load()
    assert caught.value.reason == "ModelUnloadable"
    assert says in caught.value.message


def test_a_digest_is_of_the_names_and_contents_of_all_files_but_the_trainers_own(
    tmp_path: Path, rows: pd.DataFrame, load: Load
) -> None:
    as_joblib(fitted(rows), tmp_path)
    before = load().digest
    (tmp_path / "result.json").write_text("{}")
    assert load().digest == before
    (tmp_path / "notes.txt").write_text("tuned by hand")
    assert load().digest != before
