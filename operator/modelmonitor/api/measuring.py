"""What `ModelMonitor.status` says of measuring: how far each stage has come, and what was found last."""

from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from modelmonitor.api.annotations import ListMap
from modelmonitor.api.drift import DriftMethod
from modelmonitor.api.job import Stage
from modelmonitor.api.result import MetricResult, Rows, Verdict, Window, WindowIndex
from modelmonitor.api.types import Count, Message, Model, Name, Note, Reason, Share, Time, Uri

HEADLINES: Final = 5
"""So many metrics of the newest window stand in the status, the failing ones first. The ModelEvaluation has all of
them, and their details."""


class Measurement(Model):
    """The evaluation that is wanted now."""

    look: Count
    """Its number; part of the Job's name."""
    stage: Stage
    """What the window is looked at for."""
    window: Window
    """The window to look at."""
    model_uri: Uri
    """The serving model when it began."""
    started_at: Time
    """When it was decided."""
    generation: Count | None = None
    """The generation of the spec that it was decided under."""


class Counting(StrEnum):
    """What a verdict counts for."""

    COUNTED = "Counted"
    """It counts towards a retraining, or against one."""
    OVERLAPPING = "Overlapping"
    """The window shares rows with one that counts."""
    DATA_INVALID = "DataInvalid"
    """The window's data are invalid, and say nothing about the model."""


class LastEvaluation(Model):
    """The newest window whose metrics have a verdict."""

    name: Name
    """The ModelEvaluation."""
    window: Window
    """Its window."""
    verdict: Verdict
    """Its verdict."""
    reason: Annotated[str, StringConstraints(max_length=64)] = ""
    """Why."""
    message: Message = ""
    """Why, as a sentence."""
    counting: Counting
    """What it counts for."""
    model_uri: Uri
    """The model that was judged."""
    metrics: Annotated[tuple[MetricResult, ...], Field(max_length=HEADLINES), ListMap("name")] = ()
    """Its metrics, the failing ones first."""
    rows: Rows = 0
    """Rows of the window."""
    coverage: Share | None = None
    """Share of them with a label."""
    completed_at: Time
    """When the result was read."""
    report_uri: Uri | None = None
    """Where the full result is."""
    report_problem: Annotated[str, StringConstraints(max_length=512)] | None = None
    """Why the full result could not be kept."""


class OwnRow(Model):
    """Separate windows in a row that missed an objective with a count of its own, or in a dry run."""

    objective: Annotated[str, StringConstraints(max_length=256)]
    """The objective."""
    windows: Annotated[tuple[WindowIndex, ...], Field(max_length=10)] = ()
    """Numbers of the windows that missed it."""
    healthy_windows: Annotated[tuple[WindowIndex, ...], Field(max_length=10)] = ()
    """Numbers of healthy windows among and after them, too few in a row to clear."""
    cleared_window: WindowIndex | None = None
    """Number of the newest window up to which nothing counts any more."""
    told_window: WindowIndex | None = None
    """Of a dry run, number of the newest window of which was told that it would have tripped."""


class DriftValue(Model):
    """How far one column has moved away from the reference."""

    name: Annotated[str, StringConstraints(max_length=256)]
    """The column; `prediction` and `target` for those."""
    method: DriftMethod
    """How the distributions were compared."""
    value: float | None = None
    """The distance, or the statistic of the test."""
    limit: float | None = None
    """The objective."""
    verdict: Verdict
    """Pass, Warn, Fail or Insufficient."""


class DriftSummary(Model):
    """How far the data have moved away from the reference."""

    verdict: Verdict
    """The worst of its parts."""
    trips: bool = False
    """Whether drift of severity Trip was found."""
    features: Count = 0
    """Features that were compared."""
    drifted: Count = 0
    """How many of them have drifted."""
    scores: Annotated[tuple[DriftValue, ...], Field(max_length=16), ListMap("name")] = ()
    """Prediction and target, then the worst features."""


class QualitySummary(Model):
    """What the data are like."""

    verdict: Verdict
    """The worst finding. Fail: the data are invalid."""
    message: Note = ""
    """The worst findings, in words."""


class LastDataEvaluation(Model):
    """The newest window whose data were looked at."""

    name: Name
    """The ModelEvaluation."""
    window: Window
    """Its window."""
    verdict: Verdict
    """The worse of drift and quality."""
    message: Note = ""
    """Why, as a sentence."""
    drift: DriftSummary | None = None
    """How far the data have moved away from the reference, where that was measured."""
    quality: QualitySummary | None = None
    """What the data are like, where that was looked at."""
    completed_at: Time
    """When the result was read."""


class Trouble(Model):
    """Why the last look could not measure."""

    reason: Reason
    """CamelCase, for programs."""
    message: Message
    """What is wrong and what to do."""
    count: Count
    """How many looks in a row."""
    generation: Count | None = None
    """The generation of the spec that the last of them was decided under."""


class Frontier(Model):
    """How far one stage has come, and what holds it up."""

    stage: Stage
    """Which stage."""
    next_window: Window | None = None
    """The next window to be judged."""
    next_look: Time | None = None
    """When to look at it, if nothing happens before."""
    immature_looks: Count = 0
    """Looks in a row at it that found too few labels."""
    coverage: Share | None = None
    """The share of its rows that had a label at the last of them."""
    trouble: Trouble | None = None
    """Why the last look could not measure."""


class Waiting(StrEnum):
    """Why a window waits for its verdict."""

    IMMATURE = "Immature"
    """Too few of its labels have arrived; it is looked at again."""
    LABELS_DUE = "LabelsDue"
    """Its labels have not had their time yet."""
    HELD = "Held"
    """An earlier window is waited for, or looked at."""


class PendingWindow(Model):
    """A window whose data were looked at, and whose metrics wait for labels."""

    window: Window
    """The window."""
    reason: Waiting
    """Why it waits."""
    coverage: Share | None = None
    """The share of its rows that had a label when it was last looked at."""
    looks: Count | None = None
    """Looks so far that found too few labels."""
    next_look: Time | None = None
    """When it is looked at again."""
