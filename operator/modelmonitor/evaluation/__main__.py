"""The evaluation Job: `python -m modelmonitor.evaluation`.

Reads the input that the downward API mounts, looks at the window, and writes the result as the termination message.
Exit code 0 with every verdict, 3 with Error: so a Job that failed could not measure, and never means a bad model.
"""

import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import Cause, EvaluationResult, Look, Verdict, encode
from modelmonitor.evaluation.errors import EvaluationError, InputError, one_line, printable
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.interruption import Interruption
from modelmonitor.evaluation.limits import Limits
from modelmonitor.evaluation.record import Recorded, record

ERROR_EXIT: Final = 3
_log: Final = logging.getLogger("modelmonitor.evaluation")


def run(environ: Mapping[str, str]) -> int:
    """Evaluate, write the termination message, and return the exit code."""
    given: EvaluationInput | None = None
    recorded = Recorded()
    interruption = Interruption(lambda: _interrupted(environ), ERROR_EXIT)
    try:
        given = read_input(Path(environ.get("MODELMONITOR_INPUT", "/etc/modelmonitor/input.json")))
        _log.info("%s of %s/%s: window %s", given.role, given.namespace, given.monitor, given.window.start)
        # First, so that it does not depend on the evaluation: one that is killed each time would never come to it.
        recorded = record(given, environ, _log.info)
        limits = Limits.of_this_process(environ)
        result = evaluate(given, environ=environ, now=datetime.now(UTC), progress=_log.info, limits=limits)
    except EvaluationError as error:
        result = _error(given, error.cause, error.reason, error.message)
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator must hear of it
        _log.exception("a mistake in the evaluator")
        result = _error(given, Cause.UNEXPECTED, "Unexpected", printable(one_line(error)))
    interruption.too_late()
    _log.info("%s %s: %s", result.verdict or result.look, result.reason, result.message)
    _hand_back(recorded.told_in(result), environ)
    return ERROR_EXIT if result.verdict is Verdict.ERROR else 0


def _hand_back(result: EvaluationResult, environ: Mapping[str, str]) -> None:
    Path(environ.get("MODELMONITOR_TERMINATION_LOG", "/dev/termination-log")).write_text(encode(result), "ascii")


def _interrupted(environ: Mapping[str, str]) -> None:
    message = "the evaluation was told to stop before it was done (SIGTERM): evicted, drained or past its deadline"
    _hand_back(_error(None, None, "Interrupted", message), environ)
    os.write(sys.stdout.fileno(), f"{message}\n".encode())


def read_input(path: Path) -> EvaluationInput:
    """The input that the operator wrote.

    Raises:
        InputError: when it is not there, or is not an input.
    """
    try:
        return EvaluationInput.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError("InputMissing", f"{path}: {error.strerror}; the operator mounts the input there") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise InputError(
            "InputInvalid", f"{path}: {field}: {first['msg']}; are operator and image of one release?"
        ) from error


def _error(given: EvaluationInput | None, cause: Cause | None, reason: str, message: str) -> EvaluationResult:
    window = given.window if given else None
    return EvaluationResult(
        look=Look.JUDGED,
        verdict=Verdict.ERROR,
        cause=cause,
        reason=reason,
        message=message[:2048],
        window=window,
    )


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stdout)
    sys.exit(run(os.environ))
