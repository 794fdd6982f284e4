"""Segments: groups of rows that are judged beside all rows, by the values of a column."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.scan import Needed, Rows


@dataclass(frozen=True, slots=True)
class Group:
    """All rows, or those with one value in one column."""

    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        return "" if self.column is None else f"{self.column}={self.value}"


WHOLE: Final = Group()


class Segments:
    """Which segments there are. They are known beforehand, so that a window cannot choose what it is judged by."""

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self.groups: Final = (WHOLE, *(Group(column, value) for column, found in values.items() for value in found))
        """All rows first."""
        self.needed: Final = tuple(Needed("metrics.segments", column) for column in values)
        self._numbers: Final[dict[str, dict[str, int]]] = {column: {} for column in values}
        for number, group in enumerate(self.groups[1:], start=1):
            self._numbers[str(group.column)][str(group.value)] = number

    def of(self, rows: Rows) -> list[NDArray[np.intp]]:
        """For each column the number of each row's group, -1 where it is in none; each of shape (rows,)."""
        return [self._numbered(rows.batch.column(column), known) for column, known in self._numbers.items()]

    def _numbered(self, values: pa.Array, known: Mapping[str, int]) -> NDArray[np.intp]:
        coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
        numbers = [known.get(class_text(value.as_py()) or "", -1) for value in coded.dictionary]
        codes = pc.fill_null(coded.indices.cast(pa.int32()), len(numbers)).to_numpy(zero_copy_only=False)
        groups: NDArray[np.intp] = np.asarray([*numbers, -1], np.intp)[codes]
        return groups


ALL_ROWS: Final = Segments({})
