"""The training Job as a process: environment in, termination log and exit code out."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.test_evaluate import manifest
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import write_days
from tests.unit.training.orders import spec_for

ROOT = Path(__file__).parents[3]
MODULES = ["modelmonitor.training", "modelmonitor.cli train"]


def start(
    folder: Path,
    *options: str,
    module: str = MODULES[0],
    ulimit: str | None = None,
    **more: str,
) -> subprocess.Popen[str]:
    environ = {
        "PYTHONPATH": str(ROOT / "operator"),
        "COLUMNS": "100",
        "MODELMONITOR_MONITOR": "clicks",
        "MODELMONITOR_REASON": "f1 misses its objective",
        "MODELMONITOR_CHAMPION_URI": str(folder / "champion"),
        "MODELMONITOR_OUTPUT_URI": str(folder / "new"),
        "MODELMONITOR_TRAIN_START": "2013-02-04T05:00:00Z",
        "MODELMONITOR_TRAIN_END": "2013-02-11T05:00:00Z",
        "MODELMONITOR_SPEC": spec_for(folder / "data").text(),
        "MODELMONITOR_TERMINATION_LOG": str(folder / "termination-log"),
    }
    limited = [] if ulimit is None else ["/bin/sh", "-c", f'ulimit {ulimit}; exec "$@"', "sh"]
    return subprocess.Popen(
        [*limited, sys.executable, "-m", *module.split(), *options],
        env=os.environ | environ | more,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def spec_of(folder: Path, **more: object) -> dict[str, object]:
    written = manifest(**more)
    written["spec"]["data"]["current"]["files"]["uri"] = str(folder / "data")
    return written


@pytest.fixture
def world(tmp_path: Path) -> Path:
    write_days(tmp_path / "data", 10)
    models.good(tmp_path / "champion")
    return tmp_path


@pytest.mark.parametrize("module", MODULES)
def test_the_result_is_the_termination_message_and_the_last_line(world: Path, module: str) -> None:
    process = start(world, "--seed=3", module=module)
    out, log = process.communicate(timeout=60)
    told = json.loads((world / "termination-log").read_text())
    assert process.returncode == 0, log
    assert told == json.loads(out)
    assert set(told) == {"modelUri", "trainedThrough", "metrics"}
    assert "training for clicks, because f1 misses its objective" in log
    assert (world / "new" / "model.joblib").exists()
    card = (world / "new" / "model-card.md").read_text()
    assert "| Command | `modelmonitor train --seed=3` |" in card
    assert "| Trained because | f1 misses its objective |" in card


def test_a_person_gives_the_manifest(world: Path) -> None:
    (world / "monitor.yaml").write_text(yaml.safe_dump(spec_of(world)))
    process = start(world, "-f", str(world / "monitor.yaml"), module=MODULES[1], MODELMONITOR_SPEC="")
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0, log
    assert json.loads((world / "termination-log").read_text())["metrics"]["rows"] == 420


def test_a_wrong_manifest_says_what_to_change(world: Path) -> None:
    (world / "monitor.yaml").write_text(yaml.safe_dump(spec_of(world, metric=[])))
    process = start(world, "-f", str(world / "monitor.yaml"), module=MODULES[1])
    process.communicate(timeout=60)
    told = json.loads((world / "termination-log").read_text())
    assert (process.returncode, told["error"]) == (3, "ManifestInvalid")
    assert "spec.metric: there is no such field" in told["message"]


def test_what_went_wrong_is_the_termination_message_with_exit_code_3(world: Path) -> None:
    process = start(world, MODELMONITOR_CHAMPION_URI="/no/such/model")
    _, log = process.communicate(timeout=60)
    told = json.loads((world / "termination-log").read_text())
    assert (process.returncode, told["error"]) == (3, "ModelNotFound")
    assert "/no/such/model" in told["message"]
    assert "Traceback" not in log


def test_a_full_disk_is_told_and_leaves_no_result(world: Path) -> None:
    # What is written beyond so many blocks of 512 bytes is refused, as on a disk that is full.
    process = start(world, ulimit="-f 3", MODELMONITOR_TERMINATION_LOG="/dev/null")
    out, log = process.communicate(timeout=60)
    told = json.loads(out)
    assert (process.returncode, told["error"]) == (3, "StorageFull"), log
    assert "there is no space left" in told["message"]
    assert not (world / "new" / "result.json").exists()
    run_again = start(world)
    run_again.communicate(timeout=60)
    assert run_again.returncode == 0, "half an attempt of its own is written anew"


def test_told_to_stop_it_says_so(world: Path) -> None:
    hanging = world / "data" / "date=2013-02-05" / "part.parquet"
    hanging.unlink()
    os.mkfifo(hanging)
    process = start(world)
    assert process.stderr is not None
    while "looking for rows" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert (process.returncode, json.loads((world / "termination-log").read_text())["error"]) == (3, "Interrupted")


@pytest.mark.parametrize("module", MODULES)
def test_a_wrong_option_is_wrong_usage(world: Path, module: str) -> None:
    process = start(world, "--no-such-option", module=module)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "--no-such-option" in log


def test_help_reads_well(world: Path) -> None:
    process = start(world, "--help", module=MODULES[1])
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert out == (ROOT / "tests" / "data" / "cli" / "train-help.txt").read_text()
    assert max(len(line) for line in out.splitlines()) <= 100
