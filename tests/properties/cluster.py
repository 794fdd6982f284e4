"""A model, not the real thing: API server, Jobs and what serves as far as a decision can see them.

It keeps what the real ones were seen to keep: a name is created once, a delete names a uid, a patch is applied only
while its tests hold, a status is written only over the version that was read; old pods serve until new ones are ready,
and what Seldon says of itself proves nothing. `guards` are what the operator asks before it does or believes something:
that the monitor is still the one it decided on, that the serving object is, that the status is, that pods run the
model. A planted bug leaves one out.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from modelmonitor.api.drift import Drift, DriftMethod, DriftSeverity
from modelmonitor.api.job import EvaluationInput, Stage
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.result import (
    Baseline,
    Cause,
    Comparison,
    ComparisonResult,
    DriftResult,
    DriftScore,
    EvaluationResult,
    GuardVerdict,
    Look,
    ModelIdentity,
    Paired,
    QualityFinding,
    QualityResult,
    Verdict,
    encode,
)
from modelmonitor.api.status import Attempt, ModelMonitorStatus, RolloutStatus
from modelmonitor.domain.names import training_name
from modelmonitor.domain.observation import (
    Absent,
    Annotations,
    EvaluationSeen,
    Fleet,
    JobSeen,
    JobState,
    Observation,
    Problem,
    Progress,
    ServingSeen,
)
from tests.properties.record import Store

BIRTH: Final = datetime(2013, 1, 5, 9, tzinfo=UTC)
FENCE, GENERATION, VERSION, PROOF = "fence", "generation", "version", "proof"
GUARDS: Final = frozenset({FENCE, GENERATION, VERSION, PROOF})
FINISHED: Final = (JobState.SUCCEEDED, JobState.FAILED)


@dataclass(slots=True)
class Job:
    """A Job: what it is for is what it was made from."""

    name: str
    uid: str
    order: EvaluationInput | Attempt
    look: int
    created: datetime
    state: JobState = JobState.WAITING
    hidden: str = ""
    reason: str = ""
    message: str = ""
    output: str | None = None

    @property
    def trains(self) -> bool:
        return isinstance(self.order, Attempt)

    @property
    def finished(self) -> bool:
        return self.state in FINISHED


@dataclass(slots=True)
class Serving:
    """A SeldonDeployment: `uri` is what it is to run, `running` what its pods run.

    `at_once`: a ConfigMap, of which what is written is in service.
    """

    uid: str
    uri: str
    running: str
    generation: int = 1
    rollout_id: int = 0
    failed: bool = False
    crashed: bool = False
    boasts: bool = True
    at_once: bool = False

    def move(self, uri: str) -> None:
        """The URI is changed; old pods serve on, and their model needs no new ones."""
        self.generation += 1
        self.uri, self.failed, self.crashed = uri, False, False
        self.running = uri if self.at_once else self.running

    def progress(self) -> Progress:
        if self.uri == self.running and not self.crashed:
            return Progress.DONE
        return Progress.FAILED if self.failed else Progress.UNDER_WAY


@dataclass(slots=True)
class Patch:
    """A patch of which the answer was lost: it lands within a minute, or never."""

    rollout: RolloutStatus
    uid: str
    generation: int
    lands_before: datetime


class DataTruth(StrEnum):
    """What the data of a window are like."""

    GOOD = "good"
    MOVED = "moved"
    INVALID = "invalid"
    BOTH = "moved and invalid"

    @property
    def moved(self) -> bool:
        return self in (DataTruth.MOVED, DataTruth.BOTH)

    @property
    def invalid(self) -> bool:
        return self in (DataTruth.INVALID, DataTruth.BOTH)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What an operator saw at one moment."""

    seen: Observation
    version: int


