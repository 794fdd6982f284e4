"""What the comparison of the chart's rules with an audit log finds, and what it lets pass."""

import json
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from e2e.scenarios.rbac_audit import Permission, check

OPERATOR: Final = "system:serviceaccount:modelmonitor-system:modelmonitor"
TENANT: Final = "system:serviceaccount:demo:flights"

Event = dict[str, Any]
Rule = dict[str, Any]


def rule(group: str, resource: str, *verbs: str, names: tuple[str, ...] = ()) -> Rule:
    made: Rule = {"apiGroups": [group], "resources": [resource], "verbs": list(verbs)}
    return made | ({"resourceNames": list(names)} if names else {})


WATCH_MONITORS: Final = rule("modelmonitor.dev", "modelmonitors", "list", "watch")
ACT: Final = (
    rule("authentication.k8s.io", "serviceaccounts", "impersonate:serviceaccount"),
    rule("batch", "jobs", "impersonate-on:serviceaccount:create"),
)
LEASE: Final = rule("coordination.k8s.io", "leases", "update", names=("modelmonitor",))
CREATE_JOB: Final = rule("batch", "jobs", "create")


def chart(*operator: Rule, tenant: tuple[Rule, ...] = (), namespace: str | None = None) -> str:
    """A chart that gives the operator these rules, everywhere or in one namespace, and tenants those."""
    binding = {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": {"name": "operator", **({"namespace": namespace} if namespace else {})},
        "roleRef": {"kind": "ClusterRole", "name": "operator"},
        "subjects": [{"kind": "ServiceAccount", "name": "modelmonitor", "namespace": "modelmonitor-system"}],
    }
    roles = [
        {"kind": "ClusterRole", "metadata": {"name": name}, "rules": list(rules)}
        for name, rules in (("operator", operator), ("modelmonitor-tenant", tenant))
    ]
    return yaml.safe_dump_all([*roles, binding, {"kind": "Service", "metadata": {"name": "modelmonitor"}}])


def event(verb: str, group: str, resource: str, *, code: int = 200, namespace: str = "demo", **more: Any) -> Event:
    """An audit event as the API server writes it, without what nobody reads here."""
    resource, _, subresource = resource.partition("/")
    target = {"resource": resource, "namespace": namespace, "apiGroup": group, "subresource": subresource}
    name = more.pop("name", "")
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "verb": verb,
        "user": {"username": more.pop("user", OPERATOR)},
        "objectRef": {key: value for key, value in {**target, "name": name}.items() if value},
        "responseStatus": {"code": code, "message": "no" if code == 403 else ""},
        **more,
    }


WATCHED: Final = [event(verb, "modelmonitor.dev", "modelmonitors") for verb in ("list", "watch")]
CREATED: Final = event("create", "batch", "jobs", code=201, impersonatedUser={"username": TENANT})
DISCOVERY: Final = {
    "verb": "get",
    "requestURI": "/apis",
    "user": {"username": OPERATOR},
    "responseStatus": {"code": 200},
}
LIST: Final = "list modelmonitors.modelmonitor.dev"
UPDATE: Final = "update leases.coordination.k8s.io"
ON_BEHALF: Final = "create jobs.batch in demo in the name of system:serviceaccount:demo:flights"


@pytest.fixture
def found(tmp_path: Path) -> Any:
    def run(events: list[Event], manifests: str, unexercised: dict[Permission, str] | None = None) -> list[str]:
        log = tmp_path / "audit.log"
        log.write_text("".join(json.dumps(one) + "\n" for one in events))
        return check(log, manifests, OPERATOR, unexercised=unexercised or {})

    return run


@pytest.mark.parametrize(
    ("events", "manifests"),
    [
        pytest.param(WATCHED, chart(WATCH_MONITORS), id="every call has its rule and every rule its call"),
        pytest.param([CREATED], chart(*ACT, tenant=(CREATE_JOB,)), id="a call in a monitor's name uses three rules"),
        pytest.param([*WATCHED, DISCOVERY], chart(WATCH_MONITORS), id="discovery needs no rule"),
        pytest.param(
            [*WATCHED, event("list", "", "secrets", user="admin")], chart(WATCH_MONITORS), id="others are not looked at"
        ),
        pytest.param(
            [*WATCHED, event("list", "", "secrets", user=f"{OPERATOR}-2")],
            chart(WATCH_MONITORS),
            id="nor is an account whose name begins with the operator's",
        ),
        pytest.param(
            [*WATCHED, event("list", "modelmonitor.dev", "modelmonitors", code=500)],
            chart(WATCH_MONITORS),
            id="an answer that is not a success may still be allowed",
        ),
        pytest.param(WATCHED, chart(WATCH_MONITORS, namespace="demo"), id="a rule in one namespace, a call in it"),
        pytest.param(
            [event("update", "coordination.k8s.io", "leases", name="modelmonitor")],
            chart(LEASE),
            id="a rule for one name, a call on it",
        ),
        pytest.param(
            [event("patch", "modelmonitor.dev", "modelmonitors/status", name="flights")],
            chart(rule("modelmonitor.dev", "modelmonitors/status", "patch")),
            id="a subresource",
        ),
    ],
)
def test_nothing_is_wrong_when(found: Any, events: list[Event], manifests: str) -> None:
    assert found(events, manifests) == []


