"""What is looked at: the features, the predictions and the labels, in the reference as in a window."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.api.monitor import Columns
from modelmonitor.evaluation.classes import known
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.parquet import ParquetFile
from modelmonitor.evaluation.plan import Plan
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.score import Predictions
from modelmonitor.evaluation.times import microseconds

PREDICTION: Final = "\0prediction"
"""The name under which predictions are counted; no column has it."""
TARGET: Final = "\0target"
"""The name under which labels are counted."""


def features_of(schema: Iterable[str], columns: Columns) -> tuple[str, ...]:
    """The names of the features among the columns of the reference.

    Raises:
        DataError: when one that is asked for is not there.
    """
    chosen, there = columns.features, list(schema)
    if chosen is not None and chosen.include is not None:
        absent = [name for name in chosen.include if name not in there]
        if absent:
            raise DataError(
                "ColumnMissing",
                f'data.columns.features.include: column "{absent[0]}" is not in the reference (it has:'
                f" {', '.join(sorted(there)[:12])}); name the column that is meant, or leave it out",
            )
        return tuple(dict.fromkeys(chosen.include))
    left_out = {columns.timestamp, columns.label, columns.score, columns.prediction, columns.model_version}
    left_out.update(score.column for score in columns.scores or ())
    left_out.update((chosen.exclude or ()) if chosen is not None else ())
    return tuple(name for name in there if name not in left_out)


def schema_of(plan: Plan, start: datetime, end: datetime) -> Mapping[str, str]:
    """The columns and types of the newest file with rows of [start, end); empty without one."""
    source, low, high = plan.source, microseconds(start), microseconds(end)
    for file in reversed(plan.files_for(start, end)):
        opened = ParquetFile(source.folder, file)
        if any(group.overlaps(low, high) for group in opened.row_groups(source.timestamp, source.zone)):
            return opened.types
    return {}


@dataclass(frozen=True, slots=True)
class Watched:
    """What is looked at."""

    features: tuple[str, ...]
    predictions: bool = False
    labels: bool = False

    @property
    def needed(self) -> Sequence[Needed]:
        """The columns of the features: a file without one says something about the data, and is no error."""
        return [Needed("data.columns.features", name, optional=True) for name in self.features]

    def columns(self, rows: Rows, truth: NDArray[Any] | None, said: Predictions | None) -> Mapping[str, pa.Array]:
        """The values of some rows by name."""
        there = set(rows.batch.schema.names)
        found = {name: rows.batch.column(name) for name in self.features if name in there}
        if self.predictions and said is not None:
            one_score = said.scores is not None and said.scores.ndim == 1
            found[PREDICTION] = pa.array(said.scores if one_score else _numbers(said.predicted))
        if self.labels and truth is not None:
            found[TARGET] = pa.array(_numbers(truth))
        return found


NOTHING_WATCHED: Final = Watched(())


def _numbers(classes: NDArray[Any]) -> NDArray[np.float64]:
    """Classes, or values, as numbers, NaN where there is none."""
    return np.where(known(classes), classes, np.nan).astype(np.float64)
