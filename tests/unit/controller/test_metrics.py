"""/metrics as Prometheus reads it: golden text, and series that go when their monitor goes."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from modelmonitor.controller.cache import Cache
from modelmonitor.controller.metrics import MonitorCollector
from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import Queue
from tests.unit.controller.objects import heard_of, monitor

GOLDEN = Path(__file__).parents[2] / "data" / "metrics" / "three-monitors.txt"
Raw = dict[str, Any]

JUDGED: Raw = {
    "phase": "Watching",
    "servingModel": {"uri": "s3://models/flights/1", "digest": "sha256:12ab", "since": "2013-02-01T00:00:00Z"},
    "lastEvaluation": {
        "name": "flights-e-1",
        "window": {"index": 2248, "start": "2013-02-04T00:00:00Z", "end": "2013-02-11T00:00:00Z"},
        "verdict": "Fail",
        "modelUri": "s3://models/flights/1",
        "metrics": [
            {"name": "f1", "verdict": "Fail", "value": 0.12, "low": 0.08, "high": 0.16, "min": 0.2, "rows": 900},
            {"name": "roc_auc", "verdict": "Insufficient", "min": 0.6, "max": 0.99, "rows": 12},
        ],
        "rows": 1000,
        "coverage": 0.95,
        "completedAt": "2013-02-12T06:00:00Z",
    },
    "failingWindows": [{"index": 2248, "start": "2013-02-04T00:00:00Z", "end": "2013-02-11T00:00:00Z"}],
    "trips": 2,
    "lastDataEvaluation": {
        "name": "flights-e-2",
        "window": {"index": 2249, "start": "2013-02-11T00:00:00Z", "end": "2013-02-18T00:00:00Z"},
        "verdict": "Warn",
        "drift": {
            "verdict": "Warn",
            "features": 20,
            "drifted": 1,
            "scores": [
                {"name": "prediction", "method": "js", "value": 0.02, "limit": 0.1, "verdict": "Pass"},
                {"name": "carrier", "method": "psi", "value": 0.31, "limit": 0.2, "verdict": "Warn"},
                {"name": 'tail "number"', "method": "psi", "limit": 0.2, "verdict": "Insufficient"},
            ],
        },
        "completedAt": "2013-02-19T06:00:00Z",
    },
    "pendingWindows": [
        {
            "window": {"index": 2249, "start": "2013-02-11T00:00:00Z", "end": "2013-02-18T00:00:00Z"},
            "reason": "LabelsDue",
        }
    ],
}
UNLABELLED: Raw = {
    **JUDGED,
    "lastEvaluation": {
        "name": "flights-e-1",
        "window": JUDGED["lastEvaluation"]["window"],
        "verdict": "NoData",
        "modelUri": "s3://models/flights/1",
        "completedAt": "2013-02-12T06:00:00.250000Z",
    },
    "failingWindows": [],
    "lastDataEvaluation": {"name": "flights-e-2", "verdict": "NoData", "completedAt": "2013-02-12T06:00:00Z"},
    "pendingWindows": [],
}


def scraped(cache: Cache, queue: Queue) -> str:
    registry = CollectorRegistry()
    registry.register(MonitorCollector(cache, queue))
    return generate_latest(registry).decode()


def world() -> Cache:
    return heard_of(
        monitor("new", uid="1"),
        monitor("judged", uid="2", status=JUDGED),
        monitor("unlabelled", uid="3", status=UNLABELLED),
    )


async def test_three_monitors_and_a_queue_as_prometheus_reads_them() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    queue = Queue(lambda: now)
    for name in ("failing", "waiting"):
        await queue.add(Key("team", name))
    await queue.done(await queue.get(), failed=True)
    now += timedelta(seconds=90)
    assert scraped(world(), queue) == GOLDEN.read_text()


def test_the_golden_text_is_in_prometheus_own_format() -> None:
    families = list(text_string_to_metric_families(GOLDEN.read_text()))
    assert {sample.labels["monitor"] for family in families for sample in family.samples if sample.labels} == {
        "new", "judged", "unlabelled",
    }  # fmt: skip
    assert all(family.documentation.endswith(".") for family in families)
    assert all(family.name.startswith("modelmonitor_") for family in families)


def test_a_series_vanishes_with_its_monitor() -> None:
    cache, queue = world(), Queue(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    assert 'monitor="judged"' in scraped(cache, queue)
    cache.monitors.forget("team", "judged")
    assert 'monitor="judged"' not in scraped(cache, queue)


def test_a_verdict_that_changed_has_one_series_that_is_one() -> None:
    cache, queue = world(), Queue(lambda: datetime(2026, 1, 1, tzinfo=UTC))
    passed = {**JUDGED, "lastEvaluation": {**JUDGED["lastEvaluation"], "verdict": "Pass"}}
    cache.monitors.apply(monitor("judged", uid="2", status=passed))
    ones = [
        line
        for line in scraped(cache, queue).splitlines()
        if line.startswith('modelmonitor_verdict{monitor="judged"') and line.endswith(" 1.0")
    ]
    assert ones == [
        'modelmonitor_verdict{monitor="judged",namespace="team",stage="Quality",verdict="Pass"} 1.0',
        'modelmonitor_verdict{monitor="judged",namespace="team",stage="Data",verdict="Warn"} 1.0',
    ]
