"""The Deployments and Services that a SeldonDeployment stands for."""

import base64
import json
from typing import Any, Final

from . import names
from .seldon import GROUP, KIND, VERSION, Predictor, SeldonDeployment
from .settings import Settings

Manifest = dict[str, Any]

HTTP: Final = 9000
GRPC: Final = 9500
ENGINE_HTTP: Final = 8000
ENGINE_GRPC: Final = 5001
MODELS: Final = "/mnt/models"
# What the restricted pod security standard asks of every container.
UNPRIVILEGED: Final = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def services(seldon: SeldonDeployment, predictor: Predictor) -> tuple[Manifest, Manifest]:
    """The node's Service, then the predictor's."""
    app = names.predictor_service(seldon.name, predictor.name)
    node = names.node_service(seldon.name, predictor.name, predictor.node)
    common = {
        "app.kubernetes.io/managed-by": "seldon-core",
        "seldon-app": app,
        "seldon-deployment-id": seldon.name,
    }
    of_node = {f"seldon-app-svc-{predictor.node}": node}
    return (
        _service(seldon, node, common | of_node | {"seldon.io/model": "true"}, of_node, (HTTP, GRPC)),
        _service(seldon, app, common, {"seldon-app": app}, (ENGINE_HTTP, ENGINE_GRPC)),
    )


def deployment(seldon: SeldonDeployment, predictor: Predictor, settings: Settings) -> Manifest:
    """The predictor's one Deployment."""
    name = names.deployment_name(seldon.name, predictor.name, predictor.node)
    selector = {
        "seldon-app": names.predictor_service(seldon.name, predictor.name),
        f"seldon-app-svc-{predictor.node}": names.node_service(seldon.name, predictor.name, predictor.node),
        "seldon-deployment-id": seldon.name,
    }
    labels = selector | {
        "app": name,
        "app.kubernetes.io/managed-by": "seldon-core",
        "fluentd": "true",
        "seldon.io/model": "true",
        "version": predictor.name,
        **predictor.raw.get("labels", {}),
    }
    annotations = {**seldon.annotations, **predictor.raw.get("annotations", {})}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _metadata(seldon, name, labels | {"seldon-deployment-contains-svcorch": "true"}, annotations),
        "spec": {
            "replicas": predictor.replicas,
            "progressDeadlineSeconds": predictor.raw.get("progressDeadlineSeconds", 600),
            "selector": {"matchLabels": selector},
            # Seldon's source says maxUnavailable 10 %, but writes it without its type: 0 is what arrives.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}},
            "template": {
                "metadata": {"labels": labels, "annotations": annotations},
                "spec": _pod(seldon, predictor, settings),
            },
        },
    }


def _pod(seldon: SeldonDeployment, predictor: Predictor, settings: Settings) -> Manifest:
    account = predictor.raw["graph"].get("serviceAccountName")
    return {
        "initContainers": [_initializer(predictor, settings)],
        "containers": [_server(seldon, predictor, settings), _engine(seldon, predictor, settings)],
        "volumes": [
            {"name": _volume(predictor), "emptyDir": {}},
            {"name": "tmp", "emptyDir": {}},
        ],
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 8888,
            "fsGroup": 8888,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": 20,
        **({"serviceAccountName": account} if account else {}),
    }


def _initializer(predictor: Predictor, settings: Settings) -> Manifest:
    secret = predictor.raw["graph"].get("envSecretRefName")
    return {
        "name": f"{predictor.node}-model-initializer",
        "image": settings.image,
        "command": ["python", "-m", "e2e.seldon.initializer"],
        "args": [predictor.model_uri, MODELS],
        "envFrom": [{"secretRef": {"name": secret}}] if secret else [],
        "volumeMounts": [{"name": _volume(predictor), "mountPath": MODELS}],
        "securityContext": UNPRIVILEGED,
        "resources": {"requests": {"cpu": "20m", "memory": "64Mi"}},
    }


