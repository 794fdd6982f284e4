"""The new model's folder: written once, `result.json` last, and never over another model."""

import io
import json
import pickle
import platform
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa
import yaml

from modelmonitor.evaluation.errors import StorageError, one_line
from modelmonitor.evaluation.models import (
    ATTEMPT_FILE,
    RESULT_FILE,
    ScikitLearnModel,
    load_model,
)
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import foreign_code
from modelmonitor.evaluation.models.signature import SIGNATURE_FILE
from modelmonitor.evaluation.models.skops import TRUSTED
from modelmonitor.evaluation.storage import Folder
from modelmonitor.evaluation.types import Family, family
from modelmonitor.training.contract import Format, Trained, TrainingError
from modelmonitor.training.data import Sample

MLMODEL_FILE: Final = "MLmodel"
_TYPES: Final = {
    Family.TRUTH: "boolean",
    Family.WHOLE: "long",
    Family.NUMBER: "double",
    Family.TEXT: "string",
    Family.BYTES: "binary",
    Family.TIME: "datetime",
    Family.DATE: "datetime",
}
_CHECKED_ROWS: Final = 1000


class Output:
    """The folder at MODELMONITOR_OUTPUT_URI."""

    def __init__(self, folder: Folder) -> None:
        self._folder: Final = folder

    def finished(self, attempt: Mapping[str, Any]) -> Trained | None:
        """The result of this very attempt if it is done; None if it is not done or has not begun.

        A Job's pod that died is run again with the same order: half an attempt of its own is written anew, a finished
        one is only told again. An attempt that has written nothing but who it is may be followed by any other.

        Raises:
            TrainingError: when something else is there, since something may be serving it.
        """
        there = self._there()
        done = _json(self._folder.read(RESULT_FILE)) if RESULT_FILE in there else {}
        if ATTEMPT_FILE in there and self._folder.read(ATTEMPT_FILE) == _document(attempt):
            if not done:
                return None
            return Trained(str(done["modelUri"]), str(done["trainedThrough"]), dict(done["metrics"]))
        if there <= {ATTEMPT_FILE}:
            return None
        raise TrainingError(
            "OutputTaken",
            f"{self._folder.uri} already holds files that are not of this attempt ({', '.join(sorted(there)[:4])}), and"
            " something may serve them; each attempt needs a new folder (MODELMONITOR_OUTPUT_URI, --output)",
        )

    def begin(self, attempt: Mapping[str, Any]) -> None:
        """Say whose the folder is. A store that refuses it is known before hours of fitting, and not after them."""
        self._folder.write(ATTEMPT_FILE, _document(attempt))

    def write(self, path: str, content: bytes | str) -> None:
        """Write a file whole."""
        self._folder.write(path, content.encode() if isinstance(content, str) else content)

    def finish(self, trained: Trained) -> None:
        """Write the result: this file says that all others are whole."""
        self._folder.write(RESULT_FILE, _document(trained.document()))

    def _there(self) -> set[str]:
        try:
            return {file.path for file in self._folder.files()}
        except StorageError as error:
            if error.reason != "FolderNotFound":
                raise
            return set()


def _document(content: Mapping[str, Any]) -> bytes:
    # Values of a search may be what JSON has not, such as a date.
    return json.dumps(content, ensure_ascii=False, indent=1, default=str).encode()


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        return dict(json.loads(content or b""))
    except (ValueError, TypeError):
        return {}


def model_files(model: ScikitLearnModel, format_: Format, sample: Sample) -> dict[str, bytes]:
    """The files of a model by name: itself, `MLmodel` and `signature.json`.

    They hold no time and no number of their own, so that the same model has the same digest.

    Raises:
        TrainingError: when the model cannot be written in this format.
    """
    signature: dict[str, Any] = {"columns": list(model.columns)}
    if model.classes is not None:
        signature["classes"] = list(model.classes)
    return {
        format_.file: encoded(model, format_),
        MLMODEL_FILE: yaml.safe_dump(_mlmodel(model, format_, sample), sort_keys=True, allow_unicode=True).encode(),
        SIGNATURE_FILE: json.dumps(signature, ensure_ascii=False).encode(),
    }


