"""Evaluation Jobs without a cluster: `evaluate` on the rows that had arrived."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.monitor import FromModel, Predictions
from modelmonitor.api.result import EvaluationResult
from modelmonitor.backtest.arrivals import as_of
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.limits import Limits


class Evaluator(Protocol):
    """Looks at a window."""

    def __call__(self, given: EvaluationInput, now: datetime) -> EvaluationResult:
        """What was found, of what had arrived.

        Raises:
            EvaluationError: whatever keeps it from measuring.
        """


@dataclass(frozen=True, slots=True)
class OnFiles:
    """The evaluator itself."""

    first: str
    """The model that served first: logged predictions are its own, and it is what an endpoint serves."""
    environ: Mapping[str, str]
    limits: Limits
    progress: Callable[[str], None]

    def __call__(self, given: EvaluationInput, now: datetime) -> EvaluationResult:
        """Look at a window.

        Who was promoted in a backtest has logged nothing and is served nowhere: it is loaded, and scores the rows.
        """
        if given.data.predictions.model is None and given.champion != self.first:
            loaded = given.data.model_copy(update={"predictions": Predictions(model=FromModel())})
            given = given.model_copy(update={"data": loaded, "since": None})
        return evaluate(given, environ=self.environ, now=now, progress=self.progress, limits=self.limits, planned=as_of)
