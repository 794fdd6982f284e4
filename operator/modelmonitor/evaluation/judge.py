"""Judge: from counts to the verdict of each objective, and from those to the verdict of the window.

An objective fails when the whole interval lies beyond it: then chance does not explain it, at the level that follows
from the false alarms that the user tolerates. When only the point lies beyond, it is a Warn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from modelmonitor.api.objectives import Objective, Severity
from modelmonitor.api.result import MetricResult, Verdict, objective_of
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Measure, Undefined
from modelmonitor.evaluation.statistics.jackknife import FEWEST_BLOCKS
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

# Why a metric could not be judged, and what is known of an interval.
TOO_FEW_ROWS = "TooFewRows"
TOO_FEW_BLOCKS = "TooFewBlocks"
NO_SCORES = "NoScores"
BETWEEN_DAY_UNKNOWN = "BetweenDayVarianceUnknown"
_MOST_SAID = 8


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict of a window, why, and the metrics that it rests on."""

    verdict: Verdict
    reason: str
    message: str
    metrics: tuple[MetricResult, ...]


def judge_objective(
    objective: Objective, measure: Measure, tally: Tally, alpha: float, *, by_day: bool, known: LongRun = NONE
) -> MetricResult:
    """Judge one objective.

    Args:
        objective: what is demanded.
        measure: by what it is measured.
        tally: statistics of the window's labelled and predicted rows, and of all rows.
        alpha: the one-sided level of the test.
        by_day: whether a block is a civil day; if not, variance between days is unknown, and the result says so.
        known: what a longer time shows of days: how they vary, and how much one is like the one before it.
    """
    result = MetricResult(name=objective.full_name, verdict=Verdict.INSUFFICIENT, min=objective.min, max=objective.max)
    if any(kind not in tally for kind in measure.needs):
        return result.model_copy(update={"reason": NO_SCORES})
    rows = measure.rows(tally)
    found = measure.leave_one_out(tally)
    blocks = int((rows > 0).sum())
    so_far: dict[str, object] = {"rows": int(rows.sum()), "blocks": blocks}
    if math.isfinite(found.value):
        so_far["value"] = found.value
    if int(rows.sum()) < objective.minimum_rows:
        return result.model_copy(update=so_far | {"reason": TOO_FEW_ROWS})
    if blocks < FEWEST_BLOCKS:
        return result.model_copy(update=so_far | {"reason": TOO_FEW_BLOCKS})
    if not np.isfinite([found.value, *found.without[rows > 0]]).all():
        return result.model_copy(update=so_far | {"reason": measure.undefined.value})
    interval = measure.interval(tally, alpha, known)
    return result.model_copy(
        update=so_far
        | {
            "verdict": _verdict(objective, found.value, interval.low, interval.high),
            "low": interval.low,
            "high": interval.high,
            "level": 1 - alpha,
            "design_effect": interval.spread.design_effect,
            "reason": None if by_day else BETWEEN_DAY_UNKNOWN,
            "detail": interval.detail,
        }
    )


def judge_window(
    objectives: Sequence[Objective], results: Sequence[MetricResult], of_segments: Sequence[MetricResult] = ()
) -> Judgement:
    """The verdict of the window.

    Fail if an objective of severity Fail fails, on all rows or on a segment, else Insufficient if none of those could
    be judged on all rows, else Warn, else Pass. With nothing but severity Warn, those decide whether anything could be
    judged. A segment with too few rows is listed, and decides nothing; nor does a dry run, which is only told.

    Args:
        objectives: what is demanded.
        results: of each objective, on all rows.
        of_segments: of the same objectives, on segments.
    """
    pairs = list(zip(objectives, results, strict=True))
    dry = {one.full_name for one in objectives if one.severity is Severity.DRY_RUN}
    failing = [result for one, result in pairs if one.severity is Severity.FAIL]
    all_of_them = (*results, *of_segments)
    everything = [one for one in all_of_them if objective_of(one.name) not in dry]
    results = [result for one, result in pairs if one.severity is not Severity.DRY_RUN] or results
    verdicts = {result.verdict for result in everything} - {Verdict.INSUFFICIENT}
    if Verdict.FAIL in verdicts:
        verdict, reason = Verdict.FAIL, "ObjectiveMissed"
    elif all(result.verdict is Verdict.INSUFFICIENT for result in failing or results):
        verdict, reason = Verdict.INSUFFICIENT, results[0].reason or TOO_FEW_ROWS
    elif Verdict.WARN in verdicts:
        verdict, reason = Verdict.WARN, "ObjectiveDoubtful"
    else:
        verdict, reason = Verdict.PASS, "ObjectivesMet"
    # What cannot be judged on a segment is listed with the metrics, and is no news.
    decisive = [one for one in (results if verdict is Verdict.INSUFFICIENT else everything) if one.verdict is verdict]
    shown = list(results) if verdict is Verdict.PASS else decisive
    return Judgement(verdict, reason, _sentences(shown), all_of_them)


def _sentences(results: Sequence[MetricResult]) -> str:
    """The first few in words, and how many more there are."""
    more = f"; and {len(results) - _MOST_SAID} more" if len(results) > _MOST_SAID else ""
    return "; ".join(sentence(result) for result in results[:_MOST_SAID]) + more


def sentence(result: MetricResult) -> str:
    """What is known of one objective, in words."""
    if result.verdict is Verdict.INSUFFICIENT:
        return f"{result.name} cannot be judged: {_WHY[result.reason or TOO_FEW_ROWS].format(r=result)}"
    objective = " and ".join(
        f"{word} {bound:g}" for word, bound in (("at least", result.min), ("at most", result.max)) if bound is not None
    )
    how = {
        Verdict.FAIL: "misses its objective",
        Verdict.WARN: "is beyond its objective, maybe by chance or by severity Warn",
        Verdict.PASS: "meets its objective",
    }[result.verdict]
    value, low, high = (_number(number) for number in (result.value, result.low, result.high))
    between = f" ({result.detail})" if result.detail else ""
    return f"{result.name} is {value} [{low}, {high}]{between}, and {how} ({objective})"


def _number(value: float | None) -> str:
    """Three digits behind the point, or six in all where that says more."""
    if value is None:
        return "unknown"
    return f"{value:.3f}" if value == 0 or 1e-3 <= abs(value) < 1e4 else f"{value:.4g}"


def _verdict(objective: Objective, value: float, low: float, high: float) -> Verdict:
    beyond = (objective.min is not None and value < objective.min) or (
        objective.max is not None and value > objective.max
    )
    wholly = (objective.min is not None and high < objective.min) or (objective.max is not None and low > objective.max)
    if wholly and objective.severity is not Severity.WARN:
        return Verdict.FAIL
    return Verdict.WARN if beyond else Verdict.PASS


_WHY = {
    TOO_FEW_ROWS: "only {r.rows} rows count for it, fewer than its minimumRows",
    TOO_FEW_BLOCKS: "its rows lie in {r.blocks} blocks of time, and fewer than 4 say nothing about chance",
    Undefined.ONE_CLASS: "it needs rows of both classes on more than one day",
    Undefined.LABELS_CONSTANT: "its labels are all the same, or as good as",
    Undefined.ONE_GROUP: "it needs two groups with enough rows on enough days, and a rate above 0 in one of them",
    Undefined.NO_NUMBER: "on these rows, or without one of their days, it is not a finite number",
    "NoBaseline": "nothing is known of what it was",
    "NotJudged": "the metric itself cannot be",
    NO_SCORES: "there are predicted classes, but no scores",
}
