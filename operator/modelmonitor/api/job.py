"""What the operator hands to an evaluation Job: one JSON document, an annotation of the pod template."""

import json
from enum import StrEnum
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from modelmonitor.api.drift import Drift
from modelmonitor.api.monitor import Challenger, Data, ModelSpec, Reports, VerdictPolicy, Windows
from modelmonitor.api.objectives import BusinessRule, Metric, Objective, UserMetric
from modelmonitor.api.quality import Quality
from modelmonitor.api.record import Handover
from modelmonitor.api.result import Baseline, Window
from modelmonitor.api.types import Model, Name, Time, Uri

INPUT_ANNOTATION: Final = "modelmonitor.dev/input"
INPUT_LIMIT: Final = 32 * 1024


class Role(StrEnum):
    """What is measured: the serving model alone, or a candidate beside it."""

    CHAMPION = "Champion"
    CANDIDATE = "Candidate"


class Stage(StrEnum):
    """What a window is looked at for: the data at its end, and the quality of the model when its labels are there."""

    DATA = "Data"
    QUALITY = "Quality"


class Contender(Model):
    """The model that is compared with the champion."""

    uri: Uri
    """Where it is."""
    trained_through: Time | None = None
    """Rows up to this event time may have been used to train it, and are left out of the comparison."""
    selected: bool = False
    """Whether the window was selected for being bad."""


class EvaluationInput(Model):
    """Everything that an evaluation needs to know."""

    monitor: Name
    """The monitor's name."""
    namespace: Name
    """Its namespace."""
    evaluation: Name
    """The ModelEvaluation's name; the report is kept under it."""
    role: Role
    """What is measured."""
    stage: Stage = Stage.QUALITY
    """What the window is looked at for. In stage Data there are no metrics; in stage Quality there may be drift and
    quality beside them, where both stages are one."""
    window: Window
    """The window to look at."""
    closes: Time
    """The window is closed when an event of this time or later was seen."""
    matures: Time
    """From this event time on, missing labels are missing for good."""
    champion: Uri
    """The serving model."""
    since: Time | None = None
    """Logged predictions before this event time are another model's, and are left out."""
    baselines: Annotated[tuple[Baseline, ...], Field(max_length=4)] = ()
    """What the serving model's metrics were when it was promoted."""
    baseline_digest: Annotated[str, StringConstraints(max_length=80)] | None = None
    """Of which model: another one under the same URI has no baselines."""
    contender: Contender | None = None
    """The model that is compared with the champion; only with role Candidate."""
    model: ModelSpec
    """spec.model."""
    data: Data
    """spec.data."""
    windows: Windows
    """spec.windows."""
    metrics: Annotated[tuple[Metric, ...], Field(max_length=16)] = ()
    """spec.metrics; none in stage Data, where labels are not there yet."""
    rules: Annotated[tuple[BusinessRule, ...], Field(max_length=16)] = ()
    """spec.rules."""
    user_metrics: Annotated[tuple[UserMetric, ...], Field(max_length=16)] = ()
    """spec.userMetrics."""
    drift: Drift | None = None
    """spec.drift."""
    quality: Quality | None = None
    """spec.quality."""
    verdict: VerdictPolicy
    """spec.verdict."""
    challenger: Challenger = Challenger()
    """spec.challenger."""
    reports: Reports | None = None
    """spec.reports."""
    record: Handover | None = None
    """Decisions that are to be written into the record beside the reports."""

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Everything that the window is judged by."""
        return (*self.metrics, *self.rules, *self.user_metrics)

    def text(self) -> str:
        """The JSON that the Job reads; as an annotation it must be at most `INPUT_LIMIT` bytes long."""
        return json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"))
