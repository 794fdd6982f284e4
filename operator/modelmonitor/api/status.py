"""`ModelMonitor.status`: what the operator knows, wants and did.

Intent first: what the operator is about to do is written here before it is done, and only what stands here is done.
So the names of Jobs and the ids of rollouts follow from the status, and an operator that was killed at any point
finds in it what to look for.
"""

from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import Field, StringConstraints

from modelmonitor.api.annotations import ListMap
from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import (
    Frontier,
    LastDataEvaluation,
    LastEvaluation,
    Measurement,
    OwnRow,
    PendingWindow,
    Trouble,
)
from modelmonitor.api.monitor import MOST_APART
from modelmonitor.api.record import MOST_DECISIONS, Digest, HistoryEntry, Known
from modelmonitor.api.requests import HandledRequest, Verb, Who, Why
from modelmonitor.api.result import Baseline, ComparisonResult, Window, WindowIndex
from modelmonitor.api.serving import Serving
from modelmonitor.api.types import ConditionStatus, Count, Message, Model, Reason, Time, Uri

# Ten thousand monitors with longer ones would not fit into the operator's memory, nor be watched in a second.
STATUS_LIMIT: Final = 16 * 1024

MOST_PENDING: Final = 16
"""So many windows that wait for labels are shown."""

MOST_INVALID: Final = 32
"""So many windows with invalid data are remembered until their labels are there."""

MOST_ROLLED_BACK: Final = 5
"""So many candidates that were rolled back are remembered."""


class Phase(StrEnum):
    """One word for people; programs read the conditions."""

    PENDING = "Pending"
    WATCHING = "Watching"
    EVALUATING = "Evaluating"
    TRAINING = "Training"
    COMPARING = "Comparing"
    AWAITING_APPROVAL = "AwaitingApproval"
    ROLLING_OUT = "RollingOut"
    VERIFYING = "Verifying"
    ROLLING_BACK = "RollingBack"
    COOLING_DOWN = "CoolingDown"
    BREAKER_OPEN = "BreakerOpen"
    REVERTED = "Reverted"
    HELD = "Held"
    GUARDED = "Guarded"
    QUEUED = "Queued"
    SUSPENDED = "Suspended"
    STALLED = "Stalled"


class Condition(Model):
    """A Kubernetes condition."""

    type: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """The condition's name."""
    status: ConditionStatus
    """True, False or Unknown."""
    reason: Reason
    """CamelCase, for programs."""
    message: Message = ""
    """A sentence, for people."""
    last_transition_time: Time
    """When the status last flipped."""
    observed_generation: Count = 0
    """The generation of the spec that it speaks of."""


class ServingModel(Model):
    """The model in service."""

    uri: Uri
    """Where it is."""
    digest: Digest | None = None
    """sha256 of its files, once an evaluation has loaded it."""
    since: Time
    """When the operator first saw it in service."""
    since_event: Time | None = None
    """The newest event time known then: logged predictions from here on are its own."""
    baselines: Annotated[tuple[Baseline, ...], Field(max_length=4), ListMap("metric")] = ()
    """What its metrics were when it was promoted, for noWorseThan."""
    baseline_digest: Digest | None = None
    """sha256 of the files of which they are."""


class Hold(Model):
    """Somebody said: not now."""

    since: Time
    """When it was heard."""
    until: Time | None = None
    """When it ends; without it, when somebody says resume."""
    by: Who = ""
    """Who said it."""
    why: Why = ""
    """Why."""


class Guard(Model):
    """Very many models turned bad at once: nothing is trained or rolled out without a person's word."""

    since: Time
    """When that was seen."""
    tripped: Count
    """How many tripped within an hour."""
    active: Count
    """How many there are."""


class AskedTrip(Model):
    """Somebody wants a new candidate, whatever the verdicts are."""

    at: Time
    """When it was heard."""
    by: Who = ""
    """Who wants it."""
    why: Why = ""
    """Why."""


class Trigger(StrEnum):
    """Why a candidate is trained."""

    FAILING = "Failing"
    """The model failed on enough separate windows, or its data drifted where drift trips."""
    SCHEDULED = "Scheduled"
    """It is time: spec.retrain.every."""
    ASKED = "Asked"
    """Somebody asked for it."""


