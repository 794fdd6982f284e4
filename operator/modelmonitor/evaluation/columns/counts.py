"""How many rows of a column fell into each cell, and what else adds up."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.columns.layout import Layout


@dataclass(slots=True)
class ColumnCounts:
    """Counts of one column; those of two sets of rows at the same cells add up, in any order and any split."""

    cells: NDArray[np.int64]
    """Rows with a value, by cell; shape (cells,)."""
    groups: NDArray[np.int64]
    """The same by block of time and group of cells; shape (blocks, groups)."""
    present: NDArray[np.int64]
    """Rows with a value, by block; shape (blocks,)."""
    missing: NDArray[np.int64]
    """Rows without one (null, NaN), or of a file that has not the column, by block; shape (blocks,)."""
    absent: int = 0
    """Of the missing ones: rows of files that have not the column."""
    mistyped: int = 0
    """Rows of files where the column is of a type that cannot be counted at these cells; they are nowhere else."""
    outside: int = 0
    """Of numbers: rows below the reference's least or above its greatest."""
    infinite: int = 0
    """Of numbers: rows with an infinite one. They are in the outermost cells, and in no sum."""
    least: float = math.inf
    """The least finite number."""
    most: float = -math.inf
    """The greatest."""
    total: float = 0.0
    """Σ of finite numbers beyond the layout's origin."""
    squares: float = 0.0
    """Σ of their squares."""

    @classmethod
    def empty(cls, layout: Layout, blocks: int) -> Self:
        """Nothing counted yet."""
        groups = np.zeros((blocks, layout.number_of_groups), np.int64)
        return cls(np.zeros(layout.cells, np.int64), groups, np.zeros(blocks, np.int64), np.zeros(blocks, np.int64))

    def __iadd__(self, other: Self) -> Self:
        for name in _ADDED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)
        return self

    @property
    def rows(self) -> int:
        """Rows with a value."""
        return int(self.present.sum())

    @property
    def missing_share(self) -> float:
        """The share of rows without a value; 0 without rows."""
        missing = int(self.missing.sum())
        return missing / max(1, missing + self.rows)

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite numbers; NaN without any."""
        rows = self.rows - self.infinite
        if rows <= 0:
            return math.nan
        return math.sqrt(max(0.0, self.squares / rows - (self.total / rows) ** 2))

    def mean(self, layout: Layout) -> float:
        """The mean of the finite numbers; NaN without any."""
        rows = self.rows - self.infinite
        return layout.origin + self.total / rows if rows > 0 else math.nan

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Its numbers by name, to be written down."""
        scalars = [float(getattr(self, name)) for name in _SCALARS]
        return {name: getattr(self, name) for name in _ARRAYS} | {"scalars": np.asarray(scalars)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read again what `arrays` gave."""
        cells, groups, present, missing = (arrays[name] for name in _ARRAYS)
        whole = [int(number) for number in arrays["scalars"][:4]]
        sums = [float(number) for number in arrays["scalars"][4:]]
        return cls(cells, groups, present, missing, *whole, *sums)


_ARRAYS = ("cells", "groups", "present", "missing")
_SCALARS = ("absent", "mistyped", "outside", "infinite", "least", "most", "total", "squares")
_ADDED = (*_ARRAYS, *(name for name in _SCALARS if name not in {"least", "most"}))
