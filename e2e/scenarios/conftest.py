"""One cluster for all scenarios of a run: started if it does not run, and only then brought down at the end."""

from collections.abc import Iterator

import pytest

from e2e import cluster, testbed
from e2e.cluster import Progress


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The walk first: it holds every call since the start against the chart, and of troubles some calls are refused."""
    items.sort(key=lambda item: item.path.name != "test_walk.py")


@pytest.fixture(scope="session")
def progress() -> Progress:
    """What happens, a line at a time."""
    return Progress()


@pytest.fixture(scope="session")
def ran_before() -> bool:
    """Whether the cluster is somebody's who wants to keep it."""
    return cluster.running()


@pytest.fixture(scope="session")
def fresh(ran_before: bool) -> None:
    """For what wants a cluster on which nobody has been."""
    if ran_before:
        pytest.exit("the test cluster is up: `make cluster-down` first, the walk wants a new one", returncode=2)


@pytest.fixture(scope="session")
def installed(progress: Progress, ran_before: bool) -> Iterator[testbed.Images]:
    """The cluster, with everything that the scenarios run on."""
    try:
        yield testbed.install(progress)
    finally:
        if not ran_before:
            cluster.down(progress)
