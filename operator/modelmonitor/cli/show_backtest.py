"""A backtest as a person wants to read it in a terminal: a line for each window, and under it what followed."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from modelmonitor.api.measuring import Counting
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.result import ComparisonResult, MetricResult, Verdict
from modelmonitor.api.status import AttemptOutcome
from modelmonitor.api.types import format_duration
from modelmonitor.backtest.story import Event, Happening, Story, WindowTold
from modelmonitor.cli.chart import Chart
from modelmonitor.cli.show import STYLES
from modelmonitor.cli.times import local

_WIDE: Final = 100
"""From this width on there is room for a chart."""
_LONGEST_CHART: Final = 44
_LONGEST_NAME: Final = 24
_TWO_DAYS: Final = timedelta(days=2)
_UNJUDGED: Final = (Verdict.INSUFFICIENT, Verdict.NO_DATA, Verdict.ERROR)


def show(console: Console, story: Story, spec: ModelMonitorSpec, zone: ZoneInfo) -> None:
    """Print a story: its windows, then the counts and what a reader must know."""
    layout = _Layout.of(story, spec, zone, console.width)
    console.print(layout.header(), no_wrap=True, crop=True)
    for told in story.windows:
        console.print(layout.line(told), no_wrap=True, crop=True)
        for text in layout.below(told):
            console.print(Padding(text, (0, 0, 0, 4), expand=False))
    if story.stopped is not None:
        why = f"  {story.stopped.reason}  {story.stopped.message}"
        console.print(Text.assemble(local(story.stopped.window.start, zone), ("  stopped", "bold red"), why))
    console.print()
    for text in _summary(story, zone):
        console.print(text)
    for remark in story.remarks:
        console.print(Text(remark, style="dim"))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where things stand in a line."""

    metric: str
    zone: ZoneInfo
    trains: bool
    needed: int
    """failuresToTrip."""
    starts: int
    """Width of the first column; of the next two, those of verdicts and values."""
    verdicts: int
    values: int
    fails: bool
    """Whether there is room for the count of failing windows."""
    chart: Chart | None

    @classmethod
    def of(cls, story: Story, spec: ModelMonitorSpec, zone: ZoneInfo, room: int) -> "_Layout":
        shown = [told.metric(story.metric) for told in story.windows]
        starts = _widest("Window", (local(told.window.start, zone) for told in story.windows))
        verdicts = _widest("Verdict", (told.verdict for told in story.windows))
        values = _widest(story.metric[:_LONGEST_NAME], map(_value, shown))
        width = starts + len("  Model  ") + verdicts + 2 + values
        left = room - width - len("  Fails  ")
        chart = (
            Chart.of([one for one in shown if one is not None], min(_LONGEST_CHART, left)) if room >= _WIDE else None
        )
        trains, needed = story.trainer is not None, spec.verdict.failures_to_trip
        return cls(story.metric, zone, trains, needed, starts, verdicts, values, left >= -2, chart)

    def header(self) -> Text:
        """What stands over the columns."""
        scale = "" if self.chart is None else self.chart.scale()
        return self._columns(
            "Window", "Model", Text("Verdict"), self.metric[:_LONGEST_NAME], "Fails", Text(scale), "bold"
        )

    def line(self, told: WindowTold) -> Text:
        """A window."""
        metric, start = told.metric(self.metric), local(told.window.start, self.zone)
        fails = f"{told.failing}/{self.needed}" if told.counting is Counting.COUNTED else "–"
        drawn = (
            Text() if metric is None or self.chart is None else Text(self.chart.draw(metric), STYLES[metric.verdict])
        )
        verdict = Text(told.verdict, STYLES[told.verdict])
        return self._columns(start, str(told.model), verdict, _value(metric), fails, drawn)

    def _columns(
        self, start: str, model: str, verdict: Text, value: str, fails: str, drawn: Text, style: str = ""
    ) -> Text:
        verdict.pad_right(self.verdicts - len(verdict))
        line = Text.assemble(f"{start:{self.starts}}  {model:5}  ", verdict, f"  {value:{self.values}}", style=style)
        if self.fails:
            line.append(f"  {fails:5}  ").append(drawn)
        line.rstrip()
        return line

    def below(self, told: WindowTold) -> Iterator[Text]:
        """What else there is to say of a window."""
        if told.verdict in _UNJUDGED:
            yield Text(told.message or told.reason, style="dim")
        if told.counting is Counting.OVERLAPPING:
            yield Text("shares rows with a window that counts, and does not count itself", style="dim")
        if told.data is not None and told.data.verdict in {Verdict.WARN, Verdict.FAIL}:
            invalid = " (this window does not count)" if told.counting is Counting.DATA_INVALID else ""
            yield Text(f"data: {told.data.message}{invalid}", style="dim")
        for metric in told.metrics:
            if metric.verdict is Verdict.FAIL and metric.name != self.metric:
                yield Text.assemble("also fails: ", f"{metric.name} {_value(metric)}, {_objective(metric)}")
        for event in told.events:
            style, said = _EVENTS.get(event.what, ("", _told))
            yield Text.assemble("→ ", (said(event, self), style))


