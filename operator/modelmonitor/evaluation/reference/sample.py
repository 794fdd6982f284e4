"""The first pass over the reference: a sample of its rows, from which the cells of each column follow.

The sample is every n-th row, with n doubled whenever it grows too large: which rows are in it depends on nothing but
their order. The values of texts are counted in all rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.columns.frequent import HeavyHitters
from modelmonitor.evaluation.columns.layout import MOST_CATEGORIES, Layout
from modelmonitor.evaluation.columns.reading import Family, Numbers, family, frequencies, numbers, texts

MOST_ROWS: Final = 262_144
_MOST_VALUES: Final = 32 * 1024 * 1024
_LEAST_ROWS: Final = 1024


@dataclass
class _Column:
    """What the first pass knows of a column."""

    type: pa.DataType | None = None
    numbers: list[Numbers] = field(default_factory=list)
    texts: HeavyHitters = field(default_factory=HeavyHitters)
    rows: int = 0
    """Rows with a text."""

    @property
    def family(self) -> Family:
        return Family.NOTHING if self.type is None else family(self.type)


class Sample:
    """A sample of the columns of a stream of rows."""

    def __init__(self, names: Sequence[str]) -> None:
        self._columns: Final = {name: _Column() for name in names}
        self._most: Final = max(_LEAST_ROWS, min(MOST_ROWS, _MOST_VALUES // max(1, len(names))))
        self._step = 1
        self._seen = 0
        self._held = 0

    def add(self, rows: int, columns: Mapping[str, pa.Array]) -> None:
        """Take note of rows; a column that is not there has no values in them."""
        chosen = np.arange(-self._seen % self._step, rows, self._step)
        for name, column in self._columns.items():
            self._note(column, columns.get(name), chosen)
        self._seen += rows
        self._held += chosen.size
        while self._held > self._most:
            self._thin()

    def layouts(self, also: Mapping[str, float]) -> list[Layout]:
        """The cells of each column; `also` are edges that some of them must have."""
        return [_layout(name, column, also.get(name)) for name, column in self._columns.items()]

    def _note(self, column: _Column, values: pa.Array | None, chosen: NDArray[np.intp]) -> None:
        if values is not None and column.family is Family.NOTHING:
            column.type = values.type
        fits = values is not None and family(values.type) is column.family
        if values is None or not fits or column.family in _NOT_SAMPLED:
            # A place is held for each row, so that the sample of every column thins out alike.
            column.numbers.append(np.full(chosen.size, np.nan))
        else:
            column.numbers.append(numbers(values)[chosen])
        if values is not None and fits and column.family in {Family.TEXT, Family.TRUTH}:
            column.texts.add(frequencies(texts(values)))
            column.rows += len(values) - values.null_count

    def _thin(self) -> None:
        self._step *= 2
        for column in self._columns.values():
            column.numbers = [_joined(column.numbers)[::2].copy()]
        self._held = -(-self._held // 2)


_NOT_SAMPLED: Final = {Family.NOTHING, Family.TRUTH, Family.OTHER}


def _joined(parts: Sequence[Numbers]) -> Numbers:
    """One array; of float32 where all values are, since edges must be numbers that the column can hold."""
    known = [part for part in parts if not np.isnan(part).all()] or parts
    single = all(part.dtype == np.float32 for part in known)
    return np.concatenate([part.astype(np.float32 if single else np.float64, copy=False) for part in parts])


def _layout(name: str, column: _Column, also: float | None) -> Layout:
    type_ = str(column.type)
    if column.family in {Family.NOTHING, Family.OTHER}:
        return Layout.of_presence(name, type_, column.family)
    if column.family is Family.TRUTH or (column.family is Family.TEXT and _repeats(column)):
        return Layout.of_categories(name, type_, column.family, column.texts)
    return Layout.of_numbers(name, type_, column.family, _joined(column.numbers), *([] if also is None else [also]))


def _repeats(column: _Column) -> bool:
    """Whether most rows have a text that is frequent enough to be kept and stands there more than once."""
    counts = column.texts.counts
    kept = (counts[value] for value in column.texts.most(MOST_CATEGORIES))
    return 2 * sum(rows for rows in kept if rows > 1) >= column.rows
