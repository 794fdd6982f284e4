"""Two operators at once, and one that slept: one Job of each kind, one patch, whatever they thought they knew."""

import asyncio
import random
from collections import Counter
from typing import Any

import pytest

from tests.api.operator.process import Call, Process
from tests.api.operator.stage import Stage
from tests.api.operator.walk import steps

Raw = dict[str, Any]
BEGINNING = "a monitor is applied"


class Turns:
    """Lets two operators send their calls in an order that a seed decides, so that each sees the other's halves."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    async def __call__(self, _call: Call) -> None:
        for _ in range(self._random.randrange(4)):
            await asyncio.sleep(0.002)


async def both_settle(stage: Stage, *processes: Process) -> None:
    """Each reconciles on what it has heard; they hear of it now and then, not at the same time."""
    quiet = 0
    for round_ in range(60):
        before = len(stage.api.calls)
        await processes[round_ % len(processes)].sync()
        await asyncio.gather(*(process.attempt() for process in processes))
        wrote = any(call.writes and call.succeeded for call in stage.api.calls[before:])
        quiet = 0 if wrote else quiet + 1
        if quiet == 2 * len(processes):
            return
    raise AssertionError("two operators do not come to rest")


@pytest.mark.parametrize(
    "seed", [1, pytest.param(2, marks=pytest.mark.faults), pytest.param(3, marks=pytest.mark.faults)]
)
async def test_two_operators_at_once_make_no_second_job_and_no_second_patch(stage: Stage, seed: int) -> None:
    stage.api.turn = Turns(seed)
    other = stage.new_process()
    for step in steps():
        await step.happen(stage.cluster, stage.clock)
        await both_settle(stage, stage.process, other)

    status = await stage.status()
    made = Counter(call.body["metadata"]["name"] for role in ROLES for call in succeeded(stage.created_jobs(role)))
    assert {name: count for name, count in made.items() if count > 1} == {}
    assert [len(succeeded(stage.created_jobs(role))) for role in ROLES] == [5, 2, 2]
    assert [patch.body[-1]["value"] for patch in succeeded(stage.patches())] == ["1", "2", "3"]
    assert status["trips"] == 2
    assert status["phase"] == "Watching"


ROLES = ("champion", "candidate", "training")


def succeeded(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.succeeded]


@pytest.mark.parametrize(
    ("asleep_at", "wakes_after"),
    [
        pytest.param("a monitor is applied", "the first window fails", id="an evaluation was wanted"),
        pytest.param("the first window fails", "a candidate is trained", id="a training was wanted"),
        pytest.param("the second window fails as well", "the roll fails", id="a comparison ran, now it is rolled back"),
        pytest.param("the candidate is better", "the old model serves again", id="a rollout had begun, now it is over"),
        pytest.param("the roll fails", "another candidate is trained", id="a rollback had begun, now another trip"),
    ],
)
async def test_a_leader_that_wakes_up_with_an_old_world_does_nothing(
    stage: Stage, asleep_at: str, wakes_after: str
) -> None:
    """It is asked to act on every status that it can have seen last, since nobody knows when it fell asleep."""
    await stage.play(asleep_at)
    sleepers = [stage.new_process()]
    await sleepers[0].sync()
    await stage.play(wakes_after)
    before = await stage.status(), await stage.cluster.seldon_deployment(), await _jobs(stage)
    calls = len(stage.api.calls)

    for sleeper in sleepers:
        await sleeper.attempt()

    assert succeeded([call for call in stage.api.calls[calls:] if call.writes and not call.tells]) == []
    assert (await stage.status(), await stage.cluster.seldon_deployment(), await _jobs(stage)) == before


async def _jobs(stage: Stage) -> list[str]:
    return sorted(job["metadata"]["uid"] for job in await stage.cluster.jobs())
