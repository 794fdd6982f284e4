"""Which kinds of things that serve this cluster has."""

from collections.abc import Awaitable, Callable, Container

from modelmonitor.kube.api import Document
from modelmonitor.kube.errors import NotFoundError
from modelmonitor.kube.resources import Resource
from modelmonitor.serving.protocol import ServingKind
from modelmonitor.serving.targets import KINDS

Get = Callable[[str], Awaitable[Document]]


async def serving_kinds(get: Get, wanted: Container[str]) -> tuple[ServingKind, ...]:
    """The kinds whose holder discovery lists: a watch of another one would fail for ever.

    Args:
        get: Asks the API server for a path, as `Api.get`.
        wanted: The names of those for which the operator has rights.
    """
    return tuple([kind for kind in KINDS if kind.name in wanted and await _listed(get, kind.holder.resource)])


async def _listed(get: Get, resource: Resource) -> bool:
    try:
        found = await get(resource.group_path)
    except NotFoundError:
        return False
    return any(one.get("name") == resource.plural for one in found.get("resources", []))
