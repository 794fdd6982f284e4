"""An evaluation that is wanted: start it, wait for it, and write down what its look found."""

from datetime import datetime, timedelta
from typing import Final

from modelmonitor.api.evaluation import ModelEvaluationStatus
from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Measurement, Trouble
from modelmonitor.api.result import EvaluationResult, Look, Verdict
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.domain import evaluations
from modelmonitor.domain.actions import Explain, FinishEvaluation, Tell, Tone
from modelmonitor.domain.frontiers import closed, held
from modelmonitor.domain.observation import JOB_SUSPENDED, JobSeen, JobState, Observation
from modelmonitor.domain.policies.judged import judged
from modelmonitor.domain.record import acknowledged
from modelmonitor.domain.results import result_of
from modelmonitor.domain.schedule import next_look
from modelmonitor.domain.step import Step, acting, backoff, changed, waiting

EXPLAIN_AFTER: Final = timedelta(seconds=20)
ERROR_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
FINISHED: Final = (JobState.SUCCEEDED, JobState.FAILED)


def measuring(seen: Observation, now: datetime) -> Step | None:
    """An evaluation is wanted: start it, wait for it, or record what it found.

    Suspended or not, what is running goes on and is recorded; only a Job that is not there is not made.
    """
    wanted = seen.status.measurement
    if wanted is None or wanted != seen.recorded.measurement:
        return None
    serving = seen.status.serving_model
    if serving is not None and serving.uri != wanted.model_uri:
        # The model changed under the evaluation: its verdict would be about a model that serves no more.
        return Step(_dropped(seen, wanted, now))
    name = evaluations.measurement_name(seen, wanted)
    job = seen.jobs.get(name)
    if job is None:
        return waiting(seen) if seen.spec.suspend else acting(seen, evaluations.measurement(seen, wanted))
    if cannot_start(job) and seen.edited_since(wanted.generation):
        # Somebody has named another Secret, or raised the limit: this Job would never hear of it.
        return Step(_dropped(seen, wanted, now))
    if job.state not in FINISHED:
        return in_progress(seen, job, now)
    result = result_of(job, wanted.window)
    seen = seen.with_status(acknowledged(seen.status, result))
    return _recorded(seen, now, wanted, name, result)


def cannot_start(job: JobSeen) -> bool:
    """Whether a Job waits for something that it can name, and that is not its turn in a queue."""
    return job.state is JobState.WAITING and bool(job.reason) and job.reason != JOB_SUSPENDED


def in_progress(seen: Observation, job: JobSeen, now: datetime) -> Step:
    """A Job runs: wait for it.

    One that waits for long and says nothing in its Pod has said it in an Event: a Secret volume that is missing, a
    quota that refuses the Pod.
    """
    if job.state is not JobState.WAITING or job.reason:
        return waiting(seen)
    if now < job.since + EXPLAIN_AFTER:
        return waiting(seen, until=job.since + EXPLAIN_AFTER)
    return acting(seen, Explain(job.name), wake=now + EXPLAIN_AFTER)


def _dropped(seen: Observation, wanted: Measurement, now: datetime) -> ModelMonitorStatus:
    """The look is not wanted any more; its stage looks anew, at once."""
    return changed(seen.status, measurement=None).at_frontier(wanted.stage, next_look=now)


def _recorded(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    stage, before = wanted.stage, seen.status
    status = changed(_data_moved(before, now, result), measurement=None)
    status = _awakened(seen.with_status(status), now, wanted, before)
    status = status.at_frontier(stage, next_look=next_look(seen, now))
    if result.verdict is Verdict.ERROR:
        return _troubled(seen.with_status(status), now, wanted, name, result)
    status = status.at_frontier(stage, trouble=None)
    if result.look is Look.OPEN:
        return Step(_first_window_found(seen.with_status(status), now))
    if result.look is Look.IMMATURE:
        looks = status.frontier(stage).immature_looks + 1
        pause = backoff(looks, first=next_look(seen, now) - now, most=timedelta(days=7))
        late = {"immature_looks": looks, "coverage": result.coverage, "next_look": now + pause}
        return Step(status.at_frontier(stage, **late))
    return judged(seen.with_status(status), now, wanted, name, result)


def _data_moved(status: ModelMonitorStatus, now: datetime, result: EvaluationResult) -> ModelMonitorStatus:
    newest = result.data_through
    if newest is None and result.verdict is Verdict.ERROR:
        # It could not look: that is not to have seen that there is nothing.
        return status
    if newest is None or (status.data_through is not None and newest <= status.data_through):
        return status if status.data_moved_at else changed(status, data_moved_at=now)
    return changed(status, data_through=newest, data_moved_at=now)


def _awakened(seen: Observation, now: datetime, wanted: Measurement, before: ModelMonitorStatus) -> ModelMonitorStatus:
    """The other stage looks at once when this look has found that its window is closed by now.

    Only then: a source that has lost its newest rows would be looked at without a pause.
    """
    status, earlier = seen.status, seen.with_status(before)
    for stage in seen.stages:
        window = seen.next_window(stage)
        news = closed(seen, window, stage) and not closed(earlier, window, stage)
        if stage is not wanted.stage and news and not held(status.frontier(stage)):
            status = status.at_frontier(stage, next_look=now)
    return status


def _first_window_found(seen: Observation, now: datetime) -> ModelMonitorStatus:
    """After the very first look without `windows.start`: each stage begins with its newest closed window."""
    status, through = seen.status, seen.status.data_through
    if seen.next_window(Stage.QUALITY) is not None or through is None:
        return status
    for stage in seen.stages:
        status = status.at_frontier(stage, next_window=seen.newest_closed(through, stage), next_look=now)
    return changed(status, first_window=seen.newest_closed(through))


def _troubled(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    """Could not measure: the window is held and looked at again. It counts for nothing and against nobody."""
    before = seen.status.frontier(wanted.stage).trouble
    count = before.count + 1 if before else 1
    # Never longer than between two looks that go well: an outage that is over is seen as soon as any news would be.
    most = min(LONGEST_PAUSE, max(ERROR_PAUSE, next_look(seen, now) - now))
    pause = backoff(count, first=ERROR_PAUSE, most=most)
    trouble = Trouble(reason=result.reason, message=result.message, count=count, generation=wanted.generation)
    tell = Tell(Tone.WARNING, trouble.reason, trouble.message)
    return Step(
        seen.status.at_frontier(wanted.stage, trouble=trouble, next_look=now + pause),
        (FinishEvaluation(name, ModelEvaluationStatus(**dict(result), completed_at=now)), tell),
    )
