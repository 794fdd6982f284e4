"""A model behind an endpoint answers as the estimator that is served there: by the stand-in, and by a real MLServer."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from modelmonitor.evaluation.endpoint.client import Client, Patience
from modelmonitor.evaluation.errors import DataError, EndpointError, InputError, ModelError
from modelmonitor.evaluation.sample import Sample
from tests.unit.evaluation.endpoint import mlserver, served
from tests.unit.evaluation.endpoint.questions import model_at, sample
from tests.unit.evaluation.endpoint.stand_in import Asked, Reply, Script, answer, says, serving

Json = dict[str, Any]


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return sample(tmp_path_factory.mktemp("rows"))


@pytest.fixture(
    scope="module",
    params=[
        "stand-in",
        pytest.param(
            "MLServer",
            marks=[
                pytest.mark.mlserver,
                pytest.mark.skipif(not mlserver.is_there(), reason="its environment is made by tests/data/mlserver"),
            ],
        ),
    ],
)
def address(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "MLServer":
        with mlserver.running(tmp_path_factory.mktemp("mlserver")) as url:
            yield url
    else:
        with serving(served.models()) as stand_in:
            yield stand_in.url


@pytest.mark.parametrize("name", ["whole", "words", "three", "named", "matrix"])
@pytest.mark.parametrize("batch_rows", [240, 17], ids=["at once", "in many questions"])
def test_probabilities_and_classes_are_those_of_the_estimator(
    address: str, rows: Sample, name: str, batch_rows: int
) -> None:
    own = served.models()[name]
    batch = served.batch(own.columns)
    model = model_at(address, name, rows, batchRows=batch_rows)
    frame = batch.to_pandas() if name != "matrix" else batch.to_pandas().to_numpy()
    assert model.has_probabilities
    assert (model.columns, model.digest) == (own.columns, None)
    assert model.classes == tuple(str(one) for one in own.estimator.classes_)
    np.testing.assert_allclose(model.probabilities(batch, "here"), own.estimator.predict_proba(frame), atol=1e-6)
    assert model.predict(batch, "here").tolist() == own.estimator.predict(frame).astype(str).tolist()


def test_a_regressor_gives_values(address: str, rows: Sample) -> None:
    batch = served.batch()
    model = model_at(address, "value", rows)
    assert (model.has_probabilities, model.classes) == (False, None)
    expected = served.models()["value"].estimator.predict(batch.to_pandas())
    np.testing.assert_allclose(model.predict(batch, "here"), expected)


def test_a_classifier_without_probabilities_gives_classes_and_says_why(address: str, rows: Sample) -> None:
    batch = served.batch()
    model = model_at(address, "classes", rows)
    assert not model.has_probabilities
    assert (
        model.predict(batch, "here").tolist()
        == served.models()["classes"].estimator.predict(batch.to_pandas()).tolist()
    )
    assert any("do not support 'predict_proba" in remark for remark in model.remarks)


def test_gaps_are_what_pandas_makes_of_them(address: str, rows: Sample) -> None:
    batch = served.batch_with_gaps()
    frame = batch.to_pandas().astype({"wet": float})
    found = model_at(address, "whole", rows).probabilities(batch, "here")
    np.testing.assert_allclose(found, served.models()["whole"].estimator.predict_proba(frame), atol=1e-6)


def test_it_says_what_it_is_and_of_which_version(address: str, rows: Sample) -> None:
    named, whole = model_at(address, "named", rows), model_at(address, "whole", rows)
    assert (named.kind, whole.kind) == ("Endpoint named v3 (mlserver 1.7.1)", "Endpoint whole (mlserver 1.7.1)")
    assert named.remarks == ()
    assert "does not name its inputs and is sent the features: x, y, n, carrier, wet" in whole.remarks[0]


def test_a_model_that_is_not_there_is_told_with_its_address(address: str, rows: Sample) -> None:
    with pytest.raises(
        EndpointError, match=r"/v2/models/gone/infer answered 404: .*Model gone not found.*endpoint\.model"
    ) as caught:
        model_at(address, "gone", rows, features=served.ALL)
    assert caught.value.reason == "EndpointRefused"


def test_a_column_that_the_model_misses_is_told_with_what_it_raised(address: str, rows: Sample) -> None:
    with pytest.raises(EndpointError, match=r"answered 500: ValueError: columns are missing: \{'x'\}"):
        model_at(address, "whole", rows, features=["y", "n", "carrier", "wet"], client=impatient())


# What no MLServer does in a test, but a server may: the stand-in alone.


def impatient(**how: Any) -> Client:
    """A client that does not sleep."""
    return Client(5.0, pause=lambda unwanted, seconds: None, **how)


def with_outputs(*outputs: Json, **more: Any) -> Any:
    """A server that gives these outputs to whatever it is asked; data are repeated for each row."""

    def script(asked: Asked, before: int) -> Reply | None:
        if asked.method != "POST":
            return None
        number = json.loads(asked.body)["inputs"][0]["shape"][0]
        tensors = [
            one | {"shape": [number, *one.get("shape", [])], "data": (one["data"] * number)[: number * width(one)]}
            for one in outputs
        ]
        return says(200, {"model_name": "whole", "outputs": tensors} | more)

    return script


def width(output: Json) -> int:
    return int(np.prod(output.get("shape", [1])))


PROBABLE: Json = {"name": "p", "datatype": "FP32", "shape": [2], "data": [0.25, 0.75]}
SCORE: Json = {"name": "score", "datatype": "FP32", "data": [0.75]}
CLASS: Json = {"name": "class", "datatype": "BYTES", "data": ["late"]}
NUMBER: Json = {"name": "class", "datatype": "INT64", "data": [1]}
LATE: Json = {"positiveClass": "late"}


@pytest.mark.parametrize(
    ("outputs", "spec", "fields", "classes", "positive"),
    [
        pytest.param([PROBABLE], {}, {}, ("0", "1"), 0.75, id="probabilities alone, of numbered classes"),
        pytest.param([SCORE], {}, {}, ("0", "1"), 0.75, id="one score"),
        pytest.param([SCORE], LATE, {}, ("not late", "late"), 0.75, id="one score of a class with a name"),
        pytest.param([SCORE, CLASS], LATE, {}, ("not late", "late"), 0.75, id="one score and the class"),
        pytest.param([NUMBER, SCORE], {"positiveClass": "0"}, {}, ("0", "1"), 0.25, id="the score is of class 1"),
        pytest.param(
            [PROBABLE], LATE, {"classes": ["on time", "late"]}, ("on time", "late"), 0.75, id="classes that are told"
        ),
        pytest.param(
            [PROBABLE, CLASS],
            LATE,
            {"classes": ["late", "early"]},
            ("late", "early"),
            0.25,
            id="told, whatever it predicts",
        ),
        pytest.param(
            [{"name": "p", "datatype": "FP64", "data": [1.0]}, PROBABLE],
            {},
            {},
            ("0", "1"),
            0.75,
            id="classes as floats",
        ),
    ],
)
def test_what_outputs_mean_follows_from_their_types(
    rows: Sample, outputs: list[Json], spec: Json, fields: Json, classes: tuple[str, ...], positive: float
) -> None:
    outputs = [one | {"name": f"{one['name']}-{number}"} for number, one in enumerate(outputs)]
    with serving(served.models(), with_outputs(*outputs)) as stand_in:
        model = model_at(stand_in.url, "whole", rows, spec=spec, **fields)
        assert model.classes == classes
        found = model.probabilities(served.batch(number=3), "here")
    place = classes.index(spec.get("positiveClass", "1"))
    np.testing.assert_allclose(found[:, place], [positive] * 3)


@pytest.mark.parametrize(
    ("outputs", "spec", "reason", "says_"),
    [
        pytest.param(
            [PROBABLE],
            LATE,
            "EndpointClassesUnknown",
            "gives 2 probabilities.*data.predictions.endpoint.classes",
            id="nobody says the classes",
        ),
        pytest.param(
            [PROBABLE | {"shape": [3], "data": [0.2, 0.3, 0.5]}],
            {},
            "EndpointClassesUnknown",
            "gives 3 probabilities",
            id="more classes than two",
        ),
        pytest.param(
            [CLASS],
            {"task": "Regression"},
            "EndpointAnswerInvalid",
            "no output that is a number",
            id="classes for a regression",
        ),
        pytest.param(
            [PROBABLE],
            {"task": "MulticlassClassification", "classes": ["a", "b", "c"]},
            "EndpointClassesUnknown",
            "gives 2 probabilities",
            id="fewer classes than the task has",
        ),
    ],
)
def test_answers_that_the_task_cannot_use_are_told(
    rows: Sample, outputs: list[Json], spec: Json, reason: str, says_: str
) -> None:
    with (
        serving(served.models(), with_outputs(*outputs)) as stand_in,
        pytest.raises(EndpointError, match=says_) as caught,
    ):
        model_at(stand_in.url, "whole", rows, spec=spec)
    assert caught.value.reason == reason


def test_probabilities_in_another_order_than_assumed_are_no_scores(rows: Sample) -> None:
    with serving(served.models(), with_outputs(PROBABLE, NUMBER | {"data": [0]})) as stand_in:
        model = model_at(stand_in.url, "whole", rows)
        with pytest.raises(ModelError, match=r"does not predict the class that is most probable.*endpoint\.classes"):
            model.probabilities(served.batch(number=3), "here")


@pytest.mark.parametrize(
    ("data", "says_"),
    [
        pytest.param([0.5, None], "gave the score nan", id="a null"),
        pytest.param([0.5, float("nan")], "gave the score nan", id="NaN, which is no JSON"),
        pytest.param([-0.5, 1.5], "gave the score -0.5", id="below 0"),
        pytest.param([10**400, 0], "says that it is FP32 and holds something else", id="a number that no float holds"),
        pytest.param(["0.5", "0.5"], "says that it is FP32 and holds something else", id="texts"),
    ],
)
def test_scores_that_are_none_are_an_error_and_no_verdict(rows: Sample, data: list[Any], says_: str) -> None:
    script = with_outputs(PROBABLE | {"data": data})
    with serving(served.models(), script) as stand_in, pytest.raises(EndpointError, match=says_) as caught:
        model_at(stand_in.url, "whole", rows).probabilities(served.batch(number=3), "here")
    assert caught.value.reason == "EndpointAnswerInvalid"


@pytest.mark.parametrize(
    ("body", "says_"),
    [
        pytest.param(b"<html>busy</html>", "what is no JSON: <html>busy</html>", id="no JSON"),
        pytest.param(b"", "what is no JSON: nothing", id="nothing"),
        pytest.param(b"[" * 100_000, "what is no JSON", id="nested without end"),
        pytest.param(b"[1]", "JSON that is no object", id="a list"),
        pytest.param(b'{"outputs": []}', "without outputs", id="no output"),
        pytest.param(b'{"outputs": [{"name": "p"}]}', "without shape or data", id="an output of nothing"),
        pytest.param(
            b'{"outputs": [{"name": "p", "shape": [2], "datatype": "FP64", "data": [1, 2]}]}',
            "output p of shape .2. and 2 values to 240 rows",
            id="fewer rows than were asked about",
        ),
        pytest.param(
            b'{"outputs": [{"name": "p", "shape": [240], "datatype": "FP64", "data": [1, 2]}]}',
            "shape .240. and 2 values to 240 rows",
            id="fewer values than it says",
        ),
        pytest.param(
            b'{"outputs": [{"name": "p", "shape": [240, "2"], "datatype": "FP64", "data": []}]}',
            "output p of shape",
            id="a shape that is none",
        ),
    ],
)
def test_an_answer_that_is_none_is_told_with_its_beginning(rows: Sample, body: bytes, says_: str) -> None:
    def script(asked: Asked, before: int) -> Reply | None:
        return Reply(200, body) if asked.method == "POST" else None

    with serving(served.models(), script) as stand_in, pytest.raises(EndpointError, match=says_) as caught:
        model_at(stand_in.url, "whole", rows)
    assert caught.value.reason == "EndpointAnswerInvalid"
    assert f"{stand_in.url}/v2/models/whole/infer answered 200" in caught.value.message
    assert len(caught.value.message) < 600


def test_a_server_that_answers_no_questions_about_its_models_is_asked_all_the_same(rows: Sample) -> None:
    def script(asked: Asked, before: int) -> Reply | None:
        return says(405, {}) if asked.method == "GET" else None

    with serving(served.models(), script) as stand_in:
        model = model_at(stand_in.url, "named", rows)
    assert (model.kind, model.columns) == ("Endpoint named", served.TWO)


@pytest.mark.parametrize("reply", [Reply(200, b"<html>hello</html>"), Reply(302, b"", {"Location": "/login"})])
def test_what_a_gateway_has_in_place_of_the_server_is_no_trouble(rows: Sample, reply: Reply) -> None:
    def script(asked: Asked, before: int) -> Reply | None:
        return reply if asked.path == "/v2" else None

    with serving(served.models(), script) as stand_in:
        assert model_at(stand_in.url, "named", rows).kind == "Endpoint named v3"


@pytest.mark.parametrize("path", ["/v2/models/named", "/v2"], ids=["of its model", "of itself"])
def test_strange_answers_about_a_model_are_no_more_than_that(rows: Sample, path: str) -> None:
    strange = {"name": 7, "versions": "v1", "inputs": [{"name": "x", "shape": "wide"}, 5], "outputs": None}

    def script(asked: Asked, before: int) -> Reply | None:
        return says(200, strange) if asked.path == path else None

    with serving(served.models(), script) as stand_in:
        assert model_at(stand_in.url, "named", rows).columns == served.TWO


def test_features_are_sent_that_nobody_lists(rows: Sample) -> None:
    with serving(served.models()) as stand_in:
        model = model_at(stand_in.url, "whole", rows, features=[])
    # All columns but the time and the label: the model takes those that it knows.
    assert model.columns == ("x", "y", "n", "carrier", "wet", "word", "three", "value")


@pytest.mark.parametrize(
    ("features", "says_"),
    [
        pytest.param([], r"one tensor \(predict\) of 2 columns.*features\.include$", id="no order"),
        pytest.param(["x"], r"of 2 columns.*\(1 are listed\)", id="another number of columns"),
    ],
)
def test_one_tensor_needs_its_columns_in_their_order(rows: Sample, features: list[str], says_: str) -> None:
    with serving(served.models()) as stand_in, pytest.raises(InputError, match=says_) as caught:
        model_at(stand_in.url, "matrix", rows, features=features)
    assert caught.value.reason == "EndpointColumnsUnknown"


def test_a_column_that_the_server_wants_and_the_rows_lack_is_named(tmp_path: Path, rows: Sample) -> None:
    inputs = [{"name": "gone", "datatype": "FP64", "shape": [-1]}, {"name": "x", "datatype": "FP64", "shape": [-1]}]

    def script(asked: Asked, before: int) -> Reply | None:
        return says(200, {"name": "named", "inputs": inputs}) if asked.path == "/v2/models/named" else None

    with (
        serving(served.models(), script) as stand_in,
        pytest.raises(DataError, match='column "gone" is not in') as caught,
    ):
        model_at(stand_in.url, "named", rows)
    assert f"the inputs of {stand_in.url}/v2/models/named" in caught.value.message


def test_a_window_without_rows_asks_for_no_predictions(tmp_path: Path, rows: Sample) -> None:
    empty = Sample(rows.plan, rows.end, rows.end)
    with serving(served.models()) as stand_in:
        model = model_at(stand_in.url, "whole", empty)
    assert (model.has_probabilities, model.classes, model.remarks) == (False, None, ())
    assert not stand_in.paths("/v2/models/whole/infer")


def test_rows_that_are_too_many_for_a_gateway_are_asked_about_in_smaller_questions(rows: Sample) -> None:
    sizes: list[int] = []

    def script(asked: Asked, before: int) -> Reply | None:
        sizes.append(len(asked.body))
        return says(413, {"error": "too large"}) if len(asked.body) > 4000 else None

    with serving(served.models(), script) as stand_in:
        found = model_at(stand_in.url, "whole", rows).probabilities(served.batch(), "here")
    np.testing.assert_allclose(found, served.models()["whole"].estimator.predict_proba(served.batch().to_pandas()))
    assert max(sizes) > 4000


def test_one_row_that_is_too_large_is_refused(rows: Sample) -> None:
    def script(asked: Asked, before: int) -> Reply | None:
        return says(413, {"error": "too large"}) if asked.method == "POST" else None

    with serving(served.models(), script) as stand_in, pytest.raises(EndpointError, match="one row is too large"):
        model_at(stand_in.url, "whole", rows)
    assert len(stand_in.asked) < 20


def test_questions_stay_below_their_bound_however_wide_the_rows(rows: Sample) -> None:
    wide = served.batch().set_column(3, "carrier", pa.array(["x" * 100_000] * 240))
    with serving(served.models()) as stand_in:
        model_at(stand_in.url, "whole", rows, batchRows=240).probabilities(wide, "here")
    assert max(len(one.body) for one in stand_in.asked) <= 4 * 1024 * 1024
    assert len(stand_in.asked) > 6


def test_no_more_than_four_questions_are_under_way(rows: Sample) -> None:
    under_way, most, lock = 0, 0, threading.Lock()
    four = threading.Barrier(4)

    def script(asked: Asked, before: int) -> Reply | None:
        nonlocal under_way, most
        if asked.method == "GET" or before == 0:
            return None
        with lock:
            under_way += 1
            most = max(most, under_way)
        four.wait(30)
        with lock:
            under_way -= 1
        return None

    with serving(served.models(), script) as stand_in:
        # 60 questions: each waits until three others are there too.
        model_at(stand_in.url, "whole", rows, batchRows=4).probabilities(served.batch(), "here")
    assert most == 4


def test_another_version_that_begins_to_serve_half_way_is_no_basis_for_a_verdict(rows: Sample) -> None:
    def script(asked: Asked, before: int) -> Reply | None:
        if asked.method == "GET" or before < 3:
            return None
        reply = json.loads(answer(served.models(), asked).body)
        return says(200, reply | {"model_version": "v4"})

    with serving(served.models(), script) as stand_in:
        model = model_at(stand_in.url, "named", rows, batchRows=60)
        with pytest.raises(EndpointError, match="answered as named v3 and then as named v4") as caught:
            model.probabilities(served.batch(served.TWO), "here")
    assert caught.value.reason == "EndpointChanged"


def answering_as(*names: str) -> Script:
    """Each name for one answer, and the last again and again."""

    def script(asked: Asked, before: int) -> Reply | None:
        if asked.method == "GET":
            return None
        reply = json.loads(answer(served.models(), asked).body)
        return says(200, reply | {"model_name": names[min(before, len(names) - 1)]})

    return script


def test_a_server_that_knows_the_model_by_another_name_is_told(rows: Sample) -> None:
    # As Seldon Core 2 does, whose names have the number of a version.
    with serving(served.models(), answering_as("named_1")) as stand_in:
        model = model_at(stand_in.url, "named", rows, batchRows=60)
        assert len(model.predict(served.batch(served.TWO), "here")) == 240
    assert model.remarks == (f"{stand_in.url}/v2/models/named answers as the model named_1",)


def test_answers_of_two_models_are_no_basis_for_a_verdict(rows: Sample) -> None:
    with serving(served.models(), answering_as("named_1", "named_1", "named_2")) as stand_in:
        model = model_at(stand_in.url, "named", rows, batchRows=60)
        with pytest.raises(EndpointError, match="several serve there") as caught:
            model.predict(served.batch(served.TWO), "here")
    assert caught.value.reason == "EndpointChanged"


def test_the_first_question_without_an_answer_ends_the_others(rows: Sample) -> None:
    def script(asked: Asked, before: int) -> Reply | None:
        return says(403, {"error": "no"}) if asked.method == "POST" and before else None

    with serving(served.models(), script) as stand_in:
        model = model_at(stand_in.url, "whole", rows, batchRows=1)
        with pytest.raises(EndpointError, match="answered 403"):
            model.probabilities(served.batch(), "here")
    assert len(stand_in.paths("/v2/models/whole/infer")) < 60


@pytest.mark.parametrize(
    ("column", "says_"),
    [
        pytest.param(pa.array([float("inf")] * 3), 'column "x" cannot be sent.*infinity', id="infinity"),
        pytest.param(pa.array([0, 1, 2], pa.timestamp("us")), "no datatype for timestamp", id="a time"),
        pytest.param(pa.array([[1]] * 3), "no datatype for list", id="a list"),
    ],
)
def test_a_column_that_cannot_be_sent_is_named(rows: Sample, column: pa.Array, says_: str) -> None:
    with serving(served.models()) as stand_in:
        model = model_at(stand_in.url, "whole", rows)
        with pytest.raises(EndpointError, match=says_) as caught:
            model.probabilities(served.batch(number=3).set_column(0, "x", column), "here")
    assert caught.value.reason == "EndpointColumnUnsendable"


def test_trouble_is_borne_for_a_while(rows: Sample) -> None:
    lock, seen = threading.Lock(), set[bytes]()

    def script(asked: Asked, before: int) -> Reply | None:
        with lock:
            first = asked.body not in seen
            seen.add(asked.body)
        return says(503, {}) if asked.method == "POST" and first else None

    with serving(served.models(), script) as stand_in:
        model = model_at(stand_in.url, "whole", rows, client=impatient(patience=Patience(tries=2)), batchRows=60)
        assert len(model.probabilities(served.batch(), "here")) == 240
