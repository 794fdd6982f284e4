"""`modelmonitor`: evaluate a model as the operator would, run it through the past, train one, read the record.

Exit codes of `evaluate`: 0 pass or warn (with a candidate: it is better), 10 fail (it is not), 11 nothing could be
said (too little data, or the window is not closed yet), 3 could not measure, 2 wrong usage or manifest, 1 a mistake in
the program itself. `history`: 0 told, 11 the record does not say, 3 it could not be read, 2 wrong usage.
"""

import os
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Annotated, Never

import typer
from rich.console import Console

app = typer.Typer(
    name="modelmonitor",
    help="Keeps machine-learning models honest: the operator's measurements, without a cluster.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


class Exit(IntEnum):
    """What a script reads. 1 is Python's own for an uncaught exception, 2 the shell's for wrong usage."""

    OK = 0
    USAGE = 2
    NOT_MEASURED = 3
    FAIL = 10
    NOTHING_SAID = 11


@app.callback()
def _root() -> None:
    pass


@app.command()
def evaluate(
    file: Annotated[Path, typer.Option("--file", "-f", help="A YAML file with one ModelMonitor.")],
    model: Annotated[
        str | None, typer.Option(help="URI of the serving model's folder (in the cluster: read from what serves it).")
    ] = None,
    window: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The window that starts on this day.", metavar="DAY"),
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="The newest window that is closed (the default).")] = False,
    candidate: Annotated[
        str | None, typer.Option(help="URI of a model to compare with the serving one, on the same rows.")
    ] = None,
    trained_through: Annotated[
        datetime | None,
        typer.Option(help="Rows up to this time (UTC) trained the candidate and are left out.", metavar="TIME"),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the result as JSON to this file.", dir_okay=False)
    ] = None,
) -> None:
    """Judge one window of data, as the operator's evaluation Job would.

    Credentials for s3:// come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, …);
    the manifest's secretName is not used.
    """
    # Imported here, so that --help and a wrong manifest need not wait for the evaluator's libraries.
    from modelmonitor.cli.evaluate import Request, run  # noqa: PLC0415

    if window is not None and latest:
        raise typer.BadParameter("--window and --latest exclude each other")
    if trained_through is not None and candidate is None:
        raise typer.BadParameter("--trained-through speaks of the candidate: give --candidate too")
    through = None if trained_through is None else trained_through.replace(tzinfo=UTC)
    request = Request(file, model, window.date() if window else None, candidate, through, json_file)
    raise typer.Exit(run(request, os.environ, datetime.now(UTC), out=Console(), err=Console(stderr=True)))


@app.command()
def backtest(
    file: Annotated[Path, typer.Option("--file", "-f", help="A YAML file with one ModelMonitor.")],
    model: Annotated[
        str | None, typer.Option(help="URI of the model that served when the backtest begins.", metavar="URI")
    ] = None,
    first: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="The first window is the first that starts on this day or later. Default: windows.start, else where"
            " the data begin or the reference ends. Begin after the days that the model was trained on.",
        ),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option(
            "--to",
            formats=["%Y-%m-%d"],
            metavar="DAY",
            help="Leave out windows that end after the beginning of this day.",
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(
            help="A command that trains, with the environment of a training Job (MODELMONITOR_TRAIN_START, …). It"
            " writes its result to the file that MODELMONITOR_TERMINATION_LOG names, or as result.json into"
            " MODELMONITOR_OUTPUT_URI. Default: modelmonitor train.",
            metavar="COMMAND",
        ),
    ] = None,
    no_train: Annotated[
        bool, typer.Option("--no-train", help="Train nothing: trips are counted, and the model stays.")
    ] = False,
    drift_at: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], metavar="DAY", help="When the world changed: tells how long that stayed unnoticed."
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all of it as JSON to this file.", dir_okay=False)
    ] = None,
) -> None:
    """What the monitor would have done: its own decisions over the windows of the past, without a cluster.

    Windows are measured, models trained and compared for real, with the rows that had arrived by then; only the serving
    object and the clock are simulated. Nothing is written but --json. Exit codes: 0 done, 2 wrong usage or manifest,
    3 could not measure, 130 interrupted.
    """
    from modelmonitor.cli.backtest import Request, run  # noqa: PLC0415

    if train is not None and no_train:
        raise typer.BadParameter("--train and --no-train exclude each other")
    days = [None if day is None else day.date() for day in (first, last, drift_at)]
    request = Request(file, model, days[0], days[1], train, not no_train, days[2], json_file)
    raise typer.Exit(run(request, os.environ, datetime.now(UTC), out=Console(), err=Console(stderr=True)))


@app.command()
def history(
    file: Annotated[Path | None, typer.Option("--file", "-f", help="A YAML file with one ModelMonitor.")] = None,
    uri: Annotated[
        str | None,
        typer.Option(help="The folder of the monitor's reports instead: <reports.uri>/<namespace>/<monitor>."),
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="The monitor's namespace, where its file does not say it.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(help="Tell which model served at this time (UTC), why, and what came after.", metavar="TIME"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the record of decisions that is kept beside the reports: what was decided, and which model served when.

    Credentials for s3:// come from the environment, as those of `evaluate`.
    """
    from modelmonitor.cli.history import Request, moment, run  # noqa: PLC0415

    if (file is None) == (uri is None):
        raise typer.BadParameter("give either --file, the monitor's manifest, or --uri, the folder of its reports")
    if namespace is not None and file is None:
        raise typer.BadParameter("--namespace goes with --file: with --uri it is part of the folder")
    try:
        when = None if at is None else moment(at)
    except ValueError as error:
        raise typer.BadParameter(
            f"--at: {at!r} is not a time; write one such as 2013-05-20 or 2013-05-20T12:00Z"
        ) from error
    request = Request(file, uri, namespace, when, as_json)
    raise typer.Exit(run(request, os.environ, out=Console(), err=Console(stderr=True)))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def train(context: typer.Context) -> None:
    """Fit the serving model's own pipeline again on newer rows, as the shipped trainer does (see `train --help`)."""
    from modelmonitor.cli.train import run as run_train  # noqa: PLC0415

    raise typer.Exit(run_train(context.args, os.environ))


def main() -> Never:
    """The console script."""
    app()
    raise SystemExit(0)


if __name__ == "__main__":
    main()
