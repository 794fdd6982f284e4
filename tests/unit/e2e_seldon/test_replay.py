"""What the real operator was recorded to write is what the stand-in writes."""

from pathlib import Path

import pytest

from e2e.seldon.stand_in import names, workload
from e2e.seldon.stand_in.reconcile import differs

from .recording import FOLDER, Change, Json, Recording, load
from .replay import SETTINGS, Explained, Story, explanations, rests, stories

COMMITTED = sorted(path.stem for path in FOLDER.glob("*.jsonl"))
OTHERS = Path(__file__).parents[4] / "shared" / "facts" / "seldon-recordings"
# The rest of the recordings have two predictors, two nodes or no engine: what the stand-in was not made for.
ONE_PREDICTOR = [
    "bad-server-crashes-deadline60",
    "bad-server-exits-no-deadline",
    "crash-60s-after-load",
    "deadline20-good-model",
    "first-ever-crash-deadline60",
    "gap-in-service",
    "scale-drift-delete",
    "server-side-apply",
]


def told(name: str, folder: Path = FOLDER) -> tuple[Recording, list[Story]]:
    recording = load(name, folder)
    return recording, stories(recording)


def only(name: str) -> tuple[Recording, Story]:
    recording, (story,) = told(name)
    return recording, story


def states(story: Story) -> list[str]:
    """What someone who watches `status.state` sees, repetitions left out."""
    seen = [str(c.fields["status"].get("state", "")) for c in story.seldon]
    return [state for before, state in zip(["", *seen], seen, strict=False) if state != before]


def flashes(story: Story) -> list[Change]:
    """Available between two Creating of one and the same spec."""
    return [
        one
        for before, one, after in zip(story.seldon, story.seldon[1:], story.seldon[2:], strict=False)
        if [c.fields["status"].get("state") for c in (before, one, after)] == ["Creating", "Available", "Creating"]
        and before.fields["generation"] == after.fields["generation"]
    ]


def says_available_of_an_older_deployment(one: Explained) -> bool:
    return (
        one.look.status["state"] == "Available"
        and one.deployment is not None
        and one.deployment.fields["status"].get("observedGeneration", 0) < one.deployment.fields["generation"]
    )


@pytest.mark.parametrize("name", COMMITTED)
def test_every_recorded_status_is_what_the_stand_in_would_have_written(name: str) -> None:
    for story in told(name)[1]:
        assert len(list(explanations(story))) >= 5


@pytest.mark.parametrize("name", COMMITTED)
def test_where_the_recorded_world_rested_the_stand_in_rests_too(name: str) -> None:
    recording, told_stories = told(name)
    down = (recording.marked("stopped"), recording.marked("started again")) if name == "operator-down" else (0.0, 0.0)
    for story in told_stories:
        seen = [rest for rest in rests(recording, story) if not down[0] <= rest.at <= down[1]]
        assert len(seen) >= 3
        for rest in seen:
            assert not rest.look.write
            assert not rest.look.delete
            if story.services:
                assert not differs(rest.look.status, rest.stored)
            else:
                assert rest.look.status["state"] == rest.stored["state"]
                assert rest.look.status["deploymentStatus"] == rest.stored["deploymentStatus"]


@pytest.mark.parametrize("name", COMMITTED)
def test_what_is_asked_of_kubernetes_is_what_the_real_operator_asked(name: str) -> None:
    for story in told(name)[1]:
        for change in story.deployments:
            assert as_recorded(story, change) == {key: change.fields[key] for key in RECORDED}
        seldon = story.asked(story.seldon[0], {})
        made = {s["metadata"]["name"]: s for s in workload.services(seldon, seldon.predictors[0])}
        for change in story.services:
            service = made[change.name]
            assert service["metadata"]["labels"] == change.fields["labels"]
            assert service["spec"]["selector"] == change.fields["selector"]
            assert [[p["name"], p["port"], p["targetPort"]] for p in service["spec"]["ports"]] == change.fields["ports"]
            assert [f"{o['kind']}/{o['name']}" for o in service["metadata"]["ownerReferences"]] == change.fields[
                "owner"
            ]


RECORDED = (
    *("name", "labels", "selector", "specReplicas", "progressDeadlineSeconds", "strategy", "initArgs", "containers"),
    *("owner", "templateLabels"),
)


