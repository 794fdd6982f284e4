"""A monitor with one thing wrong, in a namespace of its own; what it says, and what becomes of it when that is mended.

All of them read the same three days of flights. The serving objects have no replicas: what is tested is measured and
trained in Jobs, and twenty model servers would take longer to start than all of that.
"""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from string import Template
from typing import Any, Final, TypeVar

import yaml

from e2e import cluster, testbed
from e2e.demo import story
from e2e.seldon import installation

T = TypeVar("T")
Raw = dict[str, Any]
Patch = Mapping[str, Any]

FIRST: Final = date(2013, 2, 4)
END: Final = date(2013, 2, 7)
DAYS: Final = "s3://lake/three-days/"
MODEL: Final = "s3://models/january"
NAME: Final = "flights"
MANIFESTS: Final = ("tenant.yaml", "seldondeployment.yaml", "modelmonitor.yaml")

# The demo's monitor, with an objective that its model meets, and one window that is closed. Once judged it is quiet:
# twenty monitors that look for news all the time would keep each other from healing.
MEASURING: Final[Patch] = {
    "data": {"current": {"files": {"uri": DAYS}}},
    "windows": {"length": "2d", "every": "2d", "start": f"{FIRST}"},
    "schedule": {"interval": "10m"},
    "metrics": [{"name": "accuracy", "min": 0.5}],
    "jobs": {"resources": {"requests": {"cpu": "20m", "memory": "128Mi"}}},
    "retrain": {"cooldown": "30s", "maxAttempts": 20},
    # What is trained here is not to be served.
    "challenger": {"metric": "accuracy", "minimumGain": 0.9},
}
# With an objective that no model meets, so that the first window has one trained.
TRAINING: Final[Patch] = {"metrics": [{"name": "accuracy", "min": 0.999}]}


@dataclass(frozen=True)
class Told:
    """A condition, and the words by which a person knows what to do."""

    type: str
    status: str
    reason: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class Trouble:
    """One thing that is wrong; `mend` takes the cause away, `provoke` makes it happen once the monitor is at work."""

    sentence: str
    namespace: str
    told: Told
    mend: Callable[["Scene"], None]
    spec: Patch
    """A merge patch of the monitor's spec."""
    model: str = MODEL
    """What the serving object serves."""
    replicas: int = 0
    """How many servers the serving object has."""
    beside: tuple[Raw, ...] = ()
    """What else there is in the namespace."""
    without: str = ""
    """What is missing there, as `Kind/name`."""
    provoke: Callable[["Scene"], None] | None = None
    trains: bool = False
    """Whether the trouble is in training; otherwise it keeps the monitor from measuring."""


