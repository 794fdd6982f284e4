"""`ModelEvaluation`: the record of one measurement. The operator makes them; nobody needs to write one."""

from typing import Annotated, ClassVar

from pydantic import Field

from modelmonitor.api.job import Role, Stage
from modelmonitor.api.result import EvaluationResult, Window
from modelmonitor.api.rules import Rule, Ruled
from modelmonitor.api.types import Model, Name, Time, Uri


class MonitorRef(Model):
    """A ModelMonitor in the same namespace."""

    name: Name
    """The ModelMonitor's name."""


class ModelEvaluationSpec(Ruled):
    """What was to be measured."""

    rules: ClassVar = (
        Rule(
            "self == oldSelf",
            "a ModelEvaluation is a record and cannot be changed: delete it, the monitor measures anew",
        ),
        Rule(
            "(self.role == 'Candidate') == has(self.candidateUri)",
            "candidateUri belongs to role Candidate and only to it: set both, or neither",
        ),
    )

    monitor_ref: MonitorRef
    """The ModelMonitor that it belongs to."""
    role: Role
    """What was measured. Champion: the serving model alone. Candidate: a candidate beside it, on the same rows."""
    stage: Stage
    """What the window was looked at for. Data: drift and the quality of the data, at its end. Quality: the metrics,
    when its labels had arrived; and the data too, where labels come with the rows."""
    window: Window
    """The window of event time whose rows were measured."""
    look: Annotated[int, Field(ge=1, le=1_000_000_000)]
    """Which look of the monitor this is, counted from its first."""
    model_uri: Uri
    """The model in service, the champion."""
    candidate_uri: Uri | None = None
    """The model that was compared with it; with role Candidate."""


class ModelEvaluationStatus(EvaluationResult):
    """What was measured."""

    completed_at: Time | None = None
    """When the operator read the result."""
