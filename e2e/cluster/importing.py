"""Images into the node's containerd, through a pipe; layers that it has already are not sent again."""

import shutil
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from e2e.cluster.errors import ClusterError
from e2e.cluster.oci import Layout
from e2e.cluster.sandbox import Sandbox

PREFIX: Final = "localhost/modelmonitor"
_CLIENT: Final = ("ctr", "--namespace=k8s.io")


def import_image(layout: Layout, reference: str, sandbox: Sandbox) -> None:
    """Put an image of the layout into the node. Raises ClusterError when there is no such image, or no node."""
    if reference in sandbox.run([*_CLIENT, "images", "list", "--quiet"]).split():
        return
    present = set(sandbox.run([*_CLIENT, "content", "list", "--quiet"]).split())
    _import(reference, lambda out: layout.write_archive(reference, present, out), sandbox)


def import_archive(archive: Path, sandbox: Sandbox) -> str:
    """Put a docker-archive or OCI tar into the node; returns the lines that containerd says about it."""
    if not archive.is_file():
        raise ClusterError(f"{archive} is not a file: name an image archive (docker-archive or OCI tar).")
    with archive.open("rb") as content:
        return _import(str(archive), lambda out: shutil.copyfileobj(content, out, 1 << 20), sandbox)


def forget_stale(layout: Layout, sandbox: Sandbox) -> None:
    """Remove our own images that the layout has dropped since; call it before pods run."""
    names: dict[str, set[str]] = defaultdict(set)  # containerd has several per image, its own among them
    for line in sandbox.run([*_CLIENT, "images", "list"]).splitlines()[1:]:
        name, _, digest, *_ = line.split()
        names[digest].add(name)
    kept = set(layout.names())
    stale = [each for each in names.values() if not each & kept and any(name.startswith(PREFIX) for name in each)]
    for name in {name for each in stale for name in each}:
        sandbox.run([*_CLIENT, "images", "remove", name])


def _import(what: str, write: Callable[[IO[bytes]], None], sandbox: Sandbox) -> str:
    with sandbox.open([*_CLIENT, "images", "import", "-"]) as importing:
        assert importing.stdin is not None
        assert importing.stdout is not None
        try:
            write(importing.stdin)
            importing.stdin.close()
        except BrokenPipeError:
            pass  # it gave up before the end; what it said about that follows
        said = importing.stdout.read().decode(errors="replace").strip()
    if importing.returncode:
        raise ClusterError(f"containerd did not take {what}: {said}")
    return said
