"""Record what a real MLServer answers: `python -m tests.data.mlserver.record`, from the root, writes exchanges.json.

Its environment is made first, where it is missing. What is asked is what the evaluation asks of each model, about six
rows; and what a server is not usually asked: what it makes of nulls, of columns and models that are not there.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import urllib3

from tests.unit.evaluation.endpoint import mlserver, served
from tests.unit.evaluation.endpoint.questions import model_at, sample
from tests.unit.evaluation.endpoint.stand_in import Asked, Reply, serving

TARGET = Path(__file__).with_name("exchanges.json")


def main() -> None:
    """Ask, and write down what was asked and answered."""
    mlserver.make()
    exchanges: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch, mlserver.running(Path(scratch)) as address:

        def recorded(asked: Asked, before: int) -> Reply:
            reply = passed_on(address, asked)
            exchanges.append(exchange(asked, reply))
            return reply

        with serving({}, recorded) as proxy:
            rows = sample(Path(scratch, "rows"))
            for name, model in served.models().items():
                found = model_at(proxy.url, name, rows, batchRows=6)
                found.predict(served.batch(model.columns, number=6), "six rows")
            model_at(proxy.url, "whole", rows, batchRows=8).predict(served.batch_with_gaps(), "rows with gaps")
            for path, body in unusual():
                request = Asked("GET" if body is None else "POST", path, {}, body or b"")
                recorded(request, 0)
    TARGET.write_text(json.dumps(exchanges, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"{len(exchanges)} exchanges in {TARGET.name}")


def unusual() -> list[tuple[str, bytes | None]]:
    """Paths and bodies; None is a GET."""
    cells = {"x": 0.5, "y": -0.25, "n": 3, "carrier": "AA", "wet": True}
    kinds = {"x": "FP64", "y": "FP64", "n": "INT64", "carrier": "BYTES", "wet": "BOOL"}

    def asked(of: str, values: dict[str, Any], outputs: list[str]) -> tuple[str, bytes]:
        inputs = [
            {"name": name, "shape": [1, 1], "datatype": kinds[name], "data": [value]} for name, value in values.items()
        ]
        question = {
            "parameters": {"content_type": "pd"},
            "inputs": inputs,
            "outputs": [{"name": one} for one in outputs],
        }
        return f"/v2/models/{of}/infer", json.dumps(question).encode()

    return [
        asked("whole", cells | {"wet": None}, ["predict_proba"]),
        asked("whole", cells | {"wet": False}, ["predict_proba"]),
        asked("whole", cells | {"n": None}, ["predict_proba"]),
        asked("whole", {name: value for name, value in cells.items() if name != "x"}, ["predict"]),
        asked("gone", cells, ["predict"]),
        ("/v2/models/gone", None),
    ]


def passed_on(address: str, asked: Asked) -> Reply:
    """What the real server answers."""
    # After a 500 the server hangs up on whoever would ask again on the same connection.
    headers = {"Content-Type": "application/json", "Connection": "close"}
    answer = urllib3.request(
        asked.method, address + asked.path, body=asked.body or None, headers=headers, retries=False
    )
    return Reply(answer.status, answer.data)


def exchange(asked: Asked, reply: Reply) -> dict[str, Any]:
    """As it is kept: without the random id, and without the machine's paths in a traceback."""
    try:
        answer: Any = json.loads(reply.body)
    except ValueError:
        lines = reply.body.decode().splitlines()
        answer = "\n".join(line for number, line in enumerate(lines) if number == 0 or not line.startswith(" "))
    else:
        answer |= {"id": ""} if "id" in answer else {}
    question = json.loads(asked.body) if asked.body else None
    return {"method": asked.method, "path": asked.path, "asked": question, "status": reply.status, "answer": answer}


if __name__ == "__main__":
    main()
