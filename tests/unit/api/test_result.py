import base64
import zlib
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from modelmonitor.api.result import (
    LIMIT,
    MOST_REMARKS,
    EvaluationResult,
    Look,
    MetricResult,
    ModelIdentity,
    ResultUnreadableError,
    Verdict,
    Window,
    decode,
    encode,
)

WINDOW = Window(index=3, start=datetime(2013, 2, 1, 5, tzinfo=UTC), end=datetime(2013, 3, 1, 5, tzinfo=UTC))


def result(**more: Any) -> EvaluationResult:
    return EvaluationResult(look=Look.JUDGED, verdict=Verdict.FAIL, reason="ObjectiveMissed", window=WINDOW, **more)


def metric(number: int, verdict: Verdict = Verdict.PASS) -> MetricResult:
    # Numbers that do not compress, as real ones do not.
    values = {"value": 0.5 + number / 7919, "low": 0.4 + number / 7907, "high": 0.6 + number / 7901}
    name = sha256(str(number).encode()).hexdigest()
    return MetricResult(name=name, verdict=verdict, rows=number, blocks=28, level=0.95, **values)


def packed(raw: bytes) -> str:
    deflater = zlib.compressobj(9, wbits=-15)
    return "z1:" + base64.b64encode(deflater.compress(raw) + deflater.flush()).decode()


def test_what_was_encoded_is_decoded() -> None:
    given = result(
        message="f1 is 0.03 [0.01, 0.06], and misses its objective",
        rows=26_376,
        coverage=0.971,
        model=ModelIdentity(
            uri="s3://models/flights/1/",
            digest="sha256:" + "0" * 64,
            kind="sklearn.pipeline.Pipeline 1.9.1",
            remarks=("it was written with another version", "it warned"),
        ),
        candidate=ModelIdentity(uri="s3://models/flights/2/", kind="onnx by skl2onnx"),
        left_out=12,
        metrics=(metric(1, Verdict.FAIL), metric(2)),
    )
    assert decode(encode(given)) == given


def test_the_failing_metrics_come_first_and_are_the_last_to_be_left_out() -> None:
    order = [Verdict.PASS, Verdict.INSUFFICIENT, Verdict.WARN, Verdict.FAIL] * 16
    given = result(metrics=tuple(metric(number, verdict) for number, verdict in enumerate(order)))
    read = decode(encode(given))
    assert read.omitted > 0
    assert read.omitted + len(read.metrics) == 64
    assert [one.verdict for one in read.metrics][:17] == [Verdict.FAIL] * 16 + [Verdict.WARN]


def test_a_long_message_is_shortened_before_a_metric_is_left_out() -> None:
    words = "".join(sha256(str(number).encode()).hexdigest() for number in range(40))[:2048]
    long = result(message=words, report_uri="s3://" + words[:1000], metrics=(metric(1, Verdict.FAIL),))
    read = decode(encode(long.model_copy(update={"report_problem": words[1000:1500]})))
    assert len(read.metrics) == 1
    assert words.startswith(read.message.rstrip("…"))


def noise(number: int, length: int) -> str:
    """Text that does not compress."""
    return "".join(sha256(f"{number} {k}".encode()).hexdigest() for k in range(length // 64 + 1))[:length]


@pytest.mark.parametrize(
    ("metrics", "remarks", "kinds"),
    [
        pytest.param(1, 2 * MOST_REMARKS, 2, id="room for all"),
        pytest.param(30, 3, 2, id="remarks are left out first"),
        pytest.param(38, 0, 0, id="and all of it before a metric"),
    ],
)
def test_what_is_known_of_the_models_beside_their_digests_is_the_first_to_be_left_out(
    metrics: int, remarks: int, kinds: int
) -> None:
    model, candidate = (
        ModelIdentity(
            uri=f"s3://models/flights/{seed}/",
            digest="sha256:" + "0" * 64,
            kind=noise(seed, 128),
            remarks=tuple(noise(seed + number, 256) for number in range(1, MOST_REMARKS + 1)),
        )
        for seed in (10, 20)
    )
    given = result(model=model, candidate=candidate, metrics=tuple(metric(number) for number in range(metrics)))
    read = decode(encode(given))
    assert read.model is not None
    assert read.candidate is not None
    assert (read.model.uri, read.model.digest, read.omitted) == (model.uri, model.digest, 0)
    assert len(read.model.remarks) + len(read.candidate.remarks) == remarks
    assert sum(one.kind is not None for one in (read.model, read.candidate)) == kinds


def test_what_a_model_says_of_itself_is_cut_to_its_place() -> None:
    identity = ModelIdentity(uri="s3://models/flights/1/", kind="x" * 1000, remarks=("y" * 1000,))
    assert (len(identity.kind or ""), len(identity.remarks[0])) == (128, 256)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "z1:", id="nothing: the container was killed"),
        pytest.param('{"modelUri": "s3://x"}', "z1:", id="another program's message"),
        pytest.param("z1:" + encode(result())[100:], "cannot be read", id="its beginning is lost"),
        pytest.param(encode(result())[:-20], "cut", id="its end is lost"),
        pytest.param("z1:é", "cannot be read", id="not even ASCII"),
        pytest.param("z1:////", "cannot be read", id="not deflated"),
        pytest.param(packed(b"[]"), "cannot be read", id="JSON, but no result"),
        pytest.param(packed(b'{"look": "Judged", "verdict": "Splendid"}'), "cannot be read", id="an unknown verdict"),
        pytest.param(packed(b" " * 3_000_000), "too large", id="a bomb: 4 kB that inflate to 3 MB"),
        pytest.param(packed(b'{"look": "Open", "rows": -1}'), "cannot be read", id="out of bounds"),
    ],
)
def test_anything_else_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(ResultUnreadableError, match=says) as caught:
        decode(text)
    assert len(str(caught.value)) <= 500


def test_a_message_has_room_for_thirty_metrics() -> None:
    given = result(metrics=tuple(metric(number) for number in range(30)))
    read = decode(encode(given))
    assert (len(read.metrics), read.omitted) == (30, 0)
    assert len(encode(given)) <= LIMIT
