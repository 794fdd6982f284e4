"""Baselines: a metric beside what it was, when the model was promoted or on the reference.

What it was is uncertain too, so the difference has both variances, and the degrees of freedom of Welch (1947) and
Satterthwaite (1946).
"""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.objectives import Metric, Severity
from modelmonitor.api.result import Baseline, MetricResult, Verdict
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics import Measure
from modelmonitor.evaluation.statistics import student
from modelmonitor.evaluation.statistics.jackknife import FEWEST_BLOCKS
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

NO_BASELINE: Final = "NoBaseline"
_THEN: Final = {"promotion": "at its promotion", "reference": "on the reference"}
# The middle half of an interval is narrow enough for scales to be straight, and wide enough not to be rounding.
_QUARTER: Final = 0.25


def baseline_of(
    metric: str, measure: Measure, tally: Tally, minimum_rows: int, known: LongRun = NONE
) -> Baseline | None:
    """A metric's value and standard error; None where it cannot be judged.

    Args:
        metric: its name.
        measure: by what it is measured.
        tally: statistics of rows with label and prediction.
        minimum_rows: the least rows of its denominator.
        known: what a longer time shows of the blocks.
    """
    if any(kind not in tally for kind in measure.needs):
        return None
    rows, found = measure.rows(tally), measure.leave_one_out(tally)
    too_few = rows.sum() < minimum_rows or (rows > 0).sum() < FEWEST_BLOCKS
    if too_few or not np.isfinite([found.value, *found.without[rows > 0]]).all():
        return None
    half = measure.interval(tally, _QUARTER, known)
    degrees = half.spread.degrees
    error = (half.high - half.low) / (2 * student.quantile(1 - _QUARTER, degrees))
    return Baseline(metric=metric, value=found.value, error=error, degrees=degrees)


def judge_baseline(
    metric: Metric, measure: Measure, now: Baseline | None, was: Baseline | None, alpha: float
) -> MetricResult:
    """Whether a metric is worse than it was, by more than it may be.

    Args:
        metric: with noWorseThan.
        measure: by what it is measured.
        now: on the window; None where it cannot be judged.
        was: what it is held to; None where there is none.
        alpha: the one-sided level of the test.
    """
    choice = metric.no_worse_than
    assert choice is not None  # noqa: S101 - the caller's
    chosen = {"promotion": choice.promotion, "reference": choice.reference}
    name, by = next((name, one.by) for name, one in chosen.items() if one is not None)
    bound = {"min": -by} if measure.greater_is_better else {"max": by}
    result = MetricResult(name=f"{metric.name}{{{name}}}", verdict=Verdict.INSUFFICIENT, **bound)
    if was is None or now is None:
        return result.model_copy(update={"reason": NO_BASELINE if was is None else "NotJudged"})
    difference = now.value - was.value
    error = math.hypot(now.error, was.error)
    reach = student.quantile(1 - alpha, _degrees(now, was)) * error
    worse = -difference if measure.greater_is_better else difference
    verdict = Verdict.PASS
    if worse > by:
        surely = worse - reach > by and metric.severity is not Severity.WARN
        verdict = Verdict.FAIL if surely else Verdict.WARN
    return result.model_copy(
        update={
            "verdict": verdict,
            "value": difference,
            "low": difference - reach,
            "high": difference + reach,
            "level": 1 - alpha,
            "detail": f"{abs(difference):.4g} {'below' if difference < 0 else 'above'} {was.value:.4g} ±"
            f" {was.error:.2g} {_THEN[name]}",
        }
    )


def of_candidate(metrics: Sequence[Metric], measures: Sequence[Measure], tally: Tally) -> tuple[Baseline, ...]:
    """What a candidate is held to once it serves."""
    found = (
        baseline_of(metric.name, measure, tally, metric.minimum_rows)
        for metric, measure in zip(metrics, measures, strict=False)
        if metric.no_worse_than is not None
    )
    return tuple(one for one in found if one is not None)


def promoted_baseline(given: EvaluationInput, metric: Metric, digest: str | None) -> Baseline | None:
    """What the serving model's metric was when it was promoted, if it is still that model."""
    if given.baseline_digest is not None and digest is not None and digest != given.baseline_digest:
        return None
    return next((one for one in given.baselines if one.metric == metric.name), None)


def _degrees(one: Baseline, other: Baseline) -> int:
    squares = [(baseline.error**2, baseline.degrees) for baseline in (one, other)]
    below = sum(square * square / degrees for square, degrees in squares)
    return max(1, int(sum(square for square, _ in squares) ** 2 / below)) if below > 0 else one.degrees
