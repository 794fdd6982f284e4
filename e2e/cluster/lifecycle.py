"""Up, down, build: what is done to the cluster as a whole, by one caller at a time."""

import shutil
from pathlib import Path

from e2e.cluster import binaries, cache, client, images, preflight
from e2e.cluster.binaries import Tool
from e2e.cluster.errors import ClusterError
from e2e.cluster.network import remove_host_link
from e2e.cluster.packages import install_missing
from e2e.cluster.progress import Progress
from e2e.cluster.sandbox import sandbox
from e2e.cluster.starting import Start


def up(progress: Progress) -> None:
    """Start the cluster, or say that it runs; what an unfinished start left behind is cleared away first.

    Raises:
        ClusterError: The machine lacks something, or a part did not start; the message says what to do.
    """
    with cache.locked("the test cluster", progress):
        if client.running():
            _require_answer()
            progress.say(f"the test cluster is running already: {client.shell_settings()}")
            return
        preflight.check_place()
        folders = _prepare(progress)
        if sandbox().state.exists() or sandbox().pid():
            with progress.step("clearing away what an unfinished start left behind"):
                _clear()
        Start(sandbox(), folders[Tool.KUBERNETES], folders[Tool.COREDNS], progress).run()
        progress.say(f"the test cluster is up: {client.shell_settings()}")


def down(progress: Progress) -> None:
    """Stop everything and delete the state; what was built stays in the cache. Fine when nothing runs."""
    stopping = "stopping the test cluster and deleting its state"
    with cache.locked("the test cluster", progress), progress.step(stopping):
        _clear()


def build(progress: Progress) -> None:
    """Make what takes long and start nothing: packages, binaries, the Debian root."""
    _prepare(progress)
    images.base_image(progress)


def _prepare(progress: Progress) -> dict[Tool, Path]:
    with progress.step("checking this machine"):
        preflight.check_machine()
    install_missing(progress)
    preflight.check_kernel()
    return {tool: binaries.build(tool, progress) for tool in Tool}


def _require_answer() -> None:
    try:
        client.kubectl("get", "--raw=/readyz", "--request-timeout=10s")
    except ClusterError as error:
        raise ClusterError(
            f"the test cluster is there but does not answer ({error}). "
            f"Its logs are in {client.state_folder() / 'logs'}; `down` and `up` make a new one."
        ) from error


def _clear() -> None:
    sandbox().stop()
    remove_host_link()
    shutil.rmtree(sandbox().state, ignore_errors=True)
