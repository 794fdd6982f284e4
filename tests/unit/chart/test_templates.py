"""The chart, rendered by the real Helm, is what is committed; wrong values are refused with a sentence that helps."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from e2e.cluster import binaries
from e2e.cluster.binaries import Tool
from e2e.cluster.errors import ClusterError
from e2e.scenarios.chart import CHART, helm, manifests, render
from e2e.scenarios.rbac_audit import TENANT, UNEXERCISED, Grant, grants_to
from modelmonitor.controller.settings import Settings
from modelmonitor.serving.targets import KINDS

GOLDEN: Final = Path(__file__).resolve().parents[2] / "data" / "chart"
CASES: Final = sorted(GOLDEN.glob("*.values.yaml"))
MINIMAL: Final = f"--values={GOLDEN / 'minimal.values.yaml'}"
OPERATOR: Final = "system:serviceaccount:modelmonitor-system:modelmonitor"

pytestmark = pytest.mark.skipif(
    Tool.HELM in binaries.missing(), reason="Helm is not built yet: make cluster-up builds it"
)


@pytest.mark.parametrize("values", CASES, ids=lambda path: path.name.removesuffix(".values.yaml"))
def test_values_are_rendered_to_the_manifests_beside_them(values: Path) -> None:
    golden = values.with_name(values.name.replace(".values.", ".rendered."))

    rendered = render(f"--values={values}")

    again = f"helm template modelmonitor {CHART} --namespace=modelmonitor-system --values={values} > {golden}"
    assert rendered == golden.read_text(), f"if the change is wanted: {again}"


def test_helm_has_nothing_to_say_about_the_chart() -> None:
    assert "1 chart(s) linted, 0 chart(s) failed" in helm("lint", "--strict", str(CHART), MINIMAL)


@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ("images.operator=", "images.operator is not set: build the Dockerfile's target `operator`"),
        ("images.evaluator=", "images.evaluator is not set: build the Dockerfile's target `evaluator`"),
        ("operator.mode=Observe", "'/operator/mode': value must be one of 'Enforce', 'ObserveOnly'"),
        ("operator.logLevel=info", "'/operator/logLevel': value must be one of 'DEBUG', 'INFO', 'WARNING', 'ERROR'"),
        ("operator.namespaces={Team_A}", "'/operator/namespaces/0'"),
        ("operator.namespaces=team-a", "'/operator/namespaces': got string, want array"),
        ("operator.accounts={a,a}", "'/operator/accounts': items at 0 and 1 are equal"),
        ("operator.serving={kserve}", "'/operator/serving/0': value must be one of 'seldonDeployment', 'seldonModel'"),
        ("operator.replicas=-1", "'/operator/replicas': minimum: got -1, want 0"),
        ("image.operator=x", "additional properties 'image' not allowed"),
    ],
)
def test_wrong_values_are_refused(setting: str, sentence: str) -> None:
    with pytest.raises(ClusterError) as refused:
        render(MINIMAL, f"--set={setting}")

    assert sentence in str(refused.value)


def test_a_cluster_without_constrained_impersonation_is_refused() -> None:
    with pytest.raises(ClusterError, match=r">=1\.37\.0-0 which is incompatible with Kubernetes v1\.36\.0"):
        render(MINIMAL, "--kube-version=1.36.0")


def test_every_value_is_in_the_schema_with_a_description() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())

    def described(node: dict[str, Any], values: dict[str, Any], path: str) -> list[str]:
        wrong = []
        for name, value in values.items():
            property_schema = node["properties"][name]
            if "properties" in property_schema:
                wrong += described(property_schema, value, f"{path}{name}.")
            elif "description" not in property_schema:
                wrong.append(path + name)
        return wrong

    assert described(schema, yaml.safe_load((CHART / "values.yaml").read_text()), "") == []


def test_the_schema_knows_the_kinds_that_the_operator_knows() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert schema["properties"]["operator"]["properties"]["serving"]["items"]["enum"] == [kind.name for kind in KINDS]


def test_the_operator_understands_the_environment_that_it_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    [deployment] = [
        one for one in manifests(render(f"--values={GOLDEN / 'bounded.values.yaml'}")) if one["kind"] == "Deployment"
    ]
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    known = {f"MODELMONITOR_{name.upper()}" for name in Settings.model_fields}
    for variable in container["env"]:
        assert variable["name"] in known
        monkeypatch.setenv(variable["name"], variable.get("value", "from-the-pod"))

    settings = Settings()

    assert settings.watched_namespaces() == ("team-a", "team-b")
    assert settings.served_kinds() == ("seldonDeployment", "seldonModel")
    assert settings.mode == "ObserveOnly"


def test_no_rule_mentions_a_secret_or_a_wildcard() -> None:
    roles = [one for one in manifests(render(MINIMAL)) if one["kind"] in ("ClusterRole", "Role")]

    words = {
        word
        for role in roles
        for rule in role["rules"]
        for key in ("apiGroups", "resources", "verbs")
        for word in rule[key]
    }

    assert not {word for word in words if "*" in word or "secret" in word}


@pytest.mark.parametrize(
    ("left_out", "resources"),
    [
        ("seldonDeployment", {"seldondeployments", "deployments"}),
        ("seldonModel", {"models"}),
        ("batch", {"configmaps"}),
    ],
)
def test_for_what_serves_no_model_here_there_is_no_rule(left_out: str, resources: set[str]) -> None:
    kept = ",".join(one for one in ("seldonDeployment", "seldonModel", "batch") if one != left_out)

    def ruled(*arguments: str) -> set[str]:
        roles = [one for one in manifests(render(MINIMAL, *arguments)) if one["kind"] == "ClusterRole"]
        return {resource for role in roles for rule in role["rules"] for resource in rule["resources"]}

    assert ruled() - ruled(f"--set=operator.serving={{{kept}}}") == resources


def test_what_the_audit_may_miss_is_in_the_chart() -> None:
    objects = manifests(render(MINIMAL))

    [tenant] = [one for one in objects if one["kind"] == "ClusterRole" and one["metadata"]["name"] == TENANT]
    grants = [*grants_to(OPERATOR, objects), *(Grant.of(TENANT, None, rule) for rule in tenant["rules"])]

    assert UNEXERCISED.keys() <= {permission for grant in grants for permission in grant.permissions}
