"""SeldonDeployments and Deployments as the API server gives them, with what a test says and no more."""

from typing import Any

Raw = dict[str, Any]
UID = "3b0d-sdep"


def node(name: str, uri: str | None = None, *children: Raw) -> Raw:
    return {"name": name} | ({"modelUri": uri} if uri else {}) | ({"children": list(children)} if children else {})


def predictor(name: str, graph: Raw) -> Raw:
    return {"name": name, "replicas": 1, "graph": graph}


def seldon_deployment(*predictors: Raw, state: str | None = "Available", **meta: Any) -> Raw:
    return {
        "metadata": {"name": "fraud", "namespace": "team", "uid": UID, "generation": 4, **meta},
        "spec": {"predictors": list(predictors)},
        **({"status": {"state": state}} if state else {}),
    }


def deployment(name: str, predictor: str, models: dict[str, str], **changes: Any) -> Raw:
    """A settled one that loads these models; `changes` are of the status, `owner` and `generation`."""
    initializers = [{"name": f"{node}-model-initializer", "args": [uri, "/mnt/models"]} for node, uri in models.items()]
    environment = [{"name": "PREDICTOR_ID", "value": predictor}] if predictor else []
    owner = {"uid": changes.pop("owner", UID), "controller": True}
    meta = {"name": name, "namespace": "team", "generation": changes.pop("generation", 2), "ownerReferences": [owner]}
    status = {"observedGeneration": 2, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "readyReplicas": 1}
    return {
        "metadata": meta,
        "spec": {
            "replicas": 1,
            "template": {
                "spec": {"initContainers": initializers, "containers": [{"name": "server", "env": environment}]}
            },
        },
        "status": {**status, **changes},
    }
