"""The chart's rules, and a monitor whose account lacks rights: told with the verb, healed by a grant."""

import asyncio
from typing import Any, Final

import pytest

from e2e.cluster.controlplane import ControlPlane
from tests.api.operator.process import Call
from tests.api.operator.rights import grant
from tests.api.operator.servers import BatchServer, SeldonModelServer
from tests.api.operator.stage import Stage

JOBS: Final[list[dict[str, Any]]] = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create", "delete"]}]


async def test_each_right_that_is_missing_is_told_by_name_and_the_walk_goes_on_when_it_is_granted(
    bound_stage: Stage, seldon_kind: ControlPlane
) -> None:
    stage, account = bound_stage, f"system:serviceaccount:{bound_stage.namespace}:default"
    await stage.play("a monitor is applied")

    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "Forbidden")
    assert "The monitor's account may not create the evaluation Job" in message
    assert f'User "{account}" cannot create resource "jobs" in API group "batch"' in message
    assert await stage.cluster.jobs() == []

    grant(seldon_kind, stage.namespace, JOBS)
    await _healed(stage)
    await stage.play("the candidate is better")

    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "Forbidden")
    assert "The monitor's account may not patch the SeldonDeployment" in message
    assert 'cannot patch resource "seldondeployments"' in message
    assert await stage.cluster.live_uri() == "s3://models/flights/january"

    grant(seldon_kind, stage.namespace)
    await _healed(stage)
    assert await stage.cluster.live_uri() != "s3://models/flights/january"
    granted = len(stage.api.calls)
    await stage.play("the old model serves again")
    assert [entry["reason"] for entry in (await stage.status())["history"]][-1] == "RolledBack"
    assert all(call.succeeded for call in stage.api.calls[granted:]), "the chart's rules are enough"
    assert len(stage.created_jobs("training")) == 1


@pytest.mark.parametrize("bound_stage", [SeldonModelServer, BatchServer], indirect=True)
async def test_the_charts_rules_are_enough_for_whatever_serves(bound_stage: Stage, seldon_kind: ControlPlane) -> None:
    stage = bound_stage
    grant(seldon_kind, stage.namespace, JOBS)
    await stage.play("a monitor is applied")
    if not stage.cluster.server.rolls_at_once:
        await _healed(stage)
        await stage.play("the candidate is better")

    status, reason, message = await stage.condition("Stalled")
    assert (status, reason) == ("True", "Forbidden")
    kind = stage.cluster.server.resource.kind
    assert f"The monitor's account may not {'create' if kind == 'ConfigMap' else 'patch'} the {kind}: " in message

    grant(seldon_kind, stage.namespace)
    await _healed(stage)
    granted = len(stage.api.calls)
    await stage.play("the new model passes")
    assert [entry["reason"] for entry in (await stage.status())["history"]][-1] == "Verified"
    assert all(call.succeeded for call in stage.api.calls[granted:])
    assert all(call.as_user is not None for call in stage.api.calls if _touches_serving(stage, call))


def _touches_serving(stage: Stage, call: Call) -> bool:
    return call.writes and f"/{stage.cluster.server.resource.plural}" in call.path


async def _healed(stage: Stage) -> None:
    """New rules are known to the API server after a moment."""
    for _ in range(50):
        await stage.process.settle()
        if (await stage.condition("Stalled"))[0] == "False":
            return
        await asyncio.sleep(0.1)
    raise AssertionError(await stage.condition("Stalled"))
