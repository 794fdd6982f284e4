"""The rest of a cluster, played by the test on a real API server: the kubelet, people, and (servers.py) what serves.

There is no kubelet and no controller here, so Jobs get their status and Pods from these functions, as the real ones
write them.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from modelmonitor.api.result import EvaluationResult, encode
from modelmonitor.controller import labels
from modelmonitor.kube.api import HttpApi, Patch
from modelmonitor.kube.resources import EVENTS, JOBS, MONITORS, PODS
from tests.api.operator.servers import SeldonDeploymentServer, Server

Raw = dict[str, Any]
_NOW: Final = "2026-01-01T00:00:00Z"


class Cluster:
    """A namespace of the test."""

    def __init__(
        self, api: HttpApi, namespace: str, server: Callable[[HttpApi, str], Server] = SeldonDeploymentServer
    ) -> None:
        self.api = api
        self.namespace = namespace
        self.server = server(api, namespace)
        self._events = 0

    async def apply_monitor(self, spec: Raw, name: str = "flights") -> Raw:
        body = {"apiVersion": MONITORS.api_version, "kind": "ModelMonitor", "metadata": {"name": name}, "spec": spec}
        return await self.api.create(MONITORS.path(self.namespace), body)

    async def monitor(self, name: str = "flights") -> Raw:
        return await self.api.get(MONITORS.path(self.namespace, name))

    async def annotate(self, key: str, value: str, name: str = "flights") -> None:
        body = {"metadata": {"annotations": {key: value}}}
        await self.api.patch(MONITORS.path(self.namespace, name), body, Patch.MERGE)

    async def serve(self, uri: str) -> None:
        """This model is in service."""
        await self.server.start(uri)

    async def live_uri(self) -> str:
        return await self.server.uri()

    async def move(self, uri: str) -> None:
        """A person sets another model."""
        await self.server.move(uri)

    async def _replace_status(self, path: str, status: Raw) -> None:
        await self.api.patch(path + "/status", [{"op": "add", "path": "/status", "value": status}], Patch.JSON)

    async def jobs(self, role: str | None = None) -> list[Raw]:
        """Those of monitors; somebody else's have no role."""
        found = await self.api.get(JOBS.path(self.namespace), query={"labelSelector": labels.ROLE})
        return [one for one in found["items"] if role in (None, one["metadata"]["labels"][labels.ROLE])]

    async def unfinished_jobs(self) -> list[Raw]:
        return [one for one in await self.jobs() if not one.get("status", {}).get("conditions")]

    async def finish(self, job: Raw, output: str | None, *, failed: str | None = None, message: str = "") -> None:
        """The Job's Pod ends and says this; without an output there is no Pod any more."""
        name = job["metadata"]["name"]
        if output is not None:
            await self._pod(job, output, exit_code=3 if failed else 0)
        ending: list[Mapping[str, str]] = [{"type": "FailureTarget" if failed else "SuccessCriteriaMet"}]
        ending = [*ending, {"type": "Failed" if failed else "Complete"}]
        status: Raw = {
            "startTime": _NOW,
            "uncountedTerminatedPods": {},
            "conditions": [
                {
                    **one,
                    "status": "True",
                    "reason": failed or "CompletionsReached",
                    "message": message,
                    "lastTransitionTime": _NOW,
                    "lastProbeTime": _NOW,
                }
                for one in ending
            ],
            **({"failed": 1} if failed else {"succeeded": 1, "completionTime": _NOW}),
        }
        await self._replace_status(JOBS.path(self.namespace, name), status)

    async def _pod(self, job: Raw, output: str, *, exit_code: int) -> None:
        container = job["spec"]["template"]["spec"]["containers"][0]["name"]
        terminated = {"exitCode": exit_code, "reason": "Completed", "message": output}
        phase = "Failed" if exit_code else "Succeeded"
        await self.pod_says(
            job, {"phase": phase, "containerStatuses": [container_status(container, terminated=terminated)]}
        )

    async def pod_says(self, job: Raw, status: Raw) -> None:
        """The Job has a Pod, and this is its status."""
        name = f"{job['metadata']['name']}-abcde"
        template = job["spec"]["template"]
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "labels": {**template["metadata"]["labels"], labels.JOB_NAME: job["metadata"]["name"]},
            },
            "spec": {
                "restartPolicy": "Never",
                "containers": [{"name": template["spec"]["containers"][0]["name"], "image": "i"}],
                "automountServiceAccountToken": False,
            },
        }
        if name not in await self._names(PODS.path(self.namespace)):
            await self.api.create(PODS.path(self.namespace), body)
        await self._replace_status(PODS.path(self.namespace, name), status)

    async def event_about(self, job: Raw, reason: str, message: str) -> None:
        """A controller explains itself; the newest explanation is the last one made."""
        self._events += 1
        body = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{job['metadata']['name']}.{self._events}"},
            "involvedObject": {"kind": "Job", "namespace": self.namespace, "uid": job["metadata"]["uid"]},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": f"2026-01-01T00:00:{self._events:02}Z",
        }
        await self.api.create(EVENTS.path(self.namespace), body)

    async def measured(self, job: Raw, result: EvaluationResult) -> None:
        await self.finish(job, encode(result))

    async def trained(self, job: Raw, uri: str, through: datetime) -> None:
        made = {"modelUri": uri, "trainedThrough": through.astimezone(UTC).isoformat()}
        await self.finish(job, json.dumps(made))

    async def _names(self, path: str) -> set[str]:
        return {one["metadata"]["name"] for one in (await self.api.get(path))["items"]}


def container_status(name: str, **state: Raw) -> Raw:
    """A container's status, as `container_status("trainer", waiting={"reason": "ImagePullBackOff"})`."""
    return {"name": name, "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": state}


def job_input(job: Raw) -> Raw:
    """What an evaluation Job was asked."""
    annotations = job["spec"]["template"]["metadata"]["annotations"]
    document: Raw = json.loads(annotations["modelmonitor.dev/input"])
    return document


def environment(job: Raw) -> dict[str, str]:
    """What a training Job was told."""
    variables: Iterable[Mapping[str, str]] = job["spec"]["template"]["spec"]["containers"][0]["env"]
    return {one["name"]: one.get("value", "") for one in variables}
