"""Pairs: labels and predictions of the same rows, as the statistics read them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rows of which both the label and the prediction are known; all arrays have the rows on their first axis."""

    truth: NDArray[Any]
    """The label: the number of its class (0 and 1 in a binary task), or the value in a regression; shape (rows,)."""
    predicted: NDArray[Any]
    """The prediction, in the same form; shape (rows,)."""
    scores: NDArray[np.float64] | None = None
    """Scores of the positive class, shape (rows,), or of every class, shape (rows, classes); None where there are
    only classes."""

    def __len__(self) -> int:
        return len(self.truth)

    def only(self, chosen: NDArray[np.bool_]) -> Self:
        """Some of the rows."""
        scores = None if self.scores is None else self.scores[chosen]
        return type(self)(self.truth[chosen], self.predicted[chosen], scores)
