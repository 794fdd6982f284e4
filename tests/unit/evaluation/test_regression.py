"""Metrics of a regression against scikit-learn and NumPy, and what they are where they are not defined."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics as sklearn_metrics

from modelmonitor.api.metric_names import MetricName, Task, fitting
from modelmonitor.api.monitor import ModelSpec
from modelmonitor.api.objectives import Metric
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.metrics import CATALOGUE, Measure, Undefined, measure_of
from modelmonitor.evaluation.metrics.quantile import ErrorQuantile
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.statistics.value_kinds import ACCURACY, BINS, error_bin, errors_at

MODEL = ModelSpec.model_validate(
    {"task": "Regression", "serving": {"seldonDeployment": {"name": "prices", "node": "regressor"}}}
)
FIELDS: dict[MetricName, dict[str, Any]] = {
    MetricName.ABSOLUTE_ERROR_QUANTILE: {"quantile": 0.9},
    MetricName.MEAN_PINBALL_LOSS: {"alpha": 0.8},
}
MEASURES: dict[MetricName, Measure] = {
    **CATALOGUE[Task.REGRESSION],
    **{name: measure_of(Metric(name=name, max=1, **fields), MODEL) for name, fields in FIELDS.items()},
}
KINDS = list(dict.fromkeys(kind for measure in MEASURES.values() for kind in measure.needs))

REFERENCE: dict[MetricName, Callable[[NDArray[Any], NDArray[Any]], float]] = {
    MetricName.MEAN_ABSOLUTE_ERROR: sklearn_metrics.mean_absolute_error,
    MetricName.MEAN_SQUARED_ERROR: sklearn_metrics.mean_squared_error,
    MetricName.ROOT_MEAN_SQUARED_ERROR: sklearn_metrics.root_mean_squared_error,
    MetricName.MEAN_ABSOLUTE_PERCENTAGE_ERROR: sklearn_metrics.mean_absolute_percentage_error,
    MetricName.R2: sklearn_metrics.r2_score,
    MetricName.EXPLAINED_VARIANCE: sklearn_metrics.explained_variance_score,
    MetricName.MEDIAN_ABSOLUTE_ERROR: sklearn_metrics.median_absolute_error,
    MetricName.ABSOLUTE_ERROR_QUANTILE: lambda labels, said: float(np.quantile(np.abs(said - labels), 0.9)),
    MetricName.MEAN_PINBALL_LOSS: lambda labels, said: sklearn_metrics.mean_pinball_loss(labels, said, alpha=0.8),
    MetricName.MEAN_ERROR: lambda labels, said: float((said - labels).mean()),
}
QUANTILES = {MetricName.MEDIAN_ABSOLUTE_ERROR, MetricName.ABSOLUTE_ERROR_QUANTILE}


def rows(seed: int, number: int = 3000, offset: float = 20) -> Pairs:
    random = np.random.default_rng(seed)
    labels = offset + random.normal(0, 5, number)
    return Pairs(labels, labels + 0.3 + random.standard_t(4, number))


def tally(pairs: Pairs, blocks: NDArray[np.intp] | None = None) -> Tally:
    blocks = np.arange(len(pairs)) % 10 if blocks is None else blocks
    accumulator = Accumulator(KINDS, int(blocks.max()) + 1, with_scores=False)
    accumulator.add(blocks, [], pairs)
    return accumulator.tally()


def test_every_metric_of_a_regression_is_measured() -> None:
    assert set(MEASURES) == set(REFERENCE) == set(fitting(Task.REGRESSION))


@pytest.mark.parametrize("name", list(MEASURES), ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_values_agree_with_scikit_learn_with_all_rows_and_without_each_block(name: MetricName, seed: int) -> None:
    pairs = rows(seed)
    found = MEASURES[name].leave_one_out(tally(pairs))
    bound = ACCURACY if name in QUANTILES else 1e-9
    assert found.value == pytest.approx(REFERENCE[name](pairs.truth, pairs.predicted), rel=bound)
    for block in range(10):
        others = pairs.only(np.arange(len(pairs)) % 10 != block)
        assert found.without[block] == pytest.approx(REFERENCE[name](others.truth, others.predicted), rel=bound)


@pytest.mark.parametrize("name", [MetricName.R2, MetricName.EXPLAINED_VARIANCE], ids=str)
def test_labels_ten_thousand_times_as_large_as_they_differ_lose_no_more_than_seven_digits(name: MetricName) -> None:
    pairs = rows(1, offset=50_000)
    found = MEASURES[name].leave_one_out(tally(pairs)).value
    assert found == pytest.approx(REFERENCE[name](pairs.truth, pairs.predicted), rel=1e-7)


@pytest.mark.parametrize("name", [MetricName.R2, MetricName.EXPLAINED_VARIANCE], ids=str)
@pytest.mark.parametrize("label", [0.0, 0.1, 1e9 / 3])
def test_constant_labels_leave_nothing_to_explain(name: MetricName, label: float) -> None:
    measure = MEASURES[name]
    assert np.isnan(measure.leave_one_out(tally(Pairs(np.full(500, label), np.full(500, label + 1)))).value)
    assert measure.undefined is Undefined.LABELS_CONSTANT


def test_a_label_of_zero_makes_the_percentage_absurd_and_not_infinite() -> None:
    pairs = rows(1)
    pairs.truth[0] = 0
    found = MEASURES[MetricName.MEAN_ABSOLUTE_PERCENTAGE_ERROR].leave_one_out(tally(pairs)).value
    expected = sklearn_metrics.mean_absolute_percentage_error(pairs.truth, pairs.predicted)
    assert found == pytest.approx(expected)
    assert found > 1e10


@pytest.mark.parametrize("name", list(MEASURES), ids=str)
def test_a_model_without_error_has_an_interval_that_holds_its_value(name: MetricName) -> None:
    labels = np.arange(400.0)
    counted = tally(Pairs(labels, labels))
    value, interval = MEASURES[name].leave_one_out(counted).value, MEASURES[name].interval(counted, 0.05)
    perfect = 1 if name in {MetricName.R2, MetricName.EXPLAINED_VARIANCE} else 0
    assert interval.low == interval.high == value == perfect


@pytest.mark.parametrize("name", list(MEASURES), ids=str)
def test_bounds_hold_the_value(name: MetricName) -> None:
    for seed in range(5):
        counted = tally(rows(seed, number=150), np.arange(150) % 5)
        value, interval = MEASURES[name].leave_one_out(counted).value, MEASURES[name].interval(counted, 0.05)
        assert interval.low <= value <= interval.high


@pytest.mark.parametrize("name", [name for name in MEASURES if name not in QUANTILES], ids=str)
def test_independent_rows_have_a_design_effect_of_about_one(name: MetricName) -> None:
    random = np.random.default_rng(5)
    effects = [
        MEASURES[name].interval(tally(rows(seed), random.integers(0, 13, 3000)), 0.05).spread.design_effect
        for seed in range(40)
    ]
    assert np.mean(effects) == pytest.approx(1, abs=0.2)


@given(st.floats(2e-12, 9e11))
def test_an_error_is_told_within_half_a_percent(error: float) -> None:
    told = errors_at()[error_bin(np.asarray([error]))][0]
    assert abs(told - error) <= ACCURACY * error * (1 + 1e-9)


@pytest.mark.parametrize(
    ("error", "told"), [(0.0, 0.0), (1e-13, 0.0), (1e15, pytest.approx(1e12, rel=0.02))], ids=["0", "tiny", "huge"]
)
def test_errors_beyond_the_bins_are_told_as_their_ends(error: float, told: float) -> None:
    assert errors_at()[error_bin(np.asarray([error]))][0] == told
    assert len(errors_at()) == BINS


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_woodruffs_interval_misses_the_truth_about_as_often_as_it_says(share: float) -> None:
    """Days differ in how hard they are. (The upper end of the 0.99 quantile is missed 10 times in a hundred here.)"""
    random, measure = np.random.default_rng(3), ErrorQuantile(share)

    def window(days: int, rows_a_day: int = 200) -> Tally:
        hardness = np.exp(random.normal(0, 0.3, (days, 1)))
        error = np.abs(random.normal(0, 1, (days, rows_a_day)) * hardness).ravel()
        accumulator = Accumulator(measure.needs, days)
        accumulator.add(np.repeat(np.arange(days), rows_a_day), [], Pairs(np.zeros_like(error), error))
        return accumulator.tally()

    true = measure.leave_one_out(window(5000)).value
    intervals = [measure.interval(window(14), 0.05) for _ in range(300)]
    assert np.mean([interval.high < true for interval in intervals]) < 0.09
    assert np.mean([interval.low > true for interval in intervals]) < 0.09
    assert np.median([interval.spread.design_effect for interval in intervals]) > 2


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_statistics_of_parts_add_up_to_those_of_the_whole(seed: int, parts: int) -> None:
    pairs, blocks = rows(seed, number=60), np.random.default_rng(seed).integers(0, 3, 60)
    whole, together = (Accumulator(KINDS, 3) for _ in range(2))
    whole.add(blocks, [], pairs)
    for chosen in np.array_split(np.random.default_rng(seed).permutation(60), parts):
        part = Accumulator(KINDS, 3)
        mask = np.isin(np.arange(60), chosen)
        part.add(blocks[mask], [], pairs.only(mask))
        together += part
    for kind in KINDS:
        one, other = (accumulator.tally()[kind].arrays() for accumulator in (whole, together))
        for name, numbers in one.items():
            np.testing.assert_allclose(numbers, other[name], rtol=1e-9)
            if numbers.dtype.kind == "i":
                np.testing.assert_array_equal(numbers, other[name])
