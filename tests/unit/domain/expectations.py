"""What a table of sentences expects of a decision: `trains(trip=1) & measures()`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pytest

from modelmonitor.api.job import Stage
from modelmonitor.api.status import ModelMonitorStatus, Phase
from modelmonitor.domain.actions import (
    Action,
    CreateServing,
    DeleteEvaluation,
    DeleteJob,
    Explain,
    FinishEvaluation,
    PatchServing,
    StartEvaluation,
    StartTraining,
    Tell,
)
from modelmonitor.domain.decision import Decision, decide
from tests.unit.domain.worlds import World

# Asked again and again until the world has changed; nothing else may be said twice.
_REPEATED: Final = (StartEvaluation, StartTraining, CreateServing, PatchServing, Explain, DeleteJob, DeleteEvaluation)
_ROUNDS: Final = 6
_STAGES: Final = {"data": Stage.DATA, "quality": Stage.QUALITY}


@dataclass(frozen=True)
class Expectation:
    """Checks that are made one after the other."""

    checks: tuple[Callable[[Decision], None], ...]

    def __and__(self, other: "Expectation") -> "Expectation":
        return Expectation(self.checks + other.checks)


def case(sentence: str, world: World, *expected: Any) -> Any:
    """A row of a table: what is seen, what is expected; the sentence is its name."""
    return pytest.param(world, *expected, id=sentence)


def check(world: World, expected: Expectation) -> None:
    """The decision is as expected, and it comes to rest: with its status recorded it says nothing new."""
    decision = decide(world.seen, world.now)
    for one in expected.checks:
        one(decision)
    settled(world)


def settled(world: World) -> ModelMonitorStatus:
    """The status at which repeated decisions come to rest while nothing else changes."""
    for _ in range(_ROUNDS):
        decision = decide(world.seen, world.now)
        if decision.status == world.status:
            said_again = [action for action in decision.actions if not isinstance(action, _REPEATED)]
            assert not said_again, f"says again what is recorded: {said_again}"
            # Once more a moment before the next decision is due: time alone must not change what is said.
            if decision.next_time is None or decision.next_time > world.now:
                until = decision.next_time or world.now.replace(year=world.now.year + 1)
                later = decide(world.seen, world.now + (until - world.now) * 0.999)
                assert later.status == world.status, "time alone changed the status before next_time"
            return decision.status
        world = world.recording(decision.status)
    raise AssertionError(f"no rest after {_ROUNDS} decisions: {decision.status}")


def _seen(actions: tuple[Action, ...], kind: type) -> list[Any]:
    return [action for action in actions if isinstance(action, kind)]


def does(*kinds: type) -> Expectation:
    """Exactly these actions, Events left out."""

    def it(decision: Decision) -> None:
        done = [type(action).__name__ for action in decision.actions if not isinstance(action, Tell)]
        assert sorted(done) == sorted(kind.__name__ for kind in kinds)

    return Expectation((it,))


def nothing() -> Expectation:
    """No action and no Event."""

    def it(decision: Decision) -> None:
        assert decision.actions == ()

    return Expectation((it,))


def says(**fields: Any) -> Expectation:
    """The status has these values; `rollout__stage` looks inside, `quality__trouble` at a stage's frontier."""

    def it(decision: Decision) -> None:
        for path, value in fields.items():
            found: Any = decision.status
            for part in path.split("__"):
                found = found.frontier(_STAGES[part]) if part in _STAGES else getattr(found, part)
            assert found == value, path

    return Expectation((it,))


def tells(reason: str, *words: str) -> Expectation:
    """An Event with this reason, whose message holds these words."""

    def it(decision: Decision) -> None:
        told = [event for event in _seen(decision.actions, Tell) if event.reason == reason]
        assert told, f"no Event {reason} among {_seen(decision.actions, Tell)}"
        for word in words:
            assert word in told[0].message

    return Expectation((it,))


def wakes(at: datetime | None) -> Expectation:
    """The next decision without an event is due then."""

    def it(decision: Decision) -> None:
        assert decision.next_time == at

    return Expectation((it,))


def acts(kind: type, **fields: Any) -> Expectation:
    """An action of this kind with these values."""

    def it(decision: Decision) -> None:
        found = _seen(decision.actions, kind)
        assert found, f"no {kind.__name__} among {decision.actions}"
        for path, value in fields.items():
            inside: Any = found[0]
            for part in path.split("__"):
                inside = getattr(inside, part)
            assert inside == value, path

    return Expectation((it,))


def condition(name: str, status: str, reason: str, *words: str) -> Expectation:
    """The condition reads so."""

    def it(decision: Decision) -> None:
        found = next(one for one in decision.status.conditions if one.type == name)
        assert (found.status.value, found.reason) == (status, reason), found.message
        for word in words:
            assert word in found.message

    return Expectation((it,))


def phase(expected: Phase) -> Expectation:
    """The one word for people."""

    def it(decision: Decision) -> None:
        assert decision.status.phase is expected

    return Expectation((it,))


def looks_at(window: Any) -> Expectation:
    """A look at this window is written down."""
    return says(measurement__window=window) & does()


def trains(trip: int) -> Expectation:
    """An attempt is written down; its Job is for the next decision."""
    return says(attempt__trip=trip, trips=trip) & tells("Tripped")


def idle_until(at: datetime | None) -> Expectation:
    """Nothing is done, nothing new is wanted."""
    return nothing() & says(measurement=None, attempt=None, comparison=None) & wakes(at)


def finishes() -> Expectation:
    """The result goes into the ModelEvaluation."""
    return acts(FinishEvaluation)


def without(world: World, **fields: Any) -> World:
    """The observation with other fields."""
    return replace(world, seen=replace(world.seen, **fields))
