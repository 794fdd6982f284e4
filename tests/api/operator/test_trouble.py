"""Trouble that is not the model's: told with a reason and what to do, never a Fail, and over when its cause is."""

import copy
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from e2e.cluster.controlplane import ControlPlane
from modelmonitor.api.measuring import Measurement
from modelmonitor.api.result import Verdict
from modelmonitor.domain import names
from modelmonitor.kube.api import Patch
from modelmonitor.kube.errors import TransientError
from modelmonitor.kube.resources import EVALUATIONS, JOBS, MONITORS
from tests.api.operator.cluster import container_status
from tests.api.operator.process import Call, at_once
from tests.api.operator.stage import Stage
from tests.api.operator.walk import SPEC, judged

Raw = dict[str, Any]
MINUTE = timedelta(minutes=1)


async def running(stage: Stage) -> Raw:
    """A monitor is there and its first evaluation runs: its Job."""
    await stage.play("a monitor is applied")
    (job,) = await stage.cluster.unfinished_jobs()
    return job


async def goes_well(stage: Stage) -> None:
    """The evaluation that is wanted now is made, ends well, and nothing is left of the trouble."""
    (job,) = await stage.cluster.unfinished_jobs()
    await stage.cluster.measured(job, judged(job, Verdict.PASS, 1))
    await stage.process.settle()
    assert (await stage.condition("Ready"))[:2] == ("True", "Watching")
    assert (await stage.condition("Stalled"))[0] == "False"
    assert "trouble" not in (await stage.status())["frontiers"][0]


async def blames_nobody(stage: Stage) -> None:
    """No window has failed, nothing is trained."""
    status = await stage.status()
    assert "lastEvaluation" not in status
    assert not status.get("failingWindows")
    assert not status.get("trips")
    assert await stage.cluster.jobs("training") == []


@pytest.mark.parametrize("kind", ["Job", "ModelEvaluation"])
async def test_a_name_that_somebody_else_took_is_left_alone_told_and_used_when_it_is_free(
    stage: Stage, kind: str
) -> None:
    await stage.cluster.serve("s3://models/flights/january")
    uid = (await stage.cluster.apply_monitor(SPEC))["metadata"]["uid"]
    await stage.process.sync()
    await stage.process.attempt()
    wanted = Measurement.model_validate((await stage.status())["measurement"])
    name = names.child("flights", "e", names.evaluation(uid, wanted))
    path, theirs = _somebodys(kind, stage.namespace, name)
    await stage.cluster.api.create(path, theirs)
    before = await stage.cluster.api.get(f"{path}/{name}")

    await stage.process.settle()

    message = f"Refused to create the evaluation Job: {kind} {name} exists and is not this monitor's: delete it."
    assert await stage.condition("Stalled") == ("True", "NameTaken", message)
    assert await stage.cluster.api.get(f"{path}/{name}") == before
    await stage.cluster.api.delete(f"{path}/{name}")
    await stage.process.settle()
    await goes_well(stage)


def _somebodys(kind: str, namespace: str, name: str) -> tuple[str, Raw]:
    """The collection's path, and an object of that name that looks as much like ours as it can."""
    meta = {"name": name, "labels": {"modelmonitor.dev/monitor": "flights", "modelmonitor.dev/role": "champion"}}
    if kind == "Job":
        pod = {"restartPolicy": "Never", "containers": [{"name": "theirs", "image": "i"}]}
        job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {"spec": pod}}}
        return JOBS.path(namespace), job
    window = {"index": 1, "start": "2013-02-04T00:00:00Z", "end": "2013-02-11T00:00:00Z"}
    what = {"role": "Champion", "stage": "Quality", "window": window, "look": 1, "modelUri": "s3://x"}
    spec = {"monitorRef": {"name": "flights"}, **what}
    record = {"apiVersion": EVALUATIONS.api_version, "kind": EVALUATIONS.kind, "metadata": meta, "spec": spec}
    return EVALUATIONS.path(namespace), record


FAILED_JOB = {"failed": "BackoffLimitExceeded", "message": "Job has reached the specified backoff limit"}