def _server(seldon: SeldonDeployment, predictor: Predictor, settings: Settings) -> Manifest:
    env = {
        "MLSERVER_HTTP_PORT": str(HTTP),
        "MLSERVER_GRPC_PORT": str(GRPC),
        "MLSERVER_MODEL_IMPLEMENTATION": "mlserver_sklearn.SKLearnModel",
        "MLSERVER_MODEL_NAME": predictor.node,
        "MLSERVER_MODEL_URI": MODELS,
        "PREDICTIVE_UNIT_ID": predictor.node,
        "PREDICTOR_ID": predictor.name,
        "SELDON_DEPLOYMENT_ID": seldon.name,
    }
    hook = {"lifecycle": {"preStop": {"sleep": {"seconds": settings.pre_stop}}}} if settings.pre_stop else {}
    return {
        "name": predictor.node,
        "image": settings.image,
        "command": ["mlserver", "start", MODELS],
        "env": [
            *({"name": name, "value": value} for name, value in env.items()),
            *predictor.container.get("env", []),
        ],
        "ports": [{"name": "http", "containerPort": HTTP}, {"name": "grpc", "containerPort": GRPC}],
        "readinessProbe": _readiness(HTTP, settings),
        "volumeMounts": [
            {"name": _volume(predictor), "mountPath": MODELS, "readOnly": True},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 - a mount of the pod's own
        ],
        "securityContext": UNPRIVILEGED,
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}},
        **hook,
        **{key: value for key, value in predictor.container.items() if key != "env"},
    }


def _engine(seldon: SeldonDeployment, predictor: Predictor, settings: Settings) -> Manifest:
    """The engine's place, with what makes the real one restart: the whole predictor in its environment."""
    # Traffic and replicas are zeroed, so that these two do not restart the pods and everything else does.
    carried = json.dumps({**predictor.raw, "replicas": 0, "traffic": 0}, sort_keys=True)
    env = {
        "ENGINE_PREDICTOR": base64.b64encode(carried.encode()).decode(),
        "ENGINE_SELDON_DEPLOYMENT": seldon.name,
    }
    return {
        "name": "seldon-container-engine",
        "image": settings.image,
        "command": ["python", "-m", "e2e.seldon.engine"],
        "args": [
            *("--sdep", seldon.name, "--namespace", seldon.namespace, "--predictor", predictor.name),
            *("--port", str(ENGINE_HTTP), "--server-port", str(HTTP)),
        ],
        "env": [{"name": name, "value": value} for name, value in env.items()],
        "ports": [{"name": "http", "containerPort": ENGINE_HTTP}],
        "readinessProbe": _readiness(ENGINE_HTTP, settings),
        "securityContext": UNPRIVILEGED,
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}},
    }


def _readiness(port: int, settings: Settings) -> Manifest:
    return {
        "httpGet": {"path": "/v2/health/ready", "port": port},
        "initialDelaySeconds": settings.probe_delay,
        "periodSeconds": settings.probe_period,
        "failureThreshold": 3,
    }


def _volume(predictor: Predictor) -> str:
    return f"{predictor.node}-provision-location"


def _service(
    seldon: SeldonDeployment, name: str, labels: dict[str, str], selector: dict[str, str], ports: tuple[int, int]
) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": _metadata(seldon, name, labels, {}),
        "spec": {
            "selector": selector,
            "ports": [
                {"name": kind, "port": port, "targetPort": port, "protocol": "TCP"}
                for kind, port in zip(("http", "grpc"), ports, strict=True)
            ],
        },
    }


def _metadata(seldon: SeldonDeployment, name: str, labels: dict[str, str], annotations: dict[str, str]) -> Manifest:
    owner = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": KIND,
        "name": seldon.name,
        "uid": seldon.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {
        "name": name,
        "namespace": seldon.namespace,
        "labels": labels,
        "annotations": annotations,
        "ownerReferences": [owner],
    }
