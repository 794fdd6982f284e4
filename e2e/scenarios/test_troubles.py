"""What keeps a monitor from measuring or training is told in words that help, counts for nothing, and heals by itself.

All troubles begin together; then each is waited for, all are mended, and each is waited for again.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Template
from typing import Final

import obstore
import pytest

from e2e import cluster, lake, testbed
from e2e.cluster import Progress
from e2e.demo.flights import data
from e2e.scenarios.troubled import END, FIRST, Raw, Scene, set_up
from e2e.scenarios.troubles import SILENT, TROUBLES

EACH: Final = pytest.mark.parametrize("sentence", [trouble.sentence for trouble in TROUBLES])


@pytest.fixture(scope="module")
def scenes(installed: testbed.Images, progress: Progress) -> Iterator[dict[str, Scene]]:
    """All troubles, begun."""
    found = {trouble.sentence: Scene(trouble, installed.evaluator) for trouble in TROUBLES}
    spaces = [SILENT, *(trouble.namespace for trouble in TROUBLES)]
    with progress.step("filling the lake"):
        # What an earlier run left on a cluster that was kept.
        cluster.kubectl("delete", "namespace", "--ignore-not-found", *spaces)
        _fill_the_lake()
    with progress.step(f"creating {len(found)} monitors with troubles"):
        testbed.create_namespace(SILENT)
        store = Path(__file__).with_name("silent-store.yaml").read_text()
        testbed.apply(Template(store).substitute(image=installed.evaluator), SILENT)
        set_up(found.values())
    yield found
    cluster.kubectl("delete", "namespace", "--wait=false", *spaces)


def _fill_the_lake() -> None:
    frame = data.flights()
    whole = lake.put_model(data.flights_of(frame, date(2013, 1, 1), date(2013, 2, 1)), "january")
    obstore.put(testbed.bucket("models"), "half/model.joblib", whole[: len(whole) // 2])
    for folder in ("three-days", "truncated"):
        lake.put_days(frame, folder, FIRST, END)
    store, last = testbed.bucket("lake"), "truncated/date=2013-02-06/flights.parquet"
    whole = bytes(obstore.get(store, last).bytes())
    obstore.put(store, last, whole[: len(whole) // 2])


@pytest.fixture(scope="module")
def mended(scenes: dict[str, Scene], progress: Progress) -> dict[str, Scene]:
    """All troubles, with their causes taken away."""
    with progress.step("mending everything"):
        for scene in scenes.values():
            scene.trouble.mend(scene)
    return scenes


@EACH
def test_it_is_told_in_words_that_help(sentence: str, scenes: dict[str, Scene], progress: Progress) -> None:
    scene = scenes[sentence]
    trouble, told = scene.trouble, scene.trouble.told
    if trouble.provoke is not None:
        trouble.provoke(scene)

    def said() -> Raw | None:
        conditions: list[Raw] = scene.status().get("conditions") or []
        wanted = (told.type, told.status, told.reason)
        return next((one for one in conditions if (one["type"], one["status"], one["reason"]) == wanted), None)

    message = scene.waited(said, 120)["message"]
    progress.say(f"{sentence}\n      {told.reason}: {message}")
    assert [word for word in told.words if word not in message] == []
    assert "Traceback" not in message
    status = scene.status()
    assert (status["servingModel"]["uri"] if "servingModel" in status else trouble.model) == trouble.model
    if trouble.trains:
        assert "candidate" not in status
        assert "rollout" not in status
    else:
        assert status.get("trips", 0) == 0
        assert status.get("failingWindows", []) == []
        assert "lastEvaluation" not in status


@EACH
def test_it_heals_by_itself_when_the_cause_goes_away(sentence: str, mended: dict[str, Scene]) -> None:
    scene = mended[sentence]

    def healed() -> Raw | None:
        status = scene.status()
        conditions = {one["type"]: one["status"] for one in status.get("conditions") or []}
        if (conditions.get("Ready"), conditions.get("Stalled")) != ("True", "False"):
            return None
        trained = "Trained" in [entry["reason"] for entry in status.get("history") or []]
        return status if (trained if scene.trouble.trains else "lastEvaluation" in status) else None

    status = scene.waited(healed, 150)
    if not scene.trouble.trains:
        assert status["lastEvaluation"]["verdict"] == "Pass"
        assert status.get("trips", 0) == 0
