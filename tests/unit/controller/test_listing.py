"""Which monitors a change concerns: whoever is not told of it would go on with an old world until its next look."""

from typing import Any

import pytest

from modelmonitor.controller import labels
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.listing import Source, heard, sources
from modelmonitor.kube.resources import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    JOBS,
    MONITORS,
    SELDON_DEPLOYMENTS,
    SELDON_MODELS,
    Resource,
)
from modelmonitor.serving.targets import KINDS
from tests.unit.controller.objects import SPEC, heard_of, job, monitor

Raw = dict[str, Any]


def looks_at(name: str, target: str, *, status: Raw | None = None, **meta: Any) -> Raw:
    serving = {"seldonDeployment": {"name": target, "node": "classifier"}}
    return monitor(name, spec={**SPEC, "model": {"serving": serving}}, uid=f"uid-{name}", status=status, **meta)


def source(cache: Cache, resource: Resource) -> Source:
    (found,) = [one for one in sources(cache, KINDS) if one.resource == resource]
    return found


def concerned(cache: Cache, resource: Resource, raw: Raw) -> set[str]:
    return {key.name for key in source(cache, resource).concerned(raw)}


@pytest.fixture
def cache() -> Cache:
    return heard_of(looks_at("old", "flights"), looks_at("young", "flights"), looks_at("apart", "trains"))


def test_a_monitor_concerns_those_that_look_at_its_target(cache: Cache) -> None:
    assert concerned(cache, MONITORS, looks_at("old", "flights")) == {"old", "young"}


def test_a_new_monitor_concerns_those_whose_target_it_wants(cache: Cache) -> None:
    assert concerned(cache, MONITORS, looks_at("newest", "trains")) == {"newest", "apart"}


def test_a_monitor_that_turns_to_another_target_concerns_those_of_both(cache: Cache) -> None:
    assert concerned(cache, MONITORS, looks_at("old", "trains")) == {"old", "young", "apart"}


def test_a_monitor_of_which_nothing_is_known_any_more_still_leaves_its_target_to_the_others(cache: Cache) -> None:
    cache.monitors.forget("team", "old")
    assert concerned(cache, MONITORS, looks_at("old", "flights")) == {"old", "young"}


def test_a_child_concerns_the_monitor_in_its_label(cache: Cache) -> None:
    assert concerned(cache, JOBS, job("flights-e-1", {})) == {"flights"}
    assert concerned(cache, JOBS, job("somebodys", {}, labels={})) == set()
    assert concerned(cache, JOBS, job("somebodys", {}, labels=None)) == set()


def test_a_serving_object_concerns_every_monitor_that_looks_at_it(cache: Cache) -> None:
    raw = {"metadata": {"namespace": "team", "name": "flights"}}
    assert concerned(cache, SELDON_DEPLOYMENTS, raw) == {"old", "young"}
    assert concerned(cache, SELDON_DEPLOYMENTS, {"metadata": {"namespace": "else", "name": "flights"}}) == set()


@pytest.mark.parametrize(("stage", "name"), [("Progressing", "flights"), ("Verifying", "flights"), ("Kept", "trains")])
def test_a_serving_object_concerns_the_monitor_whose_rollout_it_has_until_that_has_ended(stage: str, name: str) -> None:
    rollout = {
        "stage": stage,
        "target": {"seldonDeployment": {"name": "flights", "predictor": "default", "node": "classifier"}},
    }
    cache = heard_of(looks_at("turned", "trains", status={"rollout": rollout}))
    raw = {"metadata": {"namespace": "team", "name": name}}
    assert concerned(cache, SELDON_DEPLOYMENTS, raw) == {"turned"}


def test_a_deployment_concerns_the_monitors_of_its_seldon_deployment(cache: Cache) -> None:
    owner = {"kind": "SeldonDeployment", "name": "trains", "controller": True}
    meta = {"namespace": "team", "name": "seldon-5f3b", "ownerReferences": [owner]}
    assert concerned(cache, DEPLOYMENTS, {"metadata": meta}) == {"apart"}
    assert concerned(cache, DEPLOYMENTS, {"metadata": {"namespace": "team", "name": "somebodys"}}) == set()