@pytest.mark.parametrize(
    ("events", "manifests", "findings"),
    [
        pytest.param(
            [*WATCHED, event("list", "", "secrets", code=403)],
            chart(WATCH_MONITORS),
            ["refused (403): list secrets in demo: no"],
            id="a refused call",
        ),
        pytest.param(
            [CREATED, {**CREATED, "responseStatus": {"code": 403, "message": "no"}}],
            chart(*ACT, tenant=(CREATE_JOB,)),
            [f"refused (403): {ON_BEHALF}: no"],
            id="a refused call in a monitor's name",
        ),
        pytest.param(
            [{**CREATED, "responseStatus": {"code": 403, "message": "no"}}, *WATCHED],
            chart(WATCH_MONITORS, *ACT[:1]),
            [
                f"refused (403): {ON_BEHALF}: no",
                "no call used the rule of operator: impersonate:serviceaccount serviceaccounts.authentication.k8s.io",
            ],
            id="a refused call uses no rule",
        ),
        pytest.param(
            [*WATCHED, {**DISCOVERY, "responseStatus": {"code": 403, "message": "no"}}],
            chart(WATCH_MONITORS),
            ["refused (403): get /apis: no"],
            id="refused discovery",
        ),
        pytest.param(
            [*WATCHED, event("list", "", "secrets")],
            chart(WATCH_MONITORS),
            ["no rule of the chart allows list secrets, needed to list secrets in demo"],
            id="a call that somebody else's rule allowed",
        ),
        pytest.param(
            [CREATED],
            chart(ACT[0], tenant=(CREATE_JOB,)),
            [
                "no rule of the chart allows impersonate-on:serviceaccount:create jobs.batch, needed to " + ON_BEHALF,
            ],
            id="impersonation that the chart does not ask for",
        ),
        pytest.param(
            [CREATED],
            chart(*ACT),
            ["no rule of modelmonitor-tenant allows create jobs.batch, needed to " + ON_BEHALF],
            id="an account with more rights than the chart's role for it",
        ),
        pytest.param(
            [*WATCHED, event("list", "modelmonitor.dev", "modelmonitors", namespace="other")],
            chart(WATCH_MONITORS, namespace="demo"),
            [f"no rule of the chart allows {LIST}, needed to {LIST} in other"],
            id="a call outside the namespaces of the rule",
        ),
        pytest.param(
            [event("update", "coordination.k8s.io", "leases", name=name) for name in ("modelmonitor", "other")],
            chart(LEASE),
            [f'no rule of the chart allows {UPDATE}, needed to {UPDATE} "other" in demo'],
            id="a call on another name than the rule's",
        ),
        pytest.param(
            WATCHED[:1],
            chart(WATCH_MONITORS),
            ["no call used the rule of operator: watch modelmonitors.modelmonitor.dev"],
            id="a verb that nobody used",
        ),
        pytest.param(
            WATCHED,
            chart(WATCH_MONITORS, tenant=(CREATE_JOB,)),
            ["no call used the rule of modelmonitor-tenant: create jobs.batch"],
            id="a right of tenants that nobody used",
        ),
        pytest.param(
            [event("create", "batch", "jobs")],
            chart(CREATE_JOB, tenant=(CREATE_JOB,)),
            ["no call used the rule of modelmonitor-tenant: create jobs.batch"],
            id="a call in the operator's own name is not one of a tenant",
        ),
        pytest.param(
            WATCHED,
            chart(WATCH_MONITORS, rule("batch", "jobs", "*")),
            [
                "the chart's role operator has a wildcard: name what is used",
                "no call used the rule of operator: * jobs.batch",
            ],
            id="a wildcard",
        ),
    ],
)
def test_it_finds(found: Any, events: list[Event], manifests: str, findings: list[str]) -> None:
    assert found(events, manifests) == findings


def test_a_rule_with_a_reason_may_stay_unused(found: Any) -> None:
    reason = {Permission("modelmonitor.dev", "modelmonitors", "watch"): "the run was too short"}

    assert found(WATCHED[:1], chart(WATCH_MONITORS), reason) == []


def test_a_reason_without_a_rule_is_out_of_date(found: Any) -> None:
    reason = {Permission("", "secrets", "list"): "long ago"}

    assert found(WATCHED, chart(WATCH_MONITORS), reason) == [
        "the chart has no such rule, so it needs no excuse: list secrets"
    ]


def test_a_log_without_the_operator_proves_nothing(found: Any) -> None:
    [finding] = found([event("list", "", "secrets", user="admin")], chart(WATCH_MONITORS))

    assert "has no call by system:serviceaccount:modelmonitor-system:modelmonitor: is that the operator" in finding
