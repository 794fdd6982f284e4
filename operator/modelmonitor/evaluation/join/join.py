"""The join itself: rows of the window with their labels, partition by partition."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.join.keys import Keys, check_types, keys_of
from modelmonitor.evaluation.join.labels import FILES_FIELD, LabelSource
from modelmonitor.evaluation.join.spill import Budget, Spill
from modelmonitor.evaluation.join.table import KeyedLabels, LabelTable
from modelmonitor.evaluation.limits import Limits
from modelmonitor.evaluation.scan import Rows
from modelmonitor.evaluation.score import LABEL_FIELD
from modelmonitor.evaluation.survey import Survey

# Names that no data have, for what goes to disk beside the rows.
_HIGH, _LOW, _TIME, _VALUE = (f"\0{name}" for name in ("high", "low", "time", "value"))
# Bytes of them: two halves of a key and a time, with a bit for null.
_BESIDE: Final = 3 * 8 + 1


@dataclass
class Findings:
    """What the join came across."""

    labels: int = 0
    """Labels that were read: those that are known by now and have a key."""
    keys: int = 0
    """Keys among them."""
    rows_without_key: int = 0
    """Rows of the window with a null in a column of the key; they have no label."""
    repeated_rows: int = 0
    """Labelled rows of which an earlier row has the same key; each has the label."""
    partitions: int = 1
    """Into how many partitions both sides were split; 1 is in memory."""

    def __str__(self) -> str:
        said = [f"{self.labels:,} labels read for {self.keys:,} keys"]
        said += [f"{self.rows_without_key:,} rows have no key and so no label"] if self.rows_without_key else []
        said += [f"{self.repeated_rows:,} rows repeat the key of another"] if self.repeated_rows else []
        said += [f"in {self.partitions} partitions on disk"] if self.partitions > 1 else []
        return ", ".join(said)

    def document(self) -> dict[str, int]:
        """For the report."""
        return {
            "labels": self.labels,
            "keys": self.keys,
            "rowsWithoutKey": self.rows_without_key,
            "repeatedRows": self.repeated_rows,
            "partitions": self.partitions,
        }


@dataclass(frozen=True, slots=True)
class Join:
    """A join that has been planned: sides that were surveyed, and into how many partitions they are split."""

    source: LabelSource
    rows: Survey
    labels: Survey
    partitions: int
    """A power of two; with 1 nothing goes to disk."""
    batch_bytes: int
    """How large a batch may be."""
    limits: Limits

    def check(self) -> None:
        """Make sure that the two sides can be joined.

        Raises:
            DataError: when a column of the key holds other things on one side than on the other, or the label's column
                is read from the rows too.
        """
        if self.source.label in self.rows.types.names:
            raise DataError(
                "LabelAmbiguous",
                f'{LABEL_FIELD}: "{self.source.label}" is read from {FILES_FIELD}, and a column of that name in'
                f" {self.rows.folder.uri} is a feature, a prediction or part of a rule: give them different names",
            )
        if self.rows.portions and self.labels.portions:
            check_types(
                self.source.join,
                self.rows.types,
                self.rows.folder.uri,
                self.labels.types,
                self.labels.folder.uri,
            )

    @property
    def disk(self) -> float:
        """Bytes of temporary files, about; 0 with one partition."""
        if self.partitions == 1:
            return 0.0
        return self.rows.expected * self._row_bytes + self.labels.expected * self._label_bytes

    @property
    def _row_bytes(self) -> float:
        return self.rows.row_bytes + _BESIDE

    @property
    def _label_bytes(self) -> float:
        # Of a label's own columns only the label goes to disk; what it takes is inside the sum of all of them.
        return min(self.labels.row_bytes, 2 * 8) + _BESIDE

    def run(self, rows: Iterator[Rows], findings: Findings) -> Iterator[Rows]:
        """The rows, each batch with the label's column added: null where there is no label.

        Raises:
            DataError: when a key has two labels of which neither is newer.
            ResourceError: when the disk is full.
        """
        findings.partitions = self.partitions
        labels = self.source.read(self.labels, self._label_rows)
        keyed = ((batch, keys_of(batch.batch, self.source.join, batch.origin)) for batch in rows)
        sides = [(keyed, labels)] if self.partitions == 1 else self._on_disk(keyed, labels)
        for part_of_rows, part_of_labels in sides:
            table = self._table(part_of_labels, findings)
            for some, keys in part_of_rows:
                findings.rows_without_key += int((~keys.known).sum())
                yield self._labelled(some, table.values_of(keys, self._type))
            findings.repeated_rows += table.repeated

    def _table(self, labels: Iterator[KeyedLabels], findings: Findings) -> LabelTable:
        table = LabelTable()
        for some in labels:
            findings.labels += len(some.values)
            table.add(some)
        if (key := table.close()) is not None:
            raise self.source.contradiction(self.labels, self._label_rows, key)
        findings.keys += len(table)
        return table

    def _labelled(self, rows: Rows, values: pa.Array) -> Rows:
        return Rows(rows.batch.append_column(self.source.label, values), rows.times, rows.origin)

    @property
    def _label_rows(self) -> int:
        return self.labels.batch_rows(self.batch_bytes)

    @property
    def _type(self) -> pa.DataType:
        if not self.labels.portions:
            return pa.null()
        type_ = self.labels.types.field(self.source.label).type
        return type_.value_type if pa.types.is_dictionary(type_) else type_

    def _on_disk(
        self, rows: Iterator[tuple[Rows, Keys]], labels: Iterator[KeyedLabels]
    ) -> Iterator[tuple[Iterator[tuple[Rows, Keys]], Iterator[KeyedLabels]]]:
        budget = Budget(self.limits, self.disk)
        # Labels first: where a key has two of them, or the disk is too small, that is known sooner.
        spilled_labels = self._spill_labels(labels, budget)
        spilled_rows = self._spill_rows(rows, budget)
        for part in range(self.partitions):
            stored = spilled_rows.read(part) if spilled_rows is not None else iter(())
            yield self._stored_rows(stored), _stored_labels(spilled_labels.read(part))

    def _spill_labels(self, labels: Iterator[KeyedLabels], budget: Budget) -> Spill:
        schema = pa.schema(
            [(_HIGH, pa.uint64()), (_LOW, pa.uint64()), (_TIME, pa.int64()), (_VALUE, self._type)],
        )
        spill = Spill(schema, self.partitions, self.labels.expected, self._label_bytes, budget)
        for some in labels:
            columns = [pa.array(some.keys.high), pa.array(some.keys.low), pa.array(some.known_at), some.values]
            spill.write(pa.RecordBatch.from_arrays(columns, schema=schema), some.keys.part(self.partitions))
        spill.close()
        return spill

    def _spill_rows(self, rows: Iterator[tuple[Rows, Keys]], budget: Budget) -> Spill | None:
        spill: Spill | None = None
        for some, keys in rows:
            batch = _with_columns(
                some.batch,
                {
                    _HIGH: pa.array(keys.high, mask=~keys.known),
                    _LOW: pa.array(keys.low),
                    _TIME: pa.array(some.times),
                },
            )
            if spill is None:
                spill = Spill(batch.schema, self.partitions, self.rows.expected, self._row_bytes, budget)
            spill.write(batch, keys.part(self.partitions))
        if spill is not None:
            spill.close()
        return spill

    def _stored_rows(self, batches: Iterator[pa.RecordBatch]) -> Iterator[tuple[Rows, Keys]]:
        for batch in _gathered(batches, self.rows.batch_rows(self.batch_bytes)):
            high, low, times = (_numbers(batch.column(name)) for name in (_HIGH, _LOW, _TIME))
            keys = Keys(high, low, batch.column(_HIGH).is_valid().to_numpy(zero_copy_only=False))
            own = [name for name in batch.schema.names if name not in {_HIGH, _LOW, _TIME}]
            yield Rows(batch.select(own), times.view(np.int64), self.rows.folder.uri), keys


def _stored_labels(batches: Iterator[pa.RecordBatch]) -> Iterator[KeyedLabels]:
    for batch in batches:
        high, low, times = (_numbers(batch.column(name)) for name in (_HIGH, _LOW, _TIME))
        keys = Keys(high, low, np.ones(batch.num_rows, np.bool_))
        yield KeyedLabels(keys, batch.column(_VALUE), times.view(np.int64))


def _gathered(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The batches in larger ones: a partition's were cut from those of the scan."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        if held and sum(one.num_rows for one in held) + batch.num_rows > rows:
            yield pa.concat_batches(held)
            held = []
        held.append(batch)
    if held:
        yield pa.concat_batches(held)


def _with_columns(batch: pa.RecordBatch, columns: dict[str, pa.Array]) -> pa.RecordBatch:
    for name, values in columns.items():
        batch = batch.append_column(name, values)
    return batch


def _numbers(values: pa.Array) -> NDArray[Any]:
    """A column of 64 bits; what stands under a null means nothing."""
    return np.frombuffer(values.buffers()[1], np.uint64, len(values) + values.offset)[values.offset :]
