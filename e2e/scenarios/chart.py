"""The chart as Helm renders it: what tests of its rules and of its rights read."""

import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

import yaml

from e2e.cluster import binaries
from e2e.cluster.binaries import Tool
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Progress

CHART: Final = Path(__file__).resolve().parents[2] / "charts" / "modelmonitor"
RELEASE: Final = "modelmonitor"
NAMESPACE: Final = "modelmonitor-system"

Manifest = dict[str, Any]


def render(*arguments: str, release: str = RELEASE, namespace: str = NAMESPACE) -> str:
    """What `helm template` prints, with `arguments` such as `--set=operator.mode=ObserveOnly`.

    Raises:
        ClusterError: Helm refused the values; the message says which and why.
    """
    return helm("template", release, str(CHART), f"--namespace={namespace}", *arguments)


def helm(*arguments: str) -> str:
    """Run Helm without a cluster and return its output. Raises ClusterError with what it said."""
    binary = binaries.build(Tool.HELM, Progress()) / "helm"
    # Its settings and caches: not those of the person who runs this.
    with tempfile.TemporaryDirectory(prefix="modelmonitor-helm-") as home:
        done = subprocess.run([binary, *arguments], env={"HOME": home}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ClusterError(f"helm {' '.join(arguments)} exited {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def manifests(rendered: str) -> list[Manifest]:
    """The objects of a rendered chart."""
    return [document for document in yaml.safe_load_all(rendered) if document]
