"""docs/backtest.md: what was found."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev
from textwrap import wrap
from typing import Final

from bench.backtest.drift import KINDS, ROWS, WEEKS
from bench.backtest.flights import Tried
from bench.backtest.policies import Lived
from bench.backtest.synthetic import OBJECTIVE, POLICIES, Year
from modelmonitor.api.result import MetricResult
from modelmonitor.api.status import AttemptOutcome

_MONTHLY, _, _POINT, _UNGATED, _MONITOR = (policy.name for policy in POLICIES[1:])

_TEXT: Final = """\
# What would it have done?
`modelmonitor backtest` runs a monitor through the past, without a cluster: the operator's own `decide` on every
window, each measured with the rows that had arrived by then, candidates trained and compared for real. Only the
serving object and the clock are simulated, and nothing is written.

```
modelmonitor backtest -f monitor.yaml --model models/january --drift-at 2013-04-01
```

- **Time** goes from one window's closing to the next: to the event that closes it, by the manifest's `grace` and
  `labels.delay`. A row is taken to have arrived at its event time. A window's Data stage is looked at when its rows
  are there, its Quality stage when its labels are. What had not arrived is not read: whatever is written into later
  rows, nothing that was told before changes (`tests/unit/backtest/test_future.py`).
- **Training** is done by `modelmonitor train`, or by `--train COMMAND`, with the environment of a training Job
  (`MODELMONITOR_TRAIN_START`, `_TRAIN_END`, `_CHAMPION_URI`, `_OUTPUT_URI`, `_SPEC`, …: [training.md](training.md)). It
  hands back `{"modelUri": …}` in the file that `MODELMONITOR_TERMINATION_LOG` names, or as `result.json` in its output
  folder. A command of your own sees all files: it must keep to `TRAIN_END` by itself.
- **`--no-train`** counts trips, and the model stays.
- **People** are taken to say yes at once, where `rollout.approval` is Manual or `rollout.mode` Observe.
- **Logged scores** (`predictions.column`) are those of the first model. One that is promoted has logged none: from
  then on it is loaded and scores the rows.
- **Where to begin**: after the days that the model was trained on, and not before the reference ends. `--from`,
  `--to`.
- Begin by asking what your objective would have done: `--no-train --drift-at DAY` tells false trips and the time to
  detect.
- The picture is the terminal's; `--json` has everything (each interval, comparison and reason) for one of your own.
"""

_METRIC: Final = """\
## Flights of 2013
336,776 real flights from New York with the weather at their airport; the label is an arrival more than 15 minutes
late; the first model is a logistic regression trained on January ([model.py](../e2e/demo/flights/model.py)). Windows
are 28 civil days in New York; the first that January's model has not seen begins on 4 February. The 9,430 flights
that never arrived (cancelled, diverted) have no label.

