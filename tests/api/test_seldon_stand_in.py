"""The stand-in for Seldon's operator against a real API server and the real controllers of Deployments.

There is no kubelet: the test is the one who says that a pod is ready.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.cluster.controlplane import ControlPlane
from e2e.seldon import installation

ROOT = Path(__file__).parents[2]
CONTROLLERS = "deployment-controller,replicaset-controller,garbage-collector-controller,namespace-controller"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """A control plane of its own: controllers that touch Deployments would disturb other tests'."""
    with ControlPlane(audit_policy=None) as started:
        started.kubectl("create", "-f", str(installation.CRD))
        started.kubectl("wait", "--for=condition=Established", "crd/seldondeployments.machinelearning.seldon.io")
        started.kubectl("create", "-f", "-", stdin=installation.stand_in("stand-in:1", "server:1"))
        manager = started.server.binaries / "kube-controller-manager"
        flags = ["--leader-elect=false", "--secure-port=0", f"--controllers={CONTROLLERS}"]
        with process([str(manager), f"--kubeconfig={started.kubeconfig}", *flags]):
            yield started


class process:  # noqa: N801 - reads as a function
    """A child process for the length of a block."""

    def __init__(self, command: list[str]) -> None:
        self._command = command

    def __enter__(self) -> None:
        self._child = subprocess.Popen(self._command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __exit__(self, *_: object) -> None:
        self._child.terminate()
        self._child.wait(timeout=10)


class World:
    """One namespace with one SeldonDeployment, `fraud`, and what a person and a kubelet do to it."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self._plane = plane
        self._namespace = namespace
        plane.kubectl("create", "namespace", namespace)
        # No pod would ever be made if the stand-in's were not as the strictest standard wants them.
        plane.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
        self.kubectl("create", "serviceaccount", "default")

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self._plane.kubectl(f"--namespace={self._namespace}", *arguments, stdin=stdin)

    def get(self, kind: str, name: str = "") -> Json:
        found: Json = json.loads(
            self.kubectl("get", kind, *filter(None, [name]), "--ignore-not-found", "-o", "json") or "{}"
        )
        return found

    def create(self, **predictor: Any) -> None:
        manifest = {
            "apiVersion": "machinelearning.seldon.io/v1",
            "kind": "SeldonDeployment",
            "metadata": {"name": "fraud"},
            "spec": {"protocol": "v2", "predictors": [predictor_named("main", **predictor)]},
        }
        self.kubectl("create", "-f", "-", stdin=json.dumps(manifest))

    def patch(self, path: str, value: Any, operation: str = "replace") -> None:
        change = [{"op": operation, "path": f"/spec/predictors/{path}", "value": value}]
        self.kubectl("patch", "sdep", "fraud", "--type=json", "-p", json.dumps(change))

    def roll_to(self, uri: str) -> None:
        self.patch("0/graph/modelUri", uri)

    def seldon(self) -> Json:
        return self.get("sdep", "fraud")

    def state(self) -> str:
        return str(self.seldon().get("status", {}).get("state", ""))

    def deployment(self, predictor: str = "main") -> Json:
        return self.get("deployment", f"fraud-{predictor}-0-classifier")

    def pods(self, uri: str) -> list[Json]:
        return [pod for pod in self.get("pods").get("items", []) if pod["spec"]["initContainers"][0]["args"][0] == uri]

    def pods_become_ready(self, uri: str) -> None:
        eventually(lambda: self.pods(uri), f"a pod with {uri}")
        status = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
        for pod in self.pods(uri):
            name = pod["metadata"]["name"]
            self.kubectl("patch", "pod", name, "--subresource=status", "--type=merge", "-p", json.dumps(status))

    def comes_to(self, state: str) -> None:
        eventually(lambda: self.state() == state, f"state {state}")

    def serves(self, uri: str) -> bool:
        """The proof that a roll is finished, as facts about the real operator demand it."""
        deployment = self.deployment()
        status = deployment["status"]
        return bool(
            deployment["spec"]["template"]["spec"]["initContainers"][0]["args"] == [uri, "/mnt/models"]
            and status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
            and status.get("updatedReplicas") == status.get("availableReplicas") == status.get("replicas") == 1
        )

    def states_since(self, version: str) -> list[str]:
        """Every state that was stored since a resource version, repetitions left out."""
        query = f"watch=1&resourceVersion={version}&timeoutSeconds=1"
        path = f"/apis/machinelearning.seldon.io/v1/namespaces/{self._namespace}/seldondeployments?{query}"
        events = [json.loads(line) for line in self._plane.kubectl("get", "--raw", path).splitlines()]
        states = [event["object"].get("status", {}).get("state", "") for event in events]
        return [state for before, state in zip(["", *states], states, strict=False) if state != before]


def predictor_named(name: str, uri: str = "s3://models/a", **more: Any) -> Json:
    graph = {"name": "classifier", "implementation": "SKLEARN_SERVER", "modelUri": uri}
    return {"name": name, "replicas": 1, "graph": graph, **more}


def eventually(reached: Callable[[], object], what: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, f"not reached in {seconds} s: {what}"
        time.sleep(0.05)


def stand_in(plane: ControlPlane, *flags: str) -> process:
    """With the rights of its manifest and no others."""
    groups = ["system:serviceaccounts", "system:serviceaccounts:seldon-system"]
    kubeconfig = plane.kubeconfig_for("system:serviceaccount:seldon-system:seldon-stand-in", groups)
    return process([sys.executable, "-m", "e2e.seldon.stand_in", f"--kubeconfig={kubeconfig}", *flags])


@pytest.fixture
def world(plane: ControlPlane, request: pytest.FixtureRequest) -> World:
    """A namespace of the test's own."""
    number = request.session.items.index(request.node)
    return World(plane, f"stand-in-{number}")


def test_a_good_roll_goes_through_creating_and_ends_on_the_new_model(plane: ControlPlane, world: World) -> None:
    with stand_in(plane, "--probe-delay=2"):
        world.create()
        world.pods_become_ready("s3://models/a")
        world.comes_to("Available")
        version = world.seldon()["metadata"]["resourceVersion"]
        world.roll_to("s3://models/b")
        world.comes_to("Creating")
        assert world.pods("s3://models/a"), "the old pod serves until the new one is ready"
        world.pods_become_ready("s3://models/b")
        eventually(lambda: world.serves("s3://models/b"), "the roll's proof")
        world.comes_to("Available")
        assert "observedGeneration" not in world.seldon()["status"]
        assert set(world.states_since(version)) == {"Available", "Creating"}
        probes = [c["readinessProbe"] for c in world.deployment()["spec"]["template"]["spec"]["containers"]]
        assert [probe["initialDelaySeconds"] for probe in probes] == [2, 2]


def test_a_steady_object_is_written_no_more(plane: ControlPlane, world: World) -> None:
    with stand_in(plane):
        world.create()
        world.pods_become_ready("s3://models/a")
        world.comes_to("Available")
        eventually(lambda: world.serves("s3://models/a"), "a quiet Deployment")
        time.sleep(1)
        before = [world.seldon(), world.deployment(), world.get("services")]
        time.sleep(1.5)
        assert [world.seldon(), world.deployment(), world.get("services")] == before


def test_a_bad_roll_stays_creating_after_the_deadline_and_back_is_at_once(plane: ControlPlane, world: World) -> None:
    with stand_in(plane):
        world.create(progressDeadlineSeconds=2)
        world.pods_become_ready("s3://models/a")
        world.comes_to("Available")
        world.roll_to("s3://models/bad")
        eventually(lambda: progressing(world.deployment()) == "ProgressDeadlineExceeded", "the deadline")
        time.sleep(0.5)
        assert world.state() == "Creating"
        assert world.seldon()["status"]["deploymentStatus"] == {
            "fraud-main-0-classifier": {"availableReplicas": 1, "replicas": 2}
        }
        world.roll_to("s3://models/a")
        eventually(lambda: world.serves("s3://models/a"), "the old pod alone")
        world.comes_to("Available")


def test_a_first_model_that_does_not_come_up_is_failed_and_heals(plane: ControlPlane, world: World) -> None:
    with stand_in(plane):
        world.create(uri="s3://models/bad", progressDeadlineSeconds=2)
        world.comes_to("Failed")
        assert "no longer progressing" in world.seldon()["status"]["description"]
        world.roll_to("s3://models/a")
        world.pods_become_ready("s3://models/a")
        world.comes_to("Available")
        assert "description" not in world.seldon()["status"]


def test_a_stale_look_flashes_available_while_the_old_model_serves(plane: ControlPlane, world: World) -> None:
    with stand_in(plane, "--stale-look"):
        world.create()
        world.pods_become_ready("s3://models/a")
        world.comes_to("Available")
        version = world.seldon()["metadata"]["resourceVersion"]
        world.roll_to("s3://models/bad")
        eventually(lambda: world.pods("s3://models/bad"), "the bad pod")
        time.sleep(0.5)
        assert world.states_since(version) == ["Available", "Creating", "Available", "Creating"]
        assert not world.serves("s3://models/bad")


def test_what_happens_while_it_is_down_is_done_when_it_is_back(plane: ControlPlane, world: World) -> None:
    with stand_in(plane):
        world.create()
        world.pods_become_ready("s3://models/a")
        world.comes_to("Available")
    world.roll_to("s3://models/b")
    time.sleep(0.5)
    assert world.state() == "Available"
    assert world.serves("s3://models/a")
    with stand_in(plane):
        world.pods_become_ready("s3://models/b")
        eventually(lambda: world.serves("s3://models/b"), "the roll")


def test_a_hand_made_change_of_the_deployment_is_undone(plane: ControlPlane, world: World) -> None:
    with stand_in(plane):
        world.create()
        world.comes_to("Creating")
        world.kubectl("scale", "deployment", "fraud-main-0-classifier", "--replicas=3")
        eventually(lambda: world.deployment()["spec"]["replicas"] == 1, "one replica again")
        world.kubectl("set", "env", "deployment/fraud-main-0-classifier", "-c", "classifier", "MINE=1")
        eventually(lambda: "MINE" not in json.dumps(world.deployment()["spec"]), "the environment as it was")


def test_a_predictor_that_is_removed_goes_when_the_rest_is_ready(plane: ControlPlane, world: World) -> None:
    with stand_in(plane):
        world.create()
        world.patch("-", predictor_named("canary", "s3://models/b"), operation="add")
        world.pods_become_ready("s3://models/a")
        world.pods_become_ready("s3://models/b")
        world.comes_to("Available")
        world.kubectl("patch", "sdep", "fraud", "--type=json", "-p", '[{"op":"remove","path":"/spec/predictors/1"}]')
        eventually(lambda: not world.deployment("canary"), "no Deployment of the canary")
        eventually(lambda: not world.get("service", "fraud-canary"), "no Service of the canary")
        assert world.deployment()["metadata"]["generation"] == 1
        assert list(world.seldon()["status"]["deploymentStatus"]) == ["fraud-main-0-classifier"]


REFUSED = {
    "replicas that the API server refuses": (
        {"replicas": -1},
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0",
    ),
    "a graph that the stand-in does not know": (
        {"graph": {"name": "classifier", "implementation": "XGBOOST_SERVER", "modelUri": "s3://models/a"}},
        "the stand-in serves one SKLEARN_SERVER node",
    ),
}


@pytest.mark.parametrize(("predictor", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_made_is_failed_with_the_reason(
    plane: ControlPlane, world: World, predictor: Json, message: str
) -> None:
    with stand_in(plane):
        world.create(**predictor)
        world.comes_to("Failed")
        assert message in world.seldon()["status"]["description"]


def test_the_manifests_make_pods_under_restricted_pod_security(plane: ControlPlane, world: World) -> None:
    world.kubectl("create", "-f", "-", stdin=installation.s3_access("elsewhere") + installation.s3("server:1"))
    eventually(lambda: world.get("pods").get("items"), "the S3 server's pod")
    pods = ["--namespace=seldon-system", "get", "pods", "--selector=app=seldon-stand-in", "--output=name"]
    eventually(lambda: plane.kubectl(*pods), "the stand-in's pod")


def progressing(deployment: Json) -> str | None:
    conditions = deployment.get("status", {}).get("conditions", [])
    return next((c["reason"] for c in conditions if c["type"] == "Progressing"), None)
