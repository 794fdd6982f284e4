"""What one policy says: the status as it should be, what to do, when to look again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from modelmonitor.api.record import Change
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.domain import record
from modelmonitor.domain.actions import Action, Tell, Tone
from modelmonitor.domain.observation import Observation

LONGEST_WORD: Final = 128
"""Of an annotation's value so much is kept, to know that it was handled; more would not fit its field."""


@dataclass(frozen=True, slots=True)
class Step:
    """A policy's answer. `wake` is when to decide again even if nothing happens."""

    status: ModelMonitorStatus
    actions: tuple[Action, ...] = ()
    wake: datetime | None = None


def waiting(seen: Observation, until: datetime | None = None) -> Step:
    """Nothing to do but wait."""
    return Step(seen.status, wake=until)


def acting(seen: Observation, *actions: Action, wake: datetime | None = None) -> Step:
    """Do what the recorded status says."""
    return Step(seen.status, actions, wake)


def changed(status: ModelMonitorStatus, **fields: Any) -> ModelMonitorStatus:
    """The status with other fields."""
    return status.model_copy(update=fields)


def noted(
    seen: Observation,
    now: datetime,
    reason: str,
    message: str,
    *,
    tone: Tone = Tone.NORMAL,
    change: Change | None = None,
    **fields: Any,
) -> Step:
    """Change the status, keep the decision and what it rests on in the history, and tell it as an Event."""
    status = changed(seen.status, **fields)
    entry = record.entry(seen, status, now, reason, message, fields=fields, change=change)
    return Step(record.added(seen, status, entry), (Tell(tone, reason, message),))


def backoff(count: int, *, first: timedelta, most: timedelta) -> timedelta:
    """The pause before try number `count` (from 1): doubling, bounded."""
    doubled: timedelta = first * (1 << min(count - 1, 20))
    return min(doubled, most)