**F1 at threshold 0.5, at least 0.2.** A traveller acts on the call "late", so the calls are what is judged: accuracy
praises a model that never says "late", and ROC AUC judges a ranking that nobody sees."""

_WHY: Final = """\
In January cold went with late, so its model takes warmth for a good sign, and from April on it stops saying "late".
The refit holds until October, when few flights are late; the next candidate is trained on days of which as few are
late, says "late" far too seldom where more are, and is refused. The window from 9 December reaches into January 2014
and never closes. Neither model is a good one (calling every flight late in February has F1 0.37): this is about the
loop."""

_POLICIES: Final = """\
## With and without its parts
The same past under other policies. *Point values*: a window fails when its value misses the objective, a candidate is
better when its value is; *confidence*: when the whole interval does, when the lower bound of the gain is above
nothing. *Gate*: a candidate is compared on a window that neither model was trained on, and serves afterwards; without
a gate it serves as soon as it is trained. Those with a gate are the monitor's own `decide`; point values are a switch
of this bench (`bench/backtest/policies.py`) and not of the product."""


@dataclass(frozen=True, slots=True)
class OfFlights:
    """What was found about the flights."""

    january: MetricResult
    shown: str
    tried: tuple[Tried, ...]
    monthly: tuple[tuple[str, Lived], ...]
    weekly: tuple[tuple[str, Lived], ...]


def lines(flights: OfFlights, years: Sequence[Year], *, seeds: int, head: str) -> Iterator[str]:
    """The report, line by line."""
    yield from _TEXT.splitlines()
    yield ""
    yield f"Everything below was made by {head}"
    yield ""
    yield from _METRIC.splitlines()
    yield from _january(flights.january)
    yield ""
    yield "```"
    yield from flights.shown.splitlines()
    yield "```"
    yield ""
    yield from _WHY.splitlines()
    yield ""
    yield from _variants(flights.tried)
    yield ""
    yield from _POLICIES.splitlines()
    yield ""
    for line in _in_short(flights, years):
        yield from wrap(line, 118, subsequent_indent="  ")
    yield ""
    yield "### Flights"
    for said, found in (
        ("Windows of 28 days, one failing window trips", flights.monthly),
        ("Windows of 7 days, two failing windows trip", flights.weekly),
    ):
        yield f"{said}; {len(found[0][1].qualities)} windows."
        yield ""
        yield from _of_policies(found)
        yield ""
    yield from _family(years, seeds)


def _in_short(flights: OfFlights, years: Sequence[Year]) -> Iterator[str]:
    point, confident, monthly = (_of(years, name) for name in (_POINT, _MONITOR, _MONTHLY))
    yield (
        f"- False trips a year, over all kinds of the family: {_false(confident):.2f} with confidence,"
        f" {_false(point):.2f} with point values."
    )
    abrupt = [median(_delays([one for one in found if one.kind == "abrupt"])) for found in (confident, point)]
    yield f"- Days to detect an abrupt change: {abrupt[0]:.0f} with confidence, {abrupt[1]:.0f} with point values."
    yield (
        f"- Trainings a year: {mean(one.trainings for one in confident):.1f} by the monitor,"
        f" {mean(one.trainings for one in monthly):.0f} every 28 days. Mean F1:"
        f" {mean(one.mean for one in confident):.3f} and {mean(one.mean for one in monthly):.3f}. In this family more"
        " training hardly ever hurts."
    )
    gated, ungated, often = (dict(flights.weekly)[name] for name in (_MONITOR, _UNGATED, _MONTHLY))
    yield (
        f"- On the flights a refit can hurt. In windows of 7 days F1 is {gated.mean:.3f} with the gate"
        f" ({gated.trainings} trainings), {ungated.mean:.3f} without it ({ungated.trainings}), {often.mean:.3f} with a"
        f" training every 28 days ({often.trainings})."
    )
    gated, ungated = (dict(flights.monthly)[name] for name in (_MONITOR, _UNGATED))
    yield (
        "- The gate has a price: a better candidate waits for a window that it was not trained on. In windows of 28"
        f" days F1 is {gated.mean:.3f} with it, {ungated.mean:.3f} without."
    )


def _of(years: Sequence[Year], policy: str) -> list[Year]:
    return [one for one in years if one.policy == policy]


def _false(years: Sequence[Year]) -> float:
    return sum(one.false_trips for one in years) / sum(one.quiet_years for one in years)


def _delays(years: Sequence[Year]) -> list[float]:
    return [one.delay_days for one in years if one.delay_days is not None]


def _january(found: MetricResult) -> Iterator[str]:
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    yield "0.2 is what January itself says, less some room for chance: by five-fold cross-validation over whole days"
    yield f"its F1 is {found.value:.3f} [{found.low:.3f}, {found.high:.3f}], known before the first window begins."


def _variants(tried: Sequence[Tried]) -> Iterator[str]:
    yield "### Other values in the manifest"
    yield "One thing changed at a time; F1 is the mean over the windows of whatever served."
    yield ""
    yield "| changed | trips | trained | promoted | refused | rolled back | F1 |"
    yield "|---|---|---|---|---|---|---|"
    for one in tried:
        counts = one.story.counts
        refused = one.outcomes(AttemptOutcome.NOT_BETTER)
        yield (
            f"| {one.name} | {counts.trips} | {counts.trainings} | {counts.promotions} | {refused} |"
            f" {counts.rollbacks} | {one.story.mean:.3f} |"
        )


def _of_policies(found: Sequence[tuple[str, Lived]]) -> Iterator[str]:
    yield "| policy | first trip | trips | trained | served | F1, mean | F1, worst window |"
    yield "|---|---|---|---|---|---|---|"
    for name, lived in found:
        first = f"{lived.trips[0].time:%-d %b}" if lived.trips else "–"
        yield (
            f"| {name} | {first} | {len(lived.trips)} | {lived.trainings} | {lived.promotions} | {lived.mean:.3f} |"
            f" {min(lived.qualities):.3f} |"
        )


def _family(years: Sequence[Year], seeds: int) -> Iterator[str]:
    yield "### A world that turns"
    yield f"{seeds} years of each kind: {WEEKS} windows of 7 days, {ROWS} rows a day, days that differ and bad days"
    yield "that last ([drift.py](../bench/backtest/drift.py))."
    yield f"The objective is F1 at least {OBJECTIVE:g}, where the model has 0.625 and a week's value varies by 0.022;"
    yield "two failing windows trip, training takes 28 days. *False trips* are those in which no row after the change"
    yield "had a part. *Days to detect* go from the change to the trip (median; no second window ends within 7)."
    yield "F1 is the mean over the windows of a year, with its standard error over the years."
    for kind in KINDS:
        yield ""
        yield f"**{kind.name}**: {kind.said}."
        yield ""
        yield "| policy | false trips a year | days to detect | years in which it was | trainings a year | F1 |"
        yield "|---|---|---|---|---|---|"
        for policy in POLICIES:
            found = [year for year in years if (year.kind, year.policy) == (kind.name, policy.name)]
            cells = [policy.name, *_row(found, watches=policy.watches, changes=kind.changes)]
            yield f"| {' | '.join(cells)} |"


def _row(found: Sequence[Year], *, watches: bool, changes: bool) -> Iterator[str]:
    yield f"{_false(found):.2f}" if watches else "–"
    delays = _delays(found)
    yield f"{median(delays):.0f}" if watches and changes and delays else "–"
    yield f"{len(delays)} of {len(found)}" if watches and changes else "–"
    yield f"{mean(one.trainings for one in found):.1f}"
    error = stdev(one.mean for one in found) / len(found) ** 0.5 if len(found) > 1 else float("nan")
    yield f"{mean(one.mean for one in found):.3f} ± {error:.3f}"
