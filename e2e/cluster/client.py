"""What a test or a demo needs of the running cluster: where its files are, kubectl, Helm."""

import subprocess
from pathlib import Path

from e2e.cluster import binaries
from e2e.cluster.binaries import Tool
from e2e.cluster.controlplane import run_kubectl
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Progress
from e2e.cluster.sandbox import sandbox


def state_folder() -> Path:
    """Everything the running cluster writes: kubeconfig, audit log, logs, etcd, containers. Gone after down."""
    return sandbox().state


def kubeconfig() -> Path:
    """The admin's kubeconfig; there while the cluster runs."""
    return state_folder() / "admin.kubeconfig"


def audit_log() -> Path:
    """Every call to the API server since the start, one JSON object a line (level Metadata)."""
    return state_folder() / "audit.log"


def came_up() -> Path:
    """The file that a start writes last."""
    return state_folder() / "came-up"


def shell_settings() -> str:
    """What to type to use kubectl and helm on the cluster from a shell."""
    folders = ":".join(str(binaries.folder(tool)) for tool in (Tool.KUBERNETES, Tool.HELM))
    return f"export KUBECONFIG={kubeconfig()} PATH={folders}:$PATH"


def running() -> bool:
    """Whether a start went through to its end and its processes are there."""
    return came_up().exists() and sandbox().pid() is not None


def kubectl(*arguments: str, stdin: str | None = None) -> str:
    """Run kubectl as admin and return its output. Raises ClusterError with what it said."""
    _require_running()
    return run_kubectl(binaries.build(Tool.KUBERNETES, Progress()), kubeconfig(), arguments, stdin)


def helm(*arguments: str) -> str:
    """Run Helm as admin and return its output. Raises ClusterError with what it said."""
    _require_running()
    command = [str(binaries.build(Tool.HELM, Progress()) / "helm"), *arguments]
    home = str(state_folder() / "helm")  # its caches and settings: not those of the person who runs this
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "KUBECONFIG": str(kubeconfig())}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"helm {' '.join(arguments)} exited {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def _require_running() -> None:
    if not running():
        raise ClusterError("the test cluster is not running: start it with `python3 -m e2e.cluster up`.")
