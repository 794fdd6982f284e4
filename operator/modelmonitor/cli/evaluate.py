"""`modelmonitor evaluate`, behind its options."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from modelmonitor.api.job import Contender, EvaluationInput
from modelmonitor.api.result import Comparison, EvaluationResult, Verdict
from modelmonitor.cli.main import Exit
from modelmonitor.cli.manifest import ManifestError, read_manifest
from modelmonitor.cli.show import show
from modelmonitor.evaluation.errors import EvaluationError, InputError
from modelmonitor.evaluation.evaluate import evaluate
from modelmonitor.evaluation.limits import Limits
from modelmonitor.evaluation.local import Manifest, input_for, newest_closed_window, window_starting


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for."""

    file: Path
    model: str | None = None
    window: date | None = None
    """The window that starts on this day; None for the newest that is closed."""
    candidate: str | None = None
    trained_through: datetime | None = None
    json_file: Path | None = None


def run(request: Request, environ: Mapping[str, str], now: datetime, *, out: Console, err: Console) -> Exit:
    """Evaluate, print the result, and say with which code to exit."""
    try:
        manifest = read_manifest(request.file)
        given = _input(request, manifest, environ, now)
        limits = Limits.of_this_process(environ)
        result = evaluate(
            given, environ=environ, now=now, progress=lambda line: err.print(line, style="dim"), limits=limits
        )
    except ManifestError as error:
        err.print(f"[bold red]{escape(str(error.path))}[/] is not a usable manifest:")
        for problem in error.problems:
            err.print(f"  {escape(problem)}")
        return Exit.USAGE
    except EvaluationError as error:
        err.print(f"[bold red]{error.reason}[/]  {escape(error.message)}")
        return Exit.USAGE if isinstance(error, InputError) else Exit.NOT_MEASURED
    show(out, result, ZoneInfo(manifest.spec.windows.time_zone))
    if request.json_file is not None:
        try:
            request.json_file.write_text(result.model_dump_json(by_alias=True, exclude_none=True, indent=1) + "\n")
        except OSError as error:
            err.print(f"--json: {escape(str(request.json_file))} cannot be written: {error.strerror}")
            return Exit.USAGE
    return exit_code(result)


def exit_code(result: EvaluationResult) -> Exit:
    """The exit code of a result."""
    if result.verdict is Verdict.ERROR:
        return Exit.NOT_MEASURED
    if result.comparison is not None:
        return _COMPARED[result.comparison.verdict]
    return _JUDGED.get(result.verdict, Exit.NOTHING_SAID) if result.verdict else Exit.NOTHING_SAID


_JUDGED = {Verdict.PASS: Exit.OK, Verdict.WARN: Exit.OK, Verdict.FAIL: Exit.FAIL}
_COMPARED = {
    Comparison.BETTER: Exit.OK,
    Comparison.NOT_BETTER: Exit.FAIL,
    Comparison.NO_EVIDENCE: Exit.NOTHING_SAID,
}


def _input(request: Request, manifest: Manifest, environ: Mapping[str, str], now: datetime) -> EvaluationInput:
    spec = manifest.spec
    window = (
        newest_closed_window(spec, environ, now) if request.window is None else window_starting(spec, request.window)
    )
    contender = None
    if request.candidate is not None:
        contender = Contender(uri=request.candidate, trained_through=request.trained_through)
    try:
        return input_for(manifest, window, request.model, contender)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise InputError("InputInvalid", f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}") from error
