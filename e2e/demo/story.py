"""The story: data is published piece by piece, the monitor is left alone; nothing fakes a clock or a verdict."""

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template
from typing import Any, Final

import polars as pl

from e2e import cluster, lake, testbed
from e2e.cluster import ClusterError, Progress
from e2e.demo.flights import data
from e2e.demo.timeline import Timeline
from e2e.seldon import installation

NAMESPACE: Final = "mm-demo"
MONITOR: Final = "flights"
MANIFESTS: Final = Path(__file__).with_name("manifests")
DAY: Final = timedelta(days=1)
Raw = dict[str, Any]


@dataclass(frozen=True)
class Chapter:
    """Flights up to a day are published; then the monitor is left alone until something is true of its status."""

    through: date
    title: str
    until: Callable[[Raw], bool]


def judged(start: str) -> Callable[[Raw], bool]:
    """The window from that day has a verdict."""
    return lambda status: (status.get("lastEvaluation") or {}).get("window", {}).get("start", "") >= start


def attempt(trip: int, *outcomes: str) -> Callable[[Raw], bool]:
    """That remediation stands so."""

    def there(status: Raw) -> bool:
        last = status.get("lastAttempt") or {}
        return last.get("trip") == trip and last.get("outcome") in outcomes

    return there


def candidate(trip: int) -> Callable[[Raw], bool]:
    """That remediation's training has made a model."""
    return lambda status: (status.get("candidate") or {}).get("trip") == trip


def serving(trip: int) -> Callable[[Raw], bool]:
    """That remediation's model serves."""
    return lambda status: f"/{MONITOR}/{trip}-" in (status.get("servingModel") or {}).get("uri", "")


CHAPTERS: Final = (
    Chapter(date(2013, 4, 1), "February and March: the model is as good as it was in January", judged("2013-03-04")),
    Chapter(date(2013, 4, 29), "April: it has never seen spring, and fails; a candidate is trained", candidate(1)),
    Chapter(
        date(2013, 5, 27), "May: the candidate is compared on rows that neither has seen, and rolled out", serving(1)
    ),
    Chapter(date(2013, 10, 14), "June to October: the new model is verified, and serves", judged("2013-09-16")),
    Chapter(date(2013, 11, 11), "Autumn: it fails, and another candidate is trained", candidate(2)),
    Chapter(date(2013, 12, 9), "November: the other candidate is not better, and is refused", attempt(2, "NotBetter")),
)


def tell(built: testbed.Images, progress: Progress) -> Timeline:
    """Let a monitor live through 2013.

    Raises:
        ClusterError: a chapter did not end as it should; the message has the monitor's conditions.
    """
    timeline = Timeline(progress)
    frame = data.flights()
    _serve_january(frame, built.evaluator, progress)
    published = date(2013, 1, 1)
    for chapter in CHAPTERS:
        progress.say("")
        progress.say(f"publishing flights {published} to {chapter.through}. {chapter.title}")
        lake.put_days(frame, "flights", published, chapter.through + DAY)
        published = chapter.through + DAY
        _look_now()
        _wait(chapter, timeline)
    _ask_the_model(progress)
    return timeline


def _serve_january(frame: pl.DataFrame, evaluator: str, progress: Progress) -> None:
    with progress.step("training the January model, serving it with Seldon, applying the ModelMonitor"):
        lake.put_model(data.flights_of(frame, date(2013, 1, 1), date(2013, 2, 1)), "flights/january")
        testbed.create_namespace(NAMESPACE)
        testbed.apply(installation.s3_access(testbed.LAKE), NAMESPACE)
        for name in ("tenant.yaml", "seldondeployment.yaml", "modelmonitor.yaml"):
            text = Template((MANIFESTS / name).read_text()).substitute(evaluator=evaluator)
            testbed.apply(text, NAMESPACE)


def _look_now() -> None:
    """What a pipeline that has just delivered data does; without it the monitor looks by its own schedule."""
    stamp = f"modelmonitor.dev/requestedAt={time.time_ns()}"
    cluster.kubectl("annotate", "--overwrite", "modelmonitor", MONITOR, "-n", NAMESPACE, stamp)


def _wait(chapter: Chapter, timeline: Timeline, *, seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while True:
        monitor = testbed.read("modelmonitor", MONITOR, NAMESPACE)
        status = monitor.get("status") or {}
        timeline.follow(status)
        if chapter.until(status):
            return
        if time.monotonic() > deadline:
            shown = json.dumps(status.get("conditions"), indent=2)
            raise ClusterError(f"{chapter.title}: not so after {seconds:.0f} s. The monitor says:\n{shown}")
        time.sleep(1)


def _ask_the_model(progress: Progress) -> None:
    """One flight, asked of the real MLServer through the predictor's Service."""
    address = testbed.service_address("flights-default", NAMESPACE)
    flight = {
        "carrier": "EV",
        "origin": "EWR",
        "dest": "ORD",
        "hour": 18,
        "weekday": 5,
        "distance": 719,
        "temp": 88.0,
        "humid": 70.0,
        "wind_speed": 12.0,
        "precip": 0.2,
        "visib": 4.0,
        "pressure": 1005.0,
    }
    kinds = {str: "BYTES", int: "INT64", float: "FP64"}
    inputs = [
        {"name": name, "shape": [1, 1], "datatype": kinds[type(value)], "data": [value]}
        for name, value in flight.items()
    ]
    question = {"parameters": {"content_type": "pd"}, "inputs": inputs, "outputs": [{"name": "predict_proba"}]}
    request = urllib.request.Request(
        f"http://{address}:8000/v2/models/classifier/infer",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        chance = json.load(answer)["outputs"][0]["data"][1]
    progress.say("")
    progress.say(f"asked of the model in service: EV from EWR to ORD, a wet Friday evening: late with {chance:.0%}")
