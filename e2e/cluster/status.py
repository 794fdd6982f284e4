"""What runs, in a few lines that a person reads."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from e2e.cluster import client
from e2e.cluster.errors import ClusterError
from e2e.cluster.sandbox import GROUP, SYSTEM_GROUP, sandbox


def report() -> Iterator[str]:
    """The lines of `status`."""
    if not client.running():
        left = " (an unfinished start is there: `down` clears it away)" if sandbox().state.exists() else ""
        yield f"the test cluster is not running{left}"
        return
    minutes = (time.time() - float(client.came_up().read_text())) / 60
    yield f"the test cluster has been running for {minutes:.0f} minutes; memory {_mb(GROUP.memory())} with its pods"
    yield f"to use it: {client.shell_settings()}"
    yield f"logs: {client.state_folder() / 'logs'}; every API call: {client.audit_log()}"
    try:
        yield from client.kubectl("get", "nodes", "--output=wide").splitlines()
        yield from client.kubectl("get", "pods", "--all-namespaces").splitlines()
    except ClusterError as error:
        yield f"the API server does not answer: {error}"
    for name, memory in sorted(_daemons(), key=lambda each: -each[1]):
        yield f"  {name:<26} {_mb(memory):>8}"


def _daemons() -> Iterator[tuple[str, int]]:
    for pid in SYSTEM_GROUP.processes():
        try:
            name = Path(f"/proc/{pid}/exe").readlink().name
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except OSError:
            continue  # it ended while we looked
        if name not in ("nsenter", "unshare", "catatonit"):
            yield name, pages * os.sysconf("SC_PAGE_SIZE")


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
