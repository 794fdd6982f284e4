import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection, socket

import pytest

WEED = str(Path(sys.executable).with_name("weed"))


@dataclass(frozen=True)
class Store:
    """A real S3 server (seaweedfs) on loopback, with one account that may do all and one that may only read."""

    endpoint: str
    bucket: str

    def environ(self, user: str = "owner", prefix: str = "") -> dict[str, str]:
        return {
            f"{prefix}AWS_ACCESS_KEY_ID": user,
            f"{prefix}AWS_SECRET_ACCESS_KEY": f"secret of {user}",
            f"{prefix}AWS_ENDPOINT_URL": self.endpoint,
            f"{prefix}AWS_REGION": "us-east-1",
            f"{prefix}AWS_ALLOW_HTTP": "true",
        }


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("seaweedfs")
    accounts = [_account("owner", ["Admin", "Read", "Write", "List"]), _account("reader", ["Read", "List"])]
    (folder / "s3.json").write_text(json.dumps({"identities": accounts}))
    master, master_grpc, volume, volume_grpc, filer, filer_grpc, s3, s3_grpc = _free_ports(8)
    command = [
        *(WEED, "server", "-s3", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-master.telemetry=false"),
        *(f"-master.port={master}", f"-master.port.grpc={master_grpc}", "-master.volumeSizeLimitMB=64"),
        *(f"-volume.port={volume}", f"-volume.port.grpc={volume_grpc}"),
        *(f"-filer.port={filer}", f"-filer.port.grpc={filer_grpc}"),
        *(f"-s3.port={s3}", f"-s3.port.grpc={s3_grpc}", f"-s3.config={folder / 's3.json'}"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        store = Store(f"http://127.0.0.1:{s3}", "lake")
        shell = [WEED, "shell", f"-master=127.0.0.1:{master}.{master_grpc}"]
        _until_it_answers(process, s3, folder / "log")
        subprocess.run(
            shell, input=f"s3.bucket.create -name {store.bucket}\n", text=True, check=True, capture_output=True
        )
        yield store
    finally:
        # Asked politely it takes half a minute to hand over volumes that nobody will read.
        process.kill()
        process.wait()


def _account(name: str, actions: list[str]) -> dict[str, object]:
    key = {"accessKey": name, "secretKey": f"secret of {name}"}
    return {"name": name, "credentials": [key], "actions": actions}


def _free_ports(number: int) -> list[int]:
    sockets = [socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [int(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(240):
        if process.poll() is not None:
            raise RuntimeError(f"seaweedfs ended: {log.read_text()[-2000:]}")
        try:
            create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.125)
        else:
            return
    raise RuntimeError(f"seaweedfs did not answer in 30 s: {log.read_text()[-2000:]}")
