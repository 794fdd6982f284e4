"""Distances between two distributions that were counted at the same cells.

Those of shares (PSI, Jensen-Shannon, Hellinger, total variation) are over groups of cells, at most 32: merging values
never makes them larger (data processing inequality), so each is at most the distance of the values themselves.
Kolmogorov-Smirnov and Wasserstein are over all cells; `ks_bound` and `wasserstein_bound` say how far off they can be.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Shares = NDArray[np.float64]
"""Shares of rows by group or cell, summing to 1; shape (groups,)."""
Rows = NDArray[np.integer[Any] | np.floating[Any]]
"""Rows by group or cell; shape (groups,)."""


def shares(rows: Rows) -> Shares:
    """Rows as shares."""
    of_all: Shares = rows / rows.sum()
    return of_all


def psi(reference: Rows, window: Rows) -> float:
    """The population stability index Σ (q - p) ln(q / p), Karakoulas (2004).

    Half a row is added to each group, so that an empty one leaves it finite.
    """
    p, q = shares(reference + 0.5), shares(window + 0.5)
    return float(((q - p) * np.log(q / p)).sum())


def jensen_shannon(p: Shares, q: Shares) -> float:
    """The Jensen-Shannon distance with base 2, √JSD, between 0 and 1: Lin (1991), Endres and Schindelin (2003)."""
    middle = (p + q) / 2
    return float(np.sqrt(max(0.0, (_divergence(p, middle) + _divergence(q, middle)) / 2)))


def hellinger(p: Shares, q: Shares) -> float:
    """√(½ Σ (√p - √q)²), between 0 and 1: Hellinger (1909)."""
    return float(np.sqrt(np.square(np.sqrt(p) - np.sqrt(q)).sum() / 2))


def total_variation(p: Shares, q: Shares) -> float:
    """½ Σ |p - q|, between 0 and 1: the share of rows that would have to change."""
    return float(np.abs(p - q).sum() / 2)


def kolmogorov_smirnov(reference: Rows, window: Rows) -> float:
    """The greatest |F - G| at the edges of cells; between 0 and 1."""
    return float(np.abs(np.cumsum(shares(reference)) - np.cumsum(shares(window))).max())


def ks_bound(reference: Rows, window: Rows, points: NDArray[np.bool_]) -> float:
    """By how much the true statistic can exceed `kolmogorov_smirnov`.

    Inside a cell F - G can be larger than at either edge by at most the smaller of the two masses in it; in a cell that
    is a single value (`points`, shape (cells,)) by nothing.
    """
    inside = np.minimum(shares(reference), shares(window))
    return float(np.where(points, 0.0, inside).max())


def wasserstein(reference: Rows, window: Rows, nodes: NDArray[np.float64]) -> float:
    """∫ |F - G| dx with F and G linear between the nodes; Kantorovich (1942), Vallender (1974).

    Args:
        reference: rows by cell.
        window: rows by cell.
        nodes: where cells begin and end, rising, shape (cells + 1,); the outermost are the extremes of both.
    """
    gap = np.concatenate([[0.0], np.cumsum(shares(reference) - shares(window))])
    left, right, width = gap[:-1], gap[1:], np.diff(nodes)
    both = np.abs(left) + np.abs(right)
    with np.errstate(invalid="ignore", divide="ignore"):
        # Where the sign changes inside a cell there are two triangles, else a trapezoid.
        crossing = (np.square(left) + np.square(right)) / (2 * both)
    area = np.where(left * right < 0, crossing, both / 2)
    return float((area * width).sum())


def wasserstein_bound(reference: Rows, window: Rows, nodes: NDArray[np.float64]) -> float:
    """How far `wasserstein` can be off: rows of a cell may lie anywhere in it."""
    return float(((shares(reference) + shares(window)) * np.diff(nodes)).sum() / 2)


def chi_square(reference: Rows, window: Rows) -> float:
    """Pearson's statistic of homogeneity of two samples, Σ (observed - expected)² / expected: Pearson (1911)."""
    table = np.stack([reference, window]).astype(np.float64)
    table = table[:, table.sum(axis=0) > 0]
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    return float((np.square(table - expected) / expected).sum())


def _divergence(p: Shares, q: Shares) -> float:
    used = p > 0
    return float((p[used] * np.log2(p[used] / q[used])).sum())
