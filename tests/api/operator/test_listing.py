"""Reading everything at once from a real API server: pages, selectors, and what was deleted unheard."""

import pytest

from modelmonitor.controller import listing
from modelmonitor.controller.listing import read_everything, sources
from modelmonitor.controller.projections import Key
from modelmonitor.kube.api import HttpApi
from modelmonitor.kube.resources import JOBS, MONITORS, SELDON_DEPLOYMENTS
from modelmonitor.serving.targets import KINDS
from tests.api.operator.cluster import Cluster
from tests.api.operator.process import WatchedApi
from tests.api.operator.stage import Stage
from tests.api.operator.walk import SPEC


async def test_a_list_of_several_pages_is_read_to_its_end(
    stage: Stage, connection: HttpApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "PAGE", 2)
    for number in range(5):
        await stage.cluster.apply_monitor(SPEC, f"monitor-{number}")
    api, cache = WatchedApi(connection), stage.process.cache
    monitors = [one for one in sources(cache, KINDS) if one.resource == MONITORS]

    news = await read_everything(api, cache, monitors, [stage.namespace])

    assert len(api.calls) == 3
    assert {key.name for key in news} == {f"monitor-{number}" for number in range(5)}
    assert await read_everything(api, cache, monitors, [stage.namespace]) == set()


async def test_everywhere_is_one_list_for_all_namespaces(stage: Stage, connection: HttpApi) -> None:
    await stage.cluster.apply_monitor(SPEC)
    api, cache = WatchedApi(connection), stage.process.cache
    news = await read_everything(api, cache, sources(cache, KINDS), [])
    assert Key(stage.namespace, "flights") in news
    assert [call.path for call in api.calls].count("/apis/batch/v1/jobs") == 1


async def test_somebody_elses_jobs_and_finished_evaluations_are_not_read(stage: Stage) -> None:
    await stage.play("the first window fails")
    pod = {"restartPolicy": "Never", "containers": [{"name": "x", "image": "i"}]}
    theirs = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "theirs"},
        "spec": {"template": {"spec": pod}},
    }
    await stage.cluster.api.create(JOBS.path(stage.namespace), theirs)
    fresh = stage.new_process()
    await fresh.sync()
    assert fresh.cache.jobs.get(stage.namespace, "theirs") is None
    assert [job.name for job in fresh.cache.jobs] == [job["metadata"]["name"] for job in await stage.cluster.jobs()]
    assert list(fresh.cache.evaluations) == []


async def test_a_wanted_job_that_was_deleted_unheard_is_made_again(stage: Stage) -> None:
    """As kopf has it after a broken watch: it lists what is there, and does not tell what is not."""
    await stage.play("a monitor is applied")
    (job,) = await stage.cluster.jobs()
    await stage.cluster.api.delete(JOBS.path(stage.namespace, job["metadata"]["name"]))
    assert await stage.process.attempt()
    assert len(stage.created_jobs("champion")) == 1, "nobody has told"

    cache = stage.process.cache
    news = await read_everything(stage.api, cache, sources(cache, KINDS), [stage.namespace])

    assert news == {Key(stage.namespace, "flights")}
    await stage.process.settle()
    assert len(await stage.cluster.jobs()) == 1
    assert len(stage.created_jobs("champion")) == 2


async def test_a_training_job_that_was_deleted_ends_its_attempt_and_is_not_made_again(stage: Stage) -> None:
    await stage.play("the first window fails")
    (job,) = await stage.cluster.jobs("training")
    path = JOBS.path(stage.namespace, job["metadata"]["name"])
    await stage.cluster.api.delete(path)
    # Somebody makes one of the same name, so that the name alone proves nothing.
    pod = {"restartPolicy": "Never", "containers": [{"name": "x", "image": "i"}]}
    meta = {"name": job["metadata"]["name"], "labels": job["metadata"]["labels"]}
    theirs = {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {"template": {"spec": pod}}}
    await stage.cluster.api.create(JOBS.path(stage.namespace), theirs)

    await stage.process.settle()

    status = await stage.status()
    assert status["lastAttempt"]["outcome"] == "TrainingFailed"
    assert "somebody deleted the training Job" in status["lastAttempt"]["message"]
    assert len(stage.created_jobs("training")) == 1
    assert (await stage.cluster.api.get(path))["metadata"]["uid"] != job["metadata"]["uid"]


async def test_a_serving_object_that_was_deleted_unheard_is_missed(stage: Stage) -> None:
    await stage.play("the first window fails")
    await stage.cluster.api.delete(SELDON_DEPLOYMENTS.path(stage.namespace, "flights"))
    await stage.process.settle()
    assert (await stage.condition("Stalled"))[1] == "ServingTargetNotFound"


async def test_an_older_monitor_that_was_deleted_unheard_leaves_its_target_to_the_younger(stage: Stage) -> None:
    cluster: Cluster = stage.cluster
    await cluster.serve("s3://models/flights/january")
    await cluster.apply_monitor(SPEC, "a-first")
    await cluster.apply_monitor(SPEC, "b-second")
    await stage.process.settle("b-second")
    conditions = (await cluster.monitor("b-second"))["status"]["conditions"]
    assert [one["reason"] for one in conditions if one["type"] == "Retraining"] == ["TargetTaken"]
    await cluster.api.delete(MONITORS.path(stage.namespace, "a-first"))
    cache = stage.process.cache
    news = await read_everything(stage.api, cache, sources(cache, KINDS), [stage.namespace])
    assert Key(stage.namespace, "b-second") in news
    await stage.process.settle("b-second")
    conditions = (await cluster.monitor("b-second"))["status"]["conditions"]
    assert [one["reason"] for one in conditions if one["type"] == "Retraining"] == ["NotNeeded"]
