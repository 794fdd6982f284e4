"""Who may start a Job now, as sentences; and whatever happens, the limits hold and nobody waits for ever."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from modelmonitor.controller.admission import PATIENCE, Admission, Kind, Limit
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.projections import Key
from tests.unit.controller.objects import job

EVALUATION, TRAINING = Kind.EVALUATION, Kind.TRAINING
A1, A2, A3, B1 = Key("a", "one"), Key("a", "two"), Key("a", "three"), Key("b", "one")
DONE = {"conditions": [{"type": "Complete", "status": "True"}]}


class World:
    """A cache in which Jobs come and go, and a clock."""

    def __init__(self, in_all: int = 0, in_a_namespace: int = 0) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.cache = Cache()
        limit = Limit(in_all, in_a_namespace)
        self.admission = Admission(self.cache, {EVALUATION: limit, TRAINING: limit}, lambda: self.now)

    def start(self, key: Key, kind: Kind = EVALUATION, name: str = "") -> bool:
        """Ask, and create the Job when told that it is one's turn."""
        with self.admission.turn(key, kind, name or f"{key.name}-{kind}") as admitted:
            if admitted:
                self.job(key, kind, name)
            return admitted

    def job(self, key: Key, kind: Kind = EVALUATION, name: str = "", *, done: bool = False) -> None:
        role = "training" if kind is TRAINING else "champion"
        name = name or f"{key.name}-{kind}"
        raw = job(name, DONE if done else {}, role=role, namespace=key.namespace, uid=f"{key.namespace}-{name}")
        self.cache.jobs.apply(raw)


def test_without_limits_everybody_starts() -> None:
    world = World()
    assert all(world.start(key) for key in (A1, A2, A3, B1))
    assert world.admission.called() == []


def test_as_many_as_the_limit_in_all_and_the_others_wait() -> None:
    world = World(in_all=2)
    assert [world.start(key) for key in (A1, A2, A3)] == [True, True, False]
    assert world.admission.waiting(EVALUATION) == 1
    assert world.admission.called() == [], "there is no room"
    world.job(A1, done=True)
    assert world.admission.called() == [A3]
    assert world.start(A3)


def test_as_many_as_the_limit_in_a_namespace_and_the_others_pass_by() -> None:
    world = World(in_all=9, in_a_namespace=1)
    assert [world.start(key) for key in (A1, A2, B1)] == [True, False, True]


def test_trainings_have_their_own_limit() -> None:
    world = World(in_all=1)
    assert world.start(A1, EVALUATION)
    assert world.start(A1, TRAINING)


def test_the_namespace_that_has_the_least_goes_first() -> None:
    world = World(in_all=2)
    assert world.start(A1)
    assert world.start(A2)
    assert not world.start(A3)
    assert not world.start(B1), "it comes later"
    world.job(A1, done=True)
    assert world.admission.called() == [B1]
    assert not world.start(A3)
    assert world.start(B1)


def test_in_one_namespace_who_came_first_goes_first() -> None:
    world = World(in_all=1)
    world.start(B1)
    assert not world.start(A2)
    assert not world.start(A1)
    world.job(B1, done=True)
    assert not world.start(A1)
    assert world.start(A2)


def test_a_job_that_is_there_takes_no_new_place() -> None:
    world = World(in_all=1)
    assert world.start(A1)
    assert world.start(A1), "killed after creating it, it asks again"
    assert not world.start(A2)


def test_who_is_called_and_does_not_come_loses_the_place() -> None:
    world = World(in_all=1)
    world.start(B1)
    world.start(A1)
    world.start(A2)
    world.job(B1, done=True)
    assert world.admission.called() == [A1]
    assert not world.start(A2)
    world.now += PATIENCE
    assert world.start(A2)


def test_who_wants_nothing_any_more_leaves_the_line() -> None:
    world = World(in_all=1)
    world.start(B1)
    world.start(A1)
    world.admission.leave(A1)
    world.job(B1, done=True)
    assert world.admission.called() == []


def test_a_job_that_could_not_be_created_leaves_its_place_free() -> None:
    world = World(in_all=1)
    with world.admission.turn(A1, EVALUATION, "x") as admitted:
        assert admitted
        assert not world.start(A2), "its place is taken while it tries"
    assert world.start(A2)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_happens_the_limits_hold_and_everybody_gets_a_turn(seed: int) -> None:
    luck, world = Random(seed), World(in_all=5, in_a_namespace=3)  # noqa: S311 - luck, not secrets
    keys = [Key(f"team-{luck.randrange(4)}", f"m{number}") for number in range(40)]
    wanting, running = set(keys), set[Key]()
    for _ in range(4000):
        world.now += timedelta(seconds=1)
        if running and luck.random() < 0.3:
            ended = luck.choice(sorted(running))
            running.remove(ended)
            world.job(ended, done=True)
        called = [key for key in world.admission.called() if key in wanting]
        key = luck.choice(called or sorted(wanting)) if wanting else None
        if key is not None and world.start(key):
            wanting.remove(key)
            running.add(key)
        assert len(running) <= 5
        assert max(Counter(one.namespace for one in running).values(), default=0) <= 3
    assert not wanting
