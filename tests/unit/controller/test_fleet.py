"""What happens to many monitors at once, counted as each is heard of."""

from datetime import UTC, datetime, timedelta

from modelmonitor.controller.cache import Cache
from modelmonitor.controller.projections import Key
from modelmonitor.domain.observation import Fleet
from tests.unit.controller.objects import SPEC, TEAM, Raw, heard_of, monitor

NOW = datetime(2026, 1, 1, 6, tzinfo=UTC)
TRAINS: Raw = {**SPEC, "retrain": {"jobTemplate": {}}}
TERMS = Fleet(fewest=2, share=0.5)


def tripped(name: str, minutes_ago: int, **meta: object) -> Raw:
    at = (NOW - timedelta(minutes=minutes_ago)).isoformat().replace("+00:00", "Z")
    return monitor(name, spec=TRAINS, status={"trippedAt": at}, uid=f"uid-{name}", **meta)


def fleet(cache: Cache, uid: str = "uid-me") -> Fleet:
    return cache.fleet.beside(uid, TERMS, NOW)


def test_active_are_those_that_train_and_are_not_suspended() -> None:
    cache = heard_of(
        monitor("measures", uid="a"),
        monitor("trains", uid="b", spec=TRAINS),
        monitor("rests", uid="c", spec={**TRAINS, "suspend": True}),
    )
    assert fleet(cache, "b").active == 1
    assert fleet(cache, "a").active == 2, "whoever asks is about to train"


def test_tripped_are_the_others_of_the_last_hour() -> None:
    cache = heard_of(tripped("a", 5), tripped("b", 59), tripped("c", 60), tripped("d", 500))
    assert fleet(cache).tripped == 2
    assert fleet(cache, "uid-a").tripped == 1
    assert cache.fleet.tripped(NOW) == [Key(TEAM, "a"), Key(TEAM, "b")]


def test_one_that_the_guard_kept_from_it_counts_too() -> None:
    held = monitor("held", uid="h", spec=TRAINS, status={"guard": {"since": NOW.isoformat()}})
    assert fleet(heard_of(held)).tripped == 1


def test_a_monitor_that_is_gone_or_is_another_one_counts_no_more() -> None:
    cache = heard_of(tripped("a", 5), tripped("b", 5))
    cache.monitors.remove(tripped("a", 5))
    again = monitor("b", spec=SPEC, uid="uid-another")
    cache.monitors.apply(again)
    assert (fleet(cache, "uid-another").tripped, fleet(cache, "uid-another").active) == (0, 1)


def test_a_sweep_forgets_them_too() -> None:
    cache = heard_of(tripped("a", 5))
    cache.monitors.sweep(set(), 10**9)
    assert fleet(cache).tripped == 0


def test_nonsense_in_a_status_is_no_trip() -> None:
    cache = heard_of(monitor("a", spec=TRAINS, status={"trippedAt": "yesterday"}))
    assert fleet(cache).tripped == 0


def test_the_terms_are_the_operators() -> None:
    assert fleet(heard_of()).closes(2)
    assert not fleet(heard_of()).closes(1)
