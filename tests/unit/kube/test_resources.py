"""Paths of the API server's resources."""

import pytest

from modelmonitor.kube.identity import service_account_user
from modelmonitor.kube.resources import JOBS, MONITORS, PODS


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PODS.path(), "/api/v1/pods"),
        (PODS.path("team"), "/api/v1/namespaces/team/pods"),
        (JOBS.path("team", "flights-e-1"), "/apis/batch/v1/namespaces/team/jobs/flights-e-1"),
        (
            MONITORS.path("team", "flights", "status"),
            "/apis/modelmonitor.dev/v1alpha1/namespaces/team/modelmonitors/flights/status",
        ),
    ],
)
def test_a_path_is_made_of_its_parts(path: str, expected: str) -> None:
    assert path == expected


@pytest.mark.parametrize(("resource", "expected"), [(PODS, "v1"), (JOBS, "batch/v1")], ids=["core", "a group"])
def test_the_api_version_has_the_group_if_there_is_one(resource: object, expected: str) -> None:
    assert getattr(resource, "api_version", None) == expected


def test_an_account_is_impersonated_by_its_user_name() -> None:
    assert service_account_user("team", "flights") == "system:serviceaccount:team:flights"