@dataclass
class Cluster:
    """Everything around one monitor; `changes` counts writes, whoever made them."""

    spec: ModelMonitorSpec
    guards: frozenset[str] = GUARDS
    now: datetime = BIRTH
    status: ModelMonitorStatus = field(default_factory=ModelMonitorStatus)
    version: int = 1
    generation: int = 1
    annotations: Annotations = field(default_factory=Annotations)
    serving: Serving = field(default_factory=lambda: Serving("sd-0", "s3://m/0", "s3://m/0"))
    visible: bool = True
    invalid: bool = False
    owner: str | None = None
    observe_only: bool = False
    fleet: Fleet = Fleet()  # noqa: RUF009 - frozen
    jobs: dict[str, Job] = field(default_factory=dict)
    records: dict[str, EvaluationSeen] = field(default_factory=dict)
    through: datetime | None = None
    labels_late: bool = False
    in_flight: Patch | None = None
    truth: dict[tuple[int, str], Verdict] = field(default_factory=dict)
    data_truth: dict[int, DataTruth] = field(default_factory=dict)
    store: Store = field(default_factory=Store)
    changes: int = 0
    made: int = 0

    def __post_init__(self) -> None:
        # A ConfigMap is the operator's to make.
        self.visible = self.spec.model.serving.batch is None

    def next_number(self) -> int:
        self.made += 1
        return self.made

    def look(self, deleted: frozenset[str] = frozenset()) -> Snapshot:
        """What an operator sees now; `deleted` are uids of Jobs that it knows to be gone."""
        live = self.serving
        progress = live.progress() if PROOF in self.guards or not live.boasts else Progress.DONE
        serving: ServingSeen | Problem = ServingSeen(
            live.uid, live.generation, live.uri, live.rollout_id, progress, "1 of 2 updated"
        )
        batch = self.spec.model.serving.batch
        if not self.visible and batch is not None:
            serving = Absent("ServingTargetNotFound", "There is no ConfigMap flights-model.", batch.uri)
        elif not self.visible:
            serving = Problem("ServingTargetNotFound", "There is no SeldonDeployment flights.")
        jobs = {
            job.name: JobSeen(job.name, job.uid, job.state, job.created, job.reason, job.message, job.output)
            for job in self.jobs.values()
        }
        return Snapshot(
            Observation(
                namespace="ml",
                name="flights",
                uid="uid-monitor",
                generation=self.generation,
                spec=self.spec,
                recorded=self.status,
                status=self.status,
                serving=serving,
                annotations=self.annotations,
                invalid=Problem("InvalidCron", "spec.schedule.cron: write five fields.") if self.invalid else None,
                owner_of_target=self.owner,
                jobs=jobs | _gone(self.status, deleted),
                evaluations=tuple(self.records.values()),
                observe_only=self.observe_only,
                fleet=self.fleet,
            ),
            self.version,
        )

    # --- what the world does by itself ----------------------------------------------------------------------------
    def pass_time(self, delta: timedelta, *, data: bool) -> None:
        self.now += delta
        if data:
            self.through = self.now - timedelta(hours=1)
        if self.in_flight is not None and self.now >= self.in_flight.lands_before:
            self.in_flight = None

    def land(self) -> RolloutStatus | None:
        """The patch that was on its way arrives."""
        patch, self.in_flight = self.in_flight, None
        if patch is None:
            return None
        return patch.rollout if self.patch(patch.rollout, patch.uid, patch.generation) else None

    def patch(self, rollout: RolloutStatus, uid: str, generation: int) -> bool:
        """The JSON Patch of a rollout: applied while its tests hold."""
        live = self.serving
        same = live.uid == uid and (live.generation == generation or GENERATION not in self.guards)
        if not self.visible or not same or live.uri != rollout.from_uri:
            return False
        live.move(rollout.to_uri)
        live.rollout_id = rollout.id
        self.changes += 1
        return True

    def make_serving(self, uri: str, rollout_id: int) -> bool:
        """The ConfigMap is created, unless it is there."""
        if self.visible:
            return False
        self.serving = Serving(f"cm-{self.next_number()}", uri, uri, rollout_id=rollout_id, at_once=True)
        self.visible = True
        self.changes += 1
        return True

    def judge(self, job: Job, verdict: Verdict, comparison: Comparison, data: DataTruth = DataTruth.GOOD) -> None:
        """An evaluation Job ends well; the verdict on a window and a model is always the same, and so are its data."""
        order = job.order
        assert isinstance(order, EvaluationInput)
        result = EvaluationResult(
            look=Look.OPEN, reason="Open", window=order.window, data_through=self.through, message="What was found."
        )
        if self.through is not None and self.through >= order.closes:
            result = self._about_data(order, result, self.data_truth.setdefault(order.window.index, data))
        if self.through is not None and self.through >= order.closes and order.stage is Stage.QUALITY:
            late = self.labels_late and self.through < order.matures
            found = verdict if late else self.truth.setdefault((order.window.index, order.champion), verdict)
            measured = _compared(order, order.contender.uri, comparison) if order.contender else None
            identity = identity_of(order.contender.uri) if order.contender else None
            judged: dict[str, object] = {"look": Look.JUDGED, "verdict": found, "reason": str(found)}
            judged |= {"comparison": measured, "candidate": identity}
            result = result.model_copy(update={"look": Look.IMMATURE} if late else judged)
        job.state, job.output = JobState.SUCCEEDED, encode(self.store.say(order, result))

    def _about_data(self, order: EvaluationInput, result: EvaluationResult, data: DataTruth) -> EvaluationResult:
        """What the data are like, where that was asked."""
        drift = _drift(order.drift, moved=data.moved) if order.drift is not None else None
        quality = _quality(invalid=data.invalid) if order.quality is not None else None
        found: dict[str, object] = {"drift": drift, "quality": quality}
        if order.stage is Stage.DATA:
            parts = [part.verdict for part in (drift, quality) if part is not None]
            ranked = (Verdict.FAIL, Verdict.WARN, Verdict.PASS)
            found |= {"look": Look.JUDGED, "verdict": next(one for one in ranked if one in parts)}
        return result.model_copy(update=found)

    def err(self, job: Job, cause: Cause) -> None:
        """An evaluation Job could not measure, and its evaluator says why."""
        assert isinstance(job.order, EvaluationInput)
        result = EvaluationResult(
            look=Look.JUDGED, verdict=Verdict.ERROR, cause=cause, reason=f"{cause}Trouble", window=job.order.window
        )
        job.state, job.output = JobState.FAILED, encode(self.store.say(job.order, result))

    def train(self, job: Job, *, same: bool = False) -> None:
        """A training Job ends well."""
        attempt = job.order
        assert isinstance(attempt, Attempt)
        uri = attempt.champion if same else f"s3://m/{self.next_number()}"
        job.state, job.output = JobState.SUCCEEDED, json.dumps({"modelUri": uri})


