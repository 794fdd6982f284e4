"""What the operator knows of the cluster: projections, fed by watches and by every answer of the API server."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from modelmonitor.controller.fleet import FleetCount
from modelmonitor.controller.projections import ActiveEvaluation, JobView, Key, MonitorSeen, PodView
from modelmonitor.kube.resources import Resource
from modelmonitor.serving.protocol import ServingKind, Watched
from modelmonitor.serving.targets import KINDS

T = TypeVar("T")
Raw = Mapping[str, Any]
MOST_EXPLAINED: Final = 10_000
EXPLAINED_FOR: Final = timedelta(minutes=5)


@dataclass(slots=True)
class _Entry(Generic[T]):
    uid: str
    version: int
    value: T


class Store(Generic[T]):
    """Projections of one kind by namespace and name; an older version never replaces a newer one.

    A watch event may arrive after the answer to our own write. Without the comparison the cache would step back in
    time, and the next decision would do again what has just been done.
    """

    def __init__(
        self, project: Callable[[Raw], T], changed: Callable[[T | None, T | None], None] = lambda _before, _after: None
    ) -> None:
        self._project = project
        self._changed = changed
        self._entries: dict[str, dict[str, _Entry[T]]] = {}
        self._gone: dict[str, int] = {}

    def apply(self, raw: Raw) -> bool:
        """Learn of an object; whether that is news."""
        meta = raw["metadata"]
        version = int(meta["resourceVersion"])
        inside = self._entries.setdefault(meta["namespace"], {})
        known = inside.get(meta["name"])
        if (known is not None and known.version > version) or self._gone.get(meta["uid"], -1) >= version:
            return False
        entry = inside[meta["name"]] = _Entry(meta["uid"], version, self._project(raw))
        self._changed(known.value if known is not None else None, entry.value)
        return known is None or known.version < version

    def remove(self, raw: Raw) -> None:
        """Learn that an object is gone."""
        meta = raw["metadata"]
        # Bounded: only the latest removals can still be overtaken by an event that was under way.
        self._gone[meta["uid"]] = int(meta["resourceVersion"])
        if len(self._gone) > 1000:
            del self._gone[next(iter(self._gone))]
        self.forget(meta["namespace"], meta["name"], meta["uid"])

    def forget(self, namespace: str, name: str, uid: str | None = None) -> None:
        """Learn from an answer that an object is gone; with a uid only this very one.

        Events come in order for one object, not for one name: what was deleted and made again at once may be told
        in the other order, and the new one would be forgotten for ever.
        """
        inside = self._entries.get(namespace, {})
        known = inside.get(name)
        if known is not None and uid in (None, known.uid):
            del inside[name]
            self._changed(known.value, None)

    def sweep(self, listed: Container[str], version: int, namespace: str | None = None) -> set[str]:
        """Forget what a list of that version (of one namespace, or of all) did not have; the namespaces concerned.

        Args:
            listed: The uids in the list.
            version: The list's own resourceVersion; what is newer came after it.
            namespace: None for all.
        """
        touched = set()
        for place in [namespace] if namespace is not None else list(self._entries):
            inside = self._entries.get(place, {})
            for name, known in list(inside.items()):
                if known.uid not in listed and known.version <= version:
                    del inside[name]
                    self._changed(known.value, None)
                    touched.add(place)
        return touched

    def get(self, namespace: str, name: str) -> T | None:
        """One object."""
        entry = self._entries.get(namespace, {}).get(name)
        return entry.value if entry else None

    def inside(self, namespace: str) -> Iterator[T]:
        """All objects of a namespace."""
        return (entry.value for entry in list(self._entries.get(namespace, {}).values()))

    def everywhere(self) -> Iterator[tuple[str, T]]:
        """All objects with their namespaces."""
        return ((namespace, value) for namespace in list(self._entries) for value in self.inside(namespace))

    def __iter__(self) -> Iterator[T]:
        return (value for namespace in list(self._entries) for value in self.inside(namespace))


@dataclass(frozen=True, slots=True)
class Explained:
    """What the Events of a waiting Job say."""

    message: str
    at: datetime


@dataclass(slots=True)
class Cache:
    """Everything that is known."""

    fleet: FleetCount = field(default_factory=FleetCount)
    monitors: Store[MonitorSeen] = field(init=False)
    evaluations: Store[ActiveEvaluation] = field(default_factory=lambda: Store(ActiveEvaluation.of))
    jobs: Store[JobView] = field(default_factory=lambda: Store(JobView.of))
    pods: Store[PodView] = field(default_factory=lambda: Store(PodView.of))
    serving: dict[Resource, Store[Any]] = field(
        default_factory=lambda: {one.resource: Store(one.project) for kind in KINDS for one in kind.watched}
    )
    """What serves, and what tells how far a roll is, by kind."""
    kinds: tuple[ServingKind, ...] = KINDS
    """What serves models and is watched."""
    explained: dict[str, Explained] = field(default_factory=dict)
    """By a Job's uid."""
    deleted: set[str] = field(default_factory=set)
    """uids of training Jobs that were looked for and are gone."""

    def __post_init__(self) -> None:
        self.monitors = Store(MonitorSeen.of, self.fleet.heard)

    def explain(self, uid: str, told: Explained) -> None:
        """Remember what the Events of a Job said."""
        self.explained[uid] = told
        # Bounded: a Job that has been forgotten here and still waits is asked about again.
        if len(self.explained) > MOST_EXPLAINED:
            del self.explained[next(iter(self.explained))]

    def monitors_of(self, namespace: str, kind: str, name: str) -> list[Key]:
        """The monitors that look at a serving object."""
        return [
            one.key
            for one in self.monitors.inside(namespace)
            if one.target is not None and (one.target.kind, one.target.name) == (kind, name)
        ]

    def serving_in(self, namespace: str) -> "NamespaceServing":
        """What is known of the serving objects of a namespace."""
        return NamespaceServing(self.serving, namespace)


@dataclass(frozen=True, slots=True)
class NamespaceServing:
    """`serving.protocol.Live` over the cache."""

    stores: Mapping[Resource, Store[Any]]
    namespace: str

    def get(self, kind: Watched[T], name: str) -> T | None:
        """One object."""
        found: T | None = self.stores[kind.resource].get(self.namespace, name)
        return found

    def inside(self, kind: Watched[T]) -> Iterator[T]:
        """All objects of a kind."""
        return self.stores[kind.resource].inside(self.namespace)
