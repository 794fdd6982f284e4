"""`modelmonitor history`, behind its options: the record of decisions is read, and told."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from modelmonitor.api.record import FOLDER, DecisionRecord, HistoryEntry
from modelmonitor.cli.main import Exit
from modelmonitor.cli.manifest import ManifestError, read_manifest
from modelmonitor.cli.show_history import show_list, show_moment
from modelmonitor.domain.chronicle import Chronicle, Service
from modelmonitor.evaluation.errors import EvaluationError, InputError, StorageError, one_line
from modelmonitor.evaluation.storage import Folder, Purpose, open_folder

# One after the other, the decisions of five years would take a minute from a store that answers in 30 ms.
_AT_A_TIME: Final = 16


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for: of a manifest's monitor, or of the folder of its reports."""

    file: Path | None = None
    uri: str | None = None
    namespace: str | None = None
    at: datetime | None = None
    as_json: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a monitor's reports are, and in which time zone its owner thinks."""

    uri: str
    zone: ZoneInfo


def run(request: Request, environ: Mapping[str, str], *, out: Console, err: Console) -> Exit:
    """Read the record, print what was asked, and say with which code to exit."""
    try:
        place = _place(request)
        folder = open_folder(place.uri, Purpose.REPORTS, environ)
        chronicle = Chronicle.of(_read(folder, err))
    except ManifestError as error:
        err.print(f"[bold red]{escape(str(error.path))}[/] is not a usable manifest:")
        for problem in error.problems:
            err.print(f"  {escape(problem)}")
        return Exit.USAGE
    except EvaluationError as error:
        err.print(f"[bold red]{error.reason}[/]  {escape(error.message)}")
        return Exit.USAGE if isinstance(error, InputError) else Exit.NOT_MEASURED
    if not chronicle.entries:
        err.print(
            f"There is no decision in {escape(folder.uri)}. Is it the folder of one monitor, <reports.uri>/<namespace>/"
            "<monitor>? A decision comes there with the next evaluation; until then it is in status.history."
        )
        return Exit.NOTHING_SAID
    if request.at is None:
        _print_json(out, _list(chronicle)) if request.as_json else show_list(out, chronicle, place.zone)
        return Exit.OK
    service = chronicle.service_at(request.at)
    if service is None:
        first = chronicle.entries[0]
        err.print(
            f"The record begins at {first.time:%Y-%m-%dT%H:%MZ}, with decision {first.id}: it tells of no earlier time."
        )
        return Exit.NOTHING_SAID
    if request.as_json:
        _print_json(out, _moment(chronicle, service, request.at))
    else:
        show_moment(out, chronicle, service, request.at, place.zone, folder.uri.removesuffix(f"{FOLDER}/"))
    return Exit.OK


def moment(text: str) -> datetime:
    """A time as it is written on the command line: ISO 8601, in UTC where it names no zone.

    Raises:
        ValueError: when it is none.
    """
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _place(request: Request) -> _Place:
    if request.uri is not None:
        folder = request.uri.rstrip("/").removesuffix(f"/{FOLDER}")
        return _Place(f"{folder}/{FOLDER}", ZoneInfo("UTC"))
    assert request.file is not None  # noqa: S101 - the command line asks for one of the two
    manifest = read_manifest(request.file)
    reports = manifest.spec.reports
    if reports is None:
        raise InputError(
            "NoStore",
            "the manifest has no spec.reports, and without it no record is kept: the newest decisions are in the"
            f" monitor's status (kubectl get modelmonitor {manifest.name} -o jsonpath={{.status.history}})",
        )
    namespace = request.namespace or manifest.namespace
    uri = f"{reports.uri.rstrip('/')}/{namespace}/{manifest.name}/{FOLDER}"
    return _Place(uri, ZoneInfo(manifest.spec.windows.time_zone))


def _read(folder: Folder, err: Console) -> list[HistoryEntry]:
    """The decisions; what is no decision is told and left out."""
    try:
        paths = [file.path for file in folder.files() if file.path.endswith(".json")]
    except StorageError as error:
        if error.reason != "FolderNotFound":
            raise
        return []
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        contents = list(pool.map(folder.read, paths))
    found = []
    for path, content in zip(paths, contents, strict=True):
        try:
            found.append(DecisionRecord.model_validate_json(content or b"").decision)
        except ValidationError as error:
            said = one_line(ValueError(error.errors(include_url=False)[0]["msg"]))
            err.print(
                f"[bold red]left out[/]  {escape(folder.uri + path)} is no decision of this format: {escape(said)}"
            )
    return found


def _list(chronicle: Chronicle) -> dict[str, Any]:
    missing = [{"count": gap.count, "before": gap.before.id} for gap in chronicle.gaps()]
    return {"decisions": [one.document() for one in chronicle.entries], "missing": missing}


def _moment(chronicle: Chronicle, service: Service, at: datetime) -> dict[str, Any]:
    return {
        "at": at.isoformat().replace("+00:00", "Z"),
        "model": {"uri": service.uri, "digest": service.digest},
        "since": service.began.document(),
        "until": None if service.next is None else service.next.document(),
        "why": [one.document() for one in service.why],
        "found": [one.document() for one in service.until(at)],
        "after": [one.document() for one in chronicle.after(at)],
    }


def _print_json(out: Console, document: dict[str, Any]) -> None:
    out.print(json.dumps(document, ensure_ascii=False, indent=1), markup=False, highlight=False, soft_wrap=True)
