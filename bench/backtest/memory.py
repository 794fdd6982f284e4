"""What was measured and trained once: policies that come to the same window with the same model need not wait again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import EvaluationResult, Look
from modelmonitor.backtest.measuring import Evaluator
from modelmonitor.backtest.trainers import Trainer


@dataclass(frozen=True)
class RememberingEvaluator:
    """Of one past and one set of objectives."""

    inner: Evaluator
    _known: dict[object, EvaluationResult] = field(default_factory=dict)

    def __call__(self, given: EvaluationInput, now: datetime) -> EvaluationResult:
        """Measure, or remember."""
        contender = given.contender
        against = None if contender is None else (contender.uri, contender.trained_through)
        key = given.window.index, given.champion, against
        if key in self._known:
            return self._known[key]
        result = self.inner(given, now)
        if result.look is Look.JUDGED:
            self._known[key] = result
        return result


@dataclass(frozen=True)
class RememberingTrainer:
    """Of one past: a model follows from the days that it was trained on."""

    inner: Trainer
    folder: Path
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The trainer's."""
        return self.inner.name

    def train(self, environment: Mapping[str, str]) -> str:
        """Train, or remember."""
        first, end = environment["MODELMONITOR_TRAIN_START"], environment["MODELMONITOR_TRAIN_END"]
        if (first, end) not in self._known:
            target = {"MODELMONITOR_OUTPUT_URI": str(self.folder / f"{first}-{end}".replace(":", ""))}
            self._known[first, end] = self.inner.train({**environment, **target})
        return self._known[first, end]
