"""A ModelMonitor from a YAML file, checked as the API server would, with messages for the person who wrote it."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modelmonitor.api.monitor import SCORED_METRICS, WIDER_THAN_SHARES, ModelMonitorSpec
from modelmonitor.api.types import API_VERSION
from modelmonitor.evaluation.local import Manifest

KIND: Final = "ModelMonitor"


class ManifestError(Exception):
    """A file that is not a ModelMonitor as it should be; one line for each thing to change."""

    def __init__(self, path: Path, problems: Iterable[str]) -> None:
        self.path: Final = path
        self.problems: Final = tuple(problems)
        super().__init__(f"{path}: " + "; ".join(self.problems))


def read_manifest(path: Path) -> Manifest:
    """Read the one ModelMonitor of a file, which may hold other objects beside it.

    Raises:
        ManifestError: with everything that is wrong, each with its field and what to do.
    """
    try:
        documents = [document for document in yaml.safe_load_all(path.read_text("utf-8")) if document is not None]
    except OSError as error:
        raise ManifestError(path, [f"cannot be read: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ManifestError(path, [f"is not YAML: {_where(error)}"]) from error
    found = [one for one in documents if isinstance(one, dict) and one.get("kind") == KIND]
    if len(found) != 1:
        raise ManifestError(path, [f"holds {len(found) or 'no'} objects of kind {KIND}; exactly one is needed"])
    manifest = found[0]
    if manifest.get("apiVersion") != API_VERSION:
        raise ManifestError(path, [f"apiVersion: is {manifest.get('apiVersion')!r}; write {API_VERSION}"])
    metadata = manifest.get("metadata") or {}
    if not isinstance(metadata, dict) or not metadata.get("name"):
        raise ManifestError(path, ["metadata.name: is missing; give the monitor a name"])
    try:
        spec = ModelMonitorSpec.model_validate(manifest.get("spec"), extra="forbid", by_alias=True, by_name=False)
    except ValidationError as error:
        raise ManifestError(path, (_problem(one) for one in error.errors(include_url=False))) from error
    if problems := list(_broken_rules(spec)):
        raise ManifestError(path, problems)
    return Manifest(str(metadata["name"]), str(metadata.get("namespace") or "default"), spec)


def _problem(error: ErrorDetails) -> str:
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in ("spec", *error["loc"])).lstrip(
        "."
    )
    said = _SENTENCES.get(error["type"])
    context: Mapping[str, Any] = error.get("ctx", {})
    message = said.format(**context, given=error["input"]) if said else error["msg"].removeprefix("Value error, ")
    return f"{field}: {message}"


_SENTENCES: Final = {
    "extra_forbidden": "there is no such field; check its spelling and where it stands",
    "missing": "is missing; it must be set",
    "enum": "{given!r} is not one of {expected}",
    "model_type": "an object with fields belongs here, not {given!r}",
    "model_attributes_type": "an object with fields belongs here, not {given!r}",
    "tuple_type": "a list belongs here, not {given!r}",
    "string_type": 'a text belongs here, not {given!r}; put it in quotes ("{given}") if that is meant',
    "string_pattern_mismatch": "{given!r} is not a valid name; use lower case letters, digits and -",
    "float_parsing": "{given!r} is not a number",
    "int_parsing": "{given!r} is not a whole number",
    "bool_parsing": "{given!r} is neither true nor false",
    "greater_than_equal": "{given} is too low; it is at least {ge}",
    "less_than_equal": "{given} is too high; it is at most {le}",
    "date_from_datetime_parsing": "{given!r} is not a day; write it as 2013-02-01",
    "too_short": "has {actual_length} entries; at least {min_length} are needed",
    "too_long": "has {actual_length} entries; at most {max_length} are possible",
}


def _broken_rules(spec: ModelMonitorSpec) -> Iterator[str]:
    """The rules of the API server that decide what an evaluation means; the others are the operator's matter."""
    data, columns = spec.data, spec.data.columns
    if data.predictions.column is not None and columns.score is None and columns.prediction is None:
        yield "spec.data.predictions.column: name data.columns.score or .prediction, or use predictions.model"
    yield from _broken_objectives(spec)
    if spec.windows.every > spec.windows.length:
        yield "spec.windows.every: is longer than windows.length, so rows between two windows are never judged"
    try:
        ZoneInfo(spec.windows.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"spec.windows.timeZone: {spec.windows.time_zone!r} is not a time zone; write one such as Europe/Vienna"


def _broken_objectives(spec: ModelMonitorSpec) -> Iterator[str]:
    unscored = spec.data.predictions.column is not None and spec.data.columns.score is None
    for number, metric in enumerate(spec.metrics):
        where = f"spec.metrics[{number}] ({metric.name})"
        if metric.min is None and metric.max is None:
            yield f"{where}: needs an objective; set min (the least good value) or max"
        elif metric.min is not None and metric.max is not None and metric.min > metric.max:
            yield f"{where}: min is above max, so no value meets both"
        for field, bound in (("min", metric.min), ("max", metric.max)):
            if bound is not None and metric.name not in WIDER_THAN_SHARES and not 0 <= bound <= 1:
                yield f"spec.metrics[{number}].{field}: {bound:g} is not between 0 and 1, where {metric.name} lies"
        if metric.name in SCORED_METRICS and unscored:
            yield f"{where}: needs scores; name data.columns.score, or use data.predictions.model"
        if any(other.name is metric.name for other in spec.metrics[:number]):
            yield f"{where}: stands twice; keep one"


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem
