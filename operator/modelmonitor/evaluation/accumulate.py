"""Accumulate: the statistics of one model, of all rows and of each segment, by block of time."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.segments import WHOLE, Group
from modelmonitor.evaluation.statistics.kinds import ROWS, Kind, Shape
from modelmonitor.evaluation.statistics.statistic import Statistic

S = TypeVar("S", bound=Statistic)


@dataclass(frozen=True, slots=True)
class Tally:
    """The statistics of one group of rows; the slots of each are the blocks of time."""

    statistics: Mapping[Kind[Any], Statistic]

    def __getitem__(self, kind: Kind[S]) -> S:
        return cast("S", self.statistics[kind])

    def __or__(self, other: "Tally") -> "Tally":
        """The statistics of both: of all rows, beside those of rows with label and prediction."""
        return Tally({**other.statistics, **self.statistics})

    def __contains__(self, kind: Kind[Any]) -> bool:
        return kind in self.statistics


class Accumulator:
    """Everything that the metrics of one model need."""

    def __init__(
        self,
        kinds: Collection[Kind[Any]],
        blocks: int,
        *,
        groups: Sequence[Group] = (WHOLE,),
        classes: int = 2,
        with_scores: bool = True,
    ) -> None:
        self._blocks: Final = blocks
        self._groups: Final = {group: number for number, group in enumerate(groups)}
        shape = Shape(blocks, len(groups), classes)
        kept = [kind for kind in dict.fromkeys((ROWS, *kinds)) if with_scores or not kind.of_scores]
        self._folds: Final = {kind: kind.fold(shape) for kind in kept}
        self._statistics: Final[dict[Kind[Any], Statistic]] = {
            kind: kind.empty(shape.folded(fold)) for kind, fold in self._folds.items()
        }

    def add(self, block: NDArray[np.intp], groups: Sequence[NDArray[np.intp]], pairs: Pairs) -> None:
        """Count rows.

        Args:
            block: the block of each row, shape (rows,).
            groups: the numbers of the groups that rows are in beside that of all rows: for each column of segments an
                array of shape (rows,), -1 where a row is in none.
            pairs: labels and predictions.
        """
        for kind, statistic in self._statistics.items():
            fold = self._folds[kind]
            kind.add(statistic, block // fold, pairs)
            for group in groups:
                known = group >= 0
                slot = group[known] * self._kept(kind) + block[known] // fold
                kind.add(statistic, slot, pairs.only(known))

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(array.nbytes for one in self._statistics.values() for array in one.arrays().values())

    def tally(self, group: Group = WHOLE) -> Tally:
        """The statistics of one group; a view."""
        number = self._groups[group]
        return Tally(
            {
                kind: statistic.part(slice(number * self._kept(kind), (number + 1) * self._kept(kind)))
                for kind, statistic in self._statistics.items()
            }
        )

    def _kept(self, kind: Kind[Any]) -> int:
        """Blocks of a group that are kept apart."""
        return -(-self._blocks // self._folds[kind])

    def __iadd__(self, other: Self) -> Self:
        for kind, statistic in self._statistics.items():
            statistic += other._statistics[kind]  # noqa: PLW2901 - added in place
        return self
