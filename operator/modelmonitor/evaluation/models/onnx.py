"""`model.onnx`: run by ONNX Runtime on the CPU.

Inputs, one of
- an input per column, of shape [rows, 1] or [rows]: they are found by name;
- one tensor of shape [rows, n]: the names of its n columns must stand in `signature.json` (or MLflow's signature).

Outputs, by their types: floats of shape [rows, k] or a list of maps (ZipMap) are probabilities; whole numbers, texts or
booleans are the predicted class; floats of shape [rows] are a regressor's values. The order of probabilities is that of
`classes` in `signature.json`, else of ZipMap's keys, else the numbers 0, 1, …, which is held against the predicted
class each time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import one_line
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.models.graph import Input, Outputs, inputs_of, outputs_of
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import LoadedModel, foreign_code
from modelmonitor.evaluation.models.order import check_order
from modelmonitor.evaluation.models.signature import Signature, classes_of, columns_of
from modelmonitor.evaluation.models.zipmap import Key, zipmap_keys


@dataclass(frozen=True, kw_only=True)
class OnnxModel(LoadedModel):
    """A session of ONNX Runtime."""

    session: Any
    inputs: tuple[Input, ...]
    outputs: Outputs
    keys: tuple[Key, ...]
    """Of ZipMap's maps, in the order of classes."""
    order_is_told: bool
    """Whether somebody said which probability is of which class."""

    def _probabilities(self, batch: pa.RecordBatch) -> Any:
        wanted = [name for name in (self.outputs.probabilities, self.outputs.label) if name is not None]
        found, *labels = self.session.run(wanted, self._fed(batch))
        probabilities = self._as_matrix(found)
        if labels and not self.order_is_told:
            texts = [class_text(value) for value in np.asarray(labels[0]).reshape(-1).tolist()]
            check_order(self.uri, self.classes or (), probabilities, texts)
        return probabilities

    def _predict(self, batch: pa.RecordBatch) -> Any:
        asked = self.outputs.label or self.outputs.value
        if asked is not None:
            return self.session.run([asked], self._fed(batch))[0]
        return np.asarray(self.classes, object)[self._probabilities(batch).argmax(axis=1)]

    def _as_matrix(self, found: Any) -> NDArray[np.float64]:
        if isinstance(found, list):
            found = [[row[key] for key in self.keys] for row in found]
            return np.asarray(found, np.float64).reshape(len(found), len(self.keys))
        return np.asarray(found, np.float64)

    def _fed(self, batch: pa.RecordBatch) -> Mapping[str, NDArray[Any]]:
        first = self.inputs[0]
        if first.width != 1:
            return {first.name: np.column_stack([_values(batch, column, first) for column in self.columns])}
        columns = zip(self.columns, self.inputs, strict=True)
        return {one.name: _values(batch, column, one).reshape(one.shape_of(batch.num_rows)) for column, one in columns}


def read(files: ModelFiles, path: str, signature: Signature) -> OnnxModel:
    """Load an ONNX model; raises ModelError."""
    content = files.read(path)
    runtime = library("onnxruntime", files.place + path)
    advice = (
        f"was it written whole, as one file without external data, for an opset that ONNX Runtime {runtime.__version__}"
        " knows?"
    )
    with foreign_code(lambda error: files.unloadable(path, one_line(error), advice)):
        options = runtime.SessionOptions()
        options.log_severity_level = 3
        session = runtime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        inputs, outputs = inputs_of(files, session.get_inputs()), outputs_of(files, session.get_outputs())
        kind = f"onnx by {session.get_modelmeta().producer_name or 'nobody'}, ONNX Runtime {runtime.__version__}"
        columns = _columns(files, inputs, signature, kind)
        keys = (zipmap_keys(content) or ()) if outputs.is_zipmap else ()
    told = signature.class_texts or (tuple(class_text(key) or "" for key in keys) or None)
    number = len(keys) if outputs.is_zipmap else outputs.width or len(told or ())
    usable = outputs.probabilities is not None and number > 0 and (told is not None or not outputs.label_is_text)
    unused = (
        f"the probabilities of {files.place}{path} are not used, for it does not say which is of which class: write its"
        " classes in their order into signature.json"
    )
    return OnnxModel(
        uri=files.uri,
        digest=files.digest(),
        kind=kind,
        columns=columns,
        classes=classes_of(files, Signature(classes=told), number) if usable else told,
        has_probabilities=usable,
        remarks=(unused,) if outputs.probabilities is not None and not usable else (),
        session=session,
        inputs=inputs,
        outputs=outputs,
        keys=keys,
        order_is_told=told is not None,
    )


def _columns(files: ModelFiles, inputs: tuple[Input, ...], signature: Signature, kind: str) -> tuple[str, ...]:
    first = inputs[0]
    if first.width == 1:
        return columns_of(files, tuple(one.name for one in inputs), signature, len(inputs), kind)
    return columns_of(files, None, signature, first.width or len(signature.columns or ()), kind)


def _values(batch: pa.RecordBatch, column: str, given: Input) -> NDArray[Any]:
    values = batch.column(column)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if given.kind.kind == "f":
        return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), given.kind)
    if values.null_count:
        raise ValueError(f'column "{column}" has missing values, and its input {given.kind} has no way to say so')
    if given.is_text:
        return np.asarray([str(value) for value in values.to_pylist()], object)
    return np.asarray(values.cast(pa.from_numpy_dtype(given.kind)).to_numpy(zero_copy_only=False), given.kind)
