"""A real MLServer on loopback, from an environment of its own with the packages of e2e/seldon."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from typing import Final

import joblib
import urllib3

from tests.unit.evaluation.endpoint.served import models

ROOT: Final = Path(__file__).parents[4]
LOCK: Final = ROOT / "e2e" / "seldon" / "requirements-mlserver.lock"


def environment() -> Path:
    """Where it is, or would be: another lock or another Python is another folder, as in the Makefile."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = Path(os.environ.get("MODELMONITOR_CACHE") or base / "modelmonitor")
    key = hashlib.sha256(LOCK.read_bytes() + f"Python {sys.version}\n".encode()).hexdigest()[:12]
    return cache / f"mlserver-{key}"


def is_there() -> bool:
    """Whether it has been made."""
    return (environment() / "complete").exists()


def make() -> None:
    """Make the environment, if it is not there."""
    target = environment()
    if is_there():
        return
    shutil.rmtree(target, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(target)], check=True)
    pip = [str(target / "bin" / "pip"), "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(LOCK)], check=True)
    (target / "complete").touch()


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The address of a server of all `served.models`, whose files go into `folder`."""
    for name, model in models().items():
        place = folder / name
        place.mkdir()
        joblib.dump(model.estimator, place / "model.joblib")
        parameters = {"uri": "./model.joblib", **model.settings.get("parameters", {})}
        settings = {"name": name, "implementation": "mlserver_sklearn.SKLearnModel", **model.settings}
        (place / "model-settings.json").write_text(json.dumps(settings | {"parameters": parameters}))
    http, grpc, metrics = _free_ports(3)
    environ = os.environ | {
        "MLSERVER_HOST": "127.0.0.1",
        "MLSERVER_HTTP_PORT": str(http),
        "MLSERVER_GRPC_PORT": str(grpc),
        "MLSERVER_METRICS_PORT": str(metrics),
        "MLSERVER_PARALLEL_WORKERS": "0",
        "MLSERVER_METRICS_DIR": str(folder / "metrics"),
        "MLSERVER_ENVIRONMENTS_DIR": str(folder / "environments"),
    }
    log = folder / "log"
    with log.open("wb") as output:
        command = [str(environment() / "bin" / "mlserver"), "start", str(folder)]
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environ, cwd=folder)
    try:
        address = f"http://127.0.0.1:{http}"
        _until_ready(process, address, log)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _until_ready(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"MLServer ended: {log.read_text()[-2000:]}")
        try:
            if urllib3.request("GET", f"{address}/v2/health/ready", timeout=1, retries=False).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.25)
    raise RuntimeError(f"MLServer was not ready in 60 s: {log.read_text()[-2000:]}")


def _free_ports(number: int) -> list[int]:
    sockets = [socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports
