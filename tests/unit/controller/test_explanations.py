"""The last words of a trainer that failed."""

import json

import pytest

from modelmonitor.controller.explanations import failed

TRACEBACK = 'Traceback (most recent call last):\n  File "train.py", line 3\nRuntimeError: no GPU was found\n'


@pytest.mark.parametrize(
    ("message", "said"),
    [
        pytest.param("no GPU was found\n", "no GPU was found", id="a sentence"),
        pytest.param(
            json.dumps({"error": "OneClassOnly", "message": "all rows are of class 0"}),
            "OneClassOnly: all rows are of class 0",
            id="what the shipped trainer writes",
        ),
        pytest.param(
            f"loading\n{TRACEBACK}",
            "RuntimeError: no GPU was found",
            id="the end of a log with a traceback: its last line",
        ),
        pytest.param("[1, 2]", "[1, 2]", id="JSON of another kind"),
        pytest.param("x" * 5000, "x" * 1000, id="a long log: its end"),
        pytest.param("", "see its log", id="nothing"),
    ],
)
def test_a_trainer_that_fails_is_quoted(message: str, said: str) -> None:
    ended = {"name": "trainer", "state": {"terminated": {"exitCode": 1, "reason": "Error", "message": message}}}
    assert failed({"phase": "Failed"}, [ended]) == (
        "ContainerFailed",
        f"container trainer ended with exit code 1: {said}",
    )
