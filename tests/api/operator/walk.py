"""The whole walk: fail, train, compare, a bad roll, rolled back; fail, train, compare, a good roll, verified.

Each step is something that happens in the world; after it the operator settles. The steps look at the world to find
what to do, so that a step that was begun before a kill can be done again.
"""

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import (
    Comparison,
    ComparisonResult,
    EvaluationResult,
    Look,
    MetricResult,
    ModelIdentity,
    Verdict,
    Window,
)
from modelmonitor.evaluation.record import record
from modelmonitor.serving.seldon_objects import GRACE
from tests.api.operator.cluster import Cluster, environment, job_input
from tests.api.operator.process import Clock

DAY: Final = timedelta(days=1)
BEGIN: Final = datetime.fromisoformat("2026-01-01T00:00:00Z")
"""When the walk begins, by the operator's clock."""
START: Final = datetime.fromisoformat("2013-02-04T00:00:00Z")

SPEC: Final[dict[str, Any]] = {
    "model": {"serving": {"seldonDeployment": {"name": "flights", "node": "classifier"}}},
    "data": {
        "current": {"files": {"uri": "s3://lake/flights/"}},
        "columns": {"timestamp": "time", "label": "late"},
        "predictions": {"model": {}},
    },
    "windows": {"length": "7d", "every": "7d", "start": "2013-02-04"},
    "schedule": {"interval": "1h"},
    "metrics": [{"name": "f1", "min": 0.2}],
    "verdict": {"failuresToTrip": 1},
    "retrain": {
        "jobTemplate": {"spec": {"template": {"spec": {"containers": [{"name": "trainer", "image": "trainer:1"}]}}}},
        "trainingWindow": "60d",
        "outputUri": "s3://models/flights/",
        "cooldown": "1h",
        "maxAttempts": 5,
    },
    "rollout": {"progressDeadline": "10m"},
    "history": {"evaluations": 3, "decisions": 20},
}


@dataclass(frozen=True)
class Step:
    """Something that happens."""

    sentence: str
    happen: Callable[[Cluster, Clock], Awaitable[None]]


def judged(job: dict[str, Any], verdict: Verdict, weeks: int) -> EvaluationResult:
    """The verdict on the window that the Job was asked about; data is there for so many weeks."""
    asked = job_input(job)
    metric = MetricResult(name="f1", verdict=verdict, value=0.1 if verdict is Verdict.FAIL else 0.3, min=0.2, rows=900)
    result = EvaluationResult(
        look=Look.JUDGED,
        verdict=verdict,
        reason="f1",
        message=f"f1 is {metric.value}",
        window=Window.model_validate(asked["window"]),
        data_through=START + weeks * 7 * DAY,
        rows=1000,
        coverage=0.95,
        model=ModelIdentity(uri=asked["champion"], digest=digest_of(asked["champion"])),
        metrics=(metric,),
    )
    return recorded(job, result)


def recorded(job: dict[str, Any], result: EvaluationResult) -> EvaluationResult:
    """The Job writes the decisions that it was handed, as the evaluator does, and says so."""
    return record(EvaluationInput.model_validate(job_input(job)), {}, lambda _line: None).told_in(result)


def compared(job: dict[str, Any], verdict: Comparison, weeks: int) -> EvaluationResult:
    """Candidate against champion."""
    result = ComparisonResult(verdict=verdict, metric="f1", champion=0.1, candidate=0.35, difference=0.25, low=0.2)
    uri = job_input(job)["contender"]["uri"]
    candidate = ModelIdentity(uri=uri, digest=digest_of(uri))
    return judged(job, Verdict.PASS, weeks).model_copy(
        update={"comparison": result, "candidate": candidate, "metrics": ()}
    )


def digest_of(uri: str) -> str:
    """sha256 of a candidate's files, each of which is another model."""
    return f"sha256:{hashlib.sha256(uri.encode()).hexdigest()}"


