"""Metrics of the user's own: an entry point of the group `modelmonitor.metrics` in any installed package.

A metric says what it sums up of each row, and what it makes of the sums. From that follow its variance for independent
rows, the block jackknife, its interval and the comparison of two models, as for every metric here. docs/metrics.md has
an example from the package to the manifest.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Any, Final, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.objectives import UserMetric
from modelmonitor.evaluation.errors import EvaluationError, UserMetricError, one_line
from modelmonitor.evaluation.metrics.measure import Measure
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import OfSums
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.scan import Needed
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.sums import Sums

GROUP: Final = "modelmonitor.metrics"
MOST_TERMS: Final = 64

SCALES: Final[Mapping[str, Scale]] = MappingProxyType(
    {
        "share": Scale.UNIT,
        "correlation": Scale.SIGNED,
        "positive": Scale.POSITIVE,
        "below_one": Scale.BELOW_ONE,
        "anywhere": Scale.REAL,
    }
)
"""What a metric's `scale` may be: where its values lie, and so on which scale its error is symmetric."""


class RowMetric(Protocol):
    """What an entry point names: an object of this kind, or a class or function that makes one without arguments."""

    greater_is_better: bool
    """Whether a model with a greater value is the better one."""
    scale: str
    """Where its values lie: one of `SCALES`."""
    size: int
    """How many terms it sums up of each row, at most 64."""
    columns: Sequence[str]
    """Columns of the data that it reads beside labels and predictions."""
    needs_scores: bool
    """Whether it can only be measured where there are scores."""

    def terms(
        self,
        labels: NDArray[Any],
        predictions: NDArray[Any],
        scores: NDArray[np.float64] | None,
        columns: Mapping[str, NDArray[Any]],
    ) -> NDArray[np.float64]:
        """What is summed up, shape (rows, size); it must be finite, and of each row for itself.

        Args:
            labels: 0 and 1 of a binary task, the number of the class in `model.classes` of a multiclass task, the
                value of a regression; shape (rows,).
            predictions: in the same form; shape (rows,).
            scores: of the positive class, shape (rows,), or of every class, shape (rows, classes); None where there
                are none.
            columns: those of `columns`, each of shape (rows,); null is NaN or None.
        """

    def value(self, rows: NDArray[np.float64], sums: NDArray[np.float64]) -> NDArray[np.float64]:
        """The metric; NaN where it is not defined.

        Args:
            rows: how many rows were summed up, shape (...,).
            sums: the sums of the terms, shape (..., size).
        """


def user_measure(objective: UserMetric) -> Measure:
    """The measure of a metric of the user's own.

    Raises:
        UserMetricError: when it is not installed, does not load, or is not a `RowMetric`.
    """
    point = _entry_point(objective.name)
    with _foreign(point):
        loaded: Any = point.load()
        metric = cast("RowMetric", loaded() if callable(loaded) else loaded)
        scale, size = SCALES.get(str(metric.scale)), int(metric.size)
        columns, scored, greater = tuple(metric.columns), bool(metric.needs_scores), bool(metric.greater_is_better)
    if scale is None:
        raise _error(point, f"its scale is {metric.scale!r}; it is one of {', '.join(SCALES)}")
    if not 1 <= size <= MOST_TERMS:
        raise _error(point, f"its size is {size}; it sums up 1 to {MOST_TERMS} terms")

    def value(totals: NDArray[np.float64]) -> NDArray[np.float64]:
        with _foreign(point):
            found = np.asarray(metric.value(totals[..., 0], totals[..., 1:]), np.float64)
        if found.shape != totals.shape[:-1]:
            raise _error(point, f"value() gives shape {found.shape} for sums of shape {totals.shape[:-1]} and {size}")
        return found

    def add(sums: Sums, slot: NDArray[np.intp], pairs: Pairs) -> None:
        sums.add(slot, _terms(point, metric, size, pairs))

    kind: Kind[Sums] = Kind(
        objective.full_name,
        lambda shape: Sums.empty(shape.slots, size + 1),
        add,
        of_scores=scored,
        columns=tuple(Needed(f"userMetrics ({objective.name})", str(column)) for column in columns),
    )
    return OfSums(kind, value, scale, greater)


def _entry_point(name: str) -> EntryPoint:
    found = entry_points(group=GROUP, name=name)
    if not found:
        there = ", ".join(sorted(point.name for point in entry_points(group=GROUP))) or "none"
        raise UserMetricError(
            "UserMetricNotFound",
            f"userMetrics: {name}: no installed package has an entry point of this name in the group {GROUP} (there:"
            f" {there}); install the package into the evaluator's image, or correct the name",
        )
    if len(distinct := sorted({point.value for point in found})) > 1:
        raise UserMetricError(
            "UserMetricTwice",
            f"userMetrics: {name}: several installed packages have it ({', '.join(distinct)}); keep one",
        )
    return next(iter(found))


def _terms(point: EntryPoint, metric: RowMetric, size: int, pairs: Pairs) -> NDArray[np.float64]:
    columns = {name: pairs.columns[name].to_numpy(zero_copy_only=False) for name in metric.columns}
    with _foreign(point):
        terms = np.asarray(metric.terms(pairs.truth, pairs.predicted, pairs.scores, columns), np.float64)
    if terms.shape != (len(pairs), size):
        raise _error(point, f"terms() gives shape {terms.shape} for {len(pairs)} rows and size {size}")
    if not np.isfinite(terms).all():
        row = int(np.flatnonzero(~np.isfinite(terms).all(axis=1))[0])
        raise _error(
            point, f"terms() gives {terms[row].tolist()} for a row with label {pairs.truth[row]}; a sum needs numbers"
        )
    return np.column_stack([np.ones(len(pairs)), terms])


@contextmanager
def _foreign(point: EntryPoint) -> Iterator[None]:
    """The user's code may raise anything; whatever it is, it is its error and no verdict."""
    try:
        yield
    except EvaluationError:
        raise
    except (Exception, SystemExit) as error:
        raise _error(point, one_line(error)) from error


def _error(point: EntryPoint, said: str) -> UserMetricError:
    return UserMetricError("UserMetricFailed", f"userMetrics: {point.name} ({point.value}): {said}")
