"""What is known of a training when it is over: `training.json` beside the model; the card is its readable form.

The next training reads it of its champion, to say what changed.
"""

from typing import Final, Literal

from pydantic import Field

from modelmonitor.api.types import Model, Time

FORMAT: Final = "modelmonitor.dev/training/v1"


class ColumnFacts(Model):
    """A column that the model reads."""

    name: str
    type: str
    """Its Arrow type."""
    missing: float
    """The share of rows in which it is null or NaN."""


class ValueFacts(Model):
    """The label of a regression."""

    mean: float
    deviation: float
    """Standard deviation."""
    low: float
    high: float


class DataFacts(Model):
    """The rows that were trained on."""

    uri: str
    labels_uri: str | None = None
    """Where labels arrived apart."""
    start: Time
    """Events from here were asked for,"""
    end: Time
    """and before this."""
    first: Time
    """The first event."""
    last: Time
    """The last one."""
    rows: int
    """With a label."""
    unlabelled: int
    """Left out, since their label is not known."""
    label: str
    """The column."""
    classes: dict[str, int] = Field(default_factory=dict)
    """Rows of each class; empty in a regression."""
    positive: str | None = None
    """The positive class of a binary task."""
    values: ValueFacts | None = None
    """Of a regression."""
    columns: tuple[ColumnFacts, ...]


class Identity(Model):
    """A model."""

    uri: str
    kind: str
    """Class and version, for people."""
    digest: str | None = None
    """sha256 of its files."""


class Measured(Model):
    """A metric of both models on the same rows; absent where it is not defined."""

    name: str
    champion: float | None = None
    new: float | None = None
    greater_is_better: bool


class HeldOutFacts(Model):
    """The newest rows, on which both were measured before the last fit."""

    rows: int = 0
    start: Time | None = None
    end: Time | None = None
    """The last event."""
    measured: tuple[Measured, ...] = ()
    remarks: tuple[str, ...] = ()
    """What a person must know to read them."""


class SearchFacts(Model):
    """A search of parameters."""

    metric: str
    folds: int
    drawn: int
    """Sets of parameters, the champion's own among them."""
    tried: int
    """Of them fitted and measured on every fold."""
    stopped: bool
    """Whether the budget of time ended it."""
    seconds: float
    own: float | None = None
    """Mean of the metric over the folds with the champion's own parameters."""
    best: float | None = None
    """The same with the best ones."""
    parameters: dict[str, str] = Field(default_factory=dict)
    """The best ones, where they are not the champion's own."""
    trouble: dict[str, str] = Field(default_factory=dict)
    """Why some could not be measured, by their parameters."""


class Change(Model):
    """What is other than in the champion; an empty text where there is nothing."""

    what: str
    before: str = ""
    after: str = ""


class Made(Model):
    """How it was made."""

    time: Time
    seconds: float
    command: str
    seed: int
    versions: dict[str, str]


class TrainingFacts(Model):
    """All of it."""

    format: Literal["modelmonitor.dev/training/v1"] = FORMAT
    monitor: str = ""
    reason: str = ""
    window: tuple[Time, Time] | None = None
    """The newest window that gave the reason."""
    model: Identity
    champion: Identity
    parameters: dict[str, str]
    """Of the pipeline and its parts."""
    data: DataFacts
    held_out: HeldOutFacts
    search: SearchFacts | None = None
    changes: tuple[Change, ...]
    made: Made
