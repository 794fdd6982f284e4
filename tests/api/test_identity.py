"""What the API server lets the operator do with the rules that the chart ships, and what not."""

import http.client
import json
import ssl
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import pytest
import yaml

from e2e.cluster.controlplane import ControlPlane
from e2e.scenarios.chart import NAMESPACE, Manifest, manifests, render
from e2e.seldon import installation

from .conftest import ROOT, install_crds

IMAGES: Final = "--set=images.operator=operator:1,images.evaluator=evaluator:1,roles.create=true"
# Cluster-wide, the same in every release, and applied once.
SHARED: Final = "modelmonitor-tenant"
RIGHTS: Final = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}

Edit = Callable[[Manifest], None]


def account(namespace: str, name: str) -> str:
    return f"system:serviceaccount:{namespace}:{name}"


@dataclass(frozen=True)
class Call:
    """A request, with `{ns}` for the test's namespace in its path."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


JOB: Final[Manifest] = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"generateName": "train-"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "none:1"}]}}},
}
SECRET: Final[Manifest] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "made"}}
POD: Final[Manifest] = {**JOB["spec"]["template"], "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "made"}}
SELDON_DEPLOYMENT: Final[Manifest] = {
    "apiVersion": "machinelearning.seldon.io/v1",
    "kind": "SeldonDeployment",
    "metadata": {},
    "spec": {"predictors": [{"name": "default", "graph": {"name": "classifier", "modelUri": "s3://models/flights/1"}}]},
}
MODEL: Final[Manifest] = {
    "apiVersion": "mlops.seldon.io/v1alpha1",
    "kind": "Model",
    "metadata": {},
    "spec": {"storageUri": "s3://models/flights/1"},
}
CONFIG_MAP: Final[Manifest] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "made-"}}
MARK: Final = {"metadata": {"labels": {"touched": "yes"}}}
BINDING: Final[Manifest] = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "made"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
}

# Who there is in a namespace, and the ClusterRole that each has in it.
ACCOUNTS: Final = {"flights": "modelmonitor-tenant", "viewer": "view", "administrator": "cluster-admin"}

JOBS: Final = "/apis/batch/v1/namespaces/{ns}/jobs"
SELDON: Final = "/apis/machinelearning.seldon.io/v1/namespaces/{ns}/seldondeployments/flights"
MODELS: Final = "/apis/mlops.seldon.io/v1alpha1/namespaces/{ns}/models/flights"
CONFIG_MAPS: Final = "/api/v1/namespaces/{ns}/configmaps"
SECRETS: Final = "/api/v1/namespaces/{ns}/secrets"
CREATE_JOB: Final = Call("POST", JOBS, JOB)
DELETE_JOB: Final = Call("DELETE", f"{JOBS}/old")
PATCH_SELDON: Final = Call("PATCH", SELDON, MARK)
PATCH_MODEL: Final = Call("PATCH", MODELS, MARK)
CREATE_CONFIG_MAP: Final = Call("POST", CONFIG_MAPS, CONFIG_MAP)
PATCH_CONFIG_MAP: Final = Call("PATCH", f"{CONFIG_MAPS}/old", MARK)


class Server:
    """The API server, seen by whom a test names."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self._numbers = count(1)

    def install(self, *arguments: str, edit: Edit | None = None) -> str:
        """Apply the chart's accounts, roles and bindings as a release of its own; returns the operator's user name."""
        release = f"modelmonitor-{next(self._numbers)}"
        wanted = [one for one in manifests(render(IMAGES, *arguments, release=release)) if one["kind"] in RIGHTS]
        for one in wanted:
            if edit and not one["metadata"]["name"].startswith(SHARED):
                edit(one)
        self.plane.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(wanted))
        return account(NAMESPACE, release)

    def furnish(self, namespace: str) -> str:
        """A namespace with the accounts of ACCOUNTS, a SeldonDeployment `flights`, a Job `old` and a Secret `lake`."""
        objects: list[Manifest] = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}]
        for name, cluster_role in ACCOUNTS.items():
            where = {"name": name, "namespace": namespace}
            objects.append({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": where})
            objects.append(
                {
                    **BINDING,
                    "metadata": where,
                    "roleRef": {**BINDING["roleRef"], "name": cluster_role},
                    "subjects": [{"kind": "ServiceAccount", **where}],
                }
            )
        for body, name in (
            (SELDON_DEPLOYMENT, "flights"),
            (MODEL, "flights"),
            (CONFIG_MAP, "old"),
            (JOB, "old"),
            (SECRET, "lake"),
        ):
            objects.append({**body, "metadata": {"name": name, "namespace": namespace}})
        self.plane.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(objects))
        return namespace

    def ask(self, call: Call, namespace: str, user: str, on_behalf_of: str | None = None) -> tuple[int, str]:
        """Status code and message of the answer to `user`, who acts in the name of `on_behalf_of`."""
        pair = self.plane.server.authority.issue(user, ["system:serviceaccounts", "system:authenticated"])
        trust = ssl.create_default_context(cafile=str(self.plane.server.authority.certificate))
        trust.load_cert_chain(pair.certificate, pair.key)
        kind = "application/merge-patch+json" if call.method == "PATCH" else "application/json"
        headers = {"Content-Type": kind, **call.headers}
        if on_behalf_of:
            headers["Impersonate-User"] = on_behalf_of
        body = json.dumps(call.body) if call.body is not None else None
        server = self.plane.server
        with closing(http.client.HTTPSConnection(server.address, server.port, context=trust)) as connection:
            connection.request(call.method, call.path.format(ns=namespace), body, headers)
            answer = connection.getresponse()
            return answer.status, str(json.load(answer).get("message", ""))

    def passes(self, call: Call, namespace: str, user: str, on_behalf_of: str | None = None) -> None:
        """The call is answered with success, if need be after the moment that new rules take to be known."""
        code, message = 0, ""
        for _ in range(50):
            code, message = self.ask(call, namespace, user, on_behalf_of)
            if code != 403:
                break
            time.sleep(0.1)
        assert code in (200, 201), message


@pytest.fixture(scope="module")
def server(api_server: ControlPlane) -> Server:
    install_crds(api_server, installation.CRD, ROOT / "e2e" / "seldon" / "model-crd.yaml")
    api_server.kubectl("create", "namespace", NAMESPACE)
    return Server(api_server)


@pytest.fixture(scope="module")
def operator(server: Server) -> str:
    return server.install()


@pytest.fixture(scope="module")
def place(server: Server, operator: str) -> str:
    """A namespace with all that there is to be touched; `operator` brings the roles that its accounts have."""
    return server.furnish("identity")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(CREATE_JOB, id="create a Job"),
        pytest.param(Call("POST", f"{JOBS}?dryRun=All&fieldValidation=Strict", JOB), id="try out a Job"),
        pytest.param(DELETE_JOB, id="delete a Job"),
        pytest.param(PATCH_SELDON, id="patch a SeldonDeployment"),
        pytest.param(PATCH_MODEL, id="patch a Model"),
        pytest.param(CREATE_CONFIG_MAP, id="create a ConfigMap"),
        pytest.param(PATCH_CONFIG_MAP, id="patch a ConfigMap"),
    ],
)
def test_what_a_monitors_account_may_the_operator_does_in_its_name(
    server: Server, operator: str, place: str, call: Call
) -> None:
    server.passes(call, place, operator, account(place, "flights"))


