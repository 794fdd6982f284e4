"""The order in which the parts of the cluster start, and what each waits for."""

import shutil
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from e2e.cluster import client, images
from e2e.cluster.apiserver import AUDIT_EVERYTHING, ApiServer
from e2e.cluster.controlplane import run_kubectl
from e2e.cluster.errors import ClusterError
from e2e.cluster.network import AddressPlan, choose_block, connect, networks_in_use
from e2e.cluster.node import Node
from e2e.cluster.pki import Authority
from e2e.cluster.progress import Progress, Step, wait_until
from e2e.cluster.sandbox import NODE_NAME, Daemon, Sandbox

_DNS: Final = Path(__file__).with_name("coredns.yaml")
_READY: Final = '{.status.conditions[?(@.type=="Ready")].status}'


@dataclass(frozen=True)
class Start:
    """One start, from an empty state folder to a cluster that schedules pods."""

    space: Sandbox
    kubernetes: Path  # folder of binaries
    coredns: Path  # folder of its binary
    progress: Progress
    daemons: list[Daemon] = field(default_factory=list)

    def run(self) -> None:
        """Start everything. Raises ClusterError with the end of the log of the part that failed."""
        # Debian's catatonit is a static binary that waits and reaps: what a pause image is.
        catatonit = Path(shutil.which("catatonit") or "/usr/bin/catatonit")
        pause = images.from_binary("pause", catatonit, ["-P"], self.progress)
        dns = images.from_binary("coredns", self.coredns / "coredns", [], self.progress)
        with self.progress.step("starting etcd, the API server and containerd") as step:
            addresses = AddressPlan(choose_block(networks_in_use()))
            self._open_sandbox(addresses, step)
            server = self._api_server(addresses)
            node = Node(
                folder=self.space.state / "node",
                binaries=self.kubernetes,
                authority=server.authority,
                addresses=addresses,
                api_url=server.url,
                pause_image=pause,
            )
            self._spawn("etcd", server.etcd_command())
            self._spawn("kube-apiserver", server.command())
            self._spawn("containerd", node.containerd_command())
            client.kubeconfig().write_text(server.admin_kubeconfig())
            self._wait(step, self._containerd_answers)
            images.forget_stale_versions(self.space)
            images.load(pause, self.space)
            images.load(dns, self.space)
            self._wait(step, server.ready)
        with self.progress.step("starting controllers, scheduler, kubelet and kube-proxy") as step:
            self._spawn("kube-controller-manager", node.controller_manager_command())
            self._spawn("kube-scheduler", node.scheduler_command())
            self._spawn("kubelet", node.kubelet_command())
            self._spawn("kube-proxy", node.proxy_command())
            manifest = string.Template(_DNS.read_text()).substitute(image=dns, address=addresses.dns)
            self._kubectl("apply", "--server-side", "--filename=-", stdin=manifest)
            self._wait(step, self._node_ready)
        with self.progress.step("waiting for the name service") as step:
            self._wait(step, self._dns_ready)
        client.came_up().write_text(str(int(time.time())))

    def _open_sandbox(self, addresses: AddressPlan, step: Step) -> None:
        self.space.state.mkdir(mode=0o700, parents=True)
        connect(addresses, self.space.start(step))

    def _api_server(self, addresses: AddressPlan) -> ApiServer:
        state = self.space.state
        policy = state / "audit-policy.yaml"
        policy.write_text(AUDIT_EVERYTHING)
        return ApiServer(
            binaries=self.kubernetes,
            authority=Authority.create(state / "pki"),
            address=str(addresses.node),
            port=6443,
            etcd_address="127.0.0.1",  # the sandbox's own loopback
            etcd_port=2379,
            etcd_peer_port=2380,
            etcd_folder=state / "etcd",
            service_cidr=str(addresses.services),
            service_address=str(addresses.api_service),
            audit_log=client.audit_log(),
            audit_policy=policy,
        )

    def _spawn(self, name: str, command: list[str]) -> None:
        self.daemons.append(self.space.spawn(name, command))

    def _wait(self, step: Step, ready: Callable[[], bool]) -> None:
        def alive_and_ready() -> bool:
            for daemon in self.daemons:
                daemon.check()
            return ready()

        wait_until(alive_and_ready, step, seconds=90, advice=f"The logs are in {self.space.state / 'logs'}.")

    def _kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return run_kubectl(self.kubernetes, client.kubeconfig(), arguments, stdin)

    def _containerd_answers(self) -> bool:
        try:
            self.space.run(["ctr", "version"])
        except ClusterError:
            return False
        return True

    def _node_ready(self) -> bool:
        state = self._kubectl("get", "node", NODE_NAME, "--ignore-not-found", f"--output=jsonpath={_READY}")
        return state == "True"

    def _dns_ready(self) -> bool:
        deployment = ["get", "deployment", "coredns", "--namespace=kube-system"]
        return self._kubectl(*deployment, "--output=jsonpath={.status.readyReplicas}") == "1"
