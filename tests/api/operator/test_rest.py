"""A quiet monitor costs nothing: looked at again and again, nothing is written."""

import pytest

from tests.api.operator.stage import Stage
from tests.api.operator.walk import steps


@pytest.mark.parametrize(
    "until",
    [
        pytest.param("a monitor is applied", id="an evaluation runs"),
        pytest.param("the first window fails", id="a training runs"),
        pytest.param("the candidate is better", id="a rollout is under way"),
        pytest.param("the old model serves again", id="it cools down", marks=pytest.mark.faults),
        pytest.param("the new model passes", id="it watches", marks=pytest.mark.faults),
    ],
)
async def test_where_nothing_happens_twenty_more_looks_write_nothing(stage: Stage, until: str) -> None:
    await stage.play(until)
    before = len(stage.api.calls)
    version = (await stage.cluster.monitor())["metadata"]["resourceVersion"]
    for number in range(20):
        if number % 5 == 0:
            await stage.process.sync()
        assert await stage.process.attempt()
    assert [call for call in stage.api.calls[before:] if call.writes] == []
    assert (await stage.cluster.monitor())["metadata"]["resourceVersion"] == version
    assert len(stage.api.calls) == before, "and nothing is asked"


async def test_after_a_restart_nothing_is_written_either(stage: Stage) -> None:
    await stage.play("the old model serves again")
    before = len(stage.api.calls)
    restarted = stage.new_process()
    await restarted.sync()
    assert await restarted.attempt()
    assert [call for call in stage.api.calls[before:] if call.writes] == []


def test_the_walk_has_the_steps_that_are_named_here() -> None:
    assert {step.sentence for step in steps()} >= {"a monitor is applied", "the new model passes"}
