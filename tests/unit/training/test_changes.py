"""What is told to have changed against the champion."""

from pathlib import Path
from typing import Any

import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from modelmonitor.training.changes import parameters_of, versions_of
from modelmonitor.training.contract import Choices
from modelmonitor.training.facts import Change, TrainingFacts
from tests.unit.evaluation import models
from tests.unit.training.orders import END, START, order, run
from tests.unit.training.test_train import rewrite, world

__all__ = ["world"]


def facts(folder: Path) -> TrainingFacts:
    return TrainingFacts.model_validate_json((folder / "training.json").read_bytes())


def changed(found: TrainingFacts) -> dict[str, tuple[str, str]]:
    return {one.what: (one.before, one.after) for one in found.changes}


def test_of_a_champion_that_this_trainer_made_everything_is_known(world: Path) -> None:
    run(order(world))
    rewrite(world, lambda rows: rows | {"x": rows["x"].astype("float32")})
    later: dict[str, Any] = {"champion_uri": str(world / "new"), "output_uri": str(world / "newer")}
    run(order(world, start=START.replace(day=5), choices=Choices(space={"logisticregression__C": [0.5]}), **later))
    found = changed(facts(world / "newer"))
    assert found["rows"] == ("420", "360")
    assert found["events"] == (
        "2013-02-04T05:00:00Z to 2013-02-11T04:36:00Z", "2013-02-05T05:00:00Z to 2013-02-11T04:36:00Z",
    )  # fmt: skip
    assert found["type of x"] == ("double", "float")
    assert "positive share" in found
    assert not [name for name in found if name in {"Python", "numpy", "data"}]


def test_of_another_champion_it_is_said_that_its_rows_are_not_known(world: Path) -> None:
    run(order(world))
    assert changed(facts(world / "new"))["events"][0] == "not known: it has no training.json"


@pytest.mark.parametrize("content", ["no JSON", '{"format": "somebody.else/v1"}'])
def test_a_training_json_of_somebody_else_is_none(world: Path, content: str) -> None:
    (world / "champion" / "training.json").write_text(content)
    run(order(world))
    assert changed(facts(world / "new"))["rows"] == ("not known: it has no training.json", "420")


def test_other_libraries_and_other_data_are_told(world: Path) -> None:
    run(order(world))
    old = facts(world / "new")
    made = old.made.model_copy(update={"versions": old.made.versions | {"numpy": "1.0", "extra": "7"}})
    data = old.data.model_copy(update={"uri": "s3://elsewhere/"})
    before = old.model_copy(update={"made": made, "data": data})
    (world / "new" / "training.json").write_text(before.model_dump_json(by_alias=True, exclude_none=True))
    run(order(world, champion_uri=str(world / "new"), output_uri=str(world / "newer")))
    found = changed(facts(world / "newer"))
    assert found["numpy"] == ("1.0", old.made.versions["numpy"])
    assert found["extra"] == ("7", "")
    assert found["data"] == ("s3://elsewhere/", str(world / "data"))


def test_whether_the_champion_knew_the_held_out_rows_is_said(world: Path) -> None:
    run(order(world, end=START.replace(day=8)))
    second: dict[str, Any] = {"champion_uri": str(world / "new"), "output_uri": str(world / "second")}
    run(order(world, **second))
    assert facts(world / "second").held_out.remarks == (), "trained through the 8th, and the newest rows begin later"
    third: dict[str, Any] = {"champion_uri": str(world / "second"), "output_uri": str(world / "third")}
    run(order(world, end=END, **third))
    (remark,) = facts(world / "third").held_out.remarks
    assert "was trained through 2013-02-11T04:36:00Z, so on some of these rows" in remark


def doubled(rows: Any) -> Any:
    return rows


def test_parameters_are_those_of_the_parts_and_not_the_parts() -> None:
    columns = ColumnTransformer([("scaled", StandardScaler(), ["x"])])
    found = parameters_of(make_pipeline(columns, FunctionTransformer(doubled), LogisticRegression(C=0.5)))
    assert found["logisticregression__C"] == "0.5"
    assert found["functiontransformer__func"] == "<function doubled>", "an address is another one every time"
    assert not {"steps", "logisticregression", "columntransformer__transformers"} & found.keys()


def test_a_long_parameter_is_cut() -> None:
    found = parameters_of(LogisticRegression(class_weight=dict.fromkeys(range(1000), 1.0)))
    assert len(found["class_weight"]) == 201


def test_versions_are_those_of_the_libraries_that_the_pipeline_is_made_of() -> None:
    import xgboost  # noqa: PLC0415 - of one case

    found = versions_of(make_pipeline(StandardScaler(), xgboost.XGBClassifier()))
    assert list(found) == ["Python", "scikit-learn", "xgboost", "numpy", "pandas", "pyarrow"]
    assert found["xgboost"] == xgboost.__version__
    assert "xgboost" not in versions_of(RandomForestClassifier())


def test_a_seed_that_the_champion_left_open_is_told_as_a_change(world: Path) -> None:
    rows = models.past()
    models.save(RandomForestClassifier(3).fit(rows[["x", "y"]], rows["label"]), world / "champion")
    run(order(world, choices=Choices(seed=4)))
    assert Change(what="parameter random_state", before="None", after="4") in facts(world / "new").changes
