"""End-to-end tests: a real Kubernetes (`e2e.cluster`) and what is run on it."""

import sys

# All of it starts with the system's Python, before any environment is made: say so before something fails to parse.
if sys.version_info < (3, 11):  # noqa: UP036
    raise SystemExit(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}: run it with a newer python3.")
