"""What the findings about the data mean."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from modelmonitor.api.quality import Finding, Quality
from modelmonitor.api.result import QualityFinding, QualityResult, Verdict
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.errors import printable
from modelmonitor.evaluation.quality import checks
from modelmonitor.evaluation.quality.checks import Found
from modelmonitor.evaluation.reference.profile import Profile

_VERDICTS = {Finding.WARN: Verdict.WARN, Finding.FAIL: Verdict.FAIL}


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of the data of a window."""

    columns: Mapping[str, ColumnCounts]
    """The features, at the cells of the reference, or only by presence where there is none."""
    layouts: Mapping[str, Layout]
    """Their cells."""
    schema: Mapping[str, str]
    """The columns of the window's files and their types."""
    reference: Profile | None
    """None where there is none."""
    others: tuple[QualityFinding, ...] = field(default=())
    """What other stages found."""


def judge_quality(quality: Quality, looked: Looked) -> tuple[QualityFinding, ...]:
    """All findings, the worst first: Fail before Warn, more rows before fewer."""
    findings = [*_findings(quality, looked), *looked.others]
    return tuple(sorted(findings, key=lambda one: (one.verdict is not Verdict.FAIL, -(one.value or 0.0))))


def schema_changes(quality: Quality, looked: Looked) -> str | None:
    """How the columns differ from the reference's, in words; None where nobody asked."""
    if looked.reference is None or quality.changed_schema is Finding.IGNORE:
        return None
    return checks.schema_changes(looked.reference.schema, looked.schema)


def summary(findings: tuple[QualityFinding, ...], schema: str | None = None) -> QualityResult:
    """What the status shows."""
    verdict = findings[0].verdict if findings else Verdict.PASS
    return QualityResult(verdict=verdict, findings=findings[:16], schema_changes=schema and printable(schema)[:256])


def _findings(quality: Quality, looked: Looked) -> Iterator[QualityFinding]:
    if quality.missing is not None:
        most = quality.missing.max
        found = checks.missing(looked.columns, most)
        yield from _judged(quality.missing.severity, lambda: found, limit=most)
    if looked.reference is None:
        return
    layouts, columns, before = looked.layouts, looked.columns, looked.reference.counts
    schema = looked.reference.schema
    yield from _judged(quality.unseen_categories, lambda: checks.unseen_categories(layouts, before, columns))
    yield from _judged(quality.out_of_range, lambda: checks.out_of_range(layouts, before, columns))
    yield from _judged(quality.changed_schema, lambda: checks.changed_schema(schema, looked.schema, columns))
    # A feature that stands still is a broken feed more often than not; nobody need ask for it.
    yield from _judged(Finding.WARN, lambda: checks.constant(layouts, columns))


def _judged(
    severity: Finding, look: Callable[[], Iterable[Found]], limit: float | None = None
) -> Iterator[QualityFinding]:
    if severity is Finding.IGNORE:
        return
    for found in look():
        yield QualityFinding(
            check=found.check,
            column=None if found.column is None else found.column[:256],
            value=found.value,
            limit=limit,
            verdict=_VERDICTS[severity],
            message=found.message[:256],
        )
