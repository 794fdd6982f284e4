"""Two models on the same rows: the interval of the difference, its symmetry, and how often it misses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.monitor import GuardMetric
from modelmonitor.api.result import Comparison, GuardVerdict, Paired
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.compare import Contest, Guarding, compare
from modelmonitor.evaluation.paired import reach
from tests.unit.evaluation.tallies import both, of_confusion, yardstick

METRICS = (MetricName.ACCURACY, MetricName.RECALL, MetricName.F1, MetricName.BALANCED_ACCURACY, MetricName.COHEN_KAPPA)
confusions = st.lists(
    st.tuples(*[st.integers(1, 60)] * 4).map(lambda four: np.asarray(four).reshape(2, 2)), min_size=4, max_size=12
)


def tallies(days: list[NDArray[np.int64]], moved: int) -> tuple[Tally, Tally]:
    """Two models on the same rows: of the first's right answers the second one has a few wrong, by the day."""
    other = [day.copy() for day in days]
    for number, day in enumerate(other):
        label, shift = number % 2, min(int(day[number % 2, number % 2]) - 1, moved * (1 + number % 3))
        day[label, label] -= shift
        day[label, 1 - label] += shift
    return of_confusion(np.asarray(days)), of_confusion(np.asarray(other))


def paired(champion: Tally, candidate: Tally, name: MetricName, confidence: float = 0.95) -> Paired:
    return both(champion, candidate).by(yardstick(name, 1, confidence))


@settings(max_examples=60, deadline=None)
@given(days=confusions, moved=st.integers(0, 5), name=st.sampled_from(METRICS))
def test_exchanging_the_models_turns_the_interval_round(
    days: list[NDArray[np.int64]], moved: int, name: MetricName
) -> None:
    one, other = tallies(days, moved)
    here, there = paired(one, other, name), paired(other, one, name)
    assert (here.champion, here.candidate) == (there.candidate, there.champion)
    assert here.reason == there.reason
    if here.difference is not None and here.low is not None and here.high is not None:
        turned = (there.difference, there.high, there.low)
        assert (-here.difference, -here.low, -here.high) == pytest.approx(turned, abs=1e-12)
        assert here.low <= here.difference <= here.high


@settings(max_examples=60, deadline=None)
@given(days=confusions, moved=st.integers(0, 5), gain=st.floats(0, 0.3), margin=st.floats(0, 0.5))
def test_the_interval_that_is_shown_is_the_one_that_was_tested(
    days: list[NDArray[np.int64]], moved: int, gain: float, margin: float
) -> None:
    one, other = tallies(days, moved)
    guard = GuardMetric(metric="recall", margin=margin)
    contest = Contest(yardstick(MetricName.ACCURACY, 1), gain, [Guarding(guard, yardstick(MetricName.RECALL, 1))])
    for champion, candidate in ((one, other), (other, one)):
        found = compare(both(champion, candidate), contest)
        (recall,) = found.others
        assert found.low is not None
        assert recall.low is not None
        assert (recall.guard is GuardVerdict.KEPT) == (recall.low > -margin)
        better = found.low > gain and recall.guard is GuardVerdict.KEPT
        assert (found.verdict is Comparison.BETTER) == better


@settings(max_examples=30, deadline=None)
@given(days=confusions, moved=st.integers(0, 5), name=st.sampled_from(METRICS))
def test_more_confidence_is_a_wider_interval(days: list[NDArray[np.int64]], moved: int, name: MetricName) -> None:
    one, other = tallies(days, moved)
    lows = [paired(one, other, name, confidence).low for confidence in (0.5, 0.8, 0.95, 0.999)]
    known = [low for low in lows if low is not None]
    assert known == sorted(known, reverse=True)


@pytest.mark.parametrize("variance", [0.0, 1e-6, 0.01])
def test_the_reach_of_a_bound_solves_the_score_tests_equation(variance: float) -> None:
    out = reach(variance, 1.9, step=0.01)
    assert out**2 == pytest.approx(1.9**2 * (variance + 0.01 * out))
    assert reach(variance, 1.9, step=0.0) == pytest.approx(1.9 * variance**0.5)


