"""Kubernetes Events on a monitor."""

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import datetime

from modelmonitor.api.types import format_time
from modelmonitor.kube.api import Api, Document
from modelmonitor.kube.errors import AlreadyExistsError
from modelmonitor.kube.resources import EVENTS, MONITORS

COMPONENT = "modelmonitor"


@dataclass(frozen=True, slots=True)
class Subject:
    """The monitor that an Event is about."""

    namespace: str
    name: str
    uid: str


async def post(api: Api, subject: Subject, *, tone: str, reason: str, message: str, now: datetime) -> None:
    """Create an Event. Events are a courtesy: what matters is in the status."""
    stamp = hashlib.sha256(f"{subject.uid}{now.isoformat()}{reason}{message}".encode()).hexdigest()[:16]
    with contextlib.suppress(AlreadyExistsError):  # told before a restart
        await api.create(EVENTS.path(subject.namespace), _event(subject, stamp, tone, reason, message, now))


def _event(subject: Subject, stamp: str, tone: str, reason: str, message: str, now: datetime) -> Document:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{subject.name[:200].rstrip('-.')}.{stamp}", "namespace": subject.namespace},
        "involvedObject": {
            "apiVersion": MONITORS.api_version,
            "kind": MONITORS.kind,
            "namespace": subject.namespace,
            "name": subject.name,
            "uid": subject.uid,
        },
        "type": tone,
        "reason": reason,
        "message": message[:1000],
        "source": {"component": COMPONENT},
        "reportingComponent": COMPONENT,
        "firstTimestamp": format_time(now.replace(microsecond=0)),
        "lastTimestamp": format_time(now.replace(microsecond=0)),
        "count": 1,
    }


async def about(api: Api, namespace: str, uids: tuple[str, ...]) -> str | None:
    """The newest warning about any of these objects, as one sentence."""
    found = []
    for uid in uids:
        answer = await api.get(EVENTS.path(namespace), query={"fieldSelector": f"involvedObject.uid={uid}"})
        found += [one for one in answer.get("items", []) if one.get("type") == "Warning"]
    if not found:
        return None
    newest = max(found, key=lambda one: str(one.get("lastTimestamp") or one.get("eventTime") or ""))
    return f"{newest.get('reason', 'Warning')}: {newest.get('message', '')}"
