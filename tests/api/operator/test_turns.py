"""As many Jobs as the operator lets run at once, and the others wait for their turn, and say so."""

from typing import Any

from modelmonitor.api.result import Verdict
from modelmonitor.controller.admission import Kind, Limit
from tests.api.operator.process import Process
from tests.api.operator.stage import Stage
from tests.api.operator.walk import SPEC, evaluations

Raw = dict[str, Any]
ONE = {Kind.EVALUATION: Limit(in_all=1)}
NAMES = ("flights", "flights-too")


def ready_of(monitor: Raw) -> tuple[str, str]:
    (ready,) = [one for one in monitor["status"]["conditions"] if one["type"] == "Ready"]
    return ready["status"], ready["reason"]


async def settle(process: Process) -> None:
    """Both take turns: each may call the other."""
    for _ in range(8):
        for name in NAMES:
            await process.sync()
            assert await process.attempt(name)


async def test_one_waits_for_the_other_says_so_and_has_its_turn_afterwards(stage: Stage) -> None:
    process = Process(stage.api, stage.namespace, stage.clock, limits=ONE)
    await stage.cluster.serve("s3://models/flights/january")
    for name in NAMES:
        await stage.cluster.apply_monitor(
            {key: value for key, value in SPEC.items() if key not in ("retrain", "rollout")}, name
        )

    await settle(process)

    assert len(await stage.cluster.unfinished_jobs()) == 1
    waiting = await stage.cluster.monitor("flights-too")
    assert waiting["status"]["phase"] == "Queued"
    assert ready_of(waiting) == ("Unknown", "Queued"), "whoever waits for a turn is no trouble"
    calls = len([call for call in stage.api.calls if call.writes])
    await settle(process)
    assert len([call for call in stage.api.calls if call.writes]) == calls, "waiting writes nothing"

    await evaluations(Verdict.PASS, 1)(stage.cluster, stage.clock)
    await settle(process)

    assert (await stage.cluster.monitor("flights"))["status"]["lastEvaluation"]["verdict"] == "Pass"
    assert len(await stage.cluster.unfinished_jobs()) == 1
    assert (await stage.cluster.monitor("flights-too"))["status"]["phase"] == "Evaluating"


async def test_killed_after_creating_a_job_the_next_operator_finds_it_and_takes_no_second_place(stage: Stage) -> None:
    await stage.cluster.serve("s3://models/flights/january")
    await stage.cluster.apply_monitor({key: value for key, value in SPEC.items() if key not in ("retrain", "rollout")})
    for _ in range(2):
        process = Process(stage.api, stage.namespace, stage.clock, limits=ONE)
        await process.settle()
    assert len(stage.created_jobs("champion")) == 1
    assert (await stage.status())["phase"] == "Evaluating"
