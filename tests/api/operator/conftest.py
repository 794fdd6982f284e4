"""An API server with Seldon's kinds, a connection to it, namespaces."""

import re
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Final

import pytest

from e2e.cluster.controlplane import ControlPlane
from modelmonitor.kube.api import HttpApi
from tests.api.conftest import install_crds
from tests.api.operator.rights import install_rules
from tests.api.operator.servers import SeldonDeploymentServer
from tests.api.operator.stage import Stage

_ROOT: Final = Path(__file__).resolve().parents[3]
_STUBS: Final = _ROOT / "e2e" / "seldon"
_REAL: Final = _ROOT.parent / "shared" / "crds" / "seldon-v2.6.0-mlops.seldon.io_models.yaml"
_numbers = count(1)


@pytest.fixture(scope="session")
def seldon_kind(api_server: ControlPlane) -> ControlPlane:
    install_crds(api_server, _STUBS / "crd.yaml", _REAL if _REAL.is_file() else _STUBS / "model-crd.yaml")
    return api_server


@pytest.fixture
async def connection(seldon_kind: ControlPlane) -> AsyncIterator[HttpApi]:
    api = await HttpApi.from_environment(str(seldon_kind.kubeconfig))
    yield api
    await api.close()


def new_namespace(server: ControlPlane, name: str) -> str:
    server.kubectl("create", "namespace", name)
    server.kubectl("create", "serviceaccount", "default", "-n", name)
    return name


@pytest.fixture(scope="session")
def operators_kubeconfig(seldon_kind: ControlPlane) -> Path:
    """The operator's account, with the rules of its chart and no others."""
    return install_rules(seldon_kind)


@pytest.fixture
def place(seldon_kind: ControlPlane, request: pytest.FixtureRequest) -> str:
    """A namespace of the test's own."""
    words = re.sub("[^a-z0-9]+", "-", request.node.name.lower())[:40].strip("-")
    return new_namespace(seldon_kind, f"{words}-{next(_numbers)}")


@pytest.fixture
def stage(connection: HttpApi, place: str, request: pytest.FixtureRequest) -> Stage:
    """An operator that may do everything, and a world in which nothing is yet; `param`: what serves in it."""
    return Stage(connection, place, server=getattr(request, "param", SeldonDeploymentServer))


@pytest.fixture
async def bound_stage(
    connection: HttpApi, operators_kubeconfig: Path, place: str, request: pytest.FixtureRequest
) -> AsyncIterator[Stage]:
    """An operator with its own account and the chart's rules; the monitor's account has no right. `param` as above."""
    own = await HttpApi.from_environment(str(operators_kubeconfig))
    yield Stage(connection, place, acts_as=own, server=getattr(request, "param", SeldonDeploymentServer))
    await own.close()