@pytest.mark.parametrize(
    ("call", "verb", "resource"),
    [
        pytest.param(Call("GET", SECRETS), "list", "secrets", id="list Secrets"),
        pytest.param(Call("GET", f"{SECRETS}/lake"), "get", "secrets", id="read a Secret"),
        pytest.param(Call("POST", SECRETS, SECRET), "create", "secrets", id="create a Secret"),
        pytest.param(Call("POST", "/api/v1/namespaces/{ns}/pods", POD), "create", "pods", id="create a Pod"),
        pytest.param(
            Call("POST", "/api/v1/namespaces/{ns}/serviceaccounts/default/token", {}),
            "create",
            "serviceaccounts/token",
            id="ask for a token",
        ),
        pytest.param(
            Call("POST", "/apis/rbac.authorization.k8s.io/v1/namespaces/{ns}/rolebindings", BINDING),
            "create",
            "rolebindings",
            id="bind a role",
        ),
        pytest.param(Call("GET", JOBS), "list", "jobs", id="list Jobs"),
        pytest.param(Call("PATCH", f"{JOBS}/old", MARK), "patch", "jobs", id="patch a Job"),
        pytest.param(Call("DELETE", JOBS), "deletecollection", "jobs", id="delete all Jobs"),
        pytest.param(Call("DELETE", SELDON), "delete", "seldondeployments", id="delete a SeldonDeployment"),
        pytest.param(Call("DELETE", MODELS), "delete", "models", id="delete a Model"),
        pytest.param(Call("DELETE", f"{CONFIG_MAPS}/old"), "delete", "configmaps", id="delete a ConfigMap"),
        pytest.param(Call("PUT", f"{CONFIG_MAPS}/old", CONFIG_MAP), "update", "configmaps", id="replace a ConfigMap"),
    ],
)
def test_an_administrators_account_is_good_for_nothing_else(
    server: Server, operator: str, place: str, call: Call, verb: str, resource: str
) -> None:
    administrator = account(place, "administrator")
    server.passes(CREATE_JOB, place, operator, administrator)

    code, message = server.ask(call, place, operator, administrator)

    assert code == 403
    assert f'User "{operator}" cannot impersonate-on:serviceaccount:{verb} resource "{resource}"' in message


