"""A model of the operator around the real `decide`: it looks, decides, acts and writes, and may die in between."""

from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from modelmonitor.api.monitor import RolloutMode
from modelmonitor.api.status import Direction, ModelMonitorStatus
from modelmonitor.domain.actions import (
    Action,
    CreateServing,
    DeleteEvaluation,
    DeleteJob,
    Explain,
    FinishEvaluation,
    PatchServing,
    StartEvaluation,
    StartTraining,
    Tell,
)
from modelmonitor.domain.decision import Decision
from modelmonitor.domain.observation import EvaluationSeen, JobState, Observation
from modelmonitor.domain.outcomes import Failure, Remedy, after
from tests.properties.cluster import FENCE, VERSION, Cluster, Job, Patch, Snapshot
from tests.properties.promises import Ledger

Decide = Callable[[Observation, datetime], Decision]
_ROUNDS: Final = 25
_ASLEEP: Final = 3
_CONFLICT: Final = Failure(Remedy.READ_AGAIN, "Conflict", "The object has changed.")


@dataclass
class Weather:
    """What the API server does to calls."""

    webhook_down: bool = False
    forbidden: bool = False
    flaky: int = 0
    lose_answer: bool = False
    crowded: bool = False

    @property
    def fair(self) -> bool:
        return not (self.webhook_down or self.forbidden or self.crowded)


