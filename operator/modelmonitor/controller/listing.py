"""What is watched, and how all of it is read at once.

A watch tells what happens while it lasts. It does not tell what it missed: objects that were deleted while it was
broken and had to begin anew stay in the cache for ever. And at the start it tells things one after the other: a
monitor that is decided on before its SeldonDeployment is heard of would be Stalled for a moment, at every restart.
So everything is read before the first decision, and again from time to time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import structlog

from modelmonitor.controller import labels
from modelmonitor.controller.cache import Cache, Store
from modelmonitor.controller.projections import Key, target_in
from modelmonitor.kube.api import Api
from modelmonitor.kube.resources import EVALUATIONS, JOBS, MONITORS, PODS, Resource
from modelmonitor.serving.protocol import ServingKind, Watched

Raw = Mapping[str, Any]
PAGE: Final = 500
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Source:
    """A kind that is watched, where it is kept, and which monitors a change of one of its objects concerns."""

    resource: Resource
    selector: str
    store: Store[Any]
    concerned: Callable[[Raw], Iterable[Key]]


def sources(cache: Cache, kinds: Iterable[ServingKind]) -> tuple[Source, ...]:
    """Everything that is watched. `kinds`: what serves models in this cluster."""
    return (
        Source(MONITORS, "", cache.monitors, lambda raw: _with_rivals(cache, raw)),
        Source(EVALUATIONS, f"{labels.FINISHED}!=true", cache.evaluations, _labelled),
        Source(JOBS, labels.MONITOR, cache.jobs, _labelled),
        Source(PODS, labels.MONITOR, cache.pods, _labelled),
        *(_serving(cache, kind, watched) for kind in kinds for watched in kind.watched),
    )


def _serving(cache: Cache, kind: ServingKind, watched: Watched[Any]) -> Source:
    holder = kind.holder.resource.kind

    def concerned(raw: Raw) -> Iterable[Key]:
        namespace, _ = _name(raw)
        return [key for name in watched.concerns(raw) for key in cache.monitors_of(namespace, holder, name)]

    return Source(watched.resource, watched.selector, cache.serving[watched.resource], concerned)


def heard(source: Source, event: Mapping[str, Any]) -> list[Key]:
    """Take a watch event into the cache; the monitors for which it is news.

    What the cache has already is none: the echo of our own write, or ten thousand monitors that are listed once more
    after a break.
    """
    raw = event["object"]
    # Asked before the change: a monitor that turns to another target leaves the old one to somebody.
    concerned = list(source.concerned(raw))
    if event["type"] == "DELETED":
        source.store.remove(raw)
        return concerned
    return concerned if source.store.apply(raw) else []


async def read_everything(api: Api, cache: Cache, watched: Sequence[Source], namespaces: Sequence[str]) -> set[Key]:
    """Bring the cache up to date; the monitors for which there is news.

    Args:
        api: Where to read.
        cache: What `watched` fills.
        watched: The kinds to read.
        namespaces: Where to look; empty for everywhere.
    """
    news: set[Key] = set()
    for source in watched:
        for namespace in namespaces or (None,):
            news |= await _read(api, cache, source, namespace)
    return news


async def _read(api: Api, cache: Cache, source: Source, namespace: str | None) -> set[Key]:
    news: set[Key] = set()
    uids: set[str] = set()
    query = {"limit": str(PAGE)} | ({"labelSelector": source.selector} if source.selector else {})
    while True:
        page = await api.get(source.resource.path(namespace), query=query)
        for raw in page["items"]:
            uids.add(raw["metadata"]["uid"])
            if _applied(source, raw):
                news.update(source.concerned(raw))
        more = page["metadata"].get("continue")
        if not more:
            break
        query["continue"] = more
    # Whatever has gone unheard is rare: everybody there looks around.
    for touched in source.store.sweep(uids, int(page["metadata"]["resourceVersion"]), namespace):
        news.update(one.key for one in cache.monitors.inside(touched))
    return news


def _applied(source: Source, raw: Raw) -> bool:
    try:
        return source.store.apply(raw)
    except (KeyError, TypeError, ValueError):
        # One object that this version cannot read must not keep the operator from starting.
        _log.exception("cannot read an object, it is left out", kind=source.resource.kind, name=_name(raw))
        return False


def _name(raw: Raw) -> tuple[str, str]:
    return raw["metadata"]["namespace"], raw["metadata"]["name"]


def _with_rivals(cache: Cache, raw: Raw) -> set[Key]:
    """A monitor, and those that look at the serving target that it has, or had: they may own it now, or no longer."""
    key = Key(*_name(raw))
    known = cache.monitors.get(key.namespace, key.name)
    targets = {target_in(raw)} | ({known.target} if known else set())
    return {key} | {one.key for one in cache.monitors.inside(key.namespace) if one.target in targets}


def _labelled(raw: Raw) -> list[Key]:
    namespace, _ = _name(raw)
    monitor = (raw["metadata"].get("labels") or {}).get(labels.MONITOR)
    return [Key(namespace, monitor)] if monitor else []
