"""Versions and libraries: what a model was written with, and what is not here."""

import os
import subprocess
import sys
import textwrap
import warnings
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
import sklearn
import skops.io
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.evaluation.model_formats.conftest import Load

ROOT = Path(__file__).parents[4]
FEATURES = ["x", "y"]


class OfVersion(LogisticRegression):  # type: ignore[misc]
    """It is pickled as scikit-learn 1.0.2 would."""

    def __getstate__(self) -> Any:
        return super().__getstate__() | {"_sklearn_version": "1.0.2"}

    def __reduce__(self) -> Any:
        return LogisticRegression, (), self.__getstate__()


def fitted(rows: pd.DataFrame) -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[FEATURES], rows["label"])


def test_another_version_of_scikit_learn_is_remarked_and_is_the_one_that_is_told(
    tmp_path: Path, rows: pd.DataFrame, load: Load
) -> None:
    joblib.dump(OfVersion().fit(rows[FEATURES], rows["label"]), tmp_path / "model.joblib")
    model = load()
    assert model.kind == "sklearn.linear_model.LogisticRegression 1.0.2"
    assert len(model.remarks) == 1
    assert f"was written with scikit-learn 1.0.2 and is read with {sklearn.__version__}" in model.remarks[0]


@pytest.mark.parametrize("dump", [joblib.dump, skops.io.dump], ids=["model.joblib", "model.skops"])
def test_the_same_version_is_no_remark(tmp_path: Path, rows: pd.DataFrame, load: Load, dump: Any) -> None:
    dump(fitted(rows), tmp_path / f"model.{dump.__module__.partition('.')[0]}")
    model = load()
    assert model.remarks == ()
    assert model.kind == f"sklearn.pipeline.Pipeline {sklearn.__version__}"


class Warner(LogisticRegression):  # type: ignore[misc]
    """A model that warns while it is loaded."""

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        warnings.warn("trained on half of the data", UserWarning, stacklevel=2)


def test_what_is_warned_of_while_loading_is_remarked(tmp_path: Path, rows: pd.DataFrame, load: Load) -> None:
    joblib.dump(Warner().fit(rows[FEATURES], rows["label"]), tmp_path / "model.joblib")
    assert load().remarks == ("trained on half of the data",)


LOAD = textwrap.dedent(
    """
    import sys
    from modelmonitor.evaluation.errors import ModelError
    from modelmonitor.evaluation.models import load_model
    try:
        print(load_model(sys.argv[1], {}).kind)
    except ModelError as error:
        print(error.reason, error.message)
    """
)
MLFLOW = "flavors: {python_function: {loader_module: mlflow.pyfunc.model}}"


def loaded_without(broken: dict[str, str], folder: Path, uri: Path) -> str:
    """What loading a model says in a process in which importing some modules raises."""
    folder.mkdir()
    for module, raises in broken.items():
        (folder / f"{module}.py").write_text(f"raise {raises}\n")
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT / "operator")])}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, str(uri)], env=environ, capture_output=True, text=True, check=True, timeout=120
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    ("file", "content", "module", "raises", "extra"),
    [
        ("model.skops", "x", "skops", 'ImportError("No module named skops")', "models"),
        ("model.onnx", "x", "onnxruntime", 'ImportError("No module named onnxruntime")', "models"),
        ("model.ubj", "x", "xgboost", 'ImportError("No module named xgboost")', "models"),
        ("model.txt", "x", "lightgbm", 'OSError("libgomp.so.1: cannot open shared object file")', "models"),
        ("model.joblib", "x", "joblib", 'ImportError("No module named joblib")', "evaluator"),
        (
            "MLmodel",
            MLFLOW + "\nsignature: {inputs: '[]'}",
            "mlflow",
            'ImportError("No module named mlflow")',
            "mlflow",
        ),
    ],
    ids=["skops", "onnxruntime", "xgboost", "lightgbm and a library of the system", "joblib", "mlflow"],
)
def test_a_library_that_is_not_here_is_told_with_what_brings_it(
    tmp_path: Path, file: str, content: str, module: str, raises: str, extra: str
) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / file).write_text(content)
    said = loaded_without({module: raises}, tmp_path / "broken", tmp_path / "model")
    assert said.startswith("ModelLibraryMissing ")
    assert f"needs {module}, which cannot be imported here" in said
    assert said.endswith(f"install modelmonitor[{extra}]")


def test_a_scikit_learn_model_needs_no_other_formats_library(tmp_path: Path, rows: pd.DataFrame) -> None:
    (tmp_path / "model").mkdir()
    joblib.dump(fitted(rows), tmp_path / "model" / "model.joblib")
    others = dict.fromkeys(["skops", "onnxruntime", "xgboost", "lightgbm", "mlflow"], "ImportError")
    said = loaded_without(others, tmp_path / "broken", tmp_path / "model")
    assert said == f"sklearn.pipeline.Pipeline {sklearn.__version__}"
