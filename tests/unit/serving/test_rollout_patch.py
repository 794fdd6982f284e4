"""The JSON Patch of a rollout: it applies only to what the decision saw, and changes one URI and our annotation."""

import copy
from typing import Any

import jsonpatch
import pytest

from modelmonitor.api.serving import SeldonDeploymentRef
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION
from modelmonitor.serving.seldon_deployment import rollout_patch
from modelmonitor.serving.seldon_objects import SeldonDeploymentSeen
from tests.unit.serving.objects import node, predictor, seldon_deployment

Raw = dict[str, Any]
A, B, OTHER = "s3://models/a", "s3://models/b", "s3://models/other"
SPEC = (
    predictor("shadow", node("classifier", OTHER)),
    predictor("default", node("combiner", None, node("left", OTHER), node("classifier", A))),
)
TARGET = SeldonDeploymentRef(name="fraud", predictor="default", node="classifier")
PLACE = "/spec/predictors/1/graph/children/1/modelUri"


def patched(raw: Raw, onto: Raw | None = None) -> Raw:
    body = rollout_patch(SeldonDeploymentSeen.of(raw), TARGET, rollout_id=7, generation=4, from_uri=A, to_uri=B)
    assert body is not None
    result: Raw = jsonpatch.apply_patch(onto if onto is not None else raw, body)
    return result


@pytest.mark.parametrize(
    "annotations",
    [None, {}, {"team": "fraud"}, {"team": "fraud", ROLLOUT_ANNOTATION: "6"}],
    ids=["no annotations", "empty", "somebody's", "ours from before"],
)
def test_it_changes_the_uri_and_our_annotation_and_nothing_else(annotations: dict[str, str] | None) -> None:
    # `test null` passes at the API server where the key is missing (recorded); this library wants it there.
    before = seldon_deployment(*SPEC, annotations=annotations)
    expected = copy.deepcopy(before)
    expected["spec"]["predictors"][1]["graph"]["children"][1]["modelUri"] = B
    expected["metadata"]["annotations"] = {**(annotations or {}), ROLLOUT_ANNOTATION: "7"}
    assert patched(before) == expected


def meanwhile(**meta: Any) -> Raw:
    return seldon_deployment(*SPEC, annotations=None) | {"metadata": {**seldon_deployment()["metadata"], **meta}}


def moved(spec: tuple[Raw, ...]) -> Raw:
    return seldon_deployment(*spec, annotations=None)


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(meanwhile(uid="another", annotations=None), id="it was deleted and made again"),
        pytest.param(meanwhile(generation=5, annotations=None), id="somebody changed its spec"),
        pytest.param(meanwhile(annotations={"team": "fraud"}), id="it has got its first annotation"),
        pytest.param(moved((SPEC[1], SPEC[0])), id="the predictors changed places"),
        pytest.param(
            moved((SPEC[0], predictor("default", node("combiner", None, node("classifier", A), node("left", OTHER))))),
            id="the nodes changed places",
        ),
        pytest.param(
            moved((SPEC[0], predictor("default", node("combiner", None, node("left", OTHER), node("classifier", B))))),
            id="it has the new model already",
        ),
        pytest.param(moved((SPEC[0],)), id="the predictor is gone"),
    ],
)
def test_it_does_not_apply_to_what_the_decision_did_not_see(live: Raw) -> None:
    before = seldon_deployment(*SPEC, annotations=None)
    with pytest.raises((jsonpatch.JsonPatchTestFailed, jsonpatch.JsonPatchConflict)):
        patched(before, onto=live)


def test_there_is_none_for_a_node_that_is_gone() -> None:
    live = SeldonDeploymentSeen.of(seldon_deployment(SPEC[0]))
    assert rollout_patch(live, TARGET, rollout_id=7, generation=4, from_uri=A, to_uri=B) is None


def test_the_place_of_the_uri_is_the_nodes() -> None:
    body = rollout_patch(
        SeldonDeploymentSeen.of(seldon_deployment(*SPEC)), TARGET, rollout_id=7, generation=4, from_uri=A, to_uri=B
    )
    assert body is not None
    assert {"op": "replace", "path": PLACE, "value": B} in body