@pytest.mark.parametrize(
    "call", [CREATE_JOB, DELETE_JOB, PATCH_SELDON, PATCH_MODEL, CREATE_CONFIG_MAP, PATCH_CONFIG_MAP]
)
def test_what_a_monitors_account_may_not_the_operator_cannot_do_for_it(
    server: Server, operator: str, place: str, call: Call
) -> None:
    viewer = account(place, "viewer")
    server.passes(CREATE_JOB, place, operator, account(place, "flights"))

    code, message = server.ask(call, place, operator, viewer)

    assert code == 403
    assert f'User "{viewer}" cannot' in message


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(CREATE_JOB, id="create a Job"),
        pytest.param(DELETE_JOB, id="delete a Job"),
        pytest.param(PATCH_SELDON, id="patch a SeldonDeployment"),
        pytest.param(PATCH_MODEL, id="patch a Model"),
        pytest.param(CREATE_CONFIG_MAP, id="create a ConfigMap"),
        pytest.param(PATCH_CONFIG_MAP, id="patch a ConfigMap"),
        pytest.param(Call("GET", f"{SECRETS}/lake"), id="read a Secret"),
        pytest.param(Call("GET", SECRETS), id="list Secrets"),
    ],
)
def test_in_its_own_name_the_operator_cannot(server: Server, operator: str, place: str, call: Call) -> None:
    server.passes(Call("GET", JOBS), place, operator)

    code, message = server.ask(call, place, operator)

    assert code == 403
    assert f'User "{operator}" cannot' in message


@pytest.mark.parametrize(
    ("whom", "groups"),
    [
        pytest.param("admin", {}, id="a person"),
        pytest.param("admin", {"Impersonate-Group": "system:masters"}, id="a member of a group"),
        pytest.param(
            "system:serviceaccount:{ns}:flights", {"Impersonate-Group": "system:masters"}, id="a promoted account"
        ),
        pytest.param("system:node:worker", {}, id="a node"),
    ],
)
def test_only_accounts_are_impersonated_as_they_are(
    server: Server, operator: str, place: str, whom: str, groups: dict[str, str]
) -> None:
    server.passes(CREATE_JOB, place, operator, account(place, "flights"))

    code, message = server.ask(Call("POST", JOBS, JOB, groups), place, operator, whom.format(ns=place))

    assert code == 403, message


