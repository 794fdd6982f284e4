"""Reading: the rows of a window with their labels, wherever those come from, surveyed and costed before it begins."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from modelmonitor.evaluation.cost import Cost, Load, cost_of
from modelmonitor.evaluation.join import Findings, Join, LabelSource
from modelmonitor.evaluation.limits import Limits, memory_in_use
from modelmonitor.evaluation.plan import Plan, Source
from modelmonitor.evaluation.scan import Needed, Rows, read, survey_window
from modelmonitor.evaluation.survey import Survey
from modelmonitor.evaluation.versions import VersionFilter


@dataclass(frozen=True, slots=True)
class Reading:
    """What will be read. Iterating it reads, once."""

    source: Source
    start: datetime
    end: datetime
    rows: Survey
    cost: Cost
    join: Join | None
    """None where labels come with the rows."""
    findings: Findings
    """Of the join; complete when all rows are read."""
    versions: VersionFilter | None = None
    """By which rows are told apart whose predictions different models made; complete when all rows are read."""

    def __iter__(self) -> Iterator[Rows]:
        batch_rows = self.rows.batch_rows(self.cost.batch_bytes)
        rows = read(self.rows, self.source, self.start, self.end, batch_rows, self.versions)
        return rows if self.join is None else self.join.run(rows, self.findings)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know of it, when all rows are read."""
        remarks = [] if self.join is None else [str(self.findings)]
        if self.versions is not None:
            remarks += [f"{self.versions.rows:,} rows of other versions left out: {self.versions}"] * bool(
                self.left_out
            )
            remarks += [self.versions.trouble.message] if self.versions.trouble is not None else []
        return tuple(remarks)

    @property
    def left_out(self) -> int | None:
        """Rows of the window whose predictions another version made; None where versions are not told apart."""
        return None if self.versions is None else self.versions.rows

    def document(self) -> dict[str, Any]:
        """For the report."""
        said = {"expected": self.cost.document()}
        said |= {} if self.join is None else {"join": self.findings.document()}
        return said if self.versions is None else said | {"versions": self.versions.document()}


def prepare(
    plan: Plan,
    start: datetime,
    end: datetime,
    needed: Sequence[Needed],
    *,
    apart: LabelSource | None,
    limits: Limits,
    statistics: int,
    versions: VersionFilter | None = None,
) -> Reading:
    """Ask the footers what the rows of [start, end) will take.

    Args:
        plan: the files.
        start: the first instant.
        end: the first instant after.
        needed: the columns, with that of the label.
        apart: where labels are, if not with the rows.
        limits: of memory and disk.
        statistics: bytes of the statistics that are kept.
        versions: lets only the rows of one model's predictions through; all rows without it.

    Raises:
        DataError: when a column is missing, a file is unreadable, or rows and labels cannot be joined.
        ResourceError: when memory is too small for it.
    """
    of_rows = [*(needed if apart is None else apart.needed_of_rows(needed))]
    of_rows += [] if versions is None else [versions.needed]
    rows = survey_window(plan, start, end, of_rows)
    labels = None if apart is None else apart.survey(start)
    cost = cost_of(Load(rows, labels, memory_in_use(), statistics), limits.memory)
    join = None
    if apart is not None and labels is not None:
        join = Join(apart, rows, labels, cost.partitions, cost.batch_bytes, limits)
        join.check()
    return Reading(plan.source, start, end, rows, cost, join, Findings(), versions)
