"""Confusion counts by the values of a column, which are not known beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import encoded
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.scan import Needed
from modelmonitor.evaluation.statistics.kinds import Kind

MOST_GROUPS: Final = 20


@dataclass(frozen=True, slots=True)
class GroupedCounts:
    """Rows by group, slot, label and prediction of a binary task."""

    column: str
    slots: int
    tables: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """By the text of the group, each of shape (slots, 2, 2)."""

    def add(self, slot: NDArray[np.intp], pairs: Pairs) -> None:
        """Count rows; a row without a group is in none.

        Raises:
            DataError: when there are too many groups to compare.
        """
        texts, codes = encoded(pairs.columns[self.column])
        for code in np.unique(codes[codes >= 0]):
            if (text := texts[code]) is not None:
                chosen = codes == code
                place = (slot[chosen] * 2 + pairs.truth[chosen]) * 2 + pairs.predicted[chosen]
                np.add.at(self._table(text).reshape(-1), place, 1)

    def __iadd__(self, other: Self) -> Self:
        for group, table in other.tables.items():
            self._table(group)[...] += table
        return self

    def part(self, slots: slice) -> Self:
        """Some of the slots."""
        parts = {group: table[slots] for group, table in self.tables.items()}
        return type(self)(self.column, len(range(self.slots)[slots]), parts)

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The column, the groups in order and their counts, shape (groups, slots, 2, 2)."""
        groups = sorted(self.tables)
        counts = np.zeros((len(groups), self.slots, 2, 2), np.int64)
        for number, group in enumerate(groups):
            counts[number] = self.tables[group]
        return {"column": np.asarray(self.column), "groups": np.asarray(groups, str), "counts": counts}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read again what `arrays` gave."""
        counts = arrays["counts"]
        tables = {str(group): counts[number].copy() for number, group in enumerate(arrays["groups"])}
        return cls(str(arrays["column"]), counts.shape[1], tables)

    def _table(self, group: str) -> NDArray[np.int64]:
        if group not in self.tables and len(self.tables) == MOST_GROUPS:
            raise DataError(
                "TooManyGroups",
                f'metrics.between: column "{self.column}" holds more than {MOST_GROUPS} values; name a column of'
                " groups that can be compared with each other",
            )
        return self.tables.setdefault(group, np.zeros((self.slots, 2, 2), np.int64))


def confusion_between(column: str) -> Kind[GroupedCounts]:
    """Confusion counts by the values of a column."""
    return Kind(
        f"confusion between {column}",
        lambda shape: GroupedCounts(column, shape.slots),
        lambda counts, slot, pairs: counts.add(slot, pairs),
        columns=(Needed("metrics.between", column),),
    )
