"""What an image is built from: copied to a clean folder, and described so that equal content is an equal image."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from e2e.cluster.errors import ClusterError

_LEFT_OUT: Final = ("__pycache__", "*.pyc", "*.egg-info")


def copy_inputs(context: Path, names: Sequence[str], target: Path) -> list[str | bytes]:
    """Copy files and folders of `context` and return their identity: paths, modes, contents.

    Times, owners and the umask of the checkout are levelled, so that buildah finds the layers of an earlier build of
    the same content, whoever checked it out when.

    Raises:
        ClusterError: An input is not there.
    """
    for name in names:
        source = context / name
        if source.is_dir():
            shutil.copytree(source, target / name, ignore=shutil.ignore_patterns(*_LEFT_OUT), dirs_exist_ok=True)
        elif source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / name)
        else:
            raise ClusterError(f"{source} is not there, and the image is made of it: correct `inputs` or add the file.")
    identity: list[str | bytes] = []
    for path in sorted([target, *target.rglob("*")]):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (0, 0))
        identity += [str(path.relative_to(target)), oct(path.stat().st_mode)]
        identity += [path.read_bytes()] if path.is_file() else []
    return identity
