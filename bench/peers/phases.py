"""Seconds of each phase of a peer's run, printed as one JSON object. Standard library only: it runs in every peer."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final


class Phases:
    """A stopwatch with named phases."""

    def __init__(self) -> None:
        self._seconds: Final[dict[str, float]] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a phase."""
        began = time.perf_counter()
        yield
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - began

    def print(self, **more: object) -> None:
        """Print seconds by phase, and whatever else was found, as the last line."""
        print(json.dumps({"seconds": self._seconds, **more}), flush=True)
