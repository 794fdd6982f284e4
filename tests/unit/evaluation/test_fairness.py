"""Rates compared between groups: the value, the honest interval, and groups that cannot be compared."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import recall_score

from modelmonitor.api.metric_names import MetricName
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.metrics.fairness import RATES, Between
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.statistics.grouped import GroupedCounts, confusion_between

KIND = confusion_between("carrier")
GROUPS = np.asarray(["AA", "B6", "UA"])


def rows(seed: int, number: int = 3000, groups: int = 3) -> Pairs:
    random = np.random.default_rng(seed)
    group = random.integers(0, groups, number)
    truth = (random.random(number) < 0.4).astype(np.intp)
    said = (random.random(number) < np.where(truth == 1, 0.5 + 0.1 * group, 0.1 + 0.05 * group)).astype(np.intp)
    names = GROUPS[group] if groups <= len(GROUPS) else group.astype(str)
    return Pairs(truth, said, columns={"carrier": pa.array(names)})


def tally(pairs: Pairs, blocks: NDArray[np.intp] | None = None) -> Tally:
    blocks = np.arange(len(pairs)) % 10 if blocks is None else blocks
    accumulator = Accumulator([KIND], int(blocks.max()) + 1, with_scores=False)
    accumulator.add(blocks, [], pairs)
    return accumulator.tally()


def between(name: MetricName, minimum_rows: int = 100) -> Between:
    rate, ratio = RATES[name]
    return Between("carrier", rate, minimum_rows, ratio)


def recall(truth: NDArray[np.intp], said: NDArray[np.intp]) -> float:
    return float(recall_score(truth, said))


BY_HAND: dict[str, Callable[[NDArray[np.intp], NDArray[np.intp]], float]] = {
    "selection_rate": lambda truth, said: float(said.mean()),
    "recall": recall,
    "false_positive_rate": lambda truth, said: float(said[truth == 0].mean()),
}


def by_hand(name: MetricName, pairs: Pairs) -> float:
    what, _, how = name.rpartition("_")
    names = np.asarray(pairs.columns["carrier"])
    rates = [BY_HAND[what](pairs.truth[names == group], pairs.predicted[names == group]) for group in GROUPS]
    return min(rates) / max(rates) if how == "ratio" else max(rates) - min(rates)


@pytest.mark.parametrize("name", list(RATES), ids=str)
def test_the_value_is_that_of_the_two_groups_that_differ_most(name: MetricName) -> None:
    pairs = rows(1)
    found = between(name).leave_one_out(tally(pairs))
    assert found.value == pytest.approx(by_hand(name, pairs))
    for block in range(10):
        others = pairs.only(np.arange(len(pairs)) % 10 != block)
        assert found.without[block] == pytest.approx(by_hand(name, others))


@pytest.mark.parametrize("name", list(RATES), ids=str)
def test_the_interval_holds_the_value_and_names_the_two_groups(name: MetricName) -> None:
    for seed in range(5):
        counted = tally(rows(seed))
        value, interval = between(name).leave_one_out(counted).value, between(name).interval(counted, 0.05)
        assert 0 <= interval.low <= value <= interval.high <= 1
        assert interval.detail is not None
        assert interval.detail.startswith("AA ")
        assert ", UA " in interval.detail


@pytest.mark.parametrize("groups", [2, 3, 10])
@pytest.mark.parametrize("ratio", [False, True], ids=["difference", "ratio"])
def test_equal_groups_are_called_different_no_more_often_than_the_level_says(groups: int, ratio: bool) -> None:
    """However many pairs there are to choose from: uncorrected, of ten groups some two would nearly always differ."""
    random, alarms = np.random.default_rng(groups), []
    measure = Between("carrier", RATES[MetricName.SELECTION_RATE_RATIO][0], 100, ratio)
    for _ in range(200):
        days = random.normal(0, 0.1, 20)
        blocks = np.repeat(np.arange(20), 15 * groups)
        said = (random.random(blocks.size) < 0.4 + days[blocks]).astype(np.intp)
        names = pa.array(random.integers(0, groups, blocks.size).astype(str))
        interval = measure.interval(tally(Pairs(said, said, columns={"carrier": names}), blocks), 0.05)
        alarms.append(interval.high < 1 if ratio else interval.low > 0)
    assert np.mean(alarms) < 0.05 + 0.03


@pytest.mark.parametrize("ratio", [False, True], ids=["difference", "ratio"])
def test_a_true_difference_is_below_the_upper_end_as_often_as_it_says(ratio: bool) -> None:
    random, misses = np.random.default_rng(8), []
    chances = np.asarray([0.3, 0.4, 0.5])
    measure = Between("carrier", RATES[MetricName.SELECTION_RATE_RATIO][0], 100, ratio)
    for _ in range(200):
        group, blocks = random.integers(0, 3, 1500), np.arange(1500) % 20
        said = (random.random(1500) < chances[group]).astype(np.intp)
        pairs = Pairs(said, said, columns={"carrier": pa.array(GROUPS[group])})
        interval = measure.interval(tally(pairs, blocks), 0.05)
        misses.append(interval.low > 0.6 if ratio else interval.high < 0.2)
    assert np.mean(misses) < 0.05 + 0.03


def test_small_groups_and_those_of_few_days_are_not_compared() -> None:
    pairs = rows(1, number=2000)
    names = np.asarray(pairs.columns["carrier"]).astype("U4")
    names[:50] = "tiny"
    names[np.arange(2000) % 10 == 3] = "once"
    pairs = Pairs(pairs.truth, np.where(names == "tiny", 1, pairs.predicted), columns={"carrier": pa.array(names)})
    measure = between(MetricName.SELECTION_RATE_DIFFERENCE)
    counted = tally(pairs)
    assert measure.leave_one_out(counted).value < 0.5
    assert measure.rows(counted)[3] == 0


@pytest.mark.parametrize("name", list(RATES), ids=str)
def test_one_group_cannot_be_compared(name: MetricName) -> None:
    pairs = rows(1, groups=1)
    assert np.isnan(between(name).leave_one_out(tally(pairs)).value)


def test_a_group_of_which_nobody_is_selected_has_the_ratio_zero_and_an_interval_above_it() -> None:
    pairs = rows(1)
    nobody = np.asarray(pairs.columns["carrier"]) == "AA"
    counted = tally(Pairs(pairs.truth, np.where(nobody, 0, pairs.predicted), columns=pairs.columns))
    measure = between(MetricName.SELECTION_RATE_RATIO)
    assert measure.leave_one_out(counted).value == 0
    interval = measure.interval(counted, 0.05)
    assert interval.low == 0
    assert 0 < interval.high < 0.15


def test_a_column_of_too_many_values_is_refused() -> None:
    with pytest.raises(DataError, match='"carrier" holds more than 20 values'):
        tally(rows(1, groups=21))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_groups_met_in_any_order_add_up_to_the_same(seed: int, parts: int) -> None:
    pairs, blocks = rows(seed, number=60), np.random.default_rng(seed).integers(0, 3, 60)
    whole, together = (Accumulator([KIND], 3) for _ in range(2))
    whole.add(blocks, [], pairs)
    for chosen in np.array_split(np.random.default_rng(seed).permutation(60), parts):
        part, mask = Accumulator([KIND], 3), np.isin(np.arange(60), chosen)
        part.add(blocks[mask], [], pairs.only(mask))
        together += part
    one, other = (accumulator.tally()[KIND].arrays() for accumulator in (whole, together))
    read = GroupedCounts.of_arrays(other).arrays()
    for name, numbers in one.items():
        np.testing.assert_array_equal(numbers, other[name])
        np.testing.assert_array_equal(numbers, read[name])