def as_recorded(story: Story, change: Change) -> Json:
    """The stand-in's Deployment, for the spec of that moment, in the recorder's words."""
    # A Deployment that was recorded just before the patch that made it belongs to the later spec.
    uri = change.fields["initArgs"][0][0]
    spec = next(c for c in story.seldon if c.fields["spec"]["predictors"][0]["graph"]["modelUri"] == uri)
    seldon = story.asked(spec, {})
    made = workload.deployment(seldon, seldon.predictors[0], SETTINGS)
    pod = made["spec"]["template"]["spec"]
    images = {"classifier": "local/srv:1", "seldon-container-engine": "local/executor:1"}
    return {
        "name": made["metadata"]["name"],
        "labels": made["metadata"]["labels"],
        "selector": made["spec"]["selector"]["matchLabels"],
        "specReplicas": made["spec"]["replicas"],
        "progressDeadlineSeconds": made["spec"]["progressDeadlineSeconds"],
        "strategy": made["spec"]["strategy"],
        "initArgs": [container["args"] for container in pod["initContainers"]],
        "containers": [f"{c['name']}={images[c['name']]}" for c in pod["containers"]],
        "owner": [{k: v for k, v in o.items() if k != "uid"} for o in made["metadata"]["ownerReferences"]],
        "templateLabels": made["spec"]["template"]["metadata"]["labels"],
    }


def test_a_good_roll_is_creating_then_available_twice() -> None:
    assert states(only("create-and-good-roll")[1]) == ["Creating", "Available", "Creating", "Available"]


@pytest.mark.parametrize("name", ["bad-init-deadline60", "bad-init-nodeadline"])
def test_a_bad_model_beside_a_live_pod_is_creating_for_ever_and_never_failed(name: str) -> None:
    recording, story = only(name)
    stuck = [
        rest
        for rest in rests(recording, story)
        if rest.look.status.get("deploymentStatus")
        == {"fraud-default-0-classifier": {"availableReplicas": 1, "replicas": 2}}
    ]
    assert {rest.look.status["state"] for rest in stuck} == {"Creating"}
    assert "Failed" not in states(story)


def test_a_first_model_that_never_came_up_is_failed_at_the_deadline_and_heals() -> None:
    _, story = only("first-ever-bad-init-deadline30")
    assert states(story) == ["Creating", "Failed", "Creating", "Available"]
    failed = next(e for e in explanations(story) if e.look.status["state"] == "Failed")
    assert failed.look.status["description"] == "Deployment is no longer progressing and not available."


def test_false_available_comes_from_a_deployment_that_its_controller_had_not_seen() -> None:
    every_story = [story for name in ("bad-init-nodeadline", "false-available-24-rolls") for story in told(name)[1]]
    recorded = [change.at for story in every_story for change in flashes(story)]
    ours = [
        one.recorded.at
        for story in every_story
        for one in explanations(story)
        if says_available_of_an_older_deployment(one)
    ]
    assert len(recorded) == 5
    assert ours == recorded


def test_while_the_operator_is_down_the_old_status_stays_and_the_first_look_rolls() -> None:
    recording, story = only("operator-down")
    stopped, started = recording.marked("stopped"), recording.marked("started again")
    (down,) = [rest for rest in rests(recording, story) if stopped <= rest.at <= started]
    assert down.stored["state"] == "Available"
    assert down.look.status["state"] == "Creating"
    (written,) = down.look.write
    assert written["spec"]["template"]["spec"]["initContainers"][0]["args"] == ["s3://fraud/b", "/mnt/models"]


@pytest.mark.skipif(not OTHERS.is_dir(), reason="the recordings that are not committed are not here")
@pytest.mark.parametrize("name", ONE_PREDICTOR)
def test_recordings_that_are_not_committed_are_explained_as_well(name: str) -> None:
    recording, told_stories = told(name, OTHERS)
    for story in told_stories:
        assert list(explanations(story))
        assert not [r for r in rests(recording, story) if r.look.write or differs(r.look.status, r.stored)]


def test_long_names_become_the_md5_that_was_recorded() -> None:
    seldon, predictor = "a-rather-long-seldon-deployment-name-of-fifty-chars-x", "a-long-predictor-name"
    assert names.deployment_name(seldon, predictor, "classifier") == "seldon-395d57e4a8dd6312ff351146587dc579"
    assert names.predictor_service(seldon, predictor) == "seldon-72dd41b3af0a499bbadd26124b39e801"
    assert names.node_service(seldon, predictor, "classifier") == "seldon-20fdf41bdd931a6991946d659691cf70"
