"""The troubles: what is wrong, what is said of it, and what mends it."""

import json
from collections.abc import Callable
from typing import Final

import obstore

from e2e import cluster, testbed
from e2e.scenarios.troubled import DAYS, MODEL, Patch, Raw, Scene, Told, Trouble, merged, trainer

SILENT: Final = "trouble-silent-store"
ENDPOINT: Final = f"http://s3.{testbed.LAKE}.svc.cluster.local:8333"
NO_ANSWER: Final = f"http://silent-store.{SILENT}.svc.cluster.local:8333"


def files(**fields: str) -> Patch:
    """Where the data are."""
    return {"data": {"current": {"files": fields}}}


def secret(name: str, **data: str) -> Raw:
    """A Secret."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def keys(*, key: str = "e2e-secret-key", endpoint: str = ENDPOINT) -> Raw:
    """A Secret for the data alone."""
    return secret(
        "keys",
        AWS_ACCESS_KEY_ID="e2e",
        AWS_SECRET_ACCESS_KEY=key,
        AWS_ENDPOINT_URL=endpoint,
        AWS_ALLOW_HTTP="true",
        AWS_REGION="us-east-1",
    )


def not_ready(reason: str, *words: str) -> Told:
    """The monitor cannot do its work, and time or a person will help."""
    return Told("Ready", "False", reason, words)


def stalled(reason: str, *words: str) -> Told:
    """Somebody must change something."""
    return Told("Stalled", "True", reason, words)


def training_failed(*words: str) -> Told:
    """There is no candidate."""
    return Told("Promoted", "False", "TrainingFailed", words)


def granted(scene: Scene) -> None:
    """The account is given its rights, and who gave them asks for a look."""
    scene.create()
    scene.look_now()


def more_quota(scene: Scene) -> None:
    """The quota is lifted."""
    scene.kubectl("delete", "resourcequota", "pods")


def edited(spec: Patch) -> Callable[[Scene], None]:
    """Somebody edits the monitor."""
    return lambda scene: scene.edit(spec)


def stored(bucket: str, path: str, good: str) -> Callable[[Scene], None]:
    """A file is written anew, and its writer asks for a look."""

    def write(scene: Scene) -> None:
        obstore.copy(testbed.bucket(bucket), good, path)
        scene.look_now()

    return write


def corrected_keys(scene: Scene) -> None:
    """The Secret of the data is corrected, and nobody tells the monitor."""
    scene.patch("secret", "keys", {"stringData": keys()["stringData"]})


def evicted(scene: Scene) -> None:
    """What a drained node does to its pods."""
    pod = scene.running_pod()
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
    path = f"/api/v1/namespaces/{scene.trouble.namespace}/pods/{pod}/eviction"
    cluster.kubectl("create", "--raw", path, "-f", "-", stdin=json.dumps(eviction))


def deleted(scene: Scene) -> None:
    """Somebody deletes the pod."""
    scene.kubectl("delete", "pod", scene.running_pod(), "--wait=false")


def serving(uri: str) -> Patch:
    """What the SeldonDeployment serves."""
    graph = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": uri, "envSecretRefName": "lake"}
    return {"spec": {"predictors": [{"name": "default", "replicas": 0, "graph": graph}]}}


TROUBLES: Final = (
    Trouble(
        "the evaluation's pod is deleted while it runs",
        "trouble-deleted",
        not_ready("Interrupted", "evaluation", "evicted, drained"),
        corrected_keys,
        files(secretName="keys"),
        beside=(keys(endpoint=NO_ANSWER),),
        provoke=deleted,
    ),
    Trouble(
        "the evaluation's pod is evicted while it runs",
        "trouble-evicted",
        not_ready("Interrupted", "evaluation", "evicted, drained"),
        corrected_keys,
        files(secretName="keys"),
        beside=(keys(endpoint=NO_ANSWER),),
        provoke=evicted,
    ),
    Trouble(
        "the Secret of the data is not there",
        "trouble-secret",
        not_ready("CreateContainerConfigError", "Create Secret lake", "spec.data.current.files.secretName"),
        Scene.create,
        {},
        without="Secret/lake",
    ),
    Trouble(
        "the SeldonDeployment is not there",
        "trouble-seldondeployment",
        stalled("ServingTargetNotFound", "no SeldonDeployment flights", "Create it"),
        Scene.create,
        {},
        without="SeldonDeployment/flights",
    ),
    Trouble(
        "the node's name is wrong",
        "trouble-node",
        stalled("ServingNodeNotFound", "no node clasifier", "default/classifier"),
        edited({"model": {"serving": {"seldonDeployment": {"node": "classifier"}}}}),
        {"model": {"serving": {"seldonDeployment": {"node": "clasifier"}}}},
    ),
    Trouble(
        "the label column's name is wrong",
        "trouble-label",
        not_ready("ColumnMissing", "data.columns.label", '"arrived_late"', "date=2013-02-04", "it has: carrier"),
        edited({"data": {"columns": {"label": "late"}}}),
        {"data": {"columns": {"label": "arrived_late"}}},
    ),
    Trouble(
        "the timestamp column's name is wrong",
        "trouble-timestamp",
        not_ready("ColumnMissing", "data.columns.timestamp", '"departure"', "it has: carrier"),
        edited({"data": {"columns": {"timestamp": "time_hour"}}}),
        {"data": {"columns": {"timestamp": "departure"}}},
    ),
    Trouble(
        "half a Parquet file",
        "trouble-file",
        not_ready("FileUnreadable", "s3://lake/truncated/date=2013-02-06/flights.parquet", "rename"),
        stored("lake", "truncated/date=2013-02-06/flights.parquet", "three-days/date=2013-02-06/flights.parquet"),
        files(uri="s3://lake/truncated/"),
    ),
    Trouble(
        "there is no such bucket",
        "trouble-bucket",
        not_ready("BucketNotFound", "s3://lakes/three-days/", "correct the URI"),
        edited(files(uri=DAYS)),
        files(uri="s3://lakes/three-days/"),
    ),
    Trouble(
        "the store refuses the credentials",
        "trouble-credentials",
        not_ready("StorageRefused", "AWS_SECRET_ACCESS_KEY", "data.current.files.secretName"),
        corrected_keys,
        files(secretName="keys"),
        beside=(keys(key="mistyped"),),
    ),
    Trouble(
        "the model is half a file",
        "trouble-model",
        not_ready("ModelUnloadable", "s3://models/half/model.joblib", "written whole"),
        stored("models", "half/model.joblib", "january/model.joblib"),
        {},
        model="s3://models/half",
    ),
    Trouble(
        "the model is not there",
        "trouble-no-model",
        not_ready("ModelNotFound", "no model.joblib in s3://models/februrary/", "correct the URI"),
        lambda scene: scene.patch("seldondeployment", "flights", serving(MODEL)),
        {},
        model="s3://models/februrary",
    ),
    Trouble(
        "the evaluator runs out of memory",
        "trouble-memory",
        not_ready("OutOfMemory", "evaluator", "raise spec.jobs.resources.limits.memory"),
        edited({"jobs": {"resources": {"limits": {"memory": "1Gi"}}}}),
        {"jobs": {"resources": {"requests": {"memory": "32Mi"}, "limits": {"memory": "64Mi"}}}},
    ),
    Trouble(
        "the evaluator's limit is below its request",
        "trouble-limit",
        stalled("Invalid", "evaluation Job", "memory limit of 256Mi", "spec.jobs"),
        edited({"jobs": {"resources": {"requests": {"memory": "128Mi"}}}}),
        {"jobs": {"resources": {"requests": {"memory": "512Mi"}, "limits": {"memory": "256Mi"}}}},
    ),
    Trouble(
        "the namespace's quota is used up",
        "trouble-quota",
        not_ready("QuotaExceeded", "evaluation Job", "exceeded quota: pods", "larger quota"),
        more_quota,
        {},
        beside=(
            {
                "apiVersion": "v1",
                "kind": "ResourceQuota",
                "metadata": {"name": "pods"},
                "spec": {"hard": {"pods": "0"}},
            },
        ),
    ),
    Trouble(
        "the evaluation takes longer than its deadline",
        "trouble-deadline",
        not_ready("DeadlineExceeded", "spec.jobs.deadline"),
        edited(merged(files(secretName="lake"), {"jobs": {"deadline": "5m"}})),
        merged(files(secretName="keys"), {"jobs": {"deadline": "20s"}}),
        beside=(keys(endpoint=NO_ANSWER),),
    ),
    Trouble(
        "the monitor's account has no rights",
        "trouble-rights",
        stalled("Forbidden", 'cannot create resource "jobs"', "modelmonitor-tenant", "spec.serviceAccountName"),
        granted,
        {},
        without="RoleBinding/flights-monitor",
    ),
    Trouble(
        "a Secret that training mounts is not there",
        "trouble-volume",
        not_ready("FailedMount", "training Job", "Create Secret training-keys", "spec.retrain.jobTemplate"),
        Scene.create,
        trainer(
            {
                "volumes": [
                    {"name": "tmp", "emptyDir": {}},
                    {"name": "keys", "secret": {"secretName": "training-keys"}},
                ]
            },
            volumeMounts=[{"name": "tmp", "mountPath": "/tmp"}, {"name": "keys", "mountPath": "/keys"}],  # noqa: S108
        ),
        beside=(secret("training-keys", token="e2e"),),  # noqa: S106
        without="Secret/training-keys",
        trains=True,
    ),
    Trouble(
        "the trainer's image cannot be pulled",
        "trouble-image",
        not_ready("ImagePullBackOff", "registry.invalid/team/trainer:1.0", "spec.retrain.jobTemplate"),
        edited(trainer()),
        trainer(image="registry.invalid/team/trainer:1.0"),
        trains=True,
    ),
    Trouble(
        "the trainer is privileged where pods must not be",
        "trouble-privileged",
        not_ready("PodSecurityViolated", "training Job", "restricted", "securityContext in spec.retrain.jobTemplate"),
        edited(trainer()),
        trainer(securityContext={"allowPrivilegeEscalation": True}),
        trains=True,
    ),
    Trouble(
        "the trainer fails",
        "trouble-trainer",
        training_failed("exit code 1", "RuntimeError: no GPU was found"),
        edited(trainer()),
        trainer(command=["python", "-c", "raise RuntimeError('no GPU was found')"], args=None),
        trains=True,
    ),
    Trouble(
        "the trainer writes nonsense",
        "trouble-nonsense",
        training_failed("ResultUnreadable", '"modelUri"', "it wrote 'accuracy: 0.97"),
        edited(trainer()),
        trainer(command=["sh", "-c", "echo accuracy: 0.97 > /dev/termination-log"], args=None),
        trains=True,
    ),
)
