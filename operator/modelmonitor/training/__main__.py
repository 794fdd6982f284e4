"""The training Job: `python -m modelmonitor.training`, also `modelmonitor train`.

The result goes to the termination log and to the last line of output as {"modelUri": …, "trainedThrough": …,
"metrics": {…}}; what kept it from training as {"error": reason, "message": sentence} with exit code 3.
"""

import os
import shlex
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modelmonitor.evaluation.errors import EvaluationError, one_line, printable
from modelmonitor.evaluation.interruption import Interruption
from modelmonitor.training.contract import failure_message, in_terms_of_training, success_message
from modelmonitor.training.options import parser

if TYPE_CHECKING:
    from modelmonitor.training.order import ManifestReader

ERROR_EXIT: Final = 3
_INTERRUPTED: Final = failure_message(
    "Interrupted", "training was told to stop before it was done (SIGTERM): evicted, drained or past its deadline"
)
_DEFAULT_LOG: Final = Path("/dev/termination-log")


def main(
    arguments: Sequence[str] | None = None,
    environ: Mapping[str, str] = os.environ,
    manifest: "ManifestReader | None" = None,
) -> int:
    """Train, hand back the result, and return the exit code.

    Args:
        arguments: options; None is those of the process.
        environ: the environment.
        manifest: reads the file of `--file`; without it there is no such option.
    """
    given = parser(with_manifest=manifest is not None).parse_args(arguments)
    interruption = Interruption(lambda: _hand_back(_INTERRUPTED, environ), ERROR_EXIT)
    try:
        # Imported here, so that --help need not wait for the libraries.
        from modelmonitor.evaluation.limits import Limits  # noqa: PLC0415
        from modelmonitor.training.order import order_from  # noqa: PLC0415
        from modelmonitor.training.train import Surroundings, train  # noqa: PLC0415

        order = order_from(given, environ, manifest)
        _say(f"training for {order.monitor or 'nobody'}" + (f", because {order.reason}" if order.reason else ""))
        around = Surroundings(
            environ=environ,
            now=datetime.now(UTC),
            progress=_say,
            limits=Limits.of_this_process(environ),
            command=_command(sys.argv[1:] if arguments is None else arguments),
        )
        message, code = success_message(train(order, around)), 0
    except EvaluationError as error:
        message, code = failure_message(error.reason, in_terms_of_training(error.message)), ERROR_EXIT
    except MemoryError:
        message = failure_message(
            "MemoryTooSmall",
            "memory ran out: raise resources.limits.memory in"
            " spec.retrain.jobTemplate, or shorten retrain.trainingWindow",
        )
        code = ERROR_EXIT
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator must hear of it
        traceback.print_exc()
        message, code = failure_message("Unexpected", printable(one_line(error))), ERROR_EXIT
    interruption.too_late()
    _hand_back(message, environ)
    return code


def _command(arguments: Sequence[str]) -> str:
    return shlex.join(["modelmonitor", "train", *arguments])


def _hand_back(message: str, environ: Mapping[str, str]) -> None:
    os.write(sys.stdout.fileno(), f"{message}\n".encode())
    path = environ.get("MODELMONITOR_TERMINATION_LOG")
    # On a person's machine there is no termination log, and none is made.
    if path or _DEFAULT_LOG.exists():
        Path(path or _DEFAULT_LOG).write_text(message, "utf-8")


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
