"""On what something was measured."""

import os
import platform
import subprocess
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

from bench.environments import LOCKS, ROOT

_OURS = ("numpy", "polars", "pyarrow", "pydantic")


def described() -> dict[str, str]:
    """Processor, memory, system, versions of ours and of the peers, and the commit."""
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{os.cpu_count()} × {cpu.partition(':')[2].strip()}, {memory:.0f} GiB",
        "system": f"Linux {platform.release()}, Python {platform.python_version()}",
        "ours": ", ".join(f"{name} {version(name)}" for name in _OURS),
        "evidently": _locked("evidently", ("evidently", "pandas", "numpy")),
        "nannyml": _locked("nannyml", ("nannyml", "pandas", "numpy")),
        "commit": commit(),
        "load": f"{os.getloadavg()[0]:.1f} at the start",
    }


def commit() -> str:
    """The commit, with a word when the tree has changes beside it."""
    asked = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, check=False)
    return asked.stdout.decode().strip() or "unknown"


def _locked(lock: str, names: Iterable[str]) -> str:
    pins = (line.split()[0].split("==") for line in LOCKS[lock].read_text().splitlines() if "==" in line[:80])
    known = {pin[0]: pin[1] for pin in pins if len(pin) == 2}
    return ", ".join(f"{name} {known[name]}" for name in names)
