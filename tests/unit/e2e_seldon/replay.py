"""Ask the stand-in, look by look, what the recorded operator was asked; find what it would have written.

The recordings do not tell which Deployment the operator had in its cache when it wrote a status: it may lag. So a
recorded status is explained when some recorded state of the world, not older than the one that explains the status
before it, and not younger than the write, makes the stand-in write the same. Where the world rested, nothing is
left open: there the stand-in must have nothing more to write.

What is not compared, each with its reason:
- lastTransitionTime within two seconds: the recording has the time of arrival, not that of the look.
- status fields and condition types that the recorder of that file left out (`false-available-24-rolls` has neither
  Services nor the five conditions that never change).
- container images, and everything of the pod template that the recorder did not write down: the stand-in's own.
- uid and namespace are not in the Deployments' lines: those of the stand-in's own request are taken.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from e2e.seldon.stand_in import workload
from e2e.seldon.stand_in.reconcile import Look, Owned, reconcile
from e2e.seldon.stand_in.seldon import SeldonDeployment
from e2e.seldon.stand_in.settings import Settings

from .recording import Change, Json, Recording

SETTINGS = Settings()
# The recorder watched each kind by itself: a Deployment's line may be this late, compared with a status that read it.
SKEW = 0.15
REST = 2.0
UNKNOWN_TIME = "1970-01-01T00:00:00Z"
UID = "0b5e4c1e-0000-4000-8000-000000000001"


@dataclass(frozen=True)
class Explained:
    """A recorded status, the look that leads to it, and the Deployment that this look saw."""

    recorded: Change
    look: Look
    deployment: Change | None


@dataclass(frozen=True)
class Story:
    """One SeldonDeployment's part of a recording."""

    name: str
    seldon: list[Change]
    deployments: list[Change]
    services: list[Change]

    @property
    def namespace(self) -> str:
        url = next((c.fields["status"]["address"]["url"] for c in self.seldon if "address" in c.fields["status"]), "")
        return url.removeprefix("http://").split(".")[1] if url else "recorded"

    def asked(self, change: Change, status: Json, uri: str | None = None) -> SeldonDeployment:
        """The SeldonDeployment of a moment; with another URI it is the one that an older Deployment was made from."""
        spec = change.fields["spec"]
        if uri is not None:
            first, *others = spec["predictors"]
            spec = {**spec, "predictors": [{**first, "graph": {**first["graph"], "modelUri": uri}}, *others]}
        metadata = {"name": self.name, "namespace": self.namespace, "uid": UID}
        timed = [{"lastTransitionTime": UNKNOWN_TIME, **condition} for condition in status.get("conditions", [])]
        status = {**status, "conditions": timed}
        return SeldonDeployment.read({"metadata": metadata, "spec": spec, "status": status})

    def owned(self, change: Change, deployment: Change | None, services: list[Change]) -> Owned:
        """The world as the operator saw it: one Deployment, and the Services there are."""
        seldon = self.asked(change, {})
        made = {s["metadata"]["name"]: s for p in seldon.predictors for s in workload.services(seldon, p)}
        return Owned(
            deployments={deployment.name: self.stored(change, deployment)} if deployment else {},
            services={s.name: made[s.name] for s in services} if self.services else made,
        )

    def stored(self, change: Change, deployment: Change) -> Json:
        """A whole Deployment from a recorded line: ours, with all that was recorded written over it."""
        line = deployment.fields
        seldon = self.asked(change, {}, uri=line["initArgs"][0][0])
        made = workload.deployment(seldon, seldon.predictors[0], SETTINGS)
        pod = made["spec"]["template"]["spec"]
        initializers = [{**pod["initContainers"][0], "args": args} for args in line["initArgs"]]
        template = {
            "metadata": {**made["spec"]["template"]["metadata"], "labels": line["templateLabels"]},
            "spec": {**pod, "initContainers": initializers},
        }
        return {
            "metadata": {**made["metadata"], "labels": line["labels"], "generation": line["generation"]},
            "spec": {
                **made["spec"],
                "replicas": line["specReplicas"],
                "selector": {"matchLabels": line["selector"]},
                "strategy": line["strategy"],
                "progressDeadlineSeconds": line["progressDeadlineSeconds"],
                "template": template,
            },
            "status": line["status"],
        }


