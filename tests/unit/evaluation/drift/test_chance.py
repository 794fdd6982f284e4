"""What chance gives: with independent rows the textbook's, with days that differ the nominal level all the same."""

import math

import numpy as np
import pytest
from scipy import stats

from modelmonitor.evaluation.drift import chance, distances
from modelmonitor.evaluation.drift.chance import Chance, Sample

EDGES = stats.norm.ppf(np.arange(1, 10) / 10)
FINE = stats.norm.ppf(np.arange(1, 200) / 200)


def days(random: np.random.Generator, number: int, rows: int, alike: float) -> np.ndarray:
    """Rows of some days by fine cell, shape (days, 200); `alike` is the correlation of two rows of one day."""
    of_day = random.normal(size=(number, 1)) * math.sqrt(alike)
    values = of_day + random.normal(size=(number, rows)) * math.sqrt(1 - alike)
    return np.stack([np.bincount(FINE.searchsorted(day), minlength=200) for day in values])


def deciles(fine: np.ndarray) -> np.ndarray:
    together: np.ndarray = fine.reshape(len(fine), 10, 20).sum(axis=2)
    return together


def p_values(reference: np.ndarray, window: np.ndarray, *, by_day: bool = True, days: float) -> tuple[float, ...]:
    """Ours and the textbook's for chi-square, and the same for Kolmogorov-Smirnov."""
    first, second = deciles(reference), deciles(window)
    found = chance.chance(Sample(first, True, len(reference)), Sample(second, by_day, days))
    size = found.sizes[0] * found.sizes[1] / sum(found.sizes)
    square = distances.chi_square(first.sum(axis=0), second.sum(axis=0))
    reach = distances.kolmogorov_smirnov(reference.sum(axis=0), window.sum(axis=0))
    return (
        chance.chi_square_p_value(square / size, found),
        float(stats.chi2.sf(square, 9)),
        chance.kolmogorov_p_value(reach, found),
        float(stats.kstwobign.sf(reach * math.sqrt(size))),
    )


@pytest.mark.parametrize(
    ("alike", "window_days", "naive_at_least"),
    [
        pytest.param(0.0, 7, 0.0, id="independent rows"),
        pytest.param(0.01, 7, 0.1, id="rows of a day hardly alike"),
        pytest.param(0.3, 7, 0.8, id="rows of a day alike"),
        pytest.param(0.05, 28, 0.35, id="as many days as the reference"),
        pytest.param(0.05, 3, 0.35, id="too few days to know, the reference tells"),
    ],
)
def test_false_alarms_come_as_often_as_alpha_says(alike: float, window_days: int, naive_at_least: float) -> None:
    """400 windows in which nothing has changed, at alpha = 5 %: at most 9 % may alarm (5 % and 3.7 deviations)."""
    random = np.random.default_rng(7)
    alarms = np.zeros(4)
    for _ in range(400):
        reference, window = days(random, 28, 300, alike), days(random, window_days, 300, alike)
        alarms += np.asarray(p_values(reference, window, days=window_days)) < 0.05
    ours, naive, our_ks, naive_ks = alarms / 400
    assert ours <= 0.09
    assert our_ks <= 0.09
    assert naive >= naive_at_least
    assert naive_ks >= naive_at_least


def test_a_window_of_one_day_in_twenty_pieces_knows_from_the_reference_how_days_differ() -> None:
    random = np.random.default_rng(3)
    alarms = np.zeros(4)
    for _ in range(400):
        (day,) = days(random, 1, 2000, 0.05)
        shuffled = random.permutation(np.repeat(np.arange(200), day)).reshape(20, 100)
        window = np.stack([np.bincount(part, minlength=200) for part in shuffled])
        alarms += np.asarray(p_values(days(random, 28, 300, 0.05), window, by_day=False, days=1)) < 0.05
    ours, naive, our_ks, naive_ks = alarms / 400
    assert max(ours, our_ks) <= 0.09
    assert min(naive, naive_ks) >= 0.6


def test_a_real_change_is_found_all_the_same() -> None:
    random = np.random.default_rng(5)
    found = 0
    for _ in range(50):
        window = days(random, 7, 300, 0.01)
        moved = np.concatenate([np.zeros((7, 40), int), window[:, :-40]], axis=1)
        ours, _, our_ks, _ = p_values(days(random, 28, 300, 0.01), moved, days=7)
        found += (ours < 0.01) and (our_ks < 0.01)
    assert found >= 49


def test_with_independent_rows_the_p_values_are_scipys() -> None:
    random = np.random.default_rng(1)
    old, new = random.normal(size=2000), random.normal(0.1, size=1500)
    # One block on either side: nothing is known of blocks, and rows are taken for independent.
    first, second = (np.bincount(EDGES.searchsorted(one), minlength=10)[None] for one in (old, new))
    found = chance.chance(Sample(first, True, 1), Sample(second, True, 1))
    assert not found.known
    size = 2000 * 1500 / 3500
    square = distances.chi_square(first[0], second[0])
    expected = stats.chi2_contingency(np.concatenate([first, second]), correction=False)
    assert chance.chi_square_p_value(square / size, found) == pytest.approx(expected.pvalue)
    exact = stats.ks_2samp(old, new, method="asymp")
    assert chance.kolmogorov_p_value(exact.statistic, found) == pytest.approx(exact.pvalue, rel=0.1)


@pytest.mark.parametrize("alike", [0.0, 0.05])
def test_what_is_expected_by_chance_is_what_comes_on_average(alike: float) -> None:
    """The mean of PSI, total variation and KS; of Jensen-Shannon and Hellinger the root mean square."""
    random = np.random.default_rng(11)
    got, expected = [], []
    for _ in range(150):
        reference, window = days(random, 28, 300, alike), days(random, 14, 300, alike)
        first, second = deciles(reference), deciles(window)
        found = chance.chance(Sample(first, True, 28), Sample(second, True, 14))
        old, new = first.sum(axis=0), second.sum(axis=0)
        p, q = distances.shares(old), distances.shares(new)
        got.append(
            (
                distances.psi(old, new),
                distances.jensen_shannon(p, q) ** 2,
                distances.hellinger(p, q) ** 2,
                distances.total_variation(p, q),
                distances.kolmogorov_smirnov(reference.sum(axis=0), window.sum(axis=0)),
            )
        )
        expected.append(
            (
                chance.expected_psi(found),
                chance.expected_jensen_shannon(found) ** 2,
                chance.expected_hellinger(found) ** 2,
                chance.expected_total_variation(found),
                chance.expected_kolmogorov(found),
            )
        )
    ratio = np.mean(expected, axis=0) / np.mean(got, axis=0)
    assert np.all((ratio > 0.8) & (ratio < 1.35)), ratio


def test_the_spread_of_a_column_with_one_value_is_nothing() -> None:
    one = np.array([[10], [20], [30], [40]])
    found: Chance = chance.chance(Sample(one, True, 4), Sample(one, True, 4))
    assert chance.chi_square_p_value(0.0, found) == 1
    assert found.effective == (100, 100)
