"""Cost: what a look will take, known from the footers before a row is read, and how it keeps within its memory.

Figures were measured with `.venv/bin/python -m bench.cost` on logged predictions; a model that is loaded and scores the
rows takes its own time on top, which no footer knows.
"""

from dataclasses import dataclass
from typing import Any, Final

from modelmonitor.evaluation.errors import ResourceError, amount
from modelmonitor.evaluation.survey import Survey

BATCH_BYTES: Final = 64 * 1024 * 1024
"""Batches are cut to this size, or to less where memory is short."""
MOST_PARTITIONS: Final = 256
"""Each is an open file on both sides; a process may usually open 1,024."""
# What the allocators keep, and the threads of readers.
_SLACK: Final = 64 * 1024 * 1024
# Of a limit; the rest is for what the kernel counts and cannot take back.
_USABLE: Final = 0.9
# A batch is there as it was read, as it was chosen from, put together with others, and as it is split or scored.
_COPIES: Final = 5.0
# Bytes for each row of a batch beside its columns: its time, block, label, score, and what counting makes of them.
_BESIDE_ROW: Final = 160
# Bytes for each label while labels are put in order: key (16), time, value and place (8 each), and half of it again.
_PER_LABEL: Final = 60
# Where nothing limits memory, from so much on labels go to disk.
_TABLE_UNLIMITED: Final = 1024 * 1024 * 1024

_SECONDS_AT_ALL: Final = 0.15
_SECONDS_PER_COLUMN: Final = 0.4e-3
_SECONDS_PER_ROW: Final = 0.15e-6
_SECONDS_PER_CELL: Final = 4e-9
_SECONDS_PER_LABEL: Final = 0.25e-6
_SECONDS_PER_SPILLED: Final = 0.1e-6


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be read."""

    rows: Survey
    labels: Survey | None
    """None where labels come with the rows."""
    in_use: int
    """Bytes of memory that the process holds already, models included."""
    statistics: int
    """Bytes of the statistics that are kept."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What is expected."""

    rows: int
    """Rows that are read, of which those of the window are taken."""
    labels: int
    """Labels that are read apart."""
    columns: int
    """Columns of the rows."""
    compressed: int
    """Bytes that are fetched."""
    memory: int
    """Bytes of memory at most, about."""
    seconds: float
    """Of reading and counting, without a model's own time."""
    batch_bytes: int
    """How large a batch may be."""
    partitions: int
    """Into how many partitions rows and labels are split; 1 is in memory."""

    def __str__(self) -> str:
        labels = f" and {self.labels:,} labels" if self.labels else ""
        return (
            f"{self.rows:,} rows of {self.columns} columns{labels} to read, {amount(self.compressed)}: expect"
            f" {amount(self.memory)} of memory at most and {self.seconds:.2g} s without the time of models"
        )

    def document(self) -> dict[str, Any]:
        """For the report."""
        return {
            "rows": self.rows,
            "labels": self.labels,
            "columns": self.columns,
            "compressedBytes": self.compressed,
            "memoryBytes": self.memory,
            "seconds": round(self.seconds, 3),
            "partitions": self.partitions,
        }


def cost_of(load: Load, limit: int | None) -> Cost:
    """What a load costs within a limit of memory: with smaller batches and more partitions where it is short.

    Raises:
        ResourceError: MemoryTooSmall, when the smallest batches and most partitions are still too large.
    """
    sides = [load.rows, *([load.labels] if load.labels is not None else [])]
    fixed = load.in_use + load.statistics + _SLACK + max(side.held for side in sides)
    table = _PER_LABEL * (load.labels.expected if load.labels is not None else 0.0)
    if limit is None:
        partitions, batch_bytes = _partitions(table, _TABLE_UNLIMITED), BATCH_BYTES
    else:
        room = max(0.0, limit * _USABLE - fixed)
        partitions = _partitions(table, room / 2)
        batch_bytes = int(min(BATCH_BYTES, (room - table / partitions) / _COPIES))
    peak = fixed + table / partitions + max(_batch(side, batch_bytes) for side in sides)
    if limit is not None and peak > limit:
        raise ResourceError(
            "MemoryTooSmall",
            f"the memory limit is {amount(limit)}, and reading {load.rows.columns} columns of"
            f" {load.rows.folder.uri} takes about {amount(peak)} even in the smallest batches: set"
            f" spec.jobs.resources.limits.memory to {-int(-peak / _USABLE // 2**20)}Mi or more, or have row groups"
            f" written smaller (the largest has {amount(max(side.largest_group for side in sides))})",
        )
    return Cost(
        rows=load.rows.rows,
        labels=load.labels.rows if load.labels is not None else 0,
        columns=load.rows.columns,
        compressed=sum(side.compressed for side in sides),
        memory=int(peak),
        seconds=_seconds(load, partitions),
        batch_bytes=batch_bytes,
        partitions=partitions,
    )


def _partitions(table: float, room: float) -> int:
    partitions = 1
    while partitions < MOST_PARTITIONS and table / partitions > room:
        partitions *= 2
    return partitions


def _batch(side: Survey, batch_bytes: int) -> float:
    rows = min(side.batch_rows(batch_bytes), side.rows)
    return rows * (side.widest_row_bytes * _COPIES + _BESIDE_ROW)


def _seconds(load: Load, partitions: int) -> float:
    rows = load.rows
    seconds = _SECONDS_AT_ALL + rows.columns * _SECONDS_PER_COLUMN
    seconds += rows.rows * (_SECONDS_PER_ROW + rows.columns * _SECONDS_PER_CELL)
    if load.labels is None:
        return seconds
    seconds += load.labels.rows * _SECONDS_PER_LABEL
    return seconds if partitions == 1 else seconds + (load.labels.expected + rows.expected) * _SECONDS_PER_SPILLED
