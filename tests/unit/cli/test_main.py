"""The program as a process: exit codes that scripts rely on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.test_evaluate import manifest
from tests.unit.evaluation.worlds import write_days

ROOT = Path(__file__).parents[3]


def program(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "modelmonitor.cli", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT / "operator"), "TERM": "dumb", "COLUMNS": "100"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    write_days(folder / "data", 8)
    (folder / "monitor.yaml").write_text(yaml.safe_dump(manifest(metrics=[{"name": "f1", "min": 0.2}])))
    (folder / "strict.yaml").write_text(yaml.safe_dump(manifest(metrics=[{"name": "f1", "min": 0.9}])))
    (folder / "wrong.yaml").write_text(yaml.safe_dump(manifest(metric=[])))
    return folder


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["-f", "monitor.yaml"], 0, "Pass f1 is", id="pass"),
        pytest.param(
            ["-f", "monitor.yaml", "--window", "2013-02-04", "--json", "x.json"], 0, "Pass f1 is", id="a named window"
        ),
        pytest.param(["-f", "strict.yaml", "--latest"], 10, "Fail f1 is", id="fail"),
        pytest.param(["-f", "monitor.yaml", "--window", "2013-02-11"], 11, "Open the newest event", id="open"),
        pytest.param(
            ["-f", "monitor.yaml", "--model", "x", "--candidate", "y"], 3, "CandidateNotFound", id="not measured"
        ),
        pytest.param(["-f", "wrong.yaml"], 2, "spec.metric: there is no such field", id="a wrong manifest"),
        pytest.param(["-f", "nowhere.yaml"], 2, "No such file or directory", id="no manifest"),
        pytest.param([], 2, "Missing option '--file'", id="no option"),
        pytest.param(
            ["-f", "monitor.yaml", "--latest", "--window", "2013-02-04"], 2, "exclude each other", id="two windows"
        ),
        pytest.param(["-f", "monitor.yaml", "--window", "May"], 2, "'May' does not match", id="not a day"),
        pytest.param(
            ["-f", "monitor.yaml", "--trained-through", "2013-02-04"],
            2,
            "give --candidate too",
            id="of which candidate?",
        ),
    ],
)
def test_exit_codes(folder: Path, arguments: list[str], code: int, says: str) -> None:
    ended = program(folder, "evaluate", *arguments)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert says in " ".join((ended.stdout + ended.stderr).replace("│", " ").split())
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["-f", "monitor.yaml"], 2, "the manifest has no spec.reports", id="no record is kept"),
        pytest.param(["--uri", "nowhere"], 11, "There is no decision in nowhere/decisions/", id="no record there"),
        pytest.param([], 2, "give either --file", id="neither manifest nor folder"),
        pytest.param(["-f", "monitor.yaml", "--uri", "x"], 2, "give either --file", id="both"),
        pytest.param(["--uri", "x", "-n", "shop"], 2, "--namespace goes with --file", id="a namespace beside a folder"),
        pytest.param(["--uri", "x", "--at", "May"], 2, "'May' is not a time", id="not a time"),
    ],
)
def test_exit_codes_of_history(folder: Path, arguments: list[str], code: int, says: str) -> None:
    ended = program(folder, "history", *arguments)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert says in " ".join((ended.stdout + ended.stderr).replace("│", " ").split())
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments", [["--help"], *([name, "--help"] for name in ("evaluate", "history", "train"))], ids=" ".join
)
def test_help_tells_what_there_is(folder: Path, arguments: list[str]) -> None:
    ended = program(folder, *arguments)
    assert ended.returncode == 0
    assert "sage" in ended.stdout