@pytest.mark.parametrize(
    ("pod", "job", "reason", "words"),
    [
        pytest.param(
            {"containerStatuses": [container_status("evaluator", terminated={"exitCode": 137, "reason": "OOMKilled"})]},
            FAILED_JOB, "OutOfMemory", "raise spec.jobs.resources.limits.memory", id="it ran out of memory",
        ),
        pytest.param(
            {"reason": "Evicted", "message": "The node was low on resource: memory."},
            FAILED_JOB, "Evicted", "The node was low on resource: memory.", id="it was evicted",
        ),
        pytest.param(
            {}, {"failed": "DeadlineExceeded", "message": "Job was active longer than specified deadline"},
            "DeadlineExceeded", "raise spec.jobs.deadline", id="it took too long", marks=pytest.mark.faults,
        ),
        pytest.param(None, FAILED_JOB, "Interrupted", "lost its Pod", id="its pod was taken away"),
    ],
)  # fmt: skip
async def test_an_evaluation_that_was_ended_is_an_error_and_tried_again_later(
    stage: Stage, pod: Raw | None, job: dict[str, str], reason: str, words: str
) -> None:
    first = await running(stage)
    if pod is not None:
        await stage.cluster.pod_says(first, {"phase": "Failed", **pod})
    await stage.cluster.finish(first, None, **job)

    await stage.process.settle()

    status, said, message = await stage.condition("Ready")
    assert (status, said) == ("False", reason)
    assert words in message
    assert (await stage.status())["frontiers"][0]["trouble"]["count"] == 1
    await blames_nobody(stage)
    assert await stage.cluster.unfinished_jobs() == [], "not at once"
    stage.clock.forward(2 * MINUTE)
    await stage.process.settle()
    await goes_well(stage)


async def test_a_pod_that_cannot_start_says_why_and_the_same_job_goes_on_when_it_can(stage: Stage) -> None:
    job = await running(stage)
    waiting = {"reason": "CreateContainerConfigError", "message": 'secret "lake" not found'}
    await stage.cluster.pod_says(
        job, {"phase": "Pending", "containerStatuses": [container_status("evaluator", waiting=waiting)]}
    )

    await stage.process.settle()

    status, reason, message = await stage.condition("Ready")
    assert (status, reason) == ("False", "CreateContainerConfigError")
    assert 'secret "lake" not found' in message
    await blames_nobody(stage)
    await stage.cluster.pod_says(
        job, {"phase": "Running", "containerStatuses": [container_status("evaluator", running={})]}
    )
    await stage.process.settle()
    assert (await stage.condition("Ready"))[1] != "CreateContainerConfigError"
    await goes_well(stage)
    assert len(stage.created_jobs("champion")) == 1


async def test_a_job_that_says_nothing_is_explained_by_its_newest_event_after_a_while(stage: Stage) -> None:
    job = await running(stage)
    quota = (
        'Error creating: pods "x" is forbidden: exceeded quota: few, requested: pods=1, used: pods=2, limited: pods=2'
    )
    await stage.cluster.event_about(job, "FailedCreate", quota)
    await stage.process.settle()
    assert (await stage.condition("Ready"))[1] == "NotYetLooked", "it may be a moment's"

    # A Job's age is by the API server's clock.
    stage.clock.now = datetime.now(UTC) + MINUTE
    await stage.process.sync()
    await stage.process.attempt()
    assert len(stage.process.queue) == 1, "what was learned is told at once"
    await stage.process.settle()

    status, reason, message = await stage.condition("Ready")
    assert (status, reason) == ("False", "QuotaExceeded")
    assert "exceeded quota: few" in message
    await blames_nobody(stage)

    # There is room now, and the next thing is missing.
    await stage.cluster.event_about(
        job, "FailedMount", 'MountVolume.SetUp failed for volume "v" : secret "s" not found'
    )
    stage.clock.forward(6 * MINUTE)
    await stage.process.settle()
    assert (await stage.condition("Ready"))[1] == "FailedMount"
    await goes_well(stage)


async def test_a_job_that_the_quota_refuses_is_created_when_there_is_room(
    stage: Stage, seldon_kind: ControlPlane
) -> None:
    seldon_kind.kubectl("create", "quota", "few", "--hard=count/jobs.batch=0", "-n", stage.namespace)
    _quota_is_known(seldon_kind, stage.namespace)
    await stage.play("a monitor is applied")

    status, reason, message = await stage.condition("Ready")
    assert (status, reason) == ("False", "QuotaExceeded")
    assert "it is tried again" in message
    assert (await stage.condition("Stalled"))[0] == "False", "time may heal it"
    await blames_nobody(stage)
    seldon_kind.kubectl("delete", "quota", "few", "-n", stage.namespace)
    await stage.process.settle()
    await goes_well(stage)


