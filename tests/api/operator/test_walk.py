"""The whole loop against a real API server, and killed at every write of it."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.controlplane import ControlPlane
from modelmonitor.api.record import DecisionRecord
from modelmonitor.controller import labels
from modelmonitor.kube.api import HttpApi
from tests.api.operator.cluster import Cluster
from tests.api.operator.conftest import new_namespace
from tests.api.operator.process import Call, Clock, KilledError, Process, WatchedApi
from tests.api.operator.servers import BatchServer, SeldonDeploymentServer, SeldonModelServer, Server
from tests.api.operator.walk import BEGIN, steps

Raw = dict[str, Any]
_numbers = count(1)


class Life:
    """The operator and the world around it; when it is killed it is started again at once."""

    def __init__(self, api: HttpApi, namespace: str, reports: Path, server: Callable[[HttpApi, str], Server]) -> None:
        self.reports = reports / namespace
        self.api = WatchedApi(api)
        self.clock = Clock(BEGIN)
        self.cluster = Cluster(api, namespace, server)
        self.namespace = namespace
        self.kills = 0

    async def walk(self) -> None:
        for step in steps(self.reports, rolls_at_once=self.cluster.server.rolls_at_once):
            await step.happen(self.cluster, self.clock)
            await self.settle()

    async def settle(self) -> None:
        while True:
            try:
                await Process(self.api, self.namespace, self.clock).settle()
            except KilledError:
                self.kills += 1
            else:
                return

    async def outcome(self) -> "Outcome":
        text = json.dumps((await self.cluster.monitor())["status"], sort_keys=True)
        # What differs between two lives of the same story follows from the uid: names, and the jitter of looks.
        text = re.sub(r"(2026-01-01T..:)[0-9:.]+Z", r"\1Z", text)
        text = re.sub(r'"flights-[ect]-[0-9a-f]{10}"', '"JOB"', text)
        created = [call for call in self.api.calls if call.verb == "create" and call.path.endswith("/jobs")]
        jobs = {call.body["metadata"]["name"]: call.body["metadata"]["labels"][labels.ROLE] for call in created}
        writes = sum(call.writes for call in self.api.calls)
        return Outcome(json.loads(text), Counter(jobs.values()), self._record(), writes, len(self.api.calls))

    def _record(self) -> list[str]:
        """The decisions that are kept beside the reports, in their order."""
        paths = sorted(self.reports.glob(f"{self.namespace}/flights/decisions/*.json"))
        kept = (DecisionRecord.model_validate_json(path.read_bytes()).decision for path in paths)
        return [f"{one.id} {one.reason}: {one.message}" for one in sorted(kept, key=lambda one: (one.time, one.id))]


@dataclass(frozen=True)
class Outcome:
    """The final status, how many Jobs of each role were ever made, the record, and what it took."""

    status: Raw
    jobs: Counter[str]
    record: list[str]
    writes: int = field(compare=False)
    calls: int = field(compare=False)


@pytest.fixture(scope="module", params=[SeldonDeploymentServer, SeldonModelServer, BatchServer])
def server(request: pytest.FixtureRequest) -> Callable[[HttpApi, str], Server]:
    """What serves the model."""
    found: Callable[[HttpApi, str], Server] = request.param
    return found


@pytest.fixture(scope="module")
def undisturbed(
    seldon_kind: ControlPlane,
    server: Callable[[HttpApi, str], Server],
    tmp_path_factory: pytest.TempPathFactory,
) -> Outcome:
    """How the walk ends when nobody disturbs it."""

    async def walk() -> Outcome:
        api = await HttpApi.from_environment(str(seldon_kind.kubeconfig))
        namespace = new_namespace(seldon_kind, f"undisturbed-{next(_numbers)}")
        life = Life(api, namespace, tmp_path_factory.mktemp("reports"), server)
        await life.walk()
        outcome = await life.outcome()
        await api.close()
        return outcome

    return asyncio.run(walk())


def decisions(server: Callable[[HttpApi, str], Server]) -> list[str]:
    """The reasons of the walk's decisions; where what is written is in service at once, no roll fails."""
    if server is BatchServer:
        failed = ["Promoted", "Fail", "VerificationFailed", "RollingBack", "RolledBack"]
    else:
        failed = ["RollingBack", "RolledBack"]
    return [
        "FirstSeen", "Fail", "Tripped", "Trained", "Fail", "RollingOut", *failed,
        "Fail", "Tripped", "Trained", "Fail", "RollingOut", "Promoted", "Pass", "Verified",
    ]  # fmt: skip


