"""A real Kubernetes for tests and the demo: from Go modules and Debian packages, without Docker, with one command.

From the shell, at the root of the repository, as root, with the system's Python:

    python3 -m e2e.cluster up | down | status | build | load ARCHIVE

From Python (standard library only):

    from e2e import cluster
    from e2e.cluster import images

    progress = cluster.Progress()                       # prints what happens, and how long it takes
    cluster.up(progress)                                # does nothing when it runs
    image = images.build("operator", dockerfile=..., context=..., inputs=[...], progress=progress)
    images.load(image)                                  # pods name `image`, imagePullPolicy: IfNotPresent
    cluster.kubectl("apply", "-f", "-", stdin=manifest) # returns the output, raises ClusterError
    cluster.helm("upgrade", "--install", ...)
    cluster.kubeconfig(), cluster.audit_log()           # files; the log has every call, level Metadata
    cluster.down(progress)

    with cluster.ControlPlane() as plane: ...           # etcd and API server alone, for tests of the API; no root

What there is: one node, RBAC, Pod Security admission, DNS, Services and NodePorts that the machine itself reaches too.
What there is not: a way from pods to any other network, a StorageClass, a registry.

How it is made: `sandbox` opens namespaces in which everything runs, `network` lays a cable to them, `starting` starts
the parts that `apiserver` and `node` describe, from what `binaries` built. Killing the sandbox's first process ends
all of it.
"""

from e2e.cluster.client import audit_log, helm, kubeconfig, kubectl, running, state_folder
from e2e.cluster.controlplane import ControlPlane
from e2e.cluster.errors import ClusterError
from e2e.cluster.lifecycle import build, down, up
from e2e.cluster.progress import Progress

__all__ = [
    "ClusterError",
    "ControlPlane",
    "Progress",
    "audit_log",
    "build",
    "down",
    "helm",
    "kubeconfig",
    "kubectl",
    "running",
    "state_folder",
    "up",
]
