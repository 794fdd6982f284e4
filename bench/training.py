"""What a training takes beside its memory check: `.venv/bin/python -m bench.training` (PYTHONPATH=operator:.).

Writes 1,000,000 rows of 20 numbers and 5 texts to a temporary folder, trains two pipelines on them, each in a process
of its own, and prints the memory below which the trainer refuses to read, the peak (VmHWM) and the seconds. Takes about
two minutes, and 200 MB of disk.
"""

import json
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Final

import joblib
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

from modelmonitor.api.training import TrainingSpec
from modelmonitor.evaluation.errors import ResourceError
from modelmonitor.evaluation.limits import Limits
from modelmonitor.training.contract import Order
from modelmonitor.training.train import Surroundings, train

START: Final = datetime(2013, 2, 4, tzinfo=UTC)
DAYS: Final = 20
ROWS: Final = 1_000_000
NUMBERS: Final = [f"n{number}" for number in range(20)]
TEXTS: Final = [f"c{number}" for number in range(5)]
MEBI: Final = 2**20


def rows_of(day: int, rows: int) -> pa.Table:
    """Rows of a day: label 1 where the first number is large, mostly."""
    random = np.random.default_rng(day + 1)
    columns: dict[str, Any] = {name: random.normal(size=rows).astype(np.float32) for name in NUMBERS}
    words = np.asarray([f"category-{number}" for number in range(50)], object)
    columns |= {name: pa.array(words[random.integers(0, 50, rows)]) for name in TEXTS}
    label = (columns["n0"] + random.normal(size=rows) > 0).astype(np.int64)
    start = np.datetime64((START + timedelta(days=day)).replace(tzinfo=None), "us")
    at = start + np.sort(random.integers(0, 86_400_000_000, rows)).astype("timedelta64[us]")
    return pa.table(columns | {"label": label, "at": at})


def write(folder: Path) -> None:
    """The rows, a file for each day, and the two champions."""
    (folder / "data").mkdir()
    for day in range(DAYS):
        pq.write_table(rows_of(day, ROWS // DAYS), folder / "data" / f"{day:02}.parquet")
    first = rows_of(-1, 5000).to_pandas()
    ordinal = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    for name, encoder, model in (
        ("boosting", ordinal, HistGradientBoostingClassifier(max_iter=20)),
        ("logistic", OneHotEncoder(handle_unknown="ignore"), LogisticRegression(max_iter=20)),
    ):
        columns = ColumnTransformer([("texts", encoder, TEXTS), ("numbers", "passthrough", NUMBERS)])
        (folder / name).mkdir()
        joblib.dump(
            make_pipeline(columns, model).fit(first[NUMBERS + TEXTS], first["label"]), folder / name / "model.joblib"
        )


def order(folder: Path, champion: str) -> Order:
    """Train one of the champions again."""
    spec = TrainingSpec.model_validate(
        {
            "model": {"serving": {"seldonDeployment": {"name": "bench", "node": "bench"}}},
            "data": {
                "current": {"files": {"uri": str(folder / "data")}},
                "columns": {"timestamp": "at", "label": "label"},
                "predictions": {"model": {}},
            },
            "windows": {"length": "7d", "every": "7d"},
        }
    )
    end = START + timedelta(days=DAYS)
    return Order(str(folder / champion), str(folder / f"new-{champion}"), START, end, spec)


def measure(folder: Path, champion: str) -> None:
    """Train, and print what it took as JSON: this is the process of its own."""
    around = Surroundings({}, datetime.now(UTC), lambda line: None)
    try:
        train(
            order(folder, champion), Surroundings({}, datetime.now(UTC), lambda line: None, Limits(memory=512 * MEBI))
        )
    except ResourceError as error:
        refused = error.message
    began = monotonic()
    train(order(folder, champion), around)
    status = Path("/proc/self/status").read_text("ascii")
    peak = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"refused": refused, "peak": peak, "seconds": monotonic() - began}))


def main() -> None:
    """Both of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        for champion in ("boosting", "logistic"):
            command = [sys.executable, "-W", "ignore", "-m", "bench.training", str(folder), champion]
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
            print(f"{champion}: peak {told['peak'] / MEBI:,.0f} MiB, {told['seconds']:.0f} s")
            print(f"  with 512 MiB: {told['refused']}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(Path(sys.argv[1]), sys.argv[2])
    else:
        main()
