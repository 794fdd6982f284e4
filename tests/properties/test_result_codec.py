"""Whatever a result holds, its termination message fits and can be read."""

from datetime import UTC, datetime
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelmonitor.api.drift import DriftMethod
from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.result import (
    LIMIT,
    MOST_REMARKS,
    Baseline,
    Comparison,
    ComparisonResult,
    DriftResult,
    DriftScore,
    EvaluationResult,
    GuardVerdict,
    Look,
    MetricResult,
    ModelIdentity,
    Paired,
    QualityFinding,
    QualityResult,
    Verdict,
    Window,
    decode,
    encode,
)

numbers = st.none() | st.floats(allow_nan=False, allow_infinity=False)
times = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1))


def noise(seed: int, length: int) -> str:
    """Text that does not compress, from all of Unicode but the surrogates, which no JSON can carry."""
    random = Random(seed)  # noqa: S311 - noise, not secrets
    return "".join(chr((random.randrange(0xD800), random.randrange(0xE000, 0x110000))[k % 2]) for k in range(length))


def text(most: int) -> st.SearchStrategy[str]:
    """Short texts, and texts as long as they may be."""
    return st.text(max_size=min(most, 20)) | st.integers(0, 9).map(lambda seed: noise(seed, most))


metrics = st.builds(
    MetricResult,
    name=text(256),
    verdict=st.sampled_from(Verdict),
    value=numbers,
    low=numbers,
    high=numbers,
    level=st.none() | st.floats(0, 1),
    min=numbers,
    max=numbers,
    rows=st.integers(0, 10**12),
    blocks=st.integers(0, 10**6),
    design_effect=st.none() | st.floats(0, 1e9),
    reason=st.none() | text(64),
)
identities = st.builds(
    ModelIdentity,
    uri=text(1024),
    digest=st.none() | text(80),
    kind=st.none() | text(128),
    signature=st.none() | text(64),
    remarks=st.lists(text(256), max_size=MOST_REMARKS).map(tuple),
)
beside = st.builds(
    Paired,
    metric=text(256),
    champion=numbers,
    candidate=numbers,
    difference=numbers,
    low=numbers,
    high=numbers,
    guard=st.none() | st.sampled_from(GuardVerdict),
    rows=st.integers(0, 10**12),
    reason=st.none() | text(64),
)
baselines = st.builds(
    Baseline,
    metric=st.sampled_from(MetricName).map(str),
    value=st.floats(allow_nan=False, allow_infinity=False),
    error=st.floats(0, 1e300),
    degrees=st.integers(1, 10**6),
)
comparisons = st.builds(
    ComparisonResult,
    verdict=st.sampled_from(Comparison),
    metric=text(256),
    champion=numbers,
    candidate=numbers,
    difference=numbers,
    low=numbers,
    high=numbers,
    reason=st.none() | text(64),
    others=st.lists(beside, max_size=32, unique_by=lambda one: one.metric).map(tuple),
    baselines=st.lists(baselines, max_size=4, unique_by=lambda one: one.metric).map(tuple),
)
scores = st.builds(
    DriftScore,
    name=text(256),
    method=st.sampled_from(DriftMethod),
    value=numbers,
    p_value=st.none() | st.floats(0, 1),
    expected=numbers,
    limit=numbers,
    verdict=st.sampled_from(Verdict),
    reason=st.none() | text(64),
)
drifts = st.builds(
    DriftResult,
    verdict=st.sampled_from(Verdict),
    trips=st.booleans(),
    features=st.integers(0, 10**6),
    drifted=st.integers(0, 10**6),
    scores=st.lists(scores, max_size=16, unique_by=lambda score: score.name).map(tuple),
)
findings = st.builds(
    QualityFinding,
    check=text(64),
    column=st.none() | text(256),
    value=numbers,
    limit=numbers,
    verdict=st.sampled_from((Verdict.WARN, Verdict.FAIL)),
    message=text(256),
)
qualities = st.builds(
    QualityResult,
    verdict=st.sampled_from(Verdict),
    findings=st.lists(findings, max_size=16).map(tuple),
    schema_changes=st.none() | text(256),
)
results = st.builds(
    EvaluationResult,
    look=st.sampled_from(Look),
    verdict=st.none() | st.sampled_from(Verdict),
    reason=text(64),
    message=text(2048),
    window=st.none() | st.builds(Window, index=st.integers(-(10**6), 10**6), start=times, end=times),
    data_through=st.none() | times,
    rows=st.integers(0, 10**12),
    coverage=st.none() | st.floats(0, 1),
    model=st.none() | identities,
    candidate=st.none() | identities,
    comparison=st.none() | comparisons,
    drift=st.none() | drifts,
    quality=st.none() | qualities,
    report_uri=st.none() | text(1024),
    report_problem=st.none() | text(512),
    recorded_through=st.none() | st.integers(0, 10**9).map(lambda number: f"20130504T120000Z-{number:06d}"),
    record_problem=st.none() | text(384),
    seconds=st.floats(0, 1e6),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(result=results, entries=st.lists(metrics, max_size=5), times=st.sampled_from((1, 70, 2_000)))
def test_a_message_fits_and_tells_the_verdict_whatever_the_result_holds(
    result: EvaluationResult, entries: list[MetricResult], times: int
) -> None:
    repeated = entries * (times // max(1, len(entries)))
    many = tuple(one.model_copy(update={"name": f"{number}{one.name}"[:256]}) for number, one in enumerate(repeated))
    message = encode(result.model_copy(update={"metrics": many}))
    read = decode(message)
    assert len(message.encode("utf-8")) <= LIMIT
    assert (read.look, read.verdict, read.window) == (result.look, result.verdict, result.window)
    assert read.recorded_through == result.recorded_through
    assert len(read.metrics) + read.omitted == len(many)
    assert len(read.metrics) <= 64
    if result.comparison is not None and read.comparison is not None:
        assert read.comparison.baselines == result.comparison.baselines, (
            "what a model will be held to is never left out"
        )
        assert len(read.comparison.others) + read.comparison.omitted == len(result.comparison.others)
        assert set(read.comparison.others) <= set(result.comparison.others)
    for told, known in ((read.model, result.model), (read.candidate, result.candidate)):
        assert (told is None) == (known is None)
        if told is not None and known is not None:
            assert told.kind in {known.kind, None}
            assert told.remarks == known.remarks[: len(told.remarks)]
    # What was found about the data is told, however few of its parts fit.
    assert (read.drift is None, read.quality is None) == (result.drift is None, result.quality is None)
    if read.drift is not None and result.drift is not None:
        assert (read.drift.verdict, read.drift.drifted) == (result.drift.verdict, result.drift.drifted)
        assert set(read.drift.scores) <= set(result.drift.scores)


def test_ten_thousand_entries_fit_and_tell_how_many_are_missing() -> None:
    """The size that the design names, with names of 256 characters from all of Unicode."""
    many = tuple(MetricResult(name=noise(k, 256), verdict=Verdict.PASS, value=k / 7) for k in range(10_000))
    failing = MetricResult(name="f1", verdict=Verdict.FAIL, value=0.1)
    result = EvaluationResult(look=Look.JUDGED, verdict=Verdict.FAIL, reason="ObjectiveMissed")
    message = encode(result.model_copy(update={"metrics": (*many, failing)}))
    read = decode(message)
    assert len(message) <= LIMIT
    assert read.verdict is Verdict.FAIL
    assert read.metrics[0] == failing
    assert len(read.metrics) + read.omitted == 10_001


def test_drift_and_findings_make_room_for_every_failing_metric() -> None:
    """Thirty failing segments and the worst that drift and quality can hold: texts that do not compress."""
    failing = tuple(
        MetricResult(name=f"f1{{carrier=C{k}}}", verdict=Verdict.FAIL, value=k / 7, low=k / 9, high=k / 5)
        for k in range(30)
    )
    passing = tuple(MetricResult(name=f"passing {k}", verdict=Verdict.PASS, value=k / 7) for k in range(30))
    drift = DriftResult(
        verdict=Verdict.FAIL,
        features=900,
        drifted=800,
        scores=tuple(
            DriftScore(name=noise(k, 256), method=DriftMethod.PSI, value=k / 3, verdict=Verdict.FAIL) for k in range(16)
        ),
    )
    quality = QualityResult(
        verdict=Verdict.FAIL,
        findings=tuple(
            QualityFinding(check="Missing", column=noise(k, 256), message=noise(k, 256), verdict=Verdict.FAIL)
            for k in range(16)
        ),
    )
    result = EvaluationResult(
        look=Look.JUDGED, verdict=Verdict.FAIL, metrics=(*passing, *failing), drift=drift, quality=quality
    )
    read = decode(encode(result))
    assert [metric for metric in read.metrics if metric.verdict is Verdict.FAIL] == list(failing)
    assert read.drift is not None
    assert read.drift.drifted == 800


def test_drift_comes_before_metrics_that_pass_beyond_the_headlines() -> None:
    passing = tuple(MetricResult(name=f"{k} {noise(k, 20)}", verdict=Verdict.PASS, value=k / 7) for k in range(64))
    bad = DriftScore(name="distance", method=DriftMethod.PSI, value=0.9, expected=0.01, verdict=Verdict.WARN)
    drift = DriftResult(verdict=Verdict.WARN, features=1, drifted=1, scores=(bad,))
    result = EvaluationResult(look=Look.JUDGED, verdict=Verdict.PASS, metrics=passing, drift=drift)
    read = decode(encode(result))
    assert read.omitted > 0
    assert read.drift is not None
    assert read.drift.scores == (bad,)
