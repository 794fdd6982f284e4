"""What answers of a real API server mean: recorded ones, and those of the servers that nobody recorded."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelmonitor.kube.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    TransientError,
    error_of,
)
from tests.unit.e2e_seldon.recording import FOLDER

Answer = tuple[str, int, dict[str, Any]]


def recorded(name: str) -> list[Answer]:
    """What was sent, the HTTP status, the body."""
    return list(_recorded(name))


def _recorded(name: str) -> Iterator[Answer]:
    title = ""
    for line in (FOLDER / f"{name}.txt").read_text().splitlines():
        if line.startswith("## "):
            title = line.removeprefix("## ")
        elif line[:3].isdigit():
            yield title, int(line[:3]), json.loads(line[4:])


JSON_PATCH = {title: (code, body) for title, code, body in recorded("answers-jsonpatch")}


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("test fails", ConflictError),
        ("path missing replace", ConflictError),
        ("test rv stale", ConflictError),
        ("test missing field", ConflictError),
        ("test uid wrong", ConflictError),
        ("replace rv stale (optimistic lock by replacing resourceVersion)", ConflictError),
        ("one weight only", RefusedError),
        ("dry run bad", RefusedError),
        ("merge patch predictors (list replaced)", RefusedError),
        ("strategic merge", RefusedError),
    ],
)
def test_a_failed_test_is_a_conflict_and_a_refusal_of_the_webhook_is_none(sent: str, expected: type[ApiError]) -> None:
    code, body = JSON_PATCH[sent]
    error = error_of(code, body)
    assert type(error) is expected
    assert error.code == code
    assert error.message == body["message"]


def test_every_recorded_answer_that_is_no_success_was_looked_at() -> None:
    assert sum(code >= 400 for code, _ in JSON_PATCH.values()) == 10


@pytest.mark.parametrize("answer", recorded("answers-opdown"), ids=lambda answer: answer[0])
def test_a_webhook_that_is_down_is_waited_for(answer: Answer) -> None:
    _, code, body = answer
    error = error_of(code, body)
    assert type(error) is TransientError
    assert "connection refused" in error.message


@pytest.mark.parametrize("answer", recorded("answers-wh2"), ids=lambda answer: answer[0])
def test_an_object_that_the_webhook_would_refuse_cannot_be_annotated_either(answer: Answer) -> None:
    _, code, body = answer
    error = error_of(code, body)
    assert type(error) is RefusedError
    assert "Traffic must sum to 100" in error.message


def status(reason: str, message: str, **details: Any) -> dict[str, Any]:
    return {"kind": "Status", "reason": reason, "message": message, "details": details}


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        pytest.param(404, status("NotFound", 'jobs.batch "x" not found'), NotFoundError, id="gone"),
        pytest.param(409, status("AlreadyExists", 'jobs.batch "x" already exists'), AlreadyExistsError, id="taken"),
        pytest.param(
            409, status("Conflict", "the object has been modified"), ConflictError, id="an older resourceVersion"
        ),
        pytest.param(
            409, status("Conflict", "Precondition failed: UID in precondition: a, UID in object meta: b"),
            ConflictError, id="deleting another uid",
        ),
        pytest.param(
            403, status("Forbidden", 'jobs.batch is forbidden: User "u" cannot create resource "jobs"'),
            ForbiddenError, id="a right is missing",
        ),
        pytest.param(
            403, status("Forbidden", 'jobs.batch "x" is forbidden: exceeded quota: few, requested: count/jobs.batch=1'),
            TransientError, id="the quota is used up",
        ),
        pytest.param(
            422, status("Invalid", 'Job.batch "x" is invalid: spec.template: Required', causes=[{"field": "spec"}]),
            RefusedError, id="invalid",
        ),
        pytest.param(400, status("BadRequest", 'strict decoding error: unknown field "foo"'), RefusedError, id="typo"),
        pytest.param(401, status("Unauthorized", "Unauthorized"), TransientError, id="the token is old"),
        pytest.param(429, status("TooManyRequests", "slow down"), TransientError, id="too many requests"),
        pytest.param(500, status("InternalError", "etcdserver: leader changed"), TransientError, id="etcd"),
        pytest.param(503, {"message": "<html>"}, TransientError, id="a proxy's page"),
        pytest.param(504, {}, TransientError, id="nothing said"),
    ],
)  # fmt: skip
def test_an_answer_is_of_one_kind(code: int, body: dict[str, Any], expected: type[ApiError]) -> None:
    error = error_of(code, body)
    assert type(error) is expected
    assert error.message


def test_an_answer_without_a_message_names_its_status() -> None:
    assert error_of(504, {}).message == "HTTP 504"
