"""The Job as the kubelet runs it: a process, a mounted input, a termination log, an exit code."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import EvaluationResult, Verdict, Window, decode
from modelmonitor.evaluation.storage import Purpose, open_folder
from tests.unit.evaluation import models
from tests.unit.evaluation.conftest import Store
from tests.unit.evaluation.worlds import LOADED, input_for, write_days

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ended:
    code: int
    log: str
    result: EvaluationResult


def start(
    folder: Path, given: EvaluationInput | bytes | None, environ: dict[str, str], *arguments: str
) -> subprocess.Popen[str]:
    if given is not None:
        content = given if isinstance(given, bytes) else json.dumps(given.document()).encode()
        (folder / "input.json").write_bytes(content)
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MODELMONITOR_"))}
    own = {
        "PYTHONPATH": str(ROOT / "operator"),
        "MODELMONITOR_INPUT": str(folder / "input.json"),
        "MODELMONITOR_TERMINATION_LOG": str(folder / "termination-log"),
    }
    return subprocess.Popen(
        [sys.executable, *(arguments or ("-m", "modelmonitor.evaluation"))],
        env=plain | own | environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def job(folder: Path, given: EvaluationInput | bytes | None, environ: dict[str, str] | None = None) -> Ended:
    process = start(folder, given, environ or {})
    log, _ = process.communicate(timeout=60)
    return Ended(process.returncode, log, decode((folder / "termination-log").read_text("ascii")))


def test_every_verdict_exits_0_and_is_the_termination_message(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    ended = job(tmp_path, input_for(tmp_path / "data", metrics=[{"name": "f1", "min": 0.99}]))
    assert (ended.code, ended.result.verdict) == (0, Verdict.FAIL)
    assert "Fail ObjectiveMissed: f1 is" in ended.log
    assert ended.result.message in ended.log


def test_data_model_and_reports_in_a_store_each_with_its_own_secret(tmp_path: Path, store: Store) -> None:
    write_days(tmp_path / "data", 8)
    models.good(tmp_path / "model")
    for name in ("data", "model"):
        folder = open_folder(f"s3://{store.bucket}/job/{name}", Purpose.DATA, store.environ())
        for path in (tmp_path / name).rglob("*.*"):
            if path.is_file():
                folder.write(path.relative_to(tmp_path / name).as_posix(), path.read_bytes())
    given = input_for(
        f"s3://{store.bucket}/job/data/",
        predictions=LOADED,
        champion=f"s3://{store.bucket}/job/model",
        reports={"uri": f"s3://{store.bucket}/job/reports"},
    )
    ended = job(
        tmp_path,
        given,
        {"AWS_ACCESS_KEY_ID": "of the user's own container", "AWS_SESSION_TOKEN": "for something else"}
        | store.environ("reader", "MODELMONITOR_DATA_")
        | store.environ("reader", "MODELMONITOR_MODEL_")
        | store.environ("owner", "MODELMONITOR_REPORTS_"),
    )
    assert (ended.code, ended.result.verdict) == (0, Verdict.PASS), ended.log
    assert ended.result.report_uri == f"s3://{store.bucket}/job/reports/shop/clicks/clicks-e-1.json"
    assert "secret of" not in ended.log


@pytest.mark.parametrize(
    ("given", "reason", "says"),
    [
        pytest.param(None, "InputMissing", "No such file", id="no input is mounted"),
        pytest.param(b"{", "InputInvalid", "input.json", id="half an input"),
        pytest.param(b'{"monitor": "x"}', "InputInvalid", "namespace: Field required", id="another release's input"),
        pytest.param(input_for("/no/such/folder"), "FolderNotFound", "/no/such/folder", id="no data is mounted"),
    ],
)
def test_what_keeps_it_from_measuring_is_an_error_in_words_and_exit_code_3(
    tmp_path: Path, given: EvaluationInput | bytes | None, reason: str, says: str
) -> None:
    ended = job(tmp_path, given)
    assert (ended.code, ended.result.verdict, ended.result.reason) == (3, Verdict.ERROR, reason)
    assert says in ended.result.message
    assert "Traceback" not in ended.log


def test_a_mistake_of_our_own_is_an_error_too_with_the_traceback_in_the_log_alone(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8)
    # New York had no such day: no grid has a window there.
    first = datetime(1, 1, 1, tzinfo=UTC)
    window = Window(index=0, start=first, end=first + timedelta(days=7))
    given = input_for(tmp_path / "data").model_copy(update={"window": window, "closes": window.end})
    ended = job(tmp_path, given)
    assert (ended.code, ended.result.verdict, ended.result.reason) == (3, Verdict.ERROR, "Unexpected")
    assert "Traceback" in ended.log
    assert "Traceback" not in ended.result.message


def test_told_to_stop_while_it_waits_for_a_store_it_says_so_at_once(tmp_path: Path) -> None:
    """Such a wait is in compiled code, where Python hears no signal."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_ALLOW_HTTP": "true"}
        process = start(tmp_path, input_for("s3://lake/flights"), keys | {"AWS_ENDPOINT_URL": endpoint})
        silent.accept()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=5)
    result = decode((tmp_path / "termination-log").read_text())
    assert (process.returncode, result.verdict, result.reason) == (3, Verdict.ERROR, "Interrupted")


