"""Small worlds of Parquet files, and the inputs with which they are evaluated."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.domain.windows import Grid, midnight, patience, slack
from modelmonitor.evaluation.times import microseconds

NEW_YORK: Final = ZoneInfo("America/New_York")
NOW: Final = datetime(2013, 12, 31, tzinfo=UTC)
FIRST: Final = date(2013, 2, 4)


def rows_of_day(day: date, rows: int = 60, *, seed: int = 0, skill: float = 1.0) -> dict[str, Any]:
    """A day of rows, evenly spread over New York's civil day: features x and y, score, class said, label.

    `skill` is how much the score knows of the label: 0 nothing, 1 as much as there is to know.
    """
    random = np.random.default_rng((seed, day.toordinal()))
    x, y = random.normal(size=(2, rows))
    chance = 1 / (1 + np.exp(-(2 * x - 1)))
    score = 1 / (1 + np.exp(-(skill * 2 * x - 1)))
    start, end = (microseconds(midnight(day + timedelta(days=k), NEW_YORK)) for k in (0, 1))
    return {
        "at": (start + np.arange(rows) * (end - start) // rows).astype("datetime64[us]"),
        "x": x,
        "y": y,
        "score": score,
        "said": (score >= 0.5).astype(np.int64),
        "label": (random.random(rows) < chance).astype(np.int64),
    }


def write(folder: Path, day: date, columns: dict[str, Any], name: str = "part.parquet") -> Path:
    """Write rows as the file of a day, the way Hive lays them out."""
    path = folder / f"date={day}" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


def write_days(folder: Path, days: int, **how: Any) -> None:
    """Write some days from `FIRST` on."""
    for number in range(days):
        day = FIRST + timedelta(days=number)
        write(folder, day, rows_of_day(day, **how))


LOGGED: Final[dict[str, Any]] = {"column": {}}
LOADED: Final[dict[str, Any]] = {"model": {}}


def input_for(
    folder: Path | str,
    *,
    metrics: list[dict[str, Any]] | None = None,
    columns: dict[str, Any] | None = None,
    predictions: dict[str, Any] | None = None,
    labels: dict[str, Any] | None = None,
    reference: dict[str, Any] | None = None,
    windows: dict[str, Any] | None = None,
    partitioning: str = "Hive",
    index: int = 0,
    champion: str = "/models/serving",
    contender: Contender | None = None,
    model: dict[str, Any] | None = None,
    **more: Any,
) -> EvaluationInput:
    """An input for window `index` of weeks from `FIRST` on, judged by logged scores unless said otherwise."""
    spec_windows = {"length": "7d", "every": "7d", "timeZone": "America/New_York", "origin": str(FIRST)} | (
        windows or {}
    )
    given = EvaluationInput.model_validate(
        {
            "monitor": "clicks",
            "namespace": "shop",
            "evaluation": "clicks-e-1",
            "role": "Champion" if contender is None else "Candidate",
            "window": {"index": index, "start": NOW, "end": NOW},
            "closes": NOW,
            "matures": NOW,
            "champion": champion,
            "contender": None if contender is None else contender.document(),
            "model": {"serving": {"seldonDeployment": {"name": "clicks", "node": "classifier"}}} | (model or {}),
            "data": {
                "current": {"files": {"uri": str(folder), "partitioning": partitioning}},
                "labels": labels or {},
                "reference": reference,
                "columns": {"timestamp": "at", "label": "label", "score": "score"} | (columns or {}),
                "predictions": predictions or LOGGED,
            },
            "windows": spec_windows,
            "metrics": metrics or [{"name": "f1", "min": 0.2}],
            "verdict": {},
        }
        | more
    )
    window = Grid.of(given.windows).window(index)
    return given.model_copy(
        update={
            "window": window,
            "closes": window.end + slack(given.windows, given.data.labels),
            "matures": window.end + patience(given.windows, given.data.labels),
        }
    )