def test_the_walk_ends_with_the_second_candidate_in_service_and_healthy(
    server: Callable[[HttpApi, str], Server], undisturbed: Outcome
) -> None:
    status = undisturbed.status
    if server is BatchServer:
        jobs = Counter({"champion": 6, "candidate": 3, "training": 2})
    else:
        jobs = Counter({"champion": 5, "candidate": 2, "training": 2})
    assert [entry["reason"] for entry in status["history"]] == decisions(server)
    assert status["servingModel"]["uri"].startswith("s3://models/flights/flights/2-")
    assert status["phase"] == "Watching"
    assert undisturbed.jobs == jobs


def test_every_decision_is_in_the_record_but_those_that_wait_for_the_next_evaluation(
    server: Callable[[HttpApi, str], Server], undisturbed: Outcome
) -> None:
    status, made = undisturbed.status, decisions(server)
    assert [line.partition(":")[0] for line in undisturbed.record] == [
        f"{number} {reason}" for number, reason in enumerate(made[:-2], start=1)
    ]
    assert (status["decisions"], status["recordedThrough"]) == (len(made), len(made) - 2)
    waiting = [entry["reason"] for entry in status["history"] if entry["id"] > status["recordedThrough"]]
    assert waiting == ["Pass", "Verified"]


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_around_every_write_it_ends_in_the_same_state_with_no_second_job(
    connection: HttpApi,
    seldon_kind: ControlPlane,
    server: Callable[[HttpApi, str], Server],
    undisturbed: Outcome,
    tmp_path: Path,
    moment: str,
) -> None:
    """One walk in which the process dies at every write, each write once.

    After it is the nastiest moment: the API server has taken the write, the operator has not heard of it. A life ends
    with the first write that no life before it has made, so the next one finds the world as that write left it.
    """
    life = Life(connection, new_namespace(seldon_kind, f"killed-{next(_numbers)}"), tmp_path, server)
    fatal: set[str] = set()

    def new(_number: int, call: Call) -> bool:
        write = json.dumps([call.verb, call.path, call.body], sort_keys=True)
        if not call.writes or write in fatal:
            return False
        fatal.add(write)
        return True

    if moment == "before":
        life.api.die_before = new
    else:
        life.api.die_after = new
    await life.walk()
    # Who starts after the ConfigMap was made finds it at once, and writes no status without it.
    assert life.kills >= undisturbed.writes - (server is BatchServer)
    assert await life.outcome() == undisturbed


@pytest.mark.faults
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_killed_once_around_any_call_it_ends_in_the_same_state_with_no_second_job(
    connection: HttpApi,
    seldon_kind: ControlPlane,
    server: Callable[[HttpApi, str], Server],
    undisturbed: Outcome,
    tmp_path: Path,
    moment: str,
) -> None:
    """A whole walk for each call, reads included."""
    for number in range(undisturbed.calls):
        life = Life(connection, new_namespace(seldon_kind, f"killed-{next(_numbers)}"), tmp_path, server)
        there = lambda index, _call, number=number: index == number  # noqa: E731
        if moment == "before":
            life.api.die_before = there
        else:
            life.api.die_after = there
        await life.walk()
        print(f"killed {moment} call {number + 1} of {undisturbed.calls}", flush=True)
        assert life.kills == 1
        assert await life.outcome() == undisturbed, f"killed {moment} call {number}: {life.api.calls[number]}"
