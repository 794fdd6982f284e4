"""The golden Jobs before a real API server: every field is one, and pods of evaluations are restricted ones."""

import copy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from e2e.cluster.controlplane import ControlPlane
from modelmonitor.kube import events
from modelmonitor.kube.api import HttpApi
from modelmonitor.kube.errors import ForbiddenError, RefusedError
from modelmonitor.kube.resources import EVENTS, JOBS, PODS

Raw = dict[str, Any]
FOLDER: Final = Path(__file__).parents[2] / "data" / "jobs" / "pairs"
EVALUATIONS: Final = ("evaluation-with-defaults", "comparison-with-everything-set")


def golden(case: str, namespace: str) -> Raw:
    """A Job as the operator would make it, in a namespace of the test."""
    job: Raw = yaml.safe_load((FOLDER / f"{case}.job.yaml").read_text())
    job["metadata"]["namespace"] = namespace
    return job


@pytest.mark.parametrize("case", [*EVALUATIONS, "training-with-the-least-template"])
async def test_every_field_of_a_job_is_one_that_the_api_server_knows(
    connection: HttpApi, place: str, case: str
) -> None:
    made = await connection.create(JOBS.path(place), golden(case, place), dry_run=True)
    assert made["spec"]["template"]["spec"]["automountServiceAccountToken"] is False


async def test_a_field_of_the_users_template_that_it_does_not_know_is_refused_and_not_dropped(
    connection: HttpApi, place: str
) -> None:
    with pytest.raises(RefusedError, match=r'unknown field "spec\.template\.spec\.aFieldOfNextYear"'):
        await connection.create(JOBS.path(place), golden("training-keeps-the-template", place), dry_run=True)


@pytest.mark.parametrize("case", EVALUATIONS)
async def test_the_pod_of_an_evaluation_is_let_into_a_restricted_namespace(
    connection: HttpApi, seldon_kind: ControlPlane, place: str, case: str
) -> None:
    seldon_kind.kubectl("label", "namespace", place, "pod-security.kubernetes.io/enforce=restricted")
    seldon_kind.kubectl("create", "serviceaccount", "evaluator", "-n", place)
    template = golden(case, place)["spec"]["template"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "x", **template["metadata"]},
        "spec": template["spec"],
    }
    await connection.create(PODS.path(place), pod, dry_run=True)

    open_pod = copy.deepcopy(pod)
    open_pod["spec"]["containers"][0]["securityContext"]["capabilities"] = {}
    with pytest.raises(ForbiddenError, match="violates PodSecurity"):
        await connection.create(PODS.path(place), open_pod, dry_run=True)


@pytest.mark.parametrize("name", ["flights", "a" * 199 + "-b", "a" * 199 + ".b", "x" * 253], ids=len)
async def test_an_event_about_a_monitor_of_any_name_is_taken(connection: HttpApi, place: str, name: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    subject = events.Subject(place, name, "uid-1")
    for _ in range(2):  # told again after a restart
        await events.post(connection, subject, tone="Warning", reason="Tripped", message="x" * 5000, now=now)
    (found,) = (await connection.get(EVENTS.path(place)))["items"]
    assert found["involvedObject"]["name"] == name
    assert len(found["message"]) == 1000


async def test_of_all_that_is_said_about_some_objects_the_newest_warning_counts(
    connection: HttpApi, place: str
) -> None:
    def event(number: int, uid: str, tone: str, **when: Any) -> Raw:
        about = {"kind": "Pod", "namespace": place, "uid": uid}
        meta = {"name": f"event-{number}"}
        said = {"type": tone, "reason": f"Reason{number}", "message": "words"}
        return {"apiVersion": "v1", "kind": "Event", "metadata": meta, "involvedObject": about, **said, **when}

    for one in (
        event(1, "a", "Warning", lastTimestamp="2026-01-01T00:00:01Z"),
        event(2, "b", "Warning", lastTimestamp="2026-01-01T00:00:03Z"),
        event(3, "a", "Warning", lastTimestamp="2026-01-01T00:00:02Z"),
        event(4, "a", "Normal", lastTimestamp="2026-01-01T00:00:09Z"),
        event(5, "c", "Warning", lastTimestamp="2026-01-01T00:00:09Z"),
    ):
        await connection.create(EVENTS.path(place), one)
    assert await events.about(connection, place, ("a", "b")) == "Reason2: words"
    assert await events.about(connection, place, ("a",)) == "Reason3: words"
    assert await events.about(connection, place, ("d",)) is None
