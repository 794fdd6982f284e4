"""CustomResourceDefinitions from pydantic models: structural OpenAPI v3 schemas as the API server accepts them.

pydantic writes JSON schema; the API server takes a stricter dialect of it. It refuses `$ref`, `anyOf` with null and
`additionalProperties: false`, and a CEL rule compiles only when every string and list that it meets is bounded. It
fills in defaults from the outside in, so that a nested object's default is `{}` plus what differs from its class's own
defaults. Docstrings become what `kubectl explain` prints.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from modelmonitor.api.rules import Ruled

_INT32: Final = 2**31
# What pydantic writes and the API server has no use for; unknown fields are cut off (pruned), never refused.
_DROPPED: Final = frozenset({"title", "$ref", "$defs", "additionalProperties"})


class NotStructuralError(TypeError):
    """A model says something that a structural schema cannot say; the message names the field and what to write."""


def structural(model: type[BaseModel], *, defaults: bool = True) -> JsonSchemaValue:
    """The structural schema of a model.

    Args:
        model: Its fields, docstrings, defaults, bounds, annotations and `rules` all end in the schema.
        defaults: False for a status: what nobody wrote must not be read there.

    Raises:
        NotStructuralError: A field has no bound, or a type that the API server refuses.
    """
    raw = model.model_json_schema(schema_generator=_Generator, mode="serialization")
    return _inlined(raw, raw.get("$defs", {}), model.__name__, defaults=defaults)


class _Generator(GenerateJsonSchema):
    """pydantic's generator with the API server's meaning of null, of defaults and of lists."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # an optional field may be absent, it is never null

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return (
            super().default_schema(schema)
            if schema.get("default") is not None
            else self.generate_inner(schema["schema"])
        )

    def encode_default(self, dft: Any) -> Any:
        if isinstance(dft, BaseModel):
            return dft.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return super().encode_default(dft)

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        json_schema = super().model_schema(schema)
        if issubclass(schema["cls"], Ruled) and schema["cls"].rules:
            json_schema["x-kubernetes-validations"] = [
                {"rule": rule.expression, "message": rule.message} for rule in schema["cls"].rules
            ]
        return json_schema

    def literal_schema(self, schema: core_schema.LiteralSchema) -> JsonSchemaValue:
        json_schema = super().literal_schema(schema)
        return {"type": json_schema["type"], "enum": list(schema["expected"])}

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        return {**super().tuple_schema(schema), "x-kubernetes-list-type": "atomic"}

    def int_schema(self, schema: core_schema.IntSchema) -> JsonSchemaValue:
        json_schema = super().int_schema(schema)
        low, high = json_schema.get("minimum", 0), json_schema.get("maximum", 0)
        return {**json_schema, "format": "int32" if -_INT32 <= low <= high < _INT32 else "int64"}

    def float_schema(self, schema: core_schema.FloatSchema) -> JsonSchemaValue:
        return {**super().float_schema(schema), "format": "double"}


def _inlined(node: JsonSchemaValue, defs: dict[str, JsonSchemaValue], path: str, *, defaults: bool) -> JsonSchemaValue:
    """The node with references replaced by what they name, and everything in it checked."""
    if "$ref" in node:
        node = {**defs[node["$ref"].removeprefix("#/$defs/")], **node}
    schema = {key: value for key, value in node.items() if key not in _DROPPED and (defaults or key != "default")}
    if problem := _problem(schema):
        raise NotStructuralError(f"{path}: {problem}")
    if "description" in schema:
        schema["description"] = _described(schema["description"], schema.get("default"))
    if "properties" in schema:
        schema["properties"] = {
            name: _inlined(inner, defs, f"{path}.{name}", defaults=defaults)
            for name, inner in schema["properties"].items()
        }
    if "items" in schema:
        schema["items"] = _inlined(schema["items"], defs, f"{path}[]", defaults=defaults)
    return schema


def _described(text: str, default: object) -> str:
    """The docstring as one paragraph; with the default, which `kubectl explain` does not show."""
    shown = default if isinstance(default, str) else json.dumps(default)
    said = f" Default: {shown}." if isinstance(default, str | bool | int | float) else ""
    return " ".join(text.split()) + said


def _problem(schema: JsonSchemaValue) -> str | None:
    if schema.keys() & {"exclusiveMinimum", "exclusiveMaximum"}:
        return "the API server has no open bounds: use ge and le instead of gt and lt"
    match schema:
        case {"type": "string"}:
            return None if schema.keys() & {"maxLength", "enum"} else "give the string a max_length"
        case {"type": "integer"}:
            return None if schema.keys() >= {"minimum", "maximum"} else "give the integer bounds (ge and le)"
        case {"type": "array"}:
            return None if schema.keys() >= {"items", "maxItems"} else "give the list a max_length and one type of item"
        case {"type": "object"}:
            known = schema.keys() & {"properties", "x-kubernetes-preserve-unknown-fields"}
            return None if known else "the content of a dict is cut off: use a model, or Preserved"
        case {"type": "number" | "boolean"} | {"x-kubernetes-int-or-string": True}:
            return None
    return "a field has one type: use a single one, or OneOf for a choice"


@dataclass(frozen=True, slots=True)
class PrinterColumn:
    """A column of `kubectl get`."""

    name: str
    path: str
    """JSONPath."""
    description: str
    type: str = "string"
    wide: bool = False
    """Only shown with `-o wide`."""

    def document(self) -> dict[str, Any]:
        """As it stands in the CRD."""
        priority = {"priority": 1} if self.wide else {}
        return {
            "name": self.name,
            "type": self.type,
            "jsonPath": self.path,
            "description": self.description,
            **priority,
        }


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of the API: its names, its two models, and how `kubectl get` shows it."""

    group: str
    version: str
    name: str
    plural: str
    short: str
    category: str
    description: str
    spec: type[BaseModel]
    status: type[BaseModel]
    columns: tuple[PrinterColumn, ...]
    selectable: tuple[str, ...] = ()
    """JSONPaths that `kubectl get --field-selector` understands."""

    @property
    def crd_name(self) -> str:
        """The CRD's own name, such as `modelmonitors.modelmonitor.dev`."""
        return f"{self.plural}.{self.group}"


# The name of an object becomes a label's value on its children, and those end at 63 characters.
_NAME_LIMIT: Final = 63


def crd(kind: Kind) -> dict[str, Any]:
    """The CustomResourceDefinition of a kind."""
    schema = {
        "type": "object",
        "description": kind.description,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": _NAME_LIMIT}}},
            "spec": structural(kind.spec),
            "status": structural(kind.status, defaults=False),
        },
    }
    version = {
        "name": kind.version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            *(column.document() for column in kind.columns),
            {
                "name": "Age",
                "type": "date",
                "jsonPath": ".metadata.creationTimestamp",
                "description": "Since when it is there.",
            },
        ],
    }
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable]
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd_name},
        "spec": {
            "group": kind.group,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                "categories": [kind.category],
            },
            "versions": [version],
        },
    }


class _Dumper(yaml.SafeDumper):
    """Writes a value out wherever it stands: anchors would tie fields together that have nothing to do with it."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def to_yaml(document: dict[str, Any]) -> str:
    """The document as YAML, keys sorted: the same text from the same models, whatever the order of their fields."""
    return yaml.dump(document, Dumper=_Dumper, allow_unicode=True, width=120)
