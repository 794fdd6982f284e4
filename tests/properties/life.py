"""One monitor's life in a random world around `decide`: a walk of some months that a seed determines."""

import os
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any, Final

import hypothesis
from hypothesis import given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.monitor import ModelMonitorSpec, Reports
from modelmonitor.api.result import Cause, Comparison, Verdict
from modelmonitor.api.status import Phase, RolloutStage
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import Fleet, JobState, Progress
from tests.properties.cluster import GUARDS, Cluster, DataTruth, Job
from tests.properties.operators import Decide, Operator, Weather
from tests.properties.promises import Ledger, PromiseBrokenError
from tests.properties.troubles import PEOPLE, RETRAIN, THINGS, Troubles, apt
from tests.unit.domain.manifests import manifest

SEED: Final = int(os.environ.get("MODELMONITOR_SEED", "2013"))
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_CHAPTERS: Final = 12
_SPECS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"verdict": {"failuresToTrip": 1}, "retrain": {"cooldown": "1h", "maxAttempts": 2}},
    {"windows": {"length": "2d", "every": "1d"}, "schedule": {"interval": "6h", "catchUp": 2}},
    {
        "windows": {"length": "7d", "every": "7d", "start": "2013-01-01"},
        "schedule": {"interval": None, "cron": "0 6 * * *", "catchUp": 1},
        "data": {"labels": {"delay": "2d", "maximumDelay": "10d"}},
        "retrain": {"cooldown": "14d", "maxAttempts": 3},
    },
    {
        "windows": {"length": "1d", "every": "1d", "timeZone": "America/New_York"},
        "verdict": {"failuresToTrip": 3, "successesToClear": 2},
        "data": {
            "columns": {"timestamp": "time_hour", "label": "late", "score": "p_late"},
            "predictions": {"column": {}},
        },
        "history": {"decisions": 20},
    },
    {
        "windows": {"length": "1d", "every": "1d"},
        "data": {"labels": {"delay": "3d", "maximumDelay": "12d"}},
        "drift": {"features": {"method": "psi", "max": 0.2, "severity": "Trip"}},
        "quality": {},
    },
    {
        "windows": {"length": "7d", "every": "7d"},
        "data": {"labels": {"delay": "9d"}},
        "verdict": {"failuresToTrip": 1},
        "drift": {"features": {"method": "psi", "max": 0.2, "severity": "Warn"}},
        "quality": {"missing": {"max": 0.05, "severity": "Fail"}},
        "retrain": {"cooldown": "1h", "maxAttempts": 2},
    },
    {
        "windows": {"length": "1d", "every": "1d"},
        "verdict": {"failuresToTrip": 1},
        "retrain": {"cooldown": "1h", "maxAttempts": 9, "every": "5d"},
        "rollout": {"approval": "Manual", "approvalDeadline": "3d"},
    },
    {
        "windows": {"length": "1d", "every": "1d"},
        "verdict": {"failuresToTrip": 2},
        "retrain": {"cooldown": "6h", "maxAttempts": 9, "every": "10d"},
    },
    {
        "windows": {"length": "7d", "every": "7d"},
        "verdict": {"failuresToTrip": 1},
        "retrain": {"cooldown": "1h", "maxAttempts": 9},
        "rollout": {"approval": "Manual"},
    },
    {
        "windows": {"length": "2d", "every": "1d"},
        "verdict": {"failuresToTrip": 1},
        "retrain": {"cooldown": "1h", "maxAttempts": 9, "every": "9d"},
        "challenger": {"window": "Tripping", "guards": [{"metric": "recall", "margin": 0.1}]},
    },
    {
        "windows": {"length": "2d", "every": "2d"},
        "schedule": {"interval": "6h", "catchUp": 2},
        "drift": {"features": {"method": "psi", "max": 0.2, "severity": "Trip"}},
        "quality": {},
    },
    {
        "model": {"serving": {"batch": {"uri": "s3://m/0"}}},
        "windows": {"length": "1d", "every": "1d"},
        "verdict": {"failuresToTrip": 1},
        "retrain": {"cooldown": "1h", "maxAttempts": 9},
    },
    {
        "windows": {"length": "1d", "every": "1d"},
        "verdict": {"failuresToTrip": 1},
        "retrain": {"cooldown": "1h", "maxAttempts": 9},
        "rollout": {"mode": "Observe"},
    },
    {
        "model": {"serving": {"batch": {"configMap": "nightly", "uri": "s3://m/0"}}},
        "windows": {"length": "2d", "every": "2d"},
        "verdict": {"failuresToTrip": 1},
        "retrain": {"cooldown": "1h", "maxAttempts": 9, "every": "6d"},
    },
)