class Attempt(Model):
    """The remediation under way: from the trip to the end of the comparison."""

    trip: Count
    """Its number; it only grows, and is part of the training Job's name."""
    trigger: Trigger = Trigger.FAILING
    """Why it began."""
    because: Annotated[tuple[Window, ...], Field(max_length=16)]
    """The failing windows; of another trigger the newest judged one."""
    reason: Annotated[str, StringConstraints(max_length=256)] = ""
    """Why, as a sentence: what the training Job is told."""
    champion: Uri
    """The serving model when it began."""
    train_start: Time
    """Train on events from here."""
    train_end: Time
    """Train on events before this."""
    output_uri: Uri
    """The folder for the new model."""
    started_at: Time
    """When it was decided."""
    job_uid: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The training Job, once it was created."""
    retry: Count = 0
    """How many training Jobs of this attempt were taken away before they were done; part of the Job's name."""
    not_before: Time | None = None
    """Do not start the next one before this."""
    generation: Count | None = None
    """The generation of the spec that it was decided under."""


class Candidate(Model):
    """The model that a training Job made."""

    uri: Uri
    """Where it is."""
    digest: Digest | None = None
    """sha256 of its files, once a comparison has loaded it."""
    trained_through: Time
    """The newest event time that it may have been trained on."""
    trip: Count
    """The attempt that made it."""


class Purpose(StrEnum):
    """What a comparison decides."""

    PROMOTE = "Promote"
    ROLL_BACK = "RollBack"


class Compared(Model):
    """The comparison that is wanted now."""

    purpose: Purpose
    """What it decides."""
    window: Window
    """The window on whose rows both models are scored."""
    challenger_uri: Uri
    """The model that is compared with the serving one."""
    trained_through: Time | None = None
    """Rows up to here are left out: the challenger may have been trained on them."""
    look: Count
    """Its number; part of the Job's name."""
    tries: Count = 0
    """Windows tried before that gave no evidence."""
    errors: Count = 0
    """Looks at this window that could not measure for a reason that lies in the challenger or in the data."""
    trouble: Trouble | None = None
    """Why the last look could not measure, for a reason that lies in neither: it is waited for."""
    not_before: Time | None = None
    """Do not look again before this."""


class Answer(StrEnum):
    """What somebody says of a candidate that waits."""

    APPROVED = "Approved"
    REJECTED = "Rejected"


class Approval(Model):
    """A candidate that is better, and waits for somebody to say yes."""

    candidate_uri: Uri
    """Where it is."""
    digest: Digest | None = None
    """sha256 of its files: an approval names it."""
    window: Window
    """On whose rows it was better."""
    comparison: ComparisonResult
    """Both models side by side."""
    since: Time
    """Since when it waits."""
    deadline: Time
    """When it is given up."""
    answer: Answer | None = None
    """What somebody said."""
    by: Who = ""
    """Who said it."""
    why: Why = ""
    """Why."""


class RolloutStage(StrEnum):
    """Where a rollout is."""

    PROGRESSING = "Progressing"
    VERIFYING = "Verifying"
    KEPT = "Kept"
    ROLLED_BACK = "RolledBack"


UNDER_WAY: Final = (RolloutStage.PROGRESSING, RolloutStage.VERIFYING)
"""The stages of a rollout that has not ended."""


class Direction(StrEnum):
    """Which way a rollout goes."""

    FORWARD = "Forward"
    BACK = "Back"


