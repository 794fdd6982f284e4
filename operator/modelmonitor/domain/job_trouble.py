"""Why a Job cannot start or did not end, said so that who wrote the manifest knows which field to change.

Kubernetes speaks of containers, mounts and admission. Its reasons are kept, since people search for them; the messages
end with what to do, and do not change from one try of the kubelet to the next: each change would be a write.
"""

import re
from dataclasses import replace
from typing import Final

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.domain.observation import JobSeen, JobState

_TEMPLATE: Final = "spec.retrain.jobTemplate"
_MISSING: Final = re.compile(r'(secret|configmap|serviceaccount|persistentvolumeclaim) "([^"]+)" not found')
_KINDS: Final = {
    "secret": "Secret",
    "configmap": "ConfigMap",
    "serviceaccount": "ServiceAccount",
    "persistentvolumeclaim": "PersistentVolumeClaim",
}
# The kubelet says the one while it pulls and the other while it pauses, by turns, with another port number each time.
_PULLING: Final = frozenset({"ErrImagePull", "ImagePullBackOff"})
_IMAGE: Final = re.compile(r'image "([^"]+)"')
_PULLED: Final = (
    (r"not found|NotFound", "there is no such image"),
    (r"unauthori[sz]ed|denied|[Ff]orbidden|authentication", "the registry refuses"),
    (r"dial |lookup |timeout|unreachable|refused|EOF", "the registry cannot be reached"),
)
# The Pod was never made, and would have another name at each try.
_UNBORN: Final = re.compile(r'^Error creating: (pods "[^"]*" is forbidden: )?')


def explained(job: JobSeen, spec: ModelMonitorSpec, *, trains: bool) -> JobSeen:
    """The Job with a reason and a message that say what to do."""
    what = "The training Job" if trains else "The evaluation Job"
    if job.state is JobState.FAILED and job.reason == "BackoffLimitExceeded":
        # No container says why it ended: the Pod itself was taken away.
        gone = f"{what} lost its Pod before it was done: it was evicted, drained or deleted."
        return replace(job, reason="Interrupted", message=gone)
    if job.state is not JobState.WAITING or not job.reason:
        return job
    reason, message = _said(job.reason, job.message)
    advice = _advice(reason, message, spec, trains=trains)
    return replace(job, reason=reason, message=f"{what} cannot start: {message.rstrip('. ')}.{advice}")


def _said(reason: str, message: str) -> tuple[str, str]:
    """What Kubernetes says, without what is another word at each try."""
    if reason in _PULLING:
        image = _IMAGE.search(message)
        why = next((why for pattern, why in _PULLED if re.search(pattern, message)), "see its Pod's Events")
        return "ImagePullBackOff", f"image {image[1] if image else 'unknown'} cannot be pulled: {why}"
    if reason != "FailedCreate":
        return reason, message
    message = _UNBORN.sub("", message)
    if "exceeded quota" in message:
        return "QuotaExceeded", message
    return ("PodSecurityViolated" if "violates PodSecurity" in message else reason), message


def _advice(reason: str, message: str, spec: ModelMonitorSpec, *, trains: bool) -> str:
    missing = _MISSING.search(message)
    if missing is not None:
        kind, name = _KINDS[missing[1]], missing[2]
        return f" Create {kind} {name}, or name another one in {_where(kind, name, spec, trains=trains)}."
    match reason:
        case "ImagePullBackOff" if trains:
            return f" Correct the image in {_TEMPLATE}, or name imagePullSecrets there."
        case "ImagePullBackOff":
            return " It is images.evaluator of the operator's chart: ask who installed it."
        case "QuotaExceeded":
            return " Ask for a larger quota, or delete what uses it up: the Job starts by itself then."
        case "PodSecurityViolated" if trains:
            return f" Correct securityContext in {_TEMPLATE}."
        case "Unschedulable":
            requests = f"the requests in {_TEMPLATE}" if trains else "spec.jobs.resources.requests"
            return f" Lower {requests}, or ask for more nodes: the Job starts by itself then."
        case _:
            return f" Correct {_TEMPLATE}." if trains else ""


def _where(kind: str, name: str, spec: ModelMonitorSpec, *, trains: bool) -> str:
    """The fields of the spec that name it."""
    if trains:
        return _TEMPLATE
    if kind == "ServiceAccount":
        return "spec.jobs.serviceAccountName"
    files, reports, endpoint = spec.data.current.files, spec.reports, spec.data.predictions.endpoint
    labels = spec.data.labels.files
    secrets = {
        "spec.data.current.files.secretName": files.secret_name if files else None,
        "spec.data.labels.files.secretName": labels.secret_name if labels else None,
        "spec.data.predictions.endpoint.secretName": endpoint.secret_name if endpoint else None,
        "spec.model.secretName": spec.model.secret_name,
        "spec.reports.secretName": reports.secret_name if reports else None,
    }
    return ", ".join(field for field, secret in secrets.items() if secret == name)
