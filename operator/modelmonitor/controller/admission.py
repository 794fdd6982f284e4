"""Who may start a Job now: ten thousand monitors that are due at six o'clock must not fill the cluster.

Limits of what runs at once, in all and in a namespace; and a line in which the namespace that has the least goes
first, so that a team with a thousand monitors does not keep one with three from its turn.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Final

from modelmonitor.controller import labels
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.projections import JobView, Key

PATIENCE: Final = timedelta(seconds=30)
"""Who was called and does not come has lost its place: it may be suspended or gone."""


class Kind(StrEnum):
    """What is limited."""

    EVALUATION = "evaluation"
    TRAINING = "training"


@dataclass(frozen=True, slots=True)
class Limit:
    """How many may run at once; 0 is no limit."""

    in_all: int = 0
    in_a_namespace: int = 0


@dataclass(slots=True)
class _Waiting:
    number: int
    called: datetime | None = None


@dataclass(slots=True)
class Admission:
    """Asked before a Job is created; nothing is awaited between the question and the answer."""

    cache: Cache
    limits: dict[Kind, Limit]
    clock: Callable[[], datetime]
    _lines: dict[Kind, dict[Key, _Waiting]] = field(default_factory=lambda: {kind: {} for kind in Kind})
    _begun: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=count)

    @contextmanager
    def turn(self, key: Key, kind: Kind, name: str) -> Iterator[bool]:
        """Whether a monitor may create this Job now; if not, it stands in the line.

        A Job that is there already takes no new place: who was killed after creating it asks again.
        """
        if self.cache.jobs.get(key.namespace, name) is not None:
            yield True
            return
        line = self._lines[kind]
        line.setdefault(key, _Waiting(next(self._numbers)))
        if self._first(kind) != key:
            yield False
            return
        del line[key]
        begun = (kind, key.namespace)
        self._begun[begun] += 1
        try:
            yield True
        finally:
            # From here on it is counted in the cache, or it was not created.
            self._begun[begun] -= 1

    def called(self) -> list[Key]:
        """Those whose turn it is."""
        return [first for kind in Kind if self._lines[kind] and (first := self._first(kind)) is not None]

    def leave(self, key: Key) -> None:
        """A monitor wants nothing any more."""
        for line in self._lines.values():
            line.pop(key, None)

    def waiting(self, kind: Kind) -> int:
        """How many stand in a line."""
        return len(self._lines[kind])

    def _first(self, kind: Kind) -> Key | None:
        limit, line = self.limits.get(kind, Limit()), self._lines[kind]
        running = self._running(kind)
        if limit.in_all and running.total() >= limit.in_all:
            return None
        full = {name for name, number in running.items() if limit.in_a_namespace and number >= limit.in_a_namespace}
        while True:
            free = [key for key in line if key.namespace not in full]
            first = min(free, key=lambda key: (running[key.namespace], line[key].number), default=None)
            if first is None or self._is_there(line[first]):
                return first
            del line[first]

    def _is_there(self, waiting: _Waiting) -> bool:
        now = self.clock()
        if waiting.called is None:
            waiting.called = now
        return now < waiting.called + PATIENCE

    def _running(self, kind: Kind) -> Counter[str]:
        running = Counter({name: number for (one, name), number in self._begun.items() if one is kind})
        for namespace, job in self.cache.jobs.everywhere():
            running[namespace] += job.unfinished and kind_of(job) is kind
        return running


def kind_of(job: JobView) -> Kind:
    """What a Job is."""
    return Kind.TRAINING if job.role == labels.TRAINING else Kind.EVALUATION
