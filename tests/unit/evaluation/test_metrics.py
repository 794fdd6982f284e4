import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from modelmonitor.api.monitor import MetricName
from modelmonitor.evaluation.accumulate import Accumulator, bins_for
from modelmonitor.evaluation.metrics import CATALOGUE
from modelmonitor.evaluation.metrics.roc_auc import area, delong_variance
from modelmonitor.evaluation.score import thresholded


def counted(blocks: NDArray[np.intp], labels: NDArray[np.int8], scores: NDArray[np.float64]) -> Accumulator:
    counts = Accumulator(int(blocks.max()) + 1, with_scores=True)
    counts.add(blocks, labels, thresholded(scores, 0.5))
    return counts


def rows(
    seed: int, number: int = 4000, blocks: int = 10
) -> tuple[NDArray[np.intp], NDArray[np.int8], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.3).astype(np.int8)
    scores = 1 / (1 + np.exp(-random.normal(labels - 0.4, 1.5)))
    return random.integers(0, blocks, number), labels, scores


SKLEARN = {
    MetricName.ACCURACY: lambda labels, scores: sklearn_metrics.accuracy_score(labels, scores >= 0.5),
    MetricName.PRECISION: lambda labels, scores: sklearn_metrics.precision_score(labels, scores >= 0.5),
    MetricName.RECALL: lambda labels, scores: sklearn_metrics.recall_score(labels, scores >= 0.5),
    MetricName.F1: lambda labels, scores: sklearn_metrics.f1_score(labels, scores >= 0.5),
    MetricName.ROC_AUC: sklearn_metrics.roc_auc_score,
}


@pytest.mark.parametrize("name", list(MetricName), ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_values_agree_with_scikit_learn(name: MetricName, seed: int) -> None:
    blocks, labels, scores = rows(seed)
    found = CATALOGUE[name].leave_one_out(counted(blocks, labels, scores))
    assert found.value == pytest.approx(SKLEARN[name](labels, scores), abs=1e-5)
    for block in range(10):
        others = blocks != block
        assert found.without[block] == pytest.approx(SKLEARN[name](labels[others], scores[others]), abs=1e-5)


def test_the_area_with_ties_agrees_with_scikit_learn() -> None:
    blocks, labels, scores = rows(1)
    scores = np.round(scores, 1)
    found = CATALOGUE[MetricName.ROC_AUC].leave_one_out(counted(blocks, labels, scores))
    assert found.value == pytest.approx(sklearn_metrics.roc_auc_score(labels, scores), abs=1e-12)


def test_the_area_of_rare_events_whose_scores_all_lie_near_zero_is_exact_enough() -> None:
    blocks, labels, scores = rows(2)
    rare = scores / 10_000
    found = CATALOGUE[MetricName.ROC_AUC].leave_one_out(counted(blocks, labels, rare))
    assert found.value == pytest.approx(sklearn_metrics.roc_auc_score(labels, rare), abs=1e-4)


def test_delongs_variance_is_that_of_the_placement_values() -> None:
    random = np.random.default_rng(3)
    positives, negatives = random.integers(0, 30, 200), random.integers(0, 25, 300)
    histogram = np.stack([np.bincount(negatives, minlength=30), np.bincount(positives, minlength=30)])
    beaten = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    by_hand = beaten.mean(axis=1).var(ddof=1) / 200 + beaten.mean(axis=0).var(ddof=1) / 300
    assert area(histogram) == pytest.approx(beaten.mean())
    assert delong_variance(histogram) == pytest.approx(by_hand)


@pytest.mark.parametrize("name", [MetricName.PRECISION, MetricName.F1, MetricName.RECALL], ids=str)
def test_a_share_of_nothing_is_not_defined(name: MetricName) -> None:
    counts = counted(np.zeros(5, np.intp), np.zeros(5, np.int8), np.full(5, 0.1))
    assert np.isnan(CATALOGUE[name].leave_one_out(counts).value)


@pytest.mark.parametrize("name", list(MetricName), ids=str)
def test_bounds_stay_within_0_and_1_and_hold_the_value(name: MetricName) -> None:
    for seed in range(20):
        counts = counted(*rows(seed, number=60, blocks=5))
        measure = CATALOGUE[name]
        value = measure.leave_one_out(counts).value
        interval = measure.interval(counts, 0.05)
        assert 0 <= interval.low <= value <= interval.high <= 1


def test_a_share_of_exactly_zero_still_has_an_interval_with_a_width() -> None:
    labels = np.ones(200, np.int8)
    counts = counted(np.arange(200) % 10, labels, np.full(200, 0.1))
    interval = CATALOGUE[MetricName.RECALL].interval(counts, 0.05)
    assert interval.low == 0
    assert 0.005 < interval.high < 0.05


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_counts_of_parts_add_up_to_the_counts_of_the_whole(seed: int, parts: int) -> None:
    blocks, labels, scores = rows(seed, number=50, blocks=3)
    blocks[:] = np.sort(blocks)
    whole, together = Accumulator(3, with_scores=True), Accumulator(3, with_scores=True)
    whole.add(blocks, labels, thresholded(scores, 0.5))
    for chosen in np.array_split(np.random.default_rng(seed).permutation(50), parts):
        part = Accumulator(3, with_scores=True)
        part.add(blocks[chosen], labels[chosen], thresholded(scores[chosen], 0.5))
        together += part
    np.testing.assert_array_equal(whole.confusion, together.confusion)
    np.testing.assert_array_equal(whole.histogram, together.histogram)


@pytest.mark.parametrize("blocks", [1, 28, 64, 65, 366, 4000])
def test_histograms_fit_64_mebibytes(blocks: int) -> None:
    assert blocks * 2 * bins_for(blocks) * 8 <= 64 * 1024 * 1024
    assert bins_for(blocks) >= 1024
