"""An order from options, environment and manifest."""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelmonitor.api.monitor import Partitioning
from modelmonitor.api.types import parse_duration
from modelmonitor.cli.manifest import read_manifest
from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.training.contract import Budget, Choices, Format, Order
from modelmonitor.training.options import parser
from modelmonitor.training.order import order_from
from tests.unit.training.orders import END, START, spec_for

FLIGHTS = Path(__file__).parents[3] / "examples" / "flights.yaml"
SPEC = spec_for("s3://lake/clicks/")
ENVIRON = {
    "MODELMONITOR_MONITOR": "clicks",
    "MODELMONITOR_CHAMPION_URI": "s3://models/1/",
    "MODELMONITOR_OUTPUT_URI": "s3://models/clicks/1-0/",
    "MODELMONITOR_TRAIN_START": "2013-02-04T05:00:00Z",
    "MODELMONITOR_TRAIN_END": "2013-02-11T05:00:00Z",
    "MODELMONITOR_WINDOW_START": "2013-02-11T05:00:00Z",
    "MODELMONITOR_WINDOW_END": "2013-02-18T05:00:00Z",
    "MODELMONITOR_REASON": "a window failed (2013-02-11)",
    "MODELMONITOR_SPEC": SPEC.text(),
}


def ordered(*options: str, **environ: str) -> Order:
    return order_from(parser(with_manifest=True).parse_args(options), ENVIRON | environ, read_manifest)


def test_what_the_operator_sets_is_an_order() -> None:
    assert ordered() == Order(
        champion_uri="s3://models/1/",
        output_uri="s3://models/clicks/1-0/",
        start=START,
        end=END,
        spec=SPEC,
        monitor="clicks",
        reason="a window failed (2013-02-11)",
        window=(END, END + timedelta(days=7)),
    )


def test_options_come_before_the_environment() -> None:
    given = ordered("--train-start=2013-01-01", "--train-end=2013-02-01T00:00:00Z", "--champion=/1", "--output=/2")
    assert (given.start, given.end) == (datetime(2013, 1, 1, 5, tzinfo=UTC), datetime(2013, 2, 1, tzinfo=UTC))
    assert given.start.utcoffset() == timedelta(hours=-5), "a time without an offset is one of the monitor's zone"
    assert (given.champion_uri, given.output_uri) == ("/1", "/2")


def test_a_manifest_comes_before_the_environment() -> None:
    given = ordered("-f", str(FLIGHTS))
    assert (given.monitor, given.spec.data.columns.label) == ("flights", "late")


def test_other_rows_with_the_same_columns() -> None:
    given = ordered("--data=s3://curated/", "--partitioning=Hive").spec.data
    assert given.current.files is not None
    assert (given.current.files.uri, given.current.files.partitioning) == ("s3://curated/", Partitioning.HIVE)
    assert given.columns == SPEC.data.columns


def test_every_choice(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("svc__C: {loguniform: [0.1, 10]}\nsvc__kernel: [rbf, linear]\n")
    given = ordered(
        *("--format=skops", "--held-out=0.1", "--minimum-rows=5", "--seed=7"),
        *(f"--search={tmp_path}/space.yaml", "--search-candidates=3", "--search-time=90s", "--search-folds=4"),
    )
    space = {"svc__C": {"loguniform": [0.1, 10]}, "svc__kernel": ["rbf", "linear"]}
    budget = Budget(candidates=3, time=timedelta(seconds=90), folds=4)
    assert given.choices == Choices(Format.SKOPS, 0.1, 5, 7, space, budget)


def test_a_space_may_stand_in_the_option_itself() -> None:
    for text in ("{svc__C: [1, 2]}", '{"svc__C": [1, 2]}'):
        assert ordered(f"--search={text}").choices.space == {"svc__C": [1, 2]}


@pytest.mark.parametrize(
    ("options", "environ", "says"),
    [
        pytest.param([], {"MODELMONITOR_SPEC": ""}, "give -f monitor.yaml, or set MODELMONITOR_SPEC", id="no monitor"),
        pytest.param(
            [], {"MODELMONITOR_SPEC": "{}"}, "MODELMONITOR_SPEC: model: Field required; are operator", id="no spec"
        ),
        pytest.param([], {"MODELMONITOR_SPEC": "spec"}, "MODELMONITOR_SPEC: it: Invalid JSON", id="no JSON"),
        pytest.param(
            [],
            {"MODELMONITOR_OUTPUT_URI": ""},
            "--output is missing; give it, or set MODELMONITOR_OUTPUT_URI",
            id="nowhere to write",
        ),
        pytest.param(["--train-end=soon"], {}, "--train-end: 'soon' is not a time such as", id="no time"),
        pytest.param(["--partitioning=Hive"], {}, "is the layout of --data", id="a layout of nothing"),
        pytest.param(["--search=space.yaml"], {}, "--search: space.yaml: No such file", id="no file of a space"),
        pytest.param(["--search={a: ["], {}, "--search: it is neither YAML nor JSON", id="half a space"),
        pytest.param(["--search={}"], {}, "--search: it maps parameters", id="an empty space"),
        pytest.param(["--search={1: [2]}"], {}, "--search: it maps parameters", id="a parameter without a name"),
    ],
)
def test_an_order_that_cannot_be_is_told(options: list[str], environ: dict[str, str], says: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        ordered(*options, **environ)
    assert says in caught.value.message


def test_a_newer_operators_fields_are_no_trouble() -> None:
    newer = SPEC.text()[:-1] + ',"fieldOfNextYear":{"a":1}}'
    assert ordered(MODELMONITOR_SPEC=newer).spec == SPEC


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--held-out=1", "1 is no share of rows"),
        ("--held-out=most", "most is no share of rows"),
        ("--minimum-rows=0", "0 is no whole number from 1 to"),
        ("--minimum-rows=few", "few is no whole number from 1 to"),
        ("--search-candidates=0", "0 is no whole number from 1 to"),
        ("--seed=-1", "-1 is no whole number from 0 to"),
        ("--search-time=1 hour", "write a whole number and one of s, m, h, d"),
        ("--search-folds=1", "1 is no whole number from 2 to 20"),
        ("--format=onnx", "invalid Format value"),
        ("--sead=1", "unrecognized arguments: --sead=1"),
    ],
)
def test_a_wrong_option_is_wrong_usage(option: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        ordered(option)
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


def test_defaults_are_those_of_the_choices() -> None:
    assert ordered().choices == Choices()
    assert isinstance(parser(with_manifest=False), argparse.ArgumentParser)
    assert Budget().time == parse_duration("30m")