def encoded(model: ScikitLearnModel, format_: Format) -> bytes:
    """The file that holds a model.

    Raises:
        TrainingError: when the model cannot be written in this format.
    """
    return _joblib(model) if format_ is Format.JOBLIB else _skops(model)


def _joblib(model: ScikitLearnModel) -> bytes:
    # joblib.load reads a plain pickle as well as its own kind, and MLflow reads no other.
    content = io.BytesIO()
    with foreign_code(_unwritable):
        pickle.dump(model.estimator, content, protocol=5)
    return content.getvalue()


def _skops(model: ScikitLearnModel) -> bytes:
    skops = library("skops.io", "a model in the format skops")
    with foreign_code(_unwritable):
        content: bytes = skops.dumps(model.estimator)
        asked = set(skops.get_untrusted_types(data=content))
    if refused := sorted(asked - set(TRUSTED)):
        raise TrainingError(
            "FormatUnsuitable",
            f"the pipeline holds types that are not trusted in a skops file ({', '.join(refused[:6])}), so that the"
            " evaluation would not load it: write it with --format joblib, or build it of scikit-learn's own parts",
        )
    return content


def _unwritable(error: BaseException) -> TrainingError:
    return TrainingError(
        "ModelUnwritable",
        f"the fitted pipeline cannot be written ({one_line(error)}); what it is made of must be importable, and hold no"
        " lambda, open file or thread",
    )


def _mlmodel(model: ScikitLearnModel, format_: Format, sample: Sample) -> dict[str, Any]:
    """MLflow's own description of the folder: `mlflow.sklearn` and `mlflow.pyfunc` load it."""
    flavour = {
        "pickled_model": format_.file,
        "serialization_format": "pickle" if format_ is Format.JOBLIB else "skops",
        "sklearn_version": library("sklearn", MLMODEL_FILE).__version__,
    }
    if format_ is Format.SKOPS:
        flavour["skops_trusted_types"] = list(TRUSTED)
    function = {
        "loader_module": "mlflow.sklearn",
        "model_path": format_.file,
        "predict_fn": "predict",
        "python_version": platform.python_version(),
    }
    inputs = [{"name": name, "type": _type(sample.table.column(name)), "required": True} for name in model.columns]
    found: dict[str, Any] = {"flavors": {"python_function": function, "sklearn": flavour}}
    if model.by_name and all(one["type"] for one in inputs):
        found["signature"] = {"inputs": json.dumps(inputs, ensure_ascii=False), "outputs": None, "params": None}
    return found


def _type(values: pa.ChunkedArray) -> str | None:
    """MLflow's type of a column; whole numbers with gaps are floats in pandas."""
    kind = family(values.type)
    return "double" if kind is Family.WHOLE and values.null_count else _TYPES.get(kind)


def read_back(uri: str, environ: Mapping[str, str], model: ScikitLearnModel, sample: Sample) -> ScikitLearnModel:
    """The model as the evaluation will load it.

    Raises:
        TrainingError: when it answers otherwise than the one that was written.
        ModelError: when it does not load.
    """
    found = load_model(uri, environ)
    some = sample.part(0, min(_CHECKED_ROWS, len(sample))).table.combine_chunks().to_batches()
    for batch in some:
        wanted, given = (one.predict(batch, "the training rows") for one in (model, found))
        if not np.array_equal(wanted, given):
            raise TrainingError(
                "WrittenModelDiffers",
                f"the model that was written to {uri} predicts otherwise than the one that was fitted; does the"
                " pipeline keep all that it needs in its attributes, and draw nothing while it predicts?",
            )
    assert isinstance(found, ScikitLearnModel)  # noqa: S101 - of either format it is one
    return found
