"""Run a command and measure it: seconds from start to end, and the most memory that it held.

Whoever calls this must itself be small and import nothing heavy: Linux counts what the parent held at the time of the
start into the child's ru_maxrss, so a parent of 500 MB makes every child look like 500 MB.
"""

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.environments import ROOT, environ


class ChildFailedError(RuntimeError):
    """A measured command ended with another exit code than it may."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command."""

    seconds: float
    """Wall time from the start of the process to its end, imports included."""
    peak_bytes: int
    """The largest resident size (ru_maxrss)."""
    said: dict[str, Any]
    """What it printed as the last line of its standard output, when that is a JSON object."""


def run(command: Sequence[str | Path], *, allowed: Collection[int] = (0,)) -> Run:
    """Run to the end.

    Raises:
        ChildFailedError: with the end of what it said, when the exit code is not one of `allowed`.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environ(), cwd=ROOT
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        said = out.read().decode(errors="replace")
        if process.returncode not in allowed:
            tail = (said + err.read().decode(errors="replace"))[-3000:]
            raise ChildFailedError(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{tail}")
    return Run(seconds, usage.ru_maxrss * 1024, _last_object(said))


def _last_object(said: str) -> dict[str, Any]:
    lines = said.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        return {}
    try:
        found = json.loads(lines[-1])
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
