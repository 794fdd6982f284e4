"""A Model of Seldon Core 2: what it serves, when a roll of it is finished or failed, and the patch that moves it."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonpatch
import pytest

from modelmonitor.api.serving import SeldonModelRef
from modelmonitor.domain.observation import Problem, Progress, ServingSeen
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION, Move
from modelmonitor.serving.seldon_model import GRACE, SeldonModelTarget
from tests.unit.serving.live import Namespace, applied

Raw = dict[str, Any]
A, B = "s3://models/a", "s3://models/b"
TARGET = SeldonModelTarget(SeldonModelRef(name="fraud"))
BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOVE = Move(uid="uid-of-model", generation=4, rollout_id=7, from_uri=A, to_uri=B)


def ready(status: str, state: str = "", reason: str = "", *, at: datetime | None = BEGAN + SECOND) -> Raw:
    """The condition as Seldon's operator writes it: the message holds the state."""
    said = {"type": "ModelReady", "status": status, "message": state, "reason": reason}
    when = {"lastTransitionTime": at.isoformat().replace("+00:00", "Z")} if at else {}
    return {key: value for key, value in said.items() if value} | when


def model(*conditions: Raw, spec: Raw | None = None, annotations: dict[str, str] | None = None, **status: Any) -> Raw:
    meta: Raw = {"name": "fraud", "namespace": "team", "uid": "uid-of-model", "generation": 4}
    meta |= {"annotations": annotations} if annotations is not None else {}
    told = {"conditions": list(conditions), "replicas": 1, **status} if conditions else {}
    return {"metadata": meta, "spec": {"storageUri": A, **(spec or {})}, **({"status": told} if told else {})}


def look(*objects: Raw, since: datetime | None = BEGAN, now: datetime = BEGAN + 10 * GRACE) -> ServingSeen | Problem:
    return TARGET.observe(Namespace(*objects), now=now, since=since)


AVAILABLE = ready("True", "ModelAvailable")
BEFORE = ready("True", "ModelAvailable", at=BEGAN - timedelta(days=9))


@pytest.mark.parametrize(
    ("live", "since", "progress", "words"),
    [
        pytest.param(model(AVAILABLE), BEGAN, Progress.DONE, "", id="ready since the roll began"),
        pytest.param(
            model(ready("True", "ModelAvailable", at=BEGAN)), BEGAN, Progress.DONE, "",
            id="ready in the very second: times have no fractions",
        ),
        pytest.param(
            model(BEFORE), BEGAN, Progress.UNDER_WAY, "still speaks of the model before",
            id="ready, and nothing has changed since before the roll",
        ),
        pytest.param(model(BEFORE), None, Progress.DONE, "", id="ready for long, and no roll is under way"),
        pytest.param(
            model(ready("True", "ModelAvailable", at=None)), BEGAN, Progress.UNDER_WAY, "still speaks",
            id="nobody knows since when it is ready",
        ),
        pytest.param(
            model(AVAILABLE, observedGeneration=3), BEGAN, Progress.UNDER_WAY, "still speaks",
            id="a Seldon that tells the generation, and it is the one before",
        ),
        pytest.param(model(AVAILABLE, observedGeneration=4), BEGAN, Progress.DONE, "", id="... and it is the live one"),
        pytest.param(
            model(AVAILABLE, replicas=2, availableReplicas=1), BEGAN, Progress.UNDER_WAY, "1 of 2 replicas",
            id="a Seldon that counts replicas, and one is missing",
        ),
        pytest.param(
            model(AVAILABLE, replicas=2, availableReplicas=2), BEGAN, Progress.DONE, "", id="... and none is missing"
        ),
        pytest.param(model(), BEGAN, Progress.UNDER_WAY, "no condition ModelReady yet", id="just created"),
        pytest.param(
            model({"type": "Ready", "status": "True"}), BEGAN, Progress.UNDER_WAY, "no condition ModelReady yet",
            id="another condition",
        ),
        pytest.param(
            model(ready("False", "ModelProgressing")), BEGAN, Progress.UNDER_WAY, "the Model says ModelProgressing",
            id="it loads",
        ),
        pytest.param(
            model(ready("False", "ScheduleFailed", "no server has room")), BEGAN, Progress.UNDER_WAY,
            "the Model says ScheduleFailed: no server has room", id="no server has room: room may come",
        ),
        pytest.param(
            model(ready("Unknown")), BEGAN, Progress.UNDER_WAY, "the Model says nothing", id="nobody says anything"
        ),
        pytest.param(
            model(ready("False", "ModelFailed", "no such file")), BEGAN, Progress.FAILED,
            "the Model says ModelFailed: no such file", id="it does not load",
        ),
        pytest.param(
            model(ready("False", "ModelFailed", "no such file")), None, Progress.UNDER_WAY, "ModelFailed",
            id="it does not load, and it is no roll of ours",
        ),
        pytest.param(
            model(ready("False", "ModelFailed", at=BEGAN - SECOND)), BEGAN, Progress.UNDER_WAY, "still speaks",
            id="the model before did not load",
        ),
    ],
)  # fmt: skip
def test_how_far_a_roll_is(live: Raw, since: datetime | None, progress: Progress, words: str) -> None:
    seen = look(live, since=since)
    assert isinstance(seen, ServingSeen)
    assert seen.progress is progress
    assert words in seen.detail
    assert (seen.detail == "") is (progress is Progress.DONE)


