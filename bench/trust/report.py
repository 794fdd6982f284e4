"""docs/trust.md: what was found, goals first."""

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist
from typing import Any, Final

from bench.trust.detection import WINDOWS, Detected
from bench.trust.lives import DAYS, REFERENCE_DAYS
from bench.trust.measure import JUDGED, YEARS, Found

_FEWEST: Final = 50
"""With fewer windows that could be judged nothing is said."""
_ALLOWED: Final = 0.01
"""So much less than the nominal coverage is the goal."""
BUDGET: Final = 0.5
PICTURE: Final = "trust/misses.svg"
"""Beside the report."""


def missed(found: Sequence[Found]) -> list[str]:
    """A line for each bound whose misses lie above the goal beyond chance, and for each stream that trips too often."""
    lines = []
    for one in (one for one in found if one.length > 1):
        for name, misses in one.misses.items():
            for end, count in (("low", misses.low), ("high", misses.high)):
                if misses.windows >= _FEWEST and _wilson(count, misses.windows)[0] > 1 - one.level_kept + _ALLOWED:
                    lines.append(
                        f"{one.stream}, {one.length} days: the {end} bound of {name} is missed"
                        f" {count / misses.windows:.1%}, nominal {1 - one.level_kept:.1%}"
                    )
        if _rate(one)[1] > BUDGET:
            lines.append(f"{one.stream}, {one.length} days: {_rate(one)[0]:.2f} false trips a year")
    return lines


def points(found: Sequence[Found]) -> list[dict[str, Any]]:
    """What the picture shows: by how many points each bound is missed more often than nominal."""
    return [
        {
            "stream": one.stream,
            "length": one.length,
            "points": [
                (name, end, 100 * (count / misses.windows - 1 + one.level_kept))
                for name, misses in one.misses.items()
                for end, count in (("low", misses.low), ("high", misses.high))
                if misses.windows >= _FEWEST
            ],
        }
        for one in found
        if one.length > 1
    ]


def lines(
    found: Sequence[Found], falls: Sequence[Detected], *, lives: int, command: str, date: str, commit: str
) -> Iterator[str]:
    """The report, line by line."""
    yield "# Can its numbers be trusted?"
    yield f"`{command}`, {date}, commit {commit}."
    yield ""
    yield f"{lives} lives of every stream, each {REFERENCE_DAYS} days of reference and {DAYS} days of windows, 1,000"
    yield "rows a day. Nothing changes in a stream: what a monitor says of it is chance. The model is a logistic one;"
    yield "*days differ* means that each day has its own share of positives and its own"
    yield "difficulty, *bad days last* that they are correlated from one day to the next by 0.3 or 0.6. The flights are"
    yield "those of 2013, their days in random order, scored by a regression that was fitted on every other day."
    yield ""
    yield "## False alarms"
    yield f"A monitor with {len(JUDGED)} objectives ({', '.join(JUDGED)}), each exactly at its boundary, and"
    yield f"`falseAlarmsPerYear: {BUDGET}`, `failuresToTrip: 2`: trips a year, with a 95 % interval over the lives,"
    yield f"{lives * YEARS:.0f} years in all."
    yield ""
    yield "| stream | windows | trips a year | goal: not wholly above the budget |"
    yield "|---|---|---|---|"
    for one in (one for one in found if one.length > 1):
        rate, low, high = _rate(one)
        verdict = "missed" if low > BUDGET else "reached"
        yield f"| {one.stream} | {one.length} d | {rate:.2f} [{low:.2f}, {high:.2f}] | {verdict} |"
    yield ""
    yield "## Coverage"
    yield "How often each bound lies on the wrong side of the truth, in percent, low / high. Goal: at most one point"
    yield "more than nominal, for windows of seven days or more; a number in bold is above that beyond chance (95 %)."
    yield "With windows of one day nothing can be promised: one day does not show how days differ, and the result says"
    yield "so."
    yield ""
    yield f"![Misses above nominal, in points, by stream]({PICTURE})"
    for length in sorted({one.length for one in found}, reverse=True):
        of_length = [one for one in found if one.length == length]
        yield ""
        yield f"Windows of {length} d, nominal {100 * (1 - of_length[0].level_kept):.1f}:"
        yield ""
        yield f"| metric | {' | '.join(one.stream for one in of_length)} |"
        yield f"|---|{'---|' * len(of_length)}"
        for name in of_length[0].misses:
            cells = (_cell(one, name) for one in of_length)
            yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    yield "## Time to detect"
    yield "F1 falls at once, rows are independent, windows are of seven days and the objective is what F1 was."
    yield f"{lives} lives; median windows until the first Fail, and until the second in a row trips; – is not within"
    yield f"{WINDOWS}."
    yield ""
    yield "| rows a window | fall of F1 | measured | first Fail | trip |"
    yield "|---|---|---|---|---|"
    for fall in falls:
        found_after = f"{_windows(fall.first)} | {_windows(fall.tripped)}"
        yield f"| {fall.rows:,} | {fall.fall:.2f} | {fall.measured:.3f} | {found_after} |"


def _cell(one: Found, name: str) -> str:
    misses = next(found for key, found in one.misses.items() if key == name)
    return " / ".join(_percent(one, count, misses.windows) for count in (misses.low, misses.high))


def _percent(one: Found, count: int, windows: int) -> str:
    if windows < _FEWEST:
        return "·"
    said = f"{100 * count / windows:.1f}"
    above = one.length > 1 and _wilson(count, windows)[0] > 1 - one.level_kept + _ALLOWED
    return f"**{said}**" if above else said


def _windows(number: float) -> str:
    return "–" if math.isinf(number) else f"{number:g}"


def _wilson(count: int, number: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share (1927)."""
    quantile = NormalDist().inv_cdf(0.975)
    share, square = count / number, quantile * quantile / number
    centre = (share + square / 2) / (1 + square)
    reach = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return centre - reach, centre + reach


def _rate(one: Found) -> tuple[float, float, float]:
    """Trips a year, and the 95 % interval of their mean over lives (Student's t would be wider by 2 %)."""
    number = len(one.trips)
    mean = sum(one.trips) / number
    spread = math.sqrt(sum((trips - mean) ** 2 for trips in one.trips) / (number - 1) / number)
    reach = 1.96 * spread
    return mean / YEARS, max(0.0, mean - reach) / YEARS, (mean + reach) / YEARS
