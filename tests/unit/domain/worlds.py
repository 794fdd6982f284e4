"""Observations for tables of sentences: `world().failing(2).cooling(HOUR)`.

Windows are weeks from Monday 2013-01-07 on, `week(0)`; now is a Saturday four months later, and a monitor that has
gone on for some time (`world()`) has judged week 15 and waits for week 16 to close.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from modelmonitor.api.drift import DriftMethod, DriftSeverity
from modelmonitor.api.job import Role, Stage
from modelmonitor.api.measuring import Counting, LastEvaluation, Measurement, Trouble
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.record import HistoryEntry
from modelmonitor.api.requests import HandledRequest, Verb, token
from modelmonitor.api.result import (
    Cause,
    Comparison,
    ComparisonResult,
    DriftResult,
    DriftScore,
    EvaluationResult,
    Look,
    ModelIdentity,
    QualityFinding,
    QualityResult,
    Verdict,
    Window,
    encode,
)
from modelmonitor.api.status import (
    Attempt,
    AttemptOutcome,
    Candidate,
    Compared,
    Direction,
    Guard,
    LastAttempt,
    ModelMonitorStatus,
    Purpose,
    RolloutStage,
    RolloutStatus,
    ServingModel,
)
from modelmonitor.domain import evaluations, names
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
from modelmonitor.domain.policies.tidy import wanted_jobs
from tests.unit.domain.manifests import manifest

NOW: Final = datetime(2013, 5, 4, 12, tzinfo=UTC)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
NEXT: Final = NOW + HOUR
STALE: Final = NOW - 2 * HOUR + 14 * DAY
OLD: Final = NOW - timedelta(days=30)
A: Final = "s3://models/flights/a"
B: Final = "s3://models/flights/b"
C: Final = "s3://models/flights/c"
_WEEK_0: Final = 2244


def week(number: int) -> Window:
    """The week that starts `number` weeks after Monday 2013-01-07."""
    start = datetime(2013, 1, 7, tzinfo=UTC) + number * timedelta(days=7)
    return Window(index=_WEEK_0 + number, start=start, end=start + timedelta(days=7))


def day(number: int) -> Window:
    """The two days that start `number` days after 2013-01-07: windows of `world().overlapping()`."""
    start = datetime(2013, 1, 7, tzinfo=UTC) + number * DAY
    return Window(index=_WEEK_0 * 7 + number, start=start, end=start + 2 * DAY)


@dataclass(frozen=True)
class World:
    """An observation in the making; every method returns another world."""

    seen: Observation
    now: datetime = NOW

    # --- spec, annotations, surroundings -----------------------------------------------------------------------
    def spec(self, **sections: Any) -> Self:
        """Replace fields of sections: `spec(schedule={"interval": "1d"})`; None removes a section."""
        body = self.seen.spec.document()
        for section, fields in sections.items():
            body[section] = {**body.get(section, {}), **fields} if isinstance(fields, dict) else fields
        body = {name: value for name, value in body.items() if value is not None}
        return replace(self, seen=replace(self.seen, spec=ModelMonitorSpec.model_validate(body)))

    def suspended(self) -> Self:
        return self.spec(suspend=True)

    def reporting(self) -> Self:
        """There is a store for reports and for the record of decisions."""
        return self.spec(reports={"uri": "s3://reports/"})

    def decided(self, *ids: int, recorded_through: int = 0) -> Self:
        """The history holds the decisions of these numbers, an hour apart and the last of them an hour ago."""
        ages = {number: len(ids) - place for place, number in enumerate(ids)}
        entries = tuple(HistoryEntry(id=number, time=NOW - ages[number] * HOUR, reason="Fail") for number in ids)
        return self.knowing(history=entries, decisions=max(ids), recorded_through=recorded_through)

    def without_retrain(self) -> Self:
        return self.spec(retrain=None)

    def with_late_labels(self, severity: DriftSeverity = DriftSeverity.WARN) -> Self:
        """Labels come nine days after the rows, and drift and the data are looked at before: stage Data is at week 16.

        Data reach into week 16, so labels of week 14 have come, and those of week 15 have not.
        """
        drift = {"features": {"method": "psi", "max": 0.2, "severity": severity}}
        late = self.spec(data={"labels": {"delay": "9d"}}, drift=drift, quality={})
        return late.next(week(15)).next(week(16), Stage.DATA).at(Stage.DATA, next_look=NEXT)

    def looking_at_data(self, severity: DriftSeverity = DriftSeverity.WARN) -> Self:
        """Drift and the data are looked at, and labels come with the rows: one evaluation holds both stages."""
        drift = {"features": {"method": "psi", "max": 0.2, "severity": severity}}
        return self.spec(drift=drift, quality={})

    def logging_predictions(self) -> Self:
        columns = {"timestamp": "time_hour", "label": "late", "score": "p_late"}
        return self.spec(data={"columns": columns, "predictions": {"column": {}}})

    def overlapping(self) -> Self:
        """Windows of two days, one a day: every second one counts. Week 15 judged becomes day 110 judged."""
        judged = self.knowing(first_window=day(0), data_through=day(111).start + 6 * HOUR)
        return judged.next(day(111)).spec(windows={"length": "2d", "every": "1d"})

    def observing_only(self) -> Self:
        return replace(self, seen=replace(self.seen, observe_only=True))

    def in_a_fleet(self, *, active: int, tripped: int) -> Self:
        """So many monitors there are, and so many others have tripped within the hour."""
        return replace(self, seen=replace(self.seen, fleet=Fleet(active=active, tripped=tripped)))

    def guarded(self) -> Self:
        """The fleet guard is closed."""
        return self.knowing(guard=Guard(since=OLD, tripped=9, active=20))

    def taken(self) -> Self:
        return replace(self, seen=replace(self.seen, owner_of_target="flights-old"))

    def asked(self, at: str) -> Self:
        return replace(self, seen=replace(self.seen, annotations=Annotations(requested_at=at)))

    def told(self, verb: Verb, value: str) -> Self:
        """Somebody annotates the monitor."""
        requests = {**self.seen.annotations.requests, verb: value}
        return replace(self, seen=replace(self.seen, annotations=Annotations(requests=requests)))

    def having_heard(self, verb: Verb, value: str) -> Self:
        """That annotation was handled."""
        return self.knowing(handled_requests=(HandledRequest(verb=verb, token=token(value)),))

    def edited(self) -> Self:
        """Somebody edits the spec, after all that is recorded was decided."""
        wanted = {name: getattr(self.status, name) for name in ("measurement", "attempt")}
        before = {"generation": self.seen.generation}
        known = self.knowing(**{name: one and one.model_copy(update=before) for name, one in wanted.items()})
        for frontier in self.status.frontiers:
            trouble = frontier.trouble and frontier.trouble.model_copy(update=before)
            known = known.at(frontier.stage, trouble=trouble)
        return replace(known, seen=replace(known.seen, generation=self.seen.generation + 1))

    def invalid(self) -> Self:
        problem = Problem("InvalidCron", "spec.schedule.cron: write five fields.")
        return replace(self, seen=replace(self.seen, invalid=problem))

    def later(self, delta: timedelta) -> Self:
        return replace(self, now=self.now + delta)

    # --- what is served ----------------------------------------------------------------------------------------
    def live(self, **fields: Any) -> Self:
        """The live object differs: `live(uri=C, rollout_id=7)`."""
        assert isinstance(self.seen.serving, ServingSeen)
        return replace(self, seen=replace(self.seen, serving=replace(self.seen.serving, **fields)))

    def out_of_sight(self) -> Self:
        problem = Problem("ServingTargetNotFound", "There is no SeldonDeployment flights.")
        return replace(self, seen=replace(self.seen, serving=problem))

    # --- what the status says ----------------------------------------------------------------------------------
    def in_batch(self) -> Self:
        """Nothing serves the model: its URI is in a ConfigMap."""
        serving = {"batch": {"uri": A}}
        return self.spec(model={"serving": serving}).live(uid="uid-cm", progress=Progress.DONE)

    def without_config_map(self) -> Self:
        """The ConfigMap is not there."""
        problem = Absent("ServingTargetNotFound", "There is no ConfigMap flights-model.", A)
        return replace(self, seen=replace(self.seen, serving=problem))

    def patched(self) -> Self:
        """Our patch was seen."""
        rollout = self.status.rollout
        assert rollout is not None
        return self.knowing(rollout=rollout.model_copy(update={"patched_at": rollout.started_at}))

    def digest(self, digest: str) -> Self:
        """An evaluation has loaded the serving model."""
        serving = self.status.serving_model
        assert serving is not None
        return self.knowing(serving_model=serving.model_copy(update={"digest": digest}))

    def in_mode_observe(self) -> Self:
        """The monitor is to change nothing."""
        return self.spec(rollout={"mode": "Observe"})

    def knowing(self, **fields: Any) -> Self:
        """The recorded status says so."""
        return self.recording(self.status.model_copy(update=fields))

    def recording(self, status: ModelMonitorStatus) -> Self:
        """The status was written."""
        return replace(self, seen=replace(self.seen, recorded=status, status=status))

    @property
    def status(self) -> ModelMonitorStatus:
        return self.seen.recorded

    def at(self, stage: Stage = Stage.QUALITY, **fields: Any) -> Self:
        """The frontier of a stage is known to be so."""
        return self.recording(self.status.at_frontier(stage, **fields))

    def next(self, window: Window, stage: Stage = Stage.QUALITY) -> Self:
        """The next window of a stage."""
        return self.at(stage, next_window=window)

    def due(self) -> Self:
        return self.at(next_look=NOW)

    def judged(
        self,
        verdict: Verdict,
        window: Window | None = None,
        model: str | None = None,
        counting: Counting = Counting.COUNTED,
    ) -> Self:
        """The newest verdict."""
        serving = self.status.serving_model
        latest = LastEvaluation(
            name="flights-e-latest",
            window=window or week(15),
            verdict=verdict,
            message="f1 is 0.31.",
            counting=counting,
            model_uri=model or (serving.uri if serving else A),
            completed_at=OLD,
        )
        return self.knowing(last_evaluation=latest)

    def judged_well(self) -> Self:
        """Week 15 has passed."""
        return self.judged(Verdict.PASS)

    def failing(self, number: int) -> Self:
        """So many separate windows failed, week 15 the last of them."""
        failed = tuple(week(16 - number + position) for position in range(number))
        return self.judged(Verdict.FAIL).knowing(failing_windows=failed)

    def cooling(self, pause: timedelta) -> Self:
        return self.knowing(cooldown_ends=self.now + pause)

    def troubled(self, count: int, stage: Stage = Stage.QUALITY) -> Self:
        return self.at(stage, trouble=Trouble(reason="Evicted", message="The node was low on memory.", count=count))

    def after_attempt(self, outcome: AttemptOutcome) -> Self:
        last = LastAttempt(trip=self.status.trips, outcome=outcome, message="What happened.", ended_at=OLD)
        return self.knowing(last_attempt=last)

    # --- measuring ---------------------------------------------------------------------------------------------
    def measuring(self, window: Window | None = None, *, model: str = A, stage: Stage = Stage.QUALITY) -> Self:
        """A look is wanted, at week 16 unless said otherwise; its Job is not there yet."""
        look = self.status.looks + 1
        wanted = Measurement(look=look, stage=stage, window=window or week(16), model_uri=model, started_at=NOW - HOUR)
        return self.knowing(looks=look, measurement=wanted)

    def job(self, state: JobState, *, reason: str = "", message: str = "", output: str | None = None) -> Self:
        """The Job that the status wants now is there: the training's, the comparison's or the look's."""
        name, role = self.wanted_job()
        seen = JobSeen(name, f"uid-{name}", state, NOW - timedelta(seconds=5), reason, message, output)
        known = self.seen.evaluations
        if role is not None:
            known = (*known, EvaluationSeen(name, f"uid-{name}", self.status.looks, role))
        return replace(self, seen=replace(self.seen, jobs={**self.seen.jobs, name: seen}, evaluations=known))

    def without_finished_jobs(self) -> Self:
        """Jobs and evaluations of which the result is recorded are deleted."""
        wanted = wanted_jobs(self.seen)
        jobs = {name: job for name, job in self.seen.jobs.items() if name in wanted}
        known = tuple(one for one in self.seen.evaluations if one.name in wanted)
        return replace(self, seen=replace(self.seen, jobs=jobs, evaluations=known))

    def wanted_job(self) -> tuple[str, Role | None]:
        status = self.status
        if status.measurement is not None:
            return evaluations.measurement_name(self.seen, status.measurement), Role.CHAMPION
        if status.comparison is not None:
            return evaluations.comparison_name(self.seen, status.comparison), Role.CANDIDATE
        assert status.attempt is not None
        return names.training_name(self.seen.name, self.seen.uid, status.attempt), None

    def found(self, look: Look, verdict: Verdict | None = None, **fields: Any) -> Self:
        """The evaluation Job has ended with this result."""
        wanted = self.status.measurement or self.status.comparison
        assert wanted is not None
        reason = fields.pop("reason", str(verdict or look))
        result = EvaluationResult(look=look, verdict=verdict, reason=reason, window=wanted.window, **fields)
        return self.job(JobState.SUCCEEDED, output=encode(result))

    def found_verdict(self, verdict: Verdict, **fields: Any) -> Self:
        """The evaluation Job has ended with a verdict; data reach two days into the window after."""
        through = self.status.measurement and self.status.measurement.window.end + 2 * DAY
        return self.found(Look.JUDGED, verdict, **{"data_through": through, "message": "f1 is 0.31.", **fields})

    def erred(self, cause: Cause | None, reason: str, message: str = "", **fields: Any) -> Self:
        """The evaluation Job could not measure, and its evaluator says why."""
        wanted = self.status.measurement or self.status.comparison
        assert wanted is not None
        result = EvaluationResult(
            look=Look.JUDGED,
            verdict=Verdict.ERROR,
            cause=cause,
            reason=reason,
            message=message,
            window=wanted.window,
            **fields,
        )
        return self.job(JobState.FAILED, output=encode(result))

    # --- training and comparing --------------------------------------------------------------------------------
    def attempting(self, *, job_known: bool = False) -> Self:
        """Weeks 14 and 15 failed and made the first trip; the training Job is wanted."""
        attempt = Attempt(
            trip=1,
            because=(week(14), week(15)),
            champion=A,
            train_start=week(7).start,
            train_end=week(16).start,
            output_uri="s3://models/flights/flights/1/",
            started_at=NOW - HOUR,
        )
        attempt = attempt.model_copy(update={"job_uid": "uid-training"}) if job_known else attempt
        return self.failing(2).knowing(attempt=attempt, trips=1, attempts=1, last_trip_window=week(15).index)

    def trained(self, **result: Any) -> Self:
        """The training Job has ended and says so."""
        said = {"modelUri": B, "trainedThrough": "2013-04-28T00:00:00Z", **result}
        return self.attempting(job_known=True).job(JobState.SUCCEEDED, output=json.dumps(said))

    def comparing(self, *, tries: int = 0, errors: int = 0, window: Window | None = None) -> Self:
        """Candidate B is compared with A, on week 16 unless said otherwise, which is closed."""
        candidate = Candidate(uri=B, trained_through=week(16).start, trip=1)
        begun = self.attempting(job_known=True)
        look = begun.status.looks + 1
        wanted = Compared(
            purpose=Purpose.PROMOTE,
            window=window or week(16),
            challenger_uri=B,
            trained_through=candidate.trained_through,
            look=look,
            tries=tries,
            errors=errors,
        )
        return begun.knowing(
            candidate=candidate,
            comparison=wanted,
            looks=look,
            data_through=week(17).start + 12 * HOUR,
        ).next(week(17))

    def compared(self, verdict: Comparison, **fields: Any) -> Self:
        """The comparison Job has ended with this result."""
        measured = ComparisonResult(
            verdict=verdict, metric="f1", champion=0.21, candidate=0.43, difference=0.22, low=0.17, rows=9000, blocks=7
        )
        return self.found(Look.JUDGED, Verdict.FAIL, comparison=measured, message="9000 rows.", **fields)

    # --- rolling -----------------------------------------------------------------------------------------------
    def rolling(
        self,
        direction: Direction = Direction.FORWARD,
        *,
        patched: bool = True,
        progress: Progress = Progress.UNDER_WAY,
        since: timedelta = timedelta(minutes=5),
    ) -> Self:
        """Rollout 1 from A to B is under way; or rollout 2, back to A."""
        back = direction is Direction.BACK
        rollout = self._rollout(direction, RolloutStage.PROGRESSING, self.now - since)
        rollout = rollout.model_copy(update={"patched_at": self.now - since if patched else None})
        begun = self.comparing().knowing(
            comparison=None, rollout=rollout, serving_model=ServingModel(uri=A, since=OLD, since_event=OLD)
        )
        begun = begun.after_attempt(AttemptOutcome.ROLLOUT_FAILED if back else AttemptOutcome.PROMOTED)
        if back:
            begun = begun.knowing(attempt=None, candidate=None)
        before = rollout.id - 1
        live = {"uri": rollout.to_uri, "rollout_id": rollout.id} if patched else {}
        return begun.live(**{"uri": rollout.from_uri, "rollout_id": before, "progress": progress, **live})

    def verifying(self, *, unjudged: int = 0) -> Self:
        """B serves after rollout 1 and waits for the verdict on week 17."""
        rollout = self._rollout(Direction.FORWARD, RolloutStage.VERIFYING, OLD)
        return (
            self.knowing(
                serving_model=ServingModel(uri=B, since=OLD, since_event=week(16).end),
                rollout=rollout.model_copy(update={"unjudged": unjudged}),
                data_through=week(18).start + HOUR,
                trips=1,
                attempts=1,
                last_trip_window=week(15).index,
            )
            .next(week(17))
            .after_attempt(AttemptOutcome.PROMOTED)
            .live(uri=B, rollout_id=1)
        )

    def comparing_with_previous(self, *, tries: int = 0, errors: int = 0) -> Self:
        """B failed on week 17 and A is compared with it on those rows."""
        failed = self.verifying().judged(Verdict.FAIL, week(17))
        look = failed.status.looks + 1
        wanted = Compared(
            purpose=Purpose.ROLL_BACK, window=week(17), challenger_uri=A, look=look, tries=tries, errors=errors
        )
        return failed.knowing(comparison=wanted, looks=look, failing_windows=(week(17),)).next(week(18))

    def finished_rollout(self, stage: RolloutStage) -> Self:
        """Rollout 1 is over: B was kept; or rollout 2 is over: A is back."""
        if stage is RolloutStage.KEPT:
            begun = self.verifying()
            rollout = self._rollout(Direction.FORWARD, stage, OLD)
            return begun.knowing(rollout=rollout).after_attempt(AttemptOutcome.VERIFIED)
        rollout = self._rollout(Direction.BACK, stage, OLD)
        back = self.knowing(rollout=rollout, trips=1, attempts=1).after_attempt(AttemptOutcome.ROLLED_BACK)
        return back.live(rollout_id=2)

    def _rollout(self, direction: Direction, stage: RolloutStage, started_at: datetime) -> RolloutStatus:
        back = direction is Direction.BACK
        deadline = self.seen.rollout_spec.progress_deadline
        return RolloutStatus(
            id=2 if back else 1,
            direction=direction,
            stage=stage,
            target=self.seen.spec.model.serving,
            from_uri=B if back else A,
            to_uri=A if back else B,
            started_at=started_at,
            deadline=started_at + deadline,
            verify_from=week(17).start,
        )


