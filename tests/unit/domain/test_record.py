"""Entries of the history: what they say, how long they stay, and how they get into the record."""

import json
from typing import Any

import pytest

from modelmonitor.api.job import INPUT_LIMIT
from modelmonitor.api.record import MOST_DECISIONS, ComparedValues, Evidence, HistoryEntry, MeasuredValue, Move
from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Comparison, Look, MetricResult, ModelIdentity, Verdict
from modelmonitor.api.status import ModelMonitorStatus, RolloutStage
from modelmonitor.api.trimming import trimmed
from modelmonitor.domain.actions import StartEvaluation
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import Progress
from modelmonitor.domain.record import missing
from tests.unit.domain.expectations import case, condition, settled
from tests.unit.domain.worlds import DAY, NOW, A, B, C, World, newborn, week, world

F1 = MetricResult(name="f1", verdict=Verdict.FAIL, value=0.1, low=0.05, high=0.15, level=0.9, min=0.2, rows=900)
MEASURED = MeasuredValue(name="f1", verdict=Verdict.FAIL, value=0.1, low=0.05, high=0.15, level=0.9, min=0.2)
COMPARED = ComparedValues(
    verdict=Comparison.BETTER, metric="f1", champion=0.21, candidate=0.43, difference=0.22, low=0.17, rows=9000
)


def entries_of(seen: World) -> list[HistoryEntry]:
    """What the next decision adds to the history."""
    known = {one.id for one in seen.status.history}
    return [one for one in decide(seen.seen, seen.now).status.history if one.id not in known]


def the_entry(seen: World) -> HistoryEntry:
    (only,) = entries_of(seen)
    return only


def with_name(evidence: Evidence | None, seen: World) -> Evidence | None:
    """The name of an evaluation follows from what is wanted."""
    name = seen.wanted_job()[0] if evidence is not None and evidence.evaluation == "wanted" else None
    return evidence if evidence is None or name is None else evidence.model_copy(update={"evaluation": name})


ROLL_1 = Move(rollout=1, from_uri=A, to_uri=B)


@pytest.mark.parametrize(
    ("seen", "reason", "fields", "evidence"),
    [
        case("first sight: the record begins with who serves", newborn(), "FirstSeen", {"model_uri": A}, None),
        case(
            "a Fail: its window, its evaluation, the metric that failed first",
            world().measuring().found_verdict(Verdict.FAIL, metrics=(F1,)),
            "Fail",
            {"model_uri": A, "trip": None, "move": None},
            Evidence(windows=(week(16),), evaluation="wanted", metric=MEASURED),
        ),
        case(
            "a trip: the windows that made it",
            world().failing(2),
            "Tripped",
            {"model_uri": A, "trip": 1},
            Evidence(windows=(week(14), week(15))),
        ),
        case("a candidate: the trip that made it", world().trained(), "Trained", {"model_uri": A, "trip": 1}, None),
        case(
            "a rollout: from, to, the numbers of the comparison and its window",
            world().comparing().compared(Comparison.BETTER),
            "RollingOut",
            {"model_uri": A, "trip": 1, "move": ROLL_1},
            Evidence(windows=(week(16),), evaluation="wanted", comparison=COMPARED),
        ),
        case(
            "a candidate that is not better: the numbers too, and no move",
            world().comparing().compared(Comparison.NOT_BETTER),
            "NotBetter",
            {"model_uri": A, "trip": 1, "move": None},
            Evidence(
                windows=(week(16),),
                evaluation="wanted",
                comparison=COMPARED.model_copy(update={"verdict": Comparison.NOT_BETTER}),
            ),
        ),
        case(
            "promoted: the other model serves from here on",
            world().rolling(progress=Progress.DONE),
            "Promoted",
            {"model_uri": B, "trip": 1, "move": ROLL_1},
            None,
        ),
        case(
            "rolling back: the way back has a number of its own",
            world().rolling(progress=Progress.FAILED),
            "RollingBack",
            {"model_uri": A, "move": Move(rollout=2, from_uri=B, to_uri=A)},
            None,
        ),
        case(
            "rolled back because the old model is better on the same rows: the numbers",
            world().comparing_with_previous().compared(Comparison.BETTER),
            "RollingBack",
            {"model_uri": B, "move": Move(rollout=2, from_uri=B, to_uri=A)},
            Evidence(windows=(week(17),), evaluation="wanted", comparison=COMPARED),
        ),
        case(
            "verified: the window and the evaluation that did it",
            world().verifying().judged(Verdict.PASS, week(17)),
            "Verified",
            {"model_uri": B, "move": ROLL_1},
            Evidence(windows=(week(17),), evaluation="flights-e-latest"),
        ),
        case(
            "somebody's model: from, to, and no rollout",
            world().live(uri=C),
            "NewChampion",
            {"model_uri": C, "move": Move(from_uri=A, to_uri=C)},
            None,
        ),
        case(
            "somebody took our model back: no rollout of ours",
            world().finished_rollout(RolloutStage.KEPT).live(uri=A),
            "Reverted",
            {"model_uri": A, "move": Move(from_uri=B, to_uri=A)},
            None,
        ),
        case(
            "a request: by whom",
            world().told(Verb.HOLD, '{"by": "anna", "why": "a fair"}'),
            "Held",
            {"model_uri": A},
            Evidence(by="anna"),
        ),
    ],
)
def test_an_entry_says_what_was_decided_and_what_it_rests_on(
    seen: World, reason: str, fields: dict[str, Any], evidence: Evidence | None
) -> None:
    found = the_entry(seen)
    assert (found.reason, found.time, found.generation) == (reason, NOW, 1)
    assert {name: getattr(found, name) for name in fields} == fields
    assert found.evidence == with_name(evidence, seen)


