"""MLflow's folders: `MLmodel` says which flavour is in which file.

Of a model that MLflow wrote as scikit-learn, XGBoost, LightGBM or ONNX the flavour's own file is read, by the module
of that format: it gives probabilities, which MLflow's python_function does not, and needs no MLflow. Only a
python_function of its own is handed to MLflow (the extra `mlflow`, which the evaluator's image does not hold).
"""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import yaml

from modelmonitor.evaluation.errors import ModelError, one_line
from modelmonitor.evaluation.models import lightgbm, onnx, scikit_learn, skops, xgboost
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import LoadedModel, foreign_code
from modelmonitor.evaluation.models.signature import Signature, columns_of
from modelmonitor.evaluation.models.tables import frame

# Where each flavour names its file.
_FLAVOURS: Final = {"sklearn": "pickled_model", "xgboost": "data", "lightgbm": "data", "onnx": "data"}
_NATIVE: Final = {"xgboost": xgboost.read, "lightgbm": lightgbm.read, "onnx": onnx.read}
_PICKLES: Final = (".pkl", ".pickle", ".cloudpickle", ".joblib")


@dataclass(frozen=True, kw_only=True)
class PythonFunction(LoadedModel):
    """MLflow's python_function: it only predicts."""

    function: Any

    def _probabilities(self, batch: pa.RecordBatch) -> Any:
        raise NotImplementedError

    def _predict(self, batch: pa.RecordBatch) -> Any:
        found = self.function.predict(frame(batch, self.columns))
        return found.iloc[:, 0] if getattr(found, "ndim", 1) == 2 and hasattr(found, "iloc") else found


def read(files: ModelFiles, path: str, signature: Signature) -> LoadedModel:
    """Load what `MLmodel` names; raises ModelError."""
    document = _document(files, path)
    flavours = document["flavors"]
    known = Signature(columns=signature.columns or _columns(document), classes=signature.classes)
    for flavour, key in _FLAVOURS.items():
        if isinstance(said := flavours.get(flavour), Mapping):
            return _read_flavour(files, path, flavour, str(said.get(key, "")), known)
    if "python_function" in flavours:
        return _read_function(files, known)
    raise ModelError(
        "ModelUnloadable",
        f"{files.place}{path} has the flavours {', '.join(sorted(map(str, flavours))) or 'none'}; of these none can be"
        f" read ({', '.join(_FLAVOURS)} and python_function can)",
    )


def _read_flavour(files: ModelFiles, path: str, flavour: str, file: str, signature: Signature) -> LoadedModel:
    if file not in files.sizes:
        raise ModelError(
            "ModelUnloadable",
            f"{files.place}{path}: its flavour {flavour} is in {file or 'no file'}, which is not there as one file; log"
            " the model again, and copy its folder whole",
        )
    if file.endswith(".skops"):
        return skops.read(files, file, signature)
    if flavour == "sklearn" or file.endswith(_PICKLES):
        return scikit_learn.read(files, file, signature)
    return _NATIVE[flavour](files, file, signature)


def _read_function(files: ModelFiles, signature: Signature) -> PythonFunction:
    pyfunc = library("mlflow.pyfunc", f"the python_function in {files.place}", "mlflow")
    advice = "it needs the packages and the code that it was logged with: use an image that holds them"
    # MLflow reads folders of this machine only.
    with tempfile.TemporaryDirectory(prefix="modelmonitor-mlflow-") as folder:
        for name in files.sizes:
            target = Path(folder, name)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(files.read(name))
        with foreign_code(lambda error: files.unloadable("MLmodel", one_line(error), advice)):
            function = pyfunc.load_model(folder)
    kind = f"mlflow.pyfunc {function.metadata.mlflow_version}"
    return PythonFunction(
        uri=files.uri,
        digest=files.digest(),
        kind=kind,
        columns=columns_of(files, None, signature, len(signature.columns or ()), kind),
        classes=signature.class_texts,
        has_probabilities=False,
        function=function,
    )


def _document(files: ModelFiles, path: str) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(files.read(path))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise files.unloadable(path, one_line(error), "it is MLflow's own file, in YAML") from error
    if not isinstance(document, Mapping) or not isinstance(document.get("flavors"), Mapping):
        raise files.unloadable(path, "it names no flavors", "it is MLflow's own file, in YAML")
    return document


def _columns(document: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The names of the inputs in MLflow's signature, where it has names."""
    signature = document.get("signature")
    text = signature.get("inputs") if isinstance(signature, Mapping) else None
    try:
        inputs = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        return None
    if not isinstance(inputs, list) or not all(isinstance(one, Mapping) and one.get("name") for one in inputs):
        return None
    return tuple(str(one["name"]) for one in inputs) or None
