"""Which file is the model, and who reads it."""

from collections.abc import Callable, Mapping
from typing import Final

from modelmonitor.evaluation.errors import ModelError
from modelmonitor.evaluation.models import lightgbm, mlflow, onnx, scikit_learn, skops, xgboost
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.models.protocol import Model
from modelmonitor.evaluation.models.signature import Signature, read_signature

_READERS: Final[Mapping[str, Callable[[ModelFiles, str, Signature], Model]]] = {
    scikit_learn.MODEL_FILE: scikit_learn.read,
    "model.skops": skops.read,
    "model.onnx": onnx.read,
    "model.json": xgboost.read,
    "model.ubj": xgboost.read,
    "model.txt": lightgbm.read,
}
_MLFLOW_FILE: Final = "MLmodel"


def load_model(uri: str, environ: Mapping[str, str]) -> Model:
    """Load the model in the folder at `uri`.

    Raises:
        ModelError: ModelNotFound, ModelAmbiguous, ModelTooLarge, ModelUntrusted, ModelLibraryMissing,
            ModelSignatureInvalid, or ModelUnloadable with what its library said.
        StorageError: when the store cannot be read.
    """
    files = ModelFiles(uri, environ)
    signature = read_signature(files)
    if _MLFLOW_FILE in files.sizes:
        return mlflow.read(files, _MLFLOW_FILE, signature)
    found = [name for name in _READERS if name in files.sizes]
    if not found:
        usual, *others = _READERS
        raise ModelError(
            "ModelNotFound",
            f"there is no {usual} in {files.place}, and no {', '.join(others)} or {_MLFLOW_FILE}; a model's URI is the"
            " folder that holds one of them: put it there, or correct the URI",
        )
    if len(found) > 1:
        raise ModelError(
            "ModelAmbiguous",
            f"{files.place} holds {' and '.join(found)}, and which of them serves cannot be known: keep one",
        )
    return _READERS[found[0]](files, found[0], signature)
