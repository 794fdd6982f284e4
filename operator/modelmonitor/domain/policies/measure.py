"""The measuring chain: is a window due, is its evaluation finished, what does it count for?"""

from datetime import datetime, timedelta
from typing import Final

from modelmonitor.api.evaluation import ModelEvaluationStatus
from modelmonitor.api.result import EvaluationResult, Look, Verdict, Window
from modelmonitor.api.status import HEADLINES, LastEvaluation, Measurement, ModelMonitorStatus, Trouble
from modelmonitor.domain import evaluations
from modelmonitor.domain.actions import Explain, FinishEvaluation, Tell, Tone
from modelmonitor.domain.observation import JobSeen, JobState, Observation, Problem
from modelmonitor.domain.results import result_of
from modelmonitor.domain.schedule import next_look
from modelmonitor.domain.step import LONGEST_WORD, Step, acting, backoff, changed, noted, waiting

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
        return Step(changed(seen.status, measurement=None, next_evaluation_time=now))
    name = evaluations.measurement_name(seen, wanted)
    job = seen.jobs.get(name)
    if job is None:
        return waiting(seen) if seen.spec.suspend else acting(seen, evaluations.measurement(seen, wanted))
    if cannot_start(job) and seen.edited_since(wanted.generation):
        # Somebody has named another Secret, or raised the limit: this Job would never hear of it.
        return Step(changed(seen.status, measurement=None, next_evaluation_time=now))
    if job.state not in FINISHED:
        return in_progress(seen, job, now)
    return _recorded(seen, now, wanted, name, result_of(job, wanted.window))


def cannot_start(job: JobSeen) -> bool:
    """Whether a Job waits for something that it can name."""
    return job.state is JobState.WAITING and bool(job.reason)


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


def due(seen: Observation, now: datetime) -> Step | None:
    """Is it time to look? Then say at which window; the next decision starts the evaluation."""
    status, serving = seen.status, seen.status.serving_model
    if status.measurement is not None or serving is None:
        return None
    if seen.spec.suspend or isinstance(seen.serving, Problem):
        return None
    if status.trouble is not None and seen.edited_since(status.trouble.generation):
        # Who has just corrected a column's name does not want to wait for the end of a pause.
        status = changed(status, next_evaluation_time=now)
    asked = seen.annotations.requested_at
    if asked is not None and asked[:LONGEST_WORD] != status.last_handled_reconcile_at:
        status = changed(status, last_handled_reconcile_at=asked[:LONGEST_WORD], next_evaluation_time=now)
    if status.next_evaluation_time is not None and now < status.next_evaluation_time:
        return waiting(seen, until=status.next_evaluation_time)
    window, skipped = _window_to_look_at(seen, now)
    look = status.looks + 1
    wanted = Measurement(look=look, window=window, model_uri=serving.uri, started_at=now, generation=seen.generation)
    status = changed(status, looks=look, measurement=wanted)
    if not skipped:
        return Step(status)
    return noted(
        seen.with_status(status),
        now,
        "Skipped",
        f"{skipped} windows before {window.start:%Y-%m-%d} were skipped: more were waiting than "
        f"spec.schedule.catchUp ({seen.spec.schedule.catch_up}) allows.",
        tone=Tone.WARNING,
    )


def _window_to_look_at(seen: Observation, now: datetime) -> tuple[Window, int]:
    """The next window in order, and how many before it are skipped."""
    grid, status = seen.grid, seen.status
    start = seen.spec.windows.start
    if status.next_window is not None:
        window = status.next_window
    elif start is not None:
        window = grid.window(grid.first_on_or_after(start))
    else:
        # Nothing is known of the data yet: this look only finds how far it reaches.
        return grid.window(grid.index_at(now)), 0
    held = status.immature_looks > 0 or status.trouble is not None
    if held or status.data_through is None:
        # Held until it is judged: where labels take longer than a window, each one would be skipped before it is ripe.
        return window, 0
    newest = seen.newest_closed(status.data_through)
    skipped = max(newest.index - window.index + 1 - seen.spec.schedule.catch_up, 0)
    return grid.window(window.index + skipped), skipped


