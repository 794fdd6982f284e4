"""Whether this machine can run the cluster: every need is tried before anything is started, and has its own advice."""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e.cluster import binaries, cache
from e2e.cluster.cgroups import hierarchies
from e2e.cluster.errors import ClusterError
from e2e.cluster.network import HOST_LINK, host_link_exists
from e2e.cluster.sandbox import other_sandboxes, sandbox

# The node mounts its own folders over these; what lies below them cannot be seen from inside.
_COVERED: Final = (Path("/run"), Path("/var/run"), Path("/var/lib"), Path("/var/log"))
_CONTROLLERS: Final = frozenset({"cpu", "cpuset", "memory", "pids"})
_COLD_BYTES: Final = 10 << 30
_WARM_BYTES: Final = 3 << 30


@dataclass(frozen=True)
class Trial:
    """Something that only a try can tell: a command in namespaces of its own, and what it shows when it fails."""

    command: Sequence[str]
    need: str
    advice: str


_TRIALS: Final = (
    Trial(
        ["unshare", "--pid", "--fork", "--mount-proc", "--mount", "--net", "--uts", "--ipc", "true"],
        "namespaces for processes, mounts, network, host name",
        "Run on the machine itself, or in a privileged container.",
    ),
    Trial(
        ["unshare", "--net", "ip", "link", "add", "name", "probe0", "type", "veth", "peer", "name", "probe1"],
        "virtual network cables (veth)",
        "Load the kernel module veth.",
    ),
    Trial(
        ["unshare", "--net", "nft", "add table ip probe; add chain ip probe c { type nat hook output priority 0; }"],
        "nftables with address translation",
        "Load the kernel modules nf_tables and nft_chain_nat.",
    ),
)


def check_machine() -> None:
    """What can be known before any package is there. Raises ClusterError with what to do."""
    if platform.system() != "Linux":
        raise ClusterError("the test cluster runs on Linux only: use a Linux machine or a virtual one.")
    if os.geteuid() != 0:
        raise ClusterError("the test cluster needs root (namespaces, mounts, network): run it again with sudo -E.")
    for tool in ("unshare", "nsenter", "setpriv", "mount"):
        if not shutil.which(tool):
            raise ClusterError(f"there is no `{tool}` on PATH: install the packages util-linux and mount.")
    missing = binaries.missing()
    for tool in missing:
        binaries.usable_go(binaries.RECIPES[tool])
    free, needed = shutil.disk_usage(cache.root()).free, _COLD_BYTES if missing else _WARM_BYTES
    if free < needed:
        raise ClusterError(
            f"{cache.root()} has {free / 1e9:.1f} GB free and the cluster needs {needed / 1e9:.0f} GB: "
            "make room, or set MODELMONITOR_CACHE to a folder on another disk."
        )


def check_place() -> None:
    """Whether a cluster can start here and now. Raises ClusterError with what to do."""
    for covered in _COVERED:
        if cache.root().is_relative_to(covered.resolve()):
            raise ClusterError(
                f"the cache {cache.root()} lies below {covered}, which the node covers with its own: "
                "set MODELMONITOR_CACHE to a folder elsewhere."
            )
    others = other_sandboxes(sandbox().state)
    if others:
        raise ClusterError(
            f"another test cluster runs on this machine, from {others[0]}: stop it there "
            f"(MODELMONITOR_CACHE={Path(others[0]).parent} python3 -m e2e.cluster down) or use it."
        )
    if host_link_exists() and sandbox().pid() is None:
        raise ClusterError(f"there is a network interface {HOST_LINK} of no cluster: `ip link delete {HOST_LINK}`.")


def check_kernel() -> None:
    """What takes a try, once the packages are there. Raises ClusterError with what to do."""
    for trial in _TRIALS:
        _try(trial)
    with tempfile.TemporaryDirectory(dir=cache.root(), prefix=".overlay-") as scratch:
        for name in ("lower", "upper", "work", "merged"):
            (Path(scratch) / name).mkdir()
        where = f"lowerdir={scratch}/lower,upperdir={scratch}/upper,workdir={scratch}/work"
        _try(Trial(
            ["unshare", "--mount", "mount", "-t", "overlay", "overlay", "-o", where, f"{scratch}/merged"],
            f"overlay mounts in {cache.root()}",
            "Load the kernel module overlay, and keep the cache (MODELMONITOR_CACHE) on an ordinary disk: "
            "a container's own root and network disks cannot hold overlays.",
        ))  # fmt: skip
    missing = _CONTROLLERS - _controllers()
    if missing:
        raise ClusterError(
            f"no control group hierarchy offers {', '.join(sorted(missing))}: mount cgroup2 on /sys/fs/cgroup "
            "(or the v1 controllers below it) and boot without cgroup_disable."
        )


def _try(trial: Trial) -> None:
    done = subprocess.run(trial.command, capture_output=True, text=True, check=False)
    if done.returncode:
        said = done.stderr.strip().rstrip(".") or f"exit code {done.returncode}"
        raise ClusterError(f"the cluster needs {trial.need}, and the kernel refuses: {said}. {trial.advice}")


def _controllers() -> set[str]:
    found: set[str] = set()
    for hierarchy in hierarchies():
        if hierarchy.unified:
            found |= set((hierarchy.mount / "cgroup.controllers").read_text().split())
        else:
            found |= set(hierarchy.mount.name.split(","))
    return found
