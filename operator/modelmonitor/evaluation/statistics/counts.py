"""How many rows fell into each cell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows by slot and cell; shape (slots, *cells)."""

    counts: NDArray[np.int64]

    @classmethod
    def empty(cls, slots: int, *cells: int) -> Self:
        """Nothing counted yet."""
        return cls(np.zeros((slots, *cells), np.int64))

    def add(self, slot: NDArray[np.intp], *cell: NDArray[np.integer[Any]]) -> None:
        """Count rows, given the slot and the cell of each; all arrays have shape (rows,)."""
        place = slot
        for index, length in zip(cell, self.counts.shape[1:], strict=True):
            place = place * length + index
        # The flat form is several times faster than one with a tuple of indices.
        np.add.at(self.counts.reshape(-1), place, 1)

    def __iadd__(self, other: Self) -> Self:
        np.add(self.counts, other.counts, out=self.counts)
        return self

    def part(self, slots: slice) -> Self:
        """Some of the slots."""
        return type(self)(self.counts[slots])

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The counts."""
        return {"counts": self.counts}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read again what `arrays` gave."""
        return cls(arrays["counts"])