def _recorded(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    status = _data_moved(seen.status, now, result)
    status = changed(status, measurement=None, next_evaluation_time=next_look(seen, now))
    if result.verdict is Verdict.ERROR:
        return _troubled(seen.with_status(status), now, wanted, name, result)
    status = changed(status, trouble=None)
    if result.look is Look.OPEN:
        return Step(_first_window_found(seen, status, now))
    if result.look is Look.IMMATURE:
        looks = status.immature_looks + 1
        pause = backoff(looks, first=next_look(seen, now) - now, most=timedelta(days=7))
        return Step(changed(status, immature_looks=looks, next_evaluation_time=now + pause))
    return _judged(seen.with_status(status), now, wanted, name, result)


def _data_moved(status: ModelMonitorStatus, now: datetime, result: EvaluationResult) -> ModelMonitorStatus:
    newest = result.data_through
    if newest is None and result.verdict is Verdict.ERROR:
        # It could not look: that is not to have seen that there is nothing.
        return status
    if newest is None or (status.data_through is not None and newest <= status.data_through):
        return status if status.data_moved_at else changed(status, data_moved_at=now)
    return changed(status, data_through=newest, data_moved_at=now)


def _first_window_found(seen: Observation, status: ModelMonitorStatus, now: datetime) -> ModelMonitorStatus:
    """After the very first look of a monitor without `windows.start`: begin with the newest closed window."""
    if status.next_window is not None or seen.spec.windows.start is not None or status.data_through is None:
        return status
    window = seen.newest_closed(status.data_through)
    return changed(status, first_window=window, next_window=window, next_evaluation_time=now)


def _troubled(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    """Could not measure: the window is held and looked at again. It counts for nothing and against nobody."""
    before = seen.status.trouble
    count = before.count + 1 if before else 1
    # Never longer than between two looks that go well: an outage that is over is seen as soon as any news would be.
    most = min(LONGEST_PAUSE, max(ERROR_PAUSE, next_look(seen, now) - now))
    pause = backoff(count, first=ERROR_PAUSE, most=most)
    trouble = Trouble(reason=result.reason, message=result.message, count=count, generation=wanted.generation)
    tell = Tell(Tone.WARNING, trouble.reason, trouble.message)
    return Step(
        changed(seen.status, trouble=trouble, next_evaluation_time=now + pause),
        (FinishEvaluation(name, ModelEvaluationStatus(**dict(result), completed_at=now)), tell),
    )


def _judged(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    status, grid, window = seen.status, seen.grid, wanted.window
    assert result.verdict is not None  # noqa: S101 - result_of refuses a judged result without one
    first = status.first_window or window
    following = grid.window(window.index + 1)
    counts = (window.index - first.index) % grid.counting_stride == 0
    waits = status.data_through is not None and status.data_through >= seen.closes(following)
    serving = status.serving_model
    if serving is not None and result.model is not None and result.model.digest is not None:
        serving = serving.model_copy(update={"digest": result.model.digest})
    evaluated = changed(
        status,
        first_window=first,
        next_window=following,
        immature_looks=0,
        serving_model=serving,
        last_evaluation=_summary(wanted, name, result, now),
        failing_windows=_counted(seen, window, result.verdict) if counts else status.failing_windows,
        attempts=0 if counts and result.verdict is Verdict.PASS else status.attempts,
        next_evaluation_time=now if waits else status.next_evaluation_time,
    )
    finish = FinishEvaluation(name, ModelEvaluationStatus(**dict(result), completed_at=now))
    tone = Tone.WARNING if result.verdict is Verdict.FAIL else Tone.NORMAL
    before = status.last_evaluation
    message = f"Window {window.start:%Y-%m-%d}: {result.message or result.reason}"
    if before is not None and before.verdict is result.verdict and result.verdict is not Verdict.FAIL:
        return Step(evaluated, (finish, Tell(tone, result.verdict, message)))
    step = noted(seen.with_status(evaluated), now, result.verdict, message, tone=tone)
    return Step(step.status, (finish, *step.actions))


def _summary(wanted: Measurement, name: str, result: EvaluationResult, now: datetime) -> LastEvaluation:
    return LastEvaluation(
        name=name,
        window=wanted.window,
        verdict=result.verdict or Verdict.ERROR,
        reason=result.reason,
        message=result.message,
        model_uri=wanted.model_uri,
        metrics=tuple(metric.model_copy(update={"detail": None}) for metric in result.metrics[:HEADLINES]),
        rows=result.rows,
        coverage=result.coverage,
        completed_at=now,
        report_uri=result.report_uri,
        report_problem=result.report_problem,
    )


def _counted(seen: Observation, window: Window, verdict: Verdict) -> tuple[Window, ...]:
    """The separate windows in a row that failed, this one included.

    Windows that overlap share rows: two of them failing is one failure seen twice. So only every stride-th window
    from the monitor's first one comes here. Insufficient and NoData neither add nor clear.
    """
    failing = seen.status.failing_windows
    if verdict in (Verdict.PASS, Verdict.WARN):
        return ()
    lifetime = 4 * seen.spec.verdict.failures_to_trip * seen.grid.counting_stride
    if failing and window.index - failing[-1].index > lifetime:
        failing = ()
    if verdict is not Verdict.FAIL or (failing and failing[-1].index >= window.index):
        return failing
    return (*failing, window)[-16:]
