"""From the cache to an observation: whose target it is, which serving object is looked at, what is still unknown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modelmonitor.controller.cache import EXPLAINED_FOR, Cache, Explained
from modelmonitor.controller.gather import Gathered, Surroundings, gather
from modelmonitor.controller.projections import Key
from modelmonitor.domain.observation import Absent, JobState, Problem, ServingSeen
from modelmonitor.kube.resources import DEPLOYMENTS, SELDON_DEPLOYMENTS
from modelmonitor.serving.targets import KINDS
from tests.unit.controller.objects import SPEC, TEAM, heard_of, job, monitor, seldon_deployment
from tests.unit.serving.objects import deployment

Raw = dict[str, Any]
NOW = datetime(2026, 1, 1, tzinfo=UTC)
RETRAIN: Raw = {
    "jobTemplate": {"spec": {"template": {"spec": {"containers": []}}}},
    "trainingWindow": "60d",
    "outputUri": "s3://models/",
}
TRAINS = {**SPEC, "retrain": RETRAIN}


def gathered(cache: Cache, name: str = "flights", now: datetime = NOW) -> Gathered:
    found = gather(cache, Key(TEAM, name), Surroundings(), now=now)
    assert found is not None
    return found


def born(name: str, second: int, *, spec: Raw = TRAINS, status: Raw | None = None, **meta: Any) -> Raw:
    return monitor(
        name, spec=spec, status=status, uid=f"uid-{name}", creationTimestamp=f"2026-01-01T00:00:{second:02}Z", **meta
    )


def rolling(target: str, stage: str = "Progressing") -> Raw:
    return {
        "rollout": {
            "id": 1,
            "direction": "Forward",
            "stage": stage,
            "target": {"seldonDeployment": {"name": target, "predictor": "default", "node": "classifier"}},
            "fromUri": "s3://a",
            "toUri": "s3://b",
            "startedAt": "2026-01-01T00:00:00Z",
            "deadline": "2026-01-01T00:15:00Z",
        }
    }


@pytest.mark.parametrize(
    ("others", "owner"),
    [
        pytest.param([], None, id="it is alone"),
        pytest.param([born("older", 1)], "older", id="an older one"),
        pytest.param([born("younger", 9)], None, id="a younger one"),
        pytest.param([born("a-twin", 5)], "a-twin", id="one of the same second, by name"),
        pytest.param([born("z-twin", 5)], None, id="one of the same second, and a later name"),
        pytest.param([born("older", 1, spec=SPEC)], None, id="an older one that only measures"),
        pytest.param([born("older", 1, deletionTimestamp="2026-01-01T00:01:00Z")], None, id="an older one that goes"),
        pytest.param([born("second", 2), born("first", 1)], "first", id="the oldest of three"),
        pytest.param(
            [born("older", 1, spec={**TRAINS, "model": {"serving": {"seldonDeployment": {"name": "x", "node": "y"}}}})],
            None, id="an older one of another target",
        ),
    ],
)  # fmt: skip
def test_a_target_belongs_to_the_oldest_monitor_that_would_change_it(others: list[Raw], owner: str | None) -> None:
    assert gathered(heard_of(born("flights", 5), *others)).seen.owner_of_target == owner


OBSERVES = {**TRAINS, "rollout": {"mode": "Observe"}}


@pytest.mark.parametrize(
    ("mine", "others", "owner"),
    [
        pytest.param(TRAINS, [born("older", 1, spec=OBSERVES)], None, id="an older one that observes owns nothing"),
        pytest.param(OBSERVES, [born("younger", 9)], "younger", id="who observes leaves it to a younger one"),
        pytest.param(OBSERVES, [born("older", 1, spec=OBSERVES)], "older", id="the older of two that observe trains"),
        pytest.param(OBSERVES, [], None, id="it observes, and is alone"),
        pytest.param(
            TRAINS, [born("older", 1, spec=OBSERVES, status=rolling("flights"))], "older",
            id="an older one that chose to observe in the middle of its rollout",
        ),
    ],
)  # fmt: skip
def test_who_observes_owns_a_target_only_when_nobody_else_would_change_it(
    mine: Raw, others: list[Raw], owner: str | None
) -> None:
    assert gathered(heard_of(born("flights", 5, spec=mine), *others)).seen.owner_of_target == owner


def in_batch(**batch: str) -> Raw:
    return {**TRAINS, "model": {"serving": {"batch": {"uri": "s3://a", **batch}}}}


@pytest.mark.parametrize(
    ("other", "owner"),
    [
        pytest.param(in_batch(configMap="flights-model"), "older", id="it names ours"),
        pytest.param(in_batch(configMap="flights-model", uri="s3://b"), "older", id="... with another first model"),
        pytest.param(in_batch(), None, id="it has its own"),
    ],
)
def test_monitors_of_one_config_map_are_rivals(other: Raw, owner: str | None) -> None:
    seen = gathered(heard_of(born("flights", 5, spec=in_batch()), born("older", 1, spec=other))).seen
    assert seen.owner_of_target == owner


def test_a_config_map_that_is_not_there_is_to_be_made_with_the_specs_model() -> None:
    seen = gathered(heard_of(born("flights", 5, spec=in_batch()))).seen
    assert isinstance(seen.serving, Absent)
    assert (seen.serving.uri, seen.makes_serving) == ("s3://a", True)


def test_a_kind_that_is_not_watched_is_told_and_nothing_is_made() -> None:
    """Else a ConfigMap that nobody sees would be made again and again."""
    cache = heard_of(born("flights", 5, spec=in_batch()))
    cache.kinds = tuple(kind for kind in KINDS if kind.name != "batch")
    seen = gathered(cache).seen
    assert isinstance(seen.serving, Problem)
    assert seen.serving.reason == "ServingKindNotWatched"
    assert "leaves batch out of operator.serving" in seen.serving.message
    assert not seen.makes_serving


def test_a_target_that_is_left_in_the_middle_of_a_rollout_still_has_its_owner() -> None:
    gone = {**TRAINS, "model": {"serving": {"seldonDeployment": {"name": "x", "predictor": "default", "node": "y"}}}}
    older = born("older", 1, spec=gone, status=rolling("flights"))
    stays = {"seldonDeployment": {"name": "flights", "predictor": "default", "node": "classifier"}}
    flights = born("flights", 5, spec={**TRAINS, "model": {"serving": stays}})
    assert gathered(heard_of(flights, older)).seen.owner_of_target == "older"
    ended = born("older", 1, spec=gone, status=rolling("flights", "Kept"))
    assert gathered(heard_of(flights, ended)).seen.owner_of_target is None


@pytest.mark.parametrize(
    "status",
    [{}, {"phase": "Haywire"}, {"looks": -1}, {"servingModel": "s3://x"}, {"history": [{"time": "yesterday"}]}],
    ids=["empty", "no such phase", "less than nothing", "a word for an object", "no time"],
)
def test_a_status_that_cannot_be_read_is_none(status: Raw) -> None:
    seen = gathered(heard_of(monitor(status=status))).seen
    assert seen.recorded.document() == gathered(heard_of(monitor())).seen.recorded.document()


def test_a_status_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    seen = gathered(heard_of(monitor(status={"trips": 4, "fieldOfNextYear": {"a": 1}}))).seen
    assert seen.recorded.trips == 4


def test_a_monitor_that_is_gone_or_going_is_not_looked_at() -> None:
    assert gather(Cache(), Key(TEAM, "flights"), Surroundings(), now=NOW) is None
    going = heard_of(monitor(deletionTimestamp="2026-01-01T00:00:00Z"))
    assert gather(going, Key(TEAM, "flights"), Surroundings(), now=NOW) is None


def test_a_schedule_that_the_api_server_could_not_see_to_be_wrong_is_told() -> None:
    wrong = {**SPEC, "windows": {"length": "7d", "every": "7d", "timeZone": "Mars/Olympus"}}
    invalid = gathered(heard_of(monitor(spec=wrong))).seen.invalid
    assert invalid is not None
    assert invalid.reason == "InvalidTimeZone"


def test_jobs_of_another_monitor_with_our_label_are_not_ours() -> None:
    cache = heard_of(monitor())
    cache.jobs.apply(job("ours", {}))
    cache.jobs.apply(job("of-a-namesake-before-us", {}, ownerReferences=[{"uid": "other", "controller": True}]))
    cache.jobs.apply(job("of-nobody", {}, ownerReferences=None))
    assert set(gathered(cache).seen.jobs) == {"ours"}


@pytest.mark.parametrize(
    ("status", "found"),
    [
        pytest.param({}, True, id="no rollout"),
        pytest.param(rolling("flights"), True, id="its rollout"),
        pytest.param(rolling("before"), False, id="a rollout of the target that it had before"),
        pytest.param(
            rolling("before", "Verifying"), False, id="such a rollout that is verified and may be rolled back"
        ),
        pytest.param(rolling("before", "Kept"), True, id="such a rollout that has ended"),
    ],
)
def test_a_rollout_is_watched_where_it_was_begun(status: Raw, found: bool) -> None:
    cache = heard_of(monitor(status=status))
    cache.serving[SELDON_DEPLOYMENTS].apply(seldon_deployment("default", "s3://a"))
    assert isinstance(gathered(cache).seen.serving, ServingSeen if found else Problem)


def test_a_training_job_that_was_looked_for_and_is_gone_has_failed() -> None:
    window = {"index": 1, "start": "2013-02-04T00:00:00Z", "end": "2013-02-11T00:00:00Z"}
    attempt = {
        "trip": 1,
        "because": [window],
        "champion": "s3://a",
        "trainStart": "2013-01-01T00:00:00Z",
        "trainEnd": "2013-02-11T00:00:00Z",
        "outputUri": "s3://out/",
        "startedAt": "2013-02-12T00:00:00Z",
        "jobUid": "uid-of-job",
    }
    cache = heard_of(monitor(status={"attempt": attempt}))
    assert gathered(cache).seen.jobs == {}, "that it is not heard of is not enough"
    cache.deleted.add("uid-of-job")
    (gone,) = gathered(cache).seen.jobs.values()
    assert (gone.state, gone.reason) == (JobState.FAILED, "JobDeleted")


def test_a_waiting_job_is_looked_at_again_when_its_explanation_is_old() -> None:
    cache = heard_of(monitor())
    cache.jobs.apply(job("flights-e-1", {}))
    assert gathered(cache).turns is None
    cache.explain("uid-flights-e-1", Explained("FailedMount: x", NOW))
    assert gathered(cache).turns == NOW + EXPLAINED_FOR
    assert gathered(cache, now=NOW + timedelta(hours=1)).turns is None, "or it would be asked for ever"


def test_a_deployment_past_its_deadline_is_looked_at_again_when_its_grace_is_over() -> None:
    cache = heard_of(monitor(status=rolling("flights")))
    cache.serving[SELDON_DEPLOYMENTS].apply(seldon_deployment("default", "s3://b"))
    late = {
        "type": "Progressing",
        "status": "False",
        "reason": "ProgressDeadlineExceeded",
        "lastTransitionTime": "2026-01-01T00:10:00Z",
    }
    raw = deployment(
        "d", "default", {"classifier": "s3://b"}, owner="uid-of-sdep", unavailableReplicas=1, conditions=[late]
    )
    raw["metadata"] |= {"namespace": TEAM, "uid": "uid-d", "resourceVersion": "7"}
    cache.serving[DEPLOYMENTS].apply(raw)
    at = NOW + timedelta(minutes=10)
    assert gathered(cache, now=at).turns == at + timedelta(minutes=1)
    assert gathered(cache, now=at + timedelta(minutes=1)).turns is None
