"""The namespaces that the whole cluster lives in: processes, mounts, network, host name.

Process 1 in there is a reaper. When it is killed the kernel kills everything in the namespaces with it, and with the
last process go all mounts, pods' networks, tables and cables. So "stop the cluster" is one signal to one process, and
that process is told from all others by a mark in its environment that names the state folder, never by its name.
"""

import os
import signal
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from e2e.cluster import cache
from e2e.cluster.cgroups import Cgroup
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Step, wait_until

NODE_NAME: Final = "modelmonitor-e2e"
GROUP: Final = Cgroup(f"/{NODE_NAME}")
SYSTEM_GROUP: Final = Cgroup(f"/{NODE_NAME}/system")
_MARK: Final = "MODELMONITOR_E2E_SANDBOX"
_SCRIPT: Final = Path(__file__).with_suffix(".sh")
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Enter the system control group in every hierarchy, so that the caller's own group can end without ending us.
_ENTER: Final = 'for folder in $GROUP_FOLDERS; do echo $$ > "$folder/cgroup.procs"; done; exec "$@"'


@dataclass(frozen=True)
class Daemon:
    """A process that is meant to stay."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise ClusterError with the end of its log when it ended."""
        code = self.process.poll()
        if code is not None:
            last = "\n".join(f"    {line}" for line in self.log.read_text(errors="replace").splitlines()[-8:])
            raise ClusterError(f"{self.name} ended with code {code}; the end of {self.log}:\n{last}")


@dataclass(frozen=True)
class Sandbox:
    """The namespaces of the cluster whose state folder this is."""

    state: Path

    def start(self, step: Step) -> int:
        """Make them and return the id of their process 1. Raises ClusterError when the kernel or a mount refuses."""
        GROUP.create()
        SYSTEM_GROUP.create()
        for name in ("kubelet", "pod-logs"):
            (self.state / name).mkdir(parents=True, exist_ok=True)
        # Unpacking a gigabyte of images takes half a minute: containerd's store outlives the cluster. What a killed
        # cluster leaves in it is what a power cut would leave, and the kubelet clears that away.
        images = cache.layer_store("containerd")
        unshare = ["unshare", "--pid", "--fork", "--mount-proc", "--mount", "--net", "--uts", "--ipc"]
        log = self.state / "logs" / "sandbox.log"
        _detached(
            [*unshare, "--", "sh", str(_SCRIPT), str(self.state), str(images), NODE_NAME], log, {_MARK: str(self.state)}
        )
        ready = self.state / "sandbox-ready"
        wait_until(ready.exists, step, seconds=15, advice=f"Its log says why: {log}", pause=0.02)
        # The script has just turned into the reaper; in the midst of that a process shows no environment.
        wait_until(lambda: self.pid() is not None, step, seconds=5, advice=f"Its log says why: {log}", pause=0.02)
        return self.pid() or 0

    def pid(self) -> int | None:
        """Process 1 of the namespaces, as the machine numbers it; None when there is none."""
        for pid, where in _marked():
            if where == str(self.state) and _is_first_of_its_namespace(pid):
                return pid
        return None

    def spawn(self, name: str, command: Sequence[str]) -> Daemon:
        """Start a daemon in there; its output goes to logs/NAME.log; it outlives the harness."""
        log = self.state / "logs" / f"{name}.log"
        return Daemon(name, _detached([*self._enter(), *command], log, {}), log)

    def run(self, command: Sequence[str]) -> str:
        """Run a command in there to its end and return its output. Raises ClusterError with what it said."""
        done = subprocess.run([*self._enter(), *command], capture_output=True, text=True, check=False)
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise ClusterError(f"`{' '.join(command)}` failed in the node: {said}")
        return done.stdout

    def open(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start a command in there that reads from the caller through a pipe."""
        return subprocess.Popen(
            [*self._enter(), *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def stop(self) -> None:
        """Kill process 1, and so everything; wait until it is gone. Nothing to do when there is none."""
        deadline = time.monotonic() + 15
        while marked := [pid for pid, where in _marked() if where == str(self.state)]:
            for pid in marked:
                _kill(pid, self.state)
            if time.monotonic() > deadline:
                raise ClusterError(f"processes {marked} of the cluster do not end: look at them with ps.")
            time.sleep(0.02)
        GROUP.remove()

    def _enter(self) -> list[str]:
        pid = self.pid()
        if pid is None:
            raise ClusterError("the cluster is not running: start it with `python3 -m e2e.cluster up`.")
        return ["nsenter", "-t", str(pid), "--pid", "--mount", "--net", "--uts", "--ipc", "--", "env", "-C", "/"]


def sandbox() -> Sandbox:
    """That of the cluster whose state is in this cache."""
    return Sandbox(cache.root() / "cluster")


def other_sandboxes(state: Path) -> list[str]:
    """State folders of clusters on this machine that are not ours."""
    return sorted({where for _, where in _marked() if where != str(state)})


def _detached(command: Sequence[str], log: Path, extra: dict[str, str]) -> subprocess.Popen[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    groups = " ".join(str(folder) for folder in SYSTEM_GROUP.folders())
    with log.open("ab") as out:
        return subprocess.Popen(
            ["sh", "-c", _ENTER, "sh", *command],
            env={"PATH": _PATH, "HOME": "/", "GROUP_FOLDERS": groups, **extra},
            cwd="/", stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip


def _marked() -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we looked, or is not ours to look at
        for variable in variables:
            name, _, value = variable.partition(b"=")
            if name.decode(errors="replace") == _MARK:
                found.append((int(entry.parent.name), os.fsdecode(value)))
    return found


def _is_first_of_its_namespace(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    ids = next((line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), [])
    return len(ids) > 1 and ids[-1] == "1"


def _kill(pid: int, state: Path) -> None:
    # A pidfd stays with its process: looking at the mark again after opening it makes sure that the number was not
    # given to somebody else's process between our finding it and our signal.
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        if (pid, str(state)) in _marked():
            signal.pidfd_send_signal(handle, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)
