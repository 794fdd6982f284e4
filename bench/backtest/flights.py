"""The flights of 2013 under each policy, and the monitor with other values in its manifest."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import StringIO
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import joblib
import polars as pl
import yaml
from rich.console import Console
from sklearn.model_selection import GroupKFold, cross_val_predict

from bench.backtest.memory import RememberingEvaluator, RememberingTrainer
from bench.backtest.policies import Lived, Past, policies
from bench.environments import ROOT
from e2e.demo.flights import data, model
from modelmonitor.api.job import EvaluationInput, Role
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.result import MetricResult, Window
from modelmonitor.api.status import AttemptOutcome
from modelmonitor.backtest.measuring import OnFiles
from modelmonitor.backtest.run import Order, backtest
from modelmonitor.backtest.story import Story
from modelmonitor.backtest.trainers import CommandTrainer
from modelmonitor.cli.show_backtest import show
from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.limits import UNLIMITED
from modelmonitor.evaluation.local import Manifest

_NOW: Final = datetime(2020, 1, 1, tzinfo=UTC)
_MANIFEST: Final = ROOT / "e2e/demo/manifests/modelmonitor.yaml"
JANUARY: Final = (date(2013, 1, 1), date(2013, 2, 1))
NEW_YORK: Final = ZoneInfo(data.TIME_ZONE)
WEEKLY: Final[dict[str, Any]] = {
    "windows": {"length": "7d", "every": "7d"},
    "verdict": {"failuresToTrip": 2},
    "metrics": [{"name": "f1", "min": 0.2, "minimumRows": 500}],
}
VARIANTS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("as it is", {}),
    *(
        (f"objective {one}", {"metrics": [{"name": "f1", "min": one, "minimumRows": 2000}]})
        for one in (0.1, 0.15, 0.25)
    ),
    ("2 failing windows to trip", {"verdict": {"failuresToTrip": 2}}),
    *((f"training {days} days", {"retrain": {"trainingWindow": f"{days}d"}}) for days in (28, 45, 90, 120)),
    *((f"{one:g} false alarms a year", {"verdict": {"falseAlarmsPerYear": one}}) for one in (0.1, 2.0)),
    ("gain of at least 0.05", {"challenger": {"minimumGain": 0.05}}),
    ("windows of 7 days, 2 to trip", WEEKLY),
)


@dataclass(frozen=True, slots=True)
class Tried:
    """The year under one manifest."""

    name: str
    story: Story

    def outcomes(self, what: AttemptOutcome) -> int:
        """How many attempts ended so."""
        return sum(event.what is what for event in self.story.events)


class Flights:
    """The year on disk, and January's model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        frame = data.flights()
        list(data.write_days(frame, folder / "data", date(2013, 1, 1), date(2014, 1, 1)))
        january = data.flights_of(frame, *JANUARY)
        (folder / "january").mkdir()
        joblib.dump(model.train(january), folder / "january" / "model.joblib")
        self.champion = str(folder / "january")
        self._january = january
        self.trainer = RememberingTrainer(CommandTrainer.shipped(os.environ), folder / "trained")

    def manifest(self, changes: Mapping[str, Any]) -> Manifest:
        """The demo's, on these files; sections are merged."""
        body: dict[str, Any] = yaml.safe_load(_MANIFEST.read_text())["spec"]
        files = {"uri": str(self.folder / "data"), "partitioning": "Hive"}
        body["data"]["current"] = {"files": files}
        # The demo's year passes in minutes.
        body["retrain"]["cooldown"] = "24h"
        for section, value in changes.items():
            merged = isinstance(value, dict)
            body[section] = {**body[section], **value} if merged else value
        return Manifest("flights", "bench", ModelMonitorSpec.model_validate(body))

    def january_by_itself(self) -> MetricResult:
        """January's F1 by five-fold cross-validation over whole days: all that is known before the first window."""
        known = self._january.drop_nulls(model.LABEL)
        days = known["date"].rank("dense").to_numpy()
        features, late = known.select(model.FEATURES).to_pandas(), known[model.LABEL].to_numpy()
        scores = cross_val_predict(
            model.pipeline(), features, late, groups=days, cv=GroupKFold(5), method="predict_proba"
        )
        target = self.folder / "crossed"
        target.mkdir()
        known.drop("date").with_columns(pl.Series("p", scores[:, 1])).write_parquet(target / "january.parquet")
        body = self.manifest({}).spec.model_dump(by_alias=True, mode="json", exclude_none=True)
        body["data"]["current"] = {"files": {"uri": str(target)}}
        body["data"]["columns"]["score"] = "p"
        body["data"]["predictions"] = {"column": {}}
        spec = ModelMonitorSpec.model_validate(body)
        first, end = (midnight(day, NEW_YORK) for day in JANUARY)
        given = EvaluationInput(
            monitor="flights",
            namespace="bench",
            evaluation="january",
            role=Role.CHAMPION,
            window=Window(index=0, start=first, end=end),
            closes=first,
            matures=end,
            champion=self.champion,
            model=spec.model,
            data=spec.data,
            windows=spec.windows,
            metrics=spec.metrics[:1],
            verdict=spec.verdict,
        )
        return evaluate(given, environ={}, now=_NOW, progress=lambda _: None).metrics[0]

    def tried(self, name: str, changes: Mapping[str, Any]) -> Tried:
        """The year under a changed manifest."""
        story = backtest(
            Order(self.manifest(changes), self.champion, self.trainer),
            OnFiles(self.champion, {}, UNLIMITED, lambda _: None),
            environ={},
            now=_NOW,
            scratch=self.folder / "scratch",
            say=lambda _: None,
        )
        return Tried(name, story)

    def shown(self, tried: Tried, width: int) -> str:
        """What the command prints."""
        out = Console(file=(text := StringIO()), width=width, no_color=True)
        show(out, tried.story, self.manifest({}).spec, NEW_YORK)
        return "\n".join(line.rstrip() for line in text.getvalue().rstrip().splitlines())

    def under_policies(self, changes: Mapping[str, Any], monthly: int) -> Iterator[tuple[str, Lived]]:
        """The year under each policy."""
        past = Past(
            self.manifest(changes),
            self.champion,
            RememberingEvaluator(OnFiles(self.champion, {}, UNLIMITED, lambda _: None)),
            self.trainer,
            None,
            self.folder / "scratch",
            _NOW,
        )
        return ((policy.name, policy.live(past)) for policy in policies(monthly))
