"""Is the variance of blocks that are alike what it says? Simulated, with fixed seeds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from modelmonitor.evaluation.statistics import jackknife, serial, student
from modelmonitor.evaluation.statistics.serial import NO_MEMORY, NONE, LongRun, Memory, spread

NOISE = 0.25
"""The variance of a block's rows' own noise, beside the 1 of what they share."""


def series(random: np.random.Generator, lasting: float, length: int) -> NDArray[np.float64]:
    shared = np.empty(length)
    shared[0] = random.normal()
    for day in range(1, length):
        shared[day] = lasting * shared[day - 1] + np.sqrt(1 - lasting**2) * random.normal()
    shared += np.sqrt(NOISE) * random.normal(size=length)
    return shared


def without(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean with each value left out."""
    left_out: NDArray[np.float64] = (values.sum() - values) / (values.size - 1)
    return left_out


def missed(lasting: float, days: int, reference: int = 0) -> float:
    """How often a nominal 5 % bound of the mean lies on the wrong side of it."""
    random = np.random.default_rng((round(lasting * 10), days, reference))
    wrong = 0
    for _ in range(1000):
        known = NONE
        if reference:
            known = spread(without(series(random, lasting, reference)), NOISE / reference).long_run
        values = series(random, lasting, days)
        found = spread(without(values), NOISE / days, known)
        wrong += values.mean() + student.quantile(0.95, found.degrees) * np.sqrt(found.variance) < 0
    return wrong / 1000


@pytest.mark.parametrize("days", [7, 28])
@pytest.mark.parametrize("lasting", [0.0, 0.3, 0.6])
def test_with_a_reference_of_sixty_days_a_bound_is_missed_about_as_often_as_it_says(lasting: float, days: int) -> None:
    # Two standard errors of a share of 0.05 in 1,000 above the point that is allowed.
    assert missed(lasting, days, reference=60) < 0.06 + 0.014


@pytest.mark.parametrize("lasting", [0.3, 0.6])
def test_a_window_of_28_days_knows_most_of_it_by_itself(lasting: float) -> None:
    assert missed(lasting, 28) < 0.10


def test_without_the_correlation_of_days_the_bound_would_be_missed_far_more_often() -> None:
    assert missed(0.6, 7) > 0.12


def test_independent_blocks_keep_the_jackknifes_variance_and_degrees() -> None:
    values = np.asarray([1.0, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1])
    found = spread(without(values), 0.01)
    assert (found.variance, found.degrees, found.long_run.memory) == (
        jackknife.variance(without(values)),
        13,
        NO_MEMORY,
    )


def test_rows_that_are_independent_have_no_memory_whatever_chance_says() -> None:
    """Where blocks vary no more than their rows explain, a correlation of neighbours is noise."""
    assert Memory.of(without(np.linspace(-1, 1, 30)), design_effect=1.0) == NO_MEMORY


def test_where_rows_are_independent_chance_does_not_make_intervals_much_wider() -> None:
    random = np.random.default_rng(8)
    found = [spread(without(random.normal(size=28)), 1 / 28).variance * 28 for _ in range(500)]
    assert np.mean(found) < 1.5
    assert np.quantile(found, 0.95) < 3


def test_fewer_blocks_than_fourteen_have_none_of_their_own() -> None:
    assert Memory.of(without(np.linspace(-1, 1, serial.FEWEST_BLOCKS - 1)), design_effect=10) == NO_MEMORY
    assert Memory.of(without(np.linspace(-1, 1, serial.FEWEST_BLOCKS)), design_effect=10) != NO_MEMORY


@pytest.mark.parametrize("values", [np.full(20, 0.5), np.zeros(20)], ids=["all alike", "all zero"])
def test_blocks_that_are_all_alike_have_a_variance_of_independent_rows(values: NDArray[np.float64]) -> None:
    assert spread(without(values), 0.04).variance == 0.04


def test_the_variance_is_never_less_than_that_of_independent_rows() -> None:
    random = np.random.default_rng(5)
    for _ in range(50):
        assert spread(without(random.normal(size=20)), 0.3).variance >= 0.3


def test_a_week_without_a_bad_day_takes_its_variance_from_the_reference_that_had_some() -> None:
    """One day in twenty is far worse than the others: most weeks have none, and vary hardly at all."""
    random = np.random.default_rng(11)

    def weeks(number: int) -> NDArray[np.float64]:
        return random.normal(0, 0.1, number) - 5 * (random.random(number) < 0.05)

    wrong = {"alone": 0, "with a reference": 0}
    for _ in range(1000):
        known = spread(without(weeks(60)), 0.01 / 60).long_run
        values = weeks(7)
        for name, longer in (("alone", NONE), ("with a reference", known)):
            found = spread(without(values), 0.01 / 7, longer)
            low = values.mean() - student.quantile(0.95, found.degrees) * np.sqrt(found.variance)
            wrong[name] += low > -0.25
    assert wrong["with a reference"] / 1000 < 0.10
    assert wrong["alone"] / 1000 > 0.5


def test_a_reference_that_varies_less_than_the_window_narrows_nothing() -> None:
    values = np.random.default_rng(2).normal(size=7)
    calm = LongRun(NO_MEMORY, per_block=0.01, degrees=59)
    assert spread(without(values), 0.0, calm) == spread(without(values), 0.0)
