"""Trainers as commands: what they are told, and what they hand back."""

import os
import sys
from pathlib import Path

import pytest

from modelmonitor.backtest.trainers import CommandTrainer, TrainingFailedError


def trained(command: str, folder: Path) -> str:
    (folder / "out").mkdir(exist_ok=True)
    trainer = CommandTrainer.of_shell(command, {"PATH": os.environ["PATH"], "OWN": "kept"})
    return trainer.train({"MODELMONITOR_OUTPUT_URI": str(folder / "out"), "MODELMONITOR_TRAIN_END": "2013-02-04"})


@pytest.mark.parametrize(
    ("command", "handed"),
    [
        pytest.param('echo 1 > "$MODELMONITOR_TERMINATION_LOG"', "1", id="the termination log"),
        pytest.param('echo 2 > "$MODELMONITOR_OUTPUT_URI/result.json"', "2", id="result.json in the output folder"),
        pytest.param(
            'echo 1 > "$MODELMONITOR_TERMINATION_LOG"; echo 2 > "$MODELMONITOR_OUTPUT_URI/result.json"',
            "1",
            id="both: the log",
        ),
        pytest.param(
            'echo "$MODELMONITOR_TRAIN_END $OWN" > "$MODELMONITOR_TERMINATION_LOG"',
            "2013-02-04 kept",
            id="it is told what the contract says, beside its own environment",
        ),
    ],
)
def test_a_trainer_hands_back(tmp_path: Path, command: str, handed: str) -> None:
    assert trained(command, tmp_path) == handed


@pytest.mark.parametrize(
    ("command", "reason", "message"),
    [
        pytest.param("true", "ResultLost", "neither to $MODELMONITOR_TERMINATION_LOG nor", id="without a word"),
        pytest.param("echo well; echo ouch >&2; exit 7", "TrainerFailed", "exit code 7: ouch", id="its last line"),
        pytest.param("exit 7", "TrainerFailed", "exit code 7: it said nothing", id="it fails without a word"),
        pytest.param(
            """echo '{"error": "OneClassOnly", "message": "all are 1"}' > "$MODELMONITOR_TERMINATION_LOG"; exit 3""",
            "OneClassOnly",
            "all are 1",
            id="its own reason",
        ),
        pytest.param(
            """echo '{"modelUri": "x"}' > "$MODELMONITOR_TERMINATION_LOG"; exit 3""",
            "TrainerFailed",
            "exit code 3",
            id="a result, and then it fails: no result",
        ),
    ],
)
def test_a_trainer_that_fails_is_told(tmp_path: Path, command: str, reason: str, message: str) -> None:
    with pytest.raises(TrainingFailedError) as caught:
        trained(command, tmp_path)
    assert caught.value.reason == reason
    assert message in caught.value.message


def test_a_trainer_that_is_not_there_is_told(tmp_path: Path) -> None:
    trainer = CommandTrainer(["/no/such/trainer"], "mine", {})
    with pytest.raises(TrainingFailedError, match="/no/such/trainer: No such file"):
        trainer.train({"MODELMONITOR_OUTPUT_URI": str(tmp_path)})


def test_the_shipped_trainer_is_this_pythons() -> None:
    assert CommandTrainer.shipped({}).command == [sys.executable, "-m", "modelmonitor.training"]
