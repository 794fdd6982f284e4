"""The ConfigMap from which batch jobs read the model's URI: how it is made, seen and moved."""

import copy
from datetime import UTC, datetime
from typing import Any

import jsonpatch
import pytest

from modelmonitor.api.serving import Batch
from modelmonitor.domain.observation import Absent, Problem, Progress, ServingSeen
from modelmonitor.serving.batch import LABEL, BatchTarget
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION, Move
from tests.unit.serving.live import Namespace, applied

Raw = dict[str, Any]
A, B = "s3://models/a", "s3://models/b"
DIGEST = "sha256:" + "1" * 64
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = BatchTarget(Batch(uri=A), "fraud")
MOVE = Move(uid="uid-of-cm", generation=812, rollout_id=7, from_uri=A, to_uri=B, digest=DIGEST)


def config_map(annotations: dict[str, str] | None = None, **data: str) -> Raw:
    meta: Raw = {"name": "fraud-model", "namespace": "team", "uid": "uid-of-cm", "resourceVersion": "812"}
    meta |= {"labels": {LABEL: "batch"}} | ({"annotations": annotations} if annotations is not None else {})
    return {"metadata": meta, "data": {"modelUri": A, "version": "6", "digest": "", **data}}


def look(*objects: Raw, target: BatchTarget = TARGET) -> ServingSeen | Problem:
    return target.observe(Namespace(*objects), now=NOW, since=NOW)


def test_what_is_written_is_in_service() -> None:
    seen = look(config_map(annotations={ROLLOUT_ANNOTATION: "6"}))
    assert seen == ServingSeen("uid-of-cm", 812, A, 6, Progress.DONE, place="data.modelUri of ConfigMap fraud-model")
    assert list(TARGET.turns(Namespace(config_map()), now=NOW, since=NOW)) == []


@pytest.mark.parametrize(("batch", "name"), [(Batch(uri=A), "fraud-model"), (Batch(uri=A, config_map="x"), "x")])
def test_its_name_is_what_the_spec_says_else_the_monitors(batch: Batch, name: str) -> None:
    target = BatchTarget(batch, "fraud")
    made = target.manifest(A, digest=None, rollout_id=0)
    assert made is not None
    assert target.key.name == made["metadata"]["name"] == name


def test_where_it_is_missing_it_is_to_be_made_with_the_specs_model() -> None:
    seen = look()
    assert isinstance(seen, Absent)
    assert seen.uri == A
    assert f"no ConfigMap fraud-model with the label {LABEL}: batch" in seen.message


def test_it_is_made_with_the_three_keys_our_label_and_no_owner() -> None:
    """With an owner it would go with the monitor, and batch jobs would find no model."""
    assert TARGET.manifest(B, digest=DIGEST, rollout_id=3) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "fraud-model",
            "labels": {LABEL: "batch"},
            "annotations": {ROLLOUT_ANNOTATION: "3"},
        },
        "data": {"modelUri": B, "version": "3", "digest": DIGEST},
    }


def test_what_is_made_is_in_the_watch() -> None:
    made = TARGET.manifest(A, digest=None, rollout_id=0)
    assert made is not None
    assert TARGET.kind.holder.selects(made)
    assert not TARGET.kind.holder.selects({"metadata": {"labels": {LABEL: "other"}}})
    assert not TARGET.kind.holder.selects({"metadata": {}})


@pytest.mark.parametrize("data", [{"modelUri": ""}, {}], ids=["empty", "no such key"])
def test_without_a_uri_somebody_is_told(data: Raw) -> None:
    raw = {**config_map(), "data": data}
    seen = look(raw)
    assert isinstance(seen, Problem)
    assert not isinstance(seen, Absent)
    assert "ConfigMap fraud-model has no modelUri. Set it" in seen.message


@pytest.mark.parametrize("annotations", [None, {"team": "fraud", ROLLOUT_ANNOTATION: "6"}])
def test_the_patch_changes_the_three_keys_and_our_annotation_and_nothing_else(
    annotations: dict[str, str] | None,
) -> None:
    before = config_map(annotations, theirs="stays")
    before["metadata"].setdefault("annotations", None)
    expected = copy.deepcopy(before)
    expected["data"] |= {"modelUri": B, "version": "7", "digest": DIGEST}
    expected["metadata"]["annotations"] = {**(annotations or {}), ROLLOUT_ANNOTATION: "7"}
    assert applied(TARGET.patch(Namespace(before), MOVE), before) == expected


def test_a_digest_that_nobody_knows_is_empty_and_not_the_one_before() -> None:
    before = config_map({}, digest=DIGEST)
    after = applied(TARGET.patch(Namespace(before), Move("uid-of-cm", 812, 8, A, B)), before)
    assert after["data"]["digest"] == ""


def test_keys_that_somebody_took_away_come_back_with_the_patch() -> None:
    before = {**config_map({}), "data": {"modelUri": A}}
    after = applied(TARGET.patch(Namespace(before), MOVE), before)
    assert after["data"] == {"modelUri": B, "version": "7", "digest": DIGEST}


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("metadata", "uid", "another"),
        ("metadata", "resourceVersion", "813"),
        ("data", "modelUri", "s3://models/theirs"),
    ],
    ids=["made again", "written by anybody", "moved by somebody"],
)
def test_a_patch_of_what_has_changed_meanwhile_is_refused(part: str, key: str, value: str) -> None:
    body = TARGET.patch(Namespace(config_map({})), MOVE)
    now = config_map({})
    now[part][key] = value
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        applied(body, now)


def test_of_an_object_that_is_another_one_or_gone_there_is_no_patch() -> None:
    again = config_map()
    again["metadata"]["uid"] = "another"
    assert TARGET.patch(Namespace(again), MOVE) is None
    assert TARGET.patch(Namespace(), MOVE) is None
