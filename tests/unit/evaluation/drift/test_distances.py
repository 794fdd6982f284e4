"""Distances against SciPy, and their bounds against the values themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import spatial, stats

from modelmonitor.evaluation.drift import distances

rows = st.lists(st.integers(0, 1000), min_size=2, max_size=12).filter(any)
pairs = st.integers(2, 12).flatmap(
    lambda cells: st.tuples(
        *(st.lists(st.integers(0, 500), min_size=cells, max_size=cells).filter(any).map(np.asarray) for _ in range(2))
    )
)


@given(pairs)
def test_jensen_shannon_is_scipys_with_base_two(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = (distances.shares(one) for one in pair)
    assert distances.jensen_shannon(p, q) == pytest.approx(spatial.distance.jensenshannon(p, q, base=2), abs=1e-7)


@given(pairs)
def test_chi_square_is_scipys_without_correction(pair: tuple[np.ndarray, np.ndarray]) -> None:
    table = np.stack(pair)
    table = table[:, table.sum(axis=0) > 0]
    expected = stats.chi2_contingency(table, correction=False).statistic if table.shape[1] > 1 else 0.0
    assert distances.chi_square(*pair) == pytest.approx(expected, abs=1e-9)


@given(pairs)
def test_distances_of_shares_are_nothing_for_equal_ones_and_at_most_one(pair: tuple[np.ndarray, np.ndarray]) -> None:
    p, q = (distances.shares(one) for one in pair)
    for distance in (distances.jensen_shannon, distances.hellinger, distances.total_variation):
        assert distance(p, p) == pytest.approx(0, abs=1e-7)
        assert 0 <= distance(p, q) <= 1 + 1e-12
        assert distance(p, q) == pytest.approx(distance(q, p))


@given(pairs)
def test_merging_two_groups_makes_no_distance_of_shares_larger(pair: tuple[np.ndarray, np.ndarray]) -> None:
    """The data processing inequality: why groups give at most the distance of the values themselves."""
    merged = [np.append(one[2:], one[:2].sum()) for one in pair]
    p, q = (distances.shares(one) for one in pair)
    coarse_p, coarse_q = (distances.shares(one) for one in merged)
    for distance in (distances.jensen_shannon, distances.hellinger, distances.total_variation):
        assert distance(coarse_p, coarse_q) <= distance(p, q) + 1e-7


def test_psi_by_hand_with_half_a_row_in_each_group() -> None:
    p, q = np.array([60.5, 40.5]) / 101, np.array([30.5, 70.5]) / 101
    by_hand = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    assert distances.psi(np.array([60, 40]), np.array([30, 70])) == pytest.approx(by_hand)


def test_an_empty_group_leaves_psi_finite() -> None:
    assert 1 < distances.psi(np.array([100, 0]), np.array([50, 50])) < 10


def test_hellinger_of_distributions_without_a_common_value_is_one() -> None:
    assert distances.hellinger(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == 1


def counted(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.bincount(edges.searchsorted(values, side="right"), minlength=len(edges) + 1)


@pytest.mark.parametrize("cells", [8, 64, 1024])
@pytest.mark.parametrize("shift", [0.0, 0.3, 5.0])
def test_ks_and_wasserstein_are_scipys_within_their_bounds(cells: int, shift: float) -> None:
    random = np.random.default_rng(cells)
    old, new = random.lognormal(size=3000), random.lognormal(size=700) * 1.2 + shift
    edges = np.quantile(old, np.linspace(0, 1, cells))
    reference, window = counted(old, edges), counted(new, edges)
    exact = stats.ks_2samp(old, new).statistic
    found = distances.kolmogorov_smirnov(reference, window)
    assert found - 1e-12 <= exact <= found + distances.ks_bound(reference, window, np.zeros(cells + 1, bool)) + 1e-12

    nodes = np.concatenate([[min(old.min(), new.min())], edges, [max(old.max(), new.max())]])
    off = abs(distances.wasserstein(reference, window, nodes) - stats.wasserstein_distance(old, new))
    assert off <= distances.wasserstein_bound(reference, window, nodes)
