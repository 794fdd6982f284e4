"""What the record tells: which model served when, why, on what evidence, and where decisions are missing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Final, Self

from modelmonitor.api.record import HistoryEntry

MUTATED: Final = "ModelMutated"
"""The reason of a decision from which on other files serve under the same URI."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Decisions that were made and are not in the record: they come before this one."""

    count: int
    before: HistoryEntry


@dataclass(frozen=True, slots=True)
class Service:
    """The time for which one model served: from its first entry to the first of the next, which may not be yet."""

    entries: tuple[HistoryEntry, ...]
    why: tuple[HistoryEntry, ...]
    """The decisions that led to its first, which is the last of them."""
    next: HistoryEntry | None

    @property
    def began(self) -> HistoryEntry:
        """The first entry that says that it serves."""
        return self.entries[0]

    @property
    def uri(self) -> str:
        """Where the model is."""
        return self.began.model_uri or ""

    @property
    def digest(self) -> str | None:
        """sha256 of its files, whenever it became known."""
        said = (one.model_digest for one in self.entries if one.model_digest is not None)
        mutated = self.next is not None and self.next.reason == MUTATED and self.next.change is not None
        return next(said, self.next.change.before if mutated and self.next and self.next.change else None)

    def until(self, moment: datetime) -> tuple[HistoryEntry, ...]:
        """What was decided while it served, up to a moment."""
        return tuple(one for one in self.entries[1:] if one.time <= moment)


@dataclass(frozen=True, slots=True)
class Chronicle:
    """The decisions of one monitor, in their order."""

    entries: tuple[HistoryEntry, ...]

    @classmethod
    def of(cls, entries: Iterable[HistoryEntry]) -> Self:
        """In the order in which they were made."""
        return cls(tuple(sorted(entries, key=lambda one: (one.time, one.id))))

    def gaps(self) -> Iterator[Gap]:
        """Where numbers are left out. One that goes back begins a new count: the status was lost, or an older one."""
        first = next(iter(self.entries), None)
        if first is not None and first.id > 1:
            yield Gap(first.id - 1, first)
        for before, after in pairwise(self.entries):
            if after.id > before.id + 1:
                yield Gap(after.id - before.id - 1, after)

    def service_at(self, moment: datetime) -> Service | None:
        """The service of the model that served then; None before the record begins."""
        served = [place for place in self._beginnings() if self.entries[place].time <= moment]
        if not served:
            return None
        began = served[-1]
        end = next((place for place in self._beginnings() if place > began), None)
        return Service(
            entries=self.entries[began:end],
            why=tuple(self._led_to(began)),
            next=None if end is None else self.entries[end],
        )

    def after(self, moment: datetime) -> Sequence[HistoryEntry]:
        """What was decided later."""
        return tuple(one for one in self.entries if one.time > moment)

    def _beginnings(self) -> Iterator[int]:
        """The places of the entries from which on another model serves."""
        serving = None
        for place, one in enumerate(self.entries):
            if one.model_uri is not None and (one.model_uri != serving or one.reason == MUTATED):
                serving = one.model_uri
                yield place

    def _led_to(self, place: int) -> Iterator[HistoryEntry]:
        """Of the same remediation and of the same count, up to this entry: training, comparison, approval, rollout."""
        last = self.entries[place]
        start = place
        while start > 0 and self.entries[start - 1].id < self.entries[start].id:
            start -= 1
        rollout = last.move.rollout if last.move is not None else None
        for one in self.entries[start:place]:
            same_rollout = rollout is not None and one.move is not None and one.move.rollout == rollout
            same_trip = rollout is not None and last.trip is not None and one.trip == last.trip
            if same_rollout or same_trip:
                yield one
        yield last
