"""Why a Job or its Pod waits or failed, from their statuses, in words that say what to do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from modelmonitor.api.result import PREFIX
from modelmonitor.controller import labels

Status = Mapping[str, Any]
_PATIENT: Final = frozenset({"", "ContainerCreating", "PodInitializing"})


def job_failed(condition: Status, role: str) -> tuple[str, str]:
    """Reason and message of a Job that failed."""
    reason, message = str(condition.get("reason", "")), str(condition.get("message", ""))
    if reason == "DeadlineExceeded":
        field = "activeDeadlineSeconds in spec.retrain.jobTemplate" if role == labels.TRAINING else "spec.jobs.deadline"
        message = f"the Job took longer than it may: raise {field}, or give it more resources"
    return reason, message


def waiting(status: Status, containers: Sequence[Status]) -> tuple[str, str]:
    """Reason and message of a Pod that waits; empty where it has said nothing yet, or nothing that matters."""
    for one in containers:
        state = (one.get("state") or {}).get("waiting") or {}
        reason = str(state.get("reason", ""))
        if reason not in _PATIENT:
            return reason, f"container {one.get('name')}: {state.get('message') or reason}"
    for condition in status.get("conditions") or []:
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return str(condition.get("reason") or "Unschedulable"), str(condition.get("message", ""))
    return "", ""


def failed(status: Status, containers: Sequence[Status]) -> tuple[str, str]:
    """Reason and message of a Pod that failed; empty for one that did not."""
    if status.get("phase") == "Succeeded":
        # Sidecars are ended with a signal, and have an exit code like a failure's.
        return "", ""
    ended = [(str(one.get("name")), (one.get("state") or {}).get("terminated") or {}) for one in containers]
    for name, how in ended:
        if how.get("reason") == "OOMKilled":
            return "OutOfMemory", f"container {name} needed more memory than its limit: raise {_limit_of(name)}"
    if status.get("reason"):
        return str(status["reason"]), str(status.get("message", ""))
    for condition in status.get("conditions") or []:
        # It was not the container's fault, whatever it ended with: its node was drained, or somebody came first.
        if condition.get("type") == "DisruptionTarget" and condition.get("status") == "True":
            return str(condition.get("reason") or "Disrupted"), str(condition.get("message", ""))
    for name, how in ended:
        if how.get("exitCode"):
            return "ContainerFailed", f"container {name} ended with exit code {how['exitCode']}: {_said(how)}"
    return "", ""


def _limit_of(container: str) -> str:
    if container == labels.EVALUATOR:
        return "spec.jobs.resources.limits.memory"
    return "resources.limits.memory in spec.retrain.jobTemplate"


def _said(ended: Status) -> str:
    said = str(ended.get("message") or "").strip()
    return _last_words(said) if said and not said.startswith(PREFIX) else "see its log"


def _last_words(said: str) -> str:
    """What matters of a trainer's message or log: our own trainer writes JSON, and Python says it in the last line."""
    try:
        told = json.loads(said)
    except ValueError:
        return said.splitlines()[-1] if "Traceback (most recent call last)" in said else said[-1000:]
    known = isinstance(told, dict) and "message" in told
    return f"{told.get('error', 'Error')}: {told['message']}" if known else said[-1000:]
