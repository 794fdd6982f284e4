"""What people do to a monitor, and what happens to it that nobody wanted."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Final

from modelmonitor.api.monitor import ModelMonitorSpec, Rollout, RolloutMode
from modelmonitor.api.requests import Verb
from modelmonitor.api.status import ModelMonitorStatus, RolloutStage, RolloutStatus
from modelmonitor.api.types import format_time
from modelmonitor.domain.observation import Fleet, JobState
from tests.properties.cluster import Cluster, Job
from tests.properties.operators import Operator
from tests.unit.domain.manifests import manifest

RETRAIN: Final = ModelMonitorSpec.model_validate(manifest()).retrain

_MEASURING: Final = ("suspends", "deletes Jobs", "moves the model", "operator killed", "calls fail", "late labels")
_RESTING: Final = ("a stale operator wakes", "a lost patch lands")
_TRAINING: Final = (
    "the fleet turns bad",
    "deletes Jobs",
    "operator killed",
    *("a stale operator wakes",) * 4,
    "a Job is evicted",
    "a Job is evicted",
)
_WAITING: Final = (
    *("approves",) * 6,
    "approves another",
    *("rejects",) * 4,
    "moves the model",
    "operator killed",
    "holds",
)
_ROLLING: Final = (
    "moves the model",
    "moves the model back",
    "pods crash",
    "Seldon boasts",
    "webhook down",
    "an answer is lost",
    "a lost patch lands",
    "operator killed",
    "suspends",
    "wants it back",
    "deletes the model",
    "chooses to observe",
    "a stale operator wakes",
)
_PATCHED: Final = (
    *("replaces it all",) * 6,
    "moves the model back",
    "moves the model",
    "pods crash",
    "operator killed",
)


def apt(status: ModelMonitorStatus) -> tuple[str, ...]:
    """What hurts most just now."""
    if status.reverted is not None:
        return _RESTING
    if status.approval is not None:
        return _WAITING
    rollout = status.rollout
    if rollout is not None and rollout.stage is RolloutStage.PROGRESSING and rollout.patched_at is not None:
        return _PATCHED
    if rollout is not None and rollout.stage is not RolloutStage.ROLLED_BACK:
        return _ROLLING
    return _TRAINING if status.attempt is not None and status.candidate is None else _MEASURING


@dataclass
class Troubles:
    """Each is a sentence and what it does."""

    cluster: Cluster
    operator: Operator
    luck: Random
    down: bool = False
    backup: ModelMonitorStatus = ModelMonitorStatus()  # noqa: RUF009 - frozen

    def happen(self, act: str) -> None:
        """It happens."""
        (_PEOPLE | _THINGS)[act](self)

    @property
    def rollout(self) -> RolloutStatus | None:
        return self.cluster.status.rollout

    def word(self) -> str:
        """A new value for an annotation, longer than what a status can keep of it."""
        return f"{self.cluster.next_number()}" * 60

    def move(self, uri: str) -> None:
        self.cluster.serving.move(uri)

    def move_back(self) -> None:
        if self.rollout is not None:
            self.move(self.rollout.from_uri)

    def move_on(self) -> None:
        if self.rollout is not None:
            self.move(self.rollout.to_uri)

    def replace_all(self) -> None:
        """As `kubectl replace` does: the annotation goes with the model.

        Not in the moment between our patch and the status that tells of it: nobody could know that there was one.
        """
        rollout = self.rollout
        if rollout is not None and (rollout.stage is not RolloutStage.PROGRESSING or rollout.patched_at is not None):
            self.operator.census["replaced in the middle of a rollout"] += rollout.stage is RolloutStage.PROGRESSING
            self.move(rollout.from_uri)
            self.cluster.serving.rollout_id = 0

    def restore(self, status: ModelMonitorStatus) -> None:
        self.cluster.status = status
        self.cluster.version += 1
        # Nobody restores a backup within the second in which the last decision was made.
        self.cluster.pass_time(timedelta(minutes=1), data=True)
        self.operator.ledger.forget()
        self.operator.sleepers.clear()

    def look_now(self) -> None:
        self.cluster.annotations = replace(self.cluster.annotations, requested_at=self.word())

    def ask(self, verb: Verb, value: str) -> None:
        known = self.cluster.annotations
        self.cluster.annotations = replace(known, requests={**known.requests, verb: value})

    def answer(self, verb: Verb) -> None:
        """To a candidate that waits."""
        waits = self.cluster.status.approval
        if waits is not None and waits.digest is not None:
            nonce = str(self.cluster.next_number())
            self.ask(verb, json.dumps({"digest": waits.digest, "nonce": nonce}))

    def respec(self, **fields: object) -> None:
        self.cluster.generation += 1
        self.cluster.spec = self.cluster.spec.model_copy(update=fields)

    def a_job(self) -> Job | None:
        unfinished = [job for job in self.cluster.jobs.values() if not job.finished]
        return self.luck.choice(unfinished) if unfinished else None

    def evict(self) -> None:
        job = self.a_job()
        if job is not None:
            job.state, job.reason = JobState.FAILED, "Evicted"

    def run(self) -> None:
        job = self.a_job()
        if job is not None:
            job.state = JobState.RUNNING

    def block(self) -> None:
        job = self.a_job()
        if job is not None:
            job.hidden = "FailedMount"
            self.cluster.pass_time(timedelta(minutes=1), data=True)

    def crash(self) -> None:
        live = self.cluster.serving
        live.crashed = live.uri == live.running and not live.at_once

    def land(self) -> None:
        landed = self.cluster.land()
        if landed is not None:
            self.operator.ledger.patched(landed)

    def wake(self) -> None:
        if self.operator.sleepers:
            self.operator.wake(self.luck)


def _set(thing: Callable[[Troubles], object], name: str, value: object) -> Callable[[Troubles], None]:
    return lambda troubles: setattr(thing(troubles), name, value)


_PEOPLE: Final[dict[str, Callable[[Troubles], None]]] = {
    "moves the model": lambda it: it.move(f"s3://m/{it.cluster.next_number()}"),
    "moves the model back": Troubles.move_back,
    "moves the model on": Troubles.move_on,
    "replaces it all": Troubles.replace_all,
    "resumes": lambda it: it.ask(Verb.RESUME, it.word()),
    "asks": Troubles.look_now,
    "holds": lambda it: it.ask(Verb.HOLD, it.word()),
    "holds for a week": lambda it: it.ask(
        Verb.HOLD, json.dumps({"until": format_time(it.cluster.now + timedelta(days=7))})
    ),
    "wants a candidate": lambda it: it.ask(Verb.TRIP, it.word()),
    "writes nonsense": lambda it: it.ask(it.luck.choice(tuple(Verb)), "{" + it.word()),
    "approves": lambda it: it.answer(Verb.APPROVE),
    "approves another": lambda it: it.ask(Verb.APPROVE, f"{it.cluster.next_number():064x}"),
    "rejects": lambda it: it.answer(Verb.REJECT),
    "wants it back": lambda it: it.ask(Verb.ROLLBACK, it.word()),
    "deletes Jobs": lambda it: it.cluster.jobs.clear(),
    "deletes the model": _set(lambda it: it.cluster, "visible", value=False),
    "suspends": lambda it: it.respec(suspend=True),
    "chooses to observe": lambda it: it.respec(rollout=Rollout(mode=RolloutMode.OBSERVE)),
    "wants no retraining": lambda it: it.respec(retrain=None),
    "breaks the spec": _set(lambda it: it.cluster, "invalid", value=True),
    "only observes": _set(lambda it: it.cluster, "observe_only", value=True),
    "makes a rival": _set(lambda it: it.cluster, "owner", "flights-old"),
    "restores without status": lambda it: it.restore(ModelMonitorStatus()),
    "restores an older status": lambda it: it.restore(it.backup),
}
_THINGS: Final[dict[str, Callable[[Troubles], None]]] = {
    "the fleet turns bad": _set(lambda it: it.cluster, "fleet", value=Fleet(active=20, tripped=9)),
    "late labels": _set(lambda it: it.cluster, "labels_late", value=True),
    "labels in time": _set(lambda it: it.cluster, "labels_late", value=False),
    "pods crash": Troubles.crash,
    "Seldon boasts": lambda it: setattr(it.cluster.serving, "boasts", not it.cluster.serving.boasts),
    "a long pause": lambda it: it.cluster.pass_time(timedelta(days=60), data=True),
    "a backup is made": lambda it: setattr(it, "backup", it.cluster.status),
    "a Job runs": Troubles.run,
    "a Job waits": Troubles.block,
    "a Job is evicted": Troubles.evict,
    "webhook down": _set(lambda it: it.operator.weather, "webhook_down", value=True),
    "rights taken": _set(lambda it: it.operator.weather, "forbidden", value=True),
    "very many are due": _set(lambda it: it.operator.weather, "crowded", value=True),
    "the line is short": _set(lambda it: it.operator.weather, "crowded", value=False),
    "calls fail": lambda it: setattr(it.operator.weather, "flaky", it.luck.randint(1, 4)),
    "an answer is lost": _set(lambda it: it.operator.weather, "lose_answer", value=True),
    "a lost patch lands": Troubles.land,
    "operator killed": lambda it: setattr(it.operator, "dies_after", it.luck.randint(0, 3)),
    "operator down": _set(lambda it: it, "down", value=True),
    "a stale operator wakes": Troubles.wake,
}
PEOPLE: Final = tuple(_PEOPLE)
THINGS: Final = tuple(_THINGS)
