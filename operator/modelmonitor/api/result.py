"""What an evaluation hands back, and its codec: a termination message of at most 4,096 bytes.

The kubelet keeps the *end* of a longer termination message, so a JSON document that is too long loses its beginning
and cannot be read at all. So the writer fills the message in a fixed order until it is full, says how many entries
it left out, and the message is always whole: `z1:` + base64(deflate(JSON)).
"""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from modelmonitor.api.annotations import ListMap, Shortened
from modelmonitor.api.drift import DriftMethod
from modelmonitor.api.types import Message, Model, Note, Share, Time

LIMIT: Final = 4096
PREFIX: Final = "z1:"
# A forged message of 4 kB can deflate to 4 MB; an honest one stays far below this.
_INFLATED_LIMIT: Final = 256 * 1024


class Look(StrEnum):
    """How far a look at a window came."""

    OPEN = "Open"
    """Newer data may still arrive: no verdict."""
    IMMATURE = "Immature"
    """The window is closed but too few of its labels have arrived: look again."""
    JUDGED = "Judged"
    """There is a verdict, and it is final."""


class Verdict(StrEnum):
    """The verdict on a window. Error (could not measure) and Fail (bad model) never mix."""

    PASS = "Pass"  # noqa: S105
    WARN = "Warn"
    FAIL = "Fail"
    INSUFFICIENT = "Insufficient"
    NO_DATA = "NoData"
    ERROR = "Error"


class Cause(StrEnum):
    """What an Error lies in, and so what helps: only what lies in a candidate or in the data is held against it."""

    INPUT = "Input"
    STORAGE = "Storage"
    DATA = "Data"
    MODEL = "Model"
    CANDIDATE = "Candidate"
    UNEXPECTED = "Unexpected"


class Comparison(StrEnum):
    """What a comparison says of the candidate."""

    BETTER = "Better"
    NOT_BETTER = "NotBetter"
    NO_EVIDENCE = "NoEvidence"


Rows = Annotated[int, Field(ge=0, le=1_000_000_000_000)]

# The grid begins in 1970: windows of a second would be number 1,800,000,000 today.
WindowIndex = Annotated[int, Field(ge=-10_000_000_000, le=10_000_000_000)]


class Window(Model):
    """A half-open interval of event time, number `index` of the monitor's grid."""

    index: WindowIndex
    """Which window of the grid."""
    start: Time
    """The first instant inside."""
    end: Time
    """The first instant after."""


MOST_REMARKS: Final = 3


class ModelIdentity(Model):
    """Which model."""

    uri: Annotated[str, StringConstraints(max_length=1024)]
    """Where it was loaded from."""
    digest: Annotated[str, StringConstraints(max_length=80)] | None = None
    """sha256 of its files; absent when predictions came from a column or an endpoint."""
    kind: Annotated[str, Shortened(128)] | None = None
    """Its class and the version of its library; of an endpoint what answers there. Absent when predictions came from a
    column."""
    signature: Annotated[str, StringConstraints(max_length=64)] | None = None
    """How many columns it reads and how many classes it knows, and a digest of their names in order."""
    remarks: Annotated[tuple[Note, ...], Field(max_length=MOST_REMARKS)] = ()
    """What a person should know of it, such as that another version of its library wrote it."""


ESTIMATE: Final = "Estimate"
"""The reason of a metric that was not measured but estimated without labels (`estimated_f1`): it is not judged."""


class MetricResult(Model):
    """One metric on one window."""

    name: Annotated[str, StringConstraints(max_length=256)]
    """The metric, `rule.<name>` or `user.<name>`; of a segment with its name, as in `f1{carrier=UA}`."""
    verdict: Verdict
    """The verdict of its objective."""
    value: float | None = None
    """The point estimate."""
    low: float | None = None
    """Lower end of the interval that was tested."""
    high: float | None = None
    """Upper end of the interval that was tested."""
    level: Share | None = None
    """One-sided confidence of each end."""
    min: float | None = None
    """The objective: not below."""
    max: float | None = None
    """The objective: not above."""
    rows: Rows = 0
    """Rows that the metric rests on (its denominator)."""
    blocks: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Time blocks that the interval rests on."""
    design_effect: Annotated[float, Field(ge=0)] | None = None
    """Variance by blocks over the variance if rows were independent."""
    reason: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Why it could not be judged, or how the interval was found."""
    detail: Annotated[str, StringConstraints(max_length=160)] | None = None
    """Of a metric that compares groups: which two of them it is about."""


def objective_of(name: str) -> str:
    """The objective that a metric's result belongs to.

    >>> objective_of("f1{carrier=UA}")
    'f1'
    """
    return name.partition("{")[0]


