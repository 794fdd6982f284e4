"""bench/RESULTS.md: everything that was measured, ratios first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.engine.goals import BOTH, GOALS
from bench.engine.results import FILE, Results, Series
from bench.engine.scenarios import SCENARIOS

MARKDOWN: Final = FILE.with_name("RESULTS.md")
_MEGA: Final = 1_000_000


def write(results: Results, path: Path = MARKDOWN) -> None:
    """Write the report."""
    path.write_text("\n".join(_lines(results)) + "\n")


def _lines(results: Results) -> Iterator[str]:
    yield "# How fast the engine is"
    yield ""
    yield f"{results.rows:,} rows × 25 columns (20 float32, 5 string), score, label and time over 28 days, one Parquet"
    yield "file, warm. Each thing ran in a process of its own, in turns with all others; best (median) are shown, and"
    yield "ratios are of the best. Computation is without imports; ours includes reading the file, the peers' does not."
    yield "The reference has as many rows. For the computation its profile was found beside the reports, as in every"
    yield "evaluation of a Job but a monitor's first; the command line keeps none, and reads the reference each time."
    yield "Threads are what each sets by itself."
    yield ""
    yield f"`{results.command}`, {results.date}"
    yield ""
    for name, value in results.machine.items():
        yield f"- {name}: {value}"
    yield ""
    yield "## Goals"
    yield ""
    yield "| goal | wanted | measured | |"
    yield "|---|---|---|---|"
    for goal in GOALS:
        found = goal.value(results)
        said = "not measured" if found is None else f"{found:.2f}"
        yield f"| {goal.name} | {goal.wanted} | {said} | {'reached' if goal.met(results) else '**missed**'} |"
    yield ""
    if "drift" not in results.abilities:
        yield "This engine has no drift of columns: only `quality alone` was measured of ours. That is less work than"
        yield "the peers did, and no ratio with it is a goal reached."
        yield ""
    yield "## Ours"
    yield ""
    yield "| | computation, s | over the read | whole command, s | peak, MB |"
    yield "|---|---|---|---|---|"
    yield f"| read by Polars | {_seconds(results.get('polars/read'))} | 1 | | {_mega(results.get('polars/peak'))} |"
    for scenario in SCENARIOS:
        yield _ours(results, scenario.name, scenario.name)
    base = BOTH if results.get(f"ours/{BOTH}/peak") else SCENARIOS[0].name
    for rows in results.larger:
        yield _ours(results, f"{base}, {rows} rows", f"{base}, {rows:,} rows")
    yield ""
    yield "## Peers"
    yield ""
    yield "| | drift, s | quality, s | whole command, s | peak, MB | import, s | read, s |"
    yield "|---|---|---|---|---|---|---|"
    for peer in ("evidently", "nannyml"):
        shown = [_seconds(results.get(f"{peer}/{what}")) for what in ("drift", "quality", "command")]
        more = [_seconds(results.get(f"{peer}/{what}")) for what in ("import", "read")]
        yield f"| {peer} | {' | '.join(shown)} | {_mega(results.get(f'{peer}/peak'))} | {' | '.join(more)} |"


def _ours(results: Results, name: str, shown: str) -> str:
    if results.get(f"ours/{name}/command") is None:
        return f"| {shown} | not there yet | | | |"
    over = results.ratio(f"ours/{name}/computation", "polars/read")
    return (
        f"| {shown} | {_seconds(results.get(f'ours/{name}/computation'))} | {'' if over is None else f'{over:.2f}'}"
        f" | {_seconds(results.get(f'ours/{name}/command'))} | {_mega(results.get(f'ours/{name}/peak'))} |"
    )


def _seconds(series: Series | None) -> str:
    return "" if series is None else f"{series.best:.2f} ({series.median:.2f})"


def _mega(series: Series | None) -> str:
    return "" if series is None else f"{series.best / _MEGA:.0f}"
