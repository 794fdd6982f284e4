"""The mean cost of a row, from what each kind of mistake costs."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.monitor import ModelSpec
from modelmonitor.api.objectives import Cost
from modelmonitor.evaluation.classes import ClassesReader, class_text
from modelmonitor.evaluation.errors import InputError
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import OfSums
from modelmonitor.evaluation.statistics.class_kinds import costs as costs_kind

_FIELD: Final = "metrics.costs"


def mean_cost(costs: Sequence[Cost], model: ModelSpec) -> OfSums:
    """Σ cost of [label, prediction] over the rows / rows; what is not listed costs nothing.

    Raises:
        InputError: when a class is not one of the task's, or a pair stands twice.
    """
    return OfSums(costs_kind(_matrix(costs, model)), lambda sums: sums[..., 1] / sums[..., 0], Scale.REAL)


def _matrix(costs: Sequence[Cost], model: ModelSpec) -> NDArray[np.float64]:
    """Shape (labels, predictions)."""
    classes = ClassesReader(model.classes or _both(costs, model.positive_class))
    size = len(model.classes or (0, 1))
    matrix: NDArray[np.float64] = np.full((size, size), np.nan)
    for one in costs:
        place = classes.number(_FIELD, one.label), classes.number(_FIELD, one.predicted)
        if not np.isnan(matrix[place]):
            raise InputError("CostTwice", f"{_FIELD}: {one.label} predicted as {one.predicted} stands twice; keep one")
        matrix[place] = one.cost
    matrix[np.isnan(matrix)] = 0
    return matrix


def _both(costs: Sequence[Cost], positive: str) -> tuple[str, ...]:
    """The classes of a binary task, the positive one last: the other is called as the costs call it."""
    texts = {text for one in costs for text in (one.label, one.predicted)}
    others = sorted(text for text in texts if class_text(text) != class_text(positive))
    if len({class_text(text) for text in others}) > 1:
        raise InputError(
            "ClassUnknown",
            f"{_FIELD}: {', '.join(others)} cannot all be the class that is not positive (model.positiveClass is"
            f' "{positive}"); a binary task has one such class',
        )
    other = others[0] if others else ("0" if class_text(positive) != "0" else "1")
    return (other, positive)
