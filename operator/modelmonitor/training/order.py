"""An order from options and environment."""

import argparse
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from pydantic import ValidationError

from modelmonitor.api.monitor import Files, Partitioning, Source
from modelmonitor.api.training import SPEC_VARIABLE, TrainingSpec
from modelmonitor.evaluation.errors import InputError, one_line
from modelmonitor.evaluation.evaluate import zone_of
from modelmonitor.evaluation.local import Manifest
from modelmonitor.training.contract import Budget, Choices, Order
from modelmonitor.training.options import ATTEMPT

ManifestReader = Callable[[Path], Manifest]


def order_from(given: argparse.Namespace, environ: Mapping[str, str], manifest: ManifestReader | None = None) -> Order:
    """The order in options and environment.

    Raises:
        InputError: when something is missing, or is not what it should be.
    """
    spec, monitor = _spec(getattr(given, "file", None), environ, manifest)
    if given.data is not None:
        files = Files(uri=given.data, partitioning=Partitioning(given.partitioning or Partitioning.FLAT))
        spec = spec.model_copy(update={"data": spec.data.model_copy(update={"current": Source(files=files)})})
    elif given.partitioning is not None:
        raise InputError("SettingInvalid", "--partitioning is the layout of --data: give that too, or neither")
    zone = zone_of(spec.windows)
    return Order(
        champion_uri=_needed("champion", given, environ),
        output_uri=_needed("output", given, environ),
        start=_moment("--train-start", _needed("train_start", given, environ), zone),
        end=_moment("--train-end", _needed("train_end", given, environ), zone),
        spec=spec,
        choices=Choices(
            format=given.format,
            held_out=given.held_out,
            minimum_rows=given.minimum_rows,
            seed=given.seed,
            space=_space(given.search),
            budget=Budget(given.search_candidates, given.search_time, given.search_folds),
        ),
        monitor=monitor,
        reason=environ.get("MODELMONITOR_REASON", ""),
        window=_window(environ, zone),
    )


def _spec(file: Path | None, environ: Mapping[str, str], manifest: ManifestReader | None) -> tuple[TrainingSpec, str]:
    monitor = environ.get("MODELMONITOR_MONITOR", "")
    if file is not None and manifest is not None:
        found = manifest(file)
        return TrainingSpec.of(found.spec), found.name
    text = environ.get(SPEC_VARIABLE)
    if not text:
        file_option = "give -f monitor.yaml, or " if manifest is not None else ""
        raise InputError(
            "SettingMissing",
            f"nothing says where the rows are: {file_option}set {SPEC_VARIABLE}, as the operator does for the Jobs that"
            " it makes of retrain.jobTemplate",
        )
    try:
        return TrainingSpec.model_validate_json(text), monitor
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "it"
        raise InputError(
            "SettingInvalid", f"{SPEC_VARIABLE}: {field}: {first['msg']}; are operator and this image of one release?"
        ) from error


def _window(environ: Mapping[str, str], zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    start, end = (environ.get(f"MODELMONITOR_WINDOW_{which}") for which in ("START", "END"))
    if not start or not end:
        return None
    return _moment("MODELMONITOR_WINDOW_START", start, zone), _moment("MODELMONITOR_WINDOW_END", end, zone)


def _needed(name: str, given: argparse.Namespace, environ: Mapping[str, str]) -> str:
    value = getattr(given, name) or environ.get(ATTEMPT[name])
    if not value:
        raise InputError("SettingMissing", f"--{name.replace('_', '-')} is missing; give it, or set {ATTEMPT[name]}")
    return str(value)


def _moment(option: str, text: str, zone: ZoneInfo) -> datetime:
    """A time; without an offset it is one of the monitor's time zone, as `windows` has it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("SettingInvalid", f"{option}: {text!r} is not a time such as 2013-02-01T00:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _space(text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        content = text if text.lstrip().startswith("{") else Path(text).read_text("utf-8")
        found = yaml.safe_load(content)
    except OSError as error:
        raise InputError(
            "SearchSpaceMissing",
            f"--search: {text}: {error.strerror}; give a file that is in the container, or the space itself in braces",
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError("SearchSpaceInvalid", f"--search: it is neither YAML nor JSON ({one_line(error)})") from error
    if not isinstance(found, dict) or not found or not all(isinstance(name, str) for name in found):
        raise InputError(
            "SearchSpaceInvalid",
            "--search: it maps parameters of the pipeline to what may be tried, such as"
            " {logisticregression__C: {loguniform: [0.001, 100]}}",
        )
    return found
