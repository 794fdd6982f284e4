"""What is read from a SeldonDeployment and its Deployments, beyond what the recordings have."""

from datetime import UTC, datetime
from typing import Any

import pytest

from modelmonitor.api.serving import SeldonDeploymentRef
from modelmonitor.domain.observation import Problem, Progress, ServingSeen
from modelmonitor.serving.protocol import ROLLOUT_ANNOTATION
from modelmonitor.serving.seldon_deployment import observe
from modelmonitor.serving.seldon_objects import DeploymentSeen, SeldonDeploymentSeen
from tests.unit.serving.objects import deployment, node, predictor, seldon_deployment

Raw = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
A, B = "s3://models/a", "s3://models/b"
SIMPLE = predictor("default", node("classifier", A))
CHAIN = predictor("default", node("transformer", None, node("router", None, node("left", A), node("classifier", B))))


def look(
    live: Raw | None, *deployments: Raw, node: str = "classifier", predictor: str = "default"
) -> ServingSeen | Problem:
    target = SeldonDeploymentRef(name="fraud", predictor=predictor, node=node)
    seen = SeldonDeploymentSeen.of(live) if live else None
    return observe(target, seen, [DeploymentSeen.of(one) for one in deployments], now=NOW)


def progress(live: Raw, *deployments: Raw, **where: str) -> tuple[Progress, str]:
    found = look(live, *deployments, **where)
    assert isinstance(found, ServingSeen)
    return found.progress, found.detail