def test_a_model_that_fails_to_load_is_given_up_after_a_minute_and_not_before() -> None:
    """Seldon tries other servers; meanwhile the old model serves."""
    failed = BEGAN + 5 * SECOND
    live = model(ready("False", "ModelFailed", at=failed))
    early = look(live, now=failed + GRACE - SECOND)
    assert isinstance(early, ServingSeen)
    assert early.progress is Progress.UNDER_WAY
    assert list(TARGET.turns(Namespace(live), now=failed, since=BEGAN)) == [failed + GRACE]
    late = look(live, now=failed + GRACE)
    assert isinstance(late, ServingSeen)
    assert late.progress is Progress.FAILED
    assert list(TARGET.turns(Namespace(live), now=failed + GRACE, since=BEGAN)) == []


@pytest.mark.parametrize("objects", [[], [model(AVAILABLE)], [model(ready("False", "ScheduleFailed"))]])
def test_nothing_else_turns_by_time_alone(objects: list[Raw]) -> None:
    assert list(TARGET.turns(Namespace(*objects), now=BEGAN, since=BEGAN)) == []


@pytest.mark.parametrize(
    ("objects", "reason", "words"),
    [
        pytest.param([], "ServingTargetNotFound", "there is no Model fraud", id="not there"),
        pytest.param([model(spec={"storageUri": ""})], "ServingModelWithoutUri", "Set it.", id="no URI"),
        pytest.param(
            [model(spec={"artifactVersion": 3})], "ServingModelVersioned", "remove artifactVersion",
            id="a version that the URI does not tell",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_said_with_what_to_do(objects: list[Raw], reason: str, words: str) -> None:
    seen = look(*objects)
    assert isinstance(seen, Problem)
    assert seen.reason == reason
    assert words in seen.message
    assert seen.message.startswith("spec.model.serving.seldonModel: ")


def test_a_decision_sees_the_uri_the_generation_and_our_annotation() -> None:
    seen = look(model(AVAILABLE, annotations={ROLLOUT_ANNOTATION: "6"}))
    assert seen == ServingSeen("uid-of-model", 4, A, 6, Progress.DONE, place="spec.storageUri of Model fraud")


@pytest.mark.parametrize(
    "annotations", [None, {}, {"team": "fraud", ROLLOUT_ANNOTATION: "6"}], ids=["none", "empty", "some"]
)
def test_the_patch_changes_the_uri_and_our_annotation_and_nothing_else(annotations: dict[str, str] | None) -> None:
    before = model(AVAILABLE, spec={"requirements": ["sklearn"]}, annotations=annotations)
    # The library wants the key there that the API server takes for null where it is missing.
    before["metadata"].setdefault("annotations", None)
    expected = copy.deepcopy(before)
    expected["spec"]["storageUri"] = B
    expected["metadata"]["annotations"] = {**(annotations or {}), ROLLOUT_ANNOTATION: "7"}
    assert applied(TARGET.patch(Namespace(before), MOVE), before) == expected


@pytest.mark.parametrize(
    ("path", "value"),
    [("uid", "another"), ("generation", 5), ("storageUri", "s3://models/theirs")],
    ids=["made again", "edited", "moved by somebody"],
)
def test_a_patch_of_what_has_changed_meanwhile_is_refused(path: str, value: object) -> None:
    seen = model(AVAILABLE, annotations={})
    body = TARGET.patch(Namespace(seen), MOVE)
    now = copy.deepcopy(seen)
    now["spec" if path == "storageUri" else "metadata"][path] = value
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied(body, now)


def test_of_an_object_that_is_another_one_or_gone_there_is_no_patch() -> None:
    again = model(AVAILABLE)
    again["metadata"]["uid"] = "another"
    assert TARGET.patch(Namespace(again), MOVE) is None
    assert TARGET.patch(Namespace(), MOVE) is None


def test_people_make_it() -> None:
    assert TARGET.manifest(A, digest=None, rollout_id=0) is None