class RolloutStatus(Model):
    """The rollout under way, or the last one. It runs under the spec that it began with."""

    id: Count
    """Its number, also in the annotation modelmonitor.dev/rollout of the serving object; used once."""
    direction: Direction
    """Forward to a candidate, or back."""
    stage: RolloutStage
    """Where it is."""
    target: Serving
    """What serves the model."""
    from_uri: Uri
    """The model that served before."""
    to_uri: Uri
    """The model that is to serve."""
    candidate_digest: Digest | None = None
    """sha256 of the candidate's files: a candidate that was rolled back is not rolled out again."""
    champion_digest: Digest | None = None
    """sha256 of the files of the model that served before the candidate, where it is known."""
    baselines: Annotated[tuple[Baseline, ...], Field(max_length=4), ListMap("metric")] = ()
    """What the candidate's metrics were when it was compared."""
    previous_baselines: Annotated[tuple[Baseline, ...], Field(max_length=4), ListMap("metric")] = ()
    """Those of the model before it, which a rollback brings back."""
    previous_digest: Digest | None = None
    """sha256 of the files of which those are."""
    approved_by: Who = ""
    """Who approved it, where somebody had to."""
    started_at: Time
    """When it was decided."""
    deadline: Time
    """When it is rolled back, if it has not finished."""
    patched_at: Time | None = None
    """When the serving object was seen with the model and the annotation of this rollout."""
    verify_from: Time | None = None
    """The first counting window that starts here or later verifies it."""
    unjudged: Count = 0
    """Windows since then that could not be judged."""

    @property
    def to_digest(self) -> str | None:
        """sha256 of the files of the model that is to serve, where it is known."""
        return self.candidate_digest if self.direction is Direction.FORWARD else self.champion_digest


class AttemptOutcome(StrEnum):
    """How a remediation ended."""

    PROMOTED = "Promoted"
    VERIFIED = "Verified"
    UNVERIFIED = "Unverified"
    STILL_FAILING = "StillFailing"
    TRAINING_FAILED = "TrainingFailed"
    NOT_BETTER = "NotBetter"
    OBSERVE = "Observe"
    NO_EVIDENCE = "NoEvidence"
    ROLLOUT_FAILED = "RolloutFailed"
    ROLLED_BACK = "RolledBack"
    REJECTED = "Rejected"
    NOT_APPROVED = "NotApproved"
    KNOWN_BAD = "KnownBad"
    SUPERSEDED = "Superseded"


class LastAttempt(Model):
    """How the last remediation stands."""

    trip: Count
    """Its number."""
    outcome: AttemptOutcome
    """How it stands."""
    message: Message = ""
    """What happened, as a sentence."""
    comparison: ComparisonResult | None = None
    """Both models side by side."""
    ended_at: Time
    """When."""


