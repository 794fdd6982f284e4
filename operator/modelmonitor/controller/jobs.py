"""From an intent to a Job: pure builders of manifests."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from modelmonitor.api.job import INPUT_ANNOTATION, INPUT_LIMIT, EvaluationInput, Role
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.status import Attempt
from modelmonitor.api.types import API_VERSION
from modelmonitor.controller import labels
from modelmonitor.domain.environment import spec_environment, training_environment
from modelmonitor.domain.observation import Observation
from modelmonitor.kube.errors import RefusedError

Document = dict[str, Any]
TRAINING_DEADLINE: Final = timedelta(hours=24)
INPUT_FOLDER: Final = "/etc/modelmonitor"
DISK_VARIABLE: Final = "MODELMONITOR_DISK_BYTES"


def owner(seen: Observation) -> Document:
    """The reference to the monitor. `blockOwnerDeletion` stays unset: it would ask for a right on finalizers."""
    return {"apiVersion": API_VERSION, "kind": "ModelMonitor", "name": seen.name, "uid": seen.uid, "controller": True}


def _metadata(seen: Observation, name: str, role: str, identity: str) -> Document:
    return {
        "name": name,
        "namespace": seen.namespace,
        "labels": {labels.MONITOR: seen.name, labels.ROLE: role},
        "annotations": {labels.IDENTITY: identity},
        "ownerReferences": [owner(seen)],
    }


def evaluation_record(seen: Observation, name: str, identity: str, record: Document, role: Role) -> Document:
    """The ModelEvaluation of an evaluation."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelEvaluation",
        "metadata": _metadata(seen, name, role.lower(), identity),
        "spec": record,
    }


def evaluation_job(
    seen: Observation, name: str, identity: str, job_input: EvaluationInput, *, image: str, pull_policy: str
) -> Document:
    """The Job of an evaluation: restricted, without a token, with its input as an annotation that is mounted.

    Raises:
        ValueError: when the input is too large to be an annotation.
    """
    text = job_input.text()
    if len(text.encode()) > INPUT_LIMIT:
        raise ValueError(f"the monitor's spec makes an evaluation input of {len(text)} bytes, more than {INPUT_LIMIT}")
    spec = seen.spec
    meta = _metadata(seen, name, job_input.role.lower(), identity)
    container: Document = {
        "name": labels.EVALUATOR,
        "image": image,
        "imagePullPolicy": pull_policy,
        "env": [{"name": "TMPDIR", "value": "/tmp"}, {"name": "HOME", "value": "/tmp"}, *_disk(spec)],  # noqa: S108
        "envFrom": _secrets(spec),
        "resources": spec.jobs.resources.document(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "input", "mountPath": INPUT_FOLDER, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108
        ],
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta,
        "spec": {
            # Retries belong to the operator: it waits longer each time and tells why.
            "backoffLimit": 0,
            "activeDeadlineSeconds": round(spec.jobs.deadline.total_seconds()),
            "template": {
                "metadata": {"labels": meta["labels"], "annotations": {INPUT_ANNOTATION: text}},
                "spec": {
                    "restartPolicy": "Never",
                    "serviceAccountName": spec.jobs.service_account_name,
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    "securityContext": {
                        "runAsNonRoot": True,
                        "runAsUser": 65532,
                        "runAsGroup": 65532,
                        "fsGroup": 65532,
                        "seccompProfile": {"type": "RuntimeDefault"},
                    },
                    "containers": [container],
                    "volumes": [
                        {
                            "name": "input",
                            "downwardAPI": {
                                "items": [
                                    {
                                        "path": "input.json",
                                        "fieldRef": {"fieldPath": f"metadata.annotations['{INPUT_ANNOTATION}']"},
                                    }
                                ]
                            },
                        },
                        {"name": "tmp", "emptyDir": {}},
                    ],
                },
            },
        },
    }


def _disk(spec: ModelMonitorSpec) -> list[Document]:
    """How much of the disk the evaluator may use: the kubelet evicts a pod that uses more, which says less."""
    if spec.jobs.resources.limits.ephemeral_storage is None:
        return []
    limit = {"containerName": labels.EVALUATOR, "resource": "limits.ephemeral-storage"}
    return [{"name": DISK_VARIABLE, "valueFrom": {"resourceFieldRef": limit}}]


