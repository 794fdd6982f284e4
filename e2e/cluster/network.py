"""Addresses of the cluster, and the one cable between it and the machine.

The node lives in a network namespace of its own (sandbox.py): kube-proxy's tables, the pods' cables and every port
are there, so nothing of the machine can collide with them. What the machine itself gets is one end of a veth pair and
two routes, and they go when the namespace goes. Pods have no way out to any other network.
"""

import ipaddress
import json
import socket
import subprocess
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from e2e.cluster.errors import ClusterError

HOST_LINK: Final = "mm-e2e"
NODE_LINK: Final = "node0"
_CANDIDATES: Final = tuple(IPv4Network(f"10.{second}.0.0/16") for second in (213, 157, 89, 241, 31, 122))


@dataclass(frozen=True)
class AddressPlan:
    """A /16 that the machine does not use, cut into the cluster's parts."""

    block: IPv4Network

    @property
    def host(self) -> IPv4Address:
        """The machine's end of the cable."""
        return self.block[1]

    @property
    def node(self) -> IPv4Address:
        """The node: API server, kubelet, NodePorts."""
        return self.block[2]

    @property
    def pods(self) -> IPv4Network:
        """1,022 pod addresses."""
        return IPv4Network((self.block[64 * 256], 22))

    @property
    def services(self) -> IPv4Network:
        """Addresses of Services."""
        return IPv4Network((self.block[128 * 256], 20))

    @property
    def api_service(self) -> IPv4Address:
        """The `kubernetes` Service: the first of the range, as the API server picks it."""
        return self.services[1]

    @property
    def dns(self) -> IPv4Address:
        """The cluster's name server."""
        return self.services[10]


def choose_block(used: list[IPv4Network]) -> IPv4Network:
    """The first candidate that overlaps nothing in `used`. Raises ClusterError when all do."""
    free = [block for block in _CANDIDATES if not any(block.overlaps(other) for other in used)]
    if not free:
        tried = ", ".join(map(str, _CANDIDATES))
        raise ClusterError(f"the machine already routes into every network the cluster could use ({tried}).")
    return free[0]


def networks_in_use() -> list[IPv4Network]:
    """What the machine has routes to, the default route apart."""
    done = subprocess.run(
        ["ip", "-json", "-4", "route", "show", "table", "all"], capture_output=True, text=True, check=True
    )
    destinations = [route["dst"] for route in json.loads(done.stdout or "[]")]
    return [ipaddress.IPv4Network(each, strict=False) for each in destinations if each != "default"]


def connect(plan: AddressPlan, node_pid: int) -> None:
    """Lay the cable into the network namespace of process `node_pid` and route to pods and services through it."""
    length = 30
    _ip("link", "add", HOST_LINK, "type", "veth", "peer", "name", NODE_LINK, "netns", str(node_pid))
    _ip("addr", "add", f"{plan.host}/{length}", "dev", HOST_LINK)
    _ip("link", "set", HOST_LINK, "up")
    inside = ["nsenter", "-t", str(node_pid), "--net", "--", "ip"]
    for words in (f"addr add {plan.node}/{length} dev {NODE_LINK}", f"link set {NODE_LINK} up"):
        _run([*inside, *words.split()])
    for network in (plan.pods, plan.services):
        _ip("route", "add", str(network), "via", str(plan.node))


def host_link_exists() -> bool:
    """Whether the machine's end of the cable is there."""
    return HOST_LINK in (name for _, name in socket.if_nameindex())


def remove_host_link() -> None:
    """Take away the machine's end; its routes go with it. Nothing to do when the namespace took it along."""
    if host_link_exists():
        subprocess.run(["ip", "link", "delete", HOST_LINK], capture_output=True, check=False)


def _ip(*words: str) -> None:
    _run(["ip", *words])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
