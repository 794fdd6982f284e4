"""What every statistic can do: be added to another one, be cut by slots, be written down and read again."""

from collections.abc import Mapping
from typing import Any, Protocol, Self

from numpy.typing import NDArray


class Statistic(Protocol):
    """Numbers whose first axis is the slot."""

    def __iadd__(self, other: Self) -> Self:
        """Add what was seen elsewhere, slot by slot."""

    def part(self, slots: slice) -> Self:
        """Some of the slots; a view, not a copy."""

    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """Its numbers by name, to be written down."""

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Read again what `arrays` gave."""
