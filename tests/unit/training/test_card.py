"""Model cards, compared with tests/data/training (UPDATE_GOLDENS=1 writes them anew)."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modelmonitor.training.card import card
from modelmonitor.training.facts import (
    Change,
    ColumnFacts,
    DataFacts,
    HeldOutFacts,
    Identity,
    Made,
    Measured,
    SearchFacts,
    TrainingFacts,
    ValueFacts,
)

GOLDENS = Path(__file__).parents[2] / "data" / "training"
MADE = Made(
    time=datetime(2013, 6, 25, 6, 4, 11, tzinfo=UTC),
    seconds=83.4,
    command="modelmonitor train --search '{model__max_depth: [3, 5]}'",
    seed=0,
    versions={"Python": "3.11.7", "scikit-learn": "1.9.1", "numpy": "2.4.6", "pandas": "3.1.1"},
)
WINDOW = (datetime(2013, 5, 27, 4, tzinfo=UTC), datetime(2013, 6, 24, 4, tzinfo=UTC))

FULL = TrainingFacts(
    monitor="flights",
    reason="2 separate windows failed (2013-04-29, 2013-05-27)",
    window=WINDOW,
    model=Identity(
        uri="s3://models/flights/flights/2-20130625T060000Z/",
        kind="sklearn.pipeline.Pipeline 1.9.1",
        digest="sha256:9f2c",
    ),
    champion=Identity(uri="s3://models/flights/january", kind="sklearn.pipeline.Pipeline 1.8.0", digest="sha256:01ab"),
    parameters={"model__max_depth": "5", "model__random_state": "0", "encode__handle_unknown": "'ignore'"},
    data=DataFacts(
        uri="s3://lake/flights/",
        labels_uri="s3://lake/arrivals/",
        start=datetime(2013, 4, 25, 4, tzinfo=UTC),
        end=WINDOW[1],
        first=datetime(2013, 4, 25, 9, tzinfo=UTC),
        last=datetime(2013, 6, 24, 3, tzinfo=UTC),
        rows=54_321,
        unlabelled=1_234,
        label="late",
        classes={"0": 40_000, "1": 14_321},
        positive="1",
        columns=(
            ColumnFacts(name="carrier", type="string", missing=0.0),
            ColumnFacts(name="odd | `name`", type="double", missing=0.0512),
        ),
    ),
    held_out=HeldOutFacts(
        rows=10_864,
        start=datetime(2013, 6, 12, 4, tzinfo=UTC),
        end=datetime(2013, 6, 24, 3, tzinfo=UTC),
        measured=(
            Measured(name="f1", champion=0.0312, new=0.41234567, greater_is_better=True),
            Measured(name="log_loss", champion=0.759, new=0.556, greater_is_better=False),
            Measured(name="recall", champion=0.5, new=0.5, greater_is_better=True),
            Measured(name="precision", new=0.61, greater_is_better=True),
            Measured(name="accuracy", champion=0.8, new=0.7, greater_is_better=True),
        ),
        remarks=(
            "The champion was trained through 2013-06-15T00:00:00Z, so on some of these rows: its numbers flatter it.",
        ),
    ),
    search=SearchFacts(
        metric="f1",
        folds=3,
        drawn=21,
        tried=9,
        stopped=True,
        seconds=1_799.6,
        own=0.391,
        best=0.402,
        parameters={"model__max_depth": "5"},
        trouble={"model__max_depth=-1": "the pipeline could not be fitted on 9,000 rows: max_depth must be above 0"},
    ),
    changes=(
        Change(what="events", before="not known: it has no training.json", after="2013-04-25T09:00:00Z to …"),
        Change(what="parameter model__max_depth", before="3", after="5"),
        Change(what="inputs of the last step", before="118", after="121"),
        Change(what="of these only in one", after="encode__dest_ANC, encode__dest_BZN"),
        Change(what="estimator", before="sklearn.pipeline.Pipeline 1.8.0", after="sklearn.pipeline.Pipeline 1.9.1"),
    ),
    made=MADE,
)

LEAST = TrainingFacts(
    model=Identity(uri="models/2", kind="sklearn.linear_model.LinearRegression 1.9.1"),
    champion=Identity(uri="models/1", kind="sklearn.linear_model.LinearRegression 1.9.1"),
    parameters={"positive": "False"},
    data=DataFacts(
        uri="data",
        start=WINDOW[0],
        end=WINDOW[1],
        first=WINDOW[0],
        last=WINDOW[0],
        rows=100,
        unlabelled=0,
        label="price",
        values=ValueFacts(mean=1234.5678, deviation=12.3, low=-5, high=2e6),
        columns=(ColumnFacts(name="area", type="int64", missing=0.0),),
    ),
    held_out=HeldOutFacts(remarks=("No rows were held out.",)),
    changes=(Change(what="rows", before="90", after="100"),),
    made=MADE.model_copy(update={"command": "modelmonitor train", "seconds": 0.31}),
)

MANY = LEAST.model_copy(
    update={
        "data": LEAST.data.model_copy(update={"values": None, "classes": {"low": 25, "middle": 70, "high": 5}}),
        "search": SearchFacts(
            metric="f1_macro", folds=2, drawn=3, tried=3, stopped=False, seconds=4.0, own=0.7, best=0.7
        ),
    }
)


@pytest.mark.parametrize(("name", "facts"), [("full", FULL), ("least", LEAST), ("many-classes", MANY)])
def test_a_card(name: str, facts: TrainingFacts) -> None:
    path = GOLDENS / f"{name}.md"
    text = card(facts)
    if os.environ.get("UPDATE_GOLDENS"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("facts", [FULL, LEAST, MANY])
def test_facts_are_read_back_as_they_were_written(facts: TrainingFacts) -> None:
    text = facts.model_dump_json(by_alias=True, exclude_none=True)
    assert TrainingFacts.model_validate_json(text) == facts
