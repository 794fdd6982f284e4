"""`make bench-engine`: ours, Evidently and NannyML on the same files, in one run and in turns.

    python -m bench.engine [--rows 1000000] [--larger 10000000,50000000] [--rounds 5] [--evidently 2] [--nannyml 3]

Writes bench/results.json and bench/RESULTS.md. Imports nothing heavy: see `child.py`.
"""

import argparse
import shlex
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import machine
from bench.child import run
from bench.engine import report
from bench.engine.goals import LARGER, missed
from bench.engine.results import FILE, Results
from bench.engine.scenarios import PLAIN, PYTHON, QUALITY, SCENARIOS, Scenario, data_set, rows_file, write_manifest
from bench.environments import python_of

_VERDICTS: Final = (0, 10, 11)
_BEGAN: Final = time.monotonic()


def say(what: str) -> None:
    """A line of progress."""
    print(f"{time.monotonic() - _BEGAN:6.0f} s  {what}", flush=True)


def measure_read(results: Results, file: Path) -> None:
    """Time of just reading the file."""
    child = run([PYTHON, "-m", "bench.engine.read", file])
    results.add("polars/read", child.said["best"])
    results.add("polars/peak", child.peak_bytes)


def measure_ours(results: Results, name: str, manifest: Path, *, repeat: int = 3) -> None:
    """Ours in process, then as the command that a user types."""
    child = run([PYTHON, "-m", "bench.ours", manifest, "--repeat", str(repeat)])
    results.add("ours/import", child.said["seconds"]["import"])
    results.add(f"ours/{name}/computation", child.said["best"])
    command = run([PYTHON, "-m", "modelmonitor.cli", "evaluate", "-f", manifest], allowed=_VERDICTS)
    results.add(f"ours/{name}/command", command.seconds)
    results.add(f"ours/{name}/peak", command.peak_bytes)


def measure_peer(results: Results, peer: str, reference: Path, current: Path) -> None:
    """A peer's script on both files."""
    child = run([python_of(peer), "-m", f"bench.peers.{peer}_run", reference, current])
    seconds = child.said["seconds"]
    for phase in ("import", "read", "drift", "quality"):
        results.add(f"{peer}/{phase}", seconds[phase])
    results.add(f"{peer}/computation", seconds["drift"] + seconds["quality"])
    results.add(f"{peer}/command", child.seconds)
    results.add(f"{peer}/peak", child.peak_bytes)


def possible(abilities: tuple[str, ...]) -> list[Scenario]:
    """The scenarios that this engine can do."""
    return [scenario for scenario in SCENARIOS if scenario.needs <= set(abilities)]


def main() -> int:
    """Measure everything, write it down, and say what is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--larger", default=",".join(map(str, LARGER)), help="sizes at which memory must be the same")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--evidently", type=int, default=2, help="in how many of the rounds it takes part")
    parser.add_argument("--nannyml", type=int, default=3)
    parser.add_argument("--out", type=Path, default=FILE)
    given = parser.parse_args()
    larger = tuple(int(rows) for rows in given.larger.split(",") if rows)
    abilities = tuple(run([PYTHON, "-m", "bench.ours"]).said["abilities"])
    results = Results(
        machine=machine.described(),
        command=shlex.join(["python", "-m", "bench.engine", *sys.argv[1:]]),
        date=f"{datetime.now(UTC):%Y-%m-%d}",
        rows=given.rows,
        larger=larger,
        abilities=abilities,
    )
    with tempfile.TemporaryDirectory() as folder:
        _rounds(results, given, Path(folder))
        _sizes(results, larger, Path(folder))
    results.save(given.out)
    report.write(results, given.out.with_name("RESULTS.md"))
    for line in missed(results):
        print(f"MISSED  {line}")
    return 0


def _rounds(results: Results, given: argparse.Namespace, folder: Path) -> None:
    scenarios = possible(results.abilities)
    manifests = [write_manifest(folder / f"{n}.yaml", one, given.rows) for n, one in enumerate(scenarios)]
    current, reference = (rows_file(data_set(given.rows, reference=reference)) for reference in (False, True))
    for peer in ("evidently", "nannyml"):
        python_of(peer)
    for number in range(given.rounds):
        say(f"round {number + 1} of {given.rounds}: read")
        measure_read(results, current)
        for scenario, manifest in zip(scenarios, manifests, strict=True):
            say(f"  ours, {scenario.name}")
            measure_ours(results, scenario.name, manifest)
        for peer, rounds in (("nannyml", given.nannyml), ("evidently", given.evidently)):
            if number < rounds:
                say(f"  {peer}")
                measure_peer(results, peer, reference, current)


def _sizes(results: Results, larger: tuple[int, ...], folder: Path) -> None:
    scenario = PLAIN if PLAIN in possible(results.abilities) else QUALITY
    for rows in larger:
        manifest = write_manifest(folder / f"{rows}.yaml", scenario, rows)
        say(f"ours, {scenario.name}, {rows:,} rows")
        measure_ours(results, f"{scenario.name}, {rows} rows", manifest, repeat=1)


if __name__ == "__main__":
    sys.exit(main())
