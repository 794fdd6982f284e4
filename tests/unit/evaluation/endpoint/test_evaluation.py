"""An evaluation of an endpoint says what one says that loads the model itself."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import joblib
import pyarrow as pa
import pytest

from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.api.result import Comparison, EvaluationResult, Verdict
from modelmonitor.evaluation.errors import EndpointError
from modelmonitor.evaluation.evaluate import evaluate
from tests.unit.evaluation import models
from tests.unit.evaluation.endpoint.served import Served
from tests.unit.evaluation.endpoint.stand_in import StandIn, serving
from tests.unit.evaluation.worlds import FIRST, LOADED, NOW, input_for, rows_of_day, write, write_days

METRICS = [{"name": "f1", "min": 0.2}, {"name": "roc_auc", "min": 0.5, "severity": "Warn"}]
FEATURES = {"features": {"include": ["x", "y"]}}
SERVED_URI = "s3://models/clicks/7"


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> str:
    return models.good(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def server(uri: str) -> Iterator[StandIn]:
    estimator = joblib.load(Path(uri, "model.joblib"))
    with serving({"clicks": Served(estimator, ("x", "y"))}) as stand_in:
        yield stand_in


def at(server: StandIn, **fields: Any) -> dict[str, Any]:
    return {"endpoint": {"url": server.url, "model": "clicks", **fields}}


def run(given: EvaluationInput, told: list[str] | None = None) -> EvaluationResult:
    return evaluate(given, environ={}, now=NOW, progress=(told if told is not None else []).append)


def test_an_endpoint_is_judged_as_the_model_is_that_it_serves(tmp_path: Path, uri: str, server: StandIn) -> None:
    write_days(tmp_path, 22)
    asked: dict[str, Any] = {
        "metrics": METRICS,
        "index": 2,
        "columns": FEATURES,
        "reference": {"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=14))}},
        "drift": {"features": {"method": "psi", "max": 0.2}, "prediction": {"method": "js", "max": 0.1}},
    }
    served = run(input_for(tmp_path, predictions=at(server, batchRows=100), champion=SERVED_URI, **asked))
    loaded = run(input_for(tmp_path, predictions=LOADED, champion=uri, **asked))
    differing = {"seconds", "model"}
    assert served.model_dump(exclude=differing) == loaded.model_dump(exclude=differing)
    assert served.model is not None
    assert (served.model.uri, served.model.digest) == (SERVED_URI, None)
    assert served.model.kind == "Endpoint clicks (mlserver 1.7.1)"
    assert "is sent the features: x, y" in served.model.remarks[0]


def test_rows_are_judged_whenever_the_model_began_to_serve(tmp_path: Path, server: StandIn) -> None:
    write_days(tmp_path, 8)
    given = input_for(tmp_path, predictions=at(server), columns=FEATURES, since=NOW)
    assert run(given).rows == 420


def test_rows_without_a_label_are_not_asked_about(tmp_path: Path, server: StandIn) -> None:
    for number in range(10):
        day = FIRST + timedelta(days=number)
        write(tmp_path, day, rows_of_day(day) | {"label": pa.nulls(60, pa.int64())})
    given = input_for(tmp_path, predictions=at(server), columns=FEATURES)
    before = len(server.paths("/v2/models/clicks/infer"))
    assert run(given).reason == "LabelsMissing"
    assert len(server.paths("/v2/models/clicks/infer")) - before == 1, "the first rows alone"


def test_a_window_without_rows_is_no_reason_to_ask(tmp_path: Path, server: StandIn) -> None:
    write_days(tmp_path, 9)
    before = len(server.paths("/v2/models/clicks/infer"))
    given = input_for(tmp_path, predictions=at(server), columns=FEATURES, windows={"origin": "2013-01-07"})
    assert run(given).verdict is Verdict.NO_DATA
    assert len(server.paths("/v2/models/clicks/infer")) == before


@pytest.mark.parametrize("metrics", [METRICS, []], ids=["judged", "a look at the data alone"])
def test_a_window_without_rows_is_no_reason_to_ask_about_the_reference(
    tmp_path: Path, server: StandIn, metrics: list[dict[str, Any]]
) -> None:
    write_days(tmp_path, 7)
    later = FIRST + timedelta(days=16)
    write(tmp_path, later, rows_of_day(later))
    given = input_for(
        tmp_path,
        predictions=at(server),
        columns=FEATURES,
        index=1,
        reference={"window": {"start": str(FIRST), "end": str(FIRST + timedelta(days=7))}},
        drift={"prediction": {"method": "js", "max": 0.1}},
    )
    before = len(server.paths("/v2/models/clicks/infer"))
    given = EvaluationInput.model_validate(given.document() | {"metrics": metrics})
    result = run(given)
    assert (result.verdict, result.message) == (
        Verdict.NO_DATA,
        "there is not one row in the window, while there are later ones",
    )
    assert len(server.paths("/v2/models/clicks/infer")) == before


def test_a_champion_that_does_not_load_is_compared_by_what_its_endpoint_says(tmp_path: Path, server: StandIn) -> None:
    write_days(tmp_path / "data", 8)
    given = input_for(
        tmp_path / "data",
        predictions=at(server),
        columns=FEATURES,
        champion=str(tmp_path / "gone"),
        contender=Contender(uri=models.blind(tmp_path / "blind")),
    )
    result = run(given)
    assert result.comparison is not None
    assert result.comparison.verdict is Comparison.NOT_BETTER
    assert result.model is not None
    assert "the champion's endpoint is used, for it does not load" in result.model.remarks[0]


def test_a_champion_that_loads_is_compared_by_itself(tmp_path: Path, uri: str, server: StandIn) -> None:
    write_days(tmp_path / "data", 8)
    before = len(server.asked)
    contender = Contender(uri=models.blind(tmp_path / "blind"))
    given = input_for(tmp_path / "data", predictions=at(server), columns=FEATURES, champion=uri, contender=contender)
    result = run(given)
    assert result.comparison is not None
    assert (result.model and result.model.uri, result.candidate and result.candidate.uri) == (uri, contender.uri)
    assert len(server.asked) == before, "the candidate is served nowhere, so both are loaded"


def test_an_endpoint_that_refuses_is_an_error_and_no_verdict(tmp_path: Path, server: StandIn) -> None:
    write_days(tmp_path, 8)
    predictions = {"endpoint": {"url": server.url, "model": "klicks"}}
    with pytest.raises(EndpointError, match="klicks/infer answered 404"):
        run(input_for(tmp_path, predictions=predictions, columns=FEATURES))


def test_features_of_one_type_are_sent_as_one_type_from_all_files(tmp_path: Path, server: StandIn) -> None:
    write_days(tmp_path, 8)
    run(input_for(tmp_path, predictions=at(server), columns=FEATURES))
    asked = json.loads(server.paths("/v2/models/clicks/infer")[-1].body)
    assert [(one["name"], one["datatype"]) for one in asked["inputs"]] == [("x", "FP64"), ("y", "FP64")]
    assert pa.array(asked["inputs"][0]["data"]).type == pa.float64()