@dataclass(frozen=True)
class Season:
    """What luck draws from."""

    verdicts: tuple[Verdict, ...]
    comparisons: tuple[Comparison, ...]
    data: tuple[DataTruth, ...] = (DataTruth.GOOD, DataTruth.GOOD, DataTruth.GOOD, *DataTruth)
    mishaps: float = 0.05
    good_rolls: float = 0.8


_P, _W, _F, _I, _N = Verdict.PASS, Verdict.WARN, Verdict.FAIL, Verdict.INSUFFICIENT, Verdict.NO_DATA
_YES, _NO, _NONE = Comparison.BETTER, Comparison.NOT_BETTER, Comparison.NO_EVIDENCE
_SEASONS: Final = (
    Season((_P, _P, _W, _F), (_NO,)),
    Season((_F,), (_YES, _YES, _NO)),
    Season((_F, _F, _F, _P), (_YES, _NO, _NONE), mishaps=0.4, good_rolls=0.4),
    Season((_F, _I, _I, _N), (_YES,)),
    Season((_I, _N), (_NONE,)),
    Season((_F, _F, _W), (_YES,), good_rolls=1.0),
    Season((_F,), (_NONE,)),
)
_SILENT: Final = Season((_I, _N), (_NONE,), mishaps=0)
_VERIFIES: Final = (_SILENT, Season((_F,), (_NO, _NONE)), Season((_P, _W), (_NO,)))


def spec(variant: dict[str, Any]) -> ModelMonitorSpec:
    """A spec of which sections were changed."""
    body = manifest()
    for section, fields in variant.items():
        body[section] = {**body.get(section, {}), **fields}
    return ModelMonitorSpec.model_validate(body)


