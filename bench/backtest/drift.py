"""A family of years in which the world turns, or does not: rows by day, as Parquet files, from a seed.

A row's features say x ~ N(0, I) in two dimensions, and the label is 1 with the chance
1 / (1 + exp(0.8 - (1.5 + v) (x1 cos a + x2 sin a) - u)). The angle a is the concept: 0 when the model was trained, and
what it has learned is worth less the further the world has turned. u and v make each day a little different from the
mean day, as in bench/trust: first-order autoregressions with correlation 0.3 from one day to the next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

FIRST: Final = date(2013, 1, 7)
"""The first day that is judged, a Monday."""
BEFORE: Final = 56
"""So many days before it the model was trained on."""
WEEKS: Final = 52
ROWS: Final = 300
"""A day."""
_SHARED, _LASTING = 0.35, 0.3
_EARLIEST, _SPREAD = 112, 28


@dataclass(frozen=True, slots=True)
class Kind:
    """How the world turns: degrees by days since the change, from 0 on."""

    name: str
    said: str
    degrees: Callable[[int], float]
    changes: bool = True


def _never(_: int) -> float:
    return 0.0


def _at_once(_: int) -> float:
    return 40.0


def _slowly(day: int) -> float:
    return 60.0 * min(1.0, day / 140)


def _back_and_forth(day: int) -> float:
    return 45.0 if day // 56 % 2 == 0 else 0.0


KINDS: Final = (
    Kind("none", "nothing changes", _never, changes=False),
    Kind("abrupt", "from one day to the next, by 40°", _at_once),
    Kind("gradual", "within 20 weeks, by 60°", _slowly),
    Kind("recurring", "by 45°, and back and forth every 8 weeks", _back_and_forth),
)


def change_of(kind: Kind, seed: int) -> date | None:
    """The day on which the world begins to turn: in the 17th to 20th week, by the seed."""
    if not kind.changes:
        return None
    random = np.random.default_rng((seed, 1))
    return FIRST + timedelta(days=_EARLIEST + int(random.integers(_SPREAD)))


def write(kind: Kind, seed: int, folder: Path) -> None:
    """Write the days before and the year, and the first day after it, by which the last window closes."""
    random = np.random.default_rng((seed, 2))
    change = change_of(kind, seed)
    state = random.normal(size=2)
    for number in range(-BEFORE, 7 * WEEKS + 1):
        day = FIRST + timedelta(days=number)
        since = -1 if change is None else (day - change).days
        angle = np.radians(kind.degrees(since) if since >= 0 else 0.0)
        more, steeper = state * (_SHARED, 0.6 * _SHARED)
        path = folder / f"date={day}" / "rows.parquet"
        path.parent.mkdir(parents=True)
        pl.DataFrame(_rows(random, day, float(angle), more, steeper)).write_parquet(path)
        state = _LASTING * state + np.sqrt(1 - _LASTING**2) * random.normal(size=2)


def _rows(random: np.random.Generator, day: date, angle: float, more: float, steeper: float) -> dict[str, Any]:
    x = random.normal(size=(ROWS, 2))
    said = x @ (np.cos(angle), np.sin(angle))
    chance = 1 / (1 + np.exp(0.8 - (1.5 + steeper) * said - more))
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    times = [midnight + number * timedelta(days=1) / ROWS for number in range(ROWS)]
    return {"at": times, "x1": x[:, 0], "x2": x[:, 1], "label": (random.random(ROWS) < chance).astype(np.int64)}
