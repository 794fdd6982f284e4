"""A stand-in for MLServer 1.7.1, checked against recordings of the real one (tests/data/mlserver, test_stand_in.py).

What it does: metadata, and inference of scikit-learn models by columns (`pd`) or one tensor, with `predict` and
`predict_proba`. What it does not: other runtimes, codecs, binary tensors, gRPC. Before each answer a script may step in
with a fault, as a gateway or a broken server would.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pandas as pd

from tests.unit.evaluation.endpoint.served import Served

NAMES = {"INT64": "int64", "FP64": "float64", "FP32": "float32", "BOOL": "bool"}


@dataclass(frozen=True)
class Reply:
    """What goes over the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """What came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


Script = Callable[[Asked, int], Reply | None]
"""Answers in place of the server, or None; told how many came before on the same path."""


def says(status: int, document: Any) -> Reply:
    return Reply(status, json.dumps(document).encode())


def answer(models: Mapping[str, Served], asked: Asked) -> Reply:
    """What MLServer would answer."""
    if asked.path == "/v2":
        return says(200, {"name": "mlserver", "version": "1.7.1", "extensions": []})
    name = asked.path.removeprefix("/v2/models/").removesuffix("/infer")
    if name not in models:
        return says(404, {"error": f"Model {name} not found"})
    served = models[name]
    if asked.method == "GET":
        known = {key: served.settings.get(key, []) for key in ("versions", "inputs", "outputs")}
        return says(200, {"name": name, "platform": "", "parameters": {}} | known)
    return _inferred(name, served, json.loads(asked.body))


def _inferred(name: str, served: Served, question: Any) -> Reply:
    wanted = [one["name"] for one in question.get("outputs", [{"name": "predict"}])]
    last = served.estimator.steps[-1][-1]
    if "predict_proba" in wanted and not hasattr(last, "predict_proba"):
        return says(400, {"error": f"{type(last)} models do not support 'predict_proba"})
    try:
        given = _decoded(question)
        outputs = [_output(one, getattr(served.estimator, one)(given)) for one in wanted]
    except (ValueError, TypeError) as error:
        return Reply(500, f"Traceback (most recent call last):\n  File …\n{type(error).__name__}: {error}\n".encode())
    version = served.settings.get("parameters", {}).get("version")
    said = {"model_name": name, "id": "", "parameters": {}, "outputs": outputs}
    return says(200, said | ({"model_version": version} if version else {}))


def _decoded(question: Any) -> Any:
    inputs = question["inputs"]
    if question.get("parameters", {}).get("content_type") == "pd":
        columns = {one["name"]: pd.Series(one["data"], dtype=NAMES.get(one["datatype"])) for one in inputs}
        return pd.DataFrame(columns)
    (one,) = inputs
    return np.array(one["data"], NAMES[one["datatype"]]).reshape(one["shape"])


def _output(name: str, found: Any) -> Any:
    values = np.asarray(found)
    kinds = {"i": "INT64", "f": "FP64", "b": "BOOL"}
    shape = [len(values), 1] if values.ndim == 1 else list(values.shape)
    datatype = kinds.get(values.dtype.kind, "BYTES")
    data = values.reshape(-1).tolist()
    return {"name": name, "shape": shape, "datatype": datatype, "parameters": {"content_type": "np"}, "data": data}


@dataclass
class StandIn:
    """A server that runs."""

    url: str
    asked: list[Asked] = field(default_factory=list)

    def paths(self, path: str) -> list[Asked]:
        return [one for one in self.asked if one.path == path]


@contextmanager
def serving(models: Mapping[str, Served], script: Script = lambda asked, before: None) -> Iterator[StandIn]:
    """Serve models on loopback."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply(b"")

        def do_POST(self) -> None:
            self._reply(self.rfile.read(int(self.headers["Content-Length"])))

        def _reply(self, body: bytes) -> None:
            asked = Asked(self.command, self.path, dict(self.headers), body)
            with lock:
                before = len(stand_in.paths(self.path))
                stand_in.asked.append(asked)
            reply = script(asked, before) or answer(models, asked)
            self.send_response(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
            """Nothing: what was asked is kept."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stand_in = StandIn(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stand_in
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
