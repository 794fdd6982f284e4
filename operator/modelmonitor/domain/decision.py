"""The heart: from what is seen to what is done. Pure, total, no clock.

    SERVE      who serves now? first sight, somebody's change, our own roll
    ASKED      what do people ask for?
    MEASURE    is a window due? is its evaluation finished?
    GUARD      are very many models bad at once?
    REMEDIATE  roll back, roll out, verify, compare, train, or wait for a reason

In each chain the first policy that has something to say decides; the next chain sees what it said. A policy either
writes an intent into the status or acts on an intent that is already recorded there, never both at once: an operator
that is killed between any two calls finds in the status what it was doing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.domain.actions import Action
from modelmonitor.domain.conditions import summarised, turns
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.policies.approve import awaiting_approval
from modelmonitor.domain.policies.asked import asked
from modelmonitor.domain.policies.compare import comparing
from modelmonitor.domain.policies.due import due
from modelmonitor.domain.policies.guard import guarded
from modelmonitor.domain.policies.measure import measuring
from modelmonitor.domain.policies.rest import kept_from_training, resting
from modelmonitor.domain.policies.retrain import training
from modelmonitor.domain.policies.roll import rolling_back, rolling_out, verifying
from modelmonitor.domain.policies.serve import first_sight, moved, not_yet_there, out_of_sight
from modelmonitor.domain.policies.tidy import leftovers
from modelmonitor.domain.policies.trip import breaker_open, tripped
from modelmonitor.domain.step import Step

Policy = Callable[[Observation, datetime], Step | None]

SERVE: Final[tuple[Policy, ...]] = (not_yet_there, out_of_sight, first_sight, moved)
ASKED: Final[tuple[Policy, ...]] = (asked,)
MEASURE: Final[tuple[Policy, ...]] = (measuring, due)
REMEDIATE: Final[tuple[Policy, ...]] = (
    rolling_back,
    rolling_out,
    verifying,
    resting,
    awaiting_approval,
    comparing,
    training,
    kept_from_training,
    breaker_open,
    tripped,
)

GUARD: Final[tuple[Policy, ...]] = (guarded,)
TIDY: Final[tuple[Policy, ...]] = (leftovers,)
CHAINS: Final = (SERVE, ASKED, MEASURE, GUARD, REMEDIATE, TIDY)
# With a spec that cannot be used nothing new is begun, but a rollout that has begun is not left alone.
ROLL: Final[tuple[Policy, ...]] = (rolling_back, rolling_out)


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do now, what to write down, and when to think again."""

    actions: tuple[Action, ...]
    status: ModelMonitorStatus
    next_time: datetime | None


def decide(seen: Observation, now: datetime, chains: tuple[tuple[Policy, ...], ...] = CHAINS) -> Decision:
    """Decide what to do about one monitor."""
    actions: list[Action] = []
    wakes: list[datetime] = []
    for chain in chains if seen.invalid is None else (ROLL,):
        step = _first_of(chain, seen, now)
        actions += step.actions
        wakes += [step.wake] if step.wake else []
        seen = seen.with_status(step.status)
    wakes += [moment for moment in turns(seen) if moment > now]
    return Decision(tuple(actions), summarised(seen, now), min(wakes, default=None))


def _first_of(chain: tuple[Policy, ...], seen: Observation, now: datetime) -> Step:
    for policy in chain:
        step = policy(seen, now)
        if step is not None:
            return step
    return Step(seen.status)
