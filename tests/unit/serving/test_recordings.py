"""What our check would have said at each moment of the recorded rolls of the real operator."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

import pytest

from modelmonitor.api.serving import SeldonDeploymentRef
from modelmonitor.domain.observation import Problem, Progress, ServingSeen
from modelmonitor.serving.seldon_deployment import observe
from modelmonitor.serving.seldon_objects import GRACE, DeploymentSeen, SeldonDeploymentSeen
from tests.unit.e2e_seldon.recording import FOLDER, load
from tests.unit.serving.moments import Moment, moments

TARGET = SeldonDeploymentRef(name="fraud", predictor="default", node="classifier")
UNDER_WAY, DONE, FAILED = Progress.UNDER_WAY, Progress.DONE, Progress.FAILED
RECORDINGS = sorted(path.stem for path in FOLDER.glob("*.jsonl"))


def seen(moment: Moment, now: datetime, since: datetime | None = None) -> ServingSeen:
    live = SeldonDeploymentSeen.of(moment.seldon_deployment)
    found = observe(TARGET, live, [DeploymentSeen.of(raw) for raw in moment.deployments], now=now, since=since)
    assert not isinstance(found, Problem)
    return found


def said(name: str, object_name: str = "fraud", since: datetime | None = None) -> list[tuple[str, Progress]]:
    """Model and progress, each change once; asked at each change, and once more just before the next."""
    asked = [
        seen(moment, now, since)
        for moment in moments(load(name))[object_name]
        for now in (moment.at, moment.until - timedelta(milliseconds=1))
    ]
    return [key for key, _ in groupby((one.uri.removeprefix("s3://fraud/"), one.progress) for one in asked)]


@pytest.mark.parametrize("name", ["create-and-good-roll", "operator-down", "deadline20-good-model"])
def test_a_good_roll_is_done_once_at_its_end(name: str) -> None:
    assert said(name) == [("a", UNDER_WAY), ("a", DONE), ("b", UNDER_WAY), ("b", DONE)]


def test_with_the_operator_down_the_roll_is_under_way_for_as_long_although_the_state_is_available() -> None:
    recording = load("operator-down")
    stopped, started = recording.marked("json patch"), recording.marked("operator started again")
    during = [one for one in moments(recording)["fraud"] if stopped < one.at.timestamp() < started]
    assert {one.seldon_deployment["status"]["state"] for one in during} == {"Available"}
    assert {seen(one, one.at).progress for one in during} == {UNDER_WAY}


ROLLED = ("f1", "f2", "f3", "f4")


@pytest.mark.parametrize("object_name", ROLLED)
def test_no_false_available_is_taken_for_the_end_of_a_roll(object_name: str) -> None:
    done = [model for model, progress in said("false-available-24-rolls", object_name) if progress is DONE]
    assert done == ["a", "b", "a", "b", "a", "b", "a"]


def test_the_recording_has_four_false_availables() -> None:
    stories = moments(load("false-available-24-rolls"))
    states = {name: [one.seldon_deployment["status"].get("state") for one in stories[name]] for name in ROLLED}
    available = [state for name in ROLLED for state, _ in groupby(states[name]) if state == "Available"]
    created_and_rolled = 4 * (1 + 6)
    assert len(available) == created_and_rolled + 4


@pytest.mark.parametrize("name", RECORDINGS)
def test_nothing_is_done_before_a_pod_with_the_model_is_ready(name: str) -> None:
    story = moments(load(name)).get("fraud", [])
    ready = dict(reversed(list(_pods_ready(name))))
    for moment in story:
        serving = seen(moment, moment.at)
        if serving.progress is DONE and ready:
            assert moment.at >= ready[serving.uri]


def _pods_ready(name: str) -> Iterator[tuple[str, datetime]]:
    """Each model, and when a pod that loads it was Ready."""
    models: dict[str, str] = {}
    for line in (FOLDER / f"{name}.jsonl").read_text().splitlines():
        change = json.loads(line)
        if change.get("kind") == "Pod":
            if change.get("initArgs"):
                models[change["name"]] = change["initArgs"][0][0]
            if change.get("conditions", {}).get("Ready") == "True":
                yield models[change["name"]], datetime.fromtimestamp(change["t"], UTC)


@pytest.mark.parametrize(
    ("name", "mark"),
    [("bad-init-deadline60", "s3://fraud/missing"), ("bad-init-nodeadline", "s3://fraud/missing")],
)
def test_a_model_that_does_not_load_is_never_done_and_fails_a_minute_after_the_deployments_deadline(
    name: str, mark: str
) -> None:
    recording = load(name)
    since = datetime.fromtimestamp(recording.marked(mark), UTC)
    bad = [one for one in moments(recording)["fraud"] if seen(one, one.at).uri == "s3://fraud/missing"]
    assert all(seen(one, one.at, since).progress is UNDER_WAY for one in bad)
    last = bad[-1]
    (condition,) = [one for one in last.deployments[0]["status"]["conditions"] if one["type"] == "Progressing"]
    assert condition["reason"] == "ProgressDeadlineExceeded"
    over = datetime.fromisoformat(condition["lastTransitionTime"]) + GRACE
    assert seen(last, over - timedelta(seconds=1), since).progress is UNDER_WAY
    failed = seen(last, over, since)
    assert failed.progress is FAILED
    assert "has timed out progressing" in failed.detail


def test_a_deployment_that_is_still_past_the_last_rolls_deadline_does_not_fail_the_next_roll() -> None:
    """Recorded: for some milliseconds after the roll to a good model it has seen the new template and says so."""
    recording = load("bad-init-deadline60")
    back = datetime.fromtimestamp([at for at, words in recording.marks if "s3://fraud/a" in words][-1], UTC)
    after = [one for one in moments(recording)["fraud"] if one.at > back]
    late = [
        DeploymentSeen.of(one.deployments[0])
        for one in after
        if DeploymentSeen.of(one.deployments[0]).stopped and seen(one, one.at).uri == "s3://fraud/a"
    ]
    assert any(one.current and one.loads("classifier", "s3://fraud/a") for one in late)
    assert all(seen(one, one.at, back).progress is not FAILED for one in after)
    assert seen(after[-1], after[-1].at, back).progress is DONE


def test_a_good_model_that_needs_longer_than_the_deployments_deadline_is_not_given_up() -> None:
    """With 20 s, which is less than a pod needs to be Ready: it is past it when created and when rolled."""
    recording = load("deadline20-good-model")
    story = moments(recording)["fraud"]
    parts = [(late, list(part)) for late, part in groupby(story, key=_late)]
    spans = [(part[-1].until - part[0].at).total_seconds() for late, part in parts if late]
    assert spans == pytest.approx([3.74, 0.78], abs=0.01)
    for since in (story[0].at, datetime.fromtimestamp(recording.marked("json patch"), UTC)):
        assert all(seen(one, when, since).progress is not FAILED for one in story for when in (one.at, one.until))


def _late(moment: Moment) -> bool:
    return any(DeploymentSeen.of(raw).stopped for raw in moment.deployments)


def test_a_first_model_that_does_not_load_is_never_done_and_its_successor_is() -> None:
    assert said("first-ever-bad-init-deadline30") == [("missing", UNDER_WAY), ("a", UNDER_WAY), ("a", DONE)]
