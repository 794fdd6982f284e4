"""`modelmonitor train --help`. What it imports is light, so that nobody waits for it."""

import argparse
import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from modelmonitor.api.monitor import Partitioning
from modelmonitor.api.training import SPEC_VARIABLE
from modelmonitor.api.types import format_duration, parse_duration
from modelmonitor.training.contract import Choices, Format

ATTEMPT: Final = {
    "champion": "MODELMONITOR_CHAMPION_URI",
    "output": "MODELMONITOR_OUTPUT_URI",
    "train_start": "MODELMONITOR_TRAIN_START",
    "train_end": "MODELMONITOR_TRAIN_END",
}
"""The options that the operator gives by environment; an option comes before the environment."""

_DESCRIPTION: Final = """\
Fits the serving model's own scikit-learn pipeline again, on newer labelled rows, and writes the
new model to a folder of its own: model.joblib or model.skops, MLmodel, signature.json, and
model-card.md, which says what it was made of and how it compares. In a Job of the operator
nothing need be given: the environment says it all.
"""
_EPILOG: Final = """\
a search space, as YAML or JSON, maps parameters of the pipeline to lists of values, or to one of
  {uniform: [low, high]}, {loguniform: [low, high]}, {randint: [low, high]} (without high)

examples:
  modelmonitor train -f monitor.yaml --champion models/1 --output models/2 \\
    --train-start 2013-01-01 --train-end 2013-03-01
  modelmonitor train --search '{logisticregression__C: {loguniform: [0.001, 100]}}'

exit codes: 0 trained; 3 not trained, and the last line and the termination log say why;
2 wrong usage
"""


class _Help(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=31)


def parser(*, with_manifest: bool) -> argparse.ArgumentParser:
    """The options; `--file` only for people, since a Job has its monitor in the environment."""
    default = Choices()
    found = argparse.ArgumentParser(
        prog="modelmonitor train" if with_manifest else "python -m modelmonitor.training",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        usage="%(prog)s [-f FILE] [options]" if with_manifest else "%(prog)s [options]",
        formatter_class=_Help,
        allow_abbrev=False,
    )
    what = found.add_argument_group("what to train (the operator sets the variables)")
    if with_manifest:
        what.add_argument("-f", "--file", type=Path, metavar="FILE", help=f"a ModelMonitor in YAML ({SPEC_VARIABLE})")
    add = what.add_argument
    add("--champion", metavar="URI", help=f"the serving model's folder ({ATTEMPT['champion']})")
    add("--output", metavar="URI", help=f"the new model's folder ({ATTEMPT['output']})")
    add(
        "--train-start",
        metavar="TIME",
        help=f"train on events from here ({ATTEMPT['train_start']})",
    )
    add("--train-end", metavar="TIME", help=f"train on events before this ({ATTEMPT['train_end']})")
    add("--data", metavar="URI", help="other rows than spec.data.current, with the same columns")
    add("--partitioning", choices=[str(one) for one in Partitioning], help="layout of --data (default Flat)")

    how = found.add_argument_group("how")
    add = how.add_argument
    add("--format", type=Format, choices=list(Format), help="of the new model's file (default: the champion's)")
    add(
        "--held-out",
        type=_share,
        default=default.held_out,
        metavar="SHARE",
        help="the newest rows: both models are measured on them, before the last fit on all rows (default"
        " %(default)s; 0 for none)",
    )
    add(
        "--minimum-rows",
        type=_whole(1, 10**9),
        default=default.minimum_rows,
        metavar="N",
        help="of fewer nothing is made (default %(default)s)",
    )
    add(
        "--seed",
        type=_whole(0, 2**32 - 1),
        default=default.seed,
        metavar="N",
        help="of all that draws (default %(default)s)",
    )

    search = found.add_argument_group("search of parameters, by challenger.metric on ever later rows")
    add, budget = search.add_argument, default.budget
    add("--search", metavar="SPACE", help="a file, or the space itself in braces")
    add(
        "--search-candidates",
        type=_whole(1, 10_000),
        default=budget.candidates,
        metavar="N",
        help="draws beside the champion's own parameters (default %(default)s)",
    )
    add(
        "--search-time",
        type=_duration,
        default=budget.time,
        metavar="DURATION",
        help=f"no fit begins that would likely end later (default {format_duration(budget.time)})",
    )
    add(
        "--search-folds",
        type=_whole(2, 20),
        default=budget.folds,
        metavar="N",
        help="how often each is fitted (default %(default)s)",
    )
    return found


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is no share of rows: from 0 to below 1, such as 0.2")
    return value


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text} is no whole number from {low} to {high:,}")
        return int(text)

    return read


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
