"""Score, for many classes: labels and predictions are numbers of the classes in `model.classes`."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.api.monitor import Columns, ScoreColumn
from modelmonitor.evaluation.classes import MISSING, ClassesReader, class_text
from modelmonitor.evaluation.errors import DataError, ModelError
from modelmonitor.evaluation.models import Model
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.score import LABEL_FIELD, Predictions, read_scores

SCORES_FIELD: Final = "data.columns.scores"
PREDICTION_FIELD: Final = "data.columns.prediction"
# Loggers round to two or three digits; more than that is not one row's probabilities.
_TOLERANCE: Final = 0.01


class ClassLabels:
    """The ground truth: a null (or NaN) is a label that has not arrived."""

    def __init__(self, columns: Columns, classes: Sequence[str]) -> None:
        self._column: Final = columns.label
        self._reader: Final = ClassesReader(classes)
        self.needed: Final = (Needed(LABEL_FIELD, columns.label),)

    def read(self, rows: Rows) -> NDArray[np.intp]:
        """Numbers of classes; shape (rows,). DataError when a class is not one of the task's."""
        return self._reader.read(LABEL_FIELD, self._column, rows.batch.column(self._column))


class LoggedManyClasses:
    """Scores of every class, or the predicted class, or both, that were logged with the data."""

    def __init__(self, columns: Columns, classes: Sequence[str]) -> None:
        self._reader: Final = ClassesReader(classes)
        self._prediction: Final = columns.prediction
        self._columns: Final = _in_order(columns.scores or (), classes, self._reader)
        self.has_scores: Final = bool(self._columns)
        said = (Needed(PREDICTION_FIELD, columns.prediction),) if columns.prediction else ()
        self.needed: Final = (*said, *(Needed(SCORES_FIELD, column) for column in self._columns))

    def predict(self, rows: Rows) -> Predictions:
        """Read the columns.

        Raises:
            DataError: when a class is not one of the task's, or scores are no probabilities.
        """
        scores = self._scores(rows) if self._columns else None
        if self._prediction is None:
            assert scores is not None  # noqa: S101 - the spec has one of the two
            return most_probable(scores)
        predicted = self._reader.read(PREDICTION_FIELD, self._prediction, rows.batch.column(self._prediction))
        if scores is not None:
            predicted[np.isnan(scores).any(axis=1)] = MISSING
        return Predictions(predicted, scores)

    def _scores(self, rows: Rows) -> NDArray[np.float64]:
        scores = np.column_stack([read_scores(SCORES_FIELD, column, rows) for column in self._columns])
        sums = scores.sum(axis=1)
        strange = sums[np.abs(sums - 1) > _TOLERANCE]
        if strange.size:
            raise DataError(
                "ScoresDoNotAddUp",
                f"{SCORES_FIELD}: the scores of a row of {rows.origin} add up to {strange[0]:g}, not to 1; name the"
                " columns of the probabilities of all classes",
            )
        return scores


class RescoredClasses:
    """A model of many classes that is loaded here and scores the rows."""

    def __init__(self, model: Model, classes: Sequence[str]) -> None:
        self._model: Final = model
        self._reader: Final = ClassesReader(classes)
        self.has_scores: Final = model.has_probabilities
        self.needed: Final = tuple(Needed(f"the model in {model.uri}", column) for column in model.columns)
        own = [class_text(text) for text in model.classes or ()]
        wanted = [class_text(text) for text in classes]
        if own and set(own) - set(wanted):
            raise ModelError(
                "ModelScoringFailed",
                f"the model in {model.uri} knows the classes {', '.join(map(repr, own))}, but model.classes is"
                f" {', '.join(map(repr, wanted))}; list there every class that it can predict",
            )
        self._places: Final = [wanted.index(text) for text in own]
        self._number: Final = len(classes)

    def predict(self, rows: Rows) -> Predictions:
        """Score the rows; ModelError when that fails."""
        if not self.has_scores:
            said = pa.array([class_text(value) for value in self._model.predict(rows.batch, rows.origin).tolist()])
            return Predictions(self._reader.read("the model in", self._model.uri, said), None)
        # A class that the model has not learned has probability 0.
        scores = np.zeros((len(rows.times), self._number))
        scores[:, self._places] = self._model.probabilities(rows.batch, rows.origin)
        if not np.isfinite(scores).all():
            raise ModelError(
                "ModelScoringFailed", f"the model in {self._model.uri} gave a score that is no number on {rows.origin}"
            )
        return most_probable(scores)


def most_probable(scores: NDArray[np.float64]) -> Predictions:
    """Scores and the class that they mean: the one of the highest, the first of several."""
    gaps = np.isnan(scores).any(axis=1)
    predicted = np.where(gaps, MISSING, np.nan_to_num(scores).argmax(axis=1))
    return Predictions(predicted, scores)


def _in_order(scores: Sequence[ScoreColumn], classes: Sequence[str], reader: ClassesReader) -> tuple[str, ...]:
    by_number = {reader.number(SCORES_FIELD, one.class_): one.column for one in scores}
    return tuple(by_number[number] for number in range(len(classes))) if scores else ()
