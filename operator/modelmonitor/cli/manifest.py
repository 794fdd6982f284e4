"""A ModelMonitor from a YAML file, checked as the API server would, with messages for the person who wrote it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.types import API_VERSION
from modelmonitor.cli.broken_rules import broken_rules
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
    if problems := list(broken_rules(spec)):
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


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{problem} (line {mark.line + 1}, column {mark.column + 1})" if mark else problem
