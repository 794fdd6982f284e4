"""Flights and their models in the S3 server of the testbed."""

import io
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import joblib
import obstore
import polars as pl

from e2e import testbed
from e2e.demo.flights import data, model


def put_days(frame: pl.DataFrame, folder: str, first: date, end: date) -> None:
    """The flights of the civil days [first, end), a file a day, into a folder of the bucket `lake`."""
    lake = testbed.bucket("lake")
    with TemporaryDirectory() as scratch:
        for path in data.write_days(frame, Path(scratch), first, end):
            obstore.put(lake, f"{folder}/{path.relative_to(scratch)}", path)


def put_model(rows: pl.DataFrame, folder: str) -> bytes:
    """The demo's model, trained on `rows`, into a folder of the bucket `models`.

    Returns:
        What was stored.
    """
    saved = io.BytesIO()
    joblib.dump(model.train(rows), saved)
    obstore.put(testbed.bucket("models"), f"{folder}/model.joblib", saved.getvalue())
    return saved.getvalue()


def upside_down(frame: pl.DataFrame) -> pl.DataFrame:
    """The same flights, each with the other label."""
    return frame.with_columns((1 - pl.col(model.LABEL)).alias(model.LABEL))
