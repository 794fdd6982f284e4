"""Every enum, bound, format and required field of both specs against the real API server, one step on each side.

The cases are made from the schemas: a new field is tested as soon as it is there.
"""

import copy
import math
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest
import yaml

from e2e.cluster.controlplane import ControlPlane
from e2e.cluster.errors import ClusterError
from modelmonitor.api.crdgen import structural
from modelmonitor.api.evaluation import ModelEvaluationSpec
from modelmonitor.api.monitor import ModelMonitorSpec
from tests.api.custom_objects import CustomObjects, Json, manifest

ABSENT: Final = object()
Path = tuple[str | int, ...]


class Case(NamedTuple):
    """A manifest in which every field is set, with one of them changed; and the complaint, if any."""

    of: str
    path: Path
    value: Any
    complaint: str | None


WITH_EVERY_FIELD: Final = (
    # A field may belong to one task alone, so it takes several manifests to set them all.
    (("full", "multiclass", "regression"), ModelMonitorSpec),
    (("evaluation",), ModelEvaluationSpec),
)


def cases() -> Iterator[Case]:
    for names, model in WITH_EVERY_FIELD:
        for schema_path, schema in leaves(structural(model), ("spec",)):
            if place := home(names, schema_path):
                of, path = place
                yield from (Case(of, path, value, complaint) for value, complaint in edges(schema))
        for schema_path in required(structural(model), ("spec",)):
            if place := home(names, schema_path):
                yield Case(*place, ABSENT, "Required value")


def home(names: tuple[str, ...], path: Path) -> tuple[str, Path] | None:
    """The first manifest in which a field is set, and where it is there; None where it is set in none."""
    found = ((name, place) for name in names for place in places(manifest(name), path))
    return next(found, None)


def places(node: Any, path: Path) -> Iterator[Path]:
    """Where a field is set; a number in its path stands for any item of a list."""
    if not path:
        yield ()
        return
    key, *rest = path
    keys = range(len(node)) if isinstance(key, int) else [key] if key in node else []
    for one in keys:
        yield from ((one, *inner) for inner in places(node[one], tuple(rest)))


def leaves(schema: Json, path: Path) -> Iterator[tuple[Path, Json]]:
    yield path, schema
    if "x-kubernetes-preserve-unknown-fields" not in schema:
        for name, inner in schema.get("properties", {}).items():
            yield from leaves(inner, (*path, name))
    if "items" in schema:
        yield from leaves(schema["items"], (*path, 0))


def required(schema: Json, path: Path) -> Iterator[Path]:
    for name in schema.get("required", ()):
        yield (*path, name)
    for name, inner in schema.get("properties", {}).items():
        yield from required(inner, (*path, name))
    if "items" in schema:
        yield from required(schema["items"], (*path, 0))


def edges(schema: Json) -> Iterator[tuple[Any, str | None]]:
    """Values at a field's bounds, which are accepted, and beyond them, with what is then said."""
    for value in schema.get("enum", ()):
        yield value, None
    if "enum" in schema:
        yield "Nonsense", "supported values"
    yield from numbers(schema)
    yield from lengths(schema)
    yield from formats(schema)
    if schema.get("type") in {"object", "string", "boolean"}:
        yield 7, "must be of type"
    if schema.get("type") in {"integer", "number", "array"}:
        yield "seven", "must be of type"


def numbers(schema: Json) -> Iterator[tuple[Any, str | None]]:
    for bound, step, words in (("minimum", -1, "greater than or equal to"), ("maximum", 1, "less than or equal to")):
        if bound in schema:
            edge = schema[bound]
            yield edge, None
            yield edge + step if schema["type"] == "integer" else math.nextafter(edge, edge + step), words


def lengths(schema: Json) -> Iterator[tuple[Any, str | None]]:
    if "maxLength" in schema:
        yield "x" * (schema["maxLength"] + 1), "Too long"
        if not schema.keys() & {"format", "pattern"}:
            yield "x" * schema["maxLength"], None
    if schema.get("minLength"):
        yield "", "should be at least 1 chars long"
    if "minItems" in schema:
        yield [], f"should have at least {schema['minItems']} items"
    if "maxItems" in schema:
        yield [{}] * (schema["maxItems"] + 1), "Too many"


