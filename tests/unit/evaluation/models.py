"""Real scikit-learn models for the small worlds of `worlds`."""

from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import joblib
import pandas as pd
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.unit.evaluation.worlds import FIRST, rows_of_day

BEFORE: Final = [FIRST - timedelta(days=number) for number in range(1, 15)]


def past() -> pd.DataFrame:
    """Rows of the two weeks before the world begins."""
    return pd.concat([pd.DataFrame(rows_of_day(day)) for day in BEFORE])


def save(estimator: Any, folder: Path) -> str:
    """Write a model as its URI."""
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(estimator, folder / "model.joblib")
    return str(folder)


def good(folder: Path) -> str:
    """A model that has learned what there is to learn."""
    rows = past()
    return save(make_pipeline(StandardScaler(), LogisticRegression()).fit(rows[["x", "y"]], rows["label"]), folder)


def blind(folder: Path) -> str:
    """A model that only looks at the column that says nothing."""
    rows = past()
    return save(LogisticRegression(class_weight="balanced").fit(rows[["y"]], rows["label"]), folder)


def without_probabilities(folder: Path) -> str:
    """A model that gives classes and no scores."""
    rows = past()
    return save(RidgeClassifier().fit(rows[["x"]], rows["label"]), folder)
