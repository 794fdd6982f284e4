"""The chart's rules against what the operator was seen to do: nothing refused, nothing unruled, no rule unused.

Reads the API server's audit log (one JSON object a line, level Metadata). A call in a monitor's name needs three
rights, as constrained impersonation asks for them: to impersonate that account, to do this on an account's behalf, and
the account's own right, which comes from the ClusterRole that the chart has for such accounts.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from e2e.scenarios.chart import Manifest, manifests

TENANT: Final = "modelmonitor-tenant"
_ACCOUNT: Final = "system:serviceaccount:"
_FOR_OTHERS: Final = "impersonate-on:serviceaccount:"


@dataclass(frozen=True, order=True)
class Permission:
    """One verb on one resource; a subresource is part of the resource's name."""

    group: str
    resource: str
    verb: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}"


# What one walk without faults does not do, and when it is done. An entry without a rule in the chart is a finding.
UNEXERCISED: Final[Mapping[Permission, str]] = {
    Permission("modelmonitor.dev", "modelmonitors", "get"): "after a status write that came too late",
    Permission("modelmonitor.dev", "modelevaluations", "get"): "after a kill between a creation and the status write",
    Permission("batch", "jobs", "get"): "before it is said that a training Job is gone, and after such a kill",
    Permission("machinelearning.seldon.io", "seldondeployments", "get"): "after a patch that came too late",
    Permission("", "events", "list"): "when a Job has not started after 20 s",
    # The walk's model is served by a SeldonDeployment; tests/api/operator walks with the others, bound by these rules.
    **dict.fromkeys(
        (
            Permission("mlops.seldon.io", "models", verb)
            for verb in ("get", "list", "watch", "patch", _FOR_OTHERS + "patch")
        ),
        "with model.serving.seldonModel",
    ),
    **dict.fromkeys(
        (Permission("", "configmaps", verb) for one in ("create", "patch") for verb in (one, _FOR_OTHERS + one)),
        "with model.serving.batch",
    ),
    Permission("", "configmaps", "get"): "when a ConfigMap of that name is there already",
}


@dataclass(frozen=True)
class Grant:
    """A rule of the chart, and where it holds; `namespace` None: everywhere."""

    role: str
    namespace: str | None
    permissions: frozenset[Permission]
    names: frozenset[str]

    @classmethod
    def of(cls, role: str, namespace: str | None, rule: Mapping[str, Any]) -> Self:
        """The product of a rule's groups, resources and verbs."""
        permissions = frozenset(
            Permission(group, resource, verb)
            for group in rule["apiGroups"]
            for resource in rule["resources"]
            for verb in rule["verbs"]
        )
        return cls(role, namespace, permissions, frozenset(rule.get("resourceNames", [])))

    def allows(self, need: "Need") -> bool:
        """Whether this rule is enough."""
        return (
            need.permission in self.permissions
            and self.namespace in (None, need.namespace)
            and (not self.names or need.name in self.names)
        )


@dataclass(frozen=True)
class Need:
    """A right that a call asked for."""

    permission: Permission
    namespace: str
    name: str


@dataclass(frozen=True)
class Call:
    """A call by the operator."""

    made: Need
    impersonated: str | None
    code: int
    message: str

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Self:
        """Read an audit event. What has no resource, such as discovery, is open to everybody who is logged in."""
        target = event.get("objectRef", {})
        parts = [target[part] for part in ("resource", "subresource") if part in target]
        resource = "/".join(parts) or event["requestURI"]
        status = event.get("responseStatus", {})
        permission = Permission(target.get("apiGroup", ""), resource, event["verb"])
        return cls(
            made=Need(permission, target.get("namespace", ""), target.get("name", "")),
            impersonated=event.get("impersonatedUser", {}).get("username"),
            code=int(status.get("code", 0)),
            message=str(status.get("message", "")),
        )

    def needs(self) -> Iterator[Need]:
        """The operator's own rights that it took."""
        if self.impersonated is None:
            yield self.made
            return
        namespace, _, name = self.impersonated.removeprefix(_ACCOUNT).partition(":")
        yield Need(
            Permission("authentication.k8s.io", "serviceaccounts", "impersonate:serviceaccount"), namespace, name
        )
        made = self.made.permission
        verb = _FOR_OTHERS + made.verb
        yield Need(Permission(made.group, made.resource, verb), self.made.namespace, self.made.name)

    def __str__(self) -> str:
        words = [str(self.made.permission)]
        words += [f'"{self.made.name}"'] if self.made.name else []
        words += [f"in {self.made.namespace}"] if self.made.namespace else []
        words += [f"in the name of {self.impersonated}"] if self.impersonated else []
        return " ".join(words)


