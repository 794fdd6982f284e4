"""What an ONNX graph may look like: inputs by column, ZipMap's maps, classes that are not told."""

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.base import BaseEstimator
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelmonitor.evaluation.errors import ModelError
from modelmonitor.evaluation.models.order import check_order
from modelmonitor.evaluation.models.zipmap import zipmap_keys
from tests.unit.evaluation.model_formats.conftest import Load, answers_of

COLUMNS: Final = ["carrier", "x", "y"]
BY_COLUMN: Final = [
    ("x", FloatTensorType([None, 1])),
    ("carrier", StringTensorType([None, 1])),
    ("y", FloatTensorType([None, 1])),
]


def of_columns(rows: pd.DataFrame, label: str) -> Pipeline:
    """A pipeline that reads two numbers and a text."""
    parts = make_column_transformer((StandardScaler(), ["x", "y"]), (OneHotEncoder(), ["carrier"]))
    return make_pipeline(parts, LogisticRegression()).fit(rows[COLUMNS], rows[label])


def of_numbers(rows: pd.DataFrame, labels: Any) -> LogisticRegression:
    return LogisticRegression().fit(rows[["x", "y"]].to_numpy(), labels)


def write(
    folder: Path, estimator: BaseEstimator, types: list[Any] | None = None, *, zipmap: object = False, **signature: Any
) -> None:
    """Write `model.onnx`, and beside it `signature.json` where something is to be told."""
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    options = {id(last): {"zipmap": zipmap}} if hasattr(last, "predict_proba") else None
    types = types or [("rows", FloatTensorType([None, 2]))]
    (folder / "model.onnx").write_bytes(to_onnx(estimator, initial_types=types, options=options).SerializeToString())
    if signature:
        (folder / "signature.json").write_text(json.dumps(signature))


@pytest.mark.parametrize("label", ["label", "word", "three"])
def test_an_input_for_each_column_is_found_by_name_and_zipmaps_keys_are_the_classes(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load, label: str
) -> None:
    estimator = of_columns(rows, label)
    write(tmp_path, estimator, BY_COLUMN, zipmap=True)
    model = load()
    probabilities, said = answers_of(model, batch)
    assert model.columns == ("x", "carrier", "y")
    assert model.classes == tuple(str(value) for value in estimator.classes_)
    assert model.remarks == ()
    np.testing.assert_allclose(probabilities, estimator.predict_proba(rows[COLUMNS]), atol=1e-5)
    assert said.tolist() == estimator.predict(rows[COLUMNS]).astype(str).tolist()


def test_zipmaps_maps_are_read_by_key_whatever_order_the_runtime_gives_them_in(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    write(tmp_path, of_columns(rows, "three"), BY_COLUMN, zipmap=True)
    usual = load().probabilities(batch, "here")
    graph = onnx.load(tmp_path / "model.onnx")
    (zipmap,) = (node for node in graph.graph.node if node.op_type == "ZipMap")
    zipmap.attribute[0].ints[:] = [7, -3, 2]
    onnx.save(graph, tmp_path / "model.onnx")
    (tmp_path / "signature.json").write_text('{"classes": ["low", "middle", "high"]}')
    model = load()
    assert model.classes == ("low", "middle", "high")
    np.testing.assert_array_equal(model.probabilities(batch, "here"), usual)


@given(
    st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5)
    | st.lists(st.text(max_size=200), min_size=1, max_size=5)
)
def test_keys_are_read_as_onnx_writes_them(keys: list[int] | list[str]) -> None:
    attribute = "classlabels_strings" if isinstance(keys[0], str) else "classlabels_int64s"
    nodes = [
        onnx.helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml", scale=[0.5, 2.0]),
        onnx.helper.make_node("ZipMap", ["y"], ["z"], domain="ai.onnx.ml", **{attribute: keys}),
    ]
    graph = onnx.helper.make_graph(nodes, "ZipMap", [], [], [onnx.numpy_helper.from_array(np.ones(3), "classlabels_")])
    model = onnx.helper.make_model(graph)
    assert zipmap_keys(model.SerializeToString()) == tuple(keys)
    model.graph.node.append(nodes[1])
    assert zipmap_keys(model.SerializeToString()) == tuple(keys)
    del model.graph.node[1:]
    assert zipmap_keys(model.SerializeToString()) is None


