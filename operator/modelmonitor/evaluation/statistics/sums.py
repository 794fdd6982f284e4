"""Sums of what each row says, and of the products: enough for the value and the variance of any smooth function."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Sums:
    """Sums over the rows of a slot; equal in any order of rows up to the rounding of float64."""

    first: NDArray[np.float64]
    """Σ z of each term, shape (slots, terms). The first term is 1: its sum is the number of rows."""
    second: NDArray[np.float64]
    """Σ z zᵀ, shape (slots, terms, terms): with it the variance for independent rows needs no second pass."""

    @classmethod
    def empty(cls, slots: int, terms: int) -> Self:
        """Nothing summed yet."""
        return cls(np.zeros((slots, terms)), np.zeros((slots, terms, terms)))

    def add(self, slot: NDArray[np.intp], terms: NDArray[np.float64]) -> None:
        """Add rows: `slot` has shape (rows,), `terms` shape (rows, terms)."""
        if not slot.size:
            return
        # Rows come in order of time more often than not; then nothing moves.
        if np.any(slot[1:] < slot[:-1]):
            order = np.argsort(slot, kind="stable")
            slot, terms = slot[order], terms[order]
        starts = np.concatenate([[0], np.flatnonzero(slot[1:] != slot[:-1]) + 1, [slot.size]])
        for start, end in itertools.pairwise(starts):
            rows = terms[start:end]
            self.first[slot[start]] += rows.sum(axis=0)
            self.second[slot[start]] += rows.T @ rows

    def __iadd__(self, other: Self) -> Self:
        np.add(self.first, other.first, out=self.first)
        np.add(self.second, other.second, out=self.second)
        return self

    def part(self, slots: slice) -> Self:
        """Some of the slots."""
        return type(self)(self.first[slots], self.second[slots])

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The sums."""
        return {"first": self.first, "second": self.second}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read again what `arrays` gave."""
        return cls(arrays["first"], arrays["second"])
