"""The Jobs that follow from a status: golden pairs, each `<case>.monitor.yaml` beside `<case>.job.yaml`."""

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from modelmonitor.api.job import INPUT_ANNOTATION, EvaluationInput
from modelmonitor.controller import jobs, labels
from modelmonitor.controller.gather import Surroundings, gather
from modelmonitor.controller.projections import Key
from modelmonitor.domain.actions import StartEvaluation, StartTraining
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import Observation
from modelmonitor.evaluation.endpoint.answer import TOKEN_VARIABLE
from modelmonitor.kube.errors import RefusedError
from modelmonitor.kube.resources import SELDON_DEPLOYMENTS
from tests.unit.controller.objects import TEAM, heard_of, seldon_deployment

Raw = dict[str, Any]
FOLDER = Path(__file__).parents[2] / "data" / "jobs" / "pairs"
PAIRS = sorted(FOLDER.glob("*.monitor.yaml"))
NOW = datetime(2013, 4, 2, tzinfo=UTC)


def decided(monitor: Raw) -> tuple[Observation, StartEvaluation | StartTraining]:
    """What is seen of a monitor, and the Job that its status asks for."""
    meta = {"namespace": TEAM, "resourceVersion": "1", **monitor["metadata"]}
    cache = heard_of({**monitor, "metadata": meta})
    target = monitor["spec"]["model"]["serving"]["seldonDeployment"]
    live = seldon_deployment(target.get("predictor", "default"), monitor["status"]["servingModel"]["uri"])
    cache.serving[SELDON_DEPLOYMENTS].apply(live)
    gathered = gather(cache, Key(TEAM, meta["name"]), Surroundings(), now=NOW)
    assert gathered is not None
    starts = [one for one in decide(gathered.seen, NOW).actions if isinstance(one, StartTraining | StartEvaluation)]
    assert len(starts) == 1
    return gathered.seen, starts[0]


def job_of(monitor: Raw) -> Raw:
    seen, start = decided(monitor)
    if isinstance(start, StartTraining):
        return jobs.training_job(seen, start.name, start.identity, start.attempt)
    return jobs.evaluation_job(
        seen, start.name, start.identity, start.job_input, image="evaluator:1", pull_policy="IfNotPresent"
    )


def read(case: str) -> Raw:
    document: Raw = yaml.safe_load((FOLDER / f"{case}.monitor.yaml").read_text())
    return document


@pytest.mark.parametrize("path", PAIRS, ids=lambda path: path.name.partition(".")[0].replace("-", " "))
def test_a_monitor_becomes_the_job_beside_it(path: Path) -> None:
    case = path.name.partition(".")[0]
    assert job_of(read(case)) == yaml.safe_load((FOLDER / f"{case}.job.yaml").read_text())


def test_the_input_is_read_back_as_it_was_written() -> None:
    monitor = read("comparison-with-everything-set")
    _, start = decided(monitor)
    assert isinstance(start, StartEvaluation)
    text = job_of(monitor)["spec"]["template"]["metadata"]["annotations"][INPUT_ANNOTATION]
    assert "verspätet" in text, "as a person would read it, and half as long as escaped"
    assert EvaluationInput.model_validate_json(text) == start.job_input


def test_an_endpoints_token_gets_to_the_job_by_the_kubelet_alone() -> None:
    monitor = read("evaluation-with-defaults")
    endpoint = {"url": "https://gateway/seldon/team/flights", "model": "classifier", "secretName": "token"}
    monitor["spec"]["data"]["predictions"] = {"endpoint": endpoint}
    (container,) = job_of(monitor)["spec"]["template"]["spec"]["containers"]
    assert container["envFrom"] == [{"prefix": "MODELMONITOR_ENDPOINT_", "secretRef": {"name": "token"}}]
    assert f"{container['envFrom'][0]['prefix']}TOKEN" == TOKEN_VARIABLE


def test_a_template_is_copied_and_not_changed() -> None:
    monitor = read("training-keeps-the-template")
    seen, start = decided(monitor)
    assert isinstance(start, StartTraining)
    assert seen.spec.retrain is not None
    before = copy.deepcopy(seen.spec.retrain.job_template)
    jobs.training_job(seen, start.name, start.identity, start.attempt)
    assert seen.spec.retrain.job_template == before


def test_the_record_of_an_evaluation_belongs_to_its_monitor_and_says_what_was_asked() -> None:
    seen, start = decided(read("comparison-with-everything-set"))
    assert isinstance(start, StartEvaluation)
    record = jobs.evaluation_record(seen, start.name, start.identity, start.record.document(), start.record.role)
    assert record["metadata"]["ownerReferences"] == [jobs.owner(seen)]
    assert record["metadata"]["labels"][labels.ROLE] == "candidate"
    assert record["metadata"]["name"] == job_of(read("comparison-with-everything-set"))["metadata"]["name"]
    assert record["spec"]["candidateUri"] == "s3://models/flights/x/1-20130320T000000Z/model"
    json.dumps(record, allow_nan=False)


@pytest.mark.parametrize(
    ("template", "words"),
    [
        pytest.param({"metadata": "mine"}, "jobTemplate.metadata is not an object", id="metadata is a word"),
        pytest.param({"metadata": {"labels": ["a"]}}, "metadata.labels is not an object", id="labels are a list"),
        pytest.param(
            {"spec": {"template": {"spec": "pod"}}}, "spec.template.spec is not an object", id="the pod is a word"
        ),
        pytest.param(
            {"spec": {"template": {"spec": {"containers": {"name": "x"}}}}},
            "spec.template.spec.containers is not a list of objects",
            id="containers are an object",
        ),
        pytest.param(
            {"spec": {"template": {"spec": {"containers": ["x"]}}}},
            "spec.template.spec.containers is not a list of objects",
            id="a container is a word",
        ),
        pytest.param(
            {"spec": {"template": {"spec": {"containers": [{"name": "x", "env": {"A": "b"}}]}}}},
            "spec.template.spec.containers.env is not a list of objects",
            id="the environment is an object",
        ),
    ],
)
def test_a_template_that_nobody_could_use_is_refused_with_the_field(template: Raw, words: str) -> None:
    monitor = read("training-with-the-least-template")
    monitor["spec"]["retrain"]["jobTemplate"] = {"spec": {"template": {}}} | template
    with pytest.raises(RefusedError, match=words) as caught:
        job_of(monitor)
    assert caught.value.reason == "InvalidJobTemplate"


def test_a_template_without_containers_is_the_api_servers_to_refuse() -> None:
    monitor = read("training-with-the-least-template")
    monitor["spec"]["retrain"]["jobTemplate"] = {"spec": {"template": {}}}
    assert job_of(monitor)["spec"]["template"]["spec"]["containers"] == []
