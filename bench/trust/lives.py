"""Lives: what a monitor sees of a stream, day by day, and what it says of each window.

Statistics are kept by day once, and a window is a slice of them: the same statistics that one pass over its files
would give (checked in tests/unit/bench), at a thousandth of the time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from bench.ours import METRICS, accumulator, pairs, tally_of_days, value
from bench.trust.streams import Day, Stream
from modelmonitor.api.metric_names import MetricName
from modelmonitor.evaluation.accumulate import Tally

REFERENCE_DAYS: Final = 60
DAYS: Final = 336
"""Twelve windows of 28 days, 48 of seven."""
PARTS: Final = 20
"""Blocks of a window of one day."""


@dataclass(frozen=True, slots=True)
class Life:
    """One life of a stream."""

    reference: Tally
    """By day."""
    days: Tally
    """By day."""
    parts: Tally
    """Of the first days, each in twenty parts."""

    def windows(self, length: int) -> Iterator[Tally]:
        """Its windows of whole days, one after the other; of one day by their parts."""
        if length == 1:
            yield from (tally_of_days(self.parts, start, PARTS) for start in range(0, PARTS * PARTS, PARTS))
        else:
            yield from (tally_of_days(self.days, start, length) for start in range(0, DAYS, length))


def lives(stream: Stream, number: int) -> Iterator[Life]:
    """So many lives, each with its own seed."""
    for seed in range(number):
        days = list(islice(stream.days(seed), REFERENCE_DAYS + DAYS))
        yield Life(by_day(days[:REFERENCE_DAYS]), by_day(days[REFERENCE_DAYS:]), _by_part(days[:PARTS]))


def truths(found: list[Life]) -> Mapping[MetricName, float]:
    """The metrics on all days of all lives: a thousand times a window's, so their own error can be left out.

    The mean of the lives' values, and not the value of their sum: of 336 days each, the difference is nil.
    """
    return {name: float(np.mean([value(name, life.days) for life in found])) for name in METRICS}


def by_day(days: list[Day]) -> Tally:
    """The statistics of some days, each a block."""
    found = accumulator(len(days))
    for number, day in enumerate(days):
        found.add(np.full(len(day.labels), number, np.intp), [], pairs(day.labels, day.scores))
    return found.tally()


def _by_part(days: list[Day]) -> Tally:
    found = accumulator(len(days) * PARTS)
    for number, day in enumerate(days):
        part = np.arange(len(day.labels)) * PARTS // len(day.labels)
        found.add(number * PARTS + part, [], pairs(day.labels, day.scores))
    return found.tally()
