"""How long the columns of a million rows take, beside the time of reading them: `python bench/columns.py`.

A million rows with 20 float32 and 5 text columns, in one run: Polars reads the file, the counts of all columns at the
reference's cells, the distances of all columns. Prints the seconds of the fastest of some runs, and ratios to the read.
"""

import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from modelmonitor.api.drift import Drift, DriftMethod, FeatureDrift
from modelmonitor.evaluation.columns.counter import ColumnCounter
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.drift.judge import judge_drift
from modelmonitor.evaluation.parquet import BATCH_ROWS
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.reference.sample import Sample

ROWS = 1_000_000
DAYS = 7
RUNS = 7


def table(seed: int) -> pa.Table:
    """A week in order of time: normal and lognormal numbers, texts of 5 to 80 values."""
    random = np.random.default_rng(seed)
    numbers = {f"number {k}": random.normal(size=ROWS).astype(np.float32) for k in range(15)}
    numbers |= {f"amount {k}": random.lognormal(size=ROWS).astype(np.float32) for k in range(5)}
    texts = {
        f"text {k}": pa.array(np.asarray([f"value {v}" for v in range(values)])[random.integers(0, values, ROWS)])
        for k, values in enumerate((5, 10, 20, 40, 80))
    }
    return pa.table(numbers | texts)


def fastest(work: Callable[[], object]) -> float:
    """Seconds of the fastest run: what the machine does beside it only adds."""
    best = np.inf
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return float(best)


def counter_of(layouts: list[Layout], found: pa.Table, blocks: int, order: np.ndarray | None = None) -> ColumnCounter:
    """All columns, counted batch by batch; `order` are the blocks of the rows where they do not come in order."""
    counter = ColumnCounter(layouts, blocks)
    begun = 0
    for batch in found.to_batches(max_chunksize=BATCH_ROWS):
        rows = np.arange(begun, begun + len(batch))
        block = rows * blocks // ROWS if order is None else order[rows]
        counter.add(block, dict(zip(batch.schema.names, batch.columns, strict=True)))
        begun += len(batch)
    return counter


def main() -> None:
    """Measure and print."""
    reference, window = table(0), table(1)
    sample = Sample(reference.schema.names)
    for batch in reference.to_batches(max_chunksize=BATCH_ROWS):
        sample.add(len(batch), dict(zip(batch.schema.names, batch.columns, strict=True)))
    layouts = sample.layouts({})
    counted = counter_of(layouts, reference, DAYS)
    profile = Profile({}, counted.layouts, counted.counts, ROWS, by_day=True, blocks=DAYS, days=DAYS)
    drift = Drift(features=FeatureDrift(method=DriftMethod.PSI, max=0.2))
    shuffled = np.random.default_rng(2).integers(0, DAYS, ROWS)
    read = {}
    with tempfile.TemporaryDirectory() as folder:
        for compression in ("snappy", "zstd"):
            path = Path(folder, f"{compression}.parquet")
            pq.write_table(window, path, compression=compression)
            read[compression] = fastest(partial(pl.read_parquet, path))
            print(f"read the file with Polars, {compression:<11}  {read[compression]:.3f} s")
    of_window = counter_of(layouts, window, DAYS).counts
    for name, work in (
        ("count all columns, one block", lambda: counter_of(layouts, window, 1)),
        ("count all columns, 7 days", lambda: counter_of(layouts, window, DAYS)),
        ("count all columns, 7 days, unordered", lambda: counter_of(layouts, window, DAYS, shuffled)),
        ("distances of all columns (psi)", lambda: judge_drift(drift, profile, of_window, by_day=True, days=DAYS)),
    ):
        seconds = fastest(work)
        ratios = ", ".join(f"{seconds / one:.2f} x {compression}" for compression, one in read.items())
        print(f"{name:<38}  {seconds:.3f} s  {ratios}")


if __name__ == "__main__":
    main()
