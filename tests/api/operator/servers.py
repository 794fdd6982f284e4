"""What serves the model in a test, played on a real API server: objects, and the statuses that their controllers write.

There is no controller of Seldon's here. What is written is what the real ones were seen to write (SeldonDeployment), or
write by their source (Model).
"""

from datetime import datetime
from typing import Any, ClassVar, Final, Protocol

from modelmonitor.api.types import format_time
from modelmonitor.kube.api import Api, Patch
from modelmonitor.kube.resources import CONFIG_MAPS, DEPLOYMENTS, SELDON_DEPLOYMENTS, SELDON_MODELS, Resource

Raw = dict[str, Any]
NAME: Final = "flights"
CREATED: Final = "2026-01-01T00:00:00Z"


class Server(Protocol):
    """Something that serves."""

    @property
    def serving(self) -> Raw:
        """`spec.model.serving`."""

    @property
    def resource(self) -> Resource:
        """What holds the URI."""

    @property
    def rolls_at_once(self) -> bool:
        """Whether what is written is in service."""

    async def start(self, uri: str) -> None:
        """It serves this model."""

    async def live(self) -> Raw:
        """The object that holds the URI."""

    async def uri(self) -> str:
        """The URI in it."""

    async def move(self, uri: str) -> None:
        """A person sets another model."""

    async def roll(self, now: datetime, *, fails: bool = False) -> None:
        """Its controller brings the wanted model to life, or has just told that it cannot."""


async def _replace_status(api: Api, path: str, status: Raw) -> None:
    await api.patch(path + "/status", [{"op": "add", "path": "/status", "value": status}], Patch.JSON)


class SeldonDeploymentServer:
    """Seldon Core 1."""

    serving: ClassVar[Raw] = {"seldonDeployment": {"name": NAME, "node": "classifier"}}
    resource = SELDON_DEPLOYMENTS
    rolls_at_once = False

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.path = SELDON_DEPLOYMENTS.path(namespace, NAME)

    async def start(self, uri: str) -> None:
        graph = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": uri}
        predictors = [{"name": "default", "replicas": 1, "graph": graph}]
        body = {
            "apiVersion": SELDON_DEPLOYMENTS.api_version,
            "kind": "SeldonDeployment",
            "metadata": {"name": NAME},
            "spec": {"protocol": "v2", "predictors": predictors},
        }
        await self.api.create(SELDON_DEPLOYMENTS.path(self.namespace), body)
        await self.roll(datetime.fromisoformat(CREATED))

    async def live(self) -> Raw:
        return await self.api.get(self.path)

    async def uri(self) -> str:
        return str((await self.live())["spec"]["predictors"][0]["graph"]["modelUri"])

    async def move(self, uri: str) -> None:
        body = [{"op": "replace", "path": "/spec/predictors/0/graph/modelUri", "value": uri}]
        await self.api.patch(self.path, body, Patch.JSON)

    async def roll(self, now: datetime, *, fails: bool = False) -> None:
        """Seldon's operator and the Deployment controller bring the spec to life, or are past the deadline of it."""
        live = await self.live()
        await self._deployment(live, live["spec"]["predictors"][0]["graph"]["modelUri"])
        path = DEPLOYMENTS.path(self.namespace, f"{NAME}-default-0-classifier")
        generation = (await self.api.get(path))["metadata"]["generation"]
        good = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1, "conditions": []}
        late = {
            "type": "Progressing",
            "status": "False",
            "reason": "ProgressDeadlineExceeded",
            "message": 'ReplicaSet "flights" has timed out progressing.',
            "lastTransitionTime": format_time(now),
        }
        bad = {**good, "replicas": 2, "unavailableReplicas": 1, "conditions": [late]}
        await _replace_status(self.api, path, {"observedGeneration": generation, **(bad if fails else good)})
        await _replace_status(self.api, self.path, {"state": "Creating" if fails else "Available"})

    async def _deployment(self, owner: Raw, uri: str) -> None:
        name = f"{NAME}-default-0-classifier"
        app = {"app": name, "seldon-deployment-id": NAME}
        initializer = {"name": "classifier-model-initializer", "image": "i", "args": [uri, "/mnt/models"]}
        server = {"name": "classifier", "image": "i", "env": [{"name": "PREDICTOR_ID", "value": "default"}]}
        reference = {
            "apiVersion": owner["apiVersion"],
            "kind": owner["kind"],
            "name": owner["metadata"]["name"],
            "uid": owner["metadata"]["uid"],
            "controller": True,
        }
        body = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "labels": app, "ownerReferences": [reference]},
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": app},
                "template": {
                    "metadata": {"labels": app},
                    "spec": {"initContainers": [initializer], "containers": [server]},
                },
            },
        }
        known = [one["metadata"]["name"] for one in (await self.api.get(DEPLOYMENTS.path(self.namespace)))["items"]]
        if name in known:
            change = [{"op": "replace", "path": "/spec/template/spec/initContainers/0/args/0", "value": uri}]
            await self.api.patch(DEPLOYMENTS.path(self.namespace, name), change, Patch.JSON)
        else:
            await self.api.create(DEPLOYMENTS.path(self.namespace), body)


class SeldonModelServer:
    """Seldon Core 2."""

    serving: ClassVar[Raw] = {"seldonModel": {"name": NAME}}
    resource = SELDON_MODELS
    rolls_at_once = False

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.path = SELDON_MODELS.path(namespace, NAME)

    async def start(self, uri: str) -> None:
        body = {
            "apiVersion": SELDON_MODELS.api_version,
            "kind": "Model",
            "metadata": {"name": NAME},
            "spec": {"storageUri": uri, "requirements": ["sklearn"], "memory": "100Ki"},
        }
        await self.api.create(SELDON_MODELS.path(self.namespace), body)
        await self.roll(datetime.fromisoformat(CREATED))

    async def live(self) -> Raw:
        return await self.api.get(self.path)

    async def uri(self) -> str:
        return str((await self.live())["spec"]["storageUri"])

    async def move(self, uri: str) -> None:
        await self.api.patch(self.path, [{"op": "replace", "path": "/spec/storageUri", "value": uri}], Patch.JSON)

    async def roll(self, now: datetime, *, fails: bool = False) -> None:
        """The message of ModelReady holds the state; neither observedGeneration nor the available replicas are told."""
        said = {"status": "False" if fails else "True", "lastTransitionTime": format_time(now)}
        message = {"message": "ModelFailed", "reason": "no such file: model.joblib"} if fails else {}
        ready = {**said, **(message or {"message": "ModelAvailable"}), "type": "ModelReady"}
        happy = {**said, **message, "type": "Ready"}
        await _replace_status(self.api, self.path, {"conditions": [ready, happy], "replicas": 1})


class BatchServer:
    """A ConfigMap that the operator makes."""

    serving: ClassVar[Raw] = {"batch": {"configMap": "flights-nightly", "uri": "s3://models/flights/january"}}
    resource = CONFIG_MAPS
    rolls_at_once = True

    def __init__(self, api: Api, namespace: str) -> None:
        self.api = api
        self.namespace = namespace
        self.path = CONFIG_MAPS.path(namespace, "flights-nightly")

    async def start(self, uri: str) -> None:
        """The operator does that."""

    async def live(self) -> Raw:
        return await self.api.get(self.path)

    async def uri(self) -> str:
        return str((await self.live())["data"]["modelUri"])

    async def move(self, uri: str) -> None:
        await self.api.patch(self.path, {"data": {"modelUri": uri}}, Patch.MERGE)

    async def roll(self, now: datetime, *, fails: bool = False) -> None:
        """Nothing is behind it."""
