"""The whole way: a boosted pipeline that went bad is fitted again, and the evaluation prefers the new one."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from modelmonitor.api.job import Contender
from modelmonitor.api.result import Comparison
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.models import load_model
from modelmonitor.training.contract import Budget, Choices, Format
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, write
from tests.unit.training.orders import order, run

CITIES = ("Graz", "Linz", "Wien")
TURN = date(2013, 2, 1)
"""From this day on rain delays the other cities."""


def rides(day: date, rows: int = 400) -> dict[str, Any]:
    """Rides of a day: a city, rain with gaps, the hour; late or not."""
    random = np.random.default_rng(day.toordinal())
    city = random.integers(0, 3, rows)
    rain = random.gamma(1, 2, rows)
    hour = random.integers(0, 24, rows)
    wet = np.asarray([-1.0, 0.0, 2.0] if day < TURN else [2.0, 0.0, -1.0])[city]
    chance = 1 / (1 + np.exp(-(wet * (rain - 2) + (np.abs(hour - 8) < 2) - 1)))
    start = np.datetime64(datetime(day.year, day.month, day.day, 5), "us")
    return {
        "at": start + (np.arange(rows) * 200_000_000).astype("timedelta64[us]"),
        "city": pa.array([CITIES[number] for number in city]),
        "rain": np.where(random.random(rows) < 0.05, np.nan, rain),
        "hour": hour,
        "late": np.where(random.random(rows) < chance, "yes", "no"),
    }


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rides")
    for number in range(29):
        day = FIRST + timedelta(days=number)
        write(folder / "data", day, rides(day))
    past = pd.concat([pa.table(rides(date(2013, 1, 1) + timedelta(days=number))).to_pandas() for number in range(14)])
    encoded = ColumnTransformer(
        [("city", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["city"])],
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    pipeline = make_pipeline(encoded, HistGradientBoostingClassifier(max_iter=30))
    models.save(pipeline.fit(past[["city", "rain", "hour"]], past["late"]), folder / "champion")
    return folder


MONITORED: dict[str, Any] = {
    "model": {"positiveClass": "yes"},
    "columns": {"label": "late", "score": None},
    "metrics": [{"name": "f1", "min": 0.3}, {"name": "roc_auc", "min": 0.5}],
}
THREE_WEEKS: dict[str, Any] = {"end": datetime(2013, 2, 25, 5, tzinfo=UTC)}


@pytest.mark.parametrize("format_", list(Format))
def test_a_model_that_went_bad_is_replaced_by_its_own_pipeline_fitted_again(world: Path, format_: Format) -> None:
    space = {
        "histgradientboostingclassifier__max_leaf_nodes": {"randint": [4, 32]},
        "histgradientboostingclassifier__learning_rate": {"loguniform": [0.02, 0.3]},
    }
    choices = Choices(format=format_, space=space, budget=Budget(candidates=3, folds=2))
    uri = str(world / format_)
    trained = run(order(world, output_uri=uri, choices=choices, monitored=MONITORED, **THREE_WEEKS))
    assert trained.trained_through < "2013-02-25T05:00:00Z"

    new = load_model(uri, {})
    assert (new.columns, new.classes) == (("city", "rain", "hour"), ("no", "yes"))
    contender = Contender(uri=uri, trained_through=datetime.fromisoformat(trained.trained_through))
    given = input_for(
        world / "data",
        index=3,
        champion=str(world / "champion"),
        contender=contender,
        predictions=LOADED,
        **MONITORED,
    )
    result = evaluate(given, environ={}, now=NOW, progress=lambda line: None)
    assert result.comparison is not None
    assert result.comparison.verdict is Comparison.BETTER
    assert result.candidate is not None
    assert result.candidate.digest == new.digest
    # What the training said of itself was about right, and no more was asked of it.
    assert trained.metrics["f1"] == pytest.approx(result.comparison.candidate, abs=0.05)
    assert trained.metrics["champion.f1"] == pytest.approx(result.comparison.champion, abs=0.05)


def test_the_card_of_a_real_training(world: Path) -> None:
    uri = str(world / "card")
    run(
        order(
            world,
            output_uri=uri,
            monitored=MONITORED,
            monitor="rides",
            reason="a window failed (2013-02-04)",
            window=(THREE_WEEKS["end"] - timedelta(days=7), THREE_WEEKS["end"]),
            **THREE_WEEKS,
        )
    )
    card = (world / "card" / "model-card.md").read_text()
    lines = card.splitlines()
    assert lines[0] == "# rides, trained through 2013-02-25T03:10:00Z"
    for line in (
        "| Trained because | a window failed (2013-02-04) |",
        "| Window | 2013-02-18T05:00:00Z to 2013-02-25T05:00:00Z |",
        "| Rows | 8,400 with a label |",
        "| `city` | string | 0.0% |",
        "| `hour` | int64 | 0.0% |",
        "| parameter histgradientboostingclassifier__random_state | None | 0 |",
        "| Seed | 0 |",
    ):
        assert line in lines
    (rain,) = (line for line in lines if line.startswith("| `rain` |"))
    assert rain.startswith("| `rain` | double | ")
    assert not rain.endswith("| 0.0% |")


def test_the_same_rows_give_the_same_boosted_model(world: Path) -> None:
    digests = set()
    for name in ("one", "other"):
        run(order(world, output_uri=str(world / name), monitored=MONITORED, **THREE_WEEKS))
        digests.add(load_model(str(world / name), {}).digest)
    assert len(digests) == 1
    assert joblib.load(world / "one" / "model.joblib")[-1].n_iter_ == 30
