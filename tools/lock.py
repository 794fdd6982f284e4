"""Lock the dependencies of pyproject.toml into requirements/*.lock: versions and hashes, no addresses."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The evaluator's image reads every format of models.
EXTRAS = {"operator": ("operator",), "evaluator": ("evaluator", "models"), "dev": ("dev",)}


def main() -> int:
    """Run `uv pip compile` for each lock; uv is found on the PATH (`pip install uv`)."""
    for name, extras in EXTRAS.items():
        command = ["uv", "pip", "compile", "--quiet", "pyproject.toml", "--python-version", "3.11"]
        command += [f"--extra={extra}" for extra in extras]
        command += ["--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header"]
        command += ["--no-emit-package", "modelmonitor", "--upgrade", "-o", f"requirements/{name}.lock"]
        subprocess.run(command, cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
