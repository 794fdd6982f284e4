"""One control group for everything of the cluster, in whatever hierarchies the machine mounts (v1, v2 or both)."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e.cluster.errors import ClusterError

_V2_CONTROLLERS: Final = ("cpu", "cpuset", "memory", "pids")


@dataclass(frozen=True)
class Hierarchy:
    """One mounted cgroup file system."""

    mount: Path
    unified: bool


@dataclass(frozen=True)
class Cgroup:
    """A group by its path below each hierarchy's root, for example /modelmonitor-e2e."""

    path: str

    def folders(self) -> list[Path]:
        """Its folder in every hierarchy, whether made yet or not."""
        return [each.mount / self.path.lstrip("/") for each in hierarchies()]

    def create(self) -> None:
        """Make it, with the controllers that the kubelet asks for. Raises ClusterError when the kernel refuses."""
        for hierarchy in hierarchies():
            folder = hierarchy.mount / self.path.lstrip("/")
            try:
                folder.mkdir(parents=True, exist_ok=True)
                if hierarchy.unified:
                    _delegate(hierarchy.mount, folder)
                elif (folder / "cpuset.cpus").exists():
                    # A v1 cpuset begins empty, and no process can enter an empty one.
                    for name in ("cpuset.cpus", "cpuset.mems"):
                        (folder / name).write_text((folder.parent / name).read_text())
            except OSError as error:
                raise ClusterError(
                    f"cannot make the control group {folder}: {error}. The cluster needs control groups that it may "
                    "write: run as root on the machine itself or in a privileged container with its own cgroup root."
                ) from error

    def remove(self) -> None:
        """Delete it and all below it; its processes must be gone or going. Raises ClusterError when some stay."""
        deadline = time.monotonic() + 10
        while left := [folder for folder in self.folders() if folder.exists()]:
            for folder in left:
                for below, _, _ in os.walk(folder, topdown=False):
                    _try_rmdir(Path(below))
            if time.monotonic() > deadline:
                raise ClusterError(f"processes {sorted(self.processes())} stay in {left[0]}: end them, then try again.")
            time.sleep(0.05)

    def processes(self) -> set[int]:
        """The ids of all processes in it and below it."""
        files = [file for folder in self.folders() for file in folder.rglob("cgroup.procs")]
        return {int(line) for file in files for line in _read(file).split()}

    def memory(self) -> int:
        """Bytes that its processes hold, page cache apart; 0 when it is not there."""
        for folder in self.folders():
            for line in _read(folder / "memory.stat").splitlines():
                name, _, value = line.partition(" ")
                if name in ("total_rss", "anon"):  # as v1 and v2 call it
                    return int(value)
        return 0


def hierarchies() -> list[Hierarchy]:
    """Every mounted cgroup file system, from /proc/self/mountinfo."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind = after.split()[0]
        if kind in ("cgroup", "cgroup2"):
            found.append(Hierarchy(Path(before.split()[4]), unified=kind == "cgroup2"))
    return found


def _delegate(root: Path, folder: Path) -> None:
    # Only to the groups above: one that hands controllers down may hold no processes itself. Beside v1 hierarchies
    # the v2 one has no controllers left: then this writes nothing.
    for parent in [each for each in reversed(folder.parents) if each.is_relative_to(root)]:
        there = _read(parent / "cgroup.controllers").split()
        wanted = " ".join(f"+{name}" for name in _V2_CONTROLLERS if name in there)
        if wanted:
            (parent / "cgroup.subtree_control").write_text(wanted)


def _try_rmdir(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # its last process is still on its way out; the caller tries again


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
