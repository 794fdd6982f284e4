"""Some rows of a window, for a model that must be asked before it is known what it answers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from modelmonitor.api.monitor import Columns
from modelmonitor.evaluation.parquet import ParquetFile, RowGroup
from modelmonitor.evaluation.plan import Plan
from modelmonitor.evaluation.reference.watched import features_of, schema_of
from modelmonitor.evaluation.scan import widened
from modelmonitor.evaluation.times import microseconds


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows around [start, end), of the newest file that holds some."""

    plan: Plan
    start: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        """Whether footers alone say that there is no row in [start, end)."""
        return next(self._row_groups(), None) is None

    def features(self, columns: Columns) -> tuple[str, ...]:
        """The columns that are features, in the order of the file or of `features.include`; none without rows."""
        schema = schema_of(self.plan, self.start, self.end)
        return features_of(schema, columns) if schema else ()

    def rows(self, field: str, names: Sequence[str], most: int) -> pa.RecordBatch | None:
        """At most `most` rows with some columns, which `field` of the spec names; None without rows.

        Raises:
            DataError: when a column is missing, or the file cannot be read.
        """
        for opened, group in self._row_groups():
            opened.require([(field, name) for name in names])
            batch = next(opened.batches(names, [group.number], most))
            return widened(batch, pa.schema([]), opened.uri)
        return None

    def _row_groups(self) -> Iterator[tuple[ParquetFile, RowGroup]]:
        source = self.plan.source
        low, high = microseconds(self.start), microseconds(self.end)
        for file in reversed(self.plan.files_for(self.start, self.end)):
            opened = ParquetFile(source.folder, file)
            for group in opened.row_groups(source.timestamp, source.zone):
                if group.overlaps(low, high):
                    yield opened, group
