"""Counts all columns of a batch: the part of an evaluation that sees every value, and so the one that must be fast.

Numbers are sorted (numpy's sort of float32 and float64 is vectorised) and the edges are looked up in the sorted rows:
30 times faster than to look up each row among the edges. numpy and Arrow let go of the interpreter's lock, so columns
are counted by several threads.
"""

import itertools
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Kind, Layout, edges_as
from modelmonitor.evaluation.columns.reading import Family, family, numbers, places, texts

_THREADS: Final = min(4, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Runs:
    """The rows of a batch as runs of one block each."""

    block: NDArray[np.intp]
    """The block of each row, shape (rows,)."""
    order: NDArray[np.intp] | None
    """How rows must be moved so that those of one block stand together; None where they do."""
    bounds: tuple[tuple[int, int, int], ...]
    """Block, first row, and row after the last of each run."""

    @classmethod
    def of(cls, block: NDArray[np.intp]) -> Self:
        """The runs of rows with these blocks."""
        order, ordered = None, block
        if np.any(block[1:] < block[:-1]):
            # Of 16-bit integers numpy's stable sort is a radix sort.
            order = np.argsort(block.astype(np.uint16), kind="stable")
            ordered = block[order]
        starts = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(block)]
        bounds = tuple((int(ordered[start]), start, end) for start, end in itertools.pairwise(starts) if end > start)
        return cls(block, order, bounds)


class ColumnCounter:
    """Counts columns at their layouts, by block of time."""

    def __init__(self, layouts: Sequence[Layout], blocks: int) -> None:
        self.layouts: Final = {layout.name: layout for layout in layouts}
        self._counts: Final = {layout.name: ColumnCounts.empty(layout, blocks) for layout in layouts}
        self._blocks: Final = blocks
        self._columns: Final = {layout.name: _column(layout) for layout in layouts}
        self._pool: Final = ThreadPoolExecutor(_THREADS)
        self._under_way: list[Future[None]] = []

    @property
    def counts(self) -> Mapping[str, ColumnCounts]:
        """What was counted, once all of it is."""
        self._finish()
        return self._counts

    def add(self, block: NDArray[np.intp], columns: Mapping[str, pa.Array]) -> None:
        """Count rows.

        Args:
            block: the block of each row, shape (rows,).
            columns: columns of these rows by name; those without a layout are passed over, and what is not there is
                counted as missing.
        """
        if not len(block):
            return
        runs = Runs.of(block)

        def count(name: str) -> None:
            self._columns[name].add(self._counts[name], columns.get(name), runs, self._blocks)

        # The next batch is read meanwhile; no more than one waits, so that memory stays what it is.
        self._finish()
        self._under_way = [self._pool.submit(count, name) for name in self._columns]

    def _finish(self) -> None:
        for one in self._under_way:
            one.result()
        self._under_way = []


@dataclass(frozen=True, slots=True)
class _Presence:
    """A column of which only the presence of values is counted."""

    layout: Layout

    def add(self, into: ColumnCounts, values: pa.Array | None, runs: Runs, blocks: int) -> None:
        rows = np.bincount(runs.block, minlength=blocks)
        if values is None:
            into.missing += rows
            into.absent += len(runs.block)
        elif not self.layout.accepts(family(values.type)):
            into.mistyped += len(values)
        elif family(values.type) is Family.NOTHING:
            into.missing += rows
        else:
            self.count(into, values, runs, blocks)

    def count(self, into: ColumnCounts, values: pa.Array, runs: Runs, blocks: int) -> None:
        """Count rows of a type that the layout accepts."""
        known = values.is_valid().to_numpy(zero_copy_only=False)
        present = np.bincount(runs.block[known], minlength=blocks)
        into.present += present
        into.missing += np.bincount(runs.block, minlength=blocks) - present


@dataclass(frozen=True, slots=True)
class _Categories(_Presence):
    """A column that is counted by value."""

    among: pa.Array

    def count(self, into: ColumnCounts, values: pa.Array, runs: Runs, blocks: int) -> None:
        """Count rows: those of no category of the reference are in the last cell."""
        cells, groups = self.layout.cells, self.layout.groups
        found = places(texts(values), self.among)
        # -1, of no category, is the last cell; -2, missing, is one more.
        cell = np.where(found >= 0, found, cells - 2 - found) if found.min() < 0 else found
        ordered = cell if runs.order is None else cell[runs.order]
        for block, start, end in runs.bounds:
            rows = np.bincount(ordered[start:end], minlength=cells + 1)
            into.cells += rows[:cells]
            np.add.at(into.groups[block], groups, rows[:cells])
            into.present[block] += end - start - rows[cells]
            into.missing[block] += rows[cells]


@dataclass(frozen=True, slots=True)
class _Numbers(_Presence):
    """A column of numbers, or of texts by their length."""

    precise: NDArray[np.floating[Any]]
    """The edges as float64, and after them the limits of the reference."""
    single: NDArray[np.floating[Any]]
    """The same as float32."""
    firsts: NDArray[np.intp]
    """Where a new run of cells of one group begins."""

    def count(self, into: ColumnCounts, values: pa.Array, runs: Runs, blocks: int) -> None:
        """Count rows, a run of one block at a time."""
        rows = numbers(values)
        edges = self.single if rows.dtype == np.float32 else self.precise
        ordered = rows if runs.order is None else rows[runs.order]
        for block, start, end in runs.bounds:
            run = np.sort(ordered[start:end])
            # Sorting puts NaN last.
            known = run[: run.searchsorted(np.nan)] if np.isnan(run[-1]) else run
            into.missing[block] += run.size - known.size
            if known.size:
                self._add(into, block, known, edges)

    def _add(self, into: ColumnCounts, block: int, run: NDArray[np.floating[Any]], edges: NDArray[Any]) -> None:
        found = run.searchsorted(edges)
        rows = np.diff(np.concatenate([[0], found[:-2], [run.size]]))
        into.cells += rows
        np.add.at(into.groups[block], self.layout.groups[self.firsts], np.add.reduceat(rows, self.firsts))
        into.present[block] += run.size
        into.outside += int(found[-2] + run.size - found[-1])
        if np.isinf(run[0]) or np.isinf(run[-1]):
            finite = run[run.searchsorted(-np.inf, "right") : run.searchsorted(np.inf)]
            into.infinite += run.size - finite.size
            into.outside -= int(min(found[-2], run.searchsorted(-np.inf, "right"))) + int(
                run.size - max(found[-1], run.searchsorted(np.inf))
            )
            run = finite
        if run.size:
            into.least, into.most = min(into.least, float(run[0])), max(into.most, float(run[-1]))
            beyond = run.astype(np.float64) - self.layout.origin
            into.total += float(beyond.sum())
            # Not `@`: threads of the linear algebra library would fight with ours.
            into.squares += float(np.einsum("i,i->", beyond, beyond))


def _column(layout: Layout) -> _Presence:
    match layout.kind:
        case Kind.PRESENCE:
            return _Presence(layout)
        case Kind.CATEGORY:
            return _Categories(layout, pa.array(layout.categories, pa.large_string()))
    edges = np.concatenate([layout.edges, layout.limits])
    single = edges_as(edges, np.dtype(np.float32))
    firsts = np.concatenate([[0], np.flatnonzero(layout.groups[1:] != layout.groups[:-1]) + 1])
    return _Numbers(layout, edges, single, firsts)
