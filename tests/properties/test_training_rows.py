"""A training never sees a row outside of its window, however event times lie, and whatever else is asked of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.training.contract import Budget, Choices, Trained
from tests.unit.evaluation import models
from tests.unit.training.orders import order, run

ZERO = datetime(2013, 2, 4, tzinfo=UTC)
MINUTES = 60


def write(folder: Path, minutes: list[int], random: np.random.Generator) -> None:
    """Rows at these minutes, in two files, with their own time as a feature, so that a scaler remembers it."""
    at = np.datetime64("2013-02-04", "us") + np.asarray(minutes).astype("timedelta64[m]")
    table = pa.table(
        {
            "at": at,
            "minute": np.asarray(minutes, np.float64),
            "label": random.integers(0, 2, len(minutes)),
        }
    )
    half = len(minutes) // 2
    for number, part in enumerate((table.slice(0, half), table.slice(half))):
        (folder / "data").mkdir(parents=True, exist_ok=True)
        pq.write_table(part, folder / "data" / f"{number}.parquet", row_group_size=7)


@pytest.fixture(scope="module")
def champion(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("champion")
    rows = models.past().assign(minute=0.0)
    return models.save(make_pipeline(MinMaxScaler(), LogisticRegression()).fit(rows[["minute"]], rows["label"]), folder)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    minutes=st.lists(st.integers(-5, MINUTES + 5), min_size=30, max_size=80),
    start=st.integers(0, 20),
    length=st.integers(1, MINUTES),
    held_out=st.sampled_from([0.0, 0.2, 0.9]),
    searched=st.booleans(),
    seed=st.integers(0, 100),
)
def test_no_row_outside_of_the_training_window_is_ever_used(
    tmp_path_factory: pytest.TempPathFactory,
    champion: str,
    minutes: list[int],
    start: int,
    length: int,
    held_out: float,
    searched: bool,
    seed: int,
) -> None:
    folder = tmp_path_factory.mktemp("world")
    write(folder, minutes, np.random.default_rng(seed))
    space: dict[str, Any] = {"logisticregression__C": [0.1]} if searched else {}
    choices = Choices(held_out=held_out, minimum_rows=1, space=space, budget=Budget(candidates=1, folds=2))
    window = {"start": ZERO + timedelta(minutes=start), "end": ZERO + timedelta(minutes=start + length)}
    why = ""
    inside = [minute for minute in minutes if start <= minute < start + length]
    trained: Trained | None
    try:
        trained = run(
            order(
                folder,
                champion_uri=champion,
                choices=choices,
                monitored={"partitioning": "Flat", "columns": {"score": None}},
                **window,
            )
        )
    except EvaluationError as error:
        trained, why = None, error.reason
    if trained is None:
        assert why in ({"OneClassOnly", "SearchTooFewTimes"} if inside else {"NothingToTrainOn"})
        return
    scaler = joblib.load(folder / "new" / "model.joblib")[0]
    assert (scaler.data_min_[0], scaler.data_max_[0]) == (min(inside), max(inside))
    assert scaler.n_samples_seen_ == len(inside) == trained.metrics["rows"]
    assert datetime.fromisoformat(trained.trained_through) == ZERO + timedelta(minutes=max(inside)) < window["end"]
