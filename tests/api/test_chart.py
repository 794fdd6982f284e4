"""A real API server takes what the chart renders, with every field known to it."""

import json
from pathlib import Path
from typing import Final

import pytest
import yaml

from e2e.cluster.controlplane import ControlPlane
from e2e.scenarios.chart import manifests, render

# As Helm applies it; other tests may have put the cluster-wide roles there before.
APPLY: Final = ("apply", "--server-side", "--force-conflicts")
VALUES: Final = sorted((Path(__file__).resolve().parents[1] / "data" / "chart").glob("*.values.yaml"))


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.name.removesuffix(".values.yaml"))
def test_every_field_of_every_object_is_known(api_server: ControlPlane, namespace: str, values: Path) -> None:
    for place in ("team-a", "team-b"):
        api_server.kubectl("create", "namespace", f"{place}-{namespace}")
    places = f"--set=operator.namespaces={{team-a-{namespace},team-b-{namespace}}}"
    rendered = render(f"--values={values}", places, namespace=namespace)

    said = api_server.kubectl(*APPLY, "--dry-run=server", "--validate=strict", "--filename=-", stdin=rendered)

    assert said.count("serverside-applied (server dry run)") == len(manifests(rendered))


def test_the_operators_pod_is_admitted_where_only_restricted_pods_are(api_server: ControlPlane, namespace: str) -> None:
    api_server.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    objects = manifests(render(f"--values={VALUES[-1]}", namespace=namespace))
    [account] = [one for one in objects if one["kind"] == "ServiceAccount"]
    [deployment] = [one for one in objects if one["kind"] == "Deployment"]
    api_server.kubectl("create", "--filename=-", stdin=yaml.safe_dump(account))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "operator", "namespace": namespace},
        "spec": deployment["spec"]["template"]["spec"],
    }

    api_server.kubectl("create", "--filename=-", stdin=json.dumps(pod))
