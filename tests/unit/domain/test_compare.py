"""Comparing candidate and champion, as a table of sentences."""

from datetime import timedelta
from typing import Any

import pytest

from modelmonitor.api.measuring import Trouble
from modelmonitor.api.result import (
    Baseline,
    Cause,
    Comparison,
    ComparisonResult,
    GuardVerdict,
    Look,
    Paired,
    Verdict,
    Window,
)
from modelmonitor.api.status import AttemptOutcome, Direction, Phase, RolloutStage, Trigger
from modelmonitor.domain.actions import Explain, FinishEvaluation, StartEvaluation
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import (
    Expectation,
    acts,
    case,
    check,
    condition,
    does,
    finishes,
    nothing,
    phase,
    says,
    tells,
    without,
)
from tests.unit.domain.worlds import DAY, HOUR, NOW, A, B, World, day, week, world

MINUTE = timedelta(minutes=1)
KEEPS_CHAMPION = says(
    attempt=None, candidate=None, comparison=None, cooldown_ends=NOW + DAY, serving_model__uri=A, rollout=None
)


def said(verdict: Comparison, *, tries: int = 0) -> World:
    return world().comparing(tries=tries).compared(verdict)


def failed(errors: int) -> World:
    return world().comparing(errors=errors).erred(Cause.CANDIDATE, "CandidateNotFound", "No such file.")


COMPARING = [
    case(
        "its window is still open: waits",
        world().comparing(window=week(17)),
        nothing() & says(comparison__window=week(17)) & phase(Phase.COMPARING),
    ),
    case(
        "labels of its window have not had their time: waits",
        world().spec(data={"labels": {"delay": "2d"}}).comparing(),
        nothing(),
    ),
    case(
        "its window is closed: both models are scored on its rows",
        world().comparing(),
        does(StartEvaluation)
        & acts(
            StartEvaluation,
            record__candidate_uri=B,
            record__model_uri=A,
            record__window=week(16),
            job_input__contender__trained_through=week(16).start,
        ),
    ),
    case("the Job runs: waits", world().comparing().job(JobState.RUNNING), nothing()),
    case("the Job waits without a word", world().comparing().job(JobState.WAITING).later(HOUR / 2), does(Explain)),
    case(
        "suspended: its Job is not made, and what it would say is not acted upon",
        world().suspended().comparing(),
        nothing(),
    ),
    case("suspended: a finished Job is kept", world().suspended().comparing().compared(Comparison.BETTER), nothing()),
    case(
        "Better: the rollout is written down, nothing is patched yet",
        said(Comparison.BETTER),
        does(FinishEvaluation)
        & tells("RollingOut", "f1 0.2100 serving, 0.4300 challenging", "at least 0.1700 with confidence 0.95")
        & says(
            rollout__id=1,
            rollout__direction=Direction.FORWARD,
            rollout__stage=RolloutStage.PROGRESSING,
            rollout__from_uri=A,
            rollout__to_uri=B,
            rollout__deadline=NOW + 15 * MINUTE,
            rollout__verify_from=week(16).end,
            last_attempt__outcome=AttemptOutcome.PROMOTED,
            comparison=None,
            serving_model__uri=A,
        ),
    ),
    case(
        "Better, with logged predictions: what verifies it is only known when it serves",
        world().logging_predictions().comparing().compared(Comparison.BETTER),
        says(rollout__verify_from=None),
    ),
    case(
        "Better, and the live object remembers an id that the status has lost: the next one is used",
        said(Comparison.BETTER).live(rollout_id=7),
        says(rollout__id=8),
    ),
    case(
        "not Better: the champion stays, and the next attempt has to wait",
        said(Comparison.NOT_BETTER),
        finishes()
        & KEEPS_CHAMPION
        & says(last_attempt__outcome=AttemptOutcome.NOT_BETTER, last_attempt__comparison__low=0.17),
    ),
    case(
        "no evidence: the window after it",
        said(Comparison.NO_EVIDENCE),
        finishes() & says(comparison__window=week(17), comparison__tries=1, comparison__look=42, looks=42),
    ),
    case("no evidence for the third time: once more", said(Comparison.NO_EVIDENCE, tries=2), says(comparison__tries=3)),
    case(
        "no evidence for the fourth time: the champion stays",
        said(Comparison.NO_EVIDENCE, tries=3),
        KEEPS_CHAMPION & tells("NoEvidence", "after 4 windows: 9000 rows."),
    ),
    case(
        "a window without a row is no evidence",
        world().comparing().found(Look.JUDGED, Verdict.NO_DATA),
        says(comparison__tries=1, comparison__window=week(17)),
    ),
    case(
        "labels are late: the same window again",
        world().comparing().found(Look.IMMATURE),
        does() & says(comparison__window=week(16), comparison__tries=0, comparison__look=42),
    ),
    case(
        "could not measure: the same window again after a minute",
        failed(0),
        finishes()
        & tells("CandidateNotFound", "No such file.")
        & says(comparison__window=week(16), comparison__errors=1, comparison__not_before=NOW + MINUTE),
    ),
    case(
        "could not measure for the fourth time: after eight", failed(3), says(comparison__not_before=NOW + 8 * MINUTE)
    ),
    case(
        "could not measure for the fifth time: the champion stays",
        failed(4),
        KEEPS_CHAMPION
        & tells("NoEvidence", "No such file.")
        & says(last_attempt__outcome=AttemptOutcome.NO_EVIDENCE, quality__trouble=None),
    ),
]