class ModelMonitorStatus(Model):
    """What the operator knows, wants and did."""

    observed_generation: Count | None = None
    """The generation of the spec that this status speaks of."""
    last_handled_reconcile_at: Annotated[str, StringConstraints(max_length=128)] | None = None
    """The value of the annotation modelmonitor.dev/requestedAt that was last acted upon."""
    handled_requests: Annotated[tuple[HandledRequest, ...], Field(max_length=8), ListMap("verb")] = ()
    """Of each kind of request the newest that was handled."""
    phase: Phase = Phase.PENDING
    """One word for people."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16), ListMap("type")] = ()
    """Ready, Reconciling and Stalled speak of the monitor; DataAvailable, DriftDetected, ModelHealthy, Retraining,
    Promoted and Reported of the model and its data."""
    serving_model: ServingModel | None = None
    """The model in service."""
    data_through: Time | None = None
    """The newest event time seen in the data."""
    data_moved_at: Time | None = None
    """When dataThrough last moved."""
    first_window: Window | None = None
    """The monitor's first window; every counting window is a whole number of lengths from it."""
    frontiers: Annotated[tuple[Frontier, ...], Field(max_length=2), ListMap("stage")] = ()
    """How far each stage has come."""
    pending_windows: Annotated[tuple[PendingWindow, ...], Field(max_length=MOST_PENDING)] = ()
    """Windows whose metrics wait for labels, the oldest first."""
    invalid_windows: Annotated[tuple[WindowIndex, ...], Field(max_length=MOST_INVALID)] = ()
    """Numbers of the windows whose data are invalid and whose metrics wait for labels: they will not count."""
    looks: Count = 0
    """Looks so far; it only grows."""
    measurement: Measurement | None = None
    """The evaluation that is wanted now."""
    last_evaluation: LastEvaluation | None = None
    """The newest window whose metrics have a verdict."""
    last_data_evaluation: LastDataEvaluation | None = None
    """The newest window whose data were looked at."""
    failing_windows: Annotated[tuple[Window, ...], Field(max_length=16)] = ()
    """Separate windows in a row that failed."""
    healthy_windows: Annotated[tuple[WindowIndex, ...], Field(max_length=10)] = ()
    """Numbers of healthy windows among and after them, too few in a row to clear (spec.verdict.successesToClear)."""
    cleared_window: WindowIndex | None = None
    """Number of the newest window up to which nothing counts any more: a failure before it that is found only later is
    in no row."""
    own_rows: Annotated[tuple[OwnRow, ...], Field(max_length=MOST_APART), ListMap("objective")] = ()
    """The same of each objective with a count of its own, or of severity DryRun."""
    trips: Count = 0
    """Remediations so far; it only grows."""
    tripped_at: Time | None = None
    """When the last one began because the model failed."""
    last_trip_window: WindowIndex | None = None
    """The newest failing window that a remediation has used up."""
    attempts: Count = 0
    """Remediations since the last healthy window."""
    cooldown_ends: Time | None = None
    """No new remediation before this."""
    held: Hold | None = None
    """Somebody said: not now."""
    guard: Guard | None = None
    """Set when very many models turned bad at once, until somebody says resume."""
    guard_released_at: Time | None = None
    """When somebody said so."""
    asked_trip: AskedTrip | None = None
    """Somebody wants a new candidate: it begins when nothing is in its way."""
    last_train_end: Time | None = None
    """Up to which event time the last candidate was trained; spec.retrain.every counts from here."""
    attempt: Attempt | None = None
    """The remediation under way."""
    candidate: Candidate | None = None
    """The model that its training made."""
    comparison: Compared | None = None
    """The comparison that is wanted now."""
    approval: Approval | None = None
    """The candidate that waits for somebody to say yes."""
    rollout: RolloutStatus | None = None
    """The rollout under way, or the last one."""
    rolled_back_digests: Annotated[tuple[Digest, ...], Field(max_length=MOST_ROLLED_BACK)] = ()
    """Digests of candidates that were rolled back, the newest last: none of them is rolled out again."""
    reverted: Message | None = None
    """Set when somebody moved the serving object back: remediation rests until the annotation modelmonitor.dev/resume
    is set."""
    last_attempt: LastAttempt | None = None
    """How the last remediation stands."""
    next_evaluation_time: Time | None = None
    """When the operator looks again."""
    known: Known | None = None
    """What the newest evaluation found the model and the data to be."""
    decisions: Count = 0
    """Decisions so far; it only grows."""
    recorded_through: Count = 0
    """The decisions up to this number need not be written into the record any more."""
    record_problem: Message | None = None
    """Why the last evaluation could not write decisions into the record."""
    history: Annotated[tuple[HistoryEntry, ...], Field(max_length=MOST_DECISIONS)] = ()
    """The newest decisions, the newest last. Those after recordedThrough wait for the next evaluation, which writes
    them into the record beside the reports."""

    def handled(self, verb: Verb) -> str | None:
        """What is remembered of the newest request of a kind that was handled."""
        return next((one.token for one in self.handled_requests if one.verb is verb), None)

    def own_row(self, objective: str) -> OwnRow:
        """The windows in a row that missed an objective which is counted apart."""
        return next((one for one in self.own_rows if one.objective == objective), OwnRow(objective=objective))

    def frontier(self, stage: Stage) -> Frontier:
        """How far a stage has come."""
        return next((one for one in self.frontiers if one.stage is stage), Frontier(stage=stage))

    def at_frontier(self, stage: Stage, **fields: Any) -> Self:
        """The status with other fields of one stage's frontier."""
        moved = self.frontier(stage).model_copy(update=fields)
        others = [one for one in self.frontiers if one.stage is not stage]
        return self.model_copy(update={"frontiers": tuple(sorted((*others, moved), key=lambda one: one.stage))})

    @property
    def waiting_decisions(self) -> tuple[HistoryEntry, ...]:
        """The decisions that are not in the record yet."""
        return tuple(one for one in self.history if one.id > self.recorded_through)
