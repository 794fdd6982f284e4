"""Where the benches keep what is made anew or downloaded: data, peers' environments, peers' results. Never in the tree.

Standard library only: the runner that measures children must stay small (see `child.py`).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
LOCKS: Final = {
    "evidently": ROOT / "bench/peers/evidently.lock",
    "nannyml": ROOT / "bench/peers/nannyml.lock",
    "pictures": ROOT / "bench/trust/pictures.lock",
}


def cache() -> Path:
    """`$MODELMONITOR_CACHE`, by default `~/.cache/modelmonitor`, as the Makefile has it."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("MODELMONITOR_CACHE") or Path(base) / "modelmonitor")


def python_of(name: str) -> Path:
    """The interpreter of an environment of its own, installed from its lock file when it is not there yet."""
    lock = LOCKS[name]
    target = cache() / "bench" / f"venv-{name}-{key_of(lock.read_text(), sys.version)}"
    if not (target / "complete").exists():
        print(f"{name}: installing bench's {lock.name} into {target} …", flush=True)
        shutil.rmtree(target, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
        pip = [str(target / "bin/pip"), "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(lock)], check=True)
        (target / "complete").touch()
    return target / "bin/python"


def key_of(*parts: str) -> str:
    """A short key of some texts, for names in the cache."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def environ() -> dict[str, str]:
    """The environment of whatever is measured: as users have it.

    OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE, where a machine sets them, choose slower kernels than numpy would. One
    thread count for all: none is set.
    """
    hidden = {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"PYTHONPATH": f"{ROOT / 'operator'}:{ROOT}"}
