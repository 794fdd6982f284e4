"""What is promised, and a ledger that is kept beside the operator: it knows the truth and demands each promise."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from modelmonitor.api.drift import DriftSeverity
from modelmonitor.api.job import EvaluationInput, Role, Stage
from modelmonitor.api.monitor import ApprovalPolicy, ComparisonWindow
from modelmonitor.api.requests import Request, Verb, read, token
from modelmonitor.api.result import Baseline, Comparison, Look, Verdict, Window, decode
from modelmonitor.api.status import (
    UNDER_WAY,
    Answer,
    Attempt,
    AttemptOutcome,
    Direction,
    ModelMonitorStatus,
    RolloutStage,
    RolloutStatus,
    ServingModel,
    Trigger,
)
from modelmonitor.api.trimming import trimmed
from modelmonitor.domain.actions import CreateServing, Tell
from modelmonitor.domain.decision import Decision
from modelmonitor.domain.policies.retry import MOST_RETRIES
from tests.properties.cluster import Cluster, Job, held_to, identity_of, severity_of
from tests.properties.record import Promises

_COOLS: Final = (
    AttemptOutcome.TRAINING_FAILED,
    AttemptOutcome.NOT_BETTER,
    AttemptOutcome.OBSERVE,
    AttemptOutcome.NO_EVIDENCE,
    AttemptOutcome.ROLLED_BACK,
    AttemptOutcome.STILL_FAILING,
)
_CLEARS: Final = (Verdict.PASS, Verdict.WARN)


class PromiseBrokenError(AssertionError):
    """A promise does not hold."""


@dataclass
class Ledger:
    """The truth about one monitor's life. With `only`, one promise is demanded and the others are left alone."""

    cluster: Cluster
    census: Counter[str]
    only: str | None = None
    better: set[tuple[str, str, int]] = field(default_factory=set)
    names: dict[str, object] = field(default_factory=dict)
    ids: set[int] = field(default_factory=set)
    healthy: set[tuple[int, str]] = field(default_factory=set)
    hands_off: bool = False
    rests_until: datetime | None = None
    attempts: int = 0
    rests: int = 0
    forward: RolloutStatus | None = None
    generation: int = 0
    invalid: set[int] = field(default_factory=set)
    held: dict[str, tuple[Baseline, ...]] = field(default_factory=dict)
    tripping: set[int] = field(default_factory=set)
    record: Promises = field(init=False)

    def __post_init__(self) -> None:
        self.record = Promises(self.cluster.store, self.demand, self.census)

    def broken(self, promise: str, detail: object) -> None:
        """A promise does not hold, if it is one that is asked for."""
        if self.only in (None, promise):
            raise PromiseBrokenError(f"{promise}: {detail}")

    def demand(self, holds: bool, promise: str, detail: object) -> None:
        """A promise must hold."""
        if not holds:
            self.broken(promise, detail)

    # --- what happens ---------------------------------------------------------------------------------------------
    def forget(self) -> None:
        """The status was lost: what the operator cannot know is not asked of it."""
        self.record.forget(self.cluster.status)
        self.names.clear()
        self.invalid.clear()
        self.held.clear()
        self.ids = {one for one in self.ids if one <= self.cluster.serving.rollout_id}
        self.hands_off, self.rests_until, self.attempts, self.forward = False, None, 0, None

    def observed(self) -> None:
        """An operator looks, and can see that a person took our model back, or said to go on."""
        cluster, status = self.cluster, self.cluster.status
        if not cluster.visible or cluster.invalid:
            return
        live, rollout, known = cluster.serving, status.rollout, status.serving_model
        if rollout is not None and known is not None and live.uri == rollout.from_uri and live.rollout_id <= rollout.id:
            ours = known.uri == rollout.to_uri
            if rollout.stage is RolloutStage.PROGRESSING:
                ours = live.rollout_id == rollout.id or rollout.patched_at is not None
            self.hands_off = self.hands_off or ours
        if self._asks(Verb.RESUME, status):
            self.hands_off, self.rests_until, self.attempts = False, None, 0

    def _asks(self, verb: Verb, status: ModelMonitorStatus) -> bool:
        """Whether somebody asks for it, and was not heard yet."""
        text = self.cluster.annotations.requests.get(verb)
        return text is not None and token(text) != status.handled(verb) and isinstance(read(verb, text), Request)

    def ended(self, job: Job) -> None:
        """A Job has ended well: what it says is true."""
        order = job.order
        if isinstance(order, Attempt):
            return
        assert job.output is not None
        result = decode(job.output)
        self.census[f"look {result.look}"] += 1
        if result.look is not Look.JUDGED:
            return
        if order.stage is Stage.DATA:
            self.census["stage Data"] += 1
            return
        self.census[f"verdict {result.verdict}"] += 1
        if result.comparison is not None and order.contender is not None:
            self.census[f"comparison {result.comparison.verdict}"] += 1
            if result.comparison.verdict is Comparison.BETTER:
                self.better.add((order.contender.uri, order.champion, order.window.index))

    def created(self, job: Job) -> None:
        """A Job was created."""
        known = self.names.setdefault(job.name, _stands_for(job))
        self.demand(known == _stands_for(job), "a name stands for one intent", (job.name, known, job.order))
        if not isinstance(job.order, Attempt):
            self._judged_by_what_it_was(job.order)
            self.record.handed_over(job.order)
            return
        unfinished = [one.name for one in self.cluster.jobs.values() if one.trains and not one.finished]
        self.demand(len(unfinished) <= 1, "never two training Jobs", unfinished)
        attempt = self.cluster.status.attempt
        again = attempt is not None and attempt.trip == job.order.trip and attempt.job_uid is not None
        self.demand(not again, "a training Job is made once", job.order)

    def _judged_by_what_it_was(self, order: EvaluationInput) -> None:
        own = (held_to(order.champion),), identity_of(order.champion).digest
        given = order.baselines, order.baseline_digest
        self.census["judged by what it was"] += given == own
        self.demand(given in (own, ((), None)), "a model is held to what it was itself", (order.champion, given))

    def deleting(self, job: Job) -> None:
        """An operator deletes a Job."""
        status = self.cluster.status
        looks = [one.look for one in (status.measurement, status.comparison) if one is not None]
        attempt = status.attempt if status.candidate is None else None
        training = (attempt.trip, attempt.retry) if attempt is not None else None
        wanted = (job.order.trip, job.order.retry) == training if isinstance(job.order, Attempt) else job.look in looks
        self.demand(not (job.finished and wanted), "a result is recorded before its Job goes", job.name)

    def patched(self, rollout: RolloutStatus) -> None:
        """The operator moved the URI."""
        said = self.cluster.status.rollout
        wanted = said is not None and said.stage is RolloutStage.PROGRESSING
        written = wanted and said is not None and _moves(said) == _moves(rollout)
        self.demand(written, "only what is written down is done", (rollout, said))
        self.demand(not self.hands_off, "what a person took back is left alone", rollout)
        self.demand(rollout.id not in self.ids, "a rollout's id is used once", rollout.id)
        self.ids.add(rollout.id)
        self.forward = rollout if rollout.direction is Direction.FORWARD else None
        self.generation = self.cluster.serving.generation

    def made(self, action: CreateServing) -> None:
        """The operator made the object that holds the URI."""
        status, batch = self.cluster.status, self.cluster.spec.model.serving.batch
        assert batch is not None
        known, rollout = status.serving_model, status.rollout
        right = {known.uri if known is not None else batch.uri}
        if rollout is not None and rollout.stage is RolloutStage.PROGRESSING and rollout.patched_at is not None:
            right = {rollout.to_uri}
        self.demand(action.uri in right, "what is made again is what served", (action, right))
        # Another object: what the one before it remembered is gone with it.
        self.ids = {one for one in self.ids if one <= action.rollout_id}

    def recorded(self, before: ModelMonitorStatus, after: ModelMonitorStatus) -> None:
        """A status was written."""
        grows = after.looks >= before.looks and after.trips >= before.trips
        self.demand(grows, "looks and trips only grow", (before.looks, after.looks, before.trips, after.trips))
        self.record.written(after)
        self._windows(before, after)
        self._retried(before, after)
        last, known = after.last_attempt, before.last_attempt
        # Not by all it says: a full status shortens what is told of an attempt that ended long ago.
        if last is not None and (known is None or (last.trip, last.ended_at) != (known.trip, known.ended_at)):
            self._outcome(last.outcome)
        if after.serving_model is not None and after.serving_model != before.serving_model:
            self._serves(before, after)
        if after.attempt is not None and (before.attempt is None or before.attempt.trip != after.attempt.trip):
            self._tripped(before, after, after.attempt)
        if after.rollout is not None and (before.rollout is None or before.rollout.id != after.rollout.id):
            self._rolls(before, after.rollout)

    def at_rest(self, *, fair: bool) -> None:
        """Nothing changes any more."""
        cluster, status, live = self.cluster, self.cluster.status, self.cluster.serving
        self.rests += 1
        makes = cluster.look().seen.makes_serving and fair and not cluster.invalid
        self.demand(not makes, "what batch jobs read is there", status.serving_model)
        if cluster.spec.reports is not None:
            self.record.at_rest(status)
        if self.rests % 10 == 0:
            readable = ModelMonitorStatus.model_validate(status.document()) == status
            self.demand(readable, "a status can be read back", "model_validate(document()) differs")
        if not cluster.visible or cluster.invalid or not fair:
            return
        self._data_goes_on()
        rollout = status.rollout
        progressing = rollout is not None and rollout.stage is RolloutStage.PROGRESSING
        if rollout is not None and progressing and rollout.direction is Direction.FORWARD:
            late = cluster.now >= rollout.deadline
            self.demand(not late, "a rollout that does not finish is rolled back", rollout)
        ours = self.forward
        if ours is not None and live.generation == self.generation and live.running != live.uri:
            late = cluster.now >= ours.deadline
            self.demand(not late, "a rollout that does not finish is rolled back", (ours, rollout))
        known = status.serving_model
        right = progressing or (known is not None and known.uri == live.uri)
        self.demand(right, "the status says who serves", (known, live.uri))

    def quiet(self, decision: Decision, later: Decision, moment: datetime) -> None:
        """At rest, and again just before the next decision is due."""
        told = [action for action in (*decision.actions, *later.actions) if isinstance(action, Tell)]
        same = later.status == self.cluster.status or trimmed(later.status) == self.cluster.status
        still = same and not told
        self.demand(still, "in a steady state nothing is written", (moment, decision.next_time, told))

    # --- promises about what is written ----------------------------------------------------------------------------
    def _windows(self, before: ModelMonitorStatus, after: ModelMonitorStatus) -> None:
        self._data(before, after)
        old, new = before.last_evaluation, after.last_evaluation
        if new is not None and old is not None and new.name != old.name:
            order = (old.window.index, new.window.index)
            self.demand(new.window.index > old.window.index, "windows are judged in order, each once", order)
        if new is not None and (old is None or new.name != old.name):
            self.census[f"counting {new.counting}"] += 1
            said = {*self.invalid, *self.tripping}
            if new.verdict in _CLEARS and self._counts(new.window) and new.window.index not in said:
                self.healthy.add((new.window.index, new.model_uri))
                self.attempts = 0 if new.verdict is Verdict.PASS else self.attempts
        serving = after.serving_model
        uri = serving.uri if serving else ""
        untrue = [one for one in after.failing_windows if self._truth(one, uri) is not Verdict.FAIL]
        drifted = [one for one in untrue if self._moved(one)]
        self.demand(len(drifted) == len(untrue), "only a Fail counts", untrue)
        trips = severity_of(self.cluster.spec.drift) is DriftSeverity.TRIP
        self.demand(trips or not drifted, "drift of severity Warn never trips", drifted)
        invalid = [one for one in after.failing_windows if one.index in self.invalid]
        self.demand(not invalid, "a window whose data are invalid never counts", invalid)

    def _data(self, before: ModelMonitorStatus, after: ModelMonitorStatus) -> None:
        old, new = before.last_data_evaluation, after.last_data_evaluation
        # By name: a status that is too long leaves out drift scores of one that is there.
        if new is None or (old is not None and new.name == old.name):
            return
        if old is not None:
            order = (old.window.index, new.window.index)
            self.demand(new.window.index > old.window.index, "windows are judged in order, each once", order)
        invalid = new.quality is not None and new.quality.verdict is Verdict.FAIL
        trips = new.drift is not None and new.drift.trips
        self.census["invalid data"] += invalid
        self.census["drift that trips"] += trips
        self.census["drift that does not trip"] += new.drift is not None and new.drift.drifted > 0 and not trips
        if invalid:
            self.invalid.add(new.window.index)
        elif trips:
            self.tripping.add(new.window.index)

    def _data_goes_on(self) -> None:
        """At rest: what is known to be there is looked at, however late its labels are."""
        seen = self.cluster.look().seen
        status = self.cluster.status
        for one in status.pending_windows:
            self.census[f"pending {one.reason}"] += 1
        for frontier in status.frontiers:
            self.census[f"trouble in stage {frontier.stage}"] += frontier.trouble is not None
        self.census["comparison waits"] += status.comparison is not None and status.comparison.trouble is not None
        idle = status.measurement is None and status.serving_model is not None and not seen.spec.suspend
        if not idle or Stage.DATA not in seen.stages or status.frontier(Stage.DATA).trouble is not None:
            return
        window, through = seen.next_window(Stage.DATA), status.data_through
        if window is None or through is None:
            return
        waits = through < seen.closes(window, Stage.DATA)
        self.demand(waits, "stage Data is never held by late labels", (window, through))

    def _retried(self, before: ModelMonitorStatus, after: ModelMonitorStatus) -> None:
        """An attempt whose Job was taken away goes on with another one, so many times and no more."""
        one, other = before.attempt, after.attempt
        if one is None or other is None or one.trip != other.trip or one.retry == other.retry:
            return
        self.census["training started again"] += 1
        self.demand(one.retry < other.retry <= MOST_RETRIES, "a training is started again so many times", other.retry)
        self.demand(one.output_uri != other.output_uri, "a model's folder is written once", other.output_uri)

    def _outcome(self, outcome: AttemptOutcome) -> None:
        self.census[f"attempt {outcome}"] += 1
        retrain = self.cluster.spec.retrain
        if outcome in _COOLS and retrain is not None:
            self.rests_until = self.cluster.now + retrain.cooldown

    def _serves(self, before: ModelMonitorStatus, after: ModelMonitorStatus) -> None:
        assert after.serving_model is not None
        old, rollout = before.serving_model, after.rollout
        if old is not None and old.uri == after.serving_model.uri and old.since == after.serving_model.since:
            return
        self._held_to_itself(before, after, after.serving_model)
        if rollout is not None and rollout.stage is RolloutStage.VERIFYING:
            live = self.cluster.serving
            runs = live.running == rollout.to_uri and not live.crashed
            self.demand(runs, "promoted is what runs", (rollout.to_uri, live.running))
            self.forward = None
        elif after.history and after.history[-1].reason in ("NewChampion", "Reverted"):
            self.rests_until, self.attempts = None, 0

    def _held_to_itself(self, before: ModelMonitorStatus, after: ModelMonitorStatus, serving: ServingModel) -> None:
        """A promoted model is held to what it was, and one that serves again to what it was held to before."""
        told = {entry.reason for entry in after.history if entry not in before.history}
        if before.serving_model is not None:
            self.held.setdefault(before.serving_model.uri, before.serving_model.baselines)
        wanted = serving.baselines
        if "Promoted" in told:
            wanted = (held_to(serving.uri),)
        elif "NewChampion" in told:
            wanted = ()
        elif "RolledBack" in told:
            wanted = self.held.get(serving.uri, wanted)
        fits = serving.baselines == wanted
        self.demand(fits, "a model is held to what it was itself", (told, serving.baselines, wanted))
        self.held[serving.uri] = serving.baselines

    def _tripped(self, before: ModelMonitorStatus, after: ModelMonitorStatus, attempt: Attempt) -> None:
        spec, because = self.cluster.spec, attempt.because
        self.census[f"trigger {attempt.trigger}"] += 1
        running = before.rollout is not None and before.rollout.stage in UNDER_WAY
        one = before.attempt is None and not (running and after.rollout == before.rollout)
        self.demand(one, "one attempt at a time", before.attempt or before.rollout)
        self.demand(not self._held(before), "not now is not now", before.held)
        open_ = before.guard is None or self._asks(Verb.RESUME, before)
        self.demand(open_, "while the fleet is guarded nothing is begun", before.guard)
        self.attempts += 1
        if attempt.trigger is Trigger.ASKED:
            asked = before.asked_trip is not None or self._asks(Verb.TRIP, before)
            self.demand(asked, "trains for nobody who has not asked", attempt)
            return
        rested = self.rests_until is None or self.cluster.now >= self.rests_until
        self.demand(rested, "between attempts it cools down", (self.rests_until, self.cluster.now))
        most = spec.retrain.max_attempts if spec.retrain else 0
        self.demand(self.attempts <= most, "after so many attempts it stops", self.attempts)
        if attempt.trigger is Trigger.SCHEDULED:
            every = spec.retrain.every if spec.retrain else None
            since = before.last_train_end
            early = every is None or (since is not None and attempt.train_end < since + every)
            self.demand(not early, "trains anyway only when it is time", (since, attempt.train_end))
            return
        failed = [self._truth(one, attempt.champion) is Verdict.FAIL or self._moved(one) for one in because]
        self.demand(all(failed), "trains only on windows that failed", because)
        enough = len(because) == spec.verdict.failures_to_trip
        apart = all(left.end <= right.start for left, right in pairwise(because))
        self.demand(enough and apart, "trains after enough separate windows", because)
        row = {window.index for window in because}
        good, needed = 0, spec.verdict.successes_to_clear
        for index in range(because[0].index, because[-1].index):
            healthy = (index, attempt.champion) in self.healthy and index not in row
            good = 0 if index in row else good + healthy
            self.demand(good < needed, "healthy windows begin the count anew", (index, because))

    def _held(self, status: ModelMonitorStatus) -> bool:
        held = status.held
        return (
            held is not None
            and (held.until is None or self.cluster.now < held.until)
            and not self._asks(Verb.RESUME, status)
        )

    def _rolls(self, before: ModelMonitorStatus, rollout: RolloutStatus) -> None:
        earlier = before.rollout
        if rollout.stage is not RolloutStage.PROGRESSING:
            return
        if rollout.direction is Direction.FORWARD:
            attempt = before.attempt
            # Whoever promotes without an attempt has compared nothing.
            tripped = attempt.because if attempt is not None else ()
            hurried = self.cluster.spec.challenger is not None and attempt is not None
            hurried = hurried and self.cluster.look().seen.challenger.window is ComparisonWindow.TRIPPING
            end = max((window.end for window in tripped), default=datetime.max.replace(tzinfo=self.cluster.now.tzinfo))
            if attempt is not None and hurried and attempt.trigger is Trigger.FAILING:
                # On the window that tripped, but never on rows that it was trained on.
                end = max(tripped[-1].start, attempt.train_end)
                self.census["promoted in a hurry"] += 1
            fresh = [window for window in self._better_on(rollout.to_uri, rollout.from_uri) if window.start >= end]
            self.demand(bool(fresh), "promotes only what was better on fresh rows", rollout)
            busy = earlier is not None and earlier.stage in UNDER_WAY
            self.demand(not busy, "one rollout at a time", earlier)
            self._approved(before, rollout)
        elif earlier is not None and earlier.stage is RolloutStage.VERIFYING and not self._asks(Verb.ROLLBACK, before):
            proven = any(True for _ in self._better_on(rollout.to_uri, rollout.from_uri))
            self.demand(proven, "a model that runs is rolled back only for a better one", rollout)

    def _approved(self, before: ModelMonitorStatus, rollout: RolloutStatus) -> None:
        self.demand(not self._held(before), "not now is not now", before.held)
        digest = rollout.candidate_digest
        self.demand(digest not in before.rolled_back_digests, "what was rolled back stays away", digest)
        automatic = self.cluster.spec.rollout is None or self.cluster.spec.rollout.approval is ApprovalPolicy.AUTOMATIC
        if automatic and (before.guard is None or self._asks(Verb.RESUME, before)):
            return
        waits = before.approval
        yes = waits is not None and waits.answer is Answer.APPROVED and waits.digest == digest
        self.demand(yes, "rolls out what somebody approved, and nothing else", (waits, digest))

    def _better_on(self, challenger: str, champion: str) -> Iterable[Window]:
        grid = self.cluster.look().seen.grid
        return (grid.window(index) for to, of, index in self.better if (to, of) == (challenger, champion))

    def _truth(self, window: Window, model: str) -> Verdict | None:
        return self.cluster.truth.get((window.index, model))

    def _moved(self, window: Window) -> bool:
        data = self.cluster.data_truth.get(window.index)
        return data is not None and data.moved and self.cluster.spec.drift is not None

    def _counts(self, window: Window) -> bool:
        first = self.cluster.status.first_window
        stride = self.cluster.look().seen.grid.counting_stride
        return first is None or (window.index - first.index) % stride == 0


def _stands_for(job: Job) -> object:
    order = job.order
    if isinstance(order, EvaluationInput):
        contender = order.contender.uri if order.contender and order.role is Role.CANDIDATE else None
        return (job.look, order.stage, order.window, order.champion, contender)
    return (order.trip, order.retry, order.because, order.started_at)


def _moves(rollout: RolloutStatus) -> tuple[int, str, str]:
    return (rollout.id, rollout.from_uri, rollout.to_uri)
