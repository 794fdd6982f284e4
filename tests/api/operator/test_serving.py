"""What else serves than a SeldonDeployment, and mode Observe: what is written, and what people do to it."""

from typing import Any, Final

import pytest

from modelmonitor.kube.api import Patch
from modelmonitor.kube.resources import CONFIG_MAPS, MONITORS
from modelmonitor.serving.batch import LABEL
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION
from modelmonitor.serving.seldon_model import GRACE
from tests.api.operator.process import Call
from tests.api.operator.servers import BatchServer, SeldonDeploymentServer, SeldonModelServer
from tests.api.operator.stage import Stage
from tests.api.operator.walk import SPEC, digest_of

Raw = dict[str, Any]
JANUARY: Final = "s3://models/flights/january"
THEIRS: Final = "s3://models/flights/by-hand"
OTHERS: Final = [SeldonModelServer, BatchServer]
EVERY: Final = [SeldonDeploymentServer, *OTHERS]
in_batch = pytest.mark.parametrize("stage", [BatchServer], indirect=True)
by_seldon_2 = pytest.mark.parametrize("stage", [SeldonModelServer], indirect=True)


async def reasons(stage: Stage) -> list[str]:
    return [entry["reason"] for entry in (await stage.status())["history"]]


async def promoted(stage: Stage) -> str:
    """The walk up to where its second candidate serves; that one's URI."""
    await stage.play("the roll works")
    assert (await reasons(stage))[-1] == "Promoted"
    return await stage.cluster.live_uri()


@pytest.mark.parametrize("stage", OTHERS, indirect=True)
async def test_a_persons_model_is_a_new_champion(stage: Stage) -> None:
    await promoted(stage)
    await stage.cluster.move(THEIRS)
    await stage.process.settle()
    assert (await stage.status())["servingModel"]["uri"] == THEIRS == await stage.cluster.live_uri()
    assert (await reasons(stage))[-1] == "NewChampion"


@pytest.mark.parametrize("stage", OTHERS, indirect=True)
async def test_what_a_person_takes_back_is_left_alone(stage: Stage) -> None:
    await promoted(stage)
    before = (await stage.status())["rollout"]["fromUri"]
    await stage.cluster.move(before)
    await stage.cluster.server.roll(stage.clock.now)
    patches = len(stage.rolled())
    for _ in range(3):
        await stage.process.settle()
    assert (await reasons(stage))[-1] == "Reverted"
    assert await stage.cluster.live_uri() == before
    assert len(stage.rolled()) == patches


# --- batch ---------------------------------------------------------------------------------------------------------
@in_batch
async def test_the_config_map_is_made_from_the_spec_and_belongs_to_nobody(stage: Stage) -> None:
    await stage.play("a monitor is applied")
    made = await stage.cluster.server.live()
    assert made["data"] == {"modelUri": JANUARY, "version": "0", "digest": ""}
    assert made["metadata"]["labels"] == {LABEL: "batch"}
    assert "ownerReferences" not in made["metadata"], "with the monitor it would go"
    assert (await stage.status())["servingModel"]["uri"] == JANUARY
    assert await stage.condition("Stalled") == ("False", "NotStalled", "")


@in_batch
async def test_each_rollout_writes_all_three_keys(stage: Stage) -> None:
    await stage.play("the candidate is better")
    made = await stage.cluster.server.live()
    uri = made["data"]["modelUri"]
    assert made["data"] == {"modelUri": uri, "version": "1", "digest": digest_of(uri)}
    assert made["metadata"]["annotations"] == {ROLLOUT_ANNOTATION: "1"}
    assert uri.startswith("s3://models/flights/flights/1-")

    await stage.play("the old model is better and serves again")
    known = (await stage.status())["rollout"]["championDigest"]
    back = (await stage.cluster.server.live())["data"]
    assert back == {"modelUri": JANUARY, "version": "2", "digest": known}
    assert known.startswith("sha256:")


@in_batch
async def test_a_config_map_that_somebody_deletes_is_made_again_with_the_model_that_served(stage: Stage) -> None:
    uri = await promoted(stage)
    before = await stage.cluster.server.live()
    await stage.cluster.api.delete(CONFIG_MAPS.path(stage.namespace, "flights-nightly"))
    await stage.process.settle()
    after = await stage.cluster.server.live()
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert after["data"] == before["data"]
    assert after["data"]["modelUri"] == uri == (await stage.status())["servingModel"]["uri"]
    assert (await reasons(stage))[-1] == "Promoted", "nothing has happened to the model"


@in_batch
async def test_a_namesake_that_is_not_for_this_is_told_and_not_touched(stage: Stage) -> None:
    theirs = {"metadata": {"name": "flights-nightly"}, "data": {"modelUri": THEIRS}}
    await stage.cluster.api.create(CONFIG_MAPS.path(stage.namespace), theirs)
    await stage.play("a monitor is applied")
    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "NameTaken")
    assert f"ConfigMap flights-nightly exists and has no label {LABEL}=batch: add it" in message
    assert "labels" not in (await stage.cluster.server.live())["metadata"]

    path = CONFIG_MAPS.path(stage.namespace, "flights-nightly")
    await stage.cluster.api.patch(path, {"metadata": {"labels": {LABEL: "batch"}}}, Patch.MERGE)
    await stage.process.settle()
    assert (await stage.condition("Stalled"))[0] == "False"
    assert (await stage.status())["servingModel"]["uri"] == THEIRS, "what is there says which model it is"


