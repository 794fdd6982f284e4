"""The new model's folder: everybody reads it back, and the same model is the same bytes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import skops.io
import yaml
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.models import load_model
from modelmonitor.training.contract import Choices, Format
from tests.unit.evaluation import models
from tests.unit.training.orders import order, run
from tests.unit.training.test_job import start
from tests.unit.training.test_train import week, world

__all__ = ["world"]


def trained(world: Path, format_: Format | None = None) -> Path:
    run(order(world, choices=Choices(format=format_)))
    return world / "new"


def test_the_folder_holds_what_is_needed_and_nothing_else(world: Path) -> None:
    names = sorted(path.name for path in trained(world).iterdir())
    assert names == [
        "MLmodel", "attempt.json", "model-card.md", "model.joblib", "result.json", "signature.json", "training.json",
    ]  # fmt: skip


@pytest.mark.parametrize("format_", list(Format))
def test_the_evaluation_reads_it_by_mlmodel(world: Path, format_: Format) -> None:
    folder = trained(world, format_)
    model = load_model(str(folder), {})
    assert (model.columns, model.classes) == (("x", "y"), ("0", "1"))
    (folder / "MLmodel").unlink()
    without = load_model(str(folder), {})
    assert model.kind == without.kind
    batch = pa.RecordBatch.from_pandas(week()[["x", "y"]])
    np.testing.assert_array_equal(model.probabilities(batch, "here"), without.probabilities(batch, "here"))


@pytest.mark.parametrize("format_", list(Format))
@pytest.mark.filterwarnings("ignore")
def test_mlflow_reads_it(world: Path, format_: Format) -> None:
    import mlflow.pyfunc  # noqa: PLC0415 - two seconds, of one case
    import mlflow.sklearn  # noqa: PLC0415

    folder, rows = str(trained(world, format_)), week()[["x", "y"]]
    estimator = mlflow.sklearn.load_model(folder)
    function = mlflow.pyfunc.load_model(folder)
    np.testing.assert_array_equal(function.predict(rows), estimator.predict(rows))
    assert function.metadata.get_input_schema().input_names() == ["x", "y"]


def test_joblib_and_pickle_read_it_as_a_model_server_does(world: Path) -> None:
    model = joblib.load(trained(world) / "model.joblib")
    assert model.predict(week()[["x", "y"]]).shape == (420,)


def test_a_champion_in_skops_gets_a_successor_in_skops(world: Path) -> None:
    champion = joblib.load(world / "champion" / "model.joblib")
    (world / "champion" / "model.joblib").unlink()
    skops.io.dump(champion, world / "champion" / "model.skops")
    assert (trained(world) / "model.skops").exists()


def test_mlmodel_names_columns_and_their_types(world: Path) -> None:
    document = yaml.safe_load((trained(world) / "MLmodel").read_text())
    assert json.loads(document["signature"]["inputs"]) == [
        {"name": "x", "type": "double", "required": True},
        {"name": "y", "type": "double", "required": True},
    ]


# The digest.


def test_what_says_something_about_a_model_is_no_part_of_its_digest(world: Path) -> None:
    folder = trained(world)
    before = load_model(str(folder), {}).digest
    for name in ("model-card.md", "training.json", "attempt.json", "result.json"):
        (folder / name).write_text("changed")
    assert load_model(str(folder), {}).digest == before
    (folder / "signature.json").write_text('{"columns": ["x", "y"], "classes": ["1", "0"]}')
    assert load_model(str(folder), {}).digest != before


@pytest.mark.parametrize("seed", [0, 5])
def test_the_same_rows_and_seed_give_the_same_digest_in_another_process_at_another_time(world: Path, seed: int) -> None:
    rows = models.past()
    # Without a random_state of its own it draws otherwise every time.
    models.save(RandomForestClassifier(5).fit(rows[["x", "y"]], rows["label"]), world / "champion")
    digests = []
    for number in ("1", "2"):
        uri = str(world / f"new-{number}")
        process = start(world, f"--seed={seed}", MODELMONITOR_OUTPUT_URI=uri, PYTHONHASHSEED=number)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0, log
        digests.append(load_model(uri, {}).digest)
    assert digests[0] == digests[1]
    if seed:
        run(order(world, output_uri=str(world / "other")))
        assert load_model(str(world / "other"), {}).digest != digests[0]


# What cannot be written.


def by_lambda(rows: Any) -> Any:
    return rows


class Forgetful(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A model that does not write what it has learned."""

    def fit(self, rows: pd.DataFrame, labels: Any) -> "Forgetful":
        self.classes_ = np.unique(labels)
        self.feature_names_in_ = np.asarray(rows.columns, object)
        self.n_features_in_ = rows.shape[1]
        self.common_ = int(np.mean(labels) < 0.9)
        return self

    def predict(self, rows: pd.DataFrame) -> Any:
        return np.full(len(rows), getattr(self, "common_", 0))

    def __getstate__(self) -> Any:
        return {name: value for name, value in self.__dict__.items() if name != "common_"}


def test_a_pipeline_that_skops_does_not_trust_is_told_before_anything_is_read_or_written(world: Path) -> None:
    rows = models.past()
    estimator = make_pipeline(FunctionTransformer(by_lambda), LogisticRegression())
    models.save(estimator.fit(rows[["x", "y"]], rows["label"]), world / "champion")
    with pytest.raises(EvaluationError, match=r"by_lambda.*--format joblib") as caught:
        trained(world, Format.SKOPS)
    assert caught.value.reason == "FormatUnsuitable"
    assert not (world / "new").exists()


def test_a_model_that_is_another_one_when_it_is_read_back_has_no_result(world: Path) -> None:
    rows = models.past()
    models.save(Forgetful().fit(rows[["x", "y"]], rows["label"]), world / "champion")
    with pytest.raises(EvaluationError, match="keep all that it needs in its attributes") as caught:
        trained(world)
    assert caught.value.reason == "WrittenModelDiffers"
    assert not (world / "new" / "result.json").exists()


def test_reading_it_takes_no_library_of_ours(world: Path) -> None:
    """Seldon's model server has scikit-learn and joblib, and none of our code."""
    code = (
        "import joblib, sys; m = joblib.load(sys.argv[1]); assert 'modelmonitor' not in sys.modules; print(m.classes_)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(trained(world) / "model.joblib")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "[0 1]", done.stderr
