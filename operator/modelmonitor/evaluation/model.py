"""A scikit-learn model from its folder: its identity, the columns it reads, and its scores.

scikit-learn and pandas are imported when a model is loaded and not before: together they take longer than a whole
evaluation of logged predictions.
"""

import hashlib
import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import ModelError, one_line
from modelmonitor.evaluation.storage import Folder, Purpose, open_folder

MODEL_FILE: Final = "model.joblib"
RESULT_FILE: Final = "result.json"
ATTEMPT_FILE: Final = "attempt.json"
# Written by its trainer, maybe twice; they say something about the model and are no part of it.
_BESIDE_THE_MODEL: Final = frozenset({RESULT_FILE, ATTEMPT_FILE})


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model, ready to score."""

    uri: str
    digest: str
    """sha256 over names and contents of its files: `sha256:<hex>`."""
    estimator: Any
    """The scikit-learn estimator."""
    columns: tuple[str, ...]
    """The columns it was fitted on, by name and in order."""
    remarks: tuple[str, ...] = ()
    """What scikit-learn warned of while loading."""

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Texts of its classes in the order of probabilities; None for a regressor."""
        found = getattr(self.estimator, "classes_", None)
        return None if found is None else tuple(class_text(value) or "" for value in found)

    @property
    def has_probabilities(self) -> bool:
        """Whether it gives probabilities, or only classes or values."""
        return self.classes is not None and callable(getattr(self.estimator, "predict_proba", None))

    def probabilities(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.float64]:
        """Probabilities, shape (rows, classes); only when `has_probabilities`."""
        return np.asarray(self._call("predict_proba", batch, origin), np.float64)

    def predict(self, batch: pa.RecordBatch, origin: str) -> NDArray[Any]:
        """Classes or values, shape (rows,)."""
        return np.asarray(self._call("predict", batch, origin))

    def _call(self, method: str, batch: pa.RecordBatch, origin: str) -> Any:
        # The model is the user's code and may raise anything.
        try:
            return getattr(self.estimator, method)(self.frame(batch))
        except Exception as error:
            raise ModelError(
                "ModelScoringFailed",
                f"the model in {self.uri} cannot score {origin}: {one_line(error)}; are these the columns and types"
                " that it was trained on?",
            ) from error

    def frame(self, batch: pa.RecordBatch) -> Any:
        """The pandas DataFrame that the model reads, from a batch that holds its columns."""
        return batch.select(list(self.columns)).to_pandas(strings_to_categorical=False)


def load_model(uri: str, environ: Mapping[str, str]) -> LoadedModel:
    """Load `model.joblib` from the folder at `uri`.

    Raises:
        ModelError: ModelNotFound, or ModelUnloadable with what scikit-learn or joblib said.
        StorageError: when the store cannot be read.
    """
    folder = open_folder(uri, Purpose.MODEL, environ)
    content = folder.read(MODEL_FILE)
    if content is None:
        raise ModelError(
            "ModelNotFound",
            f"there is no {MODEL_FILE} in {folder.uri}; a model's URI is the folder that holds it: put it there, or"
            " correct the URI",
        )
    digest = _digest(folder, content)
    estimator, remarks = _unpickled(folder.uri, content)
    names = getattr(estimator, "feature_names_in_", None)
    if names is None:
        raise ModelError(
            "ModelUnloadable",
            f"the model in {folder.uri} ({type(estimator).__name__}) does not know the names of its columns"
            " (feature_names_in_); fit it on a DataFrame with column names, not on a bare array",
        )
    return LoadedModel(uri, digest, estimator, tuple(str(name) for name in names), remarks)


class ModelScorer:
    """The probability of the positive class, or only the class where the model has no probabilities."""

    def __init__(self, model: LoadedModel, positive_class: str) -> None:
        self._model: Final = model
        self._said: Final = positive_class
        classes = list(model.classes or ())
        self._texts: Final = classes
        self._positive: Final = class_text(positive_class)
        if self._positive not in classes:
            raise ModelError(
                "ModelScoringFailed",
                f'model.positiveClass is "{positive_class}", but the classes of the model in {model.uri} are'
                f" {', '.join(repr(text) for text in classes) or 'unknown'}; write the class as the model was trained"
                " on it",
            )
        self.has_scores: Final = model.has_probabilities

    def scores(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.float64]:
        """Probabilities of the positive class, shape (rows,); only when `has_scores`."""
        found: NDArray[np.float64] = self._model.probabilities(batch, origin)
        scores: NDArray[np.float64] = found[:, self._texts.index(self._positive or "")]
        if not np.isfinite(scores).all():
            raise ModelError(
                "ModelScoringFailed", f"the model in {self._model.uri} gave a score that is no number on {origin}"
            )
        return scores

    def positives(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.bool_]:
        """Whether the predicted class is the positive one, shape (rows,)."""
        found = self._model.predict(batch, origin)
        return np.asarray([class_text(value) == self._positive for value in found.tolist()], np.bool_)


def _unpickled(uri: str, content: bytes) -> tuple[Any, tuple[str, ...]]:
    import joblib  # noqa: PLC0415 - with scikit-learn it takes a second; see the module's text

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Unpickling runs the user's code and may raise anything.
        try:
            estimator = joblib.load(io.BytesIO(content))
        except Exception as error:
            missing = isinstance(error, ModuleNotFoundError | AttributeError)
            advice = (
                "; it needs code that is not in the evaluator's image: use scikit-learn's own classes, or an image"
                " with your package"
                if missing
                else "; was it written whole, with joblib.dump and a like version of scikit-learn?"
            )
            raise ModelError(
                "ModelUnloadable", f"{uri}{MODEL_FILE} does not load ({one_line(error)}){advice}"
            ) from error
    remarks = dict.fromkeys(one_line(warning.message) for warning in caught if isinstance(warning.message, Warning))
    return estimator, tuple(remarks)


def _digest(folder: Folder, content: bytes) -> str:
    total = hashlib.sha256()
    for file in folder.files():
        if file.path in _BESIDE_THE_MODEL:
            continue
        own = hashlib.sha256(content if file.path == MODEL_FILE else folder.read(file.path) or b"")
        total.update(f"{own.hexdigest()}  {file.path}\n".encode())
    return f"sha256:{total.hexdigest()}"
