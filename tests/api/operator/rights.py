"""Who may do what: the operator's account with the chart's rules, and the accounts of monitors."""

from pathlib import Path
from typing import Any, Final

import yaml

from e2e.cluster.controlplane import ControlPlane
from e2e.scenarios.chart import NAMESPACE, RELEASE, manifests, render

_IMAGES: Final = "--set=images.operator=operator:1,images.evaluator=evaluator:1,roles.create=true"
_KINDS: Final = frozenset({"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"})
_GROUPS: Final = ("system:serviceaccounts", "system:authenticated")


def install_rules(plane: ControlPlane) -> Path:
    """Apply the chart's roles and bindings; the kubeconfig of the operator's account."""
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    rules = [one for one in manifests(render(_IMAGES)) if one["kind"] in _KINDS]
    plane.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all([namespace, *rules]))
    return plane.kubeconfig_for(f"system:serviceaccount:{NAMESPACE}:{RELEASE}", _GROUPS)


def grant(plane: ControlPlane, namespace: str, rules: list[dict[str, Any]] | None = None) -> None:
    """Give the namespace's default account these rules; by default those that the chart has for monitors' accounts."""
    group = "rbac.authorization.k8s.io"
    role = {"kind": "ClusterRole", "name": "modelmonitor-tenant"} if rules is None else {"kind": "Role", "name": "few"}
    meta = {"name": role["name"], "namespace": namespace}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": meta,
        "roleRef": {"apiGroup": group, **role},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }
    documents = [binding]
    if rules is not None:
        documents.append({"apiVersion": f"{group}/v1", "kind": "Role", "metadata": meta, "rules": rules})
    plane.kubectl("apply", "--filename=-", stdin=yaml.safe_dump_all(documents))
