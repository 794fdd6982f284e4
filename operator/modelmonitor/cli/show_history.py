"""The record as a person wants to read it in a terminal."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from modelmonitor.api.record import ComparedValues, Evidence, HistoryEntry, MeasuredValue
from modelmonitor.domain.chronicle import Chronicle, Service

_MOST_FOUND: Final = 10
_MOST_AFTER: Final = 5


def show_list(console: Console, chronicle: Chronicle, zone: ZoneInfo) -> None:
    """All decisions, the oldest first, and where some are missing."""
    width = max(len(one.reason) for one in chronicle.entries)
    gaps = {gap.before: gap.count for gap in chronicle.gaps()}
    lines: list[RenderableType] = [
        Text(f"Decisions, and the model that served after each ({zone.key})\n", style="bold")
    ]
    for one in chronicle.entries:
        if one in gaps:
            lines.append(Text(f"      {_missing(gaps[one])}", style="bold red"))
        lines.append(Text.assemble(_head(one, zone), (f"{one.reason:<{width}}", "bold"), f"  {one.model_uri or '–'}"))
        lines.append(Padding(Text(one.message), (0, 0, 0, 6)))
    console.print(Group(*lines))


def show_moment(
    console: Console, chronicle: Chronicle, service: Service, at: datetime, zone: ZoneInfo, reports: str
) -> None:
    """Which model served at a moment, since when, why, on what evidence, and what came after.

    Args:
        console: where to print.
        chronicle: all decisions.
        service: the model's that served then.
        at: the moment.
        zone: in which times are told.
        reports: the folder of the monitor's reports.
    """
    parts: list[RenderableType] = [_facts(service, at, zone)]
    parts += _section("Why", service.why, zone, reports)
    found = service.until(at)
    parts += _section("Found while it served, until then", found[-_MOST_FOUND:], zone, reports)
    if len(found) > _MOST_FOUND:
        parts.append(Text(f"and {len(found) - _MOST_FOUND} earlier, which the list has (without --at)", style="dim"))
    later = chronicle.after(at)
    parts += _section("After", later[:_MOST_AFTER], zone, reports)
    if len(later) > _MOST_AFTER:
        parts.append(Text(f"and {len(later) - _MOST_AFTER} later, which the list has (without --at)", style="dim"))
    missing = [gap for gap in chronicle.gaps() if gap.before in (*service.why, *service.entries)]
    parts += [Text(f"Before decision {gap.before.id}: {_missing(gap.count)}", style="bold red") for gap in missing]
    console.print(Group(*(Padding(part, (0, 0, 1, 0)) for part in parts[:-1]), parts[-1]))


def _facts(service: Service, at: datetime, zone: ZoneInfo) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    began, ended = service.began, service.next
    table.add_row("At", f"{_local(at, zone)} ({zone.key})")
    table.add_row("Served", f"{service.uri}{f'  {service.digest[:19]}…' if service.digest else ''}")
    table.add_row("Since", f"{_local(began.time, zone)}, decision {began.id} ({began.reason})")
    if began.move is not None:
        table.add_row("In place of", began.move.from_uri)
    if ended is not None:
        table.add_row("Until", f"{_local(ended.time, zone)}, decision {ended.id} ({ended.reason})")
    else:
        newest = service.entries[-1]
        table.add_row("Until", f"it served still at {_local(newest.time, zone)}, the newest decision of the record")
    return table


def _section(title: str, entries: Sequence[HistoryEntry], zone: ZoneInfo, reports: str) -> list[RenderableType]:
    if not entries:
        return []
    lines: list[RenderableType] = [Text(title, style="bold")]
    for one in entries:
        head = Text.assemble(_head(one, zone), (one.reason, "bold"))
        lines += [head, *(Padding(Text(line), (0, 0, 0, 6)) for line in _lines(one, zone, reports))]
    return [Group(*lines)]


def _lines(one: HistoryEntry, zone: ZoneInfo, reports: str) -> Iterable[str]:
    if one.message:
        yield one.message
    if one.change is not None:
        yield f"before: {one.change.before or '–'}"
        yield f"after:  {one.change.after or '–'}"
    if one.evidence is not None:
        yield from _evidence(one.evidence, zone, reports)


def _evidence(found: Evidence, zone: ZoneInfo, reports: str) -> Iterable[str]:
    if found.windows:
        spans = ", ".join(f"{_local(span.start, zone)} to {_local(span.end, zone)}" for span in found.windows)
        yield f"window{'s' if len(found.windows) > 1 else ''} {spans}"
    if found.metric is not None:
        yield _measured(found.metric)
    if found.comparison is not None:
        yield _compared(found.comparison)
    if found.by:
        yield f"by {found.by}"
    if found.evaluation is not None:
        yield f"report {reports}{found.evaluation}.json"


def _measured(metric: MeasuredValue) -> str:
    value = "–" if metric.value is None else f"{metric.value:.4f}"
    interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.4f}, {metric.high:.4f}]"
    level = "" if metric.level is None else f" at {metric.level:.1%} on each side"
    bounds = " ".join(
        f"{sign} {bound:g}" for sign, bound in (("≥", metric.min), ("≤", metric.max)) if bound is not None
    )
    return f"{metric.name} {value}{interval}{level}, wanted {bounds or 'nothing'}: {metric.verdict}"


def _compared(values: ComparedValues) -> str:
    if values.difference is None or values.low is None:
        return f"{values.metric} compared: {values.verdict}"
    return (
        f"{values.metric} {_number(values.champion)} serving, {_number(values.candidate)} challenging, difference"
        f" {values.difference:+.4f}, at least {values.low:+.4f} with {values.confidence:.0%}, wanted more than"
        f" {values.minimum_gain:g}; {values.rows:,} rows: {values.verdict}"
    )


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.4f}"


def _missing(count: int) -> str:
    return f"{'a decision is' if count == 1 else f'{count} decisions are'} not in the record"


def _head(one: HistoryEntry, zone: ZoneInfo) -> str:
    return f"{one.id:>4}  {_local(one.time, zone)}  "


def _local(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"