@pytest.mark.parametrize(
    ("verb", "call"),
    [
        ("impersonate:serviceaccount", CREATE_JOB),
        ("impersonate-on:serviceaccount:create", CREATE_JOB),
        ("impersonate-on:serviceaccount:delete", DELETE_JOB),
        ("impersonate-on:serviceaccount:patch", PATCH_SELDON),
        ("impersonate-on:serviceaccount:patch", PATCH_MODEL),
        ("impersonate-on:serviceaccount:create", CREATE_CONFIG_MAP),
        ("impersonate-on:serviceaccount:patch", PATCH_CONFIG_MAP),
    ],
)
def test_without_the_verb_the_call_is_refused(server: Server, place: str, verb: str, call: Call) -> None:
    def without(manifest: Manifest) -> None:
        for rule in manifest.get("rules", []):
            rule["verbs"] = [one for one in rule["verbs"] if one != verb] or ["get"]

    crippled = server.install(edit=without)
    flights = account(place, "flights")
    server.passes(Call("GET", JOBS), place, crippled)

    code, message = server.ask(call, place, crippled, flights)

    assert code == 403
    assert f'User "{crippled}" cannot {verb}' in message


def test_with_a_list_of_namespaces_the_operator_has_no_right_outside_them(server: Server) -> None:
    inside, outside = server.furnish("inside"), server.furnish("outside")
    # An account that may create Jobs next door must be no way out either.
    guest = {**BINDING, "metadata": {"name": "guest", "namespace": outside}}
    guest["roleRef"] = {**BINDING["roleRef"], "name": "modelmonitor-tenant"}
    guest["subjects"] = [{"kind": "ServiceAccount", "name": "flights", "namespace": inside}]
    server.plane.kubectl("create", "--filename=-", stdin=yaml.safe_dump(guest))
    bounded = server.install(f"--set=operator.namespaces={{{inside}}}")

    for call in (Call("GET", JOBS), CREATE_JOB, DELETE_JOB, PATCH_SELDON, PATCH_CONFIG_MAP):
        name = None if call.method == "GET" else account(inside, "flights")
        server.passes(call, inside, bounded, name)
    for call in (Call("GET", JOBS), Call("GET", CONFIG_MAPS), CREATE_JOB, DELETE_JOB, PATCH_SELDON, PATCH_CONFIG_MAP):
        for name in (None, account(inside, "flights"), account(outside, "flights")):
            assert server.ask(call, outside, bounded, name)[0] == 403


def test_without_batch_the_operator_neither_reads_nor_writes_config_maps(server: Server, place: str) -> None:
    # Without roles.create, since the role of monitors' accounts is one for all releases.
    bounded = server.install("--set=operator.serving={seldonDeployment,seldonModel}", "--set=roles.create=false")
    administrator = account(place, "administrator")
    server.passes(PATCH_SELDON, place, bounded, administrator)

    for call, name in (
        (Call("GET", CONFIG_MAPS), None),
        (CREATE_CONFIG_MAP, administrator),
        (PATCH_CONFIG_MAP, administrator),
    ):
        assert server.ask(call, place, bounded, name)[0] == 403


def test_with_a_list_of_accounts_no_other_account_is_impersonated(server: Server, place: str) -> None:
    bounded = server.install("--set=operator.accounts={flights}")
    server.passes(CREATE_JOB, place, bounded, account(place, "flights"))

    code, message = server.ask(CREATE_JOB, place, bounded, account(place, "other"))

    assert code == 403
    assert "cannot impersonate:serviceaccount" in message


@pytest.mark.parametrize(
    ("bound", "code"),
    [
        pytest.param(None, 201, id="bound to nothing: it does"),
        pytest.param("--set=operator.accounts={flights}", 403, id="bound to accounts: it does not"),
        pytest.param("--set=operator.namespaces={identity}", 403, id="bound to namespaces: it does not"),
    ],
)
def test_the_clusters_own_accounts_reach_everywhere_and_a_bound_operator_not_with_them(
    server: Server, place: str, bound: str | None, code: int
) -> None:
    thief = server.install(*([bound] if bound else []))
    server.passes(CREATE_JOB, place, thief, account(place, "flights"))

    assert server.ask(CREATE_JOB, "kube-system", thief, account("kube-system", "cronjob-controller"))[0] == code
