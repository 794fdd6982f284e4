"""`make bench-backtest`: what would the monitor have done, and what would others? Writes docs/backtest.md.

python -m bench.backtest [--seeds 12] [--out docs/backtest.md]
"""

import argparse
import shlex
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import machine
from bench.backtest import drift, report
from bench.backtest.flights import VARIANTS, WEEKLY, Flights
from bench.backtest.synthetic import live
from bench.environments import ROOT

_BEGAN: Final = time.monotonic()


def _say(line: str) -> None:
    print(f"{time.monotonic() - _BEGAN:6.0f} s  {line}", flush=True)


def _of_flights() -> report.OfFlights:
    with tempfile.TemporaryDirectory(prefix="bench-flights-") as name:
        flights = Flights(Path(name))
        tried = []
        for variant, changes in VARIANTS:
            tried.append(flights.tried(variant, changes))
            _say(f"flights, {variant}")
        monthly = list(flights.under_policies({}, monthly=1))
        _say("flights, policies, windows of 28 days")
        weekly = list(flights.under_policies(WEEKLY, monthly=4))
        _say("flights, policies, windows of 7 days")
        return report.OfFlights(
            flights.january_by_itself(), flights.shown(tried[0], 110), tuple(tried), tuple(monthly), tuple(weekly)
        )


def main() -> int:
    """Run through all of it, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/backtest.md")
    given = parser.parse_args()
    years = []
    with ProcessPoolExecutor(2) as pool:
        asked = [(kind, seed) for seed in range(given.seeds) for kind in drift.KINDS]
        flights = pool.submit(_of_flights)
        for (kind, seed), found in zip(asked, pool.map(live, *zip(*asked, strict=True)), strict=True):
            years += found
            _say(f"{kind.name}, seed {seed}")
        of_flights = flights.result()
    command = shlex.join(["python", "-m", "bench.backtest", *sys.argv[1:]])
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    head = f"`{command}`, {date}, commit {machine.commit()}, {time.monotonic() - _BEGAN:.0f} s."
    given.out.write_text("\n".join(report.lines(of_flights, years, seeds=given.seeds, head=head)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
