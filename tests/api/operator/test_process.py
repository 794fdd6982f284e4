"""The operator's own process, as a pod starts it: Lease, kopf's watches, probes, signals."""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest

from e2e.cluster.controlplane import ControlPlane
from e2e.scenarios.chart import NAMESPACE, RELEASE
from modelmonitor.api.result import Verdict
from modelmonitor.kube.api import HttpApi
from modelmonitor.kube.resources import LEASES, MONITORS
from tests.api.operator.cluster import Cluster
from tests.api.operator.conftest import new_namespace
from tests.api.operator.rights import grant
from tests.api.operator.walk import SPEC, judged

ROOT: Final = Path(__file__).resolve().parents[3]


class Operator:
    """A process of `python -m modelmonitor.controller`."""

    def __init__(self, process: asyncio.subprocess.Process, port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @classmethod
    async def start(cls, kubeconfig: Path, namespace: str, pod: str, log: Path) -> "Operator":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = int(free.getsockname()[1])
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT / "operator"),
            "KUBECONFIG": str(kubeconfig),
            "MODELMONITOR_EVALUATOR_IMAGE": "evaluator:test",
            "MODELMONITOR_NAMESPACES": namespace,
            "MODELMONITOR_POD_NAMESPACE": NAMESPACE,
            "MODELMONITOR_POD_NAME": pod,
            "MODELMONITOR_METRICS_PORT": str(port),
        }
        command = [sys.executable, "-m", "modelmonitor.controller"]
        with log.open("w") as output:
            process = await asyncio.create_subprocess_exec(*command, env=environment, stderr=output)
        return cls(process, port, log)

    async def asked(self, path: str) -> tuple[int, str]:
        """Status and text of the answer; 0 while nobody listens."""
        url = f"http://127.0.0.1:{self.port}{path}"
        try:
            async with aiohttp.ClientSession() as session, session.get(url) as answer:
                return answer.status, await answer.text()
        except aiohttp.ClientConnectionError:
            return 0, ""

    async def end(self, how: signal.Signals) -> tuple[int, float]:
        """Exit code, and how many seconds it took."""
        began = time.monotonic()
        self.process.send_signal(how)
        code = await asyncio.wait_for(self.process.wait(), 30)
        return code, time.monotonic() - began


class House:
    """Starts processes, and leaves none behind."""

    def __init__(self, kubeconfig: Path, namespace: str, logs: Path) -> None:
        self.kubeconfig = kubeconfig
        self.namespace = namespace
        self.logs = logs
        self.started: list[Operator] = []

    async def operator(self, pod: str) -> Operator:
        log = self.logs / f"{len(self.started)}.log"
        self.started.append(await Operator.start(self.kubeconfig, self.namespace, pod, log))
        return self.started[-1]

    async def clear(self) -> None:
        for one in self.started:
            if one.process.returncode is None:
                one.process.kill()
                await one.process.wait()


@pytest.fixture
async def house(seldon_kind: ControlPlane, operators_kubeconfig: Path, tmp_path: Path) -> AsyncIterator[House]:
    namespace = new_namespace(seldon_kind, f"process-{time.monotonic_ns()}")
    grant(seldon_kind, namespace)
    house = House(operators_kubeconfig, namespace, tmp_path)
    yield house
    await house.clear()


async def until(what: Callable[[], Awaitable[Any]], *, seconds: float = 30) -> Any:
    """Wait until it is something."""
    deadline = time.monotonic() + seconds
    while True:
        found = await what()
        if found or time.monotonic() > deadline:
            assert found, f"not within {seconds} s"
            return found
        await asyncio.sleep(0.1)


async def test_it_watches_serves_its_numbers_ends_on_sigterm_and_goes_on_after_sigkill(
    connection: HttpApi, house: House
) -> None:
    cluster = Cluster(connection, house.namespace)
    first = await house.operator("operator-0")

    async def holder() -> Any:
        leases = (await connection.get(LEASES.path(NAMESPACE)))["items"]
        return leases[0]["spec"]["holderIdentity"] if leases else None

    assert await until(holder) == "operator-0"
    # Only now, so that it is kopf's watch that tells.
    await cluster.serve("s3://models/flights/january")
    await cluster.apply_monitor(SPEC)
    (job,) = await until(cluster.jobs)
    assert (await first.asked("/healthz"))[0] == 200
    assert (await first.asked("/readyz"))[0] == 200
    assert 'modelmonitor_phase{monitor="flights"' in (await first.asked("/metrics"))[1]

    assert (await first.end(signal.SIGKILL))[0] == -signal.SIGKILL
    await cluster.measured(job, judged(job, Verdict.PASS, 1))
    # The kubelet starts the container anew, and the pod keeps its name: nobody waits for the Lease to run out.
    second = await house.operator("operator-0")

    async def verdict() -> Any:
        return (await cluster.monitor())["status"].get("lastEvaluation", {}).get("verdict")

    assert await until(verdict) == "Pass"
    await connection.delete(MONITORS.path(house.namespace, "flights"))

    async def forgotten() -> bool:
        return 'monitor="flights"' not in (await second.asked("/metrics"))[1]

    await until(forgotten)
    code, seconds = await second.end(signal.SIGTERM)
    assert code == 0
    assert seconds < 10
    assert not await holder(), "the Lease is given back"


async def test_without_rights_it_is_not_ready_says_why_once_and_ends_on_sigterm(
    seldon_kind: ControlPlane, house: House
) -> None:
    house.kubeconfig = seldon_kind.kubeconfig_for("nobody")
    operator = await house.operator("operator-0")

    async def said() -> bool:
        return 'User \\"nobody\\" cannot get resource \\"leases\\"' in operator.log.read_text()

    await until(said)
    assert (await operator.asked("/readyz"))[0] == 503
    assert (await operator.asked("/healthz"))[0] == 200
    await asyncio.sleep(2.5)
    assert operator.log.read_text().count("the lease cannot be had") == 1
    code, seconds = await operator.end(signal.SIGTERM)
    assert code == 0
    assert seconds < 10


async def test_with_half_of_its_rights_it_ends_with_the_one_that_is_missing(
    seldon_kind: ControlPlane, house: House
) -> None:
    house.kubeconfig = seldon_kind.kubeconfig_for("half")
    lease = ("create", "rolebinding", "half", f"--role={RELEASE}-lease", "--user=half", "-n", NAMESPACE)
    seldon_kind.kubectl(*lease)
    operator = await house.operator("operator-0")
    assert await asyncio.wait_for(operator.process.wait(), 30) == 1
    log = operator.log.read_text()
    assert 'cannot list resource \\"modelmonitors\\"' in log
    assert "Traceback" not in log
