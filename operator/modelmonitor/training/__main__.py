"""The training Job: `python -m modelmonitor.training`, also `modelmonitor train`.

What the operator sets in the environment is enough but for the data: give `--data`, `--timestamp` and `--label`. The
result goes to the termination log as {"modelUri": …, "trainedThrough": …, "metrics": {…}}; what kept it from training
as {"error": reason, "message": sentence} with exit code 3.
"""

import argparse
import json
import os
import sys
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from modelmonitor.evaluation.errors import EvaluationError, one_line, printable
from modelmonitor.evaluation.interruption import Interruption

ERROR_EXIT: Final = 3
_INTERRUPTED: Final = {
    "error": "Interrupted",
    "message": "training was told to stop before it was done (SIGTERM): evicted, drained or past its deadline",
}
_DEFAULT_LOG: Final = Path("/dev/termination-log")


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Train, hand back the result, and return the exit code."""
    options = _parser().parse_args(arguments)
    interruption = Interruption(lambda: _hand_back(_INTERRUPTED, environ), ERROR_EXIT)
    try:
        # Imported here, so that --help need not wait for the libraries.
        from modelmonitor.training.train import order_from, train  # noqa: PLC0415

        order = order_from(vars(options), environ)
        reason = environ.get("MODELMONITOR_REASON")
        _say(
            f"training for {environ.get('MODELMONITOR_MONITOR', 'nobody')}" + (f", because {reason}" if reason else "")
        )
        document = train(order, environ=environ, now=datetime.now(UTC), progress=_say).document()
        code = 0
    except EvaluationError as error:
        document, code = {"error": error.reason, "message": error.message[:2000]}, ERROR_EXIT
    except Exception as error:  # noqa: BLE001 - whatever it is, the operator must hear of it
        traceback.print_exc()
        document, code = {"error": "Unexpected", "message": printable(one_line(error))}, ERROR_EXIT
    interruption.too_late()
    _hand_back(document, environ)
    return code


def _hand_back(document: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    text = json.dumps(document)
    os.write(sys.stdout.fileno(), f"{text}\n".encode())
    path = environ.get("MODELMONITOR_TERMINATION_LOG")
    # On a person's machine there is no termination log, and none is made.
    if path or _DEFAULT_LOG.exists():
        Path(path or _DEFAULT_LOG).write_text(text, "utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="modelmonitor train",
        description="Refits the serving model's own scikit-learn pipeline on newer labelled rows.",
        epilog="Every option can be given by environment; the operator sets MODELMONITOR_CHAMPION_URI, _OUTPUT_URI,"
        " _TRAIN_START and _TRAIN_END.",
    )
    add = parser.add_argument
    add("--data", dest="data_uri", metavar="URI", help="folder of Parquet files (MODELMONITOR_DATA_URI)")
    add("--timestamp", metavar="COLUMN", help="column of the event time (MODELMONITOR_DATA_TIMESTAMP)")
    add("--label", metavar="COLUMN", help="column of the ground truth (MODELMONITOR_DATA_LABEL)")
    add("--partitioning", choices=("Flat", "Hive"), help="layout of the files (MODELMONITOR_DATA_PARTITIONING)")
    add(
        "--champion", dest="champion_uri", metavar="URI", help="folder of the serving model (MODELMONITOR_CHAMPION_URI)"
    )
    add("--output", dest="output_uri", metavar="URI", help="new folder for the new model (MODELMONITOR_OUTPUT_URI)")
    add("--train-start", dest="start", metavar="TIME", help="first event time (MODELMONITOR_TRAIN_START)")
    add("--train-end", dest="end", metavar="TIME", help="first event time after (MODELMONITOR_TRAIN_END)")
    return parser


def _say(line: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
