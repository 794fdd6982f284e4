"""What is left over and what must stay, as a table of sentences."""

from dataclasses import replace

import pytest

from modelmonitor.api.job import Role
from modelmonitor.api.result import Comparison, Verdict
from modelmonitor.domain.actions import DeleteEvaluation, DeleteJob
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import EvaluationSeen, JobSeen, JobState
from tests.unit.domain.worlds import NOW, B, World, week, world


def deleted(seen: World) -> list[str]:
    kinds = (DeleteJob, DeleteEvaluation)
    return [type(action).__name__ for action in decide(seen.seen, NOW).actions if isinstance(action, kinds)]


def with_stranger(seen: World) -> World:
    job = JobSeen("flights-e-0000000000", "uid-old", JobState.SUCCEEDED, NOW)
    record = EvaluationSeen("flights-e-0000000000", "uid-old", 3, Role.CHAMPION)
    return replace(seen, seen=replace(seen.seen, jobs={**seen.seen.jobs, job.name: job}, evaluations=(record,)))


@pytest.mark.parametrize(
    ("seen", "gone"),
    [
        pytest.param(world().measuring().job(JobState.RUNNING), [], id="the Job that is wanted stays"),
        pytest.param(world().measuring().found_verdict(Verdict.FAIL), [], id="a result that is only now read stays"),
        pytest.param(world().comparing().compared(Comparison.BETTER), [], id="so does a comparison's"),
        pytest.param(world().trained(), [], id="and a training's"),
        pytest.param(
            world().measuring(model=B).job(JobState.RUNNING),
            [],
            id="a Job that is only now given up stays for this once",
        ),
        pytest.param(
            with_stranger(world()), ["DeleteJob", "DeleteEvaluation"], id="what the recorded status does not want goes"
        ),
        pytest.param(
            with_stranger(world().suspended()), ["DeleteJob", "DeleteEvaluation"], id="also while it is suspended"
        ),
        pytest.param(with_stranger(world().invalid()), [], id="not under a spec that cannot be used"),
    ],
)
def test_leftovers(seen: World, gone: list[str]) -> None:
    assert deleted(seen) == gone


@pytest.mark.parametrize(
    ("seen", "gone"),
    [
        pytest.param(
            world().measuring().found_verdict(Verdict.FAIL),
            ["DeleteJob", "DeleteEvaluation"],
            id="a look whose result is recorded",
        ),
        pytest.param(
            world().comparing().compared(Comparison.NOT_BETTER),
            ["DeleteJob", "DeleteEvaluation"],
            id="a comparison whose result is recorded",
        ),
        pytest.param(world().trained(), ["DeleteJob"], id="a training whose candidate is recorded"),
    ],
)
def test_a_job_goes_when_its_result_is_recorded(seen: World, gone: list[str]) -> None:
    assert deleted(seen.recording(decide(seen.seen, NOW).status)) == gone


def test_a_job_is_deleted_by_its_uid() -> None:
    actions = decide(with_stranger(world()).seen, NOW).actions
    assert actions == (
        DeleteJob("flights-e-0000000000", "uid-old"),
        DeleteEvaluation("flights-e-0000000000", "uid-old"),
    )


def test_the_comparison_and_the_look_of_one_window_are_two_jobs() -> None:
    both = world().comparing().measuring(week(16))
    names = {name for name, _ in (both.wanted_job(), both.knowing(measurement=None).wanted_job())}
    assert len(names) == 2
