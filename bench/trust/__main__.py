"""`make bench-trust`: do intervals and false alarms hold what they say? Writes docs/trust.md.

python -m bench.trust [--lives 30] [--out docs/trust.md]
"""

import argparse
import json
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench import machine
from bench.child import run
from bench.environments import ROOT, python_of
from bench.trust import report
from bench.trust.detection import detect
from bench.trust.measure import Found, measure
from bench.trust.streams import STREAMS

_BEGAN: Final = time.monotonic()


def _draw(found: Sequence[Found], target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", suffix=".json") as points:
        json.dump(report.points(found), points)
        points.flush()
        run([python_of("pictures"), "-m", "bench.trust.picture", points.name, target])


def main() -> int:
    """Measure every stream, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lives", type=int, default=30)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/trust.md")
    given = parser.parse_args()
    found = []
    with ProcessPoolExecutor(2) as pool:
        under_way = [(stream.name, pool.submit(measure, stream, given.lives)) for stream in STREAMS]
        detected = pool.submit(detect, given.lives)
        for name, future in under_way:
            found += future.result()
            print(f"{time.monotonic() - _BEGAN:6.0f} s  {name}", flush=True)
        falls = detected.result()
    command = shlex.join(["python", "-m", "bench.trust", *sys.argv[1:]])
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = report.lines(found, falls, lives=given.lives, command=command, date=date, commit=machine.commit())
    given.out.write_text("\n".join(lines) + "\n")
    _draw(found, given.out.parent / report.PICTURE)
    for line in report.missed(found):
        print(f"MISSED  {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