def unreachable(errors: int = 0, cause: Cause | None = Cause.STORAGE) -> World:
    return world().comparing(errors=errors).erred(cause, "StorageUnreachable", "Cannot reach the store.")


def waits_for_it(seen: World) -> World:
    """The same reason, for the third time."""
    wanted = seen.status.comparison
    assert wanted is not None
    trouble = Trouble(reason="StorageUnreachable", message="Cannot reach the store.", count=2)
    return seen.knowing(comparison=wanted.model_copy(update={"trouble": trouble}))


COMPARING += [
    case(
        "the store is down: that is waited for and told, and no try is used up",
        unreachable(4),
        finishes()
        & tells("StorageUnreachable", "tried again", "Cannot reach the store.")
        & condition("Ready", "False", "StorageUnreachable", "Cannot reach the store.")
        & says(comparison__errors=4, comparison__trouble__count=1, comparison__not_before=NOW + MINUTE, history=()),
    ),
    case(
        "... for the third time: after four minutes",
        waits_for_it(world().comparing()).erred(Cause.STORAGE, "StorageUnreachable"),
        says(comparison__trouble__count=3, comparison__not_before=NOW + 4 * MINUTE),
    ),
    case(
        "the champion does not load: that is not held against the candidate",
        unreachable(4, Cause.MODEL),
        says(comparison__errors=4),
    ),
    case("the manifest cannot be used: nor is that", unreachable(4, Cause.INPUT), says(comparison__errors=4)),
    case("the evaluator has a mistake: nor is that", unreachable(4, Cause.UNEXPECTED), says(comparison__errors=4)),
    case(
        "a column is missing in the data for the fifth time: the champion stays",
        unreachable(4, Cause.DATA),
        KEEPS_CHAMPION,
    ),
    case(
        "its Job was evicted: nor is that",
        world().comparing(errors=4).job(JobState.FAILED, reason="Evicted", message="The node was low on memory."),
        says(comparison__errors=4, comparison__trouble__reason="Evicted"),
    ),
    case(
        "the store is there again",
        waits_for_it(world().comparing()).compared(Comparison.NO_EVIDENCE),
        says(comparison__trouble=None, comparison__tries=1) & condition("Ready", "True", "Watching"),
    ),
    case(
        "the store was down, and now the candidate does not load: that counts",
        waits_for_it(world().comparing()).erred(Cause.CANDIDATE, "CandidateNotFound"),
        says(comparison__trouble=None, comparison__errors=1),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), COMPARING)
