"""The files of labels: which of them can hold the labels of a window, and what they say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.api.monitor import Data, Partitioning
from modelmonitor.evaluation.errors import DataError, InputError
from modelmonitor.evaluation.join.keys import JOIN_FIELD, keys_of
from modelmonitor.evaluation.join.table import KeyedLabels
from modelmonitor.evaluation.parquet import ParquetFile, RowGroup, event_times
from modelmonitor.evaluation.plan import listed
from modelmonitor.evaluation.scan import widened
from modelmonitor.evaluation.score import LABEL_FIELD
from modelmonitor.evaluation.storage import Folder, Purpose, open_folder
from modelmonitor.evaluation.survey import Needed, Survey, survey
from modelmonitor.evaluation.times import EARLIEST, instant, microseconds

FILES_FIELD: Final = "data.labels.files"
_TIMESTAMP_FIELD: Final = "data.labels.timestamp"


@dataclass(frozen=True, slots=True)
class LabelSource:
    """A folder of files with labels."""

    folder: Folder
    partitioning: Partitioning
    join: tuple[str, ...]
    """The columns of the key."""
    label: str
    """The column of the ground truth."""
    timestamp: str | None
    """The column that says when a label became known."""
    zone: ZoneInfo
    """Of the civil days in the names of folders, and of times that are dates."""
    now: datetime
    """The wall clock: what became known later is not known."""

    def needed_of_rows(self, needed: Sequence[Needed]) -> list[Needed]:
        """The columns of the rows: those of the key, and not that of the label."""
        own = [need for need in needed if need.field != LABEL_FIELD]
        return [*own, *(Needed(JOIN_FIELD, name) for name in self.join)]

    def survey(self, start: datetime) -> Survey:
        """What must be read for the labels of a window that starts at `start`.

        A label comes later than its event, nobody knows by how much. So with Hive partitioning the folders of the days
        from one day before the window's start to the wall clock are read, whatever the window's end; of a flat folder
        all files, but for row groups of which the footer says that all of it became known later than now.

        Raises:
            DataError: when a column is missing, or a file cannot be used.
            StorageError: when the folder cannot be listed.
        """
        files = [
            file.file
            for file in listed(FILES_FIELD, self.folder, self.partitioning)
            # A folder's day has a day of slack on either side already.
            if file.may_hold(start, self.now, self.zone)
        ]
        needed = [Needed(JOIN_FIELD, name) for name in self.join]
        needed.append(Needed(LABEL_FIELD, self.label))
        if self.timestamp is not None:
            needed.append(Needed(_TIMESTAMP_FIELD, self.timestamp))
        return survey(self.folder, files, needed, lambda file: [(group, 1.0) for group in self._groups(file)])

    def _groups(self, file: ParquetFile) -> list[RowGroup]:
        groups = file.row_groups(self.timestamp or "", self.zone)
        return [group for group in groups if group.low is None or group.low <= microseconds(self.now)]

    def read(self, found: Survey, batch_rows: int) -> Iterator[KeyedLabels]:
        """The labels that are known by now; a null or NaN is none, and a row without a key belongs to nobody."""
        for batch, uri in self._batches(found, batch_rows):
            keys = keys_of(batch, self.join, uri)
            values, times = _plain(batch.column(self.label)), self._known_at(batch, uri)
            usable = keys.known & _present(values) & (times <= microseconds(self.now))
            if not usable.all():
                keys, values, times = keys[usable], values.filter(pa.array(usable)), times[usable]
            if len(values):
                yield KeyedLabels(keys, values, times)

    def _batches(self, found: Survey, batch_rows: int) -> Iterator[tuple[pa.RecordBatch, str]]:
        for portion in found.portions:
            opened = ParquetFile(found.folder, portion.file, buffer=found.buffer)
            for batch in opened.batches(found.names_in(opened), portion.row_groups, batch_rows):
                yield widened(batch, found.types, opened.uri), opened.uri

    def _known_at(self, batch: pa.RecordBatch, uri: str) -> NDArray[np.int64]:
        if self.timestamp is None:
            return np.zeros(batch.num_rows, np.int64)
        times = event_times(batch, self.timestamp, self.zone, _TIMESTAMP_FIELD, uri)
        # A label of which nobody knows when it became known is older than any other.
        filled: NDArray[np.int64] = pc.fill_null(times, np.iinfo(np.int64).min).to_numpy(zero_copy_only=False)
        return filled

    def contradiction(self, found: Survey, batch_rows: int, key: tuple[int, int]) -> DataError:
        """The error about a key with two labels: the files are read again, for what was kept of a key is a number."""
        said: list[tuple[int, str, str, str]] = []
        for batch, uri in self._batches(found, batch_rows):
            keys = keys_of(batch, self.join, uri)
            times = self._known_at(batch, uri)
            its = keys.known & (keys.high == np.uint64(key[0])) & (keys.low == np.uint64(key[1]))
            its &= _present(batch.column(self.label)) & (times <= microseconds(self.now))
            for place in np.flatnonzero(its).tolist():
                shown = ", ".join(f"{name}={batch.column(name)[place].as_py()}" for name in self.join)
                said.append((int(times[place]), str(batch.column(self.label)[place].as_py()), uri, shown))
        newest = max(time for time, *_ in said)
        (one, where, shown), (other, elsewhere, _) = list(
            {label: (label, uri, shown) for time, label, uri, shown in said if time == newest}.values()
        )[:2]
        advice = (
            "remove the wrong one, or name the column that says when a label became known in data.labels.timestamp:"
            " then the newest counts"
            if self.timestamp is None
            else f"both became known at {_said(newest)} by {_TIMESTAMP_FIELD} ({self.timestamp}): remove the wrong one"
        )
        return DataError(
            "LabelsContradict",
            f'{FILES_FIELD}: the key {shown} has the label "{one}" in {where} and "{other}" in {elsewhere}; {advice}',
        )


def label_source(data: Data, zone: ZoneInfo, environ: Mapping[str, str], now: datetime) -> LabelSource | None:
    """Where labels come from when they arrive apart; None when they are in the current files.

    Raises:
        InputError: when the spec names files and no key, or a URI that cannot be used.
    """
    labels = data.labels
    if labels.files is None:
        return None
    if not labels.join:
        raise InputError("JoinMissing", f"{JOIN_FIELD} is missing; name the columns that rows and labels share")
    folder = open_folder(labels.files.uri, Purpose.LABELS, environ)
    join = tuple(dict.fromkeys(labels.join))
    return LabelSource(folder, labels.files.partitioning, join, data.columns.label, labels.timestamp, zone, now)


def _plain(values: pa.Array) -> pa.Array:
    """Without a dictionary: each file has its own."""
    return values.cast(values.type.value_type) if pa.types.is_dictionary(values.type) else values


def _present(values: pa.Array) -> NDArray[np.bool_]:
    present: NDArray[np.bool_] = pc.invert(pc.is_null(values, nan_is_null=True)).to_numpy(zero_copy_only=False)
    return present


def _said(moment: int) -> str:
    if moment < EARLIEST:
        return "an unknown time"
    return f"{instant(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