def _secrets(spec: ModelMonitorSpec) -> list[Document]:
    """Each secret under a prefix of its own: data, model and reports may have different keys to different stores."""
    files, labels_files, reports = spec.data.current.files, spec.data.labels.files, spec.reports
    endpoint = spec.data.predictions.endpoint
    wanted = {
        "MODELMONITOR_DATA_": files.secret_name if files else None,
        "MODELMONITOR_LABELS_": labels_files.secret_name if labels_files else None,
        "MODELMONITOR_MODEL_": spec.model.secret_name,
        "MODELMONITOR_ENDPOINT_": endpoint.secret_name if endpoint else None,
        "MODELMONITOR_REPORTS_": reports.secret_name if reports else None,
    }
    return [{"prefix": prefix, "secretRef": {"name": name}} for prefix, name in wanted.items() if name]


def training_job(seen: Observation, name: str, identity: str, attempt: Attempt) -> Document:
    """The user's Job template with what an attempt needs; everything else stays as the user wrote it.

    Raises:
        RefusedError: what should be an object in the template is none. The CRD keeps the template as it is written,
            so nobody has looked at it before.
    """
    retrain = seen.spec.retrain
    template: Mapping[str, Any] = retrain.job_template if retrain else {}
    meta = _metadata(seen, name, labels.TRAINING, identity)
    mine = _object(template, "metadata")
    meta["labels"] = {**_object(mine, "metadata.labels"), **meta["labels"]}
    meta["annotations"] = {**_object(mine, "metadata.annotations"), **meta["annotations"]}
    job_spec = _object(template, "spec")
    # The cluster would delete the finished Job, and its result with it, while the operator is down.
    job_spec.pop("ttlSecondsAfterFinished", None)
    job_spec.setdefault("backoffLimit", 0)
    job_spec.setdefault("activeDeadlineSeconds", round(TRAINING_DEADLINE.total_seconds()))
    pod_template = _object(job_spec, "spec.template")
    pod_meta = _object(pod_template, "spec.template.metadata")
    kept = _object(pod_meta, "spec.template.metadata.labels")
    pod_meta["labels"] = {**kept, labels.MONITOR: seen.name, labels.ROLE: labels.TRAINING}
    pod = _object(pod_template, "spec.template.spec")
    pod["restartPolicy"] = "Never"
    pod.setdefault("serviceAccountName", seen.spec.jobs.service_account_name)
    # Training code with a token could do what the monitor's gates forbid.
    pod["automountServiceAccountToken"] = False
    environment = training_environment(seen.name, attempt) | spec_environment(seen.spec)
    pod["containers"] = _with_environment(pod.get("containers"), environment)
    job_spec["template"] = {**pod_template, "metadata": pod_meta, "spec": pod}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": job_spec}


def _object(parent: Mapping[str, Any], path: str) -> Document:
    """A copy of the last key of `path` in `parent`; empty where there is none."""
    found = parent.get(path.rpartition(".")[2])
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise RefusedError(f"spec.retrain.jobTemplate.{path} is not an object", reason="InvalidJobTemplate")
    return dict(found)


def _with_environment(containers: Any, environment: Mapping[str, str]) -> list[Document]:
    # The kubelet would take $(name) in a value for a reference, and $$ for an escaped $: a column may be called so.
    ours = [{"name": name, "value": value.replace("$", "$$")} for name, value in environment.items()]
    # Ours first: the user's own variables may refer to them as $(MODELMONITOR_OUTPUT_URI). And a trainer that fails
    # without a word: the end of its log is kept in its Pod's status, for the Job and with it the log will be deleted.
    return [
        {"terminationMessagePolicy": "FallbackToLogsOnError", **one, "env": [*ours, *_others(one, environment)]}
        for one in _objects(containers, "spec.template.spec.containers")
    ]


def _others(container: Mapping[str, Any], environment: Mapping[str, str]) -> list[Mapping[str, Any]]:
    variables = _objects(container.get("env"), "spec.template.spec.containers.env")
    return [one for one in variables if one.get("name") not in environment]


def _objects(found: Any, path: str) -> list[Mapping[str, Any]]:
    items = found if found is not None else []
    if not isinstance(items, list) or not all(isinstance(one, Mapping) for one in items):
        raise RefusedError(f"spec.retrain.jobTemplate.{path} is not a list of objects", reason="InvalidJobTemplate")
    return items