def _value(metric: MetricResult | None) -> str:
    if metric is None or metric.value is None:
        return "–"
    interval = "" if metric.low is None or metric.high is None else f" [{metric.low:.3f}, {metric.high:.3f}]"
    return f"{metric.value:.3f}{interval}"


def _objective(metric: MetricResult) -> str:
    bounds = (("at least", metric.min), ("at most", metric.max))
    return ", ".join(f"{word} {bound:g}" for word, bound in bounds if bound is not None)


def _begun(event: Event, layout: _Layout) -> str:
    word = "tripped" if event.what is Happening.TRIPPED else "due"
    if not layout.trains or event.train_start is None or event.train_end is None:
        return f"{word}: {event.message}"
    ends = (event.train_start.astimezone(layout.zone), event.train_end.astimezone(layout.zone))
    how = "%Y-%m-%d" if ends[1] - ends[0] > _TWO_DAYS else "%Y-%m-%d %H:%M"
    return f"{word}: {event.message}; training on {ends[0]:{how}} to {ends[1]:{how}}"


def _side_by_side(measured: ComparisonResult | None) -> str:
    if measured is None or measured.difference is None:
        return "" if measured is None else f": {measured.reason}"
    return (
        f": {measured.metric} {measured.candidate:.3f} against {measured.champion:.3f}, gain at least"
        f" {measured.low:+.3f}"
    )


def _told(event: Event, layout: _Layout) -> str:
    return event.message or event.what


_EVENTS: Final[Mapping[Happening | AttemptOutcome, tuple[str, Callable[[Event, _Layout], str]]]] = MappingProxyType(
    {
        Happening.TRIPPED: ("bold red", _begun),
        Happening.DUE: ("bold", _begun),
        Happening.WOULD_TRIP: ("bold", lambda event, _: f"would have tripped, were it no dry run: {event.message}"),
        Happening.TRAINED: ("", lambda event, _: f"trained: model {event.trip}"),
        AttemptOutcome.PROMOTED: (
            "bold green",
            lambda event, _: f"promoted: model {event.trip}{_side_by_side(event.comparison)}",
        ),
        AttemptOutcome.NOT_BETTER: (
            "bold yellow",
            lambda event, _: f"refused: model {event.trip}{_side_by_side(event.comparison)}",
        ),
        AttemptOutcome.VERIFIED: ("", lambda event, _: f"verified: model {event.trip}"),
        AttemptOutcome.ROLLED_BACK: (
            "bold red",
            lambda event, _: f"rolled back: the model before{_side_by_side(event.comparison)}",
        ),
    }
)


def _summary(story: Story, zone: ZoneInfo) -> Iterator[Text]:
    counts, last = story.counts, story.windows[-1] if story.windows else None
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in counts.windows.items())
    until = f" to {local(last.window.end, zone)}" if last is not None else ""
    skipped = f", {counts.skipped} skipped" if counts.skipped else ""
    yield Text(f"{_many(len(story.windows), 'window')}, {local(story.start, zone)}{until}: {verdicts}{skipped}")
    parts = [_many(counts.trips, "trip")]
    if story.trainer is None:
        parts.append("nothing was trained")
    else:
        parts += [_many(counts.trainings, "training"), _many(counts.promotions, "promotion")]
        parts.append(_many(counts.rollbacks, "rollback"))
    yield Text(", ".join(parts), style="bold")
    if story.mean is not None:
        yield Text(f"{story.metric} of what served, mean over the windows: {story.mean:.3f}")
    if story.trainer is not None:
        yield Text(f"trainer: {story.trainer}")
    if story.detection is not None:
        yield _detection(story, zone)


def _detection(story: Story, zone: ZoneInfo) -> Text:
    found = story.detection
    assert found is not None  # noqa: S101 - asked before
    false = _many(found.false_trips, "false trip") + " before"
    changed = f"changed on {local(found.drift_at, zone)}: "
    if found.tripped_at is None or found.delay is None or found.windows is None:
        return Text(f"{changed}it never tripped; {false}")
    days = f"{found.delay.total_seconds() / 86400:.1f} days" if found.delay.days else format_duration(found.delay)
    return Text(
        f"{changed}tripped after {days} ({_many(found.windows, 'window')}), on {local(found.tripped_at, zone)}; {false}"
    )


def _widest(header: str, cells: Iterable[str]) -> int:
    return max(map(len, (header, *cells)))


def _many(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
