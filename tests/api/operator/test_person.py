"""People at the serving object in the middle of a rollout: never fought, always told."""

from datetime import timedelta
from typing import Any, Final

import pytest

from modelmonitor.api.requests import PREFIX, Verb
from modelmonitor.api.result import Verdict
from modelmonitor.kube.api import Patch
from modelmonitor.kube.resources import MONITORS, SELDON_DEPLOYMENTS
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION
from tests.api.operator.stage import Stage
from tests.api.operator.walk import evaluations

Raw = dict[str, Any]
JANUARY: Final = "s3://models/flights/january"
THEIRS: Final = "s3://models/flights/by-hand"


async def settle_and_come_back_later(stage: Stage) -> None:
    """Long after every deadline and cooldown."""
    for _ in range(3):
        await stage.process.settle()
        stage.clock.forward(timedelta(minutes=30))
    await stage.process.settle()


async def test_moved_back_in_the_middle_of_a_rollout_it_rests_and_says_so_until_told_to_go_on(stage: Stage) -> None:
    await stage.play("the candidate is better")
    assert len(stage.rolled()) == 1
    await stage.cluster.move(JANUARY)
    await stage.cluster.server.roll(stage.clock.now)

    await settle_and_come_back_later(stage)

    assert await stage.cluster.live_uri() == JANUARY
    assert len(stage.rolled()) == 1, "not fought"
    status, reason, message = await stage.condition("Retraining")
    assert (status, reason) == ("False", "Reverted")
    assert "modelmonitor.dev/resume" in message
    assert (await stage.status())["phase"] == "Reverted"
    assert await stage.cluster.jobs("training") == []
    await stage.cluster.annotate(f"{PREFIX}{Verb.RESUME}", "1")
    await stage.process.settle()
    assert (await stage.condition("Retraining"))[1] != "Reverted"


async def test_moved_to_another_model_in_the_middle_of_a_rollout_that_one_is_the_champion(stage: Stage) -> None:
    await stage.play("the candidate is better")
    await stage.cluster.move(THEIRS)

    await settle_and_come_back_later(stage)

    assert await stage.cluster.live_uri() == THEIRS
    assert len(stage.rolled()) == 1
    status = await stage.status()
    assert status["servingModel"]["uri"] == THEIRS
    assert status["rollout"]["stage"] != "Progressing"
    assert "NewChampion" in [entry["reason"] for entry in status["history"]]


async def test_moved_in_the_middle_of_a_rollback_that_one_is_the_champion(stage: Stage) -> None:
    await stage.play("the roll fails")
    assert len(stage.rolled()) == 2
    await stage.cluster.move(THEIRS)

    await settle_and_come_back_later(stage)

    assert await stage.cluster.live_uri() == THEIRS
    assert len(stage.rolled()) == 2
    assert (await stage.status())["servingModel"]["uri"] == THEIRS


async def test_moved_between_the_decision_and_the_patch_the_patch_is_refused(stage: Stage) -> None:
    """The operator has not heard of it: only the tests inside its patch stand between it and the person's model."""
    await stage.play("the second window fails as well")
    moved = False

    async def a_moment_before(call: Any) -> None:
        nonlocal moved
        if call.verb == "patch" and "/seldondeployments/" in call.path and not moved:
            moved = True
            await stage.cluster.move(THEIRS)

    stage.api.turn = a_moment_before
    await stage.play("the candidate is better")

    assert moved
    assert stage.rolled() == []
    assert await stage.cluster.live_uri() == THEIRS
    assert (await stage.status())["servingModel"]["uri"] == THEIRS


async def test_another_field_is_edited_in_the_middle_and_stays_as_it_was_set(stage: Stage) -> None:
    await stage.play("the second window fails as well")
    scaled = [{"op": "replace", "path": "/spec/predictors/0/replicas", "value": 3}]
    path = SELDON_DEPLOYMENTS.path(stage.namespace, "flights")
    done = False

    async def a_moment_before(call: Any) -> None:
        nonlocal done
        if call.verb == "patch" and "/seldondeployments/" in call.path and not done:
            done = True
            await stage.cluster.api.patch(path, scaled, Patch.JSON)

    stage.api.turn = a_moment_before
    await stage.play("the candidate is better")

    live = await stage.cluster.server.live()
    assert live["spec"]["predictors"][0]["replicas"] == 3
    assert live["spec"]["predictors"][0]["graph"]["modelUri"].startswith("s3://models/flights/flights/1-")
    assert live["metadata"]["annotations"] == {ROLLOUT_ANNOTATION: "1"}


@pytest.mark.parametrize(
    "until", [pytest.param("the second window fails as well", marks=pytest.mark.faults), "the candidate is better"]
)
async def test_the_serving_object_is_deleted_and_made_again(stage: Stage, until: str) -> None:
    await stage.play(until)
    path = SELDON_DEPLOYMENTS.path(stage.namespace, "flights")
    await stage.cluster.api.delete(path)
    await stage.process.settle()
    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "ServingTargetNotFound")
    assert "Create it, or name another one" in message
    await stage.cluster.serve(THEIRS)
    await settle_and_come_back_later(stage)
    assert (await stage.condition("Stalled"))[0] == "False"
    assert (await stage.status())["servingModel"]["uri"] == THEIRS


async def test_a_monitor_that_turns_to_another_target_in_the_middle_ends_its_rollout_first(stage: Stage) -> None:
    await stage.play("the candidate is better")
    elsewhere = {"spec": {"model": {"serving": {"seldonDeployment": {"name": "other", "node": "classifier"}}}}}
    await stage.cluster.api.patch(MONITORS.path(stage.namespace, "flights"), elsewhere, Patch.MERGE)

    await stage.process.settle()
    assert (await stage.status())["rollout"]["stage"] == "Progressing"
    await stage.cluster.server.roll(stage.clock.now)
    await stage.process.settle()

    assert (await stage.status())["rollout"]["stage"] == "Verifying", "it may have to be rolled back there"
    stage.clock.forward(timedelta(hours=2))
    await stage.process.settle()
    await evaluations(Verdict.PASS, 3)(stage.cluster, stage.clock)
    await stage.process.settle()

    assert (await stage.status())["rollout"]["stage"] == "Kept"
    assert (await stage.condition("Stalled"))[1] == "ServingTargetNotFound", "now it looks at the other"
