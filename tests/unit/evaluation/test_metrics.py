from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from modelmonitor.api.metric_names import MetricName
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.metrics.calibration import calibration_error, calibration_error_variance
from modelmonitor.evaluation.metrics.ranking import (
    area,
    average_precision,
    average_precision_variance,
    delong_variance,
)
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.statistics.kinds import bin_of, bins_for, scores_at
from modelmonitor.evaluation.statistics.serial import Spread
from tests.unit.evaluation.tallies import BINARY, KINDS, accumulated, pairs


def counted(blocks: NDArray[np.intp], labels: NDArray[np.int8], scores: NDArray[np.float64]) -> Tally:
    return accumulated(blocks, labels, scores).tally()


def rows(
    seed: int, number: int = 4000, blocks: int = 10
) -> tuple[NDArray[np.intp], NDArray[np.int8], NDArray[np.float64]]:
    random = np.random.default_rng(seed)
    labels = (random.random(number) < 0.3).astype(np.int8)
    scores = 1 / (1 + np.exp(-random.normal(labels - 0.4, 1.5)))
    return random.integers(0, blocks, number), labels, scores


def _by_hand(labels: NDArray[np.int8], scores: NDArray[np.float64]) -> float:
    """Naeini et al. (2015), with 15 bins of equal width; scikit-learn has none."""
    bins = np.minimum((scores * 15).astype(int), 14)
    gaps = [abs((scores - labels)[bins == number].sum()) for number in range(15)]
    return float(sum(gaps) / len(labels))


def _said(metric: Callable[..., float], **how: Any) -> Callable[[NDArray[np.int8], NDArray[np.float64]], float]:
    return lambda labels, scores: metric(labels, scores >= 0.5, **how)


REFERENCE: dict[MetricName, Callable[[NDArray[np.int8], NDArray[np.float64]], float]] = {
    MetricName.ACCURACY: _said(sklearn_metrics.accuracy_score),
    MetricName.BALANCED_ACCURACY: _said(sklearn_metrics.balanced_accuracy_score),
    MetricName.PRECISION: _said(sklearn_metrics.precision_score),
    MetricName.RECALL: _said(sklearn_metrics.recall_score),
    MetricName.SPECIFICITY: _said(sklearn_metrics.recall_score, pos_label=0),
    MetricName.F1: _said(sklearn_metrics.f1_score),
    MetricName.MATTHEWS_CORRCOEF: _said(sklearn_metrics.matthews_corrcoef),
    MetricName.COHEN_KAPPA: _said(sklearn_metrics.cohen_kappa_score),
    MetricName.ROC_AUC: sklearn_metrics.roc_auc_score,
    MetricName.AVERAGE_PRECISION: sklearn_metrics.average_precision_score,
    MetricName.LOG_LOSS: sklearn_metrics.log_loss,
    MetricName.BRIER_SCORE: sklearn_metrics.brier_score_loss,
    MetricName.EXPECTED_CALIBRATION_ERROR: _by_hand,
}
# Scores are told apart by bins of the logit; everything else is exact.
BOUND = {
    MetricName.ROC_AUC: 1e-5,
    MetricName.AVERAGE_PRECISION: 1e-3,
    MetricName.EXPECTED_CALIBRATION_ERROR: 1.3e-4,
}
RANGES = {MetricName.MATTHEWS_CORRCOEF: (-1, 1), MetricName.COHEN_KAPPA: (-1, 1), MetricName.LOG_LOSS: (0, 36.1)}