@dataclass(frozen=True)
class Scene:
    """A trouble on the cluster."""

    trouble: Trouble
    evaluator: str

    @cached_property
    def documents(self) -> list[Raw]:
        """Everything that belongs to it, also what is missing."""
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        space = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.trouble.namespace, "labels": labels},
        }
        texts = [installation.s3_access(testbed.LAKE), *((story.MANIFESTS / name).read_text() for name in MANIFESTS)]
        found = [one for text in texts for one in yaml.safe_load_all(text) if one]
        inside = [self._changed(one) for one in (*self.trouble.beside, *found)]
        return [space, *(merged(one, {"metadata": {"namespace": self.trouble.namespace}}) for one in inside)]

    def _changed(self, document: Raw) -> Raw:
        if document["kind"] == "SeldonDeployment":
            (predictor,) = document["spec"]["predictors"]
            graph = predictor["graph"] | {"modelUri": self.trouble.model}
            document["spec"]["predictors"] = [predictor | {"replicas": self.trouble.replicas, "graph": graph}]
        if document["kind"] == "ModelMonitor":
            document["spec"] = merged(merged(document["spec"], MEASURING), self.trouble.spec)
        return document

    def status(self) -> Raw:
        """Of the monitor."""
        status: Raw = testbed.read("modelmonitor", NAME, self.trouble.namespace).get("status") or {}
        return status

    def running_pod(self) -> str:
        """The name of its pod, once that is at work and says so: before, it cannot hear a signal."""

        def found() -> str | None:
            pods = json.loads(self.kubectl("get", "pods", "-o", "json"))["items"]
            running = [pod["metadata"]["name"] for pod in pods if pod["status"].get("phase") == "Running"]
            return next((name for name in running if self.kubectl("logs", name)), None)

        return self.waited(found, 120)

    def waited(self, found: Callable[[], T | None], seconds: float) -> T:
        """What `found` finds, in time; else the test fails and says what there is instead."""
        deadline = time.monotonic() + seconds
        while (answer := found()) is None:
            if time.monotonic() > deadline:
                objects = self.kubectl("get", "modelevaluations,jobs,pods,events", "-o", "wide")
                raise AssertionError(f"{json.dumps(self.status(), indent=1)}\n{objects}")
            time.sleep(1)
        return answer

    def until(self, holds: Callable[[Raw], object], seconds: float = 180) -> Raw:
        """The monitor's status, once it is so."""

        def found() -> Raw | None:
            status = self.status()
            return status if holds(status) else None

        return self.waited(found, seconds)

    def live(self) -> str:
        """The URI that the serving object has."""
        found = testbed.read("seldondeployment", NAME, self.trouble.namespace)
        return str(found["spec"]["predictors"][0]["graph"]["modelUri"])

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Kubectl in its namespace."""
        return cluster.kubectl(*arguments, "-n", self.trouble.namespace, stdin=stdin)

    def create(self) -> None:
        """What is missing comes to be."""
        apply([one for one in self.documents if named(one) == self.trouble.without], self.evaluator)

    def patch(self, kind: str, name: str, patch: Patch) -> None:
        """Somebody edits an object."""
        text = Template(json.dumps(patch)).safe_substitute(evaluator=self.evaluator)
        self.kubectl("patch", kind, name, "--type=merge", f"--patch={text}")

    def edit(self, spec: Patch) -> None:
        """Somebody edits the monitor."""
        self.patch("modelmonitor", NAME, {"spec": spec})

    def look_now(self) -> None:
        """What a person does who does not want to wait for the end of a pause."""
        stamp = f"modelmonitor.dev/requestedAt={time.time_ns()}"
        self.kubectl("annotate", "--overwrite", "modelmonitor", NAME, stamp)


def set_up(scenes: Iterable[Scene]) -> None:
    """Create everything but what is missing, namespaces first."""
    scenes = list(scenes)
    documents = [one for scene in scenes for one in scene.documents if named(one) != scene.trouble.without]
    documents.sort(key=lambda one: one["kind"] != "Namespace")
    apply(documents, scenes[0].evaluator)


def apply(documents: list[Raw], evaluator: str) -> None:
    """Kubectl apply."""
    text = Template(yaml.safe_dump_all(documents)).safe_substitute(evaluator=evaluator)
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)


def named(document: Raw) -> str:
    """As kubectl names it."""
    return f"{document['kind']}/{document['metadata']['name']}"


def trainer(pod: Patch | None = None, **changes: Any) -> Patch:
    """A spec of a monitor that trains, by the demo's Job, of which the container or the pod is changed."""
    monitor = yaml.safe_load((story.MANIFESTS / "modelmonitor.yaml").read_text())
    (container,) = monitor["spec"]["retrain"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    containers = [merged(container, changes)]
    template = {"spec": {"template": {"spec": {"containers": containers, **(pod or {})}}}}
    return {**TRAINING, "retrain": {"jobTemplate": template}}


def merged(document: Any, patch: Any) -> Any:
    """A JSON Merge Patch (RFC 7386), applied."""
    if not isinstance(patch, Mapping):
        return patch
    known = dict(document) if isinstance(document, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            known.pop(key, None)
        else:
            known[key] = merged(known.get(key), value)
    return known
