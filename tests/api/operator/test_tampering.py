"""A status that somebody edited: the operator recovers, and brings no model into service that was not proven better.

Whoever may write the status has the operator's own right. What the API server lets through is a status of the right
shape; whether it is true the operator cannot know of all of it, but a candidate without its comparison it refuses.
"""

import copy
from datetime import timedelta
from typing import Any, Final

import pytest

from modelmonitor.api.result import Comparison, Verdict
from modelmonitor.api.types import format_time
from modelmonitor.kube.api import Patch
from modelmonitor.kube.errors import RefusedError
from modelmonitor.kube.resources import MONITORS
from tests.api.operator.stage import Stage
from tests.api.operator.walk import compared, judged

Raw = dict[str, Any]
JANUARY: Final = "s3://models/flights/january"
EVIL: Final = "s3://elsewhere/evil"
WINDOW: Final = {"index": 2248, "start": "2013-02-04T00:00:00Z", "end": "2013-02-11T00:00:00Z"}


async def edit(stage: Stage, status: Raw | None) -> None:
    """Somebody writes this as the status."""
    path = MONITORS.path(stage.namespace, "flights", "status")
    await stage.cluster.api.patch(path, [{"op": "add", "path": "/status", "value": status or {}}], Patch.JSON)


async def add(stage: Stage, **fields: Any) -> None:
    await edit(stage, {**await stage.status(), **fields})


def forged_rollout(stage: Stage, **changes: Any) -> Raw:
    return {
        "id": 7,
        "direction": "Forward",
        "stage": "Progressing",
        "target": {"seldonDeployment": {"name": "flights", "predictor": "default", "node": "classifier"}},
        "fromUri": JANUARY,
        "toUri": EVIL,
        "startedAt": format_time(stage.clock.now),
        "deadline": format_time(stage.clock.now + timedelta(minutes=10)),
        **changes,
    }


async def goes_on(stage: Stage) -> None:
    """The monitor judges the next window, and is well."""
    stage.clock.forward(timedelta(hours=2))
    await stage.process.settle()
    (job,) = await stage.cluster.unfinished_jobs()
    await stage.cluster.measured(job, judged(job, Verdict.PASS, 3))
    await stage.process.settle()
    assert (await stage.condition("ModelHealthy"))[0] == "True"
    assert (await stage.condition("Ready"))[0] == "True"
    assert (await stage.condition("Stalled"))[0] == "False"
    assert await stage.cluster.jobs("training") == []


@pytest.mark.parametrize(
    "until",
    [
        pytest.param("a monitor is applied", marks=pytest.mark.faults),
        "the first window fails",
        pytest.param("the second window fails as well", marks=pytest.mark.faults),
        "the candidate is better",
    ],
)
async def test_wiped_it_begins_anew_with_the_live_model_and_clears_up(stage: Stage, until: str) -> None:
    await stage.play(until)
    live = await stage.cluster.live_uri()
    before = {job["metadata"]["uid"] for job in await stage.cluster.jobs()}
    await edit(stage, None)

    await stage.process.settle()

    status = await stage.status()
    assert status["servingModel"]["uri"] == live == await stage.cluster.live_uri()
    assert status.get("trips", 0) == 0
    assert not before & {job["metadata"]["uid"] for job in await stage.cluster.jobs("training")}
    await goes_on(stage)


async def test_where_the_status_contradicts_the_live_object_the_live_object_wins(stage: Stage) -> None:
    await stage.play("the first window fails")
    await add(stage, servingModel={"uri": "s3://never/served", "since": "2000-01-01T00:00:00Z"})
    await stage.process.settle()
    assert (await stage.status())["servingModel"]["uri"] == JANUARY
    assert await stage.cluster.live_uri() == JANUARY


async def test_what_has_not_the_shape_of_a_status_the_api_server_refuses(stage: Stage) -> None:
    await stage.play("a monitor is applied")
    with pytest.raises(RefusedError, match="phase"):
        await add(stage, phase="Haywire")


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({}, id="it just wants a rollout"),
        pytest.param(
            {"candidate": {"uri": EVIL, "trainedThrough": "2013-02-11T00:00:00Z", "trip": 1}}, id="with a candidate"
        ),
        pytest.param(
            {
                "candidate": {"uri": EVIL, "trainedThrough": "2013-02-11T00:00:00Z", "trip": 1},
                "lastAttempt": {
                    "trip": 1,
                    "outcome": "Promoted",
                    "comparison": {"verdict": "NotBetter", "metric": "f1"},
                    "endedAt": "2026-01-01T00:00:00Z",
                },
            },
            id="with a comparison that it lost",
        ),
        pytest.param(
            {
                "candidate": {"uri": "s3://good", "trainedThrough": "2013-02-11T00:00:00Z", "trip": 1},
                "lastAttempt": {
                    "trip": 1,
                    "outcome": "Promoted",
                    "comparison": {"verdict": "Better", "metric": "f1"},
                    "endedAt": "2026-01-01T00:00:00Z",
                },
            },
            id="with another model's victory",
        ),
    ],
)
async def test_a_forged_rollout_moves_nothing_is_told_and_is_given_up(stage: Stage, claims: Raw) -> None:
    await stage.play("a monitor is applied")
    await add(stage, rollout=forged_rollout(stage), **copy.deepcopy(claims))

    await stage.process.settle()

    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "Unproven")
    assert EVIL in message
    stage.clock.forward(timedelta(minutes=11))
    await stage.process.settle()
    assert (await stage.condition("Stalled"))[0] == "False"
    assert await stage.cluster.live_uri() == JANUARY
    assert stage.rolled() == []


async def test_a_forged_candidate_has_to_win_its_comparison_like_any_other(stage: Stage) -> None:
    await stage.play("the first window fails")
    wanted = {
        "purpose": "Promote",
        "window": {"index": 2249, "start": "2013-02-11T00:00:00Z", "end": "2013-02-18T00:00:00Z"},
        "challengerUri": EVIL,
        "look": 50,
    }
    candidate = {"uri": EVIL, "trainedThrough": "2013-02-11T00:00:00Z", "trip": 1}
    await add(stage, candidate=candidate, comparison=wanted, dataThrough="2013-03-01T00:00:00Z")
    await stage.process.settle()
    (job,) = await stage.cluster.jobs("candidate")
    await stage.cluster.measured(job, compared(job, Comparison.NOT_BETTER, 2))
    await stage.process.settle()
    assert stage.rolled() == []
    assert (await stage.status())["lastAttempt"]["outcome"] == "NotBetter"


async def test_a_forged_measurement_is_measured_like_any_other(stage: Stage) -> None:
    await stage.play("a monitor is applied")
    forged = {
        "look": 900,
        "stage": "Quality",
        "window": WINDOW,
        "modelUri": JANUARY,
        "startedAt": "2026-01-01T00:00:00Z",
    }
    await add(stage, measurement=forged, looks=900)
    await stage.process.settle()
    (job,) = await stage.cluster.jobs()
    await stage.cluster.measured(job, judged(job, Verdict.PASS, 1))
    await stage.process.settle()
    assert (await stage.status())["lastEvaluation"]["verdict"] == "Pass"
    await goes_on(stage)


async def test_forged_failures_cost_a_training_and_promote_nothing(stage: Stage) -> None:
    await stage.play("a monitor is applied")
    await add(stage, failingWindows=[WINDOW], dataThrough="2013-03-01T00:00:00Z", dataMovedAt="2026-01-01T00:00:00Z")
    await stage.process.settle()
    assert len(await stage.cluster.jobs("training")) == 1
    assert stage.rolled() == []
