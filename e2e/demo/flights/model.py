"""The demo's first model: will this flight arrive more than 15 minutes late? Trained on January, before departure.

    python -m e2e.demo.flights.model OUT_DIR [--from 2013-01-01] [--to 2013-02-01]

writes OUT_DIR/model.joblib: one scikit-learn Pipeline made of scikit-learn's own parts only, so that MLServer's
scikit-learn runtime, the evaluator and the shipped trainer can all load it (and clone it) without this file.
Its input is a pandas DataFrame with the columns of `FEATURES`, by name; `predict` answers int64 0 or 1 (the threshold
is 0.5), `predict_proba` the probabilities of both, shape (rows, 2).
"""

import argparse
from datetime import date
from pathlib import Path
from typing import Final

import joblib
import polars as pl
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from e2e.demo.flights.data import WEATHER, flights, flights_of

LABEL: Final = "late"
CATEGORIES: Final = ("carrier", "origin", "dest")
NUMBERS: Final = ("hour", "weekday", "distance", *WEATHER)
FEATURES: Final = (*CATEGORIES, *NUMBERS)


def pipeline() -> Pipeline:
    """The model before it has seen a flight."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    # A destination that opens in June is no error to a model of January; it just says nothing.
    categories = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("numbers", numbers, list(NUMBERS)), ("categories", categories, list(CATEGORIES))])
    return make_pipeline(columns, LogisticRegression(max_iter=1000))


def train(frame: pl.DataFrame) -> Pipeline:
    """Fits on the rows of `frame` whose label is known; the others cannot teach anything."""
    known = frame.filter(pl.col(LABEL).is_not_null())
    return pipeline().fit(known.select(FEATURES).to_pandas(), known[LABEL].to_numpy())


def main() -> None:
    """Trains on the days of [from, to) and writes the model."""
    parser = argparse.ArgumentParser(description="Trains the demo's model on some days of 2013.")
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--from", dest="first", type=date.fromisoformat, default=date(2013, 1, 1), metavar="DAY")
    parser.add_argument("--to", dest="end", type=date.fromisoformat, default=date(2013, 2, 1), metavar="DAY")
    arguments = parser.parse_args()
    rows = flights_of(flights(), arguments.first, arguments.end)
    arguments.out.mkdir(parents=True, exist_ok=True)
    path = arguments.out / "model.joblib"
    joblib.dump(train(rows), path)
    print(f"{path}: trained on {rows.height} flights of [{arguments.first}, {arguments.end})")


if __name__ == "__main__":
    main()
