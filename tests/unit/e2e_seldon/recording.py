"""Read a recording of the real operator: what changed, in the order it was seen.

One JSON object a line; `t` is the time, a later line of the same object leaves out the fields that did not change.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "data" / "seldon"

Json = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """An object as it was after one event; `fields` has those that were seen earlier too."""

    at: float
    event: str
    kind: str
    name: str
    fields: Json

    @property
    def time(self) -> datetime:
        return datetime.fromtimestamp(self.at, UTC)


@dataclass(frozen=True)
class Recording:
    """All changes, and the marks: what the person who recorded did, by time."""

    changes: tuple[Change, ...]
    marks: tuple[tuple[float, str], ...]

    def of(self, kind: str, name: str | None = None) -> list[Change]:
        return [c for c in self.changes if c.kind == kind and name in (None, c.name)]

    def marked(self, words: str) -> float:
        """When a mark was set that has these words."""
        return next(at for at, mark in self.marks if words in mark)


def load(name: str, folder: Path = FOLDER) -> Recording:
    lines = [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]
    return Recording(
        changes=tuple(_changes(lines)),
        marks=tuple((line["t"], line["mark"]) for line in lines if "mark" in line),
    )


def _changes(lines: list[Json]) -> Iterator[Change]:
    seen: dict[tuple[str, str], Json] = {}
    for line in lines:
        if line.get("kind") not in {"SeldonDeployment", "Deployment", "Service"}:
            continue
        key = line["kind"], line["name"]
        seen[key] = {**seen.get(key, {}), **line}
        yield Change(line["t"], line["ev"], line["kind"], line["name"], seen[key])
