"""What was measured, as it is kept in bench/results.json."""

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).resolve().parent.parent / "results.json"


@dataclass(frozen=True, slots=True)
class Series:
    """The same thing measured several times, interleaved with everything else."""

    values: tuple[float, ...]

    @property
    def best(self) -> float:
        """The least: what the machine can do when nothing else wants it."""
        return min(self.values)

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)


@dataclass
class Results:
    """One run of `make bench-engine`; names of series are `<who>/<what>`, in seconds or bytes."""

    machine: dict[str, str]
    command: str
    date: str
    rows: int
    larger: tuple[int, ...]
    abilities: tuple[str, ...]
    series: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Note one measurement."""
        self.series.setdefault(name, []).append(value)

    def get(self, name: str) -> Series | None:
        """A series; None when it was not measured."""
        found = self.series.get(name)
        return Series(tuple(found)) if found else None

    def ratio(self, over: str, under: str) -> float | None:
        """Best over best; None when one was not measured."""
        one, other = self.get(over), self.get(under)
        return one.best / other.best if one and other else None

    def save(self, path: Path = FILE) -> None:
        """Write the file."""
        path.write_text(json.dumps(asdict(self), indent=1) + "\n")

    @classmethod
    def load(cls, path: Path = FILE) -> "Results":
        """Read the file."""
        raw: dict[str, Any] = json.loads(path.read_text())
        return cls(**(raw | {"larger": tuple(raw["larger"]), "abilities": tuple(raw["abilities"])}))
