"""The keyed queue: a key waits at most once, is worked on by one worker at a time, and comes back later when it fails.

`at` is the heap of due times: the scheduler of the whole operator.
"""

import asyncio
import contextlib
import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from modelmonitor.controller.projections import Key

FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=5)
LONGEST_SLEEP: Final = 30.0


class Queue:
    """Keys that something has happened to, or whose time has come."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._waiting: dict[Key, datetime] = {}
        self._working: dict[Key, datetime] = {}
        self._failures: dict[Key, int] = {}
        self._due: dict[Key, datetime] = {}
        self._heap: list[tuple[datetime, Key]] = []
        self._changed = asyncio.Condition()

    async def add(self, key: Key) -> None:
        """Something happened to it."""
        async with self._changed:
            self._waiting.setdefault(key, self._clock())
            self._changed.notify_all()

    async def at(self, key: Key, moment: datetime | None) -> None:
        """Think of it again at this time; one time a key, the newest said counts, None forgets it."""
        async with self._changed:
            self._set_due(key, moment)
            # All: the one worker that heard of the new time may be busy when it comes.
            self._changed.notify_all()

    async def get(self) -> Key:
        """The next key; it is the caller's until `done`."""
        async with self._changed:
            while True:
                self._move_due()
                ready = next((key for key in self._waiting if key not in self._working), None)
                if ready is not None:
                    del self._waiting[ready]
                    self._working[ready] = self._clock()
                    return ready
                await self._wait_for_change()

    async def done(self, key: Key, *, failed: bool = False) -> None:
        """The caller is finished with it; a failed key comes back, later each time."""
        async with self._changed:
            self._working.pop(key, None)
            if failed:
                count = self._failures[key] = self._failures.get(key, 0) + 1
                again = self._clock() + min(FIRST_PAUSE * (1 << min(count - 1, 10)), LONGEST_PAUSE)
                self._set_due(key, min(again, self._due.get(key, again)))
            else:
                self._failures.pop(key, None)
            self._changed.notify_all()

    def oldest_wait(self) -> timedelta:
        """How long the oldest key has waited, or is being worked on: what a liveness probe asks."""
        waiting = [since for key, since in self._waiting.items() if key not in self._working]
        return self._clock() - min([*waiting, *self._working.values()], default=self._clock())

    def failing(self) -> int:
        """How many keys failed when they were last worked on."""
        return len(self._failures)

    def __len__(self) -> int:
        return len(self._waiting)

    def _set_due(self, key: Key, moment: datetime | None) -> None:
        if moment is None:
            self._due.pop(key, None)
        elif self._due.get(key) != moment:
            self._due[key] = moment
            heapq.heappush(self._heap, (moment, key))

    def _move_due(self) -> None:
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            moment, key = heapq.heappop(self._heap)
            # An entry that was overwritten stays in the heap and is passed over here.
            if self._due.get(key) == moment:
                del self._due[key]
                self._waiting.setdefault(key, now)

    async def _wait_for_change(self) -> None:
        pause = (self._heap[0][0] - self._clock()).total_seconds() if self._heap else LONGEST_SLEEP
        # Never long: wall clocks are set, machines sleep.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), min(max(pause, 0.01), LONGEST_SLEEP))