def newborn() -> World:
    """A monitor that was just created."""
    live = ServingSeen(
        uid="uid-flights",
        generation=3,
        uri=A,
        rollout_id=0,
        progress=Progress.DONE,
        place="modelUri of SeldonDeployment flights",
    )
    empty = ModelMonitorStatus()
    return World(
        Observation(
            namespace="ml",
            name="flights",
            uid="uid-monitor",
            generation=1,
            spec=ModelMonitorSpec.model_validate(manifest()),
            recorded=empty,
            status=empty,
            serving=live,
        )
    )


def world() -> World:
    """A monitor that has gone on for some time: A passed on week 15, data reach into week 16, next look in an hour."""
    known = newborn().knowing(
        serving_model=ServingModel(uri=A, since=OLD),
        data_through=week(16).start + 2 * DAY,
        data_moved_at=NOW - 2 * HOUR,
        first_window=week(0),
        looks=40,
    )
    return known.at(next_window=week(16), next_look=NEXT).judged(Verdict.PASS)


def drifted(verdict: Verdict, *, trips: bool = False) -> DriftResult:
    """What an evaluation says of drift: of twenty features, carrier."""
    moved = verdict in (Verdict.WARN, Verdict.FAIL)
    score = DriftScore(
        name="carrier", method=DriftMethod.PSI, value=0.31 if moved else 0.02, limit=0.2, verdict=verdict
    )
    return DriftResult(verdict=verdict, trips=trips, features=20, drifted=int(moved), scores=(score,))


def data_are(verdict: Verdict) -> QualityResult:
    """What an evaluation says of the data: many values of distance are missing, or all is well."""
    if verdict is Verdict.PASS:
        return QualityResult(verdict=verdict)
    message = "40 % of distance is missing, more than 5 %."
    finding = QualityFinding(
        check="Missing", column="distance", value=0.4, limit=0.05, verdict=verdict, message=message
    )
    return QualityResult(verdict=verdict, findings=(finding,))


def model(digest: str) -> ModelIdentity:
    """What an evaluation says of the model that it loaded."""
    return ModelIdentity(uri=A, digest=digest)
