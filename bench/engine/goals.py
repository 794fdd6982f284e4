"""The numbers to reach, in one table; `make bench-check` says which of them bench/results.json misses.

    python -m bench.engine.goals [FILE]

It measures nothing: a check that measures anew would pass or fail with the machine's mood. Run `make bench-engine` on
a quiet machine first. What was not measured, or not at full size, is missed.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.engine.results import FILE, Results

FULL: Final = 1_000_000
LARGER: Final = (10_000_000, 50_000_000)
BOTH: Final = "drift and quality"


@dataclass(frozen=True, slots=True)
class Goal:
    """A ratio, and between what it must lie."""

    name: str
    value: Callable[[Results], float | None]
    low: float = 0.0
    high: float = float("inf")

    def met(self, results: Results) -> bool:
        """Whether it was measured and reached."""
        found = self.value(results)
        return found is not None and self.low <= found <= self.high

    @property
    def wanted(self) -> str:
        """What is wanted, in words."""
        if self.low and self.high < float("inf"):
            return f"{self.low:g} to {self.high:g}"
        return f"at least {self.low:g}" if self.low else f"at most {self.high:g}"


def _ratio(over: str, under: str) -> Callable[[Results], float | None]:
    return lambda results: results.ratio(over, under)


def _memory(rows: int) -> Callable[[Results], float | None]:
    return _ratio(f"ours/{BOTH}, {rows} rows/peak", f"ours/{BOTH}/peak")


def _import(results: Results) -> float | None:
    found = results.get("ours/import")
    return found.best if found else None


GOALS: Final = (
    Goal("evaluation over the read by Polars", _ratio(f"ours/{BOTH}/computation", "polars/read"), high=3),
    Goal("NannyML over ours, computation", _ratio("nannyml/computation", f"ours/{BOTH}/computation"), low=20),
    Goal("Evidently over ours, computation", _ratio("evidently/computation", f"ours/{BOTH}/computation"), low=150),
    Goal("NannyML over ours, whole command", _ratio("nannyml/command", f"ours/{BOTH}/command"), low=6),
    Goal("Evidently over ours, whole command", _ratio("evidently/command", f"ours/{BOTH}/command"), low=40),
    *(Goal(f"peak memory at {rows:,} rows over 1,000,000", _memory(rows), low=0.8, high=1.2) for rows in LARGER),
    Goal("imports of the evaluator, seconds", _import, high=0.7),
)


def missed(results: Results) -> list[str]:
    """A line for each goal that is missed."""
    lines = []
    if results.rows != FULL:
        lines.append(f"not at full size: measured with {results.rows:,} rows, the goals are for {FULL:,}")
    for goal in GOALS:
        if not goal.met(results):
            found = goal.value(results)
            lines.append(f"{goal.name}: {'not measured' if found is None else f'{found:.2f}'}, wanted {goal.wanted}")
    return lines


def main() -> int:
    """Print each goal that is missed; 1 when there is one."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    if not path.exists():
        print(f"{path.name} is not there: run `make bench-engine` first")
        return 1
    results = Results.load(path)
    print(f"measured {results.date} by `{results.command}`")
    lines = missed(results)
    for line in lines:
        print(f"MISSED  {line}")
    print(f"{len(GOALS) - sum(not goal.met(results) for goal in GOALS)} of {len(GOALS)} goals reached")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
