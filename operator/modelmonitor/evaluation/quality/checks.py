"""Each check of the data, and what it finds."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Kind, Layout

# What chance does more often than this is no finding.
_CHANCE: Final = 0.001


class Check(StrEnum):
    """What can be found; docs/metrics-drift.md says of each when."""

    MISSING = "Missing"
    UNSEEN_CATEGORIES = "UnseenCategories"
    OUT_OF_RANGE = "OutOfRange"
    CONSTANT = "Constant"
    COLUMN_ADDED = "ColumnAdded"
    COLUMN_REMOVED = "ColumnRemoved"
    COLUMN_RETYPED = "ColumnRetyped"
    COLUMN_INCOMPLETE = "ColumnIncomplete"
    FUTURE_ROWS = "FutureRows"


@dataclass(frozen=True, slots=True)
class Found:
    """Something about the data, not yet judged."""

    check: Check
    column: str | None
    value: float | None
    """A share of rows."""
    message: str


def missing(columns: Mapping[str, ColumnCounts], most: float) -> Iterator[Found]:
    """Features of which more values are missing than is tolerated."""
    for name, counts in columns.items():
        if counts.missing_share > most and not counts.mistyped:
            said = f'{counts.missing_share:.1%} of the values of column "{name}" are missing, more than {most:.1%}'
            yield Found(Check.MISSING, name, counts.missing_share, said)


def unseen_categories(
    layouts: Mapping[str, Layout], reference: Mapping[str, ColumnCounts], columns: Mapping[str, ColumnCounts]
) -> Iterator[Found]:
    """Categories that the reference does not have, unless it is of the kind that has new ones all the time.

    Where s of its n rows are the only ones of their category, the next row is of a new one with s / n (Good 1953): so
    many unseen rows, and what chance adds, are no finding. Of a reference with more categories than are kept nothing
    is said: whether a rare one is new cannot be told.
    """
    for name, layout in layouts.items():
        counts = columns[name]
        if layout.kind is Kind.CATEGORY and not layout.missed and counts.cells[-1]:
            singles = int((reference[name].cells == 1).sum())
            if _poisson_tail(int(counts.cells[-1]), counts.rows * singles / reference[name].rows) > _CHANCE:
                continue
            share = float(counts.cells[-1] / counts.rows)
            said = f'{share:.1%} of the values of column "{name}" are categories that the reference does not have'
            yield Found(Check.UNSEEN_CATEGORIES, name, share, said)


def out_of_range(
    layouts: Mapping[str, Layout], reference: Mapping[str, ColumnCounts], columns: Mapping[str, ColumnCounts]
) -> Iterator[Found]:
    """Numbers below the reference's least or above its greatest, if more than chance puts there.

    Of m new rows of the same distribution k or more lie beyond the extremes of n old ones with a chance of at most
    (k + 1) (m / (m + n))^k (Gumbel and von Schelling 1950): a feature without bounds goes beyond them all the time.
    """
    for name, layout in layouts.items():
        counts = columns[name]
        if layout.kind is Kind.NUMBER and counts.outside:
            odds = counts.rows / (counts.rows + reference[name].rows)
            if math.log(counts.outside + 1) + counts.outside * math.log(odds) > math.log(_CHANCE):
                continue
            share = counts.outside / counts.rows
            said = (
                f'{share:.2%} of the values of column "{name}" lie outside of {layout.least:g} to {layout.most:g}, the'
                f" reference's range: they reach from {counts.least:g} to {counts.most:g}"
            )
            yield Found(Check.OUT_OF_RANGE, name, share, said)


def constant(layouts: Mapping[str, Layout], columns: Mapping[str, ColumnCounts]) -> Iterator[Found]:
    """Features with one value only, which had several in the reference."""
    for name, layout in layouts.items():
        counts = columns[name]
        one_number = layout.ordered and counts.least == counts.most and layout.least < layout.most
        one_category = (
            layout.kind is Kind.CATEGORY
            and len(layout.categories) > 1
            and int((counts.cells > 0).sum()) == 1
            and not counts.cells[-1]
        )
        if counts.rows > 1 and not counts.infinite and (one_number or one_category):
            yield Found(Check.CONSTANT, name, 1.0, f'column "{name}" has the same value in all {counts.rows:,} rows')


def changed_schema(
    reference: Mapping[str, str], window: Mapping[str, str], columns: Mapping[str, ColumnCounts]
) -> Iterator[Found]:
    """Columns that were added, removed or retyped since the reference."""
    rows = {name: counts.rows + int(counts.missing.sum()) + counts.mistyped for name, counts in columns.items()}
    for name in sorted(reference.keys() | window.keys()):
        counts = columns.get(name)
        if name not in window:
            yield Found(Check.COLUMN_REMOVED, name, 1.0, f'column "{name}" ({reference[name]}) is not there any more')
        elif name not in reference:
            yield Found(Check.COLUMN_ADDED, name, 1.0, f'column "{name}" ({window[name]}) is not in the reference')
        elif window[name] != reference[name]:
            said = f'column "{name}" is {window[name]}, in the reference it is {reference[name]}'
            yield Found(Check.COLUMN_RETYPED, name, 1.0, said)
        elif counts is not None and (counts.absent or counts.mistyped):
            share = (counts.absent + counts.mistyped) / max(1, rows[name])
            said = f'column "{name}" is not there, or not {reference[name]}, in {share:.1%} of the rows'
            yield Found(Check.COLUMN_INCOMPLETE, name, share, said)


def schema_changes(reference: Mapping[str, str], window: Mapping[str, str]) -> str:
    """How the columns differ from the reference's, in words; empty when they do not."""
    both = [name for name in sorted(reference) if name in window and window[name] != reference[name]]
    parts = {
        "added": sorted(window.keys() - reference.keys()),
        "removed": sorted(reference.keys() - window.keys()),
        "retyped": [f"{name} ({reference[name]} to {window[name]})" for name in both],
    }
    return "; ".join(f"{what} {', '.join(names)}" for what, names in parts.items() if names)


def _poisson_tail(rows: int, mean: float) -> float:
    """P(K >= rows), rows > 0, of a Poisson variable."""
    if mean == 0:
        return 0.0
    # Beyond the mean by ten deviations the sum is not worth its terms.
    if rows > mean + 10 * math.sqrt(mean) + 10:
        return 0.0
    below = sum(math.exp(k * math.log(mean) - mean - math.lgamma(k + 1)) for k in range(rows))
    return max(0.0, 1 - below)