def test_numbers_only_grow_also_when_the_counter_was_lost() -> None:
    assert the_entry(world().failing(2)).id == 1
    assert the_entry(world().failing(2).decided(7, 8)).id == 9
    assert the_entry(world().failing(2).decided(7, 8).knowing(decisions=0)).id == 9
    assert the_entry(world().failing(2).decided(7, 8).knowing(history=())).id == 9


def test_two_entries_of_one_moment_have_two_names() -> None:
    seen = world().spec(verdict={"failuresToTrip": 1}).measuring().found_verdict(Verdict.FAIL, metrics=(F1,))
    names = [one.name for one in entries_of(seen)]
    assert names == ["20130504T120000Z-000001", "20130504T120000Z-000002"]


def test_the_digest_of_the_candidate_that_was_compared_is_that_of_the_model_that_is_promoted() -> None:
    compared = world().comparing().compared(Comparison.BETTER, candidate=ModelIdentity(uri=B, digest="sha256:b"))
    rolling = the_entry(compared)
    assert rolling.move == ROLL_1.model_copy(update={"to_digest": "sha256:b"})
    intent = compared.recording(settled(compared))
    done = settled(intent.live(uri=B, rollout_id=1, progress=Progress.DONE)).history[-1]
    assert (done.reason, done.model_digest) == ("Promoted", "sha256:b")


# --- the outbox ---------------------------------------------------------------------------------------------------
def ids(status: ModelMonitorStatus) -> list[int]:
    return [one.id for one in status.history]


@pytest.mark.parametrize(
    ("seen", "kept", "lost"),
    [
        case(
            "of decisions in the record only the newest are kept",
            world().reporting().decided(5, 6, 7, recorded_through=7),
            [6, 7, 8],
            0,
        ),
        case(
            "those that wait are kept beyond the bound",
            world().reporting().decided(5, 6, 7, recorded_through=5),
            [6, 7, 8],
            0,
        ),
        case("also when all of them wait", world().reporting().decided(*range(1, 31)), list(range(1, 32)), 0),
        case("but not more than a status can hold", world().reporting().decided(*range(1, 41)), list(range(2, 42)), 1),
        case("without a store nothing waits", world().decided(5, 6, 7), [6, 7, 8], 0),
    ],
)
def test_the_outbox_keeps(seen: World, kept: list[int], lost: int) -> None:
    status = decide(seen.spec(history={"decisions": 3}).failing(2).seen, NOW).status
    assert (ids(status), missing(status)) == (kept, lost)


