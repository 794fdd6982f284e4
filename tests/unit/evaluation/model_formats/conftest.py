import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from modelmonitor.evaluation.models import Model, load_model

ROWS = 240


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """Two numbers, a text, and labels that follow the first number: whole, in words, of three classes, a value."""
    random = np.random.default_rng(7)
    x, y = random.normal(size=(2, ROWS))
    value = 2 * x + random.normal(size=ROWS) * 0.3
    label = (value > 0).astype(np.int64)
    return pd.DataFrame(
        {
            "x": x,
            "y": y,
            "carrier": random.choice(["AA", "UA", "B6"], ROWS),
            "label": label,
            "word": np.where(label == 1, "late", "on time"),
            "three": np.digitize(value, [-1, 1]),
            "value": value,
        }
    )


@pytest.fixture(scope="session")
def batch(rows: pd.DataFrame) -> pa.RecordBatch:
    return pa.RecordBatch.from_pandas(rows, preserve_index=False)


Load = Callable[[], Model]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded() -> Model:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            return load_model(str(tmp_path), {})

    return loaded


def answers_of(model: Model, batch: pa.RecordBatch) -> tuple[Any, Any]:
    """Probabilities (None without) and predictions."""
    found = model.probabilities(batch, "here") if model.has_probabilities else None
    return found, model.predict(batch, "here")
