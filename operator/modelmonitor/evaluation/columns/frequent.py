"""The most frequent values of a stream, in bounded memory.

Misra and Gries (1982), in the form of Agarwal et al., Mergeable Summaries (2012): of n rows, a summary of k counters
counts no value too often and none by more than n / (k + 1) too seldom, however it was split and merged. So each value
in more than n / (k + 1) rows is in it.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

COUNTERS: Final = 16_384


@dataclass
class HeavyHitters:
    """The most frequent values, and how far their counts may be off."""

    counters: int = COUNTERS
    counts: dict[str, int] = field(default_factory=dict)
    missed: int = 0
    """No value's count is too low by more than this; 0 where every distinct value is here, counted exactly."""

    def add(self, counts: Mapping[str, int]) -> None:
        """Add rows by their value."""
        for value, rows in counts.items():
            self.counts[value] = self.counts.get(value, 0) + rows
        if len(self.counts) > self.counters:
            least = heapq.nlargest(self.counters + 1, self.counts.values())[-1]
            self.counts = {value: rows - least for value, rows in self.counts.items() if rows > least}
            self.missed += least

    def __iadd__(self, other: Self) -> Self:
        self.add(other.counts)
        self.missed += other.missed
        return self

    def most(self, number: int) -> list[str]:
        """The most frequent values, the most frequent first; among equals in order of the text."""
        return [value for value, _ in sorted(self.counts.items(), key=lambda one: (-one[1], one[0]))[:number]]
