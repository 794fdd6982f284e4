"""What a Job and its Pods say, as a decision sees it: each status of tests/data/jobs/seen with what is made of it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelmonitor.controller.cache import Explained
from modelmonitor.controller.gather import Surroundings, gather
from modelmonitor.controller.projections import Key
from tests.unit.controller.objects import TEAM, heard_of, job, monitor, pod

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CASES = sorted((Path(__file__).parents[2] / "data" / "jobs" / "seen").glob("*.yaml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem.replace("-", " "))
def test_a_job_is_seen_as_what_it_is(path: Path) -> None:
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    cache = heard_of(monitor())
    role = case.get("role", "champion")
    name = "flights-t-1" if role == "training" else "flights-e-1"
    cache.jobs.apply(job(name, case["job"], role=role))
    for number, status in enumerate(case.get("pods", [])):
        cache.pods.apply(pod(f"{name}-{number}", status, of=name))
    if "explained" in case:
        cache.explain(f"uid-{name}", Explained(case["explained"], NOW))

    gathered = gather(cache, Key(TEAM, "flights"), Surroundings(), now=NOW)

    assert gathered is not None
    (seen,) = gathered.seen.jobs.values()
    expected = {"reason": "", "output": None} | case["seen"]
    # What is to be done about it is said around this by the domain.
    words = expected.pop("message", "")
    assert {field: getattr(seen, field) for field in expected} == expected
    assert words in seen.message
    assert words or not seen.message


def test_a_pod_of_another_job_says_nothing_about_it() -> None:
    cache = heard_of(monitor())
    cache.jobs.apply(job("flights-e-1", {}))
    waiting = {"containerStatuses": [{"name": "x", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    cache.pods.apply(pod("other", waiting, of="flights-e-2"))
    gathered = gather(cache, Key(TEAM, "flights"), Surroundings(), now=NOW)
    assert gathered is not None
    assert gathered.seen.jobs["flights-e-1"].reason == ""