def test_comparing(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_who_has_corrected_the_spec_does_not_wait_for_the_end_of_a_pause() -> None:
    paused = world().recording(decide(unreachable().seen, NOW).status)
    check(paused, nothing())
    edited = without(paused, generation=paused.seen.generation + 1)
    check(edited, does(StartEvaluation))


def test_after_an_error_it_waits_until_its_pause_is_over() -> None:
    paused = decide(failed(0).seen, NOW)
    seen = world().recording(paused.status)
    check(seen, nothing())
    check(seen.later(MINUTE), does(StartEvaluation))


def test_the_next_window_of_windows_that_overlap_shares_no_row_with_the_one_before() -> None:
    seen = world().overlapping().comparing(window=day(110)).compared(Comparison.NO_EVIDENCE)
    seen = seen.knowing(data_through=day(115).start)
    wanted = decide(seen.seen, NOW).status.comparison
    assert wanted is not None
    assert wanted.window == day(112)


def test_a_comparison_says_nothing_of_the_trouble_of_the_measuring_chain() -> None:
    check(failed(0), says(quality__trouble=None, failing_windows=(week(14), week(15))))


def test_a_candidate_that_breaks_a_guard_is_refused_and_the_message_says_where() -> None:
    broken = Paired(
        metric="recall{carrier=UA}", champion=0.5, candidate=0.4, low=-0.13, margin=0.02, guard=GuardVerdict.BROKEN
    )
    kept = Paired(metric="precision", guard=GuardVerdict.KEPT, margin=0.1)
    measured = ComparisonResult(
        verdict=Comparison.NOT_BETTER, metric="f1", reason="GuardBroken", low=0.1, others=(broken, kept)
    )
    seen = world().comparing().found(Look.JUDGED, Verdict.FAIL, comparison=measured)
    words = "recall{carrier=UA} 0.5000 serving, 0.4000 challenging, at least -0.1300 with confidence 0.95"
    check(seen, tells("NotBetter", "Worse where it must not be", words) & KEEPS_CHAMPION)
    last = decide(seen.seen, NOW).status.last_attempt
    assert last is not None
    assert last.comparison is not None
    assert last.comparison.others == (broken,), "the ModelEvaluation has all of them"


def hurried(trigger: Trigger = Trigger.FAILING, train_end: Window | None = None) -> World:
    """The spec asks for the window that tripped; the training Job has ended."""
    seen = world().spec(challenger={"window": "Tripping"}).trained()
    attempt = seen.status.attempt
    assert attempt is not None
    until = (train_end or week(15)).start
    return seen.knowing(attempt=attempt.model_copy(update={"trigger": trigger, "train_end": until}))


@pytest.mark.parametrize(
    ("seen", "window"),
    [
        case("the window that tripped: at once", hurried(), week(15)),
        case("asked for: no window tripped", hurried(Trigger.ASKED), week(16)),
        case("by schedule: no window tripped", hurried(Trigger.SCHEDULED), week(16)),
        case("the spec asks for it only since the training began", hurried(train_end=week(16)), week(16)),
    ],
)
def test_where_the_spec_asks_for_the_window_that_tripped_it_is_compared_on(seen: World, window: Window) -> None:
    wanted = decide(seen.seen, NOW).status.comparison
    assert wanted is not None
    assert wanted.window == window


def test_on_the_window_that_tripped_it_is_trained_on_what_is_before_it_and_the_result_says_selected() -> None:
    seen = world().spec(challenger={"window": "Tripping"})
    trip = decide(seen.failing(2).seen, NOW).status.attempt
    assert trip is not None
    assert trip.train_end == week(15).start
    check(seen.comparing(window=week(15)), acts(StartEvaluation, job_input__contender__selected=True))
    check(world().comparing(), acts(StartEvaluation, job_input__contender__selected=False))


def test_the_newest_window_is_not_selected_for_being_bad_where_somebody_asked() -> None:
    begun = world().comparing(window=week(15))
    assert begun.status.attempt is not None
    asked = begun.knowing(attempt=begun.status.attempt.model_copy(update={"trigger": Trigger.ASKED}))
    check(asked, acts(StartEvaluation, job_input__contender__selected=False))


def test_a_guard_keeps_no_worse_model_in_service() -> None:
    """The way back needs no proof but that of the metric that decides."""
    guards = [{"metric": "recall", "margin": 0.01}]
    forward = world().spec(challenger={"guards": guards}).comparing()
    back = world().spec(challenger={"guards": guards}).comparing_with_previous()
    for seen, number in ((forward, 1), (back, 0)):
        started = [one for one in decide(seen.seen, NOW).actions if isinstance(one, StartEvaluation)]
        assert [len(one.job_input.challenger.guards) for one in started] == [number]
    check(back, acts(StartEvaluation, job_input__contender__selected=True))


RECALL = Paired(metric="recall", guard=GuardVerdict.NO_EVIDENCE, margin=0.1)
WAS = Baseline(metric="f1", value=0.4, error=0.1, degrees=6)
TOO_FEW = {"reason": "TooFewRows"}
NONE = ComparisonResult(verdict=Comparison.NO_EVIDENCE, metric="f1", rows=700, blocks=7)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        pytest.param(TOO_FEW | {"counted": 85, "needed": 2000}, "f1 rests on 85 rows, 2000 are needed", id="rows"),
        pytest.param(
            {"reason": "TooFewBlocks", "counted": 3, "needed": 4},
            "f1 rests on 3 blocks of time, 4 are needed",
            id="days",
        ),
        pytest.param(
            {
                "reason": "GuardNotJudged",
                "others": (
                    RECALL.model_copy(update=TOO_FEW | {"metric": "f1{carrier=UA}", "counted": 1, "needed": 9}),
                    RECALL.model_copy(update=TOO_FEW | {"counted": 40, "needed": 100}),
                ),
            },
            "recall rests on 40 rows, 100 are needed",
            id="rows of a guard; a segment decides nothing",
        ),
        pytest.param(
            {"reason": "GuardNotJudged", "others": (RECALL.model_copy(update={"reason": "OneClassOnly"}),)},
            "recall cannot be judged: OneClassOnly",
            id="a guard that is not defined",
        ),
        pytest.param({"reason": "NoData"}, "There is not one row.", id="a window without rows"),
    ],
)
def test_no_evidence_says_what_was_too_little(fields: dict[str, Any], words: str) -> None:
    measured = NONE.model_copy(update=fields)
    seen = world().comparing(tries=3)
    seen = seen.found(Look.JUDGED, Verdict.INSUFFICIENT, comparison=measured, message="There is not one row.")
    check(seen, tells("NoEvidence", f"after 4 windows: {words}") & KEEPS_CHAMPION)


