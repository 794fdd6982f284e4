"""Metrics of many classes against scikit-learn, and what they are where classes are missing."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from modelmonitor.api.metric_names import MetricName, Task
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.metrics import CATALOGUE
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.statistics.class_kinds import CLASS_SCORES, MARGINS, TABLE
from modelmonitor.evaluation.statistics.kinds import Shape

MANY = CATALOGUE[Task.MULTICLASS_CLASSIFICATION]
KINDS = {kind for measure in MANY.values() for kind in measure.needs}
CLASSES = 4


def rows(seed: int, number: int = 3000, occurring: int = CLASSES) -> Pairs:
    """Rows of a model that knows something; the last classes may be neither label nor prediction."""
    random = np.random.default_rng(seed)
    truth = random.choice(occurring, number, p=np.arange(1, occurring + 1) / np.arange(1, occurring + 1).sum())
    logits = random.normal(0, 1, (number, CLASSES)) + 1.2 * np.eye(CLASSES)[truth]
    logits[:, occurring:] = -30
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return Pairs(truth, scores.argmax(axis=1), scores)


def tally(pairs: Pairs, blocks: NDArray[np.intp] | None = None) -> Tally:
    blocks = np.arange(len(pairs)) % 10 if blocks is None else blocks
    accumulator = Accumulator(KINDS, int(blocks.max()) + 1, classes=CLASSES)
    accumulator.add(blocks, [], pairs)
    return accumulator.tally()


def _said(metric: Callable[..., float], **how: Any) -> Callable[[Pairs], float]:
    return lambda pairs: metric(pairs.truth, pairs.predicted, **how)


def _scored(metric: Callable[..., float], **how: Any) -> Callable[[Pairs], float]:
    return lambda pairs: metric(pairs.truth, pairs.scores, labels=range(CLASSES), **how)


def _top_calibration(pairs: Pairs) -> float:
    assert pairs.scores is not None
    confidence, right = pairs.scores.max(axis=1), pairs.predicted == pairs.truth
    bins = np.minimum((confidence * 15).astype(int), 14)
    return float(sum(abs((confidence - right)[bins == number].sum()) for number in range(15)) / len(pairs))


def _averages(name: str, metric: Callable[..., float]) -> dict[MetricName, Callable[[Pairs], float]]:
    return {
        MetricName(f"{name}_{average}"): _said(metric, average=average, zero_division=0)
        for average in ("macro", "micro", "weighted")
    }


REFERENCE: dict[MetricName, Callable[[Pairs], float]] = {
    MetricName.ACCURACY: _said(sklearn_metrics.accuracy_score),
    MetricName.BALANCED_ACCURACY: _said(sklearn_metrics.balanced_accuracy_score),
    **_averages("precision", sklearn_metrics.precision_score),
    **_averages("recall", sklearn_metrics.recall_score),
    **_averages("f1", sklearn_metrics.f1_score),
    MetricName.MATTHEWS_CORRCOEF: _said(sklearn_metrics.matthews_corrcoef),
    MetricName.COHEN_KAPPA: _said(sklearn_metrics.cohen_kappa_score),
    MetricName.ROC_AUC_OVR: _scored(sklearn_metrics.roc_auc_score, multi_class="ovr"),
    MetricName.ROC_AUC_OVR_WEIGHTED: _scored(sklearn_metrics.roc_auc_score, multi_class="ovr", average="weighted"),
    MetricName.LOG_LOSS: _scored(sklearn_metrics.log_loss),
    MetricName.BRIER_SCORE: _scored(sklearn_metrics.brier_score_loss, scale_by_half=True),
    MetricName.EXPECTED_CALIBRATION_ERROR: _top_calibration,
}
BOUND = {
    MetricName.ROC_AUC_OVR: 1e-4,
    MetricName.ROC_AUC_OVR_WEIGHTED: 1e-4,
    MetricName.EXPECTED_CALIBRATION_ERROR: 1.3e-4,
}
OF_AREAS = {MetricName.ROC_AUC_OVR, MetricName.ROC_AUC_OVR_WEIGHTED}


@pytest.mark.parametrize("name", list(MANY), ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_values_agree_with_scikit_learn_with_all_rows_and_without_each_block(name: MetricName, seed: int) -> None:
    pairs = rows(seed)
    found = MANY[name].leave_one_out(tally(pairs))
    bound = BOUND.get(name, 1e-12)
    assert found.value == pytest.approx(REFERENCE[name](pairs), abs=bound)
    for block in range(10):
        others = pairs.only(np.arange(len(pairs)) % 10 != block)
        assert found.without[block] == pytest.approx(REFERENCE[name](others), abs=bound)


@pytest.mark.parametrize("name", [name for name in MANY if name not in OF_AREAS], ids=str)
def test_a_class_that_never_occurs_is_left_out_as_scikit_learn_does(name: MetricName) -> None:
    pairs = rows(1, occurring=3)
    found = MANY[name].leave_one_out(tally(pairs))
    assert found.value == pytest.approx(REFERENCE[name](pairs), abs=BOUND.get(name, 1e-12))


@pytest.mark.parametrize("name", sorted(OF_AREAS), ids=str)
def test_areas_are_averaged_over_the_classes_that_occur(name: MetricName) -> None:
    """scikit-learn gives NaN there, since the area of a class without rows is not defined."""
    pairs = rows(1, occurring=3)
    assert pairs.scores is not None
    areas = [sklearn_metrics.roc_auc_score(pairs.truth == number, pairs.scores[:, number]) for number in range(3)]
    weights = np.bincount(pairs.truth) if name is MetricName.ROC_AUC_OVR_WEIGHTED else None
    assert MANY[name].leave_one_out(tally(pairs)).value == pytest.approx(np.average(areas, weights=weights), abs=1e-4)


def test_a_class_that_is_labelled_and_never_predicted_has_no_precision() -> None:
    pairs = rows(2)
    pairs = Pairs(pairs.truth, np.where(pairs.predicted == 3, 2, pairs.predicted), pairs.scores)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = sklearn_metrics.precision_score(pairs.truth, pairs.predicted, average="macro")
    found = MANY[MetricName.PRECISION_MACRO].leave_one_out(tally(pairs))
    assert found.value == pytest.approx(expected)


UNDEFINED = {MetricName.MATTHEWS_CORRCOEF, MetricName.COHEN_KAPPA, *OF_AREAS}


@pytest.mark.parametrize("name", list(MANY), ids=str)
def test_rows_of_one_class_only(name: MetricName) -> None:
    """Agreement beyond chance and areas are not defined there; everything else is."""
    pairs = rows(1, number=200)
    one = Pairs(np.zeros(200, np.intp), np.zeros(200, np.intp), pairs.scores)
    value = MANY[name].leave_one_out(tally(one)).value
    assert np.isnan(value) == (name in UNDEFINED)


@pytest.mark.parametrize("name", list(MANY), ids=str)
def test_bounds_hold_the_value_and_stay_where_the_metric_can_be(name: MetricName) -> None:
    for seed in range(5):
        counted = tally(rows(seed, number=120), np.arange(120) % 5)
        value, interval = MANY[name].leave_one_out(counted).value, MANY[name].interval(counted, 0.05)
        least = -1 if name in {MetricName.MATTHEWS_CORRCOEF, MetricName.COHEN_KAPPA} else 0
        most = 36.1 if name is MetricName.LOG_LOSS else 1
        assert least <= interval.low <= value <= interval.high <= most


@pytest.mark.parametrize("name", [name for name in MANY if name is not MetricName.EXPECTED_CALIBRATION_ERROR], ids=str)
def test_independent_rows_have_a_design_effect_of_about_one(name: MetricName) -> None:
    """Block jackknife and delta method then estimate the same variance. The floor of areas leaves out covariance."""
    intervals = [
        MANY[name].interval(tally(rows(seed), np.random.default_rng(seed).integers(0, 13, 3000)), 0.05)
        for seed in range(30)
    ]
    least, most = (1, 2.5) if name in OF_AREAS else (0.8, 1.2)
    assert least < np.mean([interval.spread.design_effect for interval in intervals]) < most


def test_a_model_that_is_always_right_is_no_certainty() -> None:
    truth = np.arange(200) % CLASSES
    counted = tally(Pairs(truth, truth, np.eye(CLASSES)[truth]))
    interval = MANY[MetricName.F1_MACRO].interval(counted, 0.05)
    assert interval.high == 1
    assert 0.97 < interval.low < 0.995


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_statistics_of_parts_add_up_to_those_of_the_whole(seed: int, parts: int) -> None:
    pairs, blocks = rows(seed, number=60), np.random.default_rng(seed).integers(0, 3, 60)
    whole, together = (Accumulator(KINDS, 3, classes=CLASSES) for _ in range(2))
    whole.add(blocks, [], pairs)
    for chosen in np.array_split(np.random.default_rng(seed).permutation(60), parts):
        part = Accumulator(KINDS, 3, classes=CLASSES)
        mask = np.isin(np.arange(60), chosen)
        part.add(blocks[mask], [], pairs.only(mask))
        together += part
    for kind in KINDS:
        one, other = (accumulator.tally()[kind].arrays() for accumulator in (whole, together))
        for name, numbers in one.items():
            np.testing.assert_allclose(numbers, other[name], rtol=1e-12)


@pytest.mark.parametrize("groups", [1, 21])
def test_a_hundred_classes_and_a_year_of_days_take_bounded_memory(groups: int) -> None:
    shape = Shape(366, groups, classes=100)
    taken = {
        kind: sum(array.nbytes for array in kind.empty(shape.folded(kind.fold(shape))).arrays().values())
        for kind in (MARGINS, TABLE, CLASS_SCORES)
    }
    assert taken[MARGINS] <= groups * 0.9e6
    assert taken[TABLE] == groups * 80_000
    assert taken[CLASS_SCORES] <= 128 * 1024 * 1024


def test_folded_blocks_are_fewer_and_hold_the_same_rows() -> None:
    kind = CLASS_SCORES
    many = Accumulator([kind], 1000, classes=100)
    pairs = rows(1, number=2000)
    scores = np.zeros((2000, 100))
    scores[:, :CLASSES] = pairs.scores
    many.add(np.arange(2000) % 1000, [], Pairs(pairs.truth, pairs.predicted, scores))
    counts = many.tally()[kind].counts
    assert len(counts) < 1000
    assert counts[:, 0].sum() == 2000