def test_told_to_stop_it_says_so_and_is_an_error(tmp_path: Path) -> None:
    """Eviction, node drain, deadline: the kubelet sends SIGTERM and waits."""
    pipe = tmp_path / "data" / "date=2013-02-04" / "part.parquet"
    pipe.parent.mkdir(parents=True)
    os.mkfifo(pipe)  # opening it blocks for as long as nobody writes: an evaluation that takes its time
    process = start(tmp_path, input_for(tmp_path / "data", partitioning="Hive"), {})
    assert process.stdout is not None
    assert "window" in process.stdout.readline()
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    process.wait(timeout=20)
    result = decode((tmp_path / "termination-log").read_text())
    assert (process.returncode, result.verdict, result.reason) == (3, Verdict.ERROR, "Interrupted")


def test_the_evaluator_starts_without_the_heavy_libraries() -> None:
    """scikit-learn, pandas and scipy cost more than a whole evaluation of logged predictions."""
    code = "import sys, modelmonitor.evaluation.__main__; print(*sys.modules)"
    environ = os.environ | {"PYTHONPATH": str(ROOT / "operator")}
    loaded = subprocess.run(
        [sys.executable, "-c", code], env=environ, check=True, capture_output=True, text=True
    ).stdout
    assert {"sklearn", "pandas", "scipy", "polars", "kopf", "kubernetes"}.isdisjoint(loaded.split())


# A process of its own that is small: the peak of a process counts from its fork, so pytest's memory would be in it.
PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "modelmonitor.evaluation"], check=True, stdout=sys.stderr)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_kilobytes(folder: Path, given: EvaluationInput) -> int:
    process = start(folder, given, {}, "-S", "-c", PEAK)
    out, _ = process.communicate(timeout=60)
    return int(out.splitlines()[-1])


def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    write_days(tmp_path / "data", 8, rows=150_000)
    given = input_for(tmp_path / "data", metrics=[{"name": "f1", "min": 0.2}, {"name": "roc_auc", "min": 0.5}])
    peaks = []
    for files in (1, 6):
        for day in (tmp_path / "data").iterdir():
            for number in range(1, files):
                shutil.copy(day / "part.parquet", day / f"part-{number}.parquet")
        peaks.append(peak_kilobytes(tmp_path, given))
        result = decode((tmp_path / "termination-log").read_text())
        assert (result.verdict, result.rows) == (Verdict.PASS, 7 * files * 150_000)
    assert peaks[1] < peaks[0] * 1.15, peaks
