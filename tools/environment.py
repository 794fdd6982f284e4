"""Make the development environment from the lock file, once per lock, outside the tree; link it as .venv.

Standard library only: this is what runs first on a bare machine.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main(target: Path) -> None:
    """Create `target` when it is not there yet, then point `.venv` at it."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: set PYTHON=… to another one.")
    if not (target / "complete").exists():
        _install(target)
    link = ROOT / ".venv"
    if link.is_symlink() or not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(target)


def _install(target: Path) -> None:
    started = time.monotonic()
    print(f"environment: installing requirements/dev.lock into {target} …", flush=True)
    # An environment that was cut off half-way has no marker and is made again: its paths are absolute, so it
    # cannot be built elsewhere and moved into place.
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
    pip = [str(target / "bin" / "pip"), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(ROOT / "requirements" / "dev.lock")], check=True)
    (target / "complete").touch()
    print(f"environment: ready after {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
