"""What the demo and the scenarios run on: a cluster with Seldon's stand-in, an S3 server, and this operator's chart."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from obstore.store import S3Store

from e2e import cluster
from e2e.cluster import Progress, images
from e2e.seldon import installation

ROOT: Final = Path(__file__).resolve().parent.parent
LAKE: Final = "mm-lake"
SYSTEM: Final = "modelmonitor-system"
RELEASE: Final = "modelmonitor"
_SERVERS: Final = ("requirements-mlserver.lock", "engine.py", "initializer.py")


@dataclass(frozen=True)
class Images:
    """References of what runs in the cluster."""

    operator: str
    evaluator: str
    servers: str
    stand_in: str


def build_images(progress: Progress) -> Images:
    """Build what has changed; nothing when nothing has."""
    product = {"dockerfile": ROOT / "Dockerfile", "context": ROOT, "progress": progress}
    seldon = {"dockerfile": ROOT / "e2e/seldon/Dockerfile", "context": ROOT / "e2e/seldon", "progress": progress}
    code = ["LICENSE", "operator/modelmonitor"]
    return Images(
        operator=_build("operator", "operator", [*code, "requirements/operator.lock"], product),
        evaluator=_build("evaluator", "evaluator", [*code, "requirements/evaluator.lock"], product),
        servers=_build("mlserver", "mlserver", [*_SERVERS], seldon),
        stand_in=_build("seldon-stand-in", "stand-in", [*_SERVERS, "stand_in"], seldon),
    )


def _build(name: str, target: str, inputs: list[str], where: dict[str, Any]) -> str:
    return images.build(name, target=target, inputs=inputs, **where)


def install(progress: Progress) -> Images:
    """Bring everything up that is not up; idempotent."""
    cluster.up(progress)
    built = build_images(progress)
    with progress.step("loading the images into the node"):
        for reference in (built.operator, built.evaluator, built.servers, built.stand_in):
            images.load(reference)
    with progress.step("installing the stand-in for Seldon Core's operator, and an S3 server"):
        cluster.kubectl("apply", "--server-side", "-f", str(installation.CRD))
        apply(installation.stand_in(built.stand_in, built.servers, probe_delay=2, probe_period=1))
        create_namespace(LAKE)
        apply(installation.s3_access(LAKE) + installation.s3(built.servers), LAKE)
        cluster.kubectl("rollout", "status", "deployment/s3", "-n", LAKE, "--timeout=120s")
    with progress.step("installing ModelMonitor with its chart, by Helm"):
        cluster.helm(
            *("upgrade", "--install", RELEASE, str(ROOT / "charts/modelmonitor")),
            *("--namespace", SYSTEM, "--create-namespace", "--wait", "--timeout", "120s"),
            *("--set", f"images.operator={built.operator}", "--set", f"images.evaluator={built.evaluator}"),
        )
        # Helm installs CRDs once and never touches them again; here they may be of an older checkout.
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(ROOT / "crds"))
    return built


def create_namespace(name: str) -> None:
    """A namespace in which only restricted pods may run."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    apply(json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}))


def apply(manifests: str, namespace: str | None = None) -> None:
    """Kubectl apply."""
    where = ("-n", namespace) if namespace else ()
    cluster.kubectl("apply", *where, "-f", "-", stdin=manifests)


def read(kind: str, name: str, namespace: str) -> dict[str, Any]:
    """An object, as a document."""
    document: dict[str, Any] = json.loads(cluster.kubectl("get", kind, name, "-n", namespace, "-o", "json"))
    return document


def service_address(name: str, namespace: str) -> str:
    """The address of a Service; the machine that runs the cluster reaches it as well."""
    return str(read("service", name, namespace)["spec"]["clusterIP"])


def bucket(name: str) -> S3Store:
    """A bucket of the S3 server, reached from this machine."""
    secret = read("secret", "lake", LAKE)["data"]
    keys = {key: base64.b64decode(value).decode() for key, value in secret.items()}
    return S3Store(
        name,
        access_key_id=keys["AWS_ACCESS_KEY_ID"],
        secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        region=keys["AWS_REGION"],
        endpoint=f"http://{service_address('s3', LAKE)}:8333",
        client_options={"allow_http": True},
        virtual_hosted_style_request=False,
    )
