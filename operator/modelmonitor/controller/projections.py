"""Small frozen views of live objects: what the cache keeps of each.

Ten thousand monitors with their status as Python dicts are gigabytes; spec and status are kept as JSON text and read
when a key is reconciled.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from pydantic import ValidationError

from modelmonitor.api.evaluation import ModelEvaluationSpec
from modelmonitor.api.job import Role
from modelmonitor.api.monitor import RolloutMode
from modelmonitor.api.requests import PREFIX, Verb
from modelmonitor.api.serving import Serving
from modelmonitor.api.status import UNDER_WAY
from modelmonitor.controller import explanations, labels
from modelmonitor.domain.observation import JOB_SUSPENDED, JobState
from modelmonitor.serving.protocol import ServingKey
from modelmonitor.serving.targets import target_of


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
    requests: Mapping[Verb, str]
    target: ServingKey | None
    observes: bool
    spec: str
    status: str
    active: bool
    """Whether it trains models, and is not suspended."""
    tripped_at: datetime | None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta = raw["metadata"]
        annotations = meta.get("annotations") or {}
        spec, status = raw.get("spec") or {}, raw.get("status") or {}
        return cls(
            key=Key(meta["namespace"], meta["name"]),
            uid=meta["uid"],
            resource_version=meta["resourceVersion"],
            generation=int(meta.get("generation", 0)),
            created=str(meta.get("creationTimestamp", "")),
            deleting="deletionTimestamp" in meta,
            requested_at=annotations.get(labels.REQUESTED_AT),
            requests={verb: str(annotations[key]) for verb in Verb if (key := f"{PREFIX}{verb}") in annotations},
            target=target_in(raw),
            observes=_observes(raw),
            spec=json.dumps(spec, separators=(",", ":")),
            status=json.dumps(status, separators=(",", ":")),
            active="retrain" in spec and not spec.get("suspend"),
            tripped_at=_tripped_at(status),
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
    created: datetime
    state: JobState
    reason: str
    message: str
    role: str

    @property
    def unfinished(self) -> bool:
        """Whether it takes, or may take, a place in the cluster."""
        return self.state in (JobState.WAITING, JobState.RUNNING)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta = raw["metadata"]
        role = (meta.get("labels") or {}).get(labels.ROLE, "")
        state, reason, message = _job_state(raw.get("status") or {}, role)
        return cls(
            name=meta["name"],
            uid=meta["uid"],
            owner_uid=owner_of(raw),
            created=_time(meta.get("creationTimestamp")),
            state=state,
            reason=reason,
            message=message,
            role=role,
        )


@dataclass(frozen=True, slots=True)
class PodView:
    """A Pod of a Job of ours."""

    name: str
    uid: str
    job: str
    created: datetime
    running: bool
    succeeded: bool
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
        waiting_reason, waiting_message = explanations.waiting(status, statuses)
        failed_reason, failed_message = explanations.failed(status, statuses)
        return cls(
            name=meta["name"],
            uid=meta["uid"],
            job=(meta.get("labels") or {}).get(labels.JOB_NAME, ""),
            created=_time(meta.get("creationTimestamp")),
            # A sidecar that runs does not make a Pod run of which another container cannot start.
            running=not waiting_reason and any("running" in (one.get("state") or {}) for one in statuses),
            succeeded=status.get("phase") == "Succeeded",
            waiting_reason=waiting_reason,
            waiting_message=waiting_message,
            failed_reason=failed_reason,
            failed_message=failed_message,
            output=_output(status.get("containerStatuses") or []),
        )


def target_in(raw: Mapping[str, Any]) -> ServingKey | None:
    """The serving target that a monitor looks at; None where nobody can read what is written there.

    While a rollout has not ended that is the rollout's, whatever the spec says by now: its events must be heard, and
    nobody else may own it.
    """
    rollout, name = (raw.get("status") or {}).get("rollout") or {}, str(raw["metadata"]["name"])
    begun = [rollout.get("target")] if rollout.get("stage") in UNDER_WAY else []
    said = ((raw.get("spec") or {}).get("model") or {}).get("serving")
    for written in (*begun, said):
        with contextlib.suppress(ValidationError):
            return target_of(Serving.model_validate(written), name).key
    return None


def _tripped_at(status: Mapping[str, Any]) -> datetime | None:
    """When it last tripped, or was kept from it because too many did."""
    times = [status.get("trippedAt"), (status.get("guard") or {}).get("since")]
    try:
        return max((datetime.fromisoformat(str(text)) for text in times if text), default=None)
    except (TypeError, ValueError):
        return None


def _observes(raw: Mapping[str, Any]) -> bool:
    """Whether a monitor leaves what serves to others: mode Observe, and no rollout from before is under way."""
    rollout = (raw.get("status") or {}).get("rollout") or {}
    mode = ((raw.get("spec") or {}).get("rollout") or {}).get("mode")
    return mode == RolloutMode.OBSERVE and rollout.get("stage") not in UNDER_WAY


def owner_of(raw: Mapping[str, Any]) -> str:
    """The uid of the controller among the owners."""
    owners = raw["metadata"].get("ownerReferences") or []
    return next((str(owner["uid"]) for owner in owners if owner.get("controller")), "")


def _time(text: object) -> datetime:
    return datetime.fromisoformat(str(text)) if text else datetime.fromtimestamp(0, UTC)


def _job_state(status: Mapping[str, Any], role: str) -> tuple[JobState, str, str]:
    true = {one.get("type"): one for one in status.get("conditions") or [] if one.get("status") == "True"}
    if "Complete" in true:
        return JobState.SUCCEEDED, "", ""
    if "Failed" in true:
        return JobState.FAILED, *explanations.job_failed(true["Failed"], role)
    if "Suspended" in true:
        return JobState.WAITING, JOB_SUSPENDED, "its spec.suspend is true: perhaps a queue has not admitted it yet"
    return (JobState.RUNNING if status.get("ready") else JobState.WAITING), "", ""


def _output(statuses: list[Mapping[str, Any]]) -> str | None:
    """What the container that carries the result wrote; empty when it ended well and wrote nothing."""
    carriers = [one for one in statuses if one.get("name") in (labels.EVALUATOR, labels.TRAINER)]
    chosen = carriers[0] if carriers else statuses[0] if len(statuses) == 1 else None
    ended = (chosen.get("state") or {}).get("terminated") if chosen else None
    if not ended:
        return None
    return str(ended.get("message") or "") or ("" if ended.get("exitCode") == 0 else None)
