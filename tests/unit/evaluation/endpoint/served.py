"""The models that are served, the same each time: fitted here for the real MLServer and for its stand-in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

ALL: Final = ("x", "y", "n", "carrier", "wet")
TWO: Final = ("x", "y")


@dataclass(frozen=True)
class Served:
    """An estimator, and what stands in its model-settings.json."""

    estimator: Any
    columns: tuple[str, ...]
    settings: Mapping[str, Any] = field(default_factory=dict)


@cache
def rows() -> pd.DataFrame:
    """Numbers, whole numbers, a text, a boolean, and labels that follow the first number."""
    random = np.random.default_rng(7)
    x, y = random.normal(size=(2, 240)).round(4)
    value = (2 * x + random.normal(size=240) * 0.3).round(4)
    return pd.DataFrame(
        {
            "x": x,
            "y": y,
            "n": random.integers(0, 9, 240),
            "carrier": random.choice(["AA", "UA", "日本"], 240),
            "wet": random.random(240) > 0.5,
            "label": (value > 0).astype(np.int64),
            "word": np.where(value > 0, "late", "on time"),
            "three": np.digitize(value, [-1, 1]),
            "value": value,
        }
    )


def batch(names: tuple[str, ...] = ALL, first: int = 0, number: int = 240) -> pa.RecordBatch:
    """Some of the rows, as an evaluation has them."""
    return pa.RecordBatch.from_pandas(rows()[list(names)].iloc[first : first + number], preserve_index=False)


def batch_with_gaps(number: int = 8) -> pa.RecordBatch:
    """Rows of which each column misses one value."""
    whole = batch(number=number)
    gaps = [
        pa.array([None if row == place else value for row, value in enumerate(column.to_pylist())], column.type)
        for place, column in enumerate(whole.columns)
    ]
    return pa.RecordBatch.from_arrays(gaps, names=whole.schema.names)


def _table(estimator: Any, label: str) -> Served:
    """A model of a table: it must be sent columns with names, of their own types."""
    texts = OneHotEncoder(handle_unknown="ignore")
    prepared = make_column_transformer((texts, ["carrier"]), (SimpleImputer(), ["x", "y", "n", "wet"]))
    frame = rows()[list(ALL)].astype({"wet": float})
    return Served(make_pipeline(prepared, estimator).fit(frame, rows()[label]), ALL)


@cache
def models() -> Mapping[str, Served]:
    """By the names under which they are served."""
    two = rows()[list(TWO)]
    named = {
        "inputs": [{"name": name, "datatype": "FP64", "shape": [-1]} for name in TWO],
        "outputs": [{"name": "predict", "datatype": "INT64", "shape": [-1]}],
        "versions": ["v2", "v3"],
        "parameters": {"version": "v3"},
    }
    matrix = {"inputs": [{"name": "predict", "datatype": "FP32", "shape": [-1, 2]}]}
    scaled = make_pipeline(StandardScaler(), LogisticRegression())
    return {
        "whole": _table(LogisticRegression(), "label"),
        "words": _table(LogisticRegression(), "word"),
        "three": _table(LogisticRegression(), "three"),
        "value": _table(LinearRegression(), "value"),
        "classes": _table(RidgeClassifier(), "word"),
        "named": Served(scaled.fit(two, rows()["label"]), TWO, named),
        "matrix": Served(
            make_pipeline(StandardScaler(), LogisticRegression()).fit(two.to_numpy(), rows()["label"]), TWO, matrix
        ),
    }