@in_batch
async def test_a_monitor_that_is_made_again_takes_what_is_written_there(stage: Stage) -> None:
    uri = await promoted(stage)
    await stage.cluster.api.delete(MONITORS.path(stage.namespace, "flights"))
    await stage.process.settle()
    assert await stage.cluster.live_uri() == uri
    await stage.cluster.apply_monitor({**SPEC, "model": {"serving": stage.cluster.server.serving}})
    await stage.process.settle()
    assert (await stage.status())["servingModel"]["uri"] == uri
    assert await stage.cluster.live_uri() == uri


@in_batch
async def test_what_anybody_writes_between_decision_and_patch_makes_the_patch_fail_and_be_made_anew(
    stage: Stage,
) -> None:
    """It has no generation: its resourceVersion is tested."""
    path = CONFIG_MAPS.path(stage.namespace, "flights-nightly")
    patches: list[Call] = []

    async def meanwhile(call: Call) -> None:
        if call.verb == "patch" and call.path == path:
            patches.append(call)
            if len(patches) == 1:
                await stage.cluster.api.patch(path, {"data": {"theirs": "1"}}, Patch.MERGE)

    stage.api.turn = meanwhile
    await stage.play("the candidate is better")
    assert [call.succeeded for call in patches] == [False, True]
    assert (await stage.cluster.server.live())["data"]["theirs"] == "1"
    assert (await reasons(stage))[-1] == "Promoted"


# --- Seldon Core 2 -------------------------------------------------------------------------------------------------
@by_seldon_2
async def test_a_status_that_has_not_changed_since_the_patch_proves_nothing(stage: Stage) -> None:
    """It says ready, of the old model; its operator may be down."""
    await stage.play("the candidate is better")
    assert (await stage.status())["phase"] == "RollingOut"
    await stage.process.settle()
    assert (await stage.status())["phase"] == "RollingOut"
    # The rollout's deadline: no proof has come.
    stage.clock.forward(10 * GRACE)
    await stage.process.settle()
    assert await stage.cluster.live_uri() == JANUARY
    assert "still speaks of the model before" in (await stage.status())["lastAttempt"]["message"]


@by_seldon_2
async def test_the_patch_leaves_all_else_as_it_is(stage: Stage) -> None:
    await stage.play("a monitor is applied")
    before = await stage.cluster.server.live()
    await stage.play("the candidate is better")
    after = await stage.cluster.server.live()
    assert after["spec"] == {**before["spec"], "storageUri": await stage.cluster.live_uri()}
    assert after["spec"]["storageUri"] != before["spec"]["storageUri"]
    assert after["metadata"]["annotations"] == {ROLLOUT_ANNOTATION: "1"}
    assert after["metadata"]["generation"] == before["metadata"]["generation"] + 1


# --- mode Observe --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stage", EVERY, indirect=True)
async def test_in_mode_observe_a_better_candidate_is_told_and_nothing_is_written(stage: Stage) -> None:
    if isinstance(stage.cluster.server, BatchServer):
        meta = {"name": "flights-nightly", "labels": {LABEL: "batch"}}
        await stage.cluster.api.create(
            CONFIG_MAPS.path(stage.namespace), {"metadata": meta, "data": {"modelUri": JANUARY}}
        )
    await stage.play("a monitor is applied")
    await observe(stage)
    before = await stage.cluster.server.live()
    await stage.play("the candidate is better")

    status, reason, message = await stage.condition("Promoted")
    assert (status, reason) == ("False", "Observe")
    candidate = message.split()[0]
    assert candidate.startswith("s3://models/flights/flights/1-")
    assert "is better and is not rolled out, since rollout.mode is Observe: set " in message
    assert await stage.cluster.server.live() == before
    assert stage.rolled() == []
    assert "rollout" not in await stage.status()

    await stage.cluster.move(candidate)
    await stage.process.settle()
    assert (await reasons(stage))[-1] == "NewChampion"


@in_batch
async def test_in_mode_observe_a_config_map_that_is_missing_is_for_somebody_else_to_make(stage: Stage) -> None:
    spec = {**SPEC, "model": {"serving": stage.cluster.server.serving}, "rollout": {"mode": "Observe"}}
    await stage.cluster.apply_monitor(spec)
    await stage.process.settle()
    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "ServingTargetNotFound")
    assert "there is no ConfigMap flights-nightly" in message
    assert not [call for call in stage.api.calls if call.writes and "/configmaps" in call.path]


async def observe(stage: Stage) -> None:
    """Somebody chooses mode Observe."""
    await stage.cluster.api.patch(
        MONITORS.path(stage.namespace, "flights"), {"spec": {"rollout": {"mode": "Observe"}}}, Patch.MERGE
    )
    await stage.process.settle()
