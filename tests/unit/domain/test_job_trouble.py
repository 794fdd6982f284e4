"""What Kubernetes says of a Job, and what a person reads."""

from datetime import UTC, datetime
from typing import Any

import pytest

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.domain.job_trouble import explained
from modelmonitor.domain.observation import JobSeen, JobState
from tests.unit.domain.manifests import manifest

RESOLVING = 'failed to pull and unpack image "shop/trainer:1": failed to resolve reference "shop/trainer:1"'
PULLING = f"container trainer: {RESOLVING}"
PAUSING = f'container trainer: Back-off pulling image "shop/trainer:1": ErrImagePull: {RESOLVING}'
NO_POD = 'Error creating: pods "flights-t-0123456789-x7k2p" is forbidden: '
QUOTA = "exceeded quota: team, requested: pods=1, used: pods=10, limited: pods=10"
PRIVILEGED = 'violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false'


def spec() -> ModelMonitorSpec:
    return ModelMonitorSpec.model_validate(
        manifest()
        | {
            "data": {
                **manifest()["data"],
                "current": {"files": {"uri": "s3://lake/", "secretName": "lake"}},
                "labels": {"files": {"uri": "s3://lake/late/", "secretName": "labels"}, "join": ["flight"]},
                "predictions": {"endpoint": {"url": "https://gateway", "model": "flights", "secretName": "token"}},
            },
            "reports": {"uri": "s3://reports/", "secretName": "lake"},
        }
    )


def job(state: JobState, reason: str, message: str) -> JobSeen:
    return JobSeen("flights-t-0123456789", "uid", state, datetime(2013, 5, 4, tzinfo=UTC), reason, message)


def waits(sentence: str, reason: str, message: str, expected: str, *says: str, trains: bool = False) -> Any:
    return pytest.param(reason, message, expected, says, trains, id=sentence)


@pytest.mark.parametrize(
    ("reason", "message", "expected", "says", "trains"),
    [
        waits(
            "a Secret of the data and the reports: which fields name it",
            "CreateContainerConfigError",
            'container evaluator: secret "lake" not found',
            "CreateContainerConfigError",
            "The evaluation Job cannot start",
            "Create Secret lake",
            "in spec.data.current.files.secretName, spec.reports.secretName.",
        ),
        waits(
            "a Secret of labels that arrive apart",
            "CreateContainerConfigError",
            'container evaluator: secret "labels" not found',
            "CreateContainerConfigError",
            "Create Secret labels",
            "in spec.data.labels.files.secretName.",
        ),
        waits(
            "the Secret with an endpoint's token",
            "CreateContainerConfigError",
            'container evaluator: secret "token" not found',
            "CreateContainerConfigError",
            "Create Secret token",
            "in spec.data.predictions.endpoint.secretName.",
        ),
        waits(
            "a Secret volume of the trainer",
            "FailedMount",
            'MountVolume.SetUp failed for volume "keys" : secret "keys" not found',
            "FailedMount",
            "The training Job cannot start",
            "Create Secret keys, or name another one in spec.retrain.jobTemplate.",
            trains=True,
        ),
        waits(
            "an account",
            "FailedCreate",
            f'{NO_POD}error looking up service account shop/robot: serviceaccount "robot" not found',
            "FailedCreate",
            "Create ServiceAccount robot, or name another one in spec.jobs.serviceAccountName.",
        ),
        waits(
            "a trainer's image", "ErrImagePull", PULLING, "ImagePullBackOff", "spec.retrain.jobTemplate", trains=True
        ),
        waits("our own image", "ErrImagePull", PULLING, "ImagePullBackOff", "images.evaluator"),
        waits(
            "an image that does not exist",
            "ErrImagePull",
            f"{PULLING}: shop/trainer:1: not found",
            "ImagePullBackOff",
            "image shop/trainer:1 cannot be pulled: there is no such image.",
            trains=True,
        ),
        waits(
            "an image behind a login",
            "ErrImagePull",
            f"{PULLING}: pull access denied",
            "ImagePullBackOff",
            "the registry refuses. Correct the image in spec.retrain.jobTemplate, or name imagePullSecrets there.",
            trains=True,
        ),
        waits(
            "a quota",
            "FailedCreate",
            NO_POD + QUOTA,
            "QuotaExceeded",
            f"The evaluation Job cannot start: {QUOTA}. Ask for a larger quota",
        ),
        waits(
            "Pod Security",
            "FailedCreate",
            NO_POD + PRIVILEGED,
            "PodSecurityViolated",
            f"The training Job cannot start: {PRIVILEGED}. Correct securityContext in spec.retrain.jobTemplate.",
            trains=True,
        ),
        waits(
            "no room",
            "Unschedulable",
            "0/3 nodes are available: 3 Insufficient memory.",
            "Unschedulable",
            "3 Insufficient memory. Lower spec.jobs.resources.requests",
        ),
        waits("whatever else", "JobSuspended", "its spec.suspend is true", "JobSuspended", "spec.suspend is true."),
    ],
)
def test_a_job_that_cannot_start_says_what_to_change(
    reason: str, message: str, expected: str, says: tuple[str, ...], trains: bool
) -> None:
    told = explained(job(JobState.WAITING, reason, message), spec(), trains=trains)
    assert told.reason == expected
    assert [words for words in says if words not in told.message] == []
    assert "x7k2p" not in told.message


def test_an_image_that_cannot_be_pulled_is_told_the_same_while_the_kubelet_tries_and_while_it_pauses() -> None:
    lookup = "dial tcp: lookup registry.shop on 10.96.0.10:53: read udp 10.1.0.7:{}->10.96.0.10:53: i/o timeout"
    tries = [("ErrImagePull", PULLING, 40112), ("ImagePullBackOff", PAUSING, 40112), ("ErrImagePull", PULLING, 51733)]
    told = {
        explained(job(JobState.WAITING, reason, f"{text}: {lookup.format(port)}"), spec(), trains=True)
        for reason, text, port in tries
    }
    assert len(told) == 1
    assert "the registry cannot be reached" in told.pop().message


def test_a_job_whose_pod_was_taken_away_was_interrupted() -> None:
    told = explained(job(JobState.FAILED, "BackoffLimitExceeded", "Job has reached …"), spec(), trains=False)
    assert told.reason == "Interrupted"
    assert told.message.startswith("The evaluation Job lost its Pod")


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCEEDED, JobState.FAILED, JobState.WAITING])
def test_where_there_is_nothing_to_explain_a_job_stays_as_it_is(state: JobState) -> None:
    reason = "OutOfMemory" if state is JobState.FAILED else ""
    seen = job(state, reason, "container evaluator needed more memory than its limit" if reason else "")
    assert explained(seen, spec(), trains=False) == seen
