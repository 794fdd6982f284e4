"""What surrounds a monitor, as far as `decide` can see it: a serving object, Jobs and a status.

It is what the operator and its cluster are when nothing goes wrong with them: a Job has ended at the moment at which it
was created, a patch is done at once. What is measured and trained is real.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from modelmonitor.api.job import EvaluationInput, Role
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.result import Comparison, ComparisonResult, EvaluationResult, Look, Verdict, Window, encode
from modelmonitor.api.status import Attempt, ModelMonitorStatus
from modelmonitor.api.training import TrainingResult
from modelmonitor.backtest.measuring import Evaluator
from modelmonitor.backtest.trainers import Trainer, TrainingFailedError
from modelmonitor.domain.actions import Action, DeleteJob, PatchServing, StartEvaluation, StartTraining
from modelmonitor.domain.decision import Decision, decide
from modelmonitor.domain.environment import spec_environment, training_environment
from modelmonitor.domain.observation import JobSeen, JobState, Observation, Progress, ServingSeen
from modelmonitor.evaluation.errors import CandidateError, EvaluationError

_UID: Final = "backtest"
_MOST_ROUNDS: Final = 1000


class UnmeasurableError(Exception):
    """A window that cannot be measured, and why."""

    def __init__(self, window: Window, why: EvaluationError) -> None:
        super().__init__(why.message)
        self.window: Final = window
        self.why: Final = why


class Witness(Protocol):
    """Whoever wants to know what happens."""

    def evaluated(self, given: EvaluationInput, result: EvaluationResult) -> None:
        """An evaluation has ended."""

    def decided(self, before: ModelMonitorStatus, decision: Decision, now: datetime) -> None:
        """Something was decided."""


@dataclass
class World:
    """One monitor in it."""

    name: str
    namespace: str
    spec: ModelMonitorSpec
    evaluator: Evaluator
    trainer: Trainer | None
    """None: nothing is trained, and whatever trips ends with the champion in service."""
    witness: Witness
    serving: ServingSeen
    status: ModelMonitorStatus = field(default_factory=ModelMonitorStatus)
    jobs: dict[str, JobSeen] = field(default_factory=dict)

    def look(self) -> Observation:
        """What is there now."""
        return Observation(
            namespace=self.namespace,
            name=self.name,
            uid=_UID,
            generation=1,
            spec=self.spec,
            recorded=self.status,
            status=self.status,
            serving=self.serving,
            jobs=dict(self.jobs),
        )

    def settle(self, now: datetime) -> Decision:
        """Decide and act until nothing changes any more at this moment.

        Raises:
            UnmeasurableError: the operator would wait until somebody has mended it.
        """
        for _ in range(_MOST_ROUNDS):
            decision = decide(self.look(), now)
            acted = [self._do(action, now) for action in decision.actions]
            before, self.status = self.status, decision.status
            self.witness.decided(before, decision, now)
            if not any(acted) and before == self.status:
                return decision
        raise AssertionError(f"the monitor does not come to rest at {now}: {self.status.phase}")

    def _do(self, action: Action, now: datetime) -> bool:
        """Carry out an action; whether that changed anything that the next decision sees."""
        match action:
            case StartEvaluation():
                self.jobs[action.name] = self._evaluated(action, now)
            case StartTraining():
                self.jobs[action.name] = self._trained(action.name, action.attempt, now)
            case PatchServing():
                live, rollout = self.serving, action.rollout
                self.serving = ServingSeen(live.uid, live.generation + 1, rollout.to_uri, rollout.id, Progress.DONE)
            case DeleteJob():
                del self.jobs[action.name]
            case _:
                return False
        return True

    def _evaluated(self, action: StartEvaluation, now: datetime) -> JobSeen:
        given = action.job_input
        state = JobState.SUCCEEDED
        try:
            if given.role is Role.CANDIDATE and self.trainer is None:
                result = _unchallenged(given)
            else:
                result = self.evaluator(given, now)
        except CandidateError as error:
            # Held against the candidate, as the operator does; anything else is for a person to mend.
            state, result = JobState.FAILED, _failed(given, error)
        except EvaluationError as error:
            raise UnmeasurableError(given.window, error) from error
        self.witness.evaluated(given, result)
        return JobSeen(action.name, action.name, state, now, output=encode(result))

    def _trained(self, name: str, attempt: Attempt, now: datetime) -> JobSeen:
        try:
            if self.trainer is None:
                output = json.dumps(TrainingResult(model_uri=attempt.output_uri).document())
            else:
                output = self.trainer.train(training_environment(self.name, attempt) | spec_environment(self.spec))
        except TrainingFailedError as error:
            return JobSeen(name, name, JobState.FAILED, now, error.reason, error.message)
        return JobSeen(name, name, JobState.SUCCEEDED, now, output=output)


def _unchallenged(given: EvaluationInput) -> EvaluationResult:
    """The comparison with a candidate that nobody has made."""
    metric = given.challenger.metric
    comparison = ComparisonResult(verdict=Comparison.NOT_BETTER, metric=metric, reason="NotTrained")
    return EvaluationResult(
        look=Look.JUDGED, verdict=Verdict.PASS, reason="NotTrained", window=given.window, comparison=comparison
    )


def _failed(given: EvaluationInput, error: CandidateError) -> EvaluationResult:
    return EvaluationResult(
        look=Look.JUDGED,
        verdict=Verdict.ERROR,
        cause=error.cause,
        reason=error.reason,
        message=error.message[:2048],
        window=given.window,
    )
