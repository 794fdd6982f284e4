"""The stand-in answers what the real MLServer was recorded to answer."""

import json
from pathlib import Path
from typing import Any, Final

import pytest

from modelmonitor.evaluation.endpoint.answer import shown
from tests.unit.evaluation.endpoint.served import models
from tests.unit.evaluation.endpoint.stand_in import Asked, answer

EXCHANGES: Final[list[dict[str, Any]]] = json.loads(
    (Path(__file__).parents[3] / "data" / "mlserver" / "exchanges.json").read_text("utf-8")
)


def named(exchange: dict[str, Any]) -> str:
    return f"{exchange['status']} {exchange['method']} {exchange['path']}"


@pytest.mark.parametrize("exchange", EXCHANGES, ids=named)
def test_the_stand_in_answers_as_the_real_server_did(exchange: dict[str, Any]) -> None:
    body = b"" if exchange["asked"] is None else json.dumps(exchange["asked"]).encode()
    reply = answer(models(), Asked(exchange["method"], exchange["path"], {}, body))
    assert reply.status == exchange["status"]
    if reply.status == 500:
        assert shown(reply.body) == shown(exchange["answer"].encode())
        return
    said, recorded = json.loads(reply.body), exchange["answer"]
    assert with_round_numbers(said) == with_round_numbers(recorded)


def with_round_numbers(value: Any) -> Any:
    """Two machines need not agree in the last digits."""
    if isinstance(value, float):
        return pytest.approx(value, rel=1e-9, abs=1e-12)
    if isinstance(value, list):
        return [with_round_numbers(one) for one in value]
    return {key: with_round_numbers(one) for key, one in value.items()} if isinstance(value, dict) else value


def test_the_recordings_hold_what_a_server_may_do_to_us() -> None:
    assert {exchange["status"] for exchange in EXCHANGES} >= {200, 400, 404, 500}
    questions = [exchange["path"].split("/")[3] for exchange in EXCHANGES if exchange["path"] != "/v2"]
    assert {*models()} <= {*questions}