@pytest.mark.parametrize(
    ("live", "where", "reason", "words"),
    [
        pytest.param(None, {}, "ServingTargetNotFound", "no SeldonDeployment fraud in this namespace", id="not there"),
        pytest.param(
            seldon_deployment(SIMPLE), {"node": "clasifier"}, "ServingNodeNotFound",
            "(it has predictor/node: default/classifier)", id="a typo in the node",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), {"predictor": "main"}, "ServingNodeNotFound",
            "no node classifier in predictor main", id="another predictor",
        ),
        pytest.param(
            seldon_deployment(CHAIN), {"node": "router"}, "ServingNodeWithoutModel",
            "node router of fraud has no modelUri", id="a node that has no model",
        ),
        pytest.param(seldon_deployment(), {}, "ServingNodeNotFound", "(it has predictor/node: none)", id="no graph"),
        pytest.param(
            seldon_deployment({"name": "default"}), {}, "ServingNodeNotFound", "none", id="a predictor without a graph"
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_found_is_a_problem_that_says_what_there_is(
    live: Raw | None, where: dict[str, str], reason: str, words: str
) -> None:
    found = look(live, **where)
    assert isinstance(found, Problem)
    assert found.reason == reason
    assert words in found.message


@pytest.mark.parametrize(
    ("spec", "where", "uri", "pointer"),
    [
        pytest.param([SIMPLE], {}, A, "/spec/predictors/0/graph", id="the root"),
        pytest.param([CHAIN], {}, B, "/spec/predictors/0/graph/children/0/children/1", id="deep in the graph"),
        pytest.param([CHAIN], {"node": "left"}, A, "/spec/predictors/0/graph/children/0/children/0", id="its sibling"),
        pytest.param(
            [predictor("shadow", node("classifier", B)), SIMPLE], {}, A, "/spec/predictors/1/graph", id="the second"
        ),
        pytest.param(
            [predictor("main", node("classifier", A)), predictor("canary", node("classifier", B))],
            {"predictor": "canary"}, B, "/spec/predictors/1/graph", id="same node, another predictor",
        ),
    ],
)  # fmt: skip
def test_a_node_is_found_wherever_it_is(spec: list[Raw], where: dict[str, str], uri: str, pointer: str) -> None:
    live = seldon_deployment(*spec)
    found = look(live, **where)
    assert isinstance(found, ServingSeen)
    assert found.uri == uri
    (place,) = [one.pointer for one in SeldonDeploymentSeen.of(live).nodes if one.uri == uri]
    assert place == pointer


@pytest.mark.parametrize(
    ("annotations", "rollout"),
    [
        pytest.param(None, 0, id="none"),
        pytest.param({"other": "7"}, 0, id="not ours"),
        pytest.param({ROLLOUT_ANNOTATION: "12"}, 12, id="ours"),
        pytest.param({ROLLOUT_ANNOTATION: "-3"}, 0, id="negative"),
        pytest.param({ROLLOUT_ANNOTATION: "twelve"}, 0, id="no number"),
        pytest.param({ROLLOUT_ANNOTATION: "²"}, 0, id="a digit that int() does not read"),
        pytest.param({ROLLOUT_ANNOTATION: "9" * 30}, 0, id="a number that no status can hold"),
    ],
)
def test_the_rollout_annotation_is_a_small_number_or_nothing(annotations: dict[str, str] | None, rollout: int) -> None:
    found = look(seldon_deployment(SIMPLE, annotations=annotations))
    assert isinstance(found, ServingSeen)
    assert found.rollout_id == rollout


GOOD = deployment("fraud-default-0-classifier", "default", {"classifier": A})


@pytest.mark.parametrize(
    ("live", "deployments", "expected", "detail"),
    [
        pytest.param(seldon_deployment(SIMPLE), [GOOD], Progress.DONE, "", id="settled and Available"),
        pytest.param(
            seldon_deployment(SIMPLE, state=None), [], Progress.UNDER_WAY, "no Deployment loads", id="just created"
        ),
        pytest.param(
            seldon_deployment(SIMPLE, state=None), [GOOD], Progress.UNDER_WAY, "says nothing", id="no state yet"
        ),
        pytest.param(
            seldon_deployment(SIMPLE, state="Failed"), [GOOD], Progress.UNDER_WAY, "says Failed",
            id="Deployments are well, another predictor is not",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [deployment("d", "default", {"classifier": B})], Progress.UNDER_WAY,
            "still loads another model", id="the Deployment is not changed yet",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [deployment("d", "default", {"classifier": A}, generation=3)],
            Progress.UNDER_WAY, "d: 1 of 1 updated", id="the Deployment's own controller lags behind",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [deployment("d", "default", {"classifier": A}, replicas=2, availableReplicas=2)],
            Progress.UNDER_WAY, "1 of 1 updated, 2 available", id="an old pod still serves",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [deployment("d", "default", {"classifier": A}, unavailableReplicas=1)],
            Progress.UNDER_WAY, "1 available", id="one is unavailable",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [GOOD, deployment("engine", "", {}, availableReplicas=0)],
            Progress.UNDER_WAY, "Deployment engine", id="an engine in a pod of its own is not ready",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [GOOD, deployment("other", "canary", {"classifier": B}, availableReplicas=0)],
            Progress.DONE, "", id="another predictor rolls",
        ),
        pytest.param(
            seldon_deployment(SIMPLE), [deployment("d", "default", {"classifier": A}, owner="somebody-else")],
            Progress.UNDER_WAY, "no Deployment loads", id="a namesake's Deployment is no proof",
        ),
        pytest.param(
            seldon_deployment(CHAIN), [deployment("d", "default", {"left": A, "classifier": B})],
            Progress.DONE, "", id="two models in one pod",
        ),
        pytest.param(
            seldon_deployment(CHAIN),
            [
                deployment("one", "default", {"left": A}, updatedReplicas=0),
                deployment("two", "default", {"classifier": B}),
            ],
            Progress.UNDER_WAY, "Deployment one", id="two models in two pods, the other one is not ready",
        ),
        pytest.param(
            seldon_deployment(predictor("default", node("classifier", "pvc://models/late/7"))),
            [deployment("d", "default", {"classifier": "/mnt/pvc/late/7"})], Progress.DONE, "", id="a volume's path",
        ),
        pytest.param(
            seldon_deployment(predictor("default", node("classifier", "pvc://models/late/8"))),
            [deployment("d", "default", {"classifier": "/mnt/pvc/late/7"})], Progress.UNDER_WAY, "another model",
            id="another path of the same volume",
        ),
    ],
)  # fmt: skip
def test_a_roll_is_done_when_every_pod_of_the_predictor_is_new_and_available(
    live: Raw, deployments: list[Raw], expected: Progress, detail: str
) -> None:
    found, said = progress(live, *deployments)
    assert found is expected
    assert detail in said


def test_a_deployment_that_was_just_created_has_no_status() -> None:
    raw = {key: value for key, value in GOOD.items() if key != "status"}
    assert progress(seldon_deployment(SIMPLE), raw)[0] is Progress.UNDER_WAY
