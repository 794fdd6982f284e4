"""The initializer against a real S3 server that runs with the manifest's own options, and the engine's place-holder."""

import os
import random
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
import yaml
from obstore.store import S3Store

from e2e.seldon import installation

ROOT = Path(__file__).parents[3]
WEED = Path(sys.executable).with_name("weed")


def options() -> list[str]:
    """The S3 server's arguments in its manifest."""
    documents = yaml.safe_load_all(installation.s3("image"))
    pod = next(d["spec"]["template"]["spec"] for d in documents if d and d["kind"] == "Deployment")
    return [str(argument) for argument in pod["containers"][0]["args"]]


def access() -> dict[str, str]:
    """The environment that the Secret of the manifest is."""
    (secret,) = (d for d in yaml.safe_load_all(installation.s3_access("here")) if d)
    return {str(key): str(value) for key, value in secret["stringData"].items()}


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a pod that reaches a running S3 server."""
    # Everything below the ephemeral ports; weed takes each port plus 10,000 as well.
    first = random.randrange(12000, 20000, 10)  # noqa: S311
    ports = iter(range(first, first + 10))
    moved = [re.sub(r"\.port=\d+", lambda _: f".port={next(ports)}", option) for option in options()]
    kept = [option for option in moved if not option.startswith(("-dir=", "-ip.bind="))]
    command = [str(WEED), "server", *kept, f"-dir={tmp_path_factory.mktemp('weed')}", "-ip.bind=127.0.0.1"]
    port = next(int(option.split("=")[1]) for option in kept if option.startswith("-s3.port="))
    environment = {**os.environ, **access(), "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until_listening(port, server)
        bucket = S3Store(
            "models",
            endpoint=environment["AWS_ENDPOINT_URL"],
            access_key_id=environment["AWS_ACCESS_KEY_ID"],
            secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
            region=environment["AWS_REGION"],
            client_options={"allow_http": True},
        )
        obstore.put(bucket, "flights/1/model.joblib", b"the first")
        obstore.put(bucket, "flights/10/model.joblib", b"the tenth")
        yield environment
    finally:
        # It takes half a minute to say goodbye to itself, and leaves its sockets behind either way.
        server.kill()
        server.wait()
        numbers = {str(port + more) for port in range(first, first + 10) for more in (0, 10000)}
        for left in Path("/tmp").glob("seaweedfs-*.sock"):  # noqa: S108
            if left.stem.rpartition("-")[2] in numbers:
                left.unlink()


def until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 30
    while True:
        assert process.poll() is None, f"exited {process.returncode}"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert time.monotonic() < end, f"nothing listens on {port}"
            time.sleep(0.05)
        else:
            return


def initialize(uri: str, target: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Run the initializer as the pod does; its exit code and its termination message."""
    log = target.parent / "termination-log"
    log.write_text("")
    command = [sys.executable, "-m", "e2e.seldon.initializer", uri, str(target)]
    done = subprocess.run(command, cwd=ROOT, env={**environment, "TERMINATION_LOG": str(log)}, check=False)
    return done.returncode, log.read_text()


@pytest.mark.parametrize("uri", ["s3://models/flights/1", "s3://models/flights/1/"])
def test_the_model_and_nothing_beside_it_is_copied(uri: str, lake: dict[str, str], tmp_path: Path) -> None:
    target = tmp_path / "models"
    assert initialize(uri, target, lake) == (0, "")
    assert [(p.name, p.read_bytes()) for p in target.rglob("*")] == [("model.joblib", b"the first")]


FAILURES = {
    "a folder that is not there": ("s3://models/flights/2", {}, "from s3://models/flights/2: nothing is there"),
    "a bucket that is not there": ("s3://nothing/1", {}, "NoSuchBucket"),
    "a wrong key": ("s3://models/flights/1", {"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"),
    "a server that is not there": (
        "s3://models/flights/1",
        {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        "error sending",
    ),
    "plain http without leave": ("s3://models/flights/1", {"AWS_ALLOW_HTTP": "false"}, "builder error"),
    "another scheme": ("gs://models/1", {}, 'the scheme "gs" is not known here; use s3://bucket/folder'),
    "a local folder that is not there": ("/nothing/here", {}, "no such folder in this pod"),
}


@pytest.mark.parametrize(("uri", "changes", "message"), FAILURES.values(), ids=FAILURES)
def test_what_cannot_be_copied_exits_1_with_a_reason(
    uri: str, changes: dict[str, str], message: str, lake: dict[str, str], tmp_path: Path
) -> None:
    code, said = initialize(uri, tmp_path / "models", {**lake, **changes})
    assert code == 1
    assert message in said


def test_the_engine_passes_bytes_on_and_stops_listening_first() -> None:
    with socket.create_server(("127.0.0.1", 0)) as model_server, socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
        reserved.close()
        ports = ["--port", str(port), "--server-port", str(model_server.getsockname()[1])]
        engine = subprocess.Popen([sys.executable, "-m", "e2e.seldon.engine", "--sdep", "fraud", *ports], cwd=ROOT)
        try:
            until_listening(port, engine)
            model_server.accept()[0].close()
            with socket.create_connection(("127.0.0.1", port), timeout=5) as caller:
                caller.sendall(b"question")
                answering, _ = model_server.accept()
                with answering:
                    assert answering.recv(100) == b"question"
                    answering.sendall(b"answer")
                assert caller.recv(100) == b"answer"
        finally:
            engine.terminate()
            assert engine.wait(timeout=10) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
