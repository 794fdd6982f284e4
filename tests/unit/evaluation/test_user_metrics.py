"""A metric of the user's own, from a package that is really installed on the path of another process."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml

from tests.unit.evaluation.worlds import FIRST, rows_of_day, write

ROOT = Path(__file__).parents[3]
PROFIT = """
    import numpy as np

    class Profit:
        greater_is_better = True
        scale = "anywhere"
        size = 2
        columns = ("price",)
        needs_scores = False

        def terms(self, labels, predictions, scores, columns):
            price = columns["price"]
            return np.column_stack([price * labels * predictions, price])

        def value(self, rows, sums):
            return sums[..., 0] / sums[..., 1]
"""


def install(site: Path, code: str, name: str = "shop", entry: str = "profit") -> None:
    """What `pip install` leaves behind: a module, and its dist-info with the entry point."""
    site.mkdir(exist_ok=True)
    (site / f"{name}.py").write_text(dedent(code))
    info = site / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[modelmonitor.metrics]\n{entry} = {name}:Profit\n")


@pytest.fixture
def world(tmp_path: Path) -> Path:
    for number in range(8):
        day = rows_of_day(FIRST + timedelta(days=number))
        write(tmp_path / "data", FIRST + timedelta(days=number), day | {"price": [1.0, 3.0] * 30})
    return tmp_path


def evaluated(world: Path, **objective: Any) -> tuple[int, str, dict[str, Any]]:
    spec = {
        "model": {"serving": {"seldonDeployment": {"name": "clicks", "node": "classifier"}}},
        "data": {
            "current": {"files": {"uri": "data", "partitioning": "Hive"}},
            "columns": {"timestamp": "at", "label": "label", "score": "score"},
            "predictions": {"column": {}},
        },
        "windows": {"length": "7d", "every": "7d", "timeZone": "America/New_York", "origin": str(FIRST)},
        "schedule": {"interval": "1h"},
        "metrics": [{"name": "f1", "min": 0.2}],
        "userMetrics": [{"name": "profit", "min": 0.01} | objective],
    }
    kind = {"apiVersion": "modelmonitor.dev/v1alpha1", "kind": "ModelMonitor", "metadata": {"name": "clicks"}}
    (world / "monitor.yaml").write_text(yaml.safe_dump(kind | {"spec": spec}))
    done = subprocess.run(
        [sys.executable, "-m", "modelmonitor.cli", "evaluate", "-f", "monitor.yaml", "--json", "result.json"],
        cwd=world,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'operator'}:{world / 'site'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    result = world / "result.json"
    return done.returncode, " ".join(done.stderr.split()), json.loads(result.read_text()) if result.exists() else {}


def test_it_is_judged_like_any_other_with_an_interval(world: Path) -> None:
    install(world / "site", PROFIT)
    code, said, result = evaluated(world)
    assert code == 0, said
    gained = total = 0.0
    for number in range(7):
        rows = rows_of_day(FIRST + timedelta(days=number))
        for place, (label, predicted) in enumerate(zip(rows["label"], rows["said"], strict=True)):
            gained += (1.0, 3.0)[place % 2] * label * predicted
            total += (1.0, 3.0)[place % 2]
    metric = result["metrics"][1]
    assert metric["name"] == "user.profit"
    assert metric["value"] == pytest.approx(gained / total)
    assert metric["low"] < metric["value"] < metric["high"]
    assert (metric["rows"], metric["blocks"]) == (420, 7)


def test_one_that_misses_its_objective_fails_the_window(world: Path) -> None:
    install(world / "site", PROFIT)
    code, said, _ = evaluated(world, min=5)
    assert code == 10, said


def test_two_packages_with_one_name_are_told(world: Path) -> None:
    install(world / "site", PROFIT)
    install(world / "site", PROFIT, name="store")
    code, said, _ = evaluated(world)
    assert code == 3
    assert "several installed packages have it (shop:Profit, store:Profit)" in said


def changed(old: str, new: str) -> str:
    assert old in PROFIT
    return PROFIT.replace(old, new)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        pytest.param(None, "no installed package has an entry point of this name in the group", id="not installed"),
        pytest.param(changed("import numpy", "import numby"), "No module named 'numby'", id="it does not import"),
        pytest.param(changed("class Profit", "class Other"), "has no attribute 'Profit'", id="it is not there"),
        pytest.param(changed("size = 2", "length = 2"), "has no attribute 'size'", id="it is no metric"),
        pytest.param(changed('"anywhere"', '"log"'), "its scale is 'log'; it is one of share", id="no such scale"),
        pytest.param(changed("size = 2", "size = 99"), "its size is 99; it sums up 1 to 64 terms", id="too many terms"),
        pytest.param(changed("size = 2", "size = 3"), "terms() gives shape (420, 2) for 420 rows", id="wrong shape"),
        pytest.param(changed("columns[", "{}["), "KeyError", id="it raises"),
        pytest.param(changed("price = columns", "exit(0); price = columns"), "SystemExit", id="it ends the process"),
        pytest.param(changed("* predictions, price", "* predictions, price * np.inf"), "a sum needs numbers", id="inf"),
        pytest.param(changed("sums[..., 1]", "sums[..., 1].sum()[None]"), "value() gives shape", id="a sum of sums"),
        pytest.param(changed('("price",)', '("cost",)'), 'userMetrics (profit): column "cost"', id="no such column"),
    ],
)
def test_trouble_with_it_is_an_error_that_names_it_and_never_a_verdict(
    world: Path, code: str | None, says: str
) -> None:
    (world / "site").mkdir()
    if code is not None:
        install(world / "site", code)
    exit_code, said, result = evaluated(world)
    assert exit_code == 3
    assert says in said
    assert "profit" in said
    assert result == {}
