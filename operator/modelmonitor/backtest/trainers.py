"""Training Jobs without a cluster: a command that is given the environment of the contract.

It hands back what a training Job writes to its termination log. On this machine that is the file that
MODELMONITOR_TERMINATION_LOG names; a trainer that knows nothing of it may have left result.json in its output folder.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

_LOG_VARIABLE: Final = "MODELMONITOR_TERMINATION_LOG"
_RESULT: Final = "result.json"
_LAST_WORDS: Final = 300
_PATIENCE: Final = 10.0
"""Seconds for a trainer that was told to stop."""


class TrainingFailedError(Exception):
    """The training ended without a result; `reason` is CamelCase, the message a sentence."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason: Final = reason
        self.message: Final = message


class Trainer(Protocol):
    """Makes a model."""

    @property
    def name(self) -> str:
        """For people."""

    def train(self, environment: Mapping[str, str]) -> str:
        """The termination message of a training that has this environment.

        Raises:
            TrainingFailedError: when there is none.
        """


@dataclass(frozen=True, slots=True)
class CommandTrainer:
    """A command, run to its end."""

    command: Sequence[str]
    name: str
    environ: Mapping[str, str]
    """What every training finds in its environment beside the contract."""

    @classmethod
    def shipped(cls, environ: Mapping[str, str]) -> "CommandTrainer":
        """The trainer that refits the serving model's own pipeline."""
        return cls([sys.executable, "-m", "modelmonitor.training"], "modelmonitor train", environ)

    @classmethod
    def of_shell(cls, command: str, environ: Mapping[str, str]) -> "CommandTrainer":
        """A person's own command line."""
        return cls(["/bin/sh", "-c", command], command, environ)

    def train(self, environment: Mapping[str, str]) -> str:
        """Run the command, and return what it handed back."""
        with tempfile.TemporaryDirectory(prefix="modelmonitor-") as folder:
            handed, log = Path(folder, "termination-log"), Path(folder, "log")
            environ = {**self.environ, **environment, _LOG_VARIABLE: str(handed)}
            code = self._run(environ, log)
            said = _text(handed) or _text(Path(environment["MODELMONITOR_OUTPUT_URI"], _RESULT))
            if code != 0:
                raise _failure(code, said, _text(log))
        if not said:
            raise TrainingFailedError(
                "ResultLost",
                f"{self.name} ended well and wrote its result neither to ${_LOG_VARIABLE} nor to {_RESULT} in"
                " $MODELMONITOR_OUTPUT_URI",
            )
        return said

    def _run(self, environ: Mapping[str, str], log: Path) -> int:
        try:
            with log.open("wb") as output:
                # In a group of its own: a shell's children are ended with it, and a Ctrl-C is ours to hand on.
                running = subprocess.Popen(  # noqa: S603 - the person's own command, or ours
                    self.command,
                    env=dict(environ),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        except OSError as error:
            raise TrainingFailedError("CannotStart", f"{shlex.join(self.command)}: {error.strerror}") from error
        try:
            return running.wait()
        except BaseException:
            _end(running)
            raise


def _end(running: "subprocess.Popen[bytes]") -> None:
    for last_word in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(running.pid, last_word)
            running.wait(_PATIENCE)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _failure(code: int, said: str, log: str) -> TrainingFailedError:
    """What a trainer wrote as {"error": …, "message": …}, else the end of its log."""
    try:
        told = json.loads(said)
        return TrainingFailedError(str(told["error"]), str(told["message"]))
    except (ValueError, TypeError, KeyError):
        lines = [line.strip() for line in log.splitlines() if line.strip()]
        last = lines[-1][-_LAST_WORDS:] if lines else "it said nothing"
        return TrainingFailedError("TrainerFailed", f"exit code {code}: {last}")


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
