"""The whole flow chart: one monitor from its first look to a verified model, decision by decision."""

import json
from datetime import timedelta

from modelmonitor.api.result import Comparison, Look, Verdict, Window
from modelmonitor.api.status import Phase
from modelmonitor.domain.actions import PatchServing, StartEvaluation, StartTraining
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState, Progress
from tests.unit.domain.expectations import settled
from tests.unit.domain.worlds import DAY, HOUR, A, B, World, newborn, week


def rested(seen: World) -> World:
    """The world when decisions have come to rest: what was recorded, and only the Jobs that are still wanted."""
    return seen.recording(settled(seen)).without_finished_jobs()


def asks(seen: World) -> list[str]:
    return [type(action).__name__ for action in decide(seen.seen, seen.now).actions]


def looked(seen: World, window: Window, verdict: Verdict) -> World:
    """The next look finds this verdict on this window."""
    seen = rested(seen.later(8 * DAY))
    wanted = seen.status.measurement
    assert wanted is not None
    assert wanted.window == window
    assert StartEvaluation.__name__ in asks(seen)
    return rested(seen.found_verdict(verdict))


def test_the_flow_chart() -> None:
    seen = rested(newborn().spec(windows={"start": week(14).start.date()}))
    seen = rested(seen.found(Look.OPEN, data_through=week(14).start + DAY))
    assert seen.status.phase is Phase.WATCHING

    seen = looked(seen, week(14), Verdict.WARN)
    seen = looked(seen, week(15), Verdict.FAIL)
    seen = looked(seen, week(16), Verdict.INSUFFICIENT)
    assert seen.status.attempt is None

    seen = looked(seen, week(17), Verdict.FAIL)
    assert seen.status.phase is Phase.TRAINING
    assert asks(seen) == [StartTraining.__name__]

    seen = rested(seen.job(JobState.RUNNING))
    seen = rested(seen.job(JobState.SUCCEEDED, output=json.dumps({"modelUri": B})))
    assert seen.status.phase is Phase.COMPARING
    assert asks(seen) == []

    seen = looked(seen, week(18), Verdict.FAIL)
    assert asks(seen) == [StartEvaluation.__name__]
    seen = rested(seen.compared(Comparison.BETTER))
    assert seen.status.phase is Phase.ROLLING_OUT
    assert asks(seen) == [PatchServing.__name__]

    seen = rested(seen.live(uri=B, rollout_id=1, progress=Progress.UNDER_WAY).later(timedelta(seconds=30)))
    assert seen.status.serving_model is not None
    assert seen.status.serving_model.uri == A
    seen = rested(seen.live(progress=Progress.DONE).later(HOUR / 60))
    assert seen.status.phase is Phase.VERIFYING

    seen = looked(seen, week(19), Verdict.PASS)
    assert seen.status.phase is Phase.WATCHING
    told = [entry.reason for entry in seen.status.history]
    assert (
        told
        == [
            "Warn",
            "Fail",
            "Insufficient",
            "Fail",
            "Tripped",
            "Trained",
            "Fail",
            "RollingOut",
            "Promoted",
            "Pass",
            "Verified",
        ][-10:]
    )
