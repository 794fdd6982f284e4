"""What a training Job hands back in its termination log."""

from pydantic import Field

from modelmonitor.api.types import Model, Time, Uri


class TrainingResult(Model):
    """The new model. Its URI must be new: a URI is written once."""

    model_uri: Uri
    """Where the new model is."""
    trained_through: Time | None = None
    """The newest event time in its training rows. Default: the end that the operator gave."""
    metrics: dict[str, float] = Field(default_factory=dict, max_length=64)
    """What the trainer measured by itself; shown, never trusted."""