@dataclass
class Operator:
    """One operator process at a time.

    `sleepers` are decisions of earlier ones, by what they ask for, that are still to be carried out a second time.
    """

    cluster: Cluster
    decide: Decide
    ledger: Ledger
    census: Counter[str]
    story: deque[str]
    weather: Weather = field(default_factory=Weather)
    dies_after: int | None = None
    deleted: frozenset[str] = frozenset()
    sleepers: dict[str, dict[object, tuple[Snapshot, Decision]]] = field(default_factory=dict)

    def settle(self, meanwhile: Callable[[], None]) -> None:
        """Decide, act and write until nothing changes any more; `meanwhile` happens between two decisions."""
        for _ in range(_ROUNDS):
            before = self.cluster.changes
            self.ledger.observed()
            snapshot = self.cluster.look(self.deleted)
            known = self.deleted
            decision = self._decided(snapshot)
            failures = self._carry_out(snapshot, decision, dies_after=self.dies_after)
            if failures is None:
                self.census["operator killed"] += 1
                self.dies_after, self.deleted = None, frozenset()
            elif (self.cluster.changes, self.deleted) == (before, known) and (not failures or not self.weather.fair):
                self._at_rest(decision)
                return
            meanwhile()
        self.ledger.broken("it comes to rest", f"not after {_ROUNDS} rounds")

    def wake(self, luck: Random) -> None:
        """An operator that slept between deciding and acting wakes up."""
        rare = [kind for kind in ("PatchServing", "StartTraining") if kind in self.sleepers]
        kinds = rare if rare and luck.random() < 0.7 else sorted(self.sleepers)
        snapshot, decision = luck.choice(list(self.sleepers[luck.choice(kinds)].values()))
        self._carry_out(snapshot, decision, dies_after=None, fresh=False)

    def _decided(self, snapshot: Snapshot) -> Decision:
        decision = self.decide(snapshot.seen, self.cluster.now)
        for action in decision.actions:
            asleep = self.sleepers.setdefault(type(action).__name__, {})
            asleep.setdefault(_about(action), (snapshot, decision))
            if len(asleep) > _ASLEEP:
                del asleep[next(iter(asleep))]
        if snapshot.seen.spec.suspend:
            begun = [action for action in decision.actions if _begins(action)]
            self.ledger.demand(not begun, "a suspended monitor begins nothing", begun)
        if snapshot.seen.spec.rollout_mode is RolloutMode.OBSERVE:
            moves = [one for one in decision.actions if isinstance(one, CreateServing) or _rolls_out(one)]
            self.ledger.demand(not moves, "in mode Observe nothing is rolled out", moves)
        return decision

    def _carry_out(
        self, snapshot: Snapshot, decision: Decision, *, dies_after: int | None, fresh: bool = True
    ) -> list[Failure] | None:
        """What was not done; None when the operator died."""
        failures: list[Failure] = []
        for number, action in enumerate(decision.actions):
            if number == dies_after:
                return None
            failure = self._do(action, snapshot, fresh=fresh)
            self._note(action, failure, fresh=fresh)
            self.census[type(action).__name__] += failure is None
            if failure is not None:
                self.census[f"failed action {failure.remedy}"] += 1
                failures.append(failure)
        if dies_after is not None:
            return None
        now = self.cluster.now
        seen = snapshot.seen
        status = after(decision.status, failures, recorded=seen.recorded, generation=seen.generation, now=now)
        self._write(snapshot, status)
        return failures

    def _note(self, action: Action, failure: Failure | None, *, fresh: bool) -> None:
        what = f"{type(action).__name__} {_about(action)}"
        if isinstance(action, Tell):
            what = f"{action.reason}: {action.message}"
        who = "" if fresh else "stale operator: "
        self.story.append(f"{self.cluster.now:%m-%d %H:%M} {who}{what}{f', {failure.reason}' if failure else ''}")

    def _write(self, snapshot: Snapshot, status: ModelMonitorStatus) -> None:
        cluster = self.cluster
        if status == snapshot.seen.recorded or (VERSION in cluster.guards and snapshot.version != cluster.version):
            return
        before, cluster.status = cluster.status, status
        cluster.version += 1
        cluster.changes += 1
        self.ledger.recorded(before, status)

    def _do(self, action: Action, snapshot: Snapshot, *, fresh: bool) -> Failure | None:
        cluster, weather = self.cluster, self.weather
        if weather.flaky and not isinstance(action, Tell | Explain):
            weather.flaky -= 1
            return Failure(Remedy.RETRY, "ApiServerUnavailable", "It is tried again.")
        stale = FENCE in cluster.guards and snapshot.version != cluster.version
        match action:
            case StartEvaluation() | StartTraining() if weather.crowded and action.name not in cluster.jobs:
                return Failure(Remedy.WAIT, "Queued", "It waits for its turn.")
            case StartEvaluation():
                return self._start_evaluation(action)
            case StartTraining():
                return self._start_training(action, stale=stale)
            case CreateServing():
                return self._create_serving(action, stale=stale)
            case PatchServing():
                return self._patch(action, stale=stale)
            case FinishEvaluation():
                cluster.changes += cluster.records.pop(action.name, None) is not None
            case DeleteJob() | DeleteEvaluation():
                self._delete(action, fresh=fresh)
            case Explain():
                self._explain(action)
        return None

    def _start_evaluation(self, action: StartEvaluation) -> Failure | None:
        cluster, look = self.cluster, action.record.look
        if self.weather.forbidden:
            return Failure(Remedy.CHANGE, "Forbidden", "The account may not create Jobs.")
        if action.name not in cluster.records:
            record = EvaluationSeen(action.name, f"uid-{cluster.next_number()}", look, action.record.role)
            cluster.records[action.name] = record
            cluster.changes += 1
        self._create(Job(action.name, "", action.job_input, look, cluster.now))
        return None

    def _delete(self, action: DeleteJob | DeleteEvaluation, *, fresh: bool) -> None:
        objects: dict[str, Any] = self.cluster.jobs if isinstance(action, DeleteJob) else self.cluster.records
        known = objects.get(action.name)
        if known is None or known.uid != action.uid:
            return
        if fresh and isinstance(known, Job):
            self.ledger.deleting(known)
        del objects[action.name]
        self.cluster.changes += 1

    def _explain(self, action: Explain) -> None:
        job = self.cluster.jobs.get(action.job)
        if job is not None and job.state is JobState.WAITING and not job.reason:
            job.reason = job.hidden
            self.cluster.changes += bool(job.hidden)

    def _start_training(self, action: StartTraining, *, stale: bool) -> Failure | None:
        uid = action.attempt.job_uid
        if uid is not None:
            # The real one asks the API server whether the Job is gone, and never makes it a second time.
            if action.name not in self.cluster.jobs:
                self.deleted |= {uid}
            return None
        if stale:
            return _CONFLICT
        if self.weather.forbidden:
            return Failure(Remedy.CHANGE, "Forbidden", "The account may not create Jobs.")
        self._create(Job(action.name, "", action.attempt, 0, self.cluster.now))
        return None

    def _create(self, job: Job) -> None:
        if job.name in self.cluster.jobs:
            return
        job.uid = f"uid-{self.cluster.next_number()}"
        self.cluster.jobs[job.name] = job
        self.cluster.changes += 1
        self.ledger.created(job)

    def _create_serving(self, action: CreateServing, *, stale: bool) -> Failure | None:
        if stale:
            return _CONFLICT
        if self.weather.forbidden:
            return Failure(Remedy.CHANGE, "Forbidden", "The account may not create ConfigMaps.")
        if self.cluster.make_serving(action.uri, action.rollout_id):
            self.ledger.made(action)
        return None

    def _patch(self, action: PatchServing, *, stale: bool) -> Failure | None:
        cluster, weather = self.cluster, self.weather
        if stale:
            return _CONFLICT
        if weather.webhook_down:
            return Failure(Remedy.RETRY, "WebhookUnavailable", "connection refused")
        if weather.lose_answer:
            weather.lose_answer = False
            limit = cluster.now + timedelta(minutes=1)
            cluster.in_flight = Patch(action.rollout, action.uid, action.generation, limit)
            return Failure(Remedy.RETRY, "ApiServerUnavailable", "timed out")
        if not cluster.patch(action.rollout, action.uid, action.generation):
            return _CONFLICT
        self.ledger.patched(action.rollout)
        return None

    def _at_rest(self, decision: Decision) -> None:
        """Nothing changes any more; by time alone nothing may change either before the next decision is due."""
        cluster = self.cluster
        self.census[f"phase {cluster.status.phase}"] += 1
        self.ledger.at_rest(fair=self.weather.fair)
        until = decision.next_time or cluster.now + timedelta(days=400)
        if not self.weather.fair or until <= cluster.now:
            return
        moment = cluster.now + (until - cluster.now) * 0.99
        later = self.decide(cluster.look(self.deleted).seen, moment)
        self.ledger.quiet(decision, later, moment)


def _about(action: Action) -> object:
    if isinstance(action, PatchServing):
        return action.rollout.id
    return None if isinstance(action, CreateServing | Explain | Tell) else action.name


def _rolls_out(action: Action) -> bool:
    return isinstance(action, PatchServing) and action.rollout.direction is Direction.FORWARD


def _begins(action: Action) -> bool:
    return isinstance(action, StartEvaluation | StartTraining) or _rolls_out(action)
