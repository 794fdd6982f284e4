"""A namespace in which these objects are known: `serving.protocol.Live` without a cache."""

from collections.abc import Iterable
from typing import Any, TypeVar

import jsonpatch

from modelmonitor.serving.protocol import JsonPatch, Watched

T = TypeVar("T")
Raw = dict[str, Any]


class Namespace:
    """Objects of one kind, as the API server gives them."""

    def __init__(self, *objects: Raw) -> None:
        self._objects = {str(one["metadata"]["name"]): one for one in objects}

    def get(self, kind: Watched[T], name: str) -> T | None:
        found = self._objects.get(name)
        return kind.project(found) if found is not None else None

    def inside(self, kind: Watched[T]) -> Iterable[T]:
        return [kind.project(one) for one in self._objects.values()]


def applied(body: JsonPatch | None, onto: Raw) -> Raw:
    """What a patch makes of an object."""
    assert body is not None
    after: Raw = jsonpatch.apply_patch(onto, body)
    return after
