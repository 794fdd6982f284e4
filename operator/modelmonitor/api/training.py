"""What a training Job is told of the monitor's spec, and what it hands back in its termination log."""

import json
from typing import Annotated, Final, Self

from pydantic import Field

from modelmonitor.api.monitor import Challenger, Data, ModelMonitorSpec, ModelSpec, Windows
from modelmonitor.api.objectives import Metric
from modelmonitor.api.types import Model, Time, Uri

SPEC_VARIABLE: Final = "MODELMONITOR_SPEC"


class TrainingSpec(Model):
    """The parts of the monitor's spec that a training needs, so that its template need not say them again.

    JSON in the environment variable MODELMONITOR_SPEC. It is part of an evaluation's input, which is at most 32 KiB
    long, so it is no longer than that either.
    """

    model: ModelSpec
    """spec.model."""
    data: Data
    """spec.data."""
    windows: Windows
    """spec.windows."""
    metrics: Annotated[tuple[Metric, ...], Field(max_length=16)] = ()
    """spec.metrics."""
    challenger: Challenger = Challenger()
    """spec.challenger."""

    @classmethod
    def of(cls, spec: ModelMonitorSpec) -> Self:
        """Those of a spec."""
        return cls(
            model=spec.model,
            data=spec.data,
            windows=spec.windows,
            metrics=spec.metrics,
            challenger=spec.challenger or Challenger(),
        )

    def text(self) -> str:
        """The JSON, with defaults written out: a trainer of one's own need not know them."""
        return json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"))


class TrainingResult(Model):
    """The new model. Its URI must be new: a URI is written once."""

    model_uri: Uri
    """Where the new model is."""
    trained_through: Time | None = None
    """The newest event time in its training rows. Default: the end that the operator gave."""
    metrics: dict[str, float] = Field(default_factory=dict, max_length=64)
    """What the trainer measured by itself; shown, never trusted."""
