"""Which model served when, why, and where decisions are missing."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modelmonitor.api.record import Change, HistoryEntry, Move
from modelmonitor.domain.chronicle import Chronicle
from tests.unit.domain.worlds import A, B, C

BEGIN = datetime(2013, 5, 1, tzinfo=UTC)
SHA = {A: "sha256:a", B: "sha256:b"}


def day(number: float) -> datetime:
    return BEGIN + timedelta(days=number)


def entry(number: int, reason: str, model: str = A, *, at: float | None = None, **fields: Any) -> HistoryEntry:
    """Decision `number`, on the day of that number unless said otherwise."""
    time = day(number if at is None else at)
    return HistoryEntry(id=number, time=time, reason=reason, model_uri=model, **fields)


LIFE = [
    entry(1, "FirstSeen"),
    entry(2, "Fail", model_digest=SHA[A]),
    entry(3, "Tripped", trip=1),
    entry(4, "Trained", trip=1),
    entry(5, "Fail"),
    entry(6, "RollingOut", trip=1, move=Move(rollout=1, from_uri=A, to_uri=B)),
    entry(7, "Promoted", B, trip=1, move=Move(rollout=1, from_uri=A, to_uri=B)),
    entry(8, "Pass", B, model_digest=SHA[B]),
    entry(9, "Verified", B, trip=1, move=Move(rollout=1, from_uri=A, to_uri=B)),
    entry(10, "NewChampion", C, move=Move(from_uri=B, to_uri=C)),
    entry(11, "Pass", C),
]


@pytest.mark.parametrize(
    ("at", "uri", "digest", "since", "why", "found", "next_"),
    [
        pytest.param(1, A, SHA[A], 1, [1], [], 7, id="the first, at the moment of the decision"),
        pytest.param(6.9, A, SHA[A], 1, [1], [2, 3, 4, 5, 6], 7, id="while the other is rolled out"),
        pytest.param(7, B, SHA[B], 7, [3, 4, 6, 7], [], 10, id="promoted: trip, training, rollout"),
        pytest.param(9.5, B, SHA[B], 7, [3, 4, 6, 7], [8, 9], 10, id="later: what was found since"),
        pytest.param(10.5, C, None, 10, [10], [], None, id="a person's model: nobody knows its digest"),
        pytest.param(99, C, None, 10, [10], [11], None, id="after the newest decision"),
    ],
)
def test_the_model_that_served(
    at: float, uri: str, digest: str | None, since: int, why: list[int], found: list[int], next_: int | None
) -> None:
    service = Chronicle.of(reversed(LIFE)).service_at(day(at))
    assert service is not None
    assert (service.uri, service.digest, service.began.id) == (uri, digest, since)
    assert [one.id for one in service.why] == why
    assert [one.id for one in service.until(day(at))] == found
    assert (service.next.id if service.next else None) == next_


def test_before_the_record_begins_nothing_is_known() -> None:
    assert Chronicle.of(LIFE).service_at(day(0.5)) is None
    assert Chronicle.of([]).service_at(day(1)) is None


def test_what_came_after() -> None:
    assert [one.id for one in Chronicle.of(LIFE).after(day(9.5))] == [10, 11]


def test_other_files_under_the_same_uri_are_another_model() -> None:
    mutated = entry(3, "ModelMutated", model_digest="sha256:new", change=Change(before=SHA[A], after="sha256:new"))
    told = Chronicle.of([entry(1, "FirstSeen"), entry(2, "Fail"), mutated])
    before, after = told.service_at(day(2)), told.service_at(day(4))
    assert before is not None
    assert after is not None
    assert (before.digest, before.next) == (SHA[A], mutated)
    assert (after.digest, after.began) == ("sha256:new", mutated)


def test_two_decisions_of_one_moment_are_in_the_order_of_their_numbers() -> None:
    told = Chronicle.of(entry(number, "Fail", at=1) for number in (10, 9, 100))
    assert [one.id for one in told.entries] == [9, 10, 100]


@pytest.mark.parametrize(
    ("entries", "gaps"),
    [
        pytest.param([(1, 1), (2, 2), (3, 3)], [], id="none"),
        pytest.param([(1, 1), (4, 4), (5, 5), (7, 7)], [(2, 4), (1, 7)], id="in the middle"),
        pytest.param([(6, 6)], [(5, 6)], id="before the first"),
        pytest.param([(1, 1), (2, 2), (1, 3), (2, 4)], [], id="the status was lost: the count begins anew"),
        pytest.param([(8, 1), (9, 2), (5, 3), (7, 4)], [(7, 8), (1, 7)], id="an older status was restored"),
        pytest.param([], [], id="no decision at all"),
    ],
)
def test_where_decisions_are_missing(entries: list[tuple[int, float]], gaps: list[tuple[int, int]]) -> None:
    told = Chronicle.of(entry(number, "Fail", at=at) for number, at in entries)
    assert [(gap.count, gap.before.id) for gap in told.gaps()] == gaps


def test_a_remediation_of_the_same_number_before_the_status_was_lost_is_another_one() -> None:
    move = Move(rollout=2, from_uri=B, to_uri=C)
    again = [
        entry(1, "FirstSeen", B, at=20),
        entry(2, "Tripped", B, at=21, trip=1),
        entry(3, "RollingOut", B, at=22, trip=1, move=move),
        entry(4, "Promoted", C, at=23, trip=1, move=move),
    ]
    service = Chronicle.of([*LIFE[:9], *again]).service_at(day(24))
    assert service is not None
    assert [one.time for one in service.why] == [day(21), day(22), day(23)]
