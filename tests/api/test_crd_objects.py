"""What the API server stores, keeps apart and shows of our kinds."""

from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from e2e.cluster.controlplane import ControlPlane
from e2e.cluster.errors import ClusterError
from e2e.cluster.progress import Step, wait_until
from modelmonitor.api.kinds import KINDS
from modelmonitor.api.monitor import ModelMonitorSpec
from tests.api.custom_objects import MANIFESTS, ROOT, CustomObjects, manifest, merged

EXAMPLES: Final = sorted((ROOT / "examples").glob("*.yaml"))
SCHEMAS: Final = sorted((ROOT / "tests" / "data" / "crdgen").glob("*.yaml"))


def golden(name: str) -> str:
    return (MANIFESTS / name).read_text(encoding="utf-8")


def test_a_minimal_manifest_is_stored_with_its_defaults(dry_run: CustomObjects) -> None:
    stored = dry_run.try_create(manifest("minimal")).stored

    assert yaml.safe_dump(stored["spec"]) == golden("minimal.stored.yaml")


@pytest.mark.parametrize("name", ["minimal", "full"])
def test_without_a_cluster_the_same_defaults_are_filled_in(dry_run: CustomObjects, name: str) -> None:
    stored = dry_run.try_create(manifest(name)).stored

    assert ModelMonitorSpec.model_validate(manifest(name)["spec"]) == ModelMonitorSpec.model_validate(stored["spec"])


def test_null_says_the_same_as_nothing(dry_run: CustomObjects) -> None:
    document = manifest("minimal")
    document["spec"] |= {"verdict": None, "challenger": None, "suspend": None}

    assert dry_run.try_create(document).stored["spec"] == yaml.safe_load(golden("minimal.stored.yaml"))


def test_a_manifest_with_every_field_is_stored_as_it_is_written(dry_run: CustomObjects) -> None:
    stored = dry_run.try_create(manifest("full")).stored

    second = {"severity": "Fail", "minimumRows": 100}
    first, other, *more = manifest("full")["spec"]["metrics"]
    assert stored["spec"] == manifest("full")["spec"] | {"metrics": [first, {**other, **second}, *more]}


@pytest.mark.parametrize("name", ["minimal", "evaluation"])
def test_a_status_in_a_manifest_is_dropped(objects: CustomObjects, name: str) -> None:
    stored = objects.create(manifest(name) | {"status": {"phase": "Watching"}}).stored

    assert "status" not in stored


def test_the_status_and_the_spec_are_written_apart(objects: CustomObjects) -> None:
    stored = objects.create(manifest("minimal")).stored

    noted = objects.write_status(stored, {"spec": {"suspend": True}, "status": {"looks": 3}}).stored
    assert (noted["spec"], noted["status"]) == (stored["spec"], {"looks": 3})
    assert noted["metadata"]["generation"] == 1

    edited = objects.change(noted, {"spec": {"suspend": True}, "status": {"looks": 9}}).stored
    assert (edited["spec"]["suspend"], edited["status"]) == (True, {"looks": 3})
    assert edited["metadata"]["generation"] == 2


def test_a_status_field_that_the_crd_does_not_know_is_cut_off(objects: CustomObjects) -> None:
    stored = objects.create(manifest("minimal")).stored

    noted = objects.write_status(stored, {"status": {"looks": 3, "ofANewerOperator": {"a": 1}}}).stored

    assert noted["status"] == {"looks": 3}


def test_a_status_holds_no_number_that_is_none(objects: CustomObjects) -> None:
    stored = objects.create(manifest("evaluation")).stored
    metrics = [{"name": "f1", "verdict": "Fail", "value": float("nan")}]

    assert "invalid character 'N'" in objects.write_status(stored, {"status": {"metrics": metrics}}).message


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_api_server_has_nothing_to_say_against_the_crd(api_server: ControlPlane, kind: Any) -> None:
    found = yaml.safe_load(api_server.kubectl("get", "crd", kind.crd_name, "--output=yaml"))

    said = {condition["type"]: condition["status"] for condition in found["status"]["conditions"]}
    assert said == {"NamesAccepted": "True", "Established": "True"}


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.stem)
def test_the_api_server_takes_every_schema_that_crdgen_is_known_to_make(api_server: ControlPlane, path: Path) -> None:
    crd = yaml.safe_load((ROOT / "crds" / "modelmonitors.yaml").read_text(encoding="utf-8"))
    names = {"kind": "Golden", "listKind": "GoldenList", "plural": "goldens", "singular": "golden"}
    schema = {"type": "object", "properties": {"spec": yaml.safe_load(path.read_text(encoding="utf-8"))}}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    golden_crd = {
        **crd,
        "metadata": {"name": "goldens.test.modelmonitor.dev"},
        "spec": {"group": "test.modelmonitor.dev", "scope": "Namespaced", "names": names, "versions": [version]},
    }

    said = api_server.kubectl("create", "--dry-run=server", "--filename=-", stdin=yaml.safe_dump(golden_crd))

    assert said.strip().endswith("created (server dry run)")