def stories(recording: Recording) -> list[Story]:
    """The SeldonDeployments of a recording, each until it is deleted."""
    found = []
    for name in dict.fromkeys(c.name for c in recording.of("SeldonDeployment")):
        seldon = [c for c in recording.of("SeldonDeployment", name) if "deletionTimestamp" not in c.fields]
        deployments = [
            c
            for c in recording.of("Deployment")
            if c.fields["owner"][0]["name"] == name and "deletionTimestamp" not in c.fields
        ]
        services = [
            c
            for c in recording.of("Service")
            if c.fields.get("owner") == [f"SeldonDeployment/{name}"] and "deletionTimestamp" not in c.fields
        ]
        found.append(Story(name, seldon, deployments, services))
    return found


def explanations(story: Story) -> Iterator[Explained]:
    """Explain every recorded status in turn.

    Raises:
        AssertionError: one that no recorded state of the world explains; says what the nearest would have given.
    """
    oldest = (0, 0)
    spec, before = story.seldon[0].fields["spec"], story.seldon[0].fields["status"]
    for change in story.seldon[1:]:
        recorded = change.fields["status"]
        if change.fields["spec"] == spec and recorded != before:
            explained, oldest = _explain(story, change, before, oldest)
            yield explained
        spec, before = change.fields["spec"], recorded


def _explain(story: Story, change: Change, before: Json, oldest: tuple[int, int]) -> tuple[Explained, tuple[int, int]]:
    recorded = change.fields["status"]
    tried = []
    for d in range(oldest[0], _count(story.deployments, change.at + SKEW) + 1):
        for s in range(oldest[1], _count(story.services, change.at + SKEW) + 1):
            seen = story.deployments[d - 1] if d else None
            owned = story.owned(change, seen, story.services[:s])
            look = reconcile(story.asked(change, before), owned, change.time, SETTINGS)
            wrong = differences(look.status, recorded)
            if not wrong:
                return Explained(change, look, seen), (d, s)
            tried.append(wrong)
    raise AssertionError(f"{story.name} at {change.time:%H:%M:%S.%f}: nothing explains it: {min(tried, key=len)}")


@dataclass(frozen=True)
class Rest:
    """A moment after which nothing happened for a while: the status stored then, and what a look would lead to."""

    at: float
    stored: Json
    look: Look


def rests(recording: Recording, story: Story) -> Iterator[Rest]:
    """Every rest of the story, in order."""
    changes = sorted([*story.seldon, *story.deployments, *story.services], key=lambda c: c.at)
    ends = [*(c.at for c in changes[1:]), recording.changes[-1].at]
    for change, end in zip(changes, ends, strict=True):
        if end - change.at < REST:
            continue
        seldon = [c for c in story.seldon if c.at <= change.at]
        deployments = [c for c in story.deployments if c.at <= change.at]
        services = [c for c in story.services if c.at <= change.at]
        if not seldon or not deployments:
            continue
        stored = seldon[-1].fields["status"]
        owned = story.owned(seldon[-1], deployments[-1], services)
        now = change.time + timedelta(seconds=REST)
        yield Rest(change.at, stored, reconcile(story.asked(seldon[-1], stored), owned, now, SETTINGS))


def differences(ours: Json, recorded: Json) -> list[str]:
    """What the two statuses disagree about, in words; empty when they say the same."""
    skipped = set() if "serviceStatus" in recorded or "address" in recorded else {"serviceStatus", "address"}
    found = [
        f"{key}: ours {ours.get(key)!r}, recorded {recorded.get(key)!r}"
        for key in sorted((ours.keys() | recorded.keys()) - {"conditions"} - skipped)
        if ours.get(key) != recorded.get(key)
    ]
    return found + list(_unequal_conditions(ours.get("conditions", []), recorded.get("conditions", [])))


def _unequal_conditions(ours: list[Json], recorded: list[Json]) -> Iterator[str]:
    mine, theirs = ({c["type"]: c for c in conditions} for conditions in (ours, recorded))
    timed = any("lastTransitionTime" in c for c in recorded)
    for which in sorted(mine.keys() | theirs.keys() if timed else theirs.keys()):
        one, other = mine.get(which, {}), theirs.get(which, {})
        fields: tuple[str, ...] = ("status", "reason", "message") if timed else ("status", "reason")
        for field in fields:
            if one.get(field) != other.get(field):
                yield f"{which}.{field}: ours {one.get(field)!r}, recorded {other.get(field)!r}"
        if timed and one and other and abs(_time(one) - _time(other)) > timedelta(seconds=2):
            yield f"{which}.lastTransitionTime: ours {_time(one)}, recorded {_time(other)}"


def _time(condition: Any) -> datetime:
    return datetime.fromisoformat(condition["lastTransitionTime"])


def _count(changes: list[Change], until: float) -> int:
    return sum(c.at <= until for c in changes)