class Baseline(Model):
    """What a metric was, and how sure that is."""

    metric: Annotated[str, StringConstraints(max_length=64)]
    """The metric."""
    value: float
    """Its value."""
    error: Annotated[float, Field(ge=0)]
    """Its standard error."""
    degrees: Annotated[int, Field(ge=1, le=1_000_000)]
    """Degrees of freedom of that."""


MOST_BESIDE: Final = 32
"""So many guards and metrics beside the one that decides stand in a summary; the report has all of them."""


class GuardVerdict(StrEnum):
    """What is known of a metric in which a candidate must not be worse."""

    KEPT = "Kept"
    """It is shown not to be worse by more than the margin."""
    BROKEN = "Broken"
    """That is not shown."""
    NO_EVIDENCE = "NoEvidence"
    """It could not be judged."""


class Paired(Model):
    """Both models' values of a metric on the same rows."""

    metric: Annotated[str, StringConstraints(max_length=256)]
    """The metric; of a segment with its name, as in `recall{carrier=UA}`."""
    champion: float | None = None
    """The serving model's value."""
    candidate: float | None = None
    """The candidate's value."""
    difference: float | None = None
    """By how much the candidate is better; negative where it is worse."""
    low: float | None = None
    """Lower bound of the difference, one-sided, at `confidence`."""
    high: float | None = None
    """Upper bound of the difference, likewise."""
    confidence: Share | None = None
    """Of a guard: its own; else the comparison's."""
    margin: float | None = None
    """Of a guard: by how much it may be worse."""
    guard: GuardVerdict | None = None
    """Of a guard: whether it is kept."""
    rows: Rows = 0
    """Rows of the metric's denominator, of the model that has fewer."""
    counted: Rows | None = None
    """Where they are too few, as `reason` says: these rows, or blocks of time."""
    needed: Rows | None = None
    """How many of them are needed."""
    reason: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Why it could not be judged."""


class ComparisonResult(Model):
    """Candidate against champion, paired on the same rows."""

    verdict: Comparison
    """What it says."""
    metric: Annotated[str, StringConstraints(max_length=256)]
    """The metric that decides."""
    champion: float | None = None
    """The serving model's value."""
    candidate: float | None = None
    """The candidate's value."""
    difference: float | None = None
    """By how much the candidate is better: candidate minus champion, or the reverse where less is better."""
    low: float | None = None
    """Lower bound of the difference, one-sided, at `confidence`."""
    high: float | None = None
    """Upper bound of the difference, likewise."""
    minimum_gain: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    """What the lower bound must exceed."""
    confidence: Share = 0.95
    """One-sided confidence."""
    rows: Rows = 0
    """Rows that both were judged on."""
    blocks: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Time blocks that the bound rests on."""
    counted: Rows | None = None
    """Where they are too few, as `reason` says: rows of the metric's denominator, or blocks of time."""
    needed: Rows | None = None
    """How many of them are needed."""
    reason: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Why there is no evidence, or GuardBroken."""
    selected: bool = False
    """Whether the rows are those of a window that was selected for being bad: then an equal model looks better more
    often than `confidence` says."""
    others: Annotated[tuple[Paired, ...], Field(max_length=MOST_BESIDE), ListMap("metric")] = ()
    """Guards, the broken ones first, and the other metrics side by side."""
    omitted: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Guards and metrics that did not fit."""
    baselines: Annotated[tuple[Baseline, ...], Field(max_length=4), ListMap("metric")] = ()
    """The candidate's values of the metrics that have noWorseThan: what it is held to once it serves."""


class DriftScore(Model):
    """How far one column has moved away from the reference."""

    name: Annotated[str, StringConstraints(max_length=256)]
    """The column; `prediction` and `target` for those."""
    method: DriftMethod
    """How the distributions were compared."""
    value: float | None = None
    """The distance, or the statistic of the test."""
    p_value: Share | None = None
    """Of a test: how often chance alone gives as much, knowing that rows of one block are alike."""
    expected: float | None = None
    """The distance that chance alone would give on average with so many rows."""
    limit: float | None = None
    """The objective: `max` of a distance, `alpha` of a test."""
    verdict: Verdict
    """Pass, or Warn or Fail when it has drifted (by the objective's severity), or Insufficient."""
    reason: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Why it could not be judged."""


class DriftResult(Model):
    """How far the data have moved away from the reference."""

    verdict: Verdict
    """The worst of its parts."""
    trips: bool = False
    """Whether drift of severity Trip was found."""
    features: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Features that were compared."""
    drifted: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """How many of them have drifted."""
    scores: Annotated[tuple[DriftScore, ...], Field(max_length=16), ListMap("name")] = ()
    """Prediction and target, then the worst features."""


