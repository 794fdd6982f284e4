"""Score: from a batch of rows to labels and predictions, wherever the predictions come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.api.monitor import Columns, ModelSpec
from modelmonitor.evaluation.classes import MISSING, ClassReader, known
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.models import Model, ModelScorer
from modelmonitor.evaluation.scan import Needed, Rows

LABEL_FIELD: Final = "data.columns.label"


@dataclass(frozen=True, slots=True)
class Predictions:
    """What a model said of some rows."""

    predicted: NDArray[Any]
    """The number of the class (1 is the positive one of a binary task), or `MISSING` where it said nothing; in a
    regression the value, NaN where it said nothing; shape (rows,)."""
    scores: NDArray[np.float64] | None
    """Score of the positive class, shape (rows,), or of every class, shape (rows, classes), NaN where it said nothing;
    None where there are only classes or values."""

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Where it said something; shape (rows,)."""
        return known(self.predicted)

    def only(self, chosen: NDArray[np.bool_]) -> "Predictions":
        """Those of some of the rows."""
        return Predictions(self.predicted[chosen], None if self.scores is None else self.scores[chosen])


class Predictor(Protocol):
    """Where predictions come from."""

    @property
    def needed(self) -> Sequence[Needed]:
        """The columns that it reads."""

    @property
    def has_scores(self) -> bool:
        """Whether it gives scores, or only classes."""

    def predict(self, rows: Rows) -> Predictions:
        """The predictions of some rows."""


class Labels(Protocol):
    """Where the ground truth comes from."""

    @property
    def needed(self) -> Sequence[Needed]:
        """The columns that it reads."""

    def read(self, rows: Rows) -> NDArray[Any]:
        """The labels of some rows, in the form of `Predictions.predicted`; shape (rows,)."""


class LoggedScores:
    """Scores that were logged with the data. A null or NaN means that nothing was predicted for that row."""

    has_scores = True

    def __init__(self, column: str, threshold: float) -> None:
        self._column: Final = column
        self._threshold: Final = threshold
        self.needed: Final = (Needed("data.columns.score", column),)

    def predict(self, rows: Rows) -> Predictions:
        """Read the column.

        Raises:
            DataError: when it holds something else than numbers between 0 and 1.
        """
        return thresholded(read_scores("data.columns.score", self._column, rows), self._threshold)


class LoggedClasses:
    """Predicted classes that were logged with the data, without scores."""

    has_scores = False

    def __init__(self, column: str, positive_class: str) -> None:
        self._column: Final = column
        self._reader: Final = ClassReader(positive_class)
        self.needed: Final = (Needed("data.columns.prediction", column),)

    def predict(self, rows: Rows) -> Predictions:
        """Read the column; DataError when it holds other classes."""
        values = rows.batch.column(self._column)
        return Predictions(self._reader.read("data.columns.prediction", self._column, values), None)


class Rescored:
    """A model that is loaded here and scores the rows."""

    def __init__(self, model: Model, spec: ModelSpec) -> None:
        self._scorer: Final = ModelScorer(model, spec.positive_class)
        self._threshold: Final = spec.threshold
        self.has_scores: Final = self._scorer.has_scores
        self.needed: Final = tuple(Needed(f"the model in {model.uri}", column) for column in model.columns)

    def predict(self, rows: Rows) -> Predictions:
        """Score the rows; ModelError when that fails."""
        if self.has_scores:
            return thresholded(self._scorer.scores(rows.batch, rows.origin), self._threshold)
        return Predictions(self._scorer.positives(rows.batch, rows.origin).astype(np.intp), None)


class LabelReader:
    """The ground truth: a null (or NaN) is a label that has not arrived."""

    def __init__(self, columns: Columns, spec: ModelSpec) -> None:
        self._column: Final = columns.label
        self._reader: Final = ClassReader(spec.positive_class)
        self.needed: Final = (Needed(LABEL_FIELD, columns.label),)

    def read(self, rows: Rows) -> NDArray[np.intp]:
        """1, 0 or `MISSING`; shape (rows,). DataError when the column cannot be this task's label."""
        return self._reader.read(LABEL_FIELD, self._column, rows.batch.column(self._column))


def logged(columns: Columns, spec: ModelSpec) -> Predictor:
    """The predictions that were logged with the data: the scores, or the classes where there are no scores."""
    if columns.score is not None:
        return LoggedScores(columns.score, spec.threshold)
    if columns.prediction is not None:
        return LoggedClasses(columns.prediction, spec.positive_class)
    raise DataError(
        "PredictionColumnMissing",
        "predictions.column needs data.columns.score or data.columns.prediction: name the column, or use"
        " predictions.model",
    )


def read_scores(field: str, column: str, rows: Rows) -> NDArray[np.float64]:
    """A column of scores, NaN where there is none; shape (rows,).

    Raises:
        DataError: when it holds something else than numbers between 0 and 1.
    """
    values = rows.batch.column(column)
    if not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type) or pa.types.is_null(values.type)):
        raise DataError(
            "ScoreUnreadable",
            f'{field}: column "{column}" of {rows.origin} is {values.type}, not a number; for predicted classes name it'
            " in data.columns.prediction",
        )
    scores: NDArray[np.float64] = pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False)
    outside = scores[(scores < 0) | (scores > 1)]
    if outside.size:
        raise DataError(
            "ScoreOutOfRange",
            f'{field}: column "{column}" of {rows.origin} holds {outside[0]:g}; a score is a probability between 0 and'
            " 1",
        )
    return scores


def thresholded(scores: NDArray[np.float64], threshold: float) -> Predictions:
    """Scores and the classes that they mean: positive from the threshold on."""
    positive = (scores >= threshold).astype(np.intp)
    positive[np.isnan(scores)] = MISSING
    return Predictions(positive, scores)