def test_probabilities_of_classes_in_words_that_nobody_names_are_left_unused_with_a_remark(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    estimator = of_columns(rows, "word")
    write(tmp_path, estimator, BY_COLUMN)
    model = load()
    assert (model.classes, model.has_probabilities) == (None, False)
    assert len(model.remarks) == 1
    assert "write its classes in their order into signature.json" in model.remarks[0]
    assert model.predict(batch, "here").tolist() == estimator.predict(rows[COLUMNS]).tolist()

    write(tmp_path, estimator, BY_COLUMN, classes=estimator.classes_.tolist())
    named = load()
    assert (named.classes, named.remarks) == (("late", "on time"), ())
    np.testing.assert_allclose(named.probabilities(batch, "here"), estimator.predict_proba(rows[COLUMNS]), atol=1e-5)


def test_a_zipmap_of_one_output_a_class_gives_classes_only(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    estimator = of_columns(rows, "word")
    write(tmp_path, estimator, BY_COLUMN, zipmap="columns")
    model = load()
    assert (model.classes, model.has_probabilities) == (None, False)
    assert model.predict(batch, "here").tolist() == estimator.predict(rows[COLUMNS]).tolist()


def test_a_regressor_gives_values(tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load) -> None:
    estimator = LinearRegression().fit(rows[["x", "y"]].to_numpy(), rows["value"])
    write(tmp_path, estimator, columns=["x", "y"])
    model = load()
    assert (model.classes, model.has_probabilities) == (None, False)
    np.testing.assert_allclose(model.predict(batch, "here"), estimator.predict(rows[["x", "y"]].to_numpy()), atol=1e-4)


def test_one_tensor_of_all_columns_needs_their_names(tmp_path: Path, rows: pd.DataFrame, load: Load) -> None:
    write(tmp_path, of_numbers(rows, rows["label"]))
    with pytest.raises(ModelError, match="does not know the names of its 2 columns") as caught:
        load()
    assert caught.value.reason == "ModelUnloadable"


def test_classes_that_are_not_0_and_1_are_not_taken_for_them(
    tmp_path: Path, rows: pd.DataFrame, batch: pa.RecordBatch, load: Load
) -> None:
    write(tmp_path, of_numbers(rows, rows["label"] + 1), columns=["x", "y"])
    with pytest.raises(ModelError, match='taken for 0, 1, but it predicts the class "2"') as caught:
        load().probabilities(batch, "here")
    assert caught.value.reason == "ModelScoringFailed"

    write(tmp_path, of_numbers(rows, rows["label"] + 1), columns=["x", "y"], classes=[1, 2])
    assert load().probabilities(batch, "here").shape == (len(rows), 2)


def test_a_missing_text_is_told_with_its_column_and_a_missing_number_is_nan(
    tmp_path: Path, rows: pd.DataFrame, load: Load
) -> None:
    write(tmp_path, of_columns(rows, "label"), BY_COLUMN, zipmap=True)
    model = load()
    gaps = pa.RecordBatch.from_pydict({"x": [0.5, None], "y": [1.0, 2.0], "carrier": ["AA", "UA"]})
    assert np.isnan(model.probabilities(gaps, "here")).any(axis=1).tolist() == [False, True]
    gaps = pa.RecordBatch.from_pydict({"x": [0.5, 0.1], "y": [1.0, 2.0], "carrier": ["AA", None]})
    with pytest.raises(ModelError, match='here: column "carrier" has missing values') as caught:
        model.predict(gaps, "here")
    assert caught.value.reason == "ModelScoringFailed"


PROBABLE: Final = np.asarray([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]])


@pytest.mark.parametrize(
    "labels",
    [["0", "1", "1", "0"], ["0", "1", "0", "1"], [None, "1", "1", "0"], []],
    ids=["all agree", "one half does", "a row without a prediction", "no row"],
)
def test_an_order_that_most_predictions_agree_with_is_taken(labels: list[str | None]) -> None:
    check_order("s3://models/1", ("0", "1"), PROBABLE[: len(labels)], labels)


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        pytest.param(
            ["1", "0", "0", "1"], "does not predict the class that is most probable", id="the other way round"
        ),
        pytest.param(["0", "1", "1", "2"], 'predicts the class "2"', id="a class that is not there"),
        pytest.param([None, None, None, "0"], "does not predict", id="it says nothing of most rows"),
    ],
)
def test_an_order_that_predictions_speak_against_is_told(labels: list[str | None], says: str) -> None:
    with pytest.raises(ModelError) as caught:
        check_order("s3://models/1", ("0", "1"), PROBABLE, labels)
    assert caught.value.reason == "ModelScoringFailed"
    assert says in caught.value.message
    assert "s3://models/1" in caught.value.message
    assert "signature.json" in caught.value.message
