"""The demo's walk, as a test: the whole loop on a real cluster, and every API call of it held against the chart."""

from pathlib import Path
from typing import Any

import pytest

from e2e import cluster, testbed
from e2e.cluster import Progress
from e2e.demo import story
from e2e.demo.timeline import Timeline
from e2e.scenarios import rbac_audit


@pytest.fixture(scope="module")
def told(fresh: None, installed: testbed.Images, progress: Progress) -> Timeline:
    return story.tell(installed, progress)


@pytest.fixture(scope="module")
def status(told: Timeline) -> dict[str, Any]:
    document: dict[str, Any] = testbed.read("modelmonitor", story.MONITOR, story.NAMESPACE)["status"]
    return document


def test_the_model_is_replaced_once_and_a_later_candidate_is_refused(status: dict[str, Any]) -> None:
    said = [entry for entry in status["history"] if not entry["message"].startswith("Window ")]
    decisions = [entry["reason"] for entry in said if entry["reason"] != "FirstSeen"]
    assert decisions == [
        "Tripped", "Trained", "RollingOut", "Promoted", "Verified",
        "Tripped", "Trained", "NotBetter",
    ]  # fmt: skip
    assert f"/{story.MONITOR}/1-" in status["servingModel"]["uri"]
    assert status["trips"] == 2


def test_the_serving_object_has_the_model_that_the_status_names(status: dict[str, Any]) -> None:
    live = testbed.read("seldondeployment", "flights", story.NAMESPACE)
    assert live["spec"]["predictors"][0]["graph"]["modelUri"] == status["servingModel"]["uri"]
    assert live["status"]["state"] == "Available"


def test_the_status_is_within_its_bounds_and_the_monitor_is_ready(status: dict[str, Any]) -> None:
    conditions = {one["type"]: one["status"] for one in status["conditions"]}
    assert conditions["Ready"] == "True"
    assert conditions["Stalled"] == "False"
    assert conditions["ModelHealthy"] == "True"
    assert len(str(status)) < 16 * 1024


def test_every_call_is_allowed_by_the_chart_and_every_rule_of_it_was_used(told: Timeline) -> None:
    rendered = cluster.helm("get", "manifest", testbed.RELEASE, "--namespace", testbed.SYSTEM)
    account = f"system:serviceaccount:{testbed.SYSTEM}:{testbed.RELEASE}"
    assert rbac_audit.check(Path(cluster.audit_log()), rendered, account) == []
