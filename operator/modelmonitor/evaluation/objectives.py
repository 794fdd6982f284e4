"""Objectives: which tests a window is judged by, and what each says.

Every objective is a test on all rows, and on each of its segments. Which segments there are is the reference's to say,
and so is how much days vary and how alike they are, where the window is too short to show it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.objectives import Objective
from modelmonitor.api.result import MetricResult
from modelmonitor.domain.levels import level_of
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.baselines import baseline_of, judge_baseline, promoted_baseline
from modelmonitor.evaluation.count import Counted
from modelmonitor.evaluation.judge import BETWEEN_DAY_UNKNOWN, Judgement, judge_objective, judge_window
from modelmonitor.evaluation.metrics import Measure
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.segments import WHOLE, Group
from modelmonitor.evaluation.statistics.serial import FEWEST_BLOCKS, NONE, LongRun


@dataclass(frozen=True, slots=True)
class Check:
    """An objective, by what it is measured, and on which rows."""

    objective: Objective
    measure: Measure
    group: Group = WHOLE

    @property
    def name(self) -> str:
        """Of its result: `f1`, or `f1{carrier=UA}`."""
        name = self.objective.full_name
        return name if self.group == WHOLE else f"{name}{{{self.group}}}"


def checks_of(
    objectives: Sequence[Objective], measures: Sequence[Measure], profile: Profile | None
) -> tuple[Check, ...]:
    """The tests on all rows, in the order of the objectives, and after them those on segments."""
    pairs = list(zip(objectives, measures, strict=True))
    groups = profile.segments().groups if profile is not None else ()
    of_segments = (
        Check(one, measure, group) for one, measure in pairs for group in groups if group.column in one.segments
    )
    return (*(Check(one, measure) for one, measure in pairs), *of_segments)


def segments_of(profile: Profile | None) -> dict[str, int]:
    """How many segments each column has in the reference."""
    return {} if profile is None else {column: len(found) for column, found in profile.values.items()}


def judged(
    given: EvaluationInput,
    measures: Sequence[Measure],
    counted: Counted,
    profile: Profile | None,
    digest: str | None = None,
) -> Judgement:
    """The verdict of the window, and the result of every test; `digest` is the serving model's, where it is known."""
    segments = segments_of(profile)
    checks = checks_of(given.objectives, measures, profile)
    results = []
    for check in checks:
        tally = counted.accumulators[0].tally(check.group) | counted.everything.tally(check.group)
        known = _long_run(check, profile) if counted.blocks.by_day else NONE
        alpha = level_of(check.objective, given.objectives, given.verdict, given.windows, segments)
        found = judge_objective(check.objective, check.measure, tally, alpha, by_day=counted.blocks.by_day, known=known)
        results.append(found.model_copy(update={"name": check.name}))
    # Beside a candidate it is the candidate that is judged, and what the champion was is no news.
    than_before = _than_before(given, measures, counted, profile, digest) if given.contender is None else []
    number = len(given.objectives)
    return judge_window(given.objectives, results[:number], [*results[number:], *than_before])


def _than_before(
    given: EvaluationInput, measures: Sequence[Measure], counted: Counted, profile: Profile | None, digest: str | None
) -> list[MetricResult]:
    """The metrics that must not be worse than they were."""
    found = []
    tally = counted.accumulators[0].tally()
    for metric, measure in zip(given.metrics, measures, strict=False):
        if metric.no_worse_than is None:
            continue
        known = _long_run(Check(metric, measure), profile) if counted.blocks.by_day else NONE
        now = baseline_of(metric.name, measure, tally, metric.minimum_rows, known)
        was = promoted_baseline(given, metric, digest)
        if metric.no_worse_than.reference is not None:
            then = None if profile is None else profile.tally()
            was = None if then is None else baseline_of(metric.name, measure, then, metric.minimum_rows)
        alpha = level_of(metric, given.objectives, given.verdict, given.windows, segments_of(profile))
        result = judge_baseline(metric, measure, now, was, alpha)
        if result.value is not None:
            rows = measure.rows(tally)
            on = {"rows": int(rows.sum()), "blocks": int((rows > 0).sum())}
            unknown = None if counted.blocks.by_day else BETWEEN_DAY_UNKNOWN
            result = result.model_copy(update={**on, "reason": unknown})
        found.append(result)
    return found


_ONE_DAY: Final = 1.5
"""A reference with so many more days than blocks has blocks of several days: they say nothing of single ones."""


def _long_run(check: Check, profile: Profile | None) -> LongRun:
    """What the reference shows of days: how they vary, and how much one is like the one before it."""
    tally = None if profile is None else profile.tally(check.group)
    if profile is None or tally is None or not profile.by_day or profile.days > profile.blocks + _ONE_DAY:
        return NONE
    return NONE if any(kind not in tally for kind in check.measure.needs) else long_run_of(check.measure, tally)


def long_run_of(measure: Measure, tally: Tally) -> LongRun:
    """What the statistics of many blocks show of them."""
    found = measure.leave_one_out(tally)
    used = measure.rows(tally) > 0
    if used.sum() < FEWEST_BLOCKS or not np.isfinite([found.value, *found.without[used]]).all():
        return NONE
    return measure.interval(tally, 0.5).spread.long_run
