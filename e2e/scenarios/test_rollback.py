"""The world turns, a better model is rolled out to real servers, the world turns back: the former model comes back.

Flights day by day. On the days of the turn every label is the other one, so that a model trained on them is really
better there, and really worse on the day after.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import pytest

from e2e import cluster, lake, testbed
from e2e.cluster import Progress
from e2e.demo.flights import data
from e2e.scenarios.troubled import FIRST, Patch, Scene, Told, Trouble, set_up

SPACE: Final = "rollback"
BEFORE: Final = "s3://models/before-the-turn"
DAY: Final = timedelta(days=1)
SPEC: Final[Patch] = {
    "data": {"current": {"files": {"uri": "s3://lake/turning/"}}},
    "windows": {"length": "1d", "every": "1d", "start": f"{FIRST}"},
    "schedule": {"interval": "5s"},
    "metrics": [{"name": "roc_auc", "min": 0.5}],
    # Nobody but a test wants that many false alarms; it has one day for each step.
    "verdict": {"failuresToTrip": 1, "falseAlarmsPerYear": 50},
    "challenger": {"metric": "roc_auc", "minimumGain": 0.0},
    # Nothing is trained again while the end is looked at.
    "retrain": {"cooldown": "1h"},
}


@pytest.fixture(scope="module")
def scene(installed: testbed.Images, progress: Progress) -> Iterator[Scene]:
    nothing = Told("Ready", "True", "Watching", ())
    trouble = Trouble("rollback", SPACE, nothing, lambda _: None, SPEC, model=BEFORE, replicas=1)
    found = Scene(trouble, installed.evaluator)
    with progress.step("a model that serves, and two days of flights on which the world has turned"):
        cluster.kubectl("delete", "namespace", "--ignore-not-found", SPACE)
        january = data.flights_of(data.flights(), date(2013, 1, 1), date(2013, 2, 1))
        lake.put_model(january, "before-the-turn")
        _publish(0, 2, turned=True)
        set_up([found])
        cluster.kubectl("wait", "-n", SPACE, "seldondeployment/flights", "--for=jsonpath={.status.state}=Available")
    yield found
    cluster.kubectl("delete", "namespace", "--wait=false", SPACE)


def _publish(first: int, end: int, *, turned: bool) -> None:
    """A window is closed by the first row after it: the day that is to be judged is never the last one."""
    frame = lake.upside_down(data.flights()) if turned else data.flights()
    lake.put_days(frame, "turning", FIRST + first * DAY, FIRST + end * DAY)


def test_the_better_model_is_promoted_and_serves(scene: Scene, progress: Progress) -> None:
    scene.until(lambda it: "candidate" in it)
    _publish(2, 3, turned=True)
    _publish(3, 4, turned=False)
    status = scene.until(lambda it: it.get("rollout", {}).get("stage") == "Verifying")
    progress.say(status["lastAttempt"]["message"])
    assert status["lastAttempt"]["outcome"] == "Promoted"
    assert status["servingModel"]["uri"] == status["rollout"]["toUri"] == scene.live()
    assert testbed.read("seldondeployment", "flights", SPACE)["status"]["state"] == "Available"


def test_it_is_rolled_back_when_the_former_one_is_better_on_the_same_rows(scene: Scene, progress: Progress) -> None:
    promoted = scene.live()
    _publish(4, 5, turned=False)
    status = scene.until(lambda it: it.get("rollout", {}).get("stage") == "RolledBack")
    attempt = status["lastAttempt"]
    progress.say(attempt["message"])
    assert attempt["outcome"] == "RolledBack"
    assert status["servingModel"]["uri"] == scene.live() == BEFORE
    assert attempt["comparison"]["champion"] < 0.5 < attempt["comparison"]["candidate"]
    assert f"{BEFORE} serves again in place of {promoted}." in attempt["message"]
    assert testbed.read("seldondeployment", "flights", SPACE)["status"]["state"] == "Available"


def test_it_is_known_by_its_digest_and_told_in_order(scene: Scene) -> None:
    status = scene.status()
    assert len(status["rolledBackDigests"]) == 1
    told = [entry["reason"] for entry in status["history"]]
    order = ["Tripped", "Trained", "RollingOut", "Promoted", "VerificationFailed", "RollingBack", "RolledBack"]
    assert [reason for reason in told if reason in order] == order
    assert status["phase"] == "CoolingDown"
