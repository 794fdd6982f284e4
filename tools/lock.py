"""Lock the dependencies of pyproject.toml into requirements/*.lock: versions and hashes, no addresses."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("operator", "evaluator", "dev")


def main() -> int:
    """Run `uv pip compile` for each extra; uv is found on the PATH (`pip install uv`)."""
    for extra in EXTRAS:
        command = ["uv", "pip", "compile", "--quiet", "pyproject.toml", "--extra", extra, "--python-version", "3.11"]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
        command += ["--no-emit-package", "modelmonitor", "--upgrade", "-o", f"requirements/{extra}.lock"]
        subprocess.run(command, cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