class Life:
    """What happens to a monitor; after each thing the operator comes to rest, unless it is down."""

    def __init__(
        self,
        seed: int,
        census: Counter[str],
        decide: Decide = decide,
        guards: frozenset[str] = GUARDS,
        only: str | None = None,
    ) -> None:
        self.seed = seed
        self.luck = Random(seed)  # noqa: S311 - luck, not secrets
        self.census = census
        self.story: deque[str] = deque(maxlen=50)
        # Luck of its own, so that a life goes on as it does without a record.
        self.fate = Random(f"record {seed}")  # noqa: S311 - luck, not secrets
        wanted = spec(self.luck.choice(_SPECS))
        reports = Reports(uri="s3://reports/") if self.fate.random() < 0.8 else None
        self.cluster = Cluster(wanted.model_copy(update={"reports": reports}), guards)
        self.rollout = self.cluster.spec.rollout
        self.ledger = Ledger(self.cluster, census, only)
        self.operator = Operator(self.cluster, decide, self.ledger, census, self.story)
        self.troubles = Troubles(self.cluster, self.operator, self.luck)
        self.season = _SEASONS[0]

    def live(self) -> None:
        """Be born, and live some chapters.

        Raises:
            PromiseBrokenError: with the end of the story.
        """
        try:
            self._settle()
            if self.luck.random() < 0.5:
                self._suffer("a Job is evicted")
                self._settle()
            for _ in range(_CHAPTERS):
                self._chapter(self.luck.random())
        except PromiseBrokenError as error:
            again = f"To live it again: Life({self.seed}, Counter()).live()"
            raise PromiseBrokenError("\n  ".join((str(error), *self.story, again))) from error

    def _chapter(self, luck: float) -> None:
        steps = self.luck.randint(8, 32)
        self.cluster.store.down = self.fate.random() < (0.8 if self.cluster.store.down else 0.2)
        if luck < 0.45:
            self._put_right()
            self._weeks(steps)
        elif luck < 0.75:
            self._put_right()
            self._weeks(steps, trouble=0.15)
        elif luck < 0.85:
            self._weeks(steps // 2)
        else:
            self._suffer(self.luck.choice(PEOPLE + THINGS))
            self._settle()

    def _settle(self, trouble: float = 0.0) -> None:
        left = 3

        def meanwhile() -> None:
            nonlocal left
            if left and self.luck.random() < self._likely(trouble):
                left -= 1
                self._suffer(self._apt())

        if not self.troubles.down:
            self.operator.settle(meanwhile)

    def _put_right(self) -> None:
        cluster = self.cluster
        self.story.append("everything is put right")
        cluster.generation += 1
        right = {"suspend": False, "retrain": cluster.spec.retrain or RETRAIN, "rollout": self.rollout}
        cluster.spec = cluster.spec.model_copy(update=right)
        cluster.observe_only, cluster.owner, cluster.invalid = False, None, False
        # A ConfigMap that is missing is made by the operator.
        cluster.visible = cluster.visible or cluster.spec.model.serving.batch is None
        cluster.fleet = Fleet()
        self.operator.weather, self.troubles.down = Weather(), False
        if self.luck.random() < 0.7:
            self._suffer("resumes")
        self._settle()

    def _weeks(self, steps: int, trouble: float = 0.0) -> None:
        """What is under way ends, rolls roll, time passes; now and then something happens."""
        self.season = self.luck.choice(_SEASONS)
        data = self.luck.random() < 0.9
        for _ in range(steps):
            unfinished = [job for job in self.cluster.jobs.values() if not job.finished]
            if self.luck.random() < self._likely(trouble):
                self._suffer(self._apt())
            elif self.cluster.status.approval is not None and self.luck.random() < 0.3:
                self._suffer(self.luck.choice(("approves", "rejects")))
            elif self._rolls() and self.luck.random() < 0.7:
                self._roll()
            elif unfinished:
                self._end(self.luck.choice(unfinished))
            else:
                windows = self.cluster.spec.windows
                self.cluster.pass_time(self.luck.choice((HOUR, DAY, windows.every, windows.length)), data=data)
            before = self.cluster.status.phase
            self._settle(trouble)
            if before is not self.cluster.status.phase is Phase.VERIFYING:
                self.season = self.luck.choice(_VERIFIES)

    def _likely(self, trouble: float) -> float:
        """A rollout is short, and hurts most: the more happens meanwhile."""
        return trouble * (5 if self._rolls() else 1)

    def _apt(self) -> str:
        """What happens is often about what is under way."""
        return self.luck.choice(apt(self.cluster.status) if self.luck.random() < 0.7 else PEOPLE + THINGS)

    def _suffer(self, act: str) -> None:
        self.story.append(f"{self.cluster.now:%m-%d %H:%M} {'a person ' if act in PEOPLE else ''}{act}")
        self.census[f"person {act}" if act in PEOPLE else act] += 1
        self.troubles.happen(act)

    def _rolls(self) -> bool:
        rollout = self.cluster.status.rollout
        progressing = rollout is not None and rollout.stage is RolloutStage.PROGRESSING
        return progressing and self.cluster.serving.progress() is not Progress.DONE

    def _roll(self) -> None:
        live, luck = self.cluster.serving, self.luck.random()
        if luck < self.season.good_rolls:
            live.running, live.failed, live.crashed = live.uri, False, False
        elif luck < self.season.good_rolls + 0.1:
            live.failed = True
        else:
            live.boasts = self.luck.random() < 0.5
            self.cluster.pass_time(timedelta(minutes=self.luck.choice((1, 5, 20))), data=True)

    def _end(self, job: Job) -> None:
        if self.luck.random() < self.season.mishaps:
            self._mishap(job)
            return
        if job.trains:
            self.cluster.train(job)
        else:
            verdict, comparison = self.luck.choice(self.season.verdicts), self.luck.choice(self.season.comparisons)
            self.cluster.judge(job, verdict, comparison, self.luck.choice(self.season.data))
        self.ledger.ended(job)

    def _mishap(self, job: Job) -> None:
        self.census["verdict Error"] += not job.trains
        kind = self.luck.choice(("evicted", "failed", "lost", "garbage", "same", "erred", "erred"))
        if kind == "same" and job.trains:
            self.cluster.train(job, same=True)
        elif kind in ("same", "erred") and not job.trains:
            self.cluster.err(job, self.luck.choice(tuple(Cause)))
        elif kind in ("lost", "garbage"):
            job.state, job.output = JobState.SUCCEEDED, None if kind == "lost" else "Segmentation fault"
        else:
            job.state, job.reason = JobState.FAILED, "Evicted" if kind == "evicted" else "out of memory"
        if isinstance(job.order, EvaluationInput) and kind not in ("same", "erred"):
            self.cluster.store.die(job.order, self.fate)


def explore(born: Callable[[int], Life], *, lives: int) -> None:
    """Live so many lives, the same ones in each run; MODELMONITOR_SEED chooses others.

    A seed a life, and no more, is what hypothesis draws: of a state machine with rules it makes five near copies of
    each life that it likes, and one in six is new. The seed is drawn bit by bit, since among integers hypothesis
    prefers those that stand in the modules that happen to be loaded.
    """

    @seeded(SEED)
    @settings(max_examples=lives, database=None, deadline=None, phases=(hypothesis.Phase.generate,))
    @given(bits=st.tuples(*[st.booleans()] * 32))
    def each(bits: tuple[bool, ...]) -> None:
        born(sum(bit << place for place, bit in enumerate(bits))).live()

    each()
