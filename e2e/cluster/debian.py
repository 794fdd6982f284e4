"""The Debian root with Python that images are built on, made by mmdebstrap.

It stands where `python:3.11-slim-bookworm` stands when there is a registry: `python`, `pip` and `venv` work, pip may
install outside a virtual environment. It takes the release and the package sources of the machine itself.
"""

import platform
import re
import tempfile
from pathlib import Path
from typing import Final

from e2e.cluster.errors import ClusterError
from e2e.cluster.oci import Layout
from e2e.cluster.progress import Progress

PACKAGES: Final = ("ca-certificates", "libgomp1", "python3", "python3-pip", "python3-venv")
# What official Python images have and Debian's own Python has not, or the other way round.
_ADJUST: Final = (
    'ln -s python3 "$1/usr/bin/python"',
    'rm -f "$1"/usr/lib/python3*/EXTERNALLY-MANAGED',
    ': > "$1/etc/pip.conf"',  # a place to mount the machine's settings on while building
)
_LEAVE_OUT: Final = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*")
_PATH: Final = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def recipe() -> tuple[str, ...]:
    """Everything the root depends on; hashed into the base image's tag."""
    return (_codename(), platform.machine(), *PACKAGES, *_ADJUST, *_LEAVE_OUT)


def make_root(name: str, layout: Layout, progress: Progress) -> None:
    """Make the root and add it to the layout under this name."""
    hooks = [f"--customize-hook={line}" for line in _ADJUST]
    slim = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEAVE_OUT]
    with tempfile.TemporaryDirectory(prefix="modelmonitor-root-") as scratch:
        root = Path(scratch) / "root.tar"
        packages = f"--include={','.join(PACKAGES)}"
        with progress.step(f"making a Debian {_codename()} root with Python (once)") as step:
            step.run(
                ["mmdebstrap", "--variant=minbase", packages, *hooks, *slim, _codename(), root],
                advice="The machine's apt sources must be reachable.",
            )
            layout.add_single_layer(name, root, {"Cmd": ["python3"], "Env": [_PATH]})


def _codename() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)
    if not found:
        raise ClusterError("/etc/os-release names no VERSION_CODENAME: images are built on a Debian or Ubuntu machine.")
    return found[1]