def handed(seen: World) -> list[int]:
    """The numbers of the decisions that the evaluation Job which is to be made is handed."""
    start = next(one for one in decide(seen.seen, seen.now).actions if isinstance(one, StartEvaluation))
    handover = start.job_input.record
    return [] if handover is None else [one.id for one in handover.decisions]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        case(
            "an evaluation is handed those that wait",
            world().reporting().decided(5, 6, 7, recorded_through=5).measuring(),
            [6, 7],
        ),
        case("a comparison too", world().reporting().decided(6, 7).comparing(), [6, 7]),
        case("nothing where nothing waits", world().reporting().decided(6, 7, recorded_through=7).measuring(), []),
        case("nothing without a store", world().decided(6, 7).measuring(), []),
    ],
)
def test_the_next_job_is_handed(seen: World, expected: list[int]) -> None:
    assert handed(seen) == expected


def test_a_decision_that_is_not_written_down_yet_is_not_handed_over() -> None:
    """Killed before the status is written, it would be in the record and never have been."""
    seen = world().reporting().decided(6).measuring().failing(2)
    assert [one.reason for one in entries_of(seen)] == ["Tripped"]
    assert handed(seen) == [6]


def test_as_many_as_the_input_can_hold_are_handed_over_the_oldest_first() -> None:
    seen = world().reporting().decided(*range(1, MOST_DECISIONS + 1))
    long = [
        one.model_copy(update={"message": "ü" * 256, "model_uri": "s3://" + "m" * 1000}) for one in seen.status.history
    ]
    seen = seen.knowing(history=tuple(long)).measuring()
    numbers = handed(seen)
    assert numbers == list(range(1, len(numbers) + 1))
    assert 15 < len(numbers) < MOST_DECISIONS
    start = next(one for one in decide(seen.seen, NOW).actions if isinstance(one, StartEvaluation))
    assert len(start.job_input.text().encode()) <= INPUT_LIMIT


def test_where_the_spec_leaves_no_room_nothing_is_handed_over_and_the_evaluation_is_made() -> None:
    columns = [f"{k:03}{'c' * 250}" for k in range(125)]
    data = {"columns": {"timestamp": "t", "label": "late", "features": {"exclude": columns}}}
    seen = world().reporting().spec(data=data).decided(1, 2)
    full = seen.knowing(history=tuple(one.model_copy(update={"message": "m" * 256}) for one in seen.status.history))
    assert handed(full.measuring()) == []


def name_of(seen: World, number: int) -> str:
    return next(one.name for one in seen.status.history if one.id == number)


WAITING = world().reporting().decided(5, 6, 7, recorded_through=5)


@pytest.mark.parametrize(
    ("told", "through"),
    [
        pytest.param({"recorded_through": name_of(WAITING, 7)}, 7, id="all of them"),
        pytest.param({"recorded_through": name_of(WAITING, 6), "record_problem": "It is full."}, 6, id="some of them"),
        pytest.param({"record_problem": "It is full."}, 5, id="none of them"),
        pytest.param({}, 5, id="an evaluator that says nothing of it"),
        pytest.param({"recorded_through": name_of(WAITING, 5)}, 5, id="an older one again"),
        pytest.param({"recorded_through": "20130401T000000Z-000007"}, 5, id="another decision of the same number"),
        pytest.param({"recorded_through": "yesterday"}, 5, id="nonsense"),
    ],
)
@pytest.mark.parametrize("look", [Look.OPEN, Look.IMMATURE, Look.JUDGED])
def test_what_a_job_says_is_in_the_record_waits_no_more(told: dict[str, str], through: int, look: Look) -> None:
    verdict = Verdict.PASS if look is Look.JUDGED else None
    status = settled(WAITING.measuring().found(look, verdict, **told))
    assert status.recorded_through == through
    assert [one.id for one in status.waiting_decisions] == list(range(through + 1, 8))
    assert status.record_problem == told.get("record_problem")


