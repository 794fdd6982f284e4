"""Whose the folder of the new model is: one attempt's, which may be run again."""

import math
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.training.contract import Budget, Choices
from tests.unit.training.orders import START, order, run
from tests.unit.training.test_train import estimator, world

__all__ = ["world"]


def test_a_pod_that_died_before_it_was_done_is_run_again(world: Path) -> None:
    run(order(world))
    (world / "new" / "result.json").unlink()
    (world / "new" / "model.joblib").write_bytes(b"half a model")
    run(order(world))
    assert estimator(world / "new").classes_.tolist() == [0, 1]


def test_an_attempt_that_is_done_is_told_again_and_its_model_not_touched(world: Path) -> None:
    first = run(order(world))
    before = (world / "new" / "model.joblib").stat()
    assert run(order(world, reason="told only")) == first
    assert (world / "new" / "model.joblib").stat() == before


def test_an_attempt_is_known_again_whatever_it_searched(world: Path) -> None:
    # In JSON the keys of a mapping are texts, and a date is none of its values.
    weights = {0: 1, 1: 9}
    space = {"logisticregression__class_weight": [weights], "logisticregression__C": [1, math.inf, math.nan]}
    dated = {"logisticregression__warm_start": [datetime(2013, 1, 1).date()]}
    attempt = order(world, choices=Choices(space=space | dated, budget=Budget(candidates=1)))
    assert run(attempt) == run(attempt)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"start": START + timedelta(days=1)}, id="another training window"),
        pytest.param({"monitored": {"columns": {"label": "said"}}}, id="another label"),
        pytest.param({"choices": Choices(seed=1)}, id="another seed"),
        pytest.param({"choices": Choices(space={"logisticregression__C": [1]})}, id="a search"),
    ],
)
def test_a_folder_with_another_attempts_model_is_never_overwritten(world: Path, other: dict[str, Any]) -> None:
    run(order(world))
    before = {path.name: path.read_bytes() for path in (world / "new").iterdir()}
    with pytest.raises(EvaluationError) as caught:
        run(order(world, **other))
    assert caught.value.reason == "OutputTaken"
    assert {path.name: path.read_bytes() for path in (world / "new").iterdir()} == before


def test_the_champions_own_folder_is_never_overwritten(world: Path) -> None:
    before = (world / "champion" / "model.joblib").read_bytes()
    with pytest.raises(EvaluationError) as caught:
        run(order(world, output_uri=str(world / "champion" / "..") + "/champion/"))
    assert caught.value.reason == "OutputTaken"
    assert (world / "champion" / "model.joblib").read_bytes() == before


@pytest.mark.parametrize("name", ["model.skops", "MLmodel", "1/model.joblib", "notes.txt"])
def test_a_folder_with_anything_else_in_it_is_refused(world: Path, name: str) -> None:
    there = world / "new" / name
    there.parent.mkdir(parents=True)
    there.write_text("of somebody")
    with pytest.raises(EvaluationError, match=name) as caught:
        run(order(world))
    assert caught.value.reason == "OutputTaken"
    assert [path for path in (world / "new").rglob("*") if path.is_file()] == [there]


def test_an_attempt_that_wrote_no_model_may_be_followed_by_another_one(world: Path) -> None:
    with pytest.raises(EvaluationError, match="minimum-rows"):
        run(order(world, choices=Choices(minimum_rows=1000)))
    assert [path.name for path in (world / "new").iterdir()] == ["attempt.json"]
    assert run(order(world)).metrics["rows"] == 420