async def test_a_failure_that_is_worded_anew_each_time_is_told_once_and_waits_its_turn(stage: Stage) -> None:
    await stage.play("the second window fails as well")
    ports = count(40000)

    async def broken(call: Call) -> None:
        if call.verb == "patch" and "/seldondeployments/" in call.path:
            raise TransientError(f"failed calling webhook: read tcp 10.0.0.7:{next(ports)}->10.96.0.9:443: reset")

    stage.api.turn = broken
    await stage.play("the candidate is better")
    version = (await stage.cluster.monitor())["metadata"]["resourceVersion"]
    for _ in range(5):
        assert not await stage.process.attempt()
        assert len(stage.process.queue) == 0, "it comes back after a pause, and not at once"
    assert (await stage.cluster.monitor())["metadata"]["resourceVersion"] == version
    status, reason, message = await stage.condition("Ready")
    assert (status, reason) == ("False", "ApiServerUnavailable")
    assert message.startswith("Could not patch the SeldonDeployment, it is tried again: failed calling webhook")
    assert next(ports) > 40005
    stage.api.turn = at_once
    await stage.process.settle()
    assert len(stage.rolled()) == 1
    assert (await stage.condition("Ready"))[0] == "True"


def _quota_is_known(plane: ControlPlane, namespace: str) -> None:
    """What the quota controller does in a whole cluster: say what is used. Before that nothing is admitted."""
    status = '{"status":{"hard":{"count/jobs.batch":"0"},"used":{"count/jobs.batch":"0"}}}'
    plane.kubectl("patch", "quota", "few", "-n", namespace, "--subresource=status", "--type=merge", f"--patch={status}")


async def test_a_spec_that_this_version_cannot_read_is_told_and_holds_up_nobody_else(stage: Stage) -> None:
    await running(stage)
    live = await stage.cluster.monitor()
    stage.process.cache.monitors.apply({**live, "spec": {"from": "the next version"}})

    assert not await stage.process.attempt(), "it is tried again"

    status, reason, message = await stage.condition("Ready")
    assert (status, reason) == ("False", "InternalError")
    assert message.startswith("The operator cannot handle this monitor: ValidationError")
    again = len(stage.api.calls)
    stage.process.cache.monitors.apply({**await stage.cluster.monitor(), "spec": {"from": "the next version"}})
    assert not await stage.process.attempt()
    assert not any(call.writes for call in stage.api.calls[again:]), "told once"
    await stage.process.settle()
    await goes_well(stage)


async def test_a_jobtemplate_that_the_api_server_refuses_is_told_and_used_when_corrected(stage: Stage) -> None:
    container = {"name": "trainer", "image": "trainer:1", "comand": ["python"]}
    spec = copy.deepcopy(SPEC)
    spec["retrain"]["jobTemplate"]["spec"]["template"]["spec"]["containers"] = [container]
    await stage.cluster.serve("s3://models/flights/january")
    await stage.cluster.apply_monitor(spec)
    await stage.process.settle()
    (job,) = await stage.cluster.unfinished_jobs()
    await stage.cluster.measured(job, judged(job, Verdict.FAIL, 1))

    await stage.process.settle()

    status, _, message = await stage.condition("Stalled")
    assert status == "True"
    assert 'unknown field "spec.template.spec.containers[0].comand"' in message
    assert message.endswith("Correct spec.retrain.jobTemplate.")
    correct = [{"op": "remove", "path": "/spec/retrain/jobTemplate/spec/template/spec/containers/0/comand"}]
    await stage.cluster.api.patch(MONITORS.path(stage.namespace, "flights"), correct, Patch.JSON)
    await stage.process.settle()
    assert (await stage.condition("Stalled"))[0] == "False"
    assert len(await stage.cluster.jobs("training")) == 1


async def test_a_monitor_that_is_deleted_in_the_middle_is_left_alone(stage: Stage) -> None:
    await stage.play("the candidate is better")
    await stage.cluster.api.delete(MONITORS.path(stage.namespace, "flights"))
    before = len(stage.api.calls)

    assert await stage.process.attempt(), "not heard yet"
    await stage.process.settle()

    assert not any(call.writes and call.succeeded for call in stage.api.calls[before:])
    assert list(stage.process.cache.monitors) == []


async def test_a_monitor_that_is_made_again_under_its_name_begins_anew(stage: Stage) -> None:
    await stage.play("the candidate is better")
    moved = await stage.cluster.live_uri()
    rolled = stage.rolled()
    await stage.cluster.api.delete(MONITORS.path(stage.namespace, "flights"))
    await stage.cluster.apply_monitor(SPEC)

    await stage.process.settle()

    status = await stage.status()
    assert status["servingModel"]["uri"] == moved
    assert status.get("trips", 0) == 0
    assert "rollout" not in status
    assert stage.rolled() == rolled


async def test_a_monitor_that_waits_for_its_finalizer_is_left_alone(stage: Stage) -> None:
    await stage.play("the first window fails")
    path = MONITORS.path(stage.namespace, "flights")
    await stage.cluster.api.patch(path, {"metadata": {"finalizers": ["example.com/held"]}}, Patch.MERGE)
    await stage.cluster.api.delete(path)
    before = len(stage.api.calls)
    await stage.process.settle()
    assert not any(call.writes for call in stage.api.calls[before:])
