"""A recipe: the champion's own pipeline, to be fitted again on other rows and with other parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.api.metric_names import Task
from modelmonitor.api.monitor import ModelSpec
from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import DataError, ResourceError, one_line
from modelmonitor.evaluation.models import Model, ScikitLearnModel
from modelmonitor.evaluation.models.loaded import foreign_code
from modelmonitor.training.contract import TrainingError
from modelmonitor.training.data import Sample


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a model is made of rows."""

    champion: ScikitLearnModel
    values: tuple[Any, ...]
    """What the pipeline is given for each class of the task, by the number that the evaluation gives it; empty in a
    regression."""
    names: tuple[str, ...]
    """Texts of these classes."""
    seeds: Mapping[str, int]
    """Its parameters `random_state` that the champion leaves open: with them the same rows give the same model."""

    @classmethod
    def of(cls, champion: Model, spec: ModelSpec, seed: int) -> Self:
        """The champion's.

        Raises:
            TrainingError: when it can score and not be fitted again.
        """
        if not isinstance(champion, ScikitLearnModel):
            raise _unsuitable(champion, f"is {champion.kind}: it can score but not be fitted again")
        estimator = champion.estimator
        if not all(callable(getattr(estimator, name, None)) for name in ("fit", "get_params", "set_params")):
            raise _unsuitable(champion, f"({champion.kind}) has no fit, get_params or set_params")
        parameters = estimator.get_params(deep=True)
        seeds = {
            name: seed
            for name, value in parameters.items()
            if name.rpartition("__")[2] == "random_state" and value is None
        }
        classes = _classes(champion, spec)
        return cls(champion, tuple(value for _, value in classes), tuple(text for text, _ in classes), seeds)

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The parameters of the champion's pipeline, of its parts too."""
        found: Mapping[str, Any] = self.champion.estimator.get_params(deep=True)
        return found

    def fit(self, sample: Sample, parameters: Mapping[str, Any]) -> ScikitLearnModel:
        """Fit the pipeline.

        Args:
            sample: the rows.
            parameters: others than the champion's.

        Raises:
            TrainingError: when it cannot be fitted on these rows or with these parameters.
            ResourceError: when memory runs out.
        """
        # It takes a second to import, which --help and most errors need not wait for.
        from sklearn.base import clone  # noqa: PLC0415

        # The pipeline is the user's code and may raise anything.
        with foreign_code(lambda error: self._failed(sample, error)):
            estimator = clone(self.champion.estimator).set_params(**{**self.seeds, **parameters})
            fitted = estimator.fit(self.champion.inputs(sample.table), self._targets(sample.truth))
        return replace(
            self.champion, estimator=fitted, classes=self._learned(fitted), uri="the newly fitted pipeline", digest=""
        )

    def _targets(self, truth: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.values)[truth] if self.values else truth

    def _learned(self, fitted: Any) -> tuple[str, ...] | None:
        """Texts of the classes that it has learned: the champion's own words for them, which `signature.json` gave."""
        if not self.values:
            return None
        own = self.champion.estimator.classes_
        said = dict(zip(own.tolist(), self.champion.classes or (), strict=True))
        return tuple(said.get(value) or class_text(value) or "" for value in fitted.classes_.tolist())

    def _failed(self, sample: Sample, error: BaseException) -> TrainingError | ResourceError:
        rows = f"{len(sample):,} rows"
        if isinstance(error, MemoryError):
            return ResourceError(
                "MemoryTooSmall",
                f"memory ran out while the pipeline of {self.champion.uri} was fitted on {rows}: raise"
                " resources.limits.memory in spec.retrain.jobTemplate, or shorten retrain.trainingWindow",
            )
        gaps = _gaps(sample, self.champion.columns)
        return TrainingError(
            "FitFailed",
            f"the pipeline of {self.champion.uri} could not be fitted on {rows}: {one_line(error)}"
            + (f"; values are missing in {gaps}: have them written, or add an imputer to the pipeline" if gaps else ""),
        )


def _unsuitable(champion: Model, why: str) -> TrainingError:
    return TrainingError(
        "TrainerUnsuitable",
        f"the model in {champion.uri} {why}; this trainer refits scikit-learn estimators, so name a trainer of your own"
        " in retrain.jobTemplate (docs/training.md)",
    )


def _classes(champion: ScikitLearnModel, spec: ModelSpec) -> tuple[tuple[str, Any], ...]:
    """The classes of the task in the order of their numbers: their texts, and what the pipeline is given for them."""
    if spec.task is Task.REGRESSION:
        return ()
    own = getattr(champion.estimator, "classes_", None)
    if own is None or champion.classes is None or len(own) < 2:
        raise _unsuitable(champion, f"({champion.kind}) is no fitted classifier: classes_ is missing or has one")
    by_text = dict(zip(champion.classes, own.tolist(), strict=True))
    if spec.task is Task.MULTICLASS_CLASSIFICATION:
        texts = [class_text(text) or "" for text in spec.classes or ()]
        return tuple((text, by_text[text] if text in by_text else _like(own, text)) for text in texts)
    positive = class_text(spec.positive_class) or ""
    if len(by_text) != 2 or positive not in by_text:
        raise _unsuitable(
            champion,
            f"knows the classes {', '.join(map(repr, by_text))}, of which a BinaryClassification has two, one of them"
            f' model.positiveClass, "{spec.positive_class}"',
        )
    (negative,) = (text for text in by_text if text != positive)
    return ((negative, by_text[negative]), (positive, by_text[positive]))


def _like(own: NDArray[Any], text: str) -> Any:
    """A class that the champion has never seen, in the form of those that it has."""
    if own.dtype.kind in "OU":
        return text
    try:
        return own.dtype.type(float(text) if own.dtype.kind == "f" else int(text)).item()
    except ValueError as error:
        raise DataError(
            "ClassUnknown",
            f'model.classes: the champion\'s classes are numbers, such as {own[0]}, and "{text}" is none; write the'
            " classes as the model was trained on them, or train a first model on the new ones by hand",
        ) from error


def _gaps(sample: Sample, columns: tuple[str, ...]) -> str:
    """Columns with missing values, and how many."""
    counts = {name: pc.sum(pc.is_null(sample.table.column(name), nan_is_null=True)).as_py() or 0 for name in columns}
    found = [f'"{name}" ({number:,})' for name, number in counts.items() if number]
    return ", ".join(found[:6]) + (", …" if len(found) > 6 else "")
