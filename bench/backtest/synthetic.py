"""The years of the drift family under each policy."""

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import joblib
import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

from bench.backtest import drift
from bench.backtest.memory import RememberingEvaluator, RememberingTrainer
from bench.backtest.policies import Lived, Past, delay, false_trips, policies
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.backtest.measuring import OnFiles
from modelmonitor.evaluation.limits import UNLIMITED
from modelmonitor.evaluation.local import Manifest

OBJECTIVE: Final = 0.60
"""The model has F1 0.625 on the days for which it was made; a week's value varies by 0.022 around it."""
_NOW: Final = datetime(2020, 1, 1, tzinfo=UTC)
_YEAR: Final = timedelta(days=365.2425)
POLICIES: Final = policies(monthly=4)


@dataclass(frozen=True, slots=True)
class Year:
    """One year under one policy."""

    kind: str
    policy: str
    mean: float
    """Mean F1 of what served."""
    false_trips: int
    quiet_years: float
    """For how long nothing had changed."""
    delay_days: float | None
    """From the change to the first trip."""
    trainings: int
    promotions: int
    rollbacks: int


@dataclass(frozen=True, slots=True)
class _Fits:
    """Logistic regression on the days that it was told to take."""

    data: Path
    name: str = "logistic regression"

    def train(self, environment: Mapping[str, str]) -> str:
        begin, end = (datetime.fromisoformat(environment[f"MODELMONITOR_TRAIN_{edge}"]) for edge in ("START", "END"))
        uri = fit(self.data, begin, end, Path(environment["MODELMONITOR_OUTPUT_URI"]))
        return json.dumps({"modelUri": uri, "trainedThrough": environment["MODELMONITOR_TRAIN_END"]})


def fit(data: Path, begin: datetime, end: datetime, target: Path) -> str:
    """Fit a model on the rows of [begin, end)."""
    rows = pl.scan_parquet(data / "**/*.parquet").filter(pl.col("at").is_between(begin, end, closed="left")).collect()
    target.mkdir(parents=True)
    model = LogisticRegression().fit(rows.select("x1", "x2").to_pandas(), rows["label"].to_numpy())
    joblib.dump(model, target / "model.joblib")
    return str(target)


def manifest(data: Path) -> Manifest:
    """What a person would write."""
    body: dict[str, Any] = {
        "model": {"serving": {"seldonDeployment": {"name": "turning", "node": "classifier"}}},
        "data": {
            "current": {"files": {"uri": str(data), "partitioning": "Hive"}},
            "columns": {"timestamp": "at", "label": "label"},
            "predictions": {"model": {}},
        },
        "windows": {"length": "7d", "every": "7d", "start": str(drift.FIRST)},
        "schedule": {"interval": "1h"},
        "metrics": [{"name": "f1", "min": OBJECTIVE}],
        "verdict": {"failuresToTrip": 2, "falseAlarmsPerYear": 0.5},
        "retrain": {
            "jobTemplate": {"spec": {"template": {}}},
            "trainingWindow": "28d",
            "outputUri": "s3://models/",
            "cooldown": "1d",
            "maxAttempts": 5,
        },
    }
    return Manifest("turning", "bench", ModelMonitorSpec.model_validate(body))


def live(kind: drift.Kind, seed: int) -> list[Year]:
    """One year under each policy."""
    with tempfile.TemporaryDirectory(prefix="bench-backtest-") as name:
        folder = Path(name)
        data = folder / "data"
        drift.write(kind, seed, data)
        first = datetime.combine(drift.FIRST, datetime.min.time(), UTC)
        champion = fit(data, first - timedelta(days=drift.BEFORE), first, folder / "champion")
        past = Past(
            manifest(data),
            champion,
            RememberingEvaluator(OnFiles(champion, {}, UNLIMITED, lambda _: None)),
            RememberingTrainer(_Fits(data), folder / "trained"),
            drift.change_of(kind, seed),
            folder / "scratch",
            _NOW,
        )
        return [_year(kind, past, policy.name, policy.live(past)) for policy in POLICIES]


def _year(kind: drift.Kind, past: Past, policy: str, lived: Lived) -> Year:
    waited = delay(lived, past)
    quiet = timedelta(weeks=drift.WEEKS) if past.change is None else past.change - drift.FIRST
    return Year(
        kind=kind.name,
        policy=policy,
        mean=float(np.mean(lived.qualities)),
        false_trips=false_trips(lived, past),
        quiet_years=quiet / _YEAR,
        delay_days=None if waited is None else waited / timedelta(days=1),
        trainings=lived.trainings,
        promotions=lived.promotions,
        rollbacks=lived.rollbacks,
    )
