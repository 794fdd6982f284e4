"""What changed against the champion: parameters, inputs, library versions, rows."""

import importlib
import platform
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from modelmonitor.api.types import format_time
from modelmonitor.evaluation.models import ScikitLearnModel
from modelmonitor.evaluation.models.scikit_learn import kind_of
from modelmonitor.training.facts import Change, DataFacts, TrainingFacts

_UNKNOWN: Final = "not known: it has no training.json"
_ADDRESS: Final = re.compile(r" at 0x[0-9a-f]+")
_LONGEST: Final = 200
_MOST_NAMES: Final = 6
_PACKAGES: Final = ("numpy", "pandas", "pyarrow")
_DISTRIBUTIONS: Final = {"sklearn": "scikit-learn"}


def parameters_of(estimator: Any) -> dict[str, str]:
    """The parameters of an estimator and of its parts as text; the parts themselves are no parameters."""
    found: Mapping[str, Any] = estimator.get_params(deep=True)
    return {name: _text(value) for name, value in sorted(found.items()) if not _holds_estimator(value)}


def versions_of(estimator: Any) -> dict[str, str]:
    """The versions of Python and of the libraries that an estimator is made of, and its rows."""
    parts = [estimator, *(one for one in estimator.get_params(deep=True).values() if _holds_estimator(one))]
    own = sorted({type(one).__module__.partition(".")[0] for one in parts if hasattr(one, "get_params")})
    modules = {name: importlib.import_module(name) for name in dict.fromkeys((*own, *_PACKAGES))}
    libraries = {
        _DISTRIBUTIONS.get(name, name): str(module.__version__)
        for name, module in modules.items()
        if hasattr(module, "__version__")
    }
    return {"Python": platform.python_version()} | libraries


def changes(
    champion: ScikitLearnModel,
    new: ScikitLearnModel,
    before: TrainingFacts | None,
    data: DataFacts,
    versions: Mapping[str, str],
) -> tuple[Change, ...]:
    """What is other in the new model.

    Args:
        champion: the serving model.
        new: the new model.
        before: what is known of how the champion was made, if it was made by this trainer.
        data: what the new one was trained on.
        versions: of libraries here.
    """
    return (
        *_rows(before, data),
        *_parameters(champion, new),
        *_inputs(champion, new),
        *_libraries(champion, new, before, versions),
    )


def _rows(before: TrainingFacts | None, data: DataFacts) -> Iterable[Change]:
    old = before.data if before else None
    yield Change(what="events", before=_range(old) if old else _UNKNOWN, after=_range(data))
    yield Change(what="rows", before=f"{old.rows:,}" if old else _UNKNOWN, after=f"{data.rows:,}")
    if old and old.uri != data.uri:
        yield Change(what="data", before=old.uri, after=data.uri)
    if old and (old.positive, data.positive) != (None, None):
        yield Change(what="positive share", before=_positive(old), after=_positive(data))
    types = {one.name: one.type for one in old.columns} if old else {}
    for one in data.columns:
        if one.name in types and types[one.name] != one.type:
            yield Change(what=f"type of {one.name}", before=types[one.name], after=one.type)


def _range(data: DataFacts) -> str:
    return f"{format_time(data.first)} to {format_time(data.last)}"


def _positive(data: DataFacts) -> str:
    return f"{data.classes.get(data.positive or '', 0) / data.rows:.2%}"


def _parameters(champion: ScikitLearnModel, new: ScikitLearnModel) -> Iterable[Change]:
    old, now = parameters_of(champion.estimator), parameters_of(new.estimator)
    for name in sorted(old.keys() | now.keys()):
        if old.get(name) != now.get(name):
            yield Change(what=f"parameter {name}", before=old.get(name, ""), after=now.get(name, ""))


def _inputs(champion: ScikitLearnModel, new: ScikitLearnModel) -> Iterable[Change]:
    """Columns that the last step of a pipeline is given: a one-hot encoder makes one of each category that it saw."""
    old, now = _prepared(champion.estimator), _prepared(new.estimator)
    if old is None or now is None or set(old) == set(now):
        return
    yield Change(what="inputs of the last step", before=str(len(old)), after=str(len(now)))
    yield Change(
        what="of these only in one",
        before=_few(one for one in old if one not in set(now)),
        after=_few(one for one in now if one not in set(old)),
    )


def _prepared(estimator: Any) -> list[str] | None:
    # Only pipelines have steps, and not every step can name what it makes: then nothing is said of it.
    try:
        return [str(name) for name in estimator[:-1].get_feature_names_out()]
    except (AttributeError, TypeError, ValueError, IndexError, KeyError):
        return None


def _libraries(
    champion: ScikitLearnModel, new: ScikitLearnModel, before: TrainingFacts | None, versions: Mapping[str, str]
) -> Iterable[Change]:
    if before is None:
        old, now = champion.kind, kind_of(new.estimator)
        if old != now:
            yield Change(what="estimator", before=old, after=now)
        return
    was = before.made.versions
    for name in sorted(was.keys() | versions.keys()):
        if was.get(name) != versions.get(name):
            yield Change(what=name, before=was.get(name, ""), after=versions.get(name, ""))


def _holds_estimator(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return any(_holds_estimator(one) for one in value)
    return hasattr(value, "get_params")


def _text(value: Any) -> str:
    text = _ADDRESS.sub("", " ".join(repr(value).split()))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _few(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:_MOST_NAMES]) + (
        f" and {len(found) - _MOST_NAMES} more" if len(found) > _MOST_NAMES else ""
    )