def test_of_a_comparison_the_status_keeps_what_decided_and_no_more() -> None:
    """The ModelEvaluation has all of it; a fifteenth of a status for each metric is too much."""
    many = tuple(RECALL.model_copy(update={"metric": f"recall{{carrier={k}}}", "rows": 1}) for k in range(32))
    for verdict in Comparison:
        found = (
            world()
            .comparing(tries=3)
            .found(
                Look.JUDGED,
                Verdict.FAIL,
                comparison=NONE.model_copy(
                    update={"verdict": verdict, "others": many, "low": 0.1, "baselines": (WAS,)}
                ),
            )
        )
        last = decide(found.seen, NOW).status.last_attempt
        assert last is not None
        assert last.comparison is not None
        assert (last.comparison.others, last.comparison.baselines) == ((), ())
    broken = tuple(one.model_copy(update={"guard": GuardVerdict.BROKEN}) for one in many)
    refused = NONE.model_copy(update={"verdict": Comparison.NOT_BETTER, "others": broken, "reason": "GuardBroken"})
    last = decide(
        world().comparing().found(Look.JUDGED, Verdict.FAIL, comparison=refused).seen, NOW
    ).status.last_attempt
    assert last is not None
    assert last.comparison is not None
    assert last.comparison.others == broken[:3]