def test_kubectl_get_shows_monitors(api_server: ControlPlane, objects: CustomObjects) -> None:
    stored = objects.create(manifest("minimal")).stored
    condition = {"lastTransitionTime": "2026-01-01T00:00:00Z", "reason": "Fine", "status": "True"}
    window = {"index": 1, "start": "2013-02-01T00:00:00Z", "end": "2013-02-08T00:00:00Z"}
    status = {
        "phase": "Watching",
        "conditions": [
            {**condition, "type": "Ready", "message": "All is well."},
            {**condition, "type": "ModelHealthy", "status": "False"},
            {**condition, "type": "DriftDetected", "status": "True"},
        ],
        "servingModel": {"uri": "s3://models/flights/1", "since": "2026-01-01T00:00:00Z"},
        "lastEvaluation": {
            "name": "flights-e-1",
            "window": window,
            "verdict": "Fail",
            "counting": "Counted",
            "modelUri": "s3://models/flights/1",
            "completedAt": "2016-01-01T00:00:00Z",
        },
        "dataThrough": "2013-02-08T00:00:00Z",
        "nextEvaluationTime": "2126-01-01T06:00:00Z",
        "pendingWindows": [{"window": window, "reason": "LabelsDue"}],
        "trips": 2,
    }
    assert objects.write_status(stored, {"status": status}).message == ""

    header, row = api_server.kubectl("get", "mm", f"--namespace={objects.namespace}", "--output=wide").splitlines()

    names = "NAME READY HEALTHY VERDICT MODEL LAST NEXT PHASE THROUGH DRIFT PENDING TRIPS MESSAGE AGE"
    assert header.split() == names.split()
    shown = row.split()
    assert shown[:5] == ["flights", "True", "False", "Fail", "s3://models/flights/1"]
    assert shown[5].endswith("y")  # years ago
    # kubectl would show a date in the future as <invalid>: this column is a text.
    assert shown[6:9] == ["2126-01-01T06:00:00Z", "Watching", "2013-02-08T00:00:00Z"]
    assert shown[9:12] == ["True", "LabelsDue", "2"]
    assert "All is well." in row


def test_kubectl_get_shows_and_selects_evaluations(api_server: ControlPlane, objects: CustomObjects) -> None:
    one = manifest("evaluation")
    objects.create(one)
    objects.create(merged(one, {"metadata": {"name": "fares-1"}, "spec": {"monitorRef": {"name": "fares"}}}))

    lines = api_server.kubectl(
        "get", "mev", f"--namespace={objects.namespace}", "--field-selector=spec.monitorRef.name=fares"
    ).splitlines()

    assert [line.split()[:5] for line in lines] == [
        ["NAME", "MONITOR", "ROLE", "STAGE", "WINDOW"],
        ["fares-1", "fares", "Candidate", "Quality", "2013-02-04T05:00:00Z"],
    ]


def test_kubectl_explain_reads_like_documentation(api_server: ControlPlane) -> None:
    def explained() -> str:
        return api_server.kubectl("explain", "modelmonitor.spec.windows")

    # The API server publishes a new kind's documentation some moments after it serves the kind.
    with suppress(ClusterError):
        wait_until(lambda: explained() == golden("explain-windows.txt"), Step("explain"), seconds=5, advice="")
    assert explained() == golden("explain-windows.txt")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_can_be_applied(api_server: ControlPlane, path: Path) -> None:
    said = api_server.kubectl("apply", "--dry-run=server", "--validate=strict", f"--filename={path}")

    assert all(line.endswith("created (server dry run)") for line in said.splitlines())


def test_there_is_an_example() -> None:
    assert [path.name for path in EXAMPLES] != []
