"""Small frozen views of live objects: what the cache keeps of each.

Ten thousand monitors with their status as Python dicts are gigabytes; spec and status are kept as JSON text and read
when a key is reconciled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Self

from modelmonitor.api.evaluation import ModelEvaluationSpec
from modelmonitor.api.job import Role
from modelmonitor.controller import labels
from modelmonitor.domain.observation import JobState

_PATIENT: Final = frozenset({"", "ContainerCreating", "PodInitializing"})


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """The name of a monitor."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class MonitorSeen:
    """A ModelMonitor."""

    key: Key
    uid: str
    resource_version: str
    generation: int
    created: str
    deleting: bool
    requested_at: str | None
    resume_at: str | None
    target: str
    spec: str
    status: str

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta = raw["metadata"]
        annotations = meta.get("annotations") or {}
        spec = raw.get("spec") or {}
        return cls(
            key=Key(meta["namespace"], meta["name"]),
            uid=meta["uid"],
            resource_version=meta["resourceVersion"],
            generation=int(meta.get("generation", 0)),
            created=str(meta.get("creationTimestamp", "")),
            deleting="deletionTimestamp" in meta,
            requested_at=annotations.get(labels.REQUESTED_AT),
            resume_at=annotations.get(labels.RESUME),
            target=json.dumps((spec.get("model") or {}).get("serving"), sort_keys=True),
            spec=json.dumps(spec, separators=(",", ":")),
            status=json.dumps(raw.get("status") or {}, separators=(",", ":")),
        )


@dataclass(frozen=True, slots=True)
class ActiveEvaluation:
    """A ModelEvaluation that is not finished."""

    name: str
    uid: str
    owner_uid: str
    look: int
    role: Role

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        spec = ModelEvaluationSpec.model_validate(raw["spec"])
        return cls(raw["metadata"]["name"], raw["metadata"]["uid"], owner_of(raw), spec.look, spec.role)


@dataclass(frozen=True, slots=True)
class JobView:
    """A Job of ours."""

    name: str
    uid: str
    owner_uid: str
    identity: str
    role: str
    created: datetime
    state: JobState
    reason: str
    message: str

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta, status = raw["metadata"], raw.get("status") or {}
        state, reason, message = _job_state(status)
        return cls(
            name=meta["name"],
            uid=meta["uid"],
            owner_uid=owner_of(raw),
            identity=(meta.get("annotations") or {}).get(labels.IDENTITY, ""),
            role=(meta.get("labels") or {}).get(labels.ROLE, ""),
            created=_time(meta.get("creationTimestamp")),
            state=state,
            reason=reason,
            message=message,
        )


@dataclass(frozen=True, slots=True)
class PodView:
    """A Pod of a Job of ours."""

    name: str
    uid: str
    job: str
    created: datetime
    running: bool
    waiting_reason: str
    waiting_message: str
    failed_reason: str
    failed_message: str
    output: str | None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta, status = raw["metadata"], raw.get("status") or {}
        statuses = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
        waiting_reason, waiting_message = _waiting(status, statuses)
        failed_reason, failed_message = _failed(status, statuses)
        return cls(
            name=meta["name"],
            uid=meta["uid"],
            job=(meta.get("labels") or {}).get(labels.JOB_NAME, ""),
            created=_time(meta.get("creationTimestamp")),
            running=any("running" in (one.get("state") or {}) for one in statuses),
            waiting_reason=waiting_reason,
            waiting_message=waiting_message,
            failed_reason=failed_reason,
            failed_message=failed_message,
            output=_output(status.get("containerStatuses") or []),
        )


def owner_of(raw: Mapping[str, Any]) -> str:
    """The uid of the controller among the owners."""
    owners = raw["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text)) if text else datetime.fromtimestamp(0, UTC)


def _job_state(status: Mapping[str, Any]) -> tuple[JobState, str, str]:
    for condition in status.get("conditions") or []:
        if condition.get("status") != "True":
            continue
        if condition.get("type") == "Complete":
            return JobState.SUCCEEDED, "", ""
        if condition.get("type") == "Failed":
            return JobState.FAILED, str(condition.get("reason", "")), str(condition.get("message", ""))
    return (JobState.RUNNING if status.get("ready") else JobState.WAITING), "", ""


def _waiting(status: Mapping[str, Any], statuses: list[Mapping[str, Any]]) -> tuple[str, str]:
    for one in statuses:
        waiting = (one.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason", ""))
        if reason not in _PATIENT:
            return reason, f"container {one.get('name')}: {waiting.get('message') or reason}"
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason") or "Unschedulable"), str(condition.get("message", ""))
    return "", ""


def _failed(status: Mapping[str, Any], statuses: list[Mapping[str, Any]]) -> tuple[str, str]:
    for one in statuses:
        ended = (one.get("state") or {}).get("terminated") or {}
        if ended.get("reason") == "OOMKilled":
            return "OutOfMemory", f"container {one.get('name')} needed more memory than its limit: raise the limit"
    if status.get("reason"):
        return str(status["reason"]), str(status.get("message", ""))
    for one in statuses:
        ended = (one.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            said = str(ended.get("message") or "").strip() or "see its log"
            return (
                "ContainerFailed",
                f"container {one.get('name')} ended with exit code {ended['exitCode']}: {said[:1000]}",
            )
    return "", ""


def _output(statuses: list[Mapping[str, Any]]) -> str | None:
    carriers = [one for one in statuses if one.get("name") in (labels.EVALUATOR, labels.TRAINER)]
    chosen = carriers[0] if carriers else statuses[0] if len(statuses) == 1 else None
    if chosen is None:
        return None
    message = ((chosen.get("state") or {}).get("terminated") or {}).get("message")
    return str(message) if message else None
