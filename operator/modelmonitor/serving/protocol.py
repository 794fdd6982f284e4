"""What every kind of thing that serves can do: be watched, be seen, be moved.

A module per kind says how; `targets` knows them all. Nothing else in the operator knows what serves a model.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from modelmonitor.domain.observation import Problem, ServingSeen
from modelmonitor.kube.resources import Resource

T = TypeVar("T")
Raw = Mapping[str, Any]
JsonPatch = list[dict[str, Any]]
Manifest = dict[str, Any]
ROLLOUT_ANNOTATION: Final = "modelmonitor.dev/rollout"


@dataclass(frozen=True, slots=True)
class Watched(Generic[T]):
    """A kind that is watched: by which labels, what is kept of an object, and which serving objects it concerns."""

    resource: Resource
    selector: str
    project: Callable[[Raw], T]
    concerns: Callable[[Raw], Iterable[str]]
    """Names of serving objects."""

    def selects(self, raw: Raw) -> bool:
        """Whether the watch tells of this object: by a label, or a label's value, or of all."""
        label, equals, value = self.selector.partition("=")
        labels = raw["metadata"].get("labels") or {}
        return not label or (labels.get(label) == value if equals else label in labels)


@dataclass(frozen=True, slots=True)
class ServingKind:
    """A kind of thing that serves: the object that holds the model's URI, and what is watched beside it.

    `name` is its key in `spec.model.serving`. It is watched where discovery lists the kind of the holder.
    """

    name: str
    holder: Watched[Any]
    beside: tuple[Watched[Any], ...] = ()

    @property
    def watched(self) -> tuple[Watched[Any], ...]:
        """Everything that is watched."""
        return (self.holder, *self.beside)


class Live(Protocol):
    """What is known of a namespace."""

    def get(self, kind: Watched[T], name: str) -> T | None:
        """One object."""
        ...

    def inside(self, kind: Watched[T]) -> Iterable[T]:
        """All objects of a kind."""
        ...


@dataclass(frozen=True, slots=True)
class ServingKey:
    """Which model of which object: monitors with the same key look at the same target, and one of them owns it."""

    kind: str
    name: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """What a rollout wants of the object that the decision saw."""

    uid: str
    generation: int
    rollout_id: int
    from_uri: str
    to_uri: str
    digest: str | None = None


class Target(Protocol):
    """Where a monitor's model is served."""

    @property
    def kind(self) -> ServingKind:
        """What serves it."""
        ...

    @property
    def key(self) -> ServingKey:
        """What two monitors of the same target share."""
        ...

    def observe(self, live: Live, *, now: datetime, since: datetime | None) -> ServingSeen | Problem:
        """The serving object as a decision sees it, or what cannot be found.

        Args:
            live: What is known of the monitor's namespace.
            now: The time.
            since: When the roll began that is under way, if one is. Only such a roll can fail.
        """
        ...

    def turns(self, live: Live, *, now: datetime, since: datetime | None) -> Iterator[datetime]:
        """When `observe` will say something else although nothing happens."""
        ...

    def patch(self, live: Live, move: Move) -> JsonPatch | None:
        """The JSON Patch that moves the model's URI and sets our annotation, and nothing else.

        It tests what the decision saw: the object (uid), its spec (generation), the old URI. None when the object is
        already known to be another one.
        """
        ...

    def manifest(self, uri: str, *, digest: str | None, rollout_id: int) -> Manifest | None:
        """The object to create where there is none; None where people make it."""
        ...


def rollout_id(annotations: Mapping[str, str]) -> int:
    """The number of our last rollout of this object; 0 where there was none, or where it cannot be read."""
    text = annotations.get(ROLLOUT_ANNOTATION, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def annotate(*, annotated: bool, rollout_id: int) -> JsonPatch:
    """The operations that set our annotation; `annotated`: whether the object has annotations."""
    if annotated:
        path = f"/metadata/annotations/{ROLLOUT_ANNOTATION.replace('/', '~1')}"
        return [{"op": "add", "path": path, "value": str(rollout_id)}]
    # Metadata has no generation: the test makes sure that no annotation came in between, to be overwritten here.
    return [
        {"op": "test", "path": "/metadata/annotations", "value": None},
        {"op": "add", "path": "/metadata/annotations", "value": {ROLLOUT_ANNOTATION: str(rollout_id)}},
    ]


def itself(raw: Raw) -> tuple[str, ...]:
    """`Watched.concerns` of the serving objects themselves."""
    return (str(raw["metadata"]["name"]),)


def controller_of(raw: Raw) -> tuple[str, ...]:
    """`Watched.concerns` of what a serving object owns."""
    owners = raw["metadata"].get("ownerReferences") or []
    return tuple(str(one["name"]) for one in owners if one.get("controller"))