def evaluations(verdict: Verdict, weeks: int) -> Callable[[Cluster, Clock], Awaitable[None]]:
    """Every evaluation of the serving model that runs ends with this verdict."""

    async def happen(cluster: Cluster, _clock: Clock) -> None:
        for job in await cluster.unfinished_jobs():
            if job["metadata"]["labels"]["modelmonitor.dev/role"] == "champion":
                await cluster.measured(job, judged(job, verdict, weeks))

    return happen


def comparisons(verdict: Comparison, weeks: int) -> Callable[[Cluster, Clock], Awaitable[None]]:
    """Every comparison that runs ends like this."""

    async def happen(cluster: Cluster, _clock: Clock) -> None:
        for job in await cluster.unfinished_jobs():
            if job["metadata"]["labels"]["modelmonitor.dev/role"] == "candidate":
                await cluster.measured(job, compared(job, verdict, weeks))

    return happen


async def training_ends(cluster: Cluster, _clock: Clock) -> None:
    """The training that runs makes a model under its own output URI."""
    for job in await cluster.unfinished_jobs():
        told = environment(job)
        if "MODELMONITOR_OUTPUT_URI" in told:
            through = datetime.fromisoformat(told["MODELMONITOR_TRAIN_END"])
            await cluster.trained(job, told["MODELMONITOR_OUTPUT_URI"] + "model", through)


async def roll_fails(cluster: Cluster, clock: Clock) -> None:
    """Seldon tries, and the new pod is not ready at the Deployment's deadline, nor a minute later."""
    await cluster.server.roll(clock.now, fails=True)
    clock.forward(GRACE)


async def roll_works(cluster: Cluster, clock: Clock) -> None:
    """Seldon brings the wanted model to life."""
    await cluster.server.roll(clock.now)


async def time_passes(_cluster: Cluster, clock: Clock) -> None:
    """Two hours: the cooldown is over, the next look is due."""
    clock.forward(timedelta(hours=2))


def begin(reports: Path | None) -> Callable[[Cluster, Clock], Awaitable[None]]:
    """A model serves, a monitor is applied."""

    async def happen(cluster: Cluster, _clock: Clock) -> None:
        wanted = {**SPEC, "model": {"serving": cluster.server.serving}}
        await cluster.serve("s3://models/flights/january")
        await cluster.apply_monitor(wanted if reports is None else wanted | {"reports": {"uri": str(reports)}})

    return happen


def steps(reports: Path | None = None, *, rolls_at_once: bool = False) -> Iterator[Step]:
    """The walk, as sentences; with a folder for reports its Jobs keep the record of decisions there.

    Where what is written is in service at once, no roll fails: the first candidate fails on the window that is to
    verify it.
    """
    passing = Step("time passes until the next look", time_passes)
    yield Step("a monitor is applied", begin(reports))
    yield Step("the first window fails", evaluations(Verdict.FAIL, 1))
    yield Step("a candidate is trained", training_ends)
    yield passing
    yield Step("the second window fails as well", evaluations(Verdict.FAIL, 2))
    yield Step("the candidate is better", comparisons(Comparison.BETTER, 2))
    if rolls_at_once:
        yield passing
        yield Step("the new model fails", evaluations(Verdict.FAIL, 3))
        yield Step("the old model is better and serves again", comparisons(Comparison.BETTER, 3))
    else:
        yield Step("the roll fails", roll_fails)
        yield Step("the old model serves again", roll_works)
    yield passing
    yield Step("the third window fails", evaluations(Verdict.FAIL, 3 + rolls_at_once))
    yield Step("another candidate is trained", training_ends)
    yield passing
    yield Step("the fourth window fails", evaluations(Verdict.FAIL, 4 + rolls_at_once))
    yield Step("the other candidate is better", comparisons(Comparison.BETTER, 4 + rolls_at_once))
    yield Step("the roll works", roll_works)
    yield passing
    yield Step("the new model passes", evaluations(Verdict.PASS, 5 + rolls_at_once))
