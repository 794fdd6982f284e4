"""What happens to many monitors at once: how many there are, and how many tripped of late.

Counted as each is heard of, since to go through ten thousand monitors for every decision would take longer than the
decision.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime

from modelmonitor.controller.projections import Key, MonitorSeen
from modelmonitor.domain.observation import FLEET_PERIOD, Fleet


@dataclass(slots=True)
class FleetCount:
    """Kept beside the cache of monitors."""

    _active: set[str] = field(default_factory=set)
    _tripped: dict[str, tuple[datetime, Key]] = field(default_factory=dict)

    def heard(self, before: MonitorSeen | None, after: MonitorSeen | None) -> None:
        """A monitor is another one than before, new, or gone."""
        if before is not None and (after is None or after.uid != before.uid):
            self._active.discard(before.uid)
            self._tripped.pop(before.uid, None)
        if after is None:
            return
        (self._active.add if after.active else self._active.discard)(after.uid)
        if after.tripped_at is not None:
            self._tripped[after.uid] = (after.tripped_at, after.key)
        else:
            self._tripped.pop(after.uid, None)

    def beside(self, uid: str, terms: Fleet, now: datetime) -> Fleet:
        """The fleet as one monitor sees it; `terms` say how much is too much."""
        active = len(self._active) + (uid not in self._active)
        return replace(terms, active=active, tripped=sum(one != uid for one, _ in self._lately(now)))

    def tripped(self, now: datetime) -> list[Key]:
        """The monitors that tripped of late."""
        return [key for _, key in self._lately(now)]

    def _lately(self, now: datetime) -> list[tuple[str, Key]]:
        for uid, (at, _) in list(self._tripped.items()):
            if at + FLEET_PERIOD <= now:
                del self._tripped[uid]
        return [(uid, key) for uid, (_, key) in self._tripped.items()]