class QualityFinding(Model):
    """Something about the data that the reference does not have."""

    check: Annotated[str, StringConstraints(max_length=64)]
    """What was looked for, CamelCase, such as Missing, UnseenCategories, OutOfRange or ColumnAdded."""
    column: Annotated[str, StringConstraints(max_length=256)] | None = None
    """The column."""
    value: float | None = None
    """How much of it: a share of rows."""
    limit: float | None = None
    """How much is tolerated."""
    verdict: Verdict
    """Warn or Fail."""
    message: Annotated[str, StringConstraints(max_length=256)] = ""
    """A sentence."""


class QualityResult(Model):
    """What the data are like."""

    verdict: Verdict
    """The worst finding; Pass without any. Fail: the data are invalid."""
    findings: Annotated[tuple[QualityFinding, ...], Field(max_length=16)] = ()
    """The worst ones."""
    schema_changes: Annotated[str, StringConstraints(max_length=256)] | None = None
    """How the columns differ from the reference's, in words, empty when they do not; absent when nobody looked."""


class EvaluationResult(Model):
    """The summary of one evaluation: what status, events and /metrics show."""

    look: Look
    """How far the look came."""
    verdict: Verdict | None = None
    """The verdict; only when judged. In stage Quality that of the metrics alone, whatever drift and quality say; in
    stage Data the worst of those two."""
    cause: Cause | None = None
    """What an Error lies in, where the evaluator could say it."""
    reason: Annotated[str, StringConstraints(max_length=64)] = ""
    """CamelCase, for machines."""
    message: Message = ""
    """A sentence, for people."""
    window: Window | None = None
    """The window that was looked at."""
    data_through: Time | None = None
    """The newest event time seen, not later than the wall clock."""
    rows: Rows = 0
    """Rows of the window."""
    coverage: Share | None = None
    """Share of them that have a label."""
    left_out: Rows | None = None
    """Further rows of the window, which are in none of these numbers, since other versions of the model made their
    predictions; only with data.columns.modelVersion."""
    model: ModelIdentity | None = None
    """The serving model."""
    candidate: ModelIdentity | None = None
    """The candidate, in a comparison."""
    comparison: ComparisonResult | None = None
    """Candidate against champion."""
    drift: DriftResult | None = None
    """How far the data have moved away from the reference, where that was measured."""
    quality: QualityResult | None = None
    """What the data are like, where that was looked at."""
    report_uri: Annotated[str, StringConstraints(max_length=1024)] | None = None
    """Where the full result is."""
    report_problem: Annotated[str, StringConstraints(max_length=512)] | None = None
    """Why the full result could not be kept."""
    recorded_through: Annotated[str, StringConstraints(max_length=40)] | None = None
    """The name of the newest of the decisions handed over that is in the record, and with it all before it."""
    record_problem: Annotated[str, StringConstraints(max_length=384)] | None = None
    """Why the others are not."""
    seconds: Annotated[float, Field(ge=0, le=1e9)] = 0.0
    """Wall time of the evaluation."""
    omitted: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    """Metrics that did not fit."""
    metrics: Annotated[
        tuple[MetricResult, ...],
        Field(max_length=64),
        ListMap("name"),
    ] = ()
    """Metrics, the failing ones first."""


class ResultUnreadableError(ValueError):
    """A termination message that is not a result: cut, forged, or written by something else."""


_URGENCY: Final = (Verdict.FAIL, Verdict.WARN, Verdict.ERROR, Verdict.INSUFFICIENT, Verdict.PASS, Verdict.NO_DATA)
_MOST: Final = 64
# So many metrics are worth more than the end of a long text.
_HEADLINES: Final = 16


def encode(result: EvaluationResult) -> str:
    """The termination message of a result: at most `LIMIT` ASCII bytes, whatever the result holds.

    Long texts are shortened first. Then entries are left out from the least urgent on: drift and findings about the
    data are less urgent than what the metrics say first and than every failing metric. What is known of the models
    beside their URI and digest goes first. `omitted` counts metrics; that of a comparison, what stands beside the
    metric that decides.
    """
    entries = _by_urgency(result)
    headlines = [entry for entry in entries if isinstance(entry, MetricResult)][:_HEADLINES]
    for text_limit in (2048, 512, 128, 32):
        slim = _shortened(_without_details(result), text_limit)
        if len(_packed(slim, headlines, result)) <= LIMIT:
            break
    # The message grows with every entry, so the most that fit are found by bisection.
    kept, most = 0, len(entries)
    while kept < most:
        middle = (kept + most + 1) // 2
        if len(_packed(slim, entries[:middle], result)) <= LIMIT:
            kept = middle
        else:
            most = middle - 1
    return _packed(slim, entries[:kept], result)


