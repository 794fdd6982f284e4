"""Rows on disk, split into partitions.

The files have no names: they are unlinked as soon as they are open, so that they are gone whatever ends the process.
"""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import ResourceError, amount
from modelmonitor.evaluation.limits import Limits

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
# From so many rows on the bytes of a row are taken for known.
_A_SAMPLE: Final = 512 * 1024


class Budget:
    """The disk that all partitions together may take."""

    def __init__(self, limits: Limits, expected: float) -> None:
        """Begin with what the footers tell.

        Raises:
            ResourceError: when `expected` bytes are more than there are.
        """
        self._limits: Final = limits
        self._free: Final = limits.free_disk()
        self._written = 0
        self.expected = expected
        self._check()

    @property
    def folder(self) -> Path:
        """Where temporary files belong."""
        return self._limits.folder

    @property
    def written(self) -> int:
        """Bytes so far."""
        return self._written

    def add(self, size: int, more: float) -> None:
        """Count what was written, and correct the expectation by `more` bytes."""
        self._written += size
        self.expected = max(self.expected + more, float(self._written))
        self._check()

    def _check(self) -> None:
        if self.expected > self._free:
            raise self.full()

    def full(self) -> ResourceError:
        """The error, with both numbers."""
        return ResourceError(
            "DiskFull",
            f"joining rows with data.labels.files needs about {amount(self.expected)} of temporary files in"
            f" {self._limits.folder}, and {amount(self._free)} are free: raise"
            " spec.jobs.resources.limits.ephemeral-storage, raise limits.memory so that the labels fit, or shorten"
            " windows.length",
        )


class Spill:
    """Batches of one schema, split into partitions on disk."""

    def __init__(self, schema: pa.Schema, parts: int, expected_rows: float, row_bytes: float, budget: Budget) -> None:
        """Open a file for each partition.

        Args:
            schema: of the batches.
            parts: how many partitions.
            expected_rows: about how many rows will be written.
            row_bytes: for so many bytes of each the budget has been made.
            budget: the disk, which other spills share.
        """
        self._budget: Final = budget
        self._expected_rows: Final = expected_rows
        self._row_bytes: Final = row_bytes
        self._rows = 0
        self._size = 0
        self._known = False
        with self._room():
            self._files: Final[list[IO[bytes]]] = [
                tempfile.TemporaryFile(dir=budget.folder)  # noqa: SIM115 - closed when its partition has been read
                for _ in range(parts)
            ]
            self._writers: Final[list[Any]] = [pa.ipc.new_stream(file, schema) for file in self._files]

    def write(self, batch: pa.RecordBatch, part: NDArray[np.intp]) -> None:
        """Append rows, each to its partition.

        Raises:
            ResourceError: DiskFull, also as soon as it is clear that it will be.
        """
        order = np.argsort(part, kind="stable")
        ordered = batch.take(pa.array(order))
        edges = np.searchsorted(part[order], np.arange(len(self._writers) + 1))
        with self._room():
            for number, writer in enumerate(self._writers):
                if edges[number] < edges[number + 1]:
                    writer.write_batch(ordered.slice(edges[number], edges[number + 1] - edges[number]))
            size = sum(file.tell() for file in self._files)
        self._rows += batch.num_rows
        grown, self._size = size - self._size, size
        self._budget.add(grown, self._surprise())

    def _surprise(self) -> float:
        if self._known or self._rows < min(_A_SAMPLE, self._expected_rows):
            return 0.0
        self._known = True
        return (self._size / self._rows - self._row_bytes) * max(self._expected_rows, self._rows)

    def close(self) -> None:
        """All is written."""
        with self._room():
            for file, writer in zip(self._files, self._writers, strict=True):
                writer.close()
                file.seek(0)

    def read(self, part: int) -> Iterator[pa.RecordBatch]:
        """The rows of a partition, once; then its disk is free again."""
        with self._files[part] as file:
            yield from pa.ipc.open_stream(file)

    @contextmanager
    def _room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise self._budget.full() from error
            raise
