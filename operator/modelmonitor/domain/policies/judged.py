"""A verdict: what it says of the data and of the model, what it counts for, and which window is next."""

from datetime import datetime
from typing import Final

from modelmonitor.api.evaluation import ModelEvaluationStatus
from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import HEADLINES, Counting, LastEvaluation, Measurement
from modelmonitor.api.record import Evidence, MeasuredValue
from modelmonitor.api.result import EvaluationResult, Verdict
from modelmonitor.api.status import MOST_INVALID, ModelMonitorStatus
from modelmonitor.domain.about_data import data_reason, data_summary
from modelmonitor.domain.actions import FinishEvaluation, Tell, Tone
from modelmonitor.domain.counting import (
    counted,
    counted_apart,
    counting_of,
    dry_runs,
    invalid,
    trips,
    verdict_together,
    windows_of,
)
from modelmonitor.domain.frontiers import closed
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.policies.changes import changes
from modelmonitor.domain.step import Step, changed, noted

_UNCOUNTED: Final = " The window's data are invalid: it does not count."


def judged(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    """A window has a verdict of one stage, or of both at once."""
    evidence = Evidence(windows=(wanted.window,), evaluation=name)
    seen = seen.with_status(_begun(seen, wanted)).resting_on(evidence)
    told = changes(seen, now, result)
    seen = seen.with_status(told.status)
    finish = FinishEvaluation(name, ModelEvaluationStatus(**dict(result), completed_at=now))
    actions = [finish, *told.actions]
    told = Step(seen.status)
    # While one evaluation holds both, stage Data goes along, also where the data could not be looked at.
    if wanted.stage is Stage.DATA or result.drift or result.quality:
        told = _about_the_data(seen, now, wanted, name, result)
    elif Stage.DATA not in seen.stages and seen.looks_at_data:
        told = Step(_onward(seen, Stage.DATA, wanted, now))
    if wanted.stage is Stage.DATA:
        return Step(told.status, (*actions, *told.actions))
    seen = seen.resting_on(evidence.model_copy(update={"metric": MeasuredValue.of(result.metrics)}))
    step = _about_the_model(seen.with_status(told.status), now, wanted, name, result)
    return Step(step.status, (*actions, *told.actions, *step.actions))


def _begun(seen: Observation, wanted: Measurement) -> ModelMonitorStatus:
    """The first verdict of all says where the monitor begins, and for stage Quality too where it is of stage Data."""
    status = changed(seen.status, first_window=seen.status.first_window or wanted.window)
    if seen.next_window(Stage.QUALITY) is not None:
        return status
    return status.at_frontier(Stage.QUALITY, next_window=wanted.window)


def _about_the_data(seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult) -> Step:
    window, before = wanted.window, seen.status.last_data_evaluation
    summary = data_summary(wanted, name, result, now)
    status = _onward(seen, Stage.DATA, wanted, now)
    status = changed(status, last_data_evaluation=summary)
    if invalid(result):
        status = _distrusted(status, wanted)
    tripping = trips(seen, result.drift)
    if tripping:
        counting = counting_of(seen, window, result)
        status = counted(seen.with_status(status), window, Verdict.FAIL, counting)
    bad = tripping or summary.verdict is Verdict.FAIL
    tone = Tone.WARNING if bad else Tone.NORMAL
    reason = data_reason(summary, tripping=tripping)
    message = f"Data of window {window.start:%Y-%m-%d}: {summary.message}"
    same = before is not None and before.verdict is summary.verdict
    if not bad and (same or (before is None and summary.verdict is Verdict.PASS)):
        return Step(status, (Tell(tone, reason, message),))
    return noted(seen.with_status(status), now, reason, message, tone=tone)


def _distrusted(status: ModelMonitorStatus, wanted: Measurement) -> ModelMonitorStatus:
    """A window whose data are invalid does not count, whether its metrics come later or have come before."""
    index, known = wanted.window.index, status.invalid_windows
    failing = tuple(one for one in status.failing_windows if one.index != index)
    rows = tuple(
        one.model_copy(update={"windows": tuple(window for window in one.windows if window != index)})
        for one in status.own_rows
    )
    following = status.frontier(Stage.QUALITY).next_window
    waits = wanted.stage is Stage.DATA and (following is None or index >= following.index)
    invalid_windows = tuple(sorted({*known, index}))[-MOST_INVALID:] if waits else known
    return changed(status, failing_windows=failing, own_rows=rows, invalid_windows=invalid_windows)


def _about_the_model(
    seen: Observation, now: datetime, wanted: Measurement, name: str, result: EvaluationResult
) -> Step:
    status, window = seen.status, wanted.window
    assert result.verdict is not None  # noqa: S101 - result_of refuses a judged result without one
    counting = counting_of(seen, window, result)
    status = counted(seen, window, verdict_together(seen, result), counting)
    status = counted_apart(seen.with_status(status), window, result, counting)
    passed = counting is Counting.COUNTED and result.verdict is Verdict.PASS
    healthy = passed and window not in status.failing_windows
    evaluated = changed(
        _onward(seen.with_status(status), Stage.QUALITY, wanted, now),
        last_evaluation=_summary(wanted, name, result, now, counting),
        invalid_windows=tuple(index for index in status.invalid_windows if index > window.index),
        attempts=0 if healthy else status.attempts,
    )
    tone = Tone.WARNING if result.verdict is Verdict.FAIL else Tone.NORMAL
    before = status.last_evaluation
    uncounted = _UNCOUNTED if counting is Counting.DATA_INVALID else ""
    message = f"Window {window.start:%Y-%m-%d}: {result.message or result.reason}{uncounted}"
    same = before is not None and (before.verdict, before.model_uri) == (result.verdict, wanted.model_uri)
    if same and result.verdict is not Verdict.FAIL:
        step = Step(evaluated, (Tell(tone, result.verdict, message),))
    else:
        step = noted(seen.with_status(evaluated), now, result.verdict, message, tone=tone)
    return _with_dry_runs(seen, now, step)


def _with_dry_runs(seen: Observation, now: datetime, step: Step) -> Step:
    """Told is what a dry run would have done, once for each window that it would have done it for."""
    told = {row.objective: row for row in dry_runs(seen.with_status(step.status))}
    for objective, row in told.items():
        dates = ", ".join(f"{window.start:%Y-%m-%d}" for window in windows_of(seen, row))
        rows = tuple(
            one.model_copy(update={"told_window": row.windows[-1]}) if one.objective == objective else one
            for one in step.status.own_rows
        )
        message = f"{objective} would have started a retraining, was its severity not DryRun: it was missed on {dates}."
        more = noted(seen.with_status(step.status), now, "WouldTrip", message, own_rows=rows)
        step = Step(more.status, (*step.actions, *more.actions))
    return step


def _onward(seen: Observation, stage: Stage, wanted: Measurement, now: datetime) -> ModelMonitorStatus:
    """The stage goes on to the window after this one, at once where that is closed; never back."""
    frontier, following = seen.status.frontier(stage), seen.grid.window(wanted.window.index + 1)
    if stage is not wanted.stage and frontier.next_window is not None:
        following = max(following, frontier.next_window, key=lambda one: one.index)
    look = now if closed(seen, following, stage) else frontier.next_look
    clean = {"immature_looks": 0, "coverage": None, "trouble": None}
    return seen.status.at_frontier(stage, next_window=following, next_look=look, **clean)


def _summary(
    wanted: Measurement, name: str, result: EvaluationResult, now: datetime, counting: Counting
) -> LastEvaluation:
    return LastEvaluation(
        name=name,
        window=wanted.window,
        verdict=result.verdict or Verdict.ERROR,
        reason=result.reason,
        message=result.message,
        counting=counting,
        model_uri=wanted.model_uri,
        metrics=tuple(metric.model_copy(update={"detail": None}) for metric in result.metrics[:HEADLINES]),
        rows=result.rows,
        coverage=result.coverage,
        completed_at=now,
        report_uri=result.report_uri,
        report_problem=result.report_problem,
    )
