"""What a field says beyond its type: how its list, its subtree or its length is treated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from keyword import iskeyword
from typing import Any, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_Items = TypeVar("_Items", bound=Sequence[object])


@dataclass(frozen=True, slots=True)
class ListMap:
    """A list of objects in which no two have the same `key`: `Annotated[tuple[Metric, ...], ListMap("name")]`.

    The API server refuses a second entry, and appliers merge entry by entry.
    """

    key: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._unique, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [self.key]}

    def _unique(self, items: _Items) -> _Items:
        seen: set[object] = set()
        for item in items:
            # A key that is a word of Python, such as class, has an underscore inside.
            value = getattr(item, f"{self.key}_" if iskeyword(self.key) else self.key)
            if value in seen:
                raise ValueError(f"two entries have the {self.key} {value}: keep one")
            seen.add(value)
        return items


@dataclass(frozen=True, slots=True)
class ListSet:
    """A list of texts in which none stands twice."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._unique, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "x-kubernetes-list-type": "set"}

    def _unique(self, items: _Items) -> _Items:
        for number, item in enumerate(items):
            if item in items[:number]:
                raise ValueError(f"{item} stands twice: keep one")
        return items


@dataclass(frozen=True, slots=True)
class Preserved:
    """A subtree of another API that the server keeps as it is, unknown fields too; only `path` must be there.

    Writing out the other API's schema would cut off its newer fields, and a JobTemplate's is too long for
    client-side apply.
    """

    path: str
    """Dotted, such as `spec.template`."""
    of: str
    """What the subtree is, such as `batch/v1 JobTemplateSpec`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._complete, handler(source))

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        schema: JsonSchemaValue = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        keys = self.path.split(".")
        for depth in range(len(keys), 0, -1):
            inner = {**schema, "description": f"`{'.'.join(keys[:depth])}` of a {self.of}, kept as it is written."}
            schema = {
                "type": "object",
                "x-kubernetes-preserve-unknown-fields": True,
                "required": [keys[depth - 1]],
                "properties": {keys[depth - 1]: inner},
            }
        return schema

    def _complete(self, tree: Mapping[str, Any]) -> Mapping[str, Any]:
        node: Any = tree
        for key in self.path.split("."):
            if not isinstance(node, Mapping) or not isinstance(node.get(key), Mapping):
                raise ValueError(f"{self.path} is missing: write it as in a {self.of}")  # noqa: TRY004
            node = node[key]
        return tree


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text for people that is cut at `limit` characters.

    A status that is refused because one of its messages is too long would tell nobody anything.
    """

    limit: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(self._cut, core_schema.str_schema(max_length=self.limit))

    def _cut(self, text: object) -> object:
        return f"{text[: self.limit - 1]}…" if isinstance(text, str) and len(text) > self.limit else text
