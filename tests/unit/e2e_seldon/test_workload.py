"""What of a SeldonDeployment restarts its pods, and how the user's container gets into them."""

from typing import Any

import pytest

from e2e.seldon.stand_in import workload
from e2e.seldon.stand_in.seldon import SeldonDeployment, UnsupportedError
from e2e.seldon.stand_in.settings import Settings

from .recording import Json

GRAPH = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": "s3://fraud/a"}
CONTAINER = {"name": "classifier", "image": "other:1", "env": [{"name": "MINE", "value": "1"}]}


def seldon(protocol: str = "v2", notes: Json | None = None, **predictor: Any) -> SeldonDeployment:
    spec = {
        "protocol": protocol,
        "annotations": notes or {},
        "predictors": [{"name": "main", "graph": GRAPH, "replicas": 1, **predictor}],
    }
    metadata = {"name": "fraud", "namespace": "default", "uid": "1"}
    return SeldonDeployment.read({"metadata": metadata, "spec": spec})


def template(asked: SeldonDeployment, settings: Settings | None = None) -> Json:
    made = workload.deployment(asked, asked.predictors[0], settings or Settings())
    found: Json = made["spec"]["template"]
    return found


# As recorded by patching one field after the other and reading the Deployment's revision.
RESTARTS = {
    "traffic does not": (seldon(traffic=100), False),
    "replicas do not": (seldon(replicas=3), False),
    "annotations of the spec do": (seldon(notes={"roll/note": "1"}), True),
    "annotations of the predictor do": (seldon(annotations={"roll/note": "1"}), True),
    "labels of the predictor do": (seldon(labels={"rev": "2"}), True),
    "the deadline does": (seldon(progressDeadlineSeconds=120), True),
    "a payload logger does": (seldon(graph={**GRAPH, "logger": {"mode": "all", "url": "http://sink"}}), True),
    "graph parameters do": (
        seldon(graph={**GRAPH, "parameters": [{"name": "a", "type": "STRING", "value": "b"}]}),
        True,
    ),
    "shadow does": (seldon(shadow=True), True),
    "the user's container does": (seldon(componentSpecs=[{"spec": {"containers": [CONTAINER]}}]), True),
}


@pytest.mark.parametrize(("asked", "restarts"), RESTARTS.values(), ids=RESTARTS)
def test_what_restarts_pods(asked: SeldonDeployment, restarts: bool) -> None:
    assert (template(asked) != template(seldon())) is restarts


def test_the_users_container_is_completed_not_replaced() -> None:
    asked = seldon(componentSpecs=[{"spec": {"containers": [CONTAINER]}}])
    server = template(asked)["spec"]["containers"][0]
    assert server["image"] == "other:1"
    assert {"name": "MINE", "value": "1"} in server["env"]
    assert {"name": "PREDICTOR_ID", "value": "main"} in server["env"]
    assert server["readinessProbe"]["initialDelaySeconds"] == 20


def test_the_secret_of_the_graph_is_the_initializers_environment() -> None:
    pod = template(seldon(graph={**GRAPH, "envSecretRefName": "lake"}))["spec"]
    assert pod["initContainers"][0]["envFrom"] == [{"secretRef": {"name": "lake"}}]
    assert all("envFrom" not in container for container in pod["containers"])


def test_delays_are_parameters() -> None:
    server, engine = template(seldon(), Settings(probe_delay=2, probe_period=1, pre_stop=0))["spec"]["containers"]
    assert [c["readinessProbe"]["initialDelaySeconds"] for c in (server, engine)] == [2, 2]
    assert [c["readinessProbe"]["periodSeconds"] for c in (server, engine)] == [1, 1]
    assert "lifecycle" not in server


REFUSED = {
    "another server": ({"graph": {**GRAPH, "implementation": "XGBOOST_SERVER"}}, "one SKLEARN_SERVER node"),
    "a graph with children": ({"graph": {**GRAPH, "children": [GRAPH]}}, "without children"),
    "a container that is no node": (
        {"componentSpecs": [{"spec": {"containers": [{"name": "x"}]}}]},
        "named as the node",
    ),
    "another protocol": ({"protocol": "seldon"}, 'speaks "v2" only'),
}


@pytest.mark.parametrize(("asked", "message"), REFUSED.values(), ids=REFUSED)
def test_what_it_was_not_made_for_is_refused_in_words(asked: Json, message: str) -> None:
    with pytest.raises(UnsupportedError, match=message):
        seldon(**asked)
