"""Does the comparison of two models hold what it says? Prints the figures of docs/decisions/0013.

    PYTHONPATH=operator:. python -m bench.comparison

takes one minute. Simulated, with fixed seeds: days of rows of two models whose truth is known.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.objectives import Metric
from modelmonitor.api.result import Comparison, Verdict
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.baselines import baseline_of, judge_baseline
from modelmonitor.evaluation.compare import Contest, compare
from modelmonitor.evaluation.metrics.ratios import ACCURACY, RECALL
from modelmonitor.evaluation.paired import Both, Yardstick
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import CONFUSION, ROWS

LEVEL: Final = 0.05
WORLDS: Final = 2000
PROMOTIONS: Final = 1000
_ACCURACY: Final = 0.9


class PlainBounds(Yardstick):
    """Student's t and no more: what the score test's bounds are compared with."""

    @property
    def in_steps(self) -> bool:
        """As if a row changed nothing."""
        return False


def tally(confusion: NDArray[np.int64]) -> Tally:
    """Of counts by day, label and prediction."""
    return Tally({ROWS: Counts(confusion.sum(axis=(1, 2))), CONFUSION: Counts(confusion)})


def sided(champion: Tally, candidate: Tally) -> Both:
    """Two models on the same rows."""
    return Both(lambda _: champion, lambda _: candidate)


def of_answers(labels: NDArray[np.bool_], right: NDArray[np.bool_]) -> Tally:
    """Of rows by day, which were answered rightly or not."""
    cells = [[((labels == label) & (right == (label == said))).sum(axis=1) for said in (0, 1)] for label in (0, 1)]
    return tally(np.asarray(cells).transpose(2, 0, 1))


def worse_by(random: np.random.Generator, rows: int, margin: float, days: int = 7) -> Both:
    """A candidate that answers some rows wrongly that the champion answers rightly, and no other differently."""
    labels = random.random((days, rows // days)) < 0.5
    right = random.random(labels.shape) < _ACCURACY
    lost = random.random(labels.shape) < margin / _ACCURACY
    return sided(of_answers(labels, right), of_answers(labels, right & ~lost))


def passed(rows: int, margin: float) -> tuple[float, float]:
    """How often a candidate that is worse by its margin passes: by plain bounds, and by ours."""
    random, found = np.random.default_rng(1), np.zeros(2)
    kinds = [kind(MetricName.ACCURACY, ACCURACY, 50, 1 - LEVEL) for kind in (PlainBounds, Yardstick)]
    for _ in range(WORLDS):
        both = worse_by(random, rows, margin)
        lows = (both.by(kind).low for kind in kinds)
        found += [low is not None and low > -margin for low in lows]
    return float(found[0] / WORLDS), float(found[1] / WORLDS)


def two_models(random: np.random.Generator, days: int, gain: float) -> tuple[Tally, Tally]:
    """A model with a recall of 0.6 and one that is better, on the same days of 100 positive rows."""
    share = np.clip(random.normal(0.6, 0.06, days), 0, 1)
    found = (random.binomial(100, np.clip(share + better, 0, 1)) for better in (0.0, gain))
    one, other = (tally(np.asarray([[[100, 0], [100 - n, n]] for n in by_day])) for by_day in found)
    return one, other


def fails_after_promotion(days: int, gain: float) -> float:
    """How often the next window of a model that was promoted is called worse than it was, which it is not."""
    random, fails, promoted = np.random.default_rng(3), 0, 0
    contest = Contest(Yardstick(MetricName.RECALL, RECALL, 100, 1 - LEVEL), 0.0)
    metric = Metric.model_validate({"name": "recall", "min": 0, "noWorseThan": {"promotion": {"by": 0}}})
    while promoted < PROMOTIONS:
        before, candidate = two_models(random, days, gain)
        if compare(sided(before, candidate), contest).verdict is not Comparison.BETTER:
            continue
        promoted += 1
        was = baseline_of("recall", RECALL, candidate, 100)
        now = baseline_of("recall", RECALL, two_models(random, days, gain)[1], 100)
        fails += judge_baseline(metric, RECALL, now, was, LEVEL).verdict is Verdict.FAIL
    return fails / promoted


def main() -> None:
    """Print both tables."""
    print("| rows | margin | passes by plain bounds | passes |\n| --- | --- | --- | --- |")
    for rows, margin in ((126, 0.01), (252, 0.02), (504, 0.01), (1001, 0.05)):
        plain, ours = passed(rows, margin)
        print(f"| {rows} | {margin:g} | {plain:.1%} | {ours:.1%} |")
    print("\n| days | gain | fails after a promotion |\n| --- | --- | --- |")
    for days in (7, 28):
        for gain in (0.0, 0.02, 0.05):
            print(f"| {days} | {gain:g} | {fails_after_promotion(days, gain):.1%} |")


if __name__ == "__main__":
    main()
