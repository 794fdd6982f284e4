"""Pairs: labels and predictions of the same rows, as the statistics read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows with their labels and predictions; all arrays have the rows on their first axis."""

    truth: NDArray[Any]
    """The label: the number of its class (0 and 1 in a binary task), or the value in a regression; shape (rows,)."""
    predicted: NDArray[Any]
    """The prediction, in the same form; shape (rows,)."""
    scores: NDArray[np.float64] | None = None
    """Scores of the positive class, shape (rows,), or of every class, shape (rows, classes); None where there are
    only classes or values."""
    columns: Mapping[str, pa.Array] = field(default_factory=dict)
    """Other columns of the data, those that a statistic asks for; each of length rows."""

    def __len__(self) -> int:
        return len(self.truth)

    def only(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the rows."""
        scores = None if self.scores is None else self.scores[chosen]
        mask = pa.array(chosen) if self.columns else None
        columns = {name: values.filter(mask) for name, values in self.columns.items()}
        return type(self)(self.truth[chosen], self.predicted[chosen], scores, columns)
