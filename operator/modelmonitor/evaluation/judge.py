"""Judge: from counts to the verdict of each objective, and from those to the verdict of the window.

An objective fails when the whole interval lies beyond it: then chance does not explain it, at the level that follows
from the false alarms that the user tolerates. When only the point lies beyond, it is a Warn.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.monitor import Metric, Severity
from modelmonitor.api.result import MetricResult, Verdict
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics import measure_of
from modelmonitor.evaluation.statistics.jackknife import FEWEST_BLOCKS

# Why a metric could not be judged, and what is known of an interval.
TOO_FEW_ROWS = "TooFewRows"
TOO_FEW_BLOCKS = "TooFewBlocks"
NO_SCORES = "NoScores"
UNDEFINED = "OneClassOnly"
BETWEEN_DAY_UNKNOWN = "BetweenDayVarianceUnknown"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict of a window, why, and the metrics that it rests on."""

    verdict: Verdict
    reason: str
    message: str
    metrics: tuple[MetricResult, ...]


def judge_metric(metric: Metric, tally: Tally, alpha: float, *, by_day: bool) -> MetricResult:
    """Judge one objective.

    Args:
        metric: the objective.
        tally: statistics of the window's labelled and predicted rows.
        alpha: the one-sided level of the test.
        by_day: whether a block is a civil day; if not, variance between days is unknown, and the result says so.
    """
    result = MetricResult(name=metric.name, verdict=Verdict.INSUFFICIENT, min=metric.min, max=metric.max)
    measure = measure_of(metric)
    if any(kind not in tally for kind in measure.needs):
        return result.model_copy(update={"reason": NO_SCORES})
    rows = measure.rows(tally)
    found = measure.leave_one_out(tally)
    blocks = int((rows > 0).sum())
    known: dict[str, object] = {"rows": int(rows.sum()), "blocks": blocks}
    if not math.isnan(found.value):
        known["value"] = found.value
    if (reason := _unjudgeable(metric, int(rows.sum()), blocks, found.without[rows > 0])) is not None:
        return result.model_copy(update=known | {"reason": reason})
    interval = measure.interval(tally, alpha)
    return result.model_copy(
        update=known
        | {
            "verdict": _verdict(metric, found.value, interval.low, interval.high),
            "low": interval.low,
            "high": interval.high,
            "level": 1 - alpha,
            "design_effect": interval.design_effect,
            "reason": None if by_day else BETWEEN_DAY_UNKNOWN,
        }
    )


def judge_window(metrics: Sequence[Metric], results: Sequence[MetricResult]) -> Judgement:
    """The verdict of the window.

    Fail if an objective of severity Fail fails, else Insufficient if none of those could be judged, else Warn, else
    Pass. With nothing but severity Warn, those decide whether anything could be judged.
    """
    failing = [result for metric, result in zip(metrics, results, strict=True) if metric.severity is Severity.FAIL]
    verdicts = {result.verdict for result in results}
    if Verdict.FAIL in verdicts:
        verdict, reason = Verdict.FAIL, "ObjectiveMissed"
    elif all(result.verdict is Verdict.INSUFFICIENT for result in failing or results):
        verdict, reason = Verdict.INSUFFICIENT, results[0].reason or TOO_FEW_ROWS
    elif Verdict.WARN in verdicts:
        verdict, reason = Verdict.WARN, "ObjectiveDoubtful"
    else:
        verdict, reason = Verdict.PASS, "ObjectivesMet"
    shown = [result for result in results if verdict in {result.verdict, Verdict.PASS}]
    return Judgement(verdict, reason, "; ".join(sentence(result) for result in shown), tuple(results))


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
    return f"{result.name} is {result.value:.3f} [{result.low:.3f}, {result.high:.3f}], and {how} ({objective})"


def _unjudgeable(metric: Metric, rows: int, blocks: int, without: NDArray[np.float64]) -> str | None:
    if rows < metric.minimum_rows:
        return TOO_FEW_ROWS
    if blocks < FEWEST_BLOCKS:
        return TOO_FEW_BLOCKS
    return UNDEFINED if bool(np.isnan(without).any()) else None


def _verdict(metric: Metric, value: float, low: float, high: float) -> Verdict:
    beyond = (metric.min is not None and value < metric.min) or (metric.max is not None and value > metric.max)
    wholly = (metric.min is not None and high < metric.min) or (metric.max is not None and low > metric.max)
    if wholly and metric.severity is Severity.FAIL:
        return Verdict.FAIL
    return Verdict.WARN if beyond else Verdict.PASS


_WHY = {
    TOO_FEW_ROWS: "only {r.rows} rows count for it, fewer than its minimumRows",
    TOO_FEW_BLOCKS: "its rows lie in {r.blocks} blocks of time, and fewer than 4 say nothing about chance",
    UNDEFINED: "it needs rows of both classes on more than one day",
    NO_SCORES: "there are predicted classes, but no scores",
}
