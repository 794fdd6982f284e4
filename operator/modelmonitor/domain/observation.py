"""Everything that a decision needs to know, read from the cache into one value. No I/O after this."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from modelmonitor.api.job import Role, Stage
from modelmonitor.api.monitor import Challenger, ModelMonitorSpec, Rollout, RolloutMode
from modelmonitor.api.record import Evidence
from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Window
from modelmonitor.api.serving import Serving
from modelmonitor.api.status import UNDER_WAY, ModelMonitorStatus
from modelmonitor.domain.windows import Grid, patience, slack


class JobState(StrEnum):
    """How far a Job is, from its own status and its Pod's."""

    WAITING = "Waiting"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


JOB_SUSPENDED: Final = "JobSuspended"
"""Why a Job waits that somebody suspended, or that a queue such as Kueue has not admitted yet."""


class Progress(StrEnum):
    """How far a roll of the serving object is, by the check that is proof (not by its own word)."""

    UNDER_WAY = "UnderWay"
    DONE = "Done"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that cannot be found or used, said so that a person knows what to do."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Absent(Problem):
    """There is nothing yet that holds the model's URI, and it is the operator that makes it, with `uri` at first."""

    uri: str


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A Job of ours and what its Pod says.

    `reason` and `message` tell why it waits or failed; `output` is the termination message of the container that
    carries the result.
    """

    name: str
    uid: str
    state: JobState
    since: datetime
    reason: str = ""
    message: str = ""
    output: str | None = None


@dataclass(frozen=True, slots=True)
class EvaluationSeen:
    """A ModelEvaluation of this monitor that is not finished."""

    name: str
    uid: str
    look: int
    role: Role


@dataclass(frozen=True, slots=True)
class ServingSeen:
    """The live serving object: `rollout_id` is our annotation on it, 0 where it has none.

    `generation` moves whenever a person changes it; `place` says in words where the URI is.
    """

    uid: str
    generation: int
    uri: str
    rollout_id: int
    progress: Progress
    detail: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Annotations:
    """What people ask for by annotating the monitor; each value is handled once."""

    requested_at: str | None = None
    requests: Mapping[Verb, str] = field(default_factory=dict)


FLEET_PERIOD: Final = timedelta(hours=1)
"""Trips within so long are taken together."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The other monitors: how many there are that train, and how many of them tripped within the last hour."""

    active: int = 0
    tripped: int = 0
    fewest: int = 5
    share: float = 0.2

    def closes(self, tripped: int) -> bool:
        """Whether so many trips are too many: at least `fewest`, and more than a share of the active ones."""
        return tripped >= self.fewest and tripped > self.share * self.active


def serving_of(spec: ModelMonitorSpec, status: ModelMonitorStatus) -> Serving:
    """What serves: a rollout runs under the spec that it began with.

    Its own serving object is watched until it has ended, and with it what it may have to be rolled back to.
    """
    rollout = status.rollout
    return rollout.target if rollout is not None and rollout.stage in UNDER_WAY else spec.model.serving


@dataclass(frozen=True, slots=True)
class Observation:
    """One monitor and everything around it, at one moment.

    `recorded` is the status as it stands in the cluster. `status` begins as the same and is what the policies before
    this one have made of it. An action follows only from what is recorded, so that it can be found again.
    `invalid` is what the API server could not see to be wrong with the spec. `evidence` is what the policy at work has
    found to decide upon; it goes into the record with the decision.
    """

    namespace: str
    name: str
    uid: str
    generation: int
    spec: ModelMonitorSpec
    recorded: ModelMonitorStatus
    status: ModelMonitorStatus
    serving: ServingSeen | Problem
    annotations: Annotations = Annotations()
    invalid: Problem | None = None
    owner_of_target: str | None = None
    jobs: Mapping[str, JobSeen] = field(default_factory=dict)
    evaluations: tuple[EvaluationSeen, ...] = ()
    observe_only: bool = False
    fleet: Fleet = Fleet()
    evidence: Evidence | None = None

    @property
    def grid(self) -> Grid:
        """The windows of this monitor."""
        return Grid.of(self.spec.windows)

    @property
    def looks_at_data(self) -> bool:
        """Whether there is anything to look at in stage Data."""
        return self.spec.drift is not None or self.spec.quality is not None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages that have evaluations of their own.

        While labels come with the rows one evaluation holds both. When they are late after all, the data are not made
        to wait for them.
        """
        late = self.label_delay > timedelta(0) or self.status.frontier(Stage.QUALITY).immature_looks > 0
        return (Stage.DATA, Stage.QUALITY) if self.looks_at_data and late else (Stage.QUALITY,)

    def next_window(self, stage: Stage) -> Window | None:
        """The next window of a stage; None while nothing is known of the data. Stage Data begins where Quality is."""
        known = self.status.frontier(stage).next_window or self.status.frontier(Stage.QUALITY).next_window
        start = self.spec.windows.start
        if known is not None or start is None:
            return known
        return self.grid.window(self.grid.first_on_or_after(start))

    def closes(self, window: Window, stage: Stage = Stage.QUALITY) -> datetime:
        """A window is closed when an event of this time or later was seen: its rows are there, or their labels too."""
        return window.end + slack(self.spec.windows, self.spec.data.labels, stage)

    def matures(self, window: Window) -> datetime:
        """From this event time on a window's missing labels are missing for good."""
        return window.end + patience(self.spec.windows, self.spec.data.labels)

    def newest_closed(self, data_through: datetime, stage: Stage = Stage.QUALITY) -> Window:
        """The newest window that is closed when events up to `data_through` were seen."""
        late = slack(self.spec.windows, self.spec.data.labels, stage)
        return self.grid.window(self.grid.newest_closed(data_through, late))

    @property
    def challenger(self) -> Challenger:
        """When a candidate is better."""
        return self.spec.challenger or Challenger()

    @property
    def rollout_spec(self) -> Rollout:
        """How a better candidate is brought into service."""
        return self.spec.rollout or Rollout()

    @property
    def label_delay(self) -> timedelta:
        """How long after its event a row has its label."""
        return self.spec.data.labels.delay or timedelta(0)

    @property
    def target(self) -> Serving:
        """What serves, and is looked at now."""
        return serving_of(self.spec, self.recorded)

    @property
    def makes_serving(self) -> bool:
        """Whether the object that holds the URI is to be made now, and by this monitor."""
        observes = self.observe_only or self.spec.rollout_mode is RolloutMode.OBSERVE
        return isinstance(self.serving, Absent) and not observes and self.owner_of_target is None

    def edited_since(self, generation: int | None) -> bool:
        """Whether the spec is another one than at that generation; nobody knows of one that was not recorded."""
        return generation is not None and generation != self.generation

    def with_status(self, status: ModelMonitorStatus) -> Self:
        """The same world, seen by the next policy."""
        return replace(self, status=status)

    def resting_on(self, evidence: Evidence) -> Self:
        """The same world, with what is now decided upon."""
        return replace(self, evidence=evidence)
