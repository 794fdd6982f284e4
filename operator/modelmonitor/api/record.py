"""The record of decisions: what an entry of `status.history` says, and the object that is kept of it for good.

`status.history` is a bounded outbox. Each entry is handed to the next evaluation Job, which writes it as one object
beside the reports, `<reports.uri>/<namespace>/<monitor>/decisions/<time>-<id>.json`, and never writes over one.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints

from modelmonitor.api.requests import Who
from modelmonitor.api.result import Comparison, ComparisonResult, MetricResult, Rows, Verdict, Window
from modelmonitor.api.types import Count, Model, Name, Note, Reason, Share, Time, Uri

FORMAT: Final = "modelmonitor.dev/decision/v1"
FOLDER: Final = "decisions"
"""Below the folder of the monitor's reports."""

MOST_DECISIONS: Final = 40
"""So many decisions are kept in a status, if they wait for the record and the status is short enough."""

Digest = Annotated[str, StringConstraints(max_length=80)]


class MeasuredValue(Model):
    """The metric that decided, on its window."""

    name: Annotated[str, StringConstraints(max_length=256)]
    """The metric."""
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

    @classmethod
    def of(cls, metrics: tuple[MetricResult, ...]) -> Self | None:
        """The first of an evaluation's metrics, which stand in the order of urgency."""
        first = next(iter(metrics), None)
        return None if first is None else cls(**{name: getattr(first, name) for name in cls.model_fields})


class ComparedValues(Model):
    """Two models on the same rows."""

    verdict: Comparison
    """What the comparison says."""
    metric: Annotated[str, StringConstraints(max_length=256)]
    """The metric that decides."""
    champion: float | None = None
    """The serving model's value."""
    candidate: float | None = None
    """The other model's value."""
    difference: float | None = None
    """By how much the other model is better."""
    low: float | None = None
    """Lower bound of the difference, one-sided, at `confidence`."""
    minimum_gain: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    """What the lower bound must exceed."""
    confidence: Share = 0.95
    """One-sided confidence."""
    rows: Rows = 0
    """Rows that both were judged on."""
    reason: Annotated[str, StringConstraints(max_length=64)] | None = None
    """Why there is no evidence, or GuardBroken."""
    selected: bool = False
    """Whether the rows are those of a window that was selected for being bad."""

    @classmethod
    def of(cls, result: ComparisonResult | None) -> Self | None:
        """The numbers of a comparison."""
        return None if result is None else cls(**{name: getattr(result, name) for name in cls.model_fields})


class Evidence(Model):
    """What a decision rests on."""

    windows: Annotated[tuple[Window, ...], Field(max_length=10)] = ()
    """The windows of event time that led to it."""
    evaluation: Annotated[str, StringConstraints(max_length=63)] | None = None
    """The ModelEvaluation; its full result is `<namespace>/<monitor>/<evaluation>.json` below spec.reports.uri."""
    metric: MeasuredValue | None = None
    """The metric that decided."""
    comparison: ComparedValues | None = None
    """Both models side by side."""
    by: Who | None = None
    """Who asked for it, or approved it, where somebody did and said so."""


class Move(Model):
    """From which model to which."""

    rollout: Count | None = None
    """The rollout's number; absent when somebody else moved the serving object."""
    from_uri: Uri
    """The model that served before."""
    from_digest: Digest | None = None
    """sha256 of its files, where it is known."""
    to_uri: Uri
    """The model that is to serve, or serves."""
    to_digest: Digest | None = None
    """sha256 of its files, where it is known."""


class Change(Model):
    """What was found to be other than before."""

    before: Note
    """What it was."""
    after: Note
    """What it is."""


class HistoryEntry(Model):
    """One decision."""

    id: Count
    """Its number; it only grows."""
    time: Time
    """When it was made."""
    reason: Reason
    """What was decided."""
    message: Note = ""
    """Why."""
    generation: Count | None = None
    """The generation of the spec that it was made under."""
    model_uri: Uri | None = None
    """The model that serves after it."""
    model_digest: Digest | None = None
    """sha256 of its files, once an evaluation has loaded it."""
    trip: Count | None = None
    """The remediation that it belongs to."""
    move: Move | None = None
    """From which model to which, of a rollout and wherever another model serves."""
    change: Change | None = None
    """Of a changed model or of changed data: before and after."""
    evidence: Evidence | None = None
    """What it rests on."""

    @property
    def name(self) -> str:
        """The name of its object. With the time: after a restored backup numbers come again.

        >>> HistoryEntry(id=12, time="2013-05-04T12:00:00Z", reason="Tripped").name
        '20130504T120000Z-000012'
        """
        return f"{self.time:%Y%m%dT%H%M%SZ}-{self.id:06d}"

    def in_short(self) -> Self:
        """Without what it rests on, and without digests."""
        return self.model_copy(update={"model_digest": None, "move": None, "change": None, "evidence": None})


class Handover(Model):
    """Decisions that are not in the record yet, the oldest first: the evaluation Job writes them there."""

    uid: Annotated[str, StringConstraints(max_length=64)]
    """The monitor's, which tells it from another of the same name."""
    decisions: Annotated[tuple[HistoryEntry, ...], Field(max_length=MOST_DECISIONS)]
    """The decisions."""


class DecisionRecord(Model):
    """The object that is kept of a decision. It is written once, and never changed."""

    format: Literal["modelmonitor.dev/decision/v1"] = FORMAT
    """What this is."""
    namespace: Name
    """The monitor's namespace."""
    monitor: Name
    """Its name."""
    uid: Annotated[str, StringConstraints(max_length=64)]
    """Its uid."""
    decision: HistoryEntry
    """The decision."""


class Known(Model):
    """What the newest evaluation found the model and the data to be: what is other at the next one, is recorded."""

    kind: Annotated[str, StringConstraints(max_length=128)] | None = None
    """The class of the model that was loaded last, and what wrote it."""
    signature: Annotated[str, StringConstraints(max_length=64)] | None = None
    """What it reads and knows, in short."""
    schema_changes: Note = ""
    """How the columns of the data differ from the reference's."""
    source: Uri | None = None
    """Where the data were."""
