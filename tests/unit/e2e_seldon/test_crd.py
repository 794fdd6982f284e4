"""The stubs of Seldon's kinds are parts of the real definitions."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
STUBS = ROOT / "e2e" / "seldon"
REAL = ROOT.parent / "shared" / "crds"
KEPT = ("type", "format", "x-kubernetes-list-type", "x-kubernetes-list-map-keys")

Node = dict[str, Any]


def definition(path: Path) -> Node:
    found: Node = yaml.safe_load(path.read_text())
    return found


def unlike(ours: Node, real: Node, path: str) -> Iterator[str]:
    for key in KEPT:
        if ours.get(key) != real.get(key):
            yield f"{path}: {key} is {ours.get(key)!r}, in the real definition {real.get(key)!r}"
    if set(ours.get("required", [])) != set(real.get("required", [])):
        yield f"{path}: required is {ours.get('required')}, in the real definition {real.get('required')}"
    for name, child in ours.get("properties", {}).items():
        if name not in real.get("properties", {}):
            yield f"{path}.{name}: not in the real definition"
        else:
            yield from unlike(child, real["properties"][name], f"{path}.{name}")
    for nested in ("items", "additionalProperties"):
        if nested in ours:
            yield from unlike(ours[nested], real.get(nested, {}), f"{path}[]")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real definitions are not here")
@pytest.mark.parametrize(
    ("stub", "definition_of"),
    [
        ("crd.yaml", "seldondeployment-v1.17.1-small-bases.yaml"),
        ("model-crd.yaml", "seldon-v2.6.0-mlops.seldon.io_models.yaml"),
    ],
)
def test_every_field_of_the_stub_is_in_the_real_definition_with_the_same_type(stub: str, definition_of: str) -> None:
    ours, real = definition(STUBS / stub), definition(REAL / definition_of)
    assert ours["spec"]["names"] == real["spec"]["names"]
    assert ours["spec"]["scope"] == real["spec"]["scope"]
    (version,), (real_version,) = ours["spec"]["versions"], real["spec"]["versions"]
    assert {k: v for k, v in version.items() if k != "schema"} == {
        k: v for k, v in real_version.items() if k != "schema"
    }
    schema = [v["schema"]["openAPIV3Schema"] for v in (version, real_version)]
    assert not list(unlike(schema[0], schema[1], ours["spec"]["names"]["kind"]))


def test_the_list_of_predictors_is_atomic_as_in_the_real_definition() -> None:
    (version,) = definition(STUBS / "crd.yaml")["spec"]["versions"]
    predictors = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["predictors"]
    assert "x-kubernetes-list-type" not in predictors
