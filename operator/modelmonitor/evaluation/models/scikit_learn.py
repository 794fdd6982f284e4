"""scikit-learn: `model.joblib`, and whatever else keeps a Python object with `predict`.

A pickle is a program: loading one runs what its writer wanted, in a pod without a token, as a user without rights. Who
may write to the folder of models is trusted; `model.skops` and `model.onnx` are for those who are not.
"""

import io
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import ModelError, one_line
from modelmonitor.evaluation.models.files import ModelFiles
from modelmonitor.evaluation.models.libraries import library
from modelmonitor.evaluation.models.loaded import LoadedModel, foreign_code
from modelmonitor.evaluation.models.signature import Signature, columns_of
from modelmonitor.evaluation.models.tables import frame

MODEL_FILE: Final = "model.joblib"


@dataclass(frozen=True, kw_only=True)
class ScikitLearnModel(LoadedModel):
    """An estimator: scikit-learn's own, or one with its interface."""

    estimator: Any
    """The object that was loaded."""
    file: str = MODEL_FILE
    """The file that holds it."""
    by_name: bool = True
    """Whether it was fitted on named columns; else it is given a bare array."""

    def inputs(self, rows: pa.RecordBatch | pa.Table) -> Any:
        """What the estimator reads: a pandas DataFrame, or a bare array where it was fitted on one.

        Args:
            rows: rows that hold the model's columns.
        """
        found = frame(rows, self.columns)
        return found if self.by_name else found.to_numpy()

    def _probabilities(self, batch: pa.RecordBatch) -> Any:
        return self.estimator.predict_proba(self.inputs(batch))

    def _predict(self, batch: pa.RecordBatch) -> Any:
        return self.estimator.predict(self.inputs(batch))


def read(files: ModelFiles, path: str, signature: Signature) -> ScikitLearnModel:
    """Load a pickle, as joblib, pickle or cloudpickle write it; raises ModelError."""
    content = files.read(path)
    joblib = library("joblib", files.place + path, "evaluator")
    return estimator_from(files, path, signature, lambda: joblib.load(io.BytesIO(content)))


def estimator_from(files: ModelFiles, path: str, signature: Signature, load: Callable[[], Any]) -> ScikitLearnModel:
    """The model that `load` makes of a file.

    Raises:
        ModelError: when it does not load, or what comes out is no model.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # Unpickling runs the user's code and may raise anything.
        with foreign_code(lambda error: files.unloadable(path, one_line(error), _advice(error))):
            estimator = load()
    with foreign_code(
        lambda error: files.unloadable(path, one_line(error), "is it a fitted estimator, whole and of one version?")
    ):
        return _model(files, path, signature, estimator, [one.message for one in caught])


def _model(
    files: ModelFiles, path: str, signature: Signature, estimator: Any, warned: list[Warning | str]
) -> ScikitLearnModel:
    what = _class(type(estimator))
    if not callable(getattr(estimator, "predict", None)):
        raise ModelError(
            "ModelUnloadable",
            f"{files.place}{path} holds a {what}, which has no predict and so is no model; write the whole fitted"
            " pipeline there",
        )
    own = getattr(estimator, "feature_names_in_", None)
    names = None if own is None else tuple(str(name) for name in own)
    width = int(getattr(estimator, "n_features_in_", 0)) or len(signature.columns or names or ())
    classes = _classes(files, what, signature, getattr(estimator, "classes_", None))
    written, remarks = _said(what, warned)
    return ScikitLearnModel(
        uri=files.uri,
        digest=files.digest(),
        kind=f"{what} {written}" if written else kind_of(estimator),
        columns=columns_of(files, names, signature, width, f"{what}, without feature_names_in_"),
        classes=classes,
        has_probabilities=classes is not None and callable(getattr(estimator, "predict_proba", None)),
        remarks=remarks,
        estimator=estimator,
        file=path,
        by_name=names is not None,
    )


def _classes(files: ModelFiles, what: str, signature: Signature, own: Any) -> tuple[str, ...] | None:
    named = signature.class_texts
    if own is None:
        return named
    if np.ndim(own) != 1:
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} ({what}) predicts several outputs at once; one can be judged",
        )
    texts = tuple(class_text(value) or "" for value in np.asarray(own).tolist())
    if named is not None and len(named) != len(texts):
        raise ModelError(
            "ModelUnloadable",
            f"the model in {files.place} ({what}) has {len(texts)} classes, signature.json names {len(named)}",
        )
    return named or texts


def kind_of(estimator: Any) -> str:
    """An estimator's class and the version of its library here, for people."""
    return f"{_class(type(estimator))} {_version(type(estimator))}".rstrip()


def _said(what: str, warned: list[Warning | str]) -> tuple[str | None, tuple[str, ...]]:
    """The version that wrote the model, where it is another one, and what was warned of while loading."""
    other = {
        str(warning.original_sklearn_version): str(warning.current_sklearn_version)
        for warning in warned
        if hasattr(warning, "original_sklearn_version") and hasattr(warning, "current_sklearn_version")
    }
    remarks = [
        f"{what} was written with scikit-learn {written} and is read with {here}: its answers may differ from what it"
        " gives where it serves; use one version"
        for written, here in other.items()
    ]
    rest = (one for one in warned if not hasattr(one, "original_sklearn_version"))
    remarks += dict.fromkeys(one_line(one) for one in rest if isinstance(one, Warning))
    return next(iter(other), None), tuple(remarks)


def _class(kind: type) -> str:
    # sklearn.linear_model._logistic.LogisticRegression is known to people without its private part.
    parts = [part for part in kind.__module__.split(".") if not part.startswith("_")]
    return ".".join([*(part for part in parts if part != "builtins"), kind.__qualname__])


def _version(kind: type) -> str:
    return str(getattr(sys.modules.get(kind.__module__.partition(".")[0]), "__version__", ""))


def _advice(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError | AttributeError | ImportError):
        return (
            "it needs code that is not in the evaluator's image, or another version of it: use scikit-learn's own"
            f" classes ({_here()}), or an image with your package"
        )
    if isinstance(error, MemoryError):
        return "it needs more memory than there is: raise jobs.resources.limits.memory"
    return f"was it written whole, with joblib.dump and a like version of scikit-learn ({_here()})?"


def _here() -> str:
    module = sys.modules.get("sklearn")
    return f"here is {module.__version__}" if module else "none was loaded yet"