def held_to(uri: str) -> Baseline:
    """What a model's metric was when it was compared: every one has its own."""
    return Baseline(metric="f1", value=int(hashlib.sha256(uri.encode()).hexdigest(), 16) / 2**256, error=0.1, degrees=6)


def _compared(order: EvaluationInput, challenger: str, verdict: Comparison) -> ComparisonResult:
    """Where there are guards it is they that keep a candidate from being better."""
    kept = {Comparison.BETTER: GuardVerdict.KEPT, Comparison.NOT_BETTER: GuardVerdict.BROKEN}
    state = kept.get(verdict, GuardVerdict.NO_EVIDENCE)
    guards = [
        Paired(metric=f"{guard.metric}{{carrier={number}}}", low=-0.3, margin=guard.margin, guard=state, rows=9)
        for guard in order.challenger.guards
        for number in range(20)
    ]
    return ComparisonResult(
        verdict=verdict,
        metric="f1",
        low=0.1,
        reason="GuardBroken" if guards and state is GuardVerdict.BROKEN else None,
        others=tuple(guards),
        baselines=(held_to(challenger),),
    )


def identity_of(uri: str) -> ModelIdentity:
    """Every other training makes the same model again, at another place."""
    kind = int(hashlib.sha256(uri.encode()).hexdigest(), 16) % 2
    content = "the same again" if kind == 0 else uri
    return ModelIdentity(uri=uri, digest=f"sha256:{hashlib.sha256(content.encode()).hexdigest()}")


def severity_of(drift: Drift | None) -> DriftSeverity | None:
    """The severity of drift of features."""
    return drift.features.severity if drift is not None and drift.features is not None else None


def _drift(asked: Drift, *, moved: bool) -> DriftResult:
    severity = severity_of(asked)
    verdict = Verdict.PASS
    if moved:
        verdict = Verdict.WARN if severity is DriftSeverity.WARN else Verdict.FAIL
    score = DriftScore(name="carrier", method=DriftMethod.PSI, value=0.3 if moved else 0.0, limit=0.2, verdict=verdict)
    trips = moved and severity is DriftSeverity.TRIP
    return DriftResult(verdict=verdict, trips=trips, features=9, drifted=int(moved), scores=(score,))


def _quality(*, invalid: bool) -> QualityResult:
    finding = QualityFinding(check="Missing", column="distance", verdict=Verdict.FAIL, message="Much is missing.")
    return QualityResult(verdict=Verdict.FAIL, findings=(finding,)) if invalid else QualityResult(verdict=Verdict.PASS)


def _gone(status: ModelMonitorStatus, deleted: frozenset[str]) -> dict[str, JobSeen]:
    attempt = status.attempt
    if attempt is None or attempt.job_uid is None or attempt.job_uid not in deleted:
        return {}
    name = training_name("flights", "uid-monitor", attempt)
    return {name: JobSeen(name, attempt.job_uid, JobState.FAILED, attempt.started_at, "JobDeleted", "It was deleted.")}
