"""Just reading a Parquet file with Polars, best of some: what the engine's time is compared with.

python -m bench.engine.read FILE.parquet --repeat 3
"""

import argparse
import math
import time
from pathlib import Path

from bench.peers.phases import Phases

phases = Phases()
with phases("import"):
    import polars as pl


def main() -> None:
    """Read, and tell how long it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    given = parser.parse_args()
    best, first, rows = math.inf, 0.0, 0
    for number in range(given.repeat):
        began = time.perf_counter()
        rows = pl.read_parquet(given.file).height
        seconds = time.perf_counter() - began
        best, first = min(best, seconds), first if number else seconds
    phases.print(first=first, best=best, rows=rows)


if __name__ == "__main__":
    main()
