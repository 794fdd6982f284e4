"""Two operators at once, and one that slept: one Job of each kind, one patch, whatever they thought they knew."""

import asyncio
import random
from collections import Counter
from typing import Any, Final

import pytest

from tests.api.operator.process import Call, Process
from tests.api.operator.servers import BatchServer, SeldonDeploymentServer, SeldonModelServer
from tests.api.operator.stage import Stage
from tests.api.operator.walk import steps

Raw = dict[str, Any]
ROLES: Final = ("champion", "candidate", "training")
SERVERS: Final = [
    SeldonDeploymentServer,
    pytest.param(SeldonModelServer, marks=pytest.mark.faults),
    # It has no generation that would tell an old decision from a new one.
    BatchServer,
]
SEEDS: Final = [1, *(pytest.param(seed, marks=pytest.mark.faults) for seed in (2, 3, 4, 5))]


class Turns:
    """Lets two operators send their calls in an order that a seed decides, so that each sees the other's halves."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311

    async def __call__(self, _call: Call) -> None:
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0.002)


async def both_settle(stage: Stage, *processes: Process) -> None:
    """Each reconciles on what it has heard; they hear of it now and then, not at the same time."""
    quiet = 0
    for number in range(60):
        before = len(stage.api.calls)
        await processes[number % len(processes)].sync()
        await asyncio.gather(*(process.attempt() for process in processes))
        quiet = 0 if wrote(stage, before) else quiet + 1
        if quiet == 2 * len(processes):
            return
    raise AssertionError("two operators do not come to rest")


def wrote(stage: Stage, since: int) -> list[Call]:
    """What was changed since that call; Events are a courtesy, and may come twice."""
    return [call for call in stage.api.calls[since:] if call.writes and call.succeeded and not call.tells]


@pytest.mark.parametrize("stage", SERVERS, indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
async def test_two_operators_at_once_make_no_second_job_and_no_second_patch(stage: Stage, seed: int) -> None:
    stage.api.turn = Turns(seed)
    other = stage.new_process()
    for step in steps(rolls_at_once=stage.cluster.server.rolls_at_once):
        await step.happen(stage.cluster, stage.clock)
        await both_settle(stage, stage.process, other)

    status = await stage.status()
    made = Counter(call.body["metadata"]["name"] for role in ROLES for call in stage.created_jobs(role))
    assert {name: count for name, count in made.items() if count > 1} == {}
    verified_twice = stage.cluster.server.rolls_at_once
    assert [len(stage.created_jobs(role)) for role in ROLES] == ([6, 3, 2] if verified_twice else [5, 2, 2])
    assert [uri.removeprefix("s3://models/flights/")[:9] for uri in stage.rolled()] == [
        "flights/1",
        "january",
        "flights/2",
    ]
    assert status["trips"] == 2
    assert status["phase"] == "Watching"


@pytest.mark.parametrize("stage", SERVERS, indirect=True)
@pytest.mark.parametrize("seed", SEEDS)
async def test_a_leader_that_wakes_up_with_an_old_world_does_nothing(stage: Stage, seed: int) -> None:
    """One falls asleep at every status that was ever written; each wakes up at some time later, and acts on it."""
    chance = random.Random(seed)  # noqa: S311
    asleep: list[Process] = []
    for step in steps(rolls_at_once=stage.cluster.server.rolls_at_once):
        await step.happen(stage.cluster, stage.clock)
        for _ in range(30):
            await stage.process.sync()
            before = len(stage.api.calls)
            await stage.process.attempt()
            if not wrote(stage, before):
                break
            asleep.append(stage.new_process())
            await asleep[-1].sync()
        waking = [one for one in asleep if chance.random() < 0.2]
        asleep = [one for one in asleep if one not in waking]
        await _wake(stage, waking)
    await _wake(stage, asleep)


async def _wake(stage: Stage, sleepers: list[Process]) -> None:
    before = await stage.status(), await stage.cluster.server.live(), await stage.cluster.jobs()
    calls = len(stage.api.calls)
    for sleeper in sleepers:
        await sleeper.attempt()
    assert wrote(stage, calls) == []
    assert (await stage.status(), await stage.cluster.server.live(), await stage.cluster.jobs()) == before
