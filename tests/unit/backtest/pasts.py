"""Small pasts: weeks of rows from `FIRST` on, and a model that was good before them."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import joblib
import polars as pl
from sklearn.linear_model import LogisticRegression

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.backtest.measuring import OnFiles
from modelmonitor.backtest.run import Order, backtest
from modelmonitor.backtest.story import Story
from modelmonitor.backtest.trainers import Trainer
from modelmonitor.evaluation.limits import UNLIMITED
from modelmonitor.evaluation.local import Manifest
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, NOW, rows_of_day, write

WEEK: Final = timedelta(days=7)
ROWS: Final = 120
"""A day."""


def week(number: int) -> date:
    """The first day of a week, and so of a window."""
    return FIRST + number * WEEK


def rows_of(day: date, *, turned: bool, rows: int = ROWS) -> dict[str, Any]:
    """A day; in a world that has turned, x means the opposite, and the scores that were logged are the old model's."""
    found = rows_of_day(day, rows)
    return found | {"x": -found["x"], "score": 1 - found["score"], "said": 1 - found["said"]} if turned else found


def write_weeks(folder: Path, weeks: int, turned: Collection[int] = (), rows: int = ROWS) -> None:
    """Whole weeks and the first day after them, whose rows close the last; in some of them the world has turned."""
    for number in range(7 * weeks + 1):
        day = FIRST + timedelta(days=number)
        write(folder, day, rows_of(day, turned=number // 7 in turned, rows=rows))


def body(**changes: Any) -> dict[str, Any]:
    """A spec as a person writes it; sections are merged."""
    spec: dict[str, Any] = {
        "model": {"serving": {"seldonDeployment": {"name": "clicks", "node": "classifier"}}},
        "data": {
            "current": {"files": {"uri": "data", "partitioning": "Hive"}},
            "columns": {"timestamp": "at", "label": "label", "score": "score"},
            "predictions": {"model": {}},
        },
        "windows": {"length": "7d", "every": "7d", "timeZone": "America/New_York", "origin": "2013-02-04"},
        "schedule": {"interval": "1h"},
        "metrics": [{"name": "f1", "min": 0.5}],
        "verdict": {"failuresToTrip": 2},
        "retrain": {
            "jobTemplate": {"spec": {"template": {}}},
            "trainingWindow": "14d",
            "outputUri": "s3://models/clicks/",
        },
    }
    for section, value in changes.items():
        merged = isinstance(value, dict) and isinstance(spec.get(section), dict)
        spec[section] = {**spec[section], **value} if merged else value
    return {name: value for name, value in spec.items() if value is not None}


@dataclass
class Refits:
    """A trainer in this process: logistic regression on the rows that it was told to take."""

    data: Path
    name: str = "refits"
    asked: list[Mapping[str, str]] = field(default_factory=list)

    def train(self, environment: Mapping[str, str]) -> str:
        self.asked.append(dict(environment))
        begin, end = (
            datetime.fromisoformat(environment[f"MODELMONITOR_TRAIN_{edge}"]).replace(tzinfo=None)
            for edge in ("START", "END")
        )
        known = pl.read_parquet(self.data / "**/*.parquet").filter(
            pl.col("at").is_between(begin, end, closed="left") & pl.col("label").is_not_null()
        )
        estimator = LogisticRegression().fit(known.select("x", "y").to_pandas(), known["label"].to_numpy())
        return handed(environment, estimator)


@dataclass(frozen=True)
class Makes:
    """A trainer that makes always the same thing."""

    make: Callable[[Path], str]
    name: str = "makes"

    def train(self, environment: Mapping[str, str]) -> str:
        return json.dumps({"modelUri": self.make(Path(environment["MODELMONITOR_OUTPUT_URI"]))})


def handed(environment: Mapping[str, str], estimator: Any) -> str:
    """Save a model where it belongs, and what a trainer then says."""
    folder = Path(environment["MODELMONITOR_OUTPUT_URI"])
    folder.mkdir(parents=True)
    joblib.dump(estimator, folder / "model.joblib")
    return json.dumps({"modelUri": str(folder), "trainedThrough": environment["MODELMONITOR_TRAIN_END"]})


def lived(
    folder: Path,
    trainer: Trainer | None = None,
    *,
    champion: str | None = None,
    first: date | None = None,
    last: date | None = None,
    drift_at: date | None = None,
    **changes: Any,
) -> Story:
    """The backtest of the data in `folder`/data with the good model in `folder`/champion."""
    spec = body(**changes)
    spec["data"]["current"] = {"files": spec["data"]["current"]["files"] | {"uri": str(folder / "data")}}
    if champion is None:
        champion = models.good(folder / "champion")
    scratch = folder / "scratch"
    return backtest(
        Order(
            Manifest("clicks", "shop", ModelMonitorSpec.model_validate(spec)),
            champion,
            trainer,
            first=first,
            last=last,
            drift_at=drift_at,
        ),
        OnFiles(champion, {}, UNLIMITED, lambda _: None),
        environ={},
        now=NOW,
        scratch=scratch,
        say=lambda _: None,
    )


def happened(story: Story) -> list[tuple[int, str]]:
    """What happened, each with the number of the window with which it stands."""
    return [(told.window.index, str(event.what)) for told in story.windows for event in told.events]


def verdicts(story: Story) -> str:
    """The first letters of the verdicts."""
    return "".join(told.verdict[0] for told in story.windows)
