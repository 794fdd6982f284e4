"""What a person sees of a backtest, compared with tests/data/cli (UPDATE_GOLDENS=1 writes them anew)."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from modelmonitor.cli.backtest import Request, run
from modelmonitor.cli.main import Exit
from tests.unit.backtest.pasts import body, rows_of, week, write_weeks
from tests.unit.cli.test_evaluate import golden
from tests.unit.cli.test_main import ROOT, program
from tests.unit.evaluation import models
from tests.unit.evaluation.worlds import NOW, write

ONE: dict[str, Any] = {"failuresToTrip": 1}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(**changes: Any) -> None:
    document = {
        "apiVersion": "modelmonitor.dev/v1alpha1",
        "kind": "ModelMonitor",
        "metadata": {"name": "clicks", "namespace": "shop"},
        "spec": body(**changes),
    }
    Path("monitor.yaml").write_text(yaml.safe_dump(document))


def told(width: int = 120, **request: Any) -> tuple[int, str, str]:
    out, err = (Console(file=StringIO(), width=width, no_color=True) for _ in range(2))
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "operator")}
    code = run(Request(Path("monitor.yaml"), **request), environ, NOW, out=out, err=err)
    return code, *(console.file.getvalue() for console in (out, err))  # type: ignore[attr-defined]


def rotting(**changes: Any) -> None:
    write_weeks(Path("data"), 7, turned=range(3, 8))
    models.good(Path("first"))
    written(verdict=ONE, retrain={"trainingWindow": "7d"}, **changes)


def overlapping() -> None:
    write_weeks(Path("data"), 6, turned=range(3, 7))
    models.good(Path("first"))
    written(
        windows={"length": "14d", "every": "7d"},
        metrics=[{"name": "f1", "min": 0.5}, {"name": "recall", "min": 0.4}],
        data={"reference": {"window": {"start": "2013-02-04", "end": "2013-02-11"}}},
        drift={"features": {"method": "psi", "max": 0.2}, "prediction": {"method": "js", "max": 0.02}},
    )


def broken() -> None:
    write_weeks(Path("data"), 5)
    models.good(Path("first"))
    rows = rows_of(week(2), turned=False)
    del rows["label"]
    write(Path("data"), week(2), rows)
    written()


def hours() -> None:
    write_weeks(Path("data"), 0, rows=1200)
    models.good(Path("first"))
    written(windows={"length": "6h", "every": "6h"}, metrics=[{"name": "roc_auc", "min": 0.9}], retrain=None)


def logged() -> None:
    rotting(data={"predictions": {"column": {}}})


@pytest.mark.parametrize("width", [120, 60])
@pytest.mark.parametrize(
    ("name", "make", "request_", "code"),
    [
        pytest.param(
            "replaced", rotting, {"drift_at": week(3)}, Exit.OK, id="a model that rots, with the shipped trainer"
        ),
        pytest.param("no-train", rotting, {"trains": False, "drift_at": week(5)}, Exit.OK, id="nothing is trained"),
        pytest.param(
            "own-trainer",
            logged,
            {"command": "echo out of memory; exit 137", "last": week(5)},
            Exit.OK,
            id="a trainer of the person's own, which fails",
        ),
        pytest.param(
            "overlapping", overlapping, {"trains": False}, Exit.OK, id="windows that overlap, data that drift"
        ),
        pytest.param("stopped", broken, {"trains": False}, Exit.NOT_MEASURED, id="a window that cannot be measured"),
        pytest.param("hours", hours, {}, Exit.OK, id="windows of hours"),
    ],
)
def test_a_backtest_is_shown(
    name: str, make: Callable[[], None], request_: dict[str, Any], code: Exit, width: int
) -> None:
    make()
    found, out, err = told(width, model="first", **request_)
    golden(f"backtest-{name}-{width}", out)
    assert found == code, err
    assert max(map(len, out.splitlines())) <= width


def test_of_batch_jobs_the_manifest_says_which_model_is_the_first(here: Path) -> None:
    write_weeks(Path("data"), 2)
    models.good(Path("first"))
    written(model={"serving": {"batch": {"uri": "first"}}})
    code, out, err = told(trains=False)
    assert code == Exit.OK, err
    assert "2 Pass" in out


def test_progress_says_which_window_of_how_many(here: Path) -> None:
    rotting()
    _, _, err = told(model="first", trains=False)
    lines = err.splitlines()
    assert lines[0].startswith("1 of 7: 2013-02-04 Pass: f1 is ")
    assert [line[:7] for line in lines if "Tripped" not in line] == [f"{number} of 7:"[:7] for number in range(1, 8)]


def test_on_a_terminal_progress_is_gone_in_the_end(here: Path) -> None:
    rotting()
    screen = StringIO()
    out, err = Console(file=StringIO(), width=100), Console(file=screen, width=100, force_terminal=True)
    request = Request(Path("monitor.yaml"), model="first", trains=False)
    assert run(request, {}, NOW, out=out, err=err) == Exit.OK
    assert "\n" not in screen.getvalue().replace("\r", "").split("\x1b[2K")[-1]


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing_half_written(here: Path) -> None:
    write_weeks(Path("data"), 2)
    models.good(Path("first"))
    written()
    Path("story.json").mkdir()
    code, out, err = told(model="first", trains=False, json_file=Path("story.json"))
    assert code == Exit.USAGE
    assert "2 windows" in out
    assert "--json: story.json cannot be written" in err
    assert sorted(path.name for path in here.iterdir()) == ["data", "first", "monitor.yaml", "story.json"]


def test_all_of_it_is_written_as_json(here: Path) -> None:
    rotting()
    told(model="first", trains=False, json_file=Path("story.json"))
    story = json.loads(Path("story.json").read_text())
    assert [one["verdict"] for one in story["windows"]] == ["Pass"] * 3 + ["Fail"] * 4
    assert story["counts"]["trips"] == 4
    assert sorted(path.name for path in here.iterdir()) == ["data", "first", "monitor.yaml", "story.json"]


@pytest.mark.parametrize(
    ("changes", "request_", "says"),
    [
        pytest.param({}, {}, "give with --model the URI of the one that served when", id="no model to load"),
        pytest.param(
            {"data": {"predictions": {"column": {}}}},
            {},
            "give its URI with --model, or use --no-train",
            id="logged scores, and no model to train after",
        ),
        pytest.param(
            {"data": {"predictions": {"endpoint": {"url": "http://localhost:1", "model": "clicks"}}}},
            {},
            "give its URI with --model, or use --no-train",
            id="an endpoint, and no model to train after",
        ),
        pytest.param(
            {
                "data": {
                    "predictions": {"column": {}},
                    "columns": {"timestamp": "at", "label": "label", "score": "score", "modelVersion": "said"},
                },
                "retrain": None,
            },
            {},
            "data.columns.modelVersion, so the rows of one model count: give with --model",
            id="versions, and no model that is one of them",
        ),
        pytest.param(
            {"retrain": None},
            {"model": "first", "command": "true"},
            "--train: the manifest has no spec.retrain",
            id="a trainer, and no word on what to train",
        ),
        pytest.param(
            {},
            {"model": "first", "json_file": Path("nowhere/story.json")},
            "--json: nowhere is not a folder",
            id="nowhere to write to",
        ),
        pytest.param({"metric": []}, {"model": "first"}, "spec.metric: there is no such field", id="a wrong manifest"),
        pytest.param(
            {}, {"model": "first", "first": date(2014, 1, 1)}, "is closed: the first is", id="days without data"
        ),
    ],
)
def test_what_cannot_be_done_is_told_before_anything_is(
    changes: dict[str, Any], request_: dict[str, Any], says: str
) -> None:
    write_weeks(Path("data"), 2)
    models.good(Path("first"))
    written(**changes)
    code, out, err = told(**request_)
    assert (code, out) == (Exit.USAGE, "")
    assert says in " ".join(err.split())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"data": {"current": {"files": {"uri": "nowhere"}}}}, "nowhere is not a folder", id="no data"),
        pytest.param({"data": {"columns": {"timestamp": "at", "label": "truth"}}}, 'column "truth"', id="no column"),
    ],
)
def test_what_cannot_be_measured_at_all_is_told(change: dict[str, Any], says: str) -> None:
    write_weeks(Path("data"), 2)
    models.good(Path("first"))
    written(**change)
    code, out, err = told(model="first")
    assert (code, out) == (Exit.NOT_MEASURED, "")
    assert says in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["-f", "monitor.yaml", "--model", "first"], 0, "2 windows", id="it ends well"),
        pytest.param(["-f", "monitor.yaml"], 2, "give with --model", id="wrong usage"),
        pytest.param(["-f", "monitor.yaml", "--train", "x", "--no-train"], 2, "exclude each other", id="both"),
        pytest.param(["-f", "monitor.yaml", "--from", "May"], 2, "'May' does not match", id="not a day"),
    ],
)
def test_exit_codes(here: Path, arguments: list[str], code: int, says: str) -> None:
    write_weeks(Path("data"), 2)
    models.good(Path("first"))
    written()
    ended = program(here, "backtest", *arguments)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert says in " ".join((ended.stdout + ended.stderr).replace("│", " ").split())
    assert "Traceback" not in ended.stderr


def test_interrupted_while_it_trains_nothing_is_left_and_nothing_runs_on(here: Path) -> None:
    rotting()
    scratch = here / "tmp"
    scratch.mkdir()
    running = subprocess.Popen(
        [
            *(sys.executable, "-m", "modelmonitor.cli", "backtest", "-f", "monitor.yaml", "--model", "first"),
            *("--json", "story.json", "--train", f"sleep 600 & sleep 1; echo $! > {here / 'child'}; wait"),
        ],
        env=os.environ | {"PYTHONPATH": str(ROOT / "operator"), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    child = here / "child"
    while not (child.exists() and child.read_text().strip()):
        assert running.poll() is None
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert "Interrupted: nothing was written." in err
    assert "Traceback" not in err
    assert list(scratch.iterdir()) == []
    assert not Path("story.json").exists()
    pid = int(child.read_text())
    # Killed is not yet gone, on a machine that has much to do.
    for _ in range(200):
        if not _runs(pid):
            return
        time.sleep(0.05)
    pytest.fail(f"the trainer's child {pid} runs on")


def _runs(pid: int) -> bool:
    """Whether a process is alive: one that was killed may still wait to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