def check(
    audit_path: Path,
    chart_manifests: str,
    service_account: str,
    *,
    unexercised: Mapping[Permission, str] = UNEXERCISED,
) -> list[str]:
    """What is wrong, one sentence each; empty when rules and calls fit each other.

    Args:
        audit_path: The API server's audit log.
        chart_manifests: The chart as Helm rendered it for this release.
        service_account: The operator's user name, `system:serviceaccount:NAMESPACE:NAME`.
        unexercised: Rules that the run did not need to use, with the reason.
    """
    with audit_path.open(encoding="utf-8") as lines:
        calls = list(calls_by(service_account, lines))
    if not calls:
        return [f"{audit_path} has no call by {service_account}: is that the operator's account, and did it run?"]
    objects = manifests(chart_manifests)
    own = grants_to(service_account, objects)
    tenant = _rules_of(TENANT, "ClusterRole", None, objects)
    findings = [f"the chart's role {one.role} has a wildcard: name what is used" for one in own + tenant if _wild(one)]
    findings += [f"refused ({call.code}): {call}: {call.message}" for call in calls if call.code == 403]
    accepted = [call for call in calls if call.code != 403]
    findings += _unruled(accepted, own, tenant)
    findings += _unused(accepted, own, tenant, unexercised)
    return list(dict.fromkeys(findings))


def calls_by(service_account: str, lines: Iterable[str]) -> Iterator[Call]:
    """The calls of one user, also those in another's name."""
    # A log of some hundred megabytes is mostly about others: only the lines that may matter are parsed.
    for line in lines:
        if service_account in line:
            event = json.loads(line)
            if event["user"]["username"] == service_account and ("objectRef" in event or _code(event) == 403):
                yield Call.of(event)


def grants_to(service_account: str, objects: Iterable[Manifest]) -> list[Grant]:
    """The rules that the chart's bindings give to the account."""
    objects = list(objects)
    namespace, _, name = service_account.removeprefix(_ACCOUNT).partition(":")
    subject = {"kind": "ServiceAccount", "name": name, "namespace": namespace}
    return [
        grant
        for one in objects
        if one["kind"] in ("RoleBinding", "ClusterRoleBinding") and subject in one["subjects"]
        for grant in _rules_of(
            one["roleRef"]["name"], one["roleRef"]["kind"], one["metadata"].get("namespace"), objects
        )
    ]


def _rules_of(name: str, kind: str, namespace: str | None, objects: Iterable[Manifest]) -> list[Grant]:
    return [
        Grant.of(name, namespace, rule)
        for one in objects
        if one["kind"] == kind and one["metadata"]["name"] == name
        for rule in one["rules"]
    ]


def _wild(grant: Grant) -> bool:
    return any("*" in (one.group, one.resource, one.verb) for one in grant.permissions)


def _unruled(calls: Iterable[Call], own: list[Grant], tenant: list[Grant]) -> list[str]:
    findings = []
    for call in calls:
        missing = [need for need in call.needs() if not any(grant.allows(need) for grant in own)]
        findings += [f"no rule of the chart allows {need.permission}, needed to {call}" for need in missing]
        if call.impersonated and not any(grant.allows(call.made) for grant in tenant):
            findings.append(f"no rule of {TENANT} allows {call.made.permission}, needed to {call}")
    return findings


def _unused(
    calls: Iterable[Call], own: list[Grant], tenant: list[Grant], unexercised: Mapping[Permission, str]
) -> list[str]:
    calls = list(calls)
    by_operator = {need.permission for call in calls for need in call.needs()}
    by_accounts = {call.made.permission for call in calls if call.impersonated}
    findings = []
    for grants, used in ((own, by_operator), (tenant, by_accounts)):
        idle = {(one, grant.role) for grant in grants for one in grant.permissions - used - unexercised.keys()}
        findings += [f"no call used the rule of {role}: {permission}" for permission, role in sorted(idle)]
    ruled = {permission for grant in own + tenant for permission in grant.permissions}
    stale = sorted(unexercised.keys() - ruled)
    return findings + [f"the chart has no such rule, so it needs no excuse: {permission}" for permission in stale]


def _code(event: Mapping[str, Any]) -> int:
    return int(event.get("responseStatus", {}).get("code", 0))