def test_what_is_in_the_record_at_length_is_kept_in_short() -> None:
    said = Evidence(windows=(week(14),), evaluation="flights-e-1", metric=MEASURED)
    full = tuple(
        one.model_copy(update={"evidence": said, "model_digest": "sha256:a"}) for one in WAITING.status.history
    )
    seen = WAITING.knowing(history=full)
    history = settled(seen.measuring().found(Look.OPEN, recorded_through=name_of(seen, 6))).history
    assert [one.evidence for one in history] == [None, None, said]
    assert [(one.id, one.reason) for one in history] == [(5, "Fail"), (6, "Fail"), (7, "Fail")]


def test_a_comparison_says_so_too() -> None:
    seen = WAITING.comparing().compared(Comparison.NOT_BETTER, recorded_through=name_of(WAITING, 7))
    status = settled(seen)
    assert status.recorded_through == 7
    assert [one.reason for one in status.waiting_decisions] == ["NotBetter"]


def test_a_job_that_failed_may_have_written_and_may_say_so() -> None:
    seen = WAITING.measuring().erred(None, "DataMissing", recorded_through=name_of(WAITING, 7))
    assert settled(seen).recorded_through == 7


def test_trouble_is_over_when_a_later_job_could_write() -> None:
    seen = WAITING.knowing(record_problem="It is full.").measuring()
    assert settled(seen.found(Look.OPEN, recorded_through=name_of(WAITING, 7))).record_problem is None


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        case(
            "decisions that wait are no trouble",
            WAITING.judged(Verdict.PASS),
            condition("Reported", "False", "NotWritten"),
        ),
        case(
            "decisions that could not be written",
            WAITING.knowing(record_problem="s3://reports/: no"),
            condition("Reported", "False", "NotRecorded", "2 decisions", "s3://reports/: no"),
        ),
        case(
            "decisions that are lost to the record",
            world().reporting().decided(9, 10, recorded_through=5),
            condition("Reported", "False", "RecordIncomplete", "3 decisions", "gap"),
        ),
        case(
            "once the record goes on, it tells the gap itself",
            world().reporting().decided(9, 10, recorded_through=9).judged(Verdict.PASS),
            condition("Reported", "False", "NotWritten"),
        ),
        case(
            "without a store nothing is lost",
            world().decided(9, 10, recorded_through=5),
            condition("Reported", "False", "NoStore"),
        ),
    ],
)
def test_the_condition_reported(seen: World, expected: Any) -> None:
    for check in expected.checks:
        check(decide(seen.seen, seen.now))


def test_months_without_a_job_and_the_loss_is_told_and_then_in_the_record() -> None:
    """A monitor that nobody resumes for long: more happens to its serving object than a status can hold."""
    seen = world().reporting().suspended()
    for number in range(MOST_DECISIONS + 5):
        seen = seen.later(DAY).live(uri=f"s3://models/flights/{number}")
        seen = seen.recording(trimmed(settled(seen)))
    lost = missing(seen.status)
    assert lost >= 5
    for check in condition("Reported", "False", "RecordIncomplete", f"{lost} decisions").checks:
        check(decide(seen.seen, seen.now))
    oldest = seen.status.history[0]
    assert oldest.id == lost + 1
    awake = seen.spec(suspend=False).measuring(model=seen.status.history[-1].model_uri or "")
    told = awake.found(Look.OPEN, recorded_through=oldest.name)
    assert missing(settled(told)) == 0


def test_an_entry_is_short() -> None:
    """So that ten of them and all else fit into a status."""
    entry = the_entry(world().comparing().compared(Comparison.BETTER))
    assert len(json.dumps(entry.document(), separators=(",", ":"))) < 1100
