"""A real etcd and kube-apiserver for every test worker, with this project's CRDs, and a fresh namespace per test."""

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest
from kubernetes.client import CustomObjectsApi
from kubernetes.config import new_client_from_config

from e2e.cluster.controlplane import ControlPlane
from e2e.cluster.errors import ClusterError
from tests.api.custom_objects import CustomObjects

ROOT: Final = Path(__file__).resolve().parents[2]
CRDS: Final = ROOT / "crds"


def install_crds(plane: ControlPlane, *paths: Path) -> None:
    """Install CRD files, or folders of them, and wait until the API server serves their kinds.

    Server-side apply, since the SeldonDeployment's CRD is too long for the annotation of a client-side one.
    """
    files = [f"--filename={path}" for path in paths]
    plane.kubectl("apply", "--server-side", *files)
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", *files)
    names = plane.kubectl("get", "--output=jsonpath={..spec.names.plural}", *files).split()
    # Established is said before the storage is there: for a moment lists are answered with 429.
    deadline = time.monotonic() + 30
    while not all(_listed(plane, name) for name in names):
        assert time.monotonic() < deadline, f"the API server does not serve {names}"
        time.sleep(0.1)


def _listed(plane: ControlPlane, name: str) -> bool:
    try:
        plane.kubectl("get", name)
    except ClusterError:
        return False
    return True


@pytest.fixture(scope="session")
def api_server() -> Iterator[ControlPlane]:
    """One control plane for the whole run; under pytest-xdist one for each worker."""
    with ControlPlane() as plane:
        install_crds(plane, CRDS)
        yield plane


@pytest.fixture(scope="session")
def _namespaces() -> Iterator[str]:
    return (f"test-{number}" for number in count(1))


@pytest.fixture
def namespace(api_server: ControlPlane, _namespaces: Iterator[str]) -> str:
    """The name of a new namespace. It is left behind: the server's data go with the server."""
    name = next(_namespaces)
    api_server.kubectl("create", "namespace", name)
    return name


@pytest.fixture(scope="session")
def _custom_objects_api(api_server: ControlPlane) -> CustomObjectsApi:
    return CustomObjectsApi(new_client_from_config(str(api_server.kubeconfig)))


@pytest.fixture
def objects(_custom_objects_api: CustomObjectsApi, namespace: str) -> CustomObjects:
    """ModelMonitors and ModelEvaluations in the test's namespace."""
    return CustomObjects(_custom_objects_api, namespace)


@pytest.fixture(scope="session")
def dry_run(_custom_objects_api: CustomObjectsApi) -> CustomObjects:
    """The same for tests that store nothing, in the namespace that is always there."""
    return CustomObjects(_custom_objects_api, "default")
