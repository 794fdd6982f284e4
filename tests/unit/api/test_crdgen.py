"""The schemas that crdgen makes, the errors that it raises, and that the committed CRDs are what the models say."""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final

import pytest
import yaml
from pydantic import BaseModel, Field

from modelmonitor.api.__main__ import files
from modelmonitor.api.crdgen import NotStructuralError, crd, structural, to_yaml
from modelmonitor.api.kinds import KINDS

ROOT: Final = Path(__file__).resolve().parents[3]
PAIRS: Final = sorted((ROOT / "tests" / "data" / "crdgen").glob("*.py"))


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.stem)
def test_a_model_becomes_the_schema_beside_it(path: Path) -> None:
    case: type[BaseModel] = importlib.import_module(f"tests.data.crdgen.{path.stem}").Case

    assert to_yaml(structural(case)) == path.with_suffix(".yaml").read_text(encoding="utf-8")


def test_a_status_has_no_defaults() -> None:
    case: type[BaseModel] = importlib.import_module("tests.data.crdgen.defaults").Case

    assert "default" not in {key for _, node in nodes(structural(case, defaults=False)) for key in node}


def model(annotation: Any) -> type[BaseModel]:
    return type("Asked", (BaseModel,), {"__annotations__": {"field": annotation}, "__module__": __name__})


@pytest.mark.parametrize(
    ("annotation", "message"),
    [
        (str, "Asked.field: give the string a max_length"),
        (int, "Asked.field: give the integer bounds (ge and le)"),
        (Annotated[int, Field(ge=0)], "Asked.field: give the integer bounds (ge and le)"),
        (tuple[bool, ...], "Asked.field: give the list a max_length and one type of item"),
        (tuple[bool, float], "Asked.field: give the list a max_length and one type of item"),
        (Annotated[tuple[str, ...], Field(max_length=3)], "Asked.field[]: give the string a max_length"),
        (dict[str, bool], "Asked.field: the content of a dict is cut off: use a model, or Preserved"),
        (bool | float, "Asked.field: a field has one type: use a single one, or OneOf for a choice"),
        (Any, "Asked.field: a field has one type: use a single one, or OneOf for a choice"),
        (
            Annotated[float, Field(gt=0)],
            "Asked.field: the API server has no open bounds: use ge and le instead of gt and lt",
        ),
    ],
)
def test_what_would_be_refused_is_told_with_the_field_and_what_to_write(annotation: Any, message: str) -> None:
    with pytest.raises(NotStructuralError) as caught:
        structural(model(annotation))

    assert str(caught.value) == message


@pytest.mark.parametrize(("path", "text"), files().items(), ids=files().keys())
def test_the_committed_crd_is_what_the_models_say(path: str, text: str) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == text, "run: PYTHONPATH=operator python -m modelmonitor.api"


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_crd_fits_into_the_annotation_of_a_client_side_apply(kind: Any) -> None:
    assert len(to_yaml(crd(kind)).encode()) < 262_144


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_field_is_described_in_sentences(kind: Any) -> None:
    schema = crd(kind)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    bare = [
        path
        for path, node in nodes(schema)
        if not node.get("description", "").endswith(".") and not path.startswith((".apiVersion", ".kind", ".metadata"))
    ]

    # An item is described by the list that it is in; kubectl prints both.
    assert [path for path in bare if not path.endswith("[]")] == []


def test_yaml_is_read_back_as_it_was() -> None:
    for kind in KINDS:
        assert yaml.safe_load(to_yaml(crd(kind))) == crd(kind)


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside a schema with the path to it; the items of a list have `[]` at the end."""
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from nodes(inner, f"{path}.{name}")
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]")
