"""What is measured of ours: manifests over the generated data, and what the engine must be able to do for each."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench.child import run
from bench.environments import ROOT, cache, key_of

PYTHON: Final = ROOT / ".venv/bin/python"
_CURRENT, _REFERENCE = 1, 2


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to evaluate the same rows."""

    name: str
    needs: frozenset[str]
    """Of `ours.abilities()`; without them the scenario is left out, and the report says so."""
    labels_apart: bool = False


PLAIN: Final = Scenario("drift and quality", frozenset({"drift"}))
QUALITY: Final = Scenario("quality alone", frozenset())
SCENARIOS: Final = (
    QUALITY,
    PLAIN,
    Scenario("drift and quality, 5 segments", frozenset({"drift", "segments"})),
    Scenario("drift and quality, a label join", frozenset({"drift", "join"}), labels_apart=True),
    Scenario(
        "drift and quality, 5 segments, a label join", frozenset({"drift", "segments", "join"}), labels_apart=True
    ),
)


def data_set(rows: int, *, reference: bool = False, labels_apart: bool = False) -> Path:
    """The folder of a data set, made in a child of its own when it is not there yet."""
    maker = ROOT / "bench/engine/data.py"
    seed = _REFERENCE if reference else _CURRENT
    made = cache() / "bench/data" / key_of(maker.read_text(), str(rows), str(seed), str(labels_apart))
    if not (made / "complete").exists():
        print(f"data: making {rows:,} rows in {made} …", flush=True)
        command: list[str | Path] = [PYTHON, "-m", "bench.engine.data", made, "--rows", str(rows), "--seed", str(seed)]
        run([*command, *(["--labels-apart"] if labels_apart else [])])
        (made / "complete").touch()
    return made


def rows_file(folder: Path) -> Path:
    """The one file of rows of a data set."""
    return folder / "current/rows.parquet"


def write_manifest(path: Path, scenario: Scenario, rows: int) -> Path:
    """Write the monitor of a scenario over `rows` rows. JSON is YAML."""
    current = data_set(rows, labels_apart=scenario.labels_apart)
    data: dict[str, Any] = {
        "current": {"files": {"uri": f"{current}/current"}},
        "columns": {"timestamp": "at", "label": "label", "score": "score"},
        "predictions": {"column": {}},
    }
    spec: dict[str, Any] = {
        "serviceAccountName": "bench",
        "model": {"serving": {"seldonDeployment": {"name": "bench", "node": "classifier"}}},
        "data": data,
        "windows": {"length": "28d", "every": "28d", "origin": "2024-01-01"},
        "schedule": {"interval": "1h"},
        "metrics": [{"name": name, "min": 0.1} for name in ("f1", "roc_auc", "accuracy", "precision", "recall")],
    }
    if "drift" in scenario.needs:
        data["reference"] = {"files": {"uri": f"{data_set(1_000_000, reference=True)}/current"}}
        spec["drift"] = {"features": {"method": "psi", "max": 0.2}}
        # The profile of the reference is kept there: it is built by the first evaluation, and found by the others.
        spec["reports"] = {"uri": f"{path.parent}/reports"}
    if "join" in scenario.needs:
        data["labels"] = {"files": {"uri": f"{current}/labels"}, "join": ["id"]}
    if "segments" in scenario.needs:
        for metric in spec["metrics"]:
            metric["segments"] = ["c0"]
    kind = {"apiVersion": "modelmonitor.dev/v1alpha1", "kind": "ModelMonitor", "metadata": {"name": "bench"}}
    path.write_text(json.dumps(kind | {"spec": spec}, indent=1))
    return path
