"""Layouts: the cells at which a column is counted. The reference fixes them; a window is counted at the same ones.

Numbers are counted between edges: up to 1,024 quantiles of the reference, or, where there are at most 256 distinct
values, exactly at those. Texts are counted by value, up to 4,096 of the most frequent; text that hardly repeats, by its
length. Cells go together in at most 32 groups: a distance over a thousand cells would be mostly chance, and what is
kept by block of time must stay small.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.columns.frequent import HeavyHitters
from modelmonitor.evaluation.columns.reading import Family

MOST_QUANTILES: Final = 1024
MOST_VALUES: Final = 256
MOST_CATEGORIES: Final = 4096
DECILES: Final = 10
MOST_GROUPS: Final = 32


class Kind(StrEnum):
    """How a column is counted."""

    NUMBER = "Number"
    """Between edges."""
    LENGTH = "Length"
    """Text by its length, between edges."""
    CATEGORY = "Category"
    """By value."""
    PRESENCE = "Presence"
    """Only whether there is a value: of a type that cannot be compared, or where the reference has none."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The cells of one column."""

    name: str
    kind: Kind
    type: str
    """The type in the reference, as Arrow writes it."""
    family: Family
    edges: NDArray[np.float64]
    """Of numbers and lengths, rising, shape (edges,): cell 0 lies below the first, the last cell from the last on."""
    categories: tuple[str, ...]
    """Of categories: their cells come in this order, then one for all others."""
    groups: NDArray[np.intp]
    """The group of each cell, shape (cells,)."""
    origin: float = 0.0
    """Sums are of what lies beyond this: of times in microseconds the squares would be rounded away."""
    least: float = -math.inf
    """The least finite number of the reference."""
    most: float = math.inf
    """The greatest."""
    missed: int = 0
    """Of categories: one that is not among them may be in so many rows of the reference; 0: all of them are there."""

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return len(self.groups)

    @property
    def number_of_groups(self) -> int:
        """How many groups there are."""
        return int(self.groups.max()) + 1 if len(self.groups) else 0

    @property
    def ordered(self) -> bool:
        """Whether cells have an order."""
        return self.kind in {Kind.NUMBER, Kind.LENGTH}

    @property
    def limits(self) -> NDArray[np.float64]:
        """The first number that is in the reference's range, and the first after it; shape (2,)."""
        return np.asarray([self.least, np.nextafter(self.most, math.inf)])

    def accepts(self, found: Family) -> bool:
        """Whether a column of that family can be counted at these cells."""
        if found is Family.NOTHING or self.kind is Kind.PRESENCE:
            return True
        if self.kind is Kind.CATEGORY:
            return found in {Family.TEXT, Family.TRUTH, Family.NUMBER}
        if self.kind is Kind.LENGTH:
            return found in {Family.TEXT, Family.BYTES}
        return found is self.family

    @classmethod
    def of_presence(cls, name: str, type_: str, found: Family) -> Self:
        """A column of which nothing but its presence is counted."""
        return cls(name, Kind.PRESENCE, type_, found, np.zeros(0), (), np.zeros(0, np.intp))

    @classmethod
    def of_numbers(cls, name: str, type_: str, found: Family, sample: NDArray[np.floating[Any]], *also: float) -> Self:
        """By the quantiles, or the values, of a sample of a column; `sample` has shape (rows,), NaN where missing.

        `also` are edges that are wanted besides, such as a threshold that no cell must straddle.
        """
        values = np.sort(sample[np.isfinite(sample)])
        if not values.size:
            return cls.of_presence(name, type_, found)
        kind = Kind.LENGTH if found in {Family.TEXT, Family.BYTES} else Kind.NUMBER
        distinct = values[np.concatenate([[True], values[1:] != values[:-1]])]
        exact = distinct.size <= MOST_VALUES
        edges = np.union1d(_around(distinct) if exact else _quantiles(values), np.asarray(also, values.dtype))
        rows = np.diff(np.concatenate([[0], values.searchsorted(edges), [values.size]]))
        few = exact and distinct.size < MOST_GROUPS
        groups = _values_and_others(edges, distinct) if few else _deciles(rows)
        return cls(
            name, kind, type_, found, edges.astype(np.float64), (), groups, origin=float(values[values.size // 2])
        )

    @classmethod
    def of_categories(cls, name: str, type_: str, found: Family, seen: HeavyHitters) -> Self:
        """By the most frequent values of a column."""
        if not seen.counts:
            return cls.of_presence(name, type_, found)
        categories = seen.most(MOST_CATEGORIES)
        # What is cut off here was counted, and the greatest of it is how much is missed.
        cut = sorted(seen.counts.values(), reverse=True)[MOST_CATEGORIES : MOST_CATEGORIES + 1]
        groups = np.minimum(np.arange(len(categories) + 1), MOST_GROUPS - 1)
        missed = seen.missed + sum(cut)
        return cls(name, Kind.CATEGORY, type_, found, np.zeros(0), tuple(categories), groups, missed=missed)


def edges_as(edges: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[np.floating[Any]]:
    """The edges in another precision, rounded up, so that each value stays on its side of each edge."""
    with np.errstate(over="ignore"):
        cast: NDArray[np.floating[Any]] = edges.astype(dtype)
        return np.where(cast < edges, np.nextafter(cast, np.asarray(np.inf, dtype)), cast).astype(dtype)


def _next(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    after: NDArray[np.floating[Any]] = np.nextafter(values, np.asarray(np.inf, values.dtype))
    return after


def _around(distinct: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """An edge at each value and one right after it, so that each has a cell of its own."""
    return np.unique(np.concatenate([distinct, _next(distinct)]))


def _quantiles(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Quantiles of sorted values. A value of several quantiles gets a cell of its own, since its mass is one point."""
    at = np.linspace(0, values.size - 1, MOST_QUANTILES - 1).astype(np.intp)
    quantiles = values[at]
    distinct, times = np.unique(quantiles, return_counts=True)
    return np.unique(np.concatenate([distinct, _next(distinct[times > 1]), _next(values[-1:])]))


def _values_and_others(edges: NDArray[np.floating[Any]], distinct: NDArray[np.floating[Any]]) -> NDArray[np.intp]:
    """A group for each value and one for whatever lies between, below and above."""
    cells = np.full(edges.size + 1, distinct.size, np.intp)
    cells[edges.searchsorted(distinct) + 1] = np.arange(distinct.size)
    return cells


def _deciles(rows: NDArray[np.integer[Any]]) -> NDArray[np.intp]:
    """Groups of neighbouring cells with a tenth of the rows each, as far as cells can be joined to that."""
    middle = np.cumsum(rows) - rows / 2
    tenth = np.minimum((middle * DECILES / rows.sum()).astype(np.intp), DECILES - 1)
    dense: NDArray[np.intp] = np.unique(tenth, return_inverse=True)[1].astype(np.intp)
    return dense
