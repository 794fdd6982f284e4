"""A model's answers for a task with one positive class."""

from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import ClassReader, class_text
from modelmonitor.evaluation.errors import DataError, ModelError
from modelmonitor.evaluation.models.protocol import Model


class ModelScorer:
    """The probability of the positive class, or only the class where the model has no probabilities."""

    def __init__(self, model: Model, positive_class: str) -> None:
        self._model: Final = model
        self._positive: Final = class_text(positive_class)
        # A model that does not know its classes may say anything, and then every row would be negative.
        self._reader: Final = ClassReader(positive_class)
        if model.classes is not None and self._positive not in model.classes:
            raise ModelError(
                "ModelScoringFailed",
                f'model.positiveClass is "{positive_class}", but the classes of the model in {model.uri} are'
                f" {', '.join(repr(text) for text in model.classes)}; write the class as the model was trained on it"
                " (a model that only knows numbers is told its classes by signature.json beside it)",
            )
        self.has_scores: Final = model.has_probabilities

    def scores(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.float64]:
        """Probabilities of the positive class, shape (rows,); only when `has_scores`."""
        classes = self._model.classes or ()
        found = self._model.probabilities(batch, origin)
        scores: NDArray[np.float64] = found[:, classes.index(self._positive or "")]
        if not np.isfinite(scores).all():
            raise ModelError(
                "ModelScoringFailed", f"the model in {self._model.uri} gave a score that is no number on {origin}"
            )
        return scores

    def positives(self, batch: pa.RecordBatch, origin: str) -> NDArray[np.bool_]:
        """Whether the predicted class is the positive one, shape (rows,)."""
        texts = [class_text(value) for value in self._model.predict(batch, origin).tolist()]
        if self._model.classes is not None:
            return np.asarray([text == self._positive for text in texts], np.bool_)
        try:
            found: NDArray[np.intp] = self._reader.read("the model in", self._model.uri, pa.array(texts, pa.string()))
        except DataError as error:
            raise ModelError("ModelScoringFailed", f"{error.message} (scoring {origin})") from error
        return np.asarray(found == 1)