def test_two_models_that_never_disagree_are_not_known_to_be_equal() -> None:
    """On a hundred rows, one of thirty that comes out worse is often not seen at all."""
    days = [np.asarray([[20, 0], [0, 5]])] * 4
    found = paired(*tallies(days, 0), MetricName.ACCURACY)
    assert found.difference == 0
    assert found.low is not None
    assert -0.08 < found.low < -0.03


def on_the_same_rows(
    random: np.random.Generator, rows: int, worse: float, *, noise: float = 0.0, right: float = 0.9
) -> tuple[Tally, Tally]:
    """Seven days of a model and one that is truly worse in accuracy by `worse`; both answer most rows alike."""
    shape = (7, rows // 7)
    labels = random.random(shape) < 0.5
    first = random.random(shape) < right
    lost, won = random.random(shape) < (worse + noise) / right, random.random(shape) < noise / (1 - right)
    second = np.where(first, ~lost, won)
    found = []
    for answers in (first, second):
        cells = [[((labels == label) & (answers != other)).sum(axis=1) for other in (0, 1)] for label in (0, 1)]
        found.append(
            of_confusion(np.asarray([[cells[0][0], cells[0][1]], [cells[1][1], cells[1][0]]]).transpose(2, 0, 1))
        )
    return found[0], found[1]


@pytest.mark.parametrize("noise", [0.0, 0.03], ids=["each difference is a loss", "losses and gains"])
@pytest.mark.parametrize(("rows", "margin"), [(126, 0.01), (252, 0.02), (504, 0.01), (1000, 0.05)])
def test_a_candidate_that_is_worse_by_its_margin_passes_no_more_often_than_the_confidence_says(
    rows: int, margin: float, noise: float
) -> None:
    """With plain t bounds it passes 27, 12, 11 and 5 times in a hundred where each difference is a loss."""
    random = np.random.default_rng(17)
    pairs = (on_the_same_rows(random, rows, margin, noise=noise) for _ in range(400))
    lows = [paired(one, other, MetricName.ACCURACY).low for one, other in pairs]
    assert np.mean([low is not None and low > -margin for low in lows]) < 0.05 + 0.03


def test_an_equal_candidate_with_a_guard_is_promoted_no_more_often_than_the_confidence_says() -> None:
    """Equal in the metric that decides, and worse by the margin in the guard: two reasons not to promote it."""
    random, promoted = np.random.default_rng(7), {"equal": 0, "worse": 0}
    guard = GuardMetric(metric="specificity", margin=0.05)
    contest = Contest(yardstick(MetricName.RECALL), 0.0, [Guarding(guard, yardstick(MetricName.SPECIFICITY))])

    def model(specificity: float, recall: float) -> Tally:
        days = [
            [random.multinomial(200, [specificity, 1 - specificity]), random.multinomial(100, [1 - recall, recall])]
            for _ in range(14)
        ]
        return of_confusion(np.asarray(days))

    for _ in range(400):
        promoted["equal"] += compare(both(model(0.85, 0.5), model(0.85, 0.5)), contest).verdict is Comparison.BETTER
        promoted["worse"] += compare(both(model(0.85, 0.5), model(0.80, 0.8)), contest).verdict is Comparison.BETTER
    assert max(promoted.values()) / 400 < 0.05 + 0.03


def test_a_good_candidate_is_promoted_in_spite_of_its_guard() -> None:
    random = np.random.default_rng(23)
    guard = GuardMetric(metric="accuracy", margin=0.02)
    contest = Contest(yardstick(MetricName.RECALL), 0.0, [Guarding(guard, yardstick(MetricName.ACCURACY))])
    pairs = [on_the_same_rows(random, 2100, 0.06, noise=0.02, right=0.85) for _ in range(50)]
    verdicts = [compare(both(worse, better), contest).verdict for better, worse in pairs]
    assert verdicts.count(Comparison.BETTER) > 45