def test_an_object_of_another_kind_and_the_same_name_concerns_nobody(cache: Cache) -> None:
    raw = {"metadata": {"namespace": "team", "name": "flights"}}
    assert concerned(cache, SELDON_MODELS, raw) == set()
    cache.monitors.apply(
        monitor("two", spec={**SPEC, "model": {"serving": {"seldonModel": {"name": "flights"}}}}, uid="2")
    )
    assert concerned(cache, SELDON_MODELS, raw) == {"two"}
    assert concerned(cache, SELDON_DEPLOYMENTS, raw) == {"old", "young"}


@pytest.mark.parametrize(("batch", "name"), [({}, "nightly-model"), ({"configMap": "scores"}, "scores")])
def test_a_config_map_concerns_the_monitor_that_keeps_it(batch: Raw, name: str) -> None:
    serving = {"batch": {"uri": "s3://a", **batch}}
    cache = heard_of(monitor("nightly", spec={**SPEC, "model": {"serving": serving}}))
    for one, keys in ((name, {"nightly"}), ("nightly", set())):
        raw = {"metadata": {"namespace": "team", "name": one}}
        assert concerned(cache, CONFIG_MAPS, raw) == keys


@pytest.mark.parametrize("target", [None, {}, {"name": "flights"}, {"seldonDeployment": "flights"}, "flights"])
def test_a_rollout_whose_target_nobody_can_read_is_none(target: Any) -> None:
    """Nor is the status that it stands in, so that the spec's target is looked at."""
    cache = heard_of(looks_at("turned", "trains", status={"rollout": {"stage": "Progressing", "target": target}}))
    raw = {"metadata": {"namespace": "team", "name": "trains"}}
    assert concerned(cache, SELDON_DEPLOYMENTS, raw) == {"turned"}


def test_a_monitor_whose_target_nobody_can_read_is_heard_of_and_has_no_rivals() -> None:
    cache = heard_of(looks_at("flights", "flights"))
    newer = monitor("newer", spec={**SPEC, "model": {"serving": {"nextYear": {"name": "flights"}}}}, uid="n")
    assert concerned(cache, MONITORS, newer) == {"newer"}


def test_without_the_kind_in_the_cluster_nothing_of_seldon_is_watched() -> None:
    kinds = {one.resource.kind for one in sources(Cache(), ())}
    assert kinds == {"ModelMonitor", "ModelEvaluation", "Job", "Pod"}


def test_finished_evaluations_and_other_peoples_jobs_and_pods_are_not_watched() -> None:
    selectors = {one.resource.kind: one.selector for one in sources(Cache(), KINDS)}
    assert selectors == {
        "ModelMonitor": "",
        "ModelEvaluation": f"{labels.FINISHED}!=true",
        "Job": labels.MONITOR,
        "Pod": labels.MONITOR,
        "SeldonDeployment": "",
        "Deployment": "seldon-deployment-id",
        "Model": "",
        "ConfigMap": "modelmonitor.dev/serving=batch",
    }


def told(cache: Cache, resource: Resource, kind: str | None, raw: Raw) -> set[str]:
    return {key.name for key in heard(source(cache, resource), {"type": kind, "object": raw})}


def test_a_change_is_news_and_its_echo_is_none(cache: Cache) -> None:
    raw = looks_at("apart", "trains")
    assert told(cache, MONITORS, "MODIFIED", raw) == {"apart"}
    assert told(cache, MONITORS, "MODIFIED", raw) == set()
    assert told(cache, MONITORS, None, raw) == set(), "listed again after a break"


def test_a_deletion_is_always_news_for_those_that_are_left(cache: Cache) -> None:
    raw = looks_at("old", "flights")
    assert told(cache, MONITORS, "DELETED", raw) == {"old", "young"}
    assert cache.monitors.get("team", "old") is None


def test_who_turns_away_is_news_for_those_that_it_leaves(cache: Cache) -> None:
    assert told(cache, MONITORS, "MODIFIED", looks_at("old", "elsewhere")) == {"old", "young"}