def formats(schema: Json) -> Iterator[tuple[Any, str | None]]:
    if "pattern" in schema:
        yield "!", "should match"
    if schema.get("format") in {"date", "date-time"}:
        yield "2013-02-30", "must be of type date"
    if schema.get("format") == "duration":
        for value in ("1s", "90m", "99999d"):
            yield value, None
        for value in ("0d", "1w", "P7D", "1h30m", "1.5h", "-1d"):
            yield value, "should match"


def changed(case: Case) -> Json:
    document = copy.deepcopy(manifest(case.of))
    node: Any = document
    for key in case.path[:-1]:
        node = node[key]
    if case.value is ABSENT:
        del node[case.path[-1]]
    else:
        node[case.path[-1]] = case.value
    return document


def in_words(path: Path) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)[1:]


def params(*, accepted: bool) -> list[Any]:
    chosen = [case for case in cases() if (case.complaint is None) == accepted]
    return [pytest.param(case, id=f"{case.of} {in_words(case.path)} {str(case.value)[:20]!r}") for case in chosen]


@pytest.mark.parametrize("case", params(accepted=True))
def test_a_value_at_the_edge_is_accepted(dry_run: CustomObjects, case: Case) -> None:
    answer = dry_run.try_create(changed(case))

    # A rule may still object: it weighs the field against others. The field by itself is in order.
    assert in_words(case.path) not in dict(answer.causes)
    assert "not checked" not in answer.message


@pytest.mark.parametrize("case", params(accepted=False))
def test_a_value_beyond_the_edge_is_refused_with_its_field_and_the_bound(dry_run: CustomObjects, case: Case) -> None:
    answer = dry_run.try_create(changed(case))

    said = [sentence for field, sentence in answer.causes if field == in_words(case.path)]
    assert any(str(case.complaint) in sentence for sentence in said), answer.message


@pytest.mark.parametrize("of", ["minimal", "full", "multiclass", "regression", "evaluation"])
def test_the_manifests_that_the_cases_change_are_accepted_themselves(dry_run: CustomObjects, of: str) -> None:
    assert dry_run.try_create(manifest(of)).message == ""


@pytest.mark.parametrize(("names", "model"), WITH_EVERY_FIELD)
def test_the_manifests_with_every_field_have_every_field(names: tuple[str, ...], model: Any) -> None:
    missing = {in_words(path) for path, _ in leaves(structural(model), ("spec",)) if home(names, path) is None}
    assert missing == set()


@pytest.mark.parametrize("number", [".nan", ".inf", "-.inf"])
def test_a_number_that_is_none_is_refused(api_server: ControlPlane, number: str) -> None:
    text = yaml.safe_dump(manifest("minimal")).replace("min: 0.2", f"min: {number}")

    with pytest.raises(ClusterError, match=r"unsupported value: (NaN|\+Inf|-Inf)"):
        api_server.kubectl("apply", "--dry-run=server", "--filename=-", stdin=text)


def test_a_second_objective_for_the_same_metric_is_refused(dry_run: CustomObjects) -> None:
    document = manifest("minimal")
    document["spec"]["metrics"] *= 2

    assert dry_run.try_create(document).causes == (("spec.metrics[1]", 'Duplicate value: {"name":"f1"}'),)


def test_a_field_that_does_not_exist_is_refused_by_its_path(dry_run: CustomObjects) -> None:
    document = manifest("minimal")
    document["spec"]["data"]["current"]["files"]["url"] = "s3://lake/"

    assert 'unknown field "spec.data.current.files.url"' in dry_run.try_create(document).message


def test_a_name_that_would_not_fit_into_a_label_is_refused(dry_run: CustomObjects) -> None:
    document = manifest("minimal")
    document["metadata"]["name"] = "f" * 64

    causes = dict(dry_run.try_create(document).causes)
    assert causes["metadata.name"] == "Too long: may not be more than 63 bytes"
