"""Score, for a regression: labels and predictions are numbers; NaN and infinity are missing, as null is."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.api.monitor import Columns
from modelmonitor.evaluation.errors import DataError, ModelError, one_line
from modelmonitor.evaluation.models import Model
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.score import LABEL_FIELD, Predictions
from modelmonitor.evaluation.score_classes import PREDICTION_FIELD


class ValueLabels:
    """The ground truth: a null (or NaN, or infinity) is a label that has not arrived."""

    def __init__(self, columns: Columns) -> None:
        self._column: Final = columns.label
        self.needed: Final = (Needed(LABEL_FIELD, columns.label),)

    def read(self, rows: Rows) -> NDArray[np.float64]:
        """Values; shape (rows,). DataError when the column does not hold numbers."""
        return read_values(LABEL_FIELD, self._column, rows)


class LoggedValues:
    """Predicted values that were logged with the data."""

    has_scores = False

    def __init__(self, column: str) -> None:
        self._column: Final = column
        self.needed: Final = (Needed(PREDICTION_FIELD, column),)

    def predict(self, rows: Rows) -> Predictions:
        """Read the column; DataError when it does not hold numbers."""
        return Predictions(read_values(PREDICTION_FIELD, self._column, rows), None)


class RescoredValues:
    """A regressor that is loaded here and predicts the rows."""

    has_scores = False

    def __init__(self, model: Model) -> None:
        self._model: Final = model
        self.needed: Final = tuple(Needed(f"the model in {model.uri}", column) for column in model.columns)
        if model.classes:
            raise ModelError(
                "ModelScoringFailed",
                f"model.task is Regression, but the model in {model.uri} predicts classes"
                f" ({', '.join(model.classes[:5])}); set model.task to the classification that it is",
            )

    def predict(self, rows: Rows) -> Predictions:
        """Predict the rows; ModelError when that fails."""
        found = self._model.predict(rows.batch, rows.origin)
        try:
            values = np.asarray(found, np.float64)
        except (TypeError, ValueError) as error:
            raise ModelError(
                "ModelScoringFailed",
                f"the model in {self._model.uri} does not predict numbers on {rows.origin}: {one_line(error)}",
            ) from error
        if values.shape != (len(rows.times),):
            raise ModelError(
                "ModelScoringFailed",
                f"the model in {self._model.uri} gave shape {values.shape} for {len(rows.times)} rows of"
                f" {rows.origin}; a regression has one value for each",
            )
        return Predictions(values, None)


def read_values(field: str, column: str, rows: Rows) -> NDArray[np.float64]:
    """A column of numbers, NaN where there is none; shape (rows,).

    Raises:
        DataError: when it holds something else.
    """
    values = rows.batch.column(column)
    kind = values.type
    numeric = pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    if not numeric and not pa.types.is_null(kind):
        raise DataError(
            "ValueUnreadable",
            f'{field}: column "{column}" of {rows.origin} is {kind}, not a number; name the column of the value, or'
            " write it as a number",
        )
    found: NDArray[np.float64] = pc.fill_null(values.cast(pa.float64(), safe=False), np.nan).to_numpy(
        zero_copy_only=False
    )
    return found
