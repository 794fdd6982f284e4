"""What evaluation/cost.py predicts beside what it takes: `.venv/bin/python -m bench.cost` (PYTHONPATH=operator:.).

Writes files of several shapes to a temporary folder, evaluates each in a process of its own, and prints peak memory
(VmHWM) and seconds, expected and measured. Takes about half a minute, and 2 GB of disk at most.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modelmonitor.api.monitor import Data, ModelSpec, Partitioning
from modelmonitor.evaluation.count import Wanted, count
from modelmonitor.evaluation.join import label_source
from modelmonitor.evaluation.limits import Limits
from modelmonitor.evaluation.plan import Source, plan
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.score import LoggedScores, Predictions
from modelmonitor.evaluation.statistics.kinds import CONFUSION, SCORES
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.evaluation.tasks import labels_of

START: Final = datetime(2013, 2, 4, tzinfo=UTC)
DAYS: Final = 7
MEBI: Final = 2**20


@dataclass(frozen=True)
class Case:
    """A shape of data."""

    rows: int
    columns: int
    group: int = 1_000_000
    labels: int = 0
    """Labels that arrive apart; 0: with the rows."""
    memory: int = 0
    """The limit in MiB; 0 for none."""


CASES: Final = (
    Case(100_000, 1),
    Case(1_000_000, 1),
    Case(1_000_000, 25),
    Case(5_000_000, 25),
    Case(1_000_000, 25, group=100_000),
    Case(20_000, 5000, group=20_000),
    Case(1_000_000, 10, labels=1_000_000),
    Case(2_000_000, 10, labels=5_000_000),
    Case(2_000_000, 10, labels=5_000_000, memory=512),
)


class Wide:
    """Logged scores, and a model's features beside them that are read and not looked at."""

    has_scores = True

    def __init__(self, columns: int) -> None:
        self._logged = LoggedScores("score", 0.5)
        self.needed = (*self._logged.needed, *(Needed("bench", f"f{number}") for number in range(columns)))

    def predict(self, rows: Rows) -> Predictions:
        """The logged scores."""
        return self._logged.predict(rows)


def write(case: Case, folder: Path) -> None:
    """The files of a case, a few groups of rows at a time."""
    random = np.random.default_rng(0)
    (folder / "rows").mkdir(parents=True)
    (folder / "labels").mkdir()
    features = random.normal(size=case.group)
    writer: Any = None
    for first, rows in _groups(case.rows, case.group):
        at = (np.arange(first, first + rows) * (DAYS * 86_400_000_000 / case.rows)).astype("timedelta64[us]")
        table: dict[str, Any] = {"at": np.datetime64(START.replace(tzinfo=None), "us") + at}
        table |= {"score": random.random(rows), "id": np.arange(first, first + rows)}
        table |= {"label": random.integers(0, 2, rows)} if not case.labels else {}
        table |= {f"f{number}": features[:rows] for number in range(case.columns)}
        writer = writer or pq.ParquetWriter(folder / "rows" / "part.parquet", pa.table(table).schema)
        writer.write_table(pa.table(table), row_group_size=case.group)
    writer.close()
    if case.labels:
        table = {"id": random.permutation(case.labels), "label": random.integers(0, 2, case.labels)}
        pq.write_table(pa.table(table), folder / "labels" / "part.parquet")


def _groups(rows: int, group: int) -> Iterator[tuple[int, int]]:
    return ((first, min(group, rows - first)) for first in range(0, rows, group))


def measure(case: Case, folder: Path) -> dict[str, float]:
    """Evaluate here; what was expected and what it took."""
    labels = {"files": {"uri": str(folder / "labels")}, "join": ["id"]} if case.labels else {}
    data = Data.model_validate(
        {
            "current": {"files": {"uri": str(folder / "rows")}},
            "labels": labels,
            "columns": {"timestamp": "at", "label": "label", "score": "score"},
            "predictions": {"column": {}},
        }
    )

    zone, now = ZoneInfo("UTC"), START + timedelta(days=60)
    source = Source(open_folder(str(folder / "rows"), Purpose.DATA, {}), Partitioning.FLAT, "at", zone)
    model = ModelSpec.model_validate({"serving": {"seldonDeployment": {"name": "bench", "node": "bench"}}})
    limits = Limits(memory=case.memory * MEBI or None, folder=folder)
    wanted = Wanted(
        labels_of(data.columns, model),
        [Wide(case.columns)],
        (CONFUSION, SCORES),
        apart=label_source(data, zone, {}, now),
        limits=limits,
    )
    before, began = _peak(), monotonic()
    counted = count(plan(source, now), START, START + timedelta(days=DAYS), wanted, lambda line: None)
    took = monotonic() - began
    cost = counted.reading.cost
    assert counted.rows == case.rows
    return {
        "before": before / MEBI,
        "expected": cost.memory / MEBI,
        "peak": _peak() / MEBI,
        "expected_seconds": cost.seconds,
        "seconds": took,
        "partitions": cost.partitions,
    }


def _peak() -> float:
    """Bytes that belong to this process, at most so far: resident, without the libraries that are mapped."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii").splitlines())
    return (int(status["VmHWM"].split()[0]) - int(status["RssFile"].split()[0])) * 1024


def main() -> None:
    """Each case in a process of its own."""
    if len(sys.argv) == 3:
        print(json.dumps(measure(Case(**json.loads(sys.argv[1])), Path(sys.argv[2]))))
        return
    row = "{:>10} {:>7} {:>9} {:>10} {:>6} {:>5} {:>11} {:>11} {:>11} {:>11}"
    heads = ("rows", "columns", "group", "labels", "limit", "parts", "MiB exp.", "MiB", "s exp.", "s")
    print(row.format(*heads))
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            write(case, Path(folder))
            command = [sys.executable, "-m", "bench.cost", json.dumps(asdict(case)), folder]
            said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            found = json.loads(said)
            numbers = [f"{found[name]:.2f}" for name in ("expected", "peak", "expected_seconds", "seconds")]
            shape = (case.rows, case.columns, case.group, case.labels, case.memory, found["partitions"])
            print(row.format(*shape, *numbers), flush=True)


if __name__ == "__main__":
    main()