def decode(text: str) -> EvaluationResult:
    """The result in a termination message.

    Raises:
        ResultUnreadableError: when it is not one; the message says why.
    """
    if not text.startswith(PREFIX):
        raise ResultUnreadableError("the evaluator's termination message does not begin with z1:")
    inflater = zlib.decompressobj(-15)
    try:
        raw = inflater.decompress(base64.b64decode(text[len(PREFIX) :], validate=True), _INFLATED_LIMIT)
        result = EvaluationResult.model_validate_json(raw) if inflater.eof else None
    except (ValueError, zlib.error) as error:
        raise ResultUnreadableError(f"the evaluator's termination message cannot be read: {error}"[:500]) from error
    if result is None:
        raise ResultUnreadableError("the evaluator's termination message is cut or too large")
    return result


# Which part of a result has which list of entries.
_LISTS: Final = (
    ("drift", "scores", DriftScore),
    ("quality", "findings", QualityFinding),
    ("comparison", "others", Paired),
)
_MODELS: Final = ("model", "candidate")


@dataclass(frozen=True, slots=True)
class _Detail:
    """A text about one of the models."""

    model: str
    field: str
    text: str


_Entry = MetricResult | DriftScore | QualityFinding | Paired | _Detail


def _by_urgency(result: EvaluationResult) -> list[_Entry]:
    """What can be left out, the most urgent first: headlines and failing metrics, bad data, other metrics, the rest."""
    metrics = sorted(result.metrics, key=lambda metric: _URGENCY.index(metric.verdict))[:_MOST]
    first = [one for place, one in enumerate(metrics) if place < _HEADLINES or one.verdict is Verdict.FAIL]
    about_data: list[DriftScore | QualityFinding] = [
        *(result.drift.scores if result.drift else ()),
        *(result.quality.findings if result.quality else ()),
    ]
    about_data.sort(key=lambda one: _URGENCY.index(one.verdict))
    bad = [one for one in about_data if one.verdict in {Verdict.FAIL, Verdict.WARN}]
    others = result.comparison.others[:MOST_BESIDE] if result.comparison is not None else ()
    broken = [one for one in others if one.guard is GuardVerdict.BROKEN]
    rest = [one for one in others if one not in broken]
    return [*broken, *first, *bad, *rest, *metrics[len(first) :], *about_data[len(bad) :], *_details(result)]


def _details(result: EvaluationResult) -> list[_Detail]:
    known = [(name, getattr(result, name)) for name in _MODELS if getattr(result, name) is not None]
    kinds = [_Detail(name, "kind", identity.kind) for name, identity in known if identity.kind is not None]
    return kinds + [_Detail(name, "remarks", remark) for name, identity in known for remark in identity.remarks]


def _without_details(result: EvaluationResult) -> EvaluationResult:
    bare = {
        name: identity.model_copy(update={"kind": None, "remarks": ()})
        for name in _MODELS
        if (identity := getattr(result, name)) is not None
    }
    return result.model_copy(update=bare)


def _packed(result: EvaluationResult, entries: Sequence[_Entry], of: EvaluationResult) -> str:
    """A shortened result with some of the entries of the one that it is made of."""

    def documents(kind: type[Model]) -> list[dict[str, Any]]:
        return [entry.document() for entry in entries if isinstance(entry, Model) and isinstance(entry, kind)]

    kept = documents(MetricResult)
    body = result.document() | {"metrics": kept, "omitted": result.omitted + len(of.metrics) - len(kept)}
    for part, field, kind in _LISTS:
        if part in body:
            body[part] |= {field: documents(kind)}
    if of.comparison is not None:
        body["comparison"]["omitted"] = of.comparison.omitted + len(of.comparison.others) - len(documents(Paired))
    for detail in (entry for entry in entries if isinstance(entry, _Detail)):
        if detail.field == "kind":
            body[detail.model]["kind"] = detail.text
        else:
            body[detail.model].setdefault("remarks", []).append(detail.text)
    raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    deflater = zlib.compressobj(9, wbits=-15)
    return PREFIX + base64.b64encode(deflater.compress(raw) + deflater.flush()).decode("ascii")


def _shortened(result: EvaluationResult, limit: int) -> EvaluationResult:
    def cut(value: Any) -> Any:
        if isinstance(value, str):
            return value if len(value) <= limit else value[: limit - 1] + "…"
        if isinstance(value, dict):
            # Entries of lists are put in again one by one, as far as they fit; but what a promoted model will be held
            # to is never left out.
            return {
                key: cut(inner) for key, inner in value.items() if key == "baselines" or not isinstance(inner, list)
            }
        return value

    return EvaluationResult.model_validate(cut(result.document()))
