from pathlib import Path
from typing import Any

import pytest
import yaml

from modelmonitor.cli.manifest import ManifestError, read_manifest
from tests.unit.cli.test_evaluate import manifest

EXAMPLES = Path(__file__).parents[3] / "examples"


def changed(path: str, value: Any) -> str:
    """The manifest with one field set (or, with ..., removed)."""
    document = manifest()
    *parents, last = path.split(".")
    inner: Any = document
    for name in parents:
        inner = inner[int(name) if isinstance(inner, list) else name]
    key = int(last) if isinstance(inner, list) else last
    if value is ...:
        del inner[key]
    else:
        inner[key] = value
    return yaml.safe_dump(document)


def test_a_manifest_is_read_also_from_among_other_objects(tmp_path: Path) -> None:
    path = tmp_path / "all.yaml"
    path.write_text("kind: Service\n---\n" + yaml.safe_dump(manifest()) + "---\n")
    read = read_manifest(path)
    assert (read.name, read.namespace, read.spec.metrics[0].min) == ("clicks", "shop", 0.5)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        pytest.param("a: [1", "is not YAML: expected ',' or ']'", id="not YAML"),
        pytest.param("kind: Service", "holds no objects of kind ModelMonitor", id="no monitor in it"),
        pytest.param(
            "---\n".join([yaml.safe_dump(manifest())] * 2), "holds 2 objects of kind ModelMonitor", id="two monitors"
        ),
        pytest.param(
            changed("apiVersion", "v1"), "apiVersion: is 'v1'; write modelmonitor.dev/v1alpha1", id="another API"
        ),
        pytest.param(changed("metadata.name", ...), "metadata.name: is missing", id="no name"),
        pytest.param(changed("spec", ...), "spec: an object with fields belongs here, not None", id="no spec"),
        pytest.param(changed("spec.model", ...), "spec.model: is missing; it must be set", id="a field is missing"),
        pytest.param(changed("spec.windows.lenght", "7d"), "spec.windows.lenght: there is no such field", id="a typo"),
        pytest.param(
            changed("spec.model.positive_class", "1"),
            "spec.model.positive_class: there is no such field",
            id="the inside name of a field",
        ),
        pytest.param(
            changed("spec.windows.length", "1w"),
            "spec.windows.length: '1w' is not a duration: write a whole number",
            id="not a duration",
        ),
        pytest.param(
            changed("spec.metrics.0.name", "f2"),
            "spec.metrics[0].name: 'f2' is not one of 'accuracy', 'balanced_accuracy'",
            id="an unknown metric",
        ),
        pytest.param(
            changed("spec.metrics.0.min", 20),
            "spec.metrics[0].min: 20 is not between 0 and 1",
            id="a share over 1",
        ),
        pytest.param(
            changed("spec.metrics.0.noWorseThan", {"promotion": {"by": 5}}),
            "spec.metrics[0].noWorseThan.promotion.by: 5 is not below 1",
            id="worse by more than there is",
        ),
        pytest.param(
            changed("spec.metrics.0.noWorseThan", {"reference": {"by": 0.1}}),
            "spec.metrics[0].noWorseThan.reference: compares with data.reference; set it",
            id="no reference",
        ),
        pytest.param(
            changed("spec.challenger", {"guards": [{"metric": "recall", "margin": 2}]}),
            "spec.challenger.guards[0].margin: 2 is not below 1",
            id="a margin over 1",
        ),
        pytest.param(changed("spec.metrics", []), "spec.metrics: has 0 entries; at least 1 are needed", id="no metric"),
        pytest.param(changed("spec.metrics.0.min", ...), "needs an objective", id="a metric without an objective"),
        pytest.param(changed("spec.metrics.1.name", "f1"), "f1", id="a metric twice"),
        pytest.param(
            changed("spec.data.predictions", {"column": {}, "model": {}}),
            "spec.data.predictions: set exactly one of column, model, endpoint",
            id="two of a choice",
        ),
        pytest.param(
            changed("spec.data.columns.score", ...), "spec.data.predictions.column", id="no column of predictions"
        ),
        pytest.param(
            changed("spec.data.predictions", {"model": {}}).replace("score: score", "modelVersion: model"),
            "spec.data.columns.modelVersion: says which model made a logged prediction",
            id="a version where nothing was logged",
        ),
        pytest.param(
            changed("spec.data.predictions", {"endpoint": {"url": "http://x", "model": "m", "secretName": "s"}}),
            "spec.data.predictions.endpoint.secretName: is a token",
            id="a token without encryption",
        ),
        pytest.param(
            changed("spec.data.predictions", {"endpoint": {"url": "http://user@x", "model": "m"}}),
            "spec.data.predictions.endpoint.url:",
            id="an address with a user",
        ),
        pytest.param(
            changed("spec.data.predictions", {"endpoint": {"url": "http://x", "model": "m", "timeout": "11m"}}),
            "spec.data.predictions.endpoint.timeout: is of one request",
            id="a request that takes for ever",
        ),
        pytest.param(
            changed("spec.model.task", "Regression").replace(
                "column: {}", "endpoint: {url: 'http://x', model: m, classes: [a, b]}"
            ),
            "spec.data.predictions.endpoint.classes: says which class each probability is of",
            id="classes of a regression",
        ),
        pytest.param(changed("spec.windows.every", "9d"), "longer than windows.length", id="rows between windows"),
        pytest.param(
            changed("spec.windows.timeZone", "EasternTime"),
            "spec.windows.timeZone: 'EasternTime' is not a time zone",
            id="no such time zone",
        ),
        pytest.param(
            changed("spec.model.positiveClass", 1),
            'spec.model.positiveClass: a text belongs here, not 1; put it in quotes ("1")',
            id="a number for a text",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_field_and_what_to_do(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "monitor.yaml"
    path.write_text(text)
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    told = str(caught.value)
    assert problem in told
    assert "pydantic" not in told
    assert "type=" not in told


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    document = manifest()
    del document["spec"]["model"]
    document["spec"]["metricz"] = []
    (tmp_path / "monitor.yaml").write_text(yaml.safe_dump(document))
    with pytest.raises(ManifestError) as caught:
        read_manifest(tmp_path / "monitor.yaml")
    assert {problem.split(":")[0] for problem in caught.value.problems} == {"spec.model", "spec.metricz"}


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_good_manifests(path: Path) -> None:
    assert read_manifest(path).spec.metrics


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="cannot be read: No such file or directory"):
        read_manifest(tmp_path / "monitor.yaml")