@pytest.mark.parametrize("name", list(BINARY), ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_values_agree_with_scikit_learn(name: MetricName, seed: int) -> None:
    blocks, labels, scores = rows(seed)
    found = BINARY[name].leave_one_out(counted(blocks, labels, scores))
    bound = BOUND.get(name, 1e-12)
    assert found.value == pytest.approx(REFERENCE[name](labels, scores), abs=bound)
    for block in range(10):
        others = blocks != block
        assert found.without[block] == pytest.approx(REFERENCE[name](labels[others], scores[others]), abs=bound)


def test_the_area_with_ties_agrees_with_scikit_learn() -> None:
    blocks, labels, scores = rows(1)
    scores = np.round(scores, 1)
    found = BINARY[MetricName.ROC_AUC].leave_one_out(counted(blocks, labels, scores))
    assert found.value == pytest.approx(sklearn_metrics.roc_auc_score(labels, scores), abs=1e-12)


def test_the_area_of_rare_events_whose_scores_all_lie_near_zero_is_exact_enough() -> None:
    blocks, labels, scores = rows(2)
    rare = scores / 10_000
    found = BINARY[MetricName.ROC_AUC].leave_one_out(counted(blocks, labels, rare))
    assert found.value == pytest.approx(sklearn_metrics.roc_auc_score(labels, rare), abs=1e-4)


def binned(
    labels: NDArray[np.int8], scores: NDArray[np.float64], bins: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Negatives and positives by bin."""
    place = bin_of(scores, bins)
    negatives, positives = (np.bincount(place[labels == label], minlength=bins) for label in (0, 1))
    return negatives, positives


def few_rows(seed: int, number: int) -> tuple[NDArray[np.int8], NDArray[np.float64]]:
    """Rows of both classes, with scores that lie close together or far apart."""
    random = np.random.default_rng(seed)
    labels = (random.random(number) < random.uniform(0.05, 0.95)).astype(np.int8)
    labels[:2] = 0, 1
    return labels, random.random(number) ** random.integers(1, 6)


@given(st.integers(0, 2**32 - 1), st.integers(2, 200), st.sampled_from([8, 32, 256, 4096]))
def test_bins_move_the_area_by_no_more_than_half_the_share_of_pairs_within_one(
    seed: int, number: int, bins: int
) -> None:
    labels, scores = few_rows(seed, number)
    negatives, positives = binned(labels, scores, bins)
    bound = (negatives * positives).sum() / negatives.sum() / positives.sum() / 2
    moved = area(np.stack([negatives, positives])) - sklearn_metrics.roc_auc_score(labels, scores)
    assert abs(moved) <= bound + 1e-12


@given(st.integers(0, 2**32 - 1), st.integers(2, 200), st.sampled_from([8, 32, 256, 4096]))
def test_bins_move_the_average_precision_by_no_more_than_docs_metrics_says(seed: int, number: int, bins: int) -> None:
    labels, scores = few_rows(seed, number)
    negatives, positives = binned(labels, scores, bins)
    in_bin = negatives + positives
    at_or_above = np.cumsum(in_bin[::-1])[::-1]
    bound = (positives / positives.sum() * np.maximum(in_bin - 1, 0) / np.maximum(at_or_above, 1)).sum()
    found = average_precision(np.stack([negatives, positives]))
    assert abs(found - sklearn_metrics.average_precision_score(labels, scores)) <= bound + 1e-12


@given(st.floats(0, 1), st.sampled_from([256, 4096, 65_536]))
def test_a_score_is_moved_by_at_most_eight_parts_of_the_number_of_bins(score: float, bins: int) -> None:
    assert abs(scores_at(bins)[bin_of(np.asarray([score]), bins)][0] - score) <= 8 / bins


@given(st.integers(0, 2**32 - 1), st.integers(2, 200))
def test_the_calibration_error_is_that_of_the_moved_scores(seed: int, number: int) -> None:
    labels, scores = few_rows(seed, number)
    moved = scores_at(4096)[bin_of(scores, 4096)]
    found = calibration_error(np.stack(binned(labels, scores, 4096)))
    assert found == pytest.approx(_by_hand(labels, moved), abs=1e-12)


def test_delongs_variance_is_that_of_the_placement_values() -> None:
    random = np.random.default_rng(3)
    positives, negatives = random.integers(0, 30, 200), random.integers(0, 25, 300)
    histogram = np.stack([np.bincount(negatives, minlength=30), np.bincount(positives, minlength=30)])
    beaten = (positives[:, None] > negatives) + 0.5 * (positives[:, None] == negatives)
    by_hand = beaten.mean(axis=1).var(ddof=1) / 200 + beaten.mean(axis=0).var(ddof=1) / 300
    assert area(histogram) == pytest.approx(beaten.mean())
    assert delong_variance(histogram) == pytest.approx(by_hand)


def one_row_more(value: Callable[[NDArray[np.int64]], float], histogram: NDArray[np.int64]) -> float:
    """The variance for independent rows by taking each row away in turn: the delete-one jackknife."""
    without, times = [], []
    for cell in zip(*np.nonzero(histogram), strict=True):
        less = histogram.copy()
        less[cell] -= 1
        without.append(value(less))
        times.append(histogram[cell])
    mean = np.average(without, weights=times)
    return float(np.sum(np.asarray(times) * np.square(np.asarray(without) - mean)))


@pytest.mark.parametrize(
    ("value", "variance"),
    [
        pytest.param(area, delong_variance, id="roc_auc"),
        pytest.param(average_precision, average_precision_variance, id="average_precision"),
        pytest.param(calibration_error, calibration_error_variance, id="expected_calibration_error"),
    ],
)
def test_the_variance_for_independent_rows_is_what_taking_rows_away_shows(
    value: Callable[[NDArray[np.int64]], float], variance: Callable[[NDArray[np.int64]], float]
) -> None:
    _, labels, scores = rows(4, number=3000)
    # Far from calibrated, so that no gap is near zero, where the error has a corner and no slope.
    bins = np.minimum((np.power(scores, 3) * 256).astype(np.intp), 255)
    histogram = np.stack([np.bincount(bins[labels == label], minlength=256) for label in (0, 1)])
    assert variance(histogram) == pytest.approx(one_row_more(value, histogram), rel=0.02)


@pytest.mark.parametrize(
    "name",
    [
        MetricName.BALANCED_ACCURACY,
        MetricName.MATTHEWS_CORRCOEF,
        MetricName.COHEN_KAPPA,
        MetricName.LOG_LOSS,
        MetricName.BRIER_SCORE,
    ],
    ids=str,
)
def test_independent_rows_have_a_design_effect_of_about_one(name: MetricName) -> None:
    """Then block jackknife and delta method estimate the same variance. So few blocks show no memory of their own."""
    effects = [BINARY[name].interval(counted(*rows(seed, blocks=13)), 0.05).spread.design_effect for seed in range(40)]
    assert np.mean(effects) == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize("scale", list(Scale), ids=lambda scale: scale.name)
@given(st.floats(-0.999, 0.999), st.floats(1e-6, 0.5))
def test_an_interval_holds_its_value_and_keeps_to_its_scale(scale: Scale, value: float, variance: float) -> None:
    inside = {Scale.UNIT: abs(value) + 1e-9, Scale.POSITIVE: abs(value) + 1e-9}.get(scale, value)
    interval = scale.interval(inside, Spread(variance, 7, 1.0), 0.05, 1000)
    assert scale.value.least <= interval.low <= inside <= interval.high <= scale.value.most


@pytest.mark.parametrize("name", [MetricName.PRECISION, MetricName.F1, MetricName.RECALL], ids=str)
def test_a_share_of_nothing_is_not_defined(name: MetricName) -> None:
    counts = counted(np.zeros(5, np.intp), np.zeros(5, np.int8), np.full(5, 0.1))
    assert np.isnan(BINARY[name].leave_one_out(counts).value)


@pytest.mark.parametrize("name", list(BINARY), ids=str)
def test_bounds_stay_where_the_metric_can_be_and_hold_the_value(name: MetricName) -> None:
    for seed in range(20):
        counts = counted(*rows(seed, number=60, blocks=5))
        measure = BINARY[name]
        value = measure.leave_one_out(counts).value
        interval = measure.interval(counts, 0.05)
        least, most = RANGES.get(name, (0, 1))
        assert least <= interval.low <= value <= interval.high <= most


def test_a_share_of_exactly_zero_still_has_an_interval_with_a_width() -> None:
    labels = np.ones(200, np.int8)
    counts = counted(np.arange(200) % 10, labels, np.full(200, 0.1))
    interval = BINARY[MetricName.RECALL].interval(counts, 0.05)
    assert interval.low == 0
    assert 0.005 < interval.high < 0.05


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_statistics_of_parts_add_up_to_those_of_the_whole(seed: int, parts: int) -> None:
    blocks, labels, scores = rows(seed, number=50, blocks=3)
    whole, together = Accumulator(KINDS, 3), Accumulator(KINDS, 3)
    whole.add(blocks, [], pairs(labels, scores))
    for chosen in np.array_split(np.random.default_rng(seed).permutation(50), parts):
        part = Accumulator(KINDS, 3)
        part.add(blocks[chosen], [], pairs(labels[chosen], scores[chosen]))
        together += part
    for kind in KINDS:
        for one, other in zip(
            whole.tally()[kind].arrays().values(), together.tally()[kind].arrays().values(), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("blocks", [1, 28, 64, 65, 366, 4000])
def test_histograms_fit_64_mebibytes(blocks: int) -> None:
    assert blocks * 2 * bins_for(blocks) * 8 <= 64 * 1024 * 1024
    assert bins_for(blocks) >= 1024


def test_a_calibrated_model_is_not_called_miscalibrated_because_of_noise() -> None:
    """The usual value is 0.02 to 0.04 on so few rows, and so was its lower bound before noise was taken off."""
    random, measure = np.random.default_rng(3), BINARY[MetricName.EXPECTED_CALIBRATION_ERROR]
    lows = []
    for _ in range(100):
        scores = random.random(1400)
        counts = counted(np.repeat(np.arange(7), 200), (random.random(1400) < scores).astype(np.int8), scores)
        lows.append(measure.interval(counts, 0.05).low)
        assert measure.leave_one_out(counts).value > 0.01
    assert np.mean([low > 0 for low in lows]) < 0.08


def test_a_model_that_is_off_by_a_tenth_is_still_found_out() -> None:
    random, measure = np.random.default_rng(4), BINARY[MetricName.EXPECTED_CALIBRATION_ERROR]
    scores = random.uniform(0.1, 0.9, 14_000)
    counts = counted(np.repeat(np.arange(7), 2000), (random.random(14_000) < scores - 0.1).astype(np.int8), scores)
    interval = measure.interval(counts, 0.05)
    assert 0.05 < interval.low < 0.1 < interval.high
