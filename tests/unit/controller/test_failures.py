"""What an error of the API server means for a monitor, and the words in which it is told."""

from dataclasses import replace
from typing import Any

import pytest

from modelmonitor.api.serving import Batch, SeldonDeploymentRef, Serving
from modelmonitor.api.status import Direction, RolloutStage, RolloutStatus
from modelmonitor.controller.failures import failure_of
from modelmonitor.domain.actions import Action, CreateServing, DeleteJob, Explain, PatchServing
from modelmonitor.domain.outcomes import Remedy
from modelmonitor.kube.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    TransientError,
)

ACCOUNT = "system:serviceaccount:team:flights"
OPERATOR = "system:serviceaccount:modelmonitor-system:modelmonitor"
DELETE = DeleteJob("flights-e-1", "u")
NO_RIGHT = (
    'jobs.batch is forbidden: User "{}" cannot delete resource "jobs" in API group "batch" in the namespace "team"'
)
TIME: Any = "2026-01-01T00:00:00Z"
PATCH = PatchServing(
    RolloutStatus(
        id=1,
        direction=Direction.FORWARD,
        stage=RolloutStage.PROGRESSING,
        target=Serving(seldon_deployment=SeldonDeploymentRef(name="flights", node="classifier")),
        from_uri="s3://a",
        to_uri="s3://b",
        started_at=TIME,
        deadline=TIME,
    ),
    uid="u",
    generation=1,
)
CREATE = CreateServing(Serving(batch=Batch(uri="s3://a")), "s3://a", None, 0)


@pytest.mark.parametrize(
    ("action", "error", "remedy", "reason", "words"),
    [
        pytest.param(
            DELETE, ForbiddenError(NO_RIGHT.format(ACCOUNT)), Remedy.CHANGE, "Forbidden",
            ["The monitor's account may not delete a finished Job", 'cannot delete resource "jobs"',
             "Grant it that right (ClusterRole modelmonitor-tenant", "spec.serviceAccountName"],
            id="the account lacks a right",
        ),
        pytest.param(
            DELETE, ForbiddenError(f'User "{OPERATOR}" cannot impersonate-on:serviceaccount:delete resource "jobs"'),
            Remedy.CHANGE, "Forbidden", ["The operator may not act as this monitor's account", "operator.accounts"],
            id="the operator may not act for it",
        ),
        pytest.param(
            Explain("flights-e-1"), ForbiddenError(f'User "{OPERATOR}" cannot list resource "events"'),
            Remedy.CHANGE, "Forbidden", ["The operator may not read Events", "Install its chart anew"],
            id="the operator lacks a right",
        ),
        pytest.param(
            DELETE, ForbiddenError('admission webhook "policy.example" denied the request: no'), Remedy.CHANGE,
            "Forbidden", ["The cluster does not let anybody delete a finished Job like this", "Ask who runs"],
            id="a policy",
        ),
        pytest.param(
            PATCH, RefusedError('admission webhook "v1.vseldondeployment.kb.io" denied: Traffic', reason="Invalid"),
            Remedy.CHANGE, "Invalid", ["Refused to patch the SeldonDeployment: admission webhook"],
            id="Seldon's webhook",
        ),
        pytest.param(
            replace(PATCH, rollout=PATCH.rollout.model_copy(update={"target": CREATE.target})), RefusedError("no"),
            Remedy.CHANGE, "Refused", ["Refused to patch the ConfigMap: no"], id="a ConfigMap",
        ),
        pytest.param(
            CREATE, ForbiddenError(f'User "{ACCOUNT}" cannot create resource "configmaps"'), Remedy.CHANGE, "Forbidden",
            ["The monitor's account may not create the ConfigMap"], id="the account may not create the ConfigMap",
        ),
        pytest.param(
            CREATE, RefusedError("it has no label.", reason="NameTaken"), Remedy.CHANGE, "NameTaken",
            ["Refused to create the ConfigMap: it has no label."], id="somebody else's ConfigMap",
        ),
        pytest.param(
            PATCH, RefusedError("no", reason=""), Remedy.CHANGE, "Refused", ["patch the SeldonDeployment"],
            id="refused without a reason",
        ),
        pytest.param(
            DELETE, TransientError("forbidden: exceeded quota: few"), Remedy.RETRY, "QuotaExceeded",
            ["it is tried again"], id="quota",
        ),
        pytest.param(
            PATCH, TransientError("failed calling webhook"), Remedy.RETRY, "ApiServerUnavailable",
            ["Could not patch the SeldonDeployment, it is tried again: failed calling webhook"], id="webhook down",
        ),
        pytest.param(DELETE, ConflictError("it changed"), Remedy.READ_AGAIN, "Conflict", ["it changed"], id="conflict"),
        pytest.param(DELETE, NotFoundError("gone"), Remedy.READ_AGAIN, "Conflict", ["gone"], id="gone"),
        pytest.param(DELETE, AlreadyExistsError("there"), Remedy.READ_AGAIN, "Conflict", ["there"], id="there"),
    ],
)  # fmt: skip
def test_an_error_is_told_with_what_to_do(
    action: Action, error: ApiError, remedy: Remedy, reason: str, words: list[str]
) -> None:
    failure = failure_of(action, error, account=ACCOUNT)
    assert (failure.remedy, failure.reason) == (remedy, reason)
    assert [word for word in words if word not in failure.message] == []
