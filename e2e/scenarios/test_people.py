"""Late labels and people: the data are judged before the labels come; a candidate is asked for, held up, approved.

One monitor of a model that says the opposite of what it should, day by day on three days of flights; a fourth day comes
when the candidate waits for it.
"""

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

import pytest

from e2e import cluster, lake, testbed
from e2e.cluster import Progress
from e2e.demo.flights import data
from e2e.scenarios.troubled import FIRST, NAME, Patch, Raw, Scene, Told, Trouble, set_up

SPACE: Final = "people"
LAKE: Final = "s3://lake/day-by-day/"
UPSIDE_DOWN: Final = "s3://models/upside-down"
DAY: Final = timedelta(days=1)


def spec() -> Patch:
    """A day a window, labels a day later, drift against the first day; nothing is trained unasked."""
    return {
        "data": {
            "current": {"files": {"uri": LAKE}},
            "labels": {"delay": "1d", "minimumCoverage": 0.8},
            "reference": {"window": {"start": f"{FIRST}", "end": f"{FIRST + DAY}"}},
        },
        "windows": {"length": "1d", "every": "1d", "start": f"{FIRST}"},
        "schedule": {"interval": "5s"},
        "metrics": [{"name": "roc_auc", "min": 0.6, "severity": "Warn"}],
        "drift": {"features": {"method": "psi", "max": 0.2}},
        "quality": {},
        "challenger": {"metric": "roc_auc", "minimumGain": 0.0},
        "rollout": {"approval": "Manual"},
    }


@pytest.fixture(scope="module")
def scene(installed: testbed.Images, progress: Progress) -> Iterator[Scene]:
    nothing = Told("Ready", "True", "Watching", ())
    trouble = Trouble("people", SPACE, nothing, lambda _: None, spec(), model=UPSIDE_DOWN)
    found = Scene(trouble, installed.evaluator)
    with progress.step("a model that says the opposite, and three days of flights"):
        cluster.kubectl("delete", "namespace", "--ignore-not-found", SPACE)
        frame = data.flights_of(data.flights(), date(2013, 1, 1), date(2013, 2, 1))
        lake.put_model(lake.upside_down(frame), "upside-down")
        lake.put_days(data.flights(), "day-by-day", FIRST, FIRST + 3 * DAY)
        set_up([found])
    yield found
    cluster.kubectl("delete", "namespace", "--wait=false", SPACE)


def _ask(scene: Scene, verb: str, value: Raw | str) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    scene.kubectl("annotate", "--overwrite", "modelmonitor", NAME, f"modelmonitor.dev/{verb}={text}")


def _reason(status: Raw, condition: str) -> str:
    return next((str(one["reason"]) for one in status.get("conditions") or [] if one["type"] == condition), "")


def _start(number: int) -> str:
    return f"{FIRST + number * DAY}T05:00:00Z"


def test_the_data_are_judged_before_the_labels_have_come(scene: Scene, progress: Progress) -> None:
    status = scene.until(
        lambda it: (
            "lastEvaluation" in it and it.get("lastDataEvaluation", {}).get("window", {}).get("start") == _start(1)
        ),
    )
    progress.say(f"drift: {status['lastDataEvaluation']['message']}")
    assert status["lastEvaluation"]["window"]["start"] == _start(0)
    assert [(one["window"]["start"], one["reason"]) for one in status["pendingWindows"]] == [(_start(1), "LabelsDue")]
    assert status["lastDataEvaluation"]["drift"]["features"] > 5
    assert _reason(status, "DriftDetected") in ("NoDrift", "Drifted")
    assert _reason(status, "DataAvailable") == "Arriving"
    stages = scene.kubectl("get", "modelevaluations", "-o", "jsonpath={.items[*].spec.stage}").split()
    assert set(stages) == {"Data", "Quality"}


def test_a_candidate_is_asked_for_and_waits_while_somebody_says_not_now(scene: Scene) -> None:
    _ask(scene, "hold", {"by": "ben", "why": "audit"})
    held = scene.until(lambda it: it.get("phase") == "Held")
    assert _reason(held, "Retraining") == "Held"
    _ask(scene, "trip", {"by": "anna", "why": "it says the opposite"})
    asked = scene.until(lambda it: "askedTrip" in it)
    assert "attempt" not in asked
    _ask(scene, "resume", "1")
    status = scene.until(lambda it: "attempt" in it)
    assert status["attempt"]["trigger"] == "Asked"
    assert "anna: it says the opposite" in status["attempt"]["reason"]


def test_the_candidate_waits_for_a_person_once_it_is_better(scene: Scene, progress: Progress) -> None:
    scene.until(lambda it: "candidate" in it)
    lake.put_days(data.flights(), "day-by-day", FIRST + 3 * DAY, FIRST + 4 * DAY)
    status = scene.until(lambda it: "approval" in it)
    comparison = status["approval"]["comparison"]
    progress.say(f"roc_auc {comparison['champion']:.3f} serving, {comparison['candidate']:.3f} challenging")
    assert comparison["champion"] < 0.5 < comparison["candidate"]
    assert status["phase"] == "AwaitingApproval"
    assert scene.live() == UPSIDE_DOWN


def test_an_approval_of_another_digest_does_nothing_and_the_right_one_moves_the_model(scene: Scene) -> None:
    _ask(scene, "approve", {"digest": "sha256:" + "0" * 64, "by": "anna"})
    refused = scene.until(lambda it: it["history"][-1]["reason"] == "RequestRefused")
    assert "the candidate that waits is" in refused["history"][-1]["message"]
    assert scene.live() == UPSIDE_DOWN
    approval = refused["approval"]
    _ask(scene, "approve", {"digest": approval["digest"], "by": "anna", "why": "of course"})
    status = scene.until(lambda it: it.get("rollout", {}).get("toUri") == approval["candidateUri"])
    assert status["rollout"]["approvedBy"] == "anna"
    scene.waited(lambda: scene.live() == approval["candidateUri"] or None, 60)


def test_every_request_stands_in_the_history_with_who_and_why(scene: Scene) -> None:
    told = {entry["reason"]: entry["message"] for entry in scene.status()["history"]}
    assert "ben: audit" in told["Held"]
    assert "anna: it says the opposite" in told["TripAsked"]
    assert "anna: of course" in told["Approved"]
