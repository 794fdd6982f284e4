"""What a decision can ask for. Each is idempotent: asked twice, it is done once."""

from dataclasses import dataclass
from enum import StrEnum

from modelmonitor.api.evaluation import ModelEvaluationSpec, ModelEvaluationStatus
from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.serving import Serving
from modelmonitor.api.status import Attempt, RolloutStatus


@dataclass(frozen=True, slots=True)
class StartEvaluation:
    """Create the ModelEvaluation and its Job."""

    name: str
    identity: str
    record: ModelEvaluationSpec
    job_input: EvaluationInput


@dataclass(frozen=True, slots=True)
class FinishEvaluation:
    """Write the result into the ModelEvaluation and take it out of the watch."""

    name: str
    result: ModelEvaluationStatus


@dataclass(frozen=True, slots=True)
class StartTraining:
    """Create the training Job; one that was created before (`attempt.job_uid`) and is gone is not made again."""

    name: str
    identity: str
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class DeleteJob:
    """Delete a Job whose result is recorded, or that nobody wants any more."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class DeleteEvaluation:
    """Delete a ModelEvaluation that says nothing, or is older than the history."""

    name: str
    uid: str


@dataclass(frozen=True, slots=True)
class CreateServing:
    """Create the object that holds the model's URI, where nobody else does."""

    target: Serving
    uri: str
    digest: str | None
    rollout_id: int


@dataclass(frozen=True, slots=True)
class PatchServing:
    """Move the serving object's model URI, if it is still the object and the URI that the decision saw."""

    rollout: RolloutStatus
    uid: str
    generation: int


@dataclass(frozen=True, slots=True)
class Explain:
    """Ask for the Events of a Job that waits and does not say why."""

    job: str


class Tone(StrEnum):
    """The type of a Kubernetes Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Tell:
    """A Kubernetes Event on the monitor."""

    tone: Tone
    reason: str
    message: str


Action = (
    StartEvaluation
    | FinishEvaluation
    | StartTraining
    | DeleteJob
    | DeleteEvaluation
    | CreateServing
    | PatchServing
    | Explain
    | Tell
)
