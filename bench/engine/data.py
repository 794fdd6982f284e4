"""The data of the engine's bench: 25 features, a score, a label and an event time over 28 days, as one Parquet file.

    python -m bench.engine.data --rows 1000000 --seed 1 OUT_DIR [--shift 0.25] [--labels-apart]

Written a row group at a time: 50 million rows are made in the memory of 128 thousand, and a row group depends on seed
and number alone. With --labels-apart the file has an `id` instead of the label, and OUT_DIR/labels/ the label by id,
in another order.
"""

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

ROW_GROUP: Final = 128 * 1024
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
DAYS: Final = 28
NUMERIC: Final = tuple(f"n{number:02d}" for number in range(20))
LEVELS: Final = {"c0": 5, "c1": 8, "c2": 12, "c3": 20, "c4": 30}
FEATURES: Final = (*NUMERIC, *LEVELS)
# Six normal, five lognormal, five uniform, two Student t and two Pareto, as false alarms were measured on.
_T: Final = (3.0, 2.5)
_PARETO: Final = (3.0, 2.5)
_SHIFTED: Final = 3
"""How many of the normal columns a shift moves."""


def batch(rows: int, first: int, total: int, seed: int, shift: float) -> dict[str, pa.Array]:
    """Row group that begins with row `first` of `total`.

    Args:
        rows: its rows.
        first: the number of its first row.
        total: rows of the whole file; the last one lies exactly at the end of the window, and so closes it.
        seed: of the data set.
        shift: by how many standard deviations the first normal columns are moved.
    """
    random = np.random.default_rng((seed, first))
    columns: dict[str, pa.Array] = {}
    linear = np.full(rows, -0.6, np.float32)
    for number, name in enumerate(NUMERIC):
        values = _numeric(random, number, rows)
        if number < 6:
            linear += np.float32(0.9) * values
        if number < _SHIFTED:
            values += np.float32(shift)
        columns[name] = pa.array(values)
    for name, levels in LEVELS.items():
        share = 1 / np.arange(2, levels + 2)
        codes = np.searchsorted(np.cumsum(share / share.sum()), random.random(rows, np.float32)).astype(np.int8)
        words = pa.array([f"{name}_level_{level:02d}" for level in range(levels)])
        columns[name] = pa.DictionaryArray.from_arrays(pa.array(np.minimum(codes, levels - 1)), words).cast(pa.string())
    score = 1 / (1 + np.exp(-linear))
    columns["score"] = pa.array(score)
    columns["label"] = pa.array((random.random(rows, np.float32) < score).astype(np.int8))
    whole = timedelta(days=DAYS) // timedelta(microseconds=1)
    micros = np.arange(first, first + rows, dtype=np.int64) * whole // max(1, total - 1)
    start = int(START.timestamp()) * 1_000_000
    columns["at"] = pa.array(start + micros, pa.timestamp("us", "UTC"))
    return columns


def _numeric(random: np.random.Generator, number: int, rows: int) -> NDArray[np.float32]:
    if number < 6:
        return random.standard_normal(rows, np.float32)
    if number < 11:
        lognormal: NDArray[np.float32] = np.exp(0.5 * random.standard_normal(rows, np.float32))
        return lognormal
    if number < 16:
        return random.random(rows, np.float32)
    if number < 18:
        degrees = _T[number - 16]
        chi = random.standard_gamma(degrees / 2, rows, np.float32) * np.float32(2 / degrees)
        heavy: NDArray[np.float32] = random.standard_normal(rows, np.float32) / np.sqrt(chi)
        return heavy
    tail: NDArray[np.float32] = (1 - random.random(rows, np.float32)) ** np.float32(-1 / _PARETO[number - 18])
    return tail


def write(out: Path, rows: int, seed: int, shift: float, *, labels_apart: bool) -> None:
    """Write OUT/current/rows.parquet, and OUT/labels/labels.parquet when the labels are apart."""
    data, labels = _Writer(out / "current/rows.parquet"), _Writer(out / "labels/labels.parquet")
    for first in range(0, rows, ROW_GROUP):
        columns = batch(min(ROW_GROUP, rows - first), first, rows, seed, shift)
        if labels_apart:
            ids = np.arange(first, first + len(columns["label"]), dtype=np.int64)
            order = np.random.default_rng((seed, first, 1)).permutation(len(ids))
            label = columns.pop("label").take(pa.array(order))
            labels.write({"id": pa.array(ids[order]), "label": label})
            columns["id"] = pa.array(ids)
        data.write(columns)
    data.close()
    labels.close()


class _Writer:
    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._open: pq.ParquetWriter | None = None

    def write(self, columns: dict[str, pa.Array]) -> None:
        table = pa.table(columns)
        if self._open is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._open = pq.ParquetWriter(self._path, table.schema, compression="snappy")
        self._open.write_table(table, row_group_size=ROW_GROUP)

    def close(self) -> None:
        if self._open is not None:
            self._open.close()


def main() -> None:
    """Write a data set."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, metavar="OUT_DIR")
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--shift", type=float, default=0.0)
    parser.add_argument("--labels-apart", action="store_true")
    given = parser.parse_args()
    write(given.out, given.rows, given.seed, given.shift, labels_apart=given.labels_apart)


if __name__ == "__main__":
    main()
