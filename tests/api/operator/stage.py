"""A monitor in the middle of its walk: an operator, the world around it, and what the status says."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelmonitor.controller import labels
from modelmonitor.kube.api import HttpApi
from tests.api.operator.cluster import Cluster
from tests.api.operator.process import Call, Clock, Process, WatchedApi
from tests.api.operator.servers import SeldonDeploymentServer, Server
from tests.api.operator.walk import BEGIN, steps

Raw = dict[str, Any]


class Stage:
    """An operator and the world around it.

    `acts_as`: the operator's own connection, for tests of its rights; else it is the admin's, and nobody is
    impersonated. `reports`: where the monitor's Jobs keep the record of decisions.
    """

    def __init__(
        self,
        api: HttpApi,
        namespace: str,
        *,
        acts_as: HttpApi | None = None,
        server: Callable[[HttpApi, str], Server] = SeldonDeploymentServer,
        reports: Path | None = None,
    ) -> None:
        self.namespace = namespace
        self.cluster = Cluster(api, namespace, server)
        self.clock = Clock(BEGIN)
        self.api = WatchedApi(acts_as or api, impersonates=acts_as is not None)
        self.process = self.new_process()
        self._steps = steps(reports, rolls_at_once=self.cluster.server.rolls_at_once)

    def new_process(self) -> Process:
        """Another operator, which has heard of nothing yet; its calls are noted with those of the first."""
        return Process(self.api, self.namespace, self.clock)

    async def play(self, until: str) -> None:
        """Let the walk go on up to this step, and the operator settle after each."""
        for step in self._steps:
            await step.happen(self.cluster, self.clock)
            await self.process.settle()
            if step.sentence == until:
                return
        raise AssertionError(f"no step {until!r} is left of the walk")

    async def status(self) -> Raw:
        """What the API server has."""
        status: Raw = (await self.cluster.monitor())["status"]
        return status

    async def condition(self, name: str) -> tuple[str, str, str]:
        """Status, reason and message of a condition."""
        (found,) = [one for one in (await self.status())["conditions"] if one["type"] == name]
        return found["status"], found["reason"], found["message"]

    def created_jobs(self, role: str) -> list[Call]:
        """The Jobs of that role that were ever made."""
        asked = [call for call in self.api.calls if call.verb == "create" and call.path.endswith("/jobs")]
        return [call for call in asked if call.succeeded and call.body["metadata"]["labels"][labels.ROLE] == role]

    def rolled(self) -> list[str]:
        """The models that the serving object was patched to."""
        plural = self.cluster.server.resource.plural
        patches = [call for call in self.api.calls if call.verb == "patch" and f"/{plural}/" in call.path]
        return [
            change["value"]
            for patch in patches
            for change in patch.body
            if patch.succeeded and change["op"] == "replace"
        ]
