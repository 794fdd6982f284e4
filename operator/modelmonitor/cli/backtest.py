"""`modelmonitor backtest`, behind its options."""

import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.backtest.measuring import OnFiles
from modelmonitor.backtest.run import Order, backtest
from modelmonitor.backtest.story import Story
from modelmonitor.backtest.trainers import CommandTrainer, Trainer
from modelmonitor.cli.main import Exit
from modelmonitor.cli.manifest import ManifestError, read_manifest
from modelmonitor.cli.show_backtest import show
from modelmonitor.evaluation.errors import EvaluationError, InputError
from modelmonitor.evaluation.limits import Limits
from modelmonitor.evaluation.local import nameless

INTERRUPTED: Final = 130
"""What a shell says of a program that a Ctrl-C has ended."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    file: Path
    model: str | None = None
    first: date | None = None
    last: date | None = None
    command: str | None = None
    """A trainer of the person's own; None for the shipped one."""
    trains: bool = True
    drift_at: date | None = None
    json_file: Path | None = None


def run(request: Request, environ: Mapping[str, str], now: datetime, *, out: Console, err: Console) -> int:
    """Run through the past, print what happened, and say with which code to exit."""
    try:
        _writable(request.json_file)
        manifest = read_manifest(request.file)
        trainer = _trainer(request, manifest.spec, environ)
        order = Order(
            manifest=manifest,
            champion=_champion(request, manifest.spec, trainer),
            trainer=trainer,
            first=request.first,
            last=request.last,
            drift_at=request.drift_at,
        )
        with tempfile.TemporaryDirectory(prefix="modelmonitor-backtest-") as scratch, _progress(err) as (say, whisper):
            evaluator = OnFiles(order.champion, environ, Limits.of_this_process(environ), whisper)
            story = backtest(order, evaluator, environ=environ, now=now, scratch=Path(scratch), say=say)
    except ManifestError as error:
        err.print(f"[bold red]{escape(str(error.path))}[/] is not a usable manifest:")
        for problem in error.problems:
            err.print(f"  {escape(problem)}")
        return Exit.USAGE
    except EvaluationError as error:
        err.print(f"[bold red]{error.reason}[/]  {escape(error.message)}")
        return Exit.USAGE if isinstance(error, InputError) else Exit.NOT_MEASURED
    except KeyboardInterrupt:
        err.print("Interrupted: nothing was written.")
        return INTERRUPTED
    show(out, story, manifest.spec, ZoneInfo(manifest.spec.windows.time_zone))
    if request.json_file is not None:
        try:
            _write(request.json_file, story)
        except OSError as error:
            err.print(f"--json: {escape(str(request.json_file))} cannot be written: {error.strerror}")
            return Exit.USAGE
    return Exit.OK if story.stopped is None else Exit.NOT_MEASURED


def _trainer(request: Request, spec: ModelMonitorSpec, environ: Mapping[str, str]) -> Trainer | None:
    if request.command is not None and spec.retrain is None:
        raise InputError(
            "RetrainMissing",
            "--train: the manifest has no spec.retrain, so it is not known on how much to train; add retrain with a"
            " trainingWindow, or use --no-train",
        )
    if not request.trains or spec.retrain is None:
        return None
    if request.command is None:
        return CommandTrainer.shipped(environ)
    return CommandTrainer.of_shell(request.command, environ)


def _champion(request: Request, spec: ModelMonitorSpec, trainer: Trainer | None) -> str:
    if request.model is not None:
        return request.model
    if spec.model.serving.batch is not None:
        return spec.model.serving.batch.uri
    unnamed = nameless(spec, "give with --model the URI of the one that served when the backtest begins")
    if trainer is not None:
        raise InputError(
            "ModelMissing",
            "a candidate is trained after the model that serves and compared with it: give its URI with --model, or use"
            " --no-train",
        )
    return unnamed


@contextmanager
def _progress(err: Console) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """Two ways to tell what goes on: to say, and to whisper what only somebody who looks on wants to know.

    On a terminal one line says what is happening and is gone in the end. Elsewhere what is said is kept.
    """
    if not err.is_terminal:
        yield lambda line: err.print(line, style="dim", markup=False, highlight=False, soft_wrap=True), lambda _: None
        return
    with err.status("reading the data") as status:
        said = ""

        def say(line: str) -> None:
            nonlocal said
            said = escape(line)
            status.update(said)

        yield say, lambda line: status.update(f"{said}\n  [dim]{escape(line)}[/]")


def _writable(path: Path | None) -> None:
    """Told before the work is done and not after it.

    Raises:
        InputError: when the file cannot be written.
    """
    if path is not None and not (path.parent.is_dir() and os.access(path.parent, os.W_OK)):
        raise InputError("FileUnwritable", f"--json: {path.parent} is not a folder in which files can be written")


def _write(path: Path, story: Story) -> None:
    """Whole or not at all: written beside it, and renamed."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        beside.write_text(json.dumps(story.document(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
