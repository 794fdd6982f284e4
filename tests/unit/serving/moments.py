"""A recording as the operator would have seen it: raw objects, after every recorded change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.unit.e2e_seldon.recording import Change, Recording
from tests.unit.e2e_seldon.replay import UID, Story, stories

Raw = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """The world after a change, until `until`: that is the next one, or the end of the recording."""

    at: datetime
    until: datetime
    seldon_deployment: Raw
    deployments: tuple[Raw, ...]


def moments(recording: Recording) -> dict[str, list[Moment]]:
    """By SeldonDeployment. The recorder saw no uid: all have the same."""
    return {story.name: list(_moments(story)) for story in stories(recording)}


def _moments(story: Story) -> Iterator[Moment]:
    changes = sorted([*story.seldon, *story.deployments], key=lambda change: change.at)
    seldon: Change | None = None
    deployments: dict[str, Change] = {}
    for change, following in zip(changes, [*changes[1:], changes[-1]], strict=True):
        if change.kind == "SeldonDeployment":
            seldon = change
        elif change.event == "DELETED":
            deployments.pop(change.name, None)
        else:
            deployments[change.name] = change
        if seldon is not None:
            live = tuple(_deployment(story, seldon, one) for one in deployments.values())
            yield Moment(change.time, following.time, _seldon_deployment(story, seldon), live)


def _seldon_deployment(story: Story, change: Change) -> Raw:
    fields = change.fields
    meta = {"name": story.name, "namespace": story.namespace, "uid": UID, "generation": fields["generation"]}
    annotations = {"annotations": fields["annotations"]} if fields.get("annotations") else {}
    return {"metadata": meta | annotations, "spec": fields["spec"], "status": fields["status"]}


def _deployment(story: Story, seldon: Change, change: Change) -> Raw:
    raw = story.stored(seldon, change)
    raw["metadata"]["namespace"] = story.namespace
    return raw
