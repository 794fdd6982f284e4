"""The training Job as a process: environment in, termination log and exit code out."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import write_days

ROOT = Path(__file__).parents[3]
MODULES = ["modelmonitor.training", "modelmonitor.cli train"]


def start(folder: Path, *options: str, module: str = MODULES[0], **more: str) -> subprocess.Popen[str]:
    environ = {
        "PYTHONPATH": str(ROOT / "operator"),
        "MODELMONITOR_MONITOR": "clicks",
        "MODELMONITOR_REASON": "f1 misses its objective",
        "MODELMONITOR_CHAMPION_URI": str(folder / "champion"),
        "MODELMONITOR_OUTPUT_URI": str(folder / "new"),
        "MODELMONITOR_TRAIN_START": "2013-02-04T05:00:00Z",
        "MODELMONITOR_TRAIN_END": "2013-02-11T05:00:00Z",
        "MODELMONITOR_TERMINATION_LOG": str(folder / "termination-log"),
    }
    return subprocess.Popen(
        [sys.executable, "-m", *module.split(), *options],
        env=os.environ | environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def options(folder: Path) -> list[str]:
    return [f"--data={folder / 'data'}", "--timestamp=at", "--label=label", "--partitioning=Hive"]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", 10)
    models.good(tmp_path / "champion")
    return tmp_path


@pytest.mark.parametrize("module", MODULES)
def test_the_result_is_the_termination_message_and_the_last_line(world: Path, module: str) -> None:
    process = start(world, *options(world), module=module)
    out, log = process.communicate(timeout=60)
    told = json.loads((world / "termination-log").read_text())
    assert process.returncode == 0, log
    assert told == json.loads(out)
    assert set(told) == {"modelUri", "trainedThrough", "metrics"}
    assert "training for clicks, because f1 misses its objective" in log
    assert (world / "new" / "model.joblib").exists()


def test_what_went_wrong_is_the_termination_message_with_exit_code_3(world: Path) -> None:
    process = start(world, *options(world), MODELMONITOR_CHAMPION_URI="/no/such/model")
    _, log = process.communicate(timeout=60)
    told = json.loads((world / "termination-log").read_text())
    assert (process.returncode, told["error"]) == (3, "ModelNotFound")
    assert "/no/such/model" in told["message"]
    assert "Traceback" not in log


def test_told_to_stop_it_says_so(world: Path) -> None:
    hanging = world / "data" / "date=2013-02-05" / "part.parquet"
    hanging.unlink()
    os.mkfifo(hanging)
    process = start(world, *options(world))
    assert process.stderr is not None
    while "reading" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert (process.returncode, json.loads((world / "termination-log").read_text())["error"]) == (3, "Interrupted")


def test_a_wrong_option_is_wrong_usage(world: Path) -> None:
    process = start(world, "--no-such-option")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--no-such-option" in log
