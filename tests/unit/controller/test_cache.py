"""The cache: versions only go forward, what is gone stays gone, what was missed is found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

import pytest

from modelmonitor.controller.cache import MOST_EXPLAINED, Cache, Explained, Store

Raw = dict[str, Any]


@dataclass(frozen=True)
class Word:
    """A projection with one word."""

    word: str

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        return cls(raw["word"])


def thing(word: str, version: int, *, name: str = "x", uid: str = "u-1", namespace: str = "team") -> Raw:
    meta = {"namespace": namespace, "name": name, "uid": uid, "resourceVersion": str(version)}
    return {"metadata": meta, "word": word}


@pytest.fixture
def store() -> Store[Word]:
    return Store(Word.of)


def word(store: Store[Word], name: str = "x") -> str | None:
    found = store.get("team", name)
    return found.word if found else None


def test_an_event_that_is_older_than_our_own_answer_does_not_turn_time_back(store: Store[Word]) -> None:
    assert store.apply(thing("answered", 7))
    assert not store.apply(thing("stale event", 5))
    assert word(store) == "answered"


def test_the_same_version_again_is_no_news_and_is_taken_anyway(store: Store[Word]) -> None:
    store.apply(thing("once", 7))
    assert not store.apply(thing("twice", 7))
    assert word(store) == "twice"


def test_versions_are_numbers_and_not_words(store: Store[Word]) -> None:
    store.apply(thing("nine", 9))
    assert store.apply(thing("ten", 10))
    assert word(store) == "ten"


def test_what_is_deleted_is_not_brought_back_by_an_event_that_was_under_way(store: Store[Word]) -> None:
    store.apply(thing("alive", 5))
    store.remove(thing("deleted", 8))
    assert not store.apply(thing("late", 6))
    assert word(store) is None


def test_a_name_that_is_used_again_is_another_object(store: Store[Word]) -> None:
    store.apply(thing("first", 5, uid="u-1"))
    store.remove(thing("first", 8, uid="u-1"))
    assert store.apply(thing("second", 9, uid="u-2"))
    assert word(store) == "second"


def test_the_end_of_an_object_that_is_told_late_does_not_take_its_successor_away(store: Store[Word]) -> None:
    """kopf keeps events in order for each uid, not for each name."""
    store.apply(thing("first", 5, uid="u-1"))
    store.apply(thing("second", 9, uid="u-2"))
    store.remove(thing("first", 8, uid="u-1"))
    assert word(store) == "second"


def test_a_404_is_enough_to_forget(store: Store[Word]) -> None:
    store.apply(thing("alive", 5))
    store.forget("team", "x")
    assert word(store) is None
    store.forget("team", "x")
    store.forget("nowhere", "x")


def test_with_a_uid_only_this_very_object_is_forgotten(store: Store[Word]) -> None:
    store.apply(thing("second", 9, uid="u-2"))
    store.forget("team", "x", "u-1")
    assert word(store) == "second"
    store.forget("team", "x", "u-2")
    assert word(store) is None


def test_a_list_forgets_what_it_does_not_have_and_keeps_what_came_after_it(store: Store[Word]) -> None:
    store.apply(thing("listed", 3, name="a", uid="u-a"))
    store.apply(thing("deleted unheard", 4, name="b", uid="u-b"))
    store.apply(thing("created since", 12, name="c", uid="u-c"))
    assert store.sweep({"u-a"}, 10) == {"team"}
    assert [word(store, name) for name in "abc"] == ["listed", None, "created since"]
    assert store.sweep({"u-a"}, 10) == set()


def test_the_list_of_a_namespace_says_nothing_of_the_others(store: Store[Word]) -> None:
    store.apply(thing("here", 3, uid="u-1"))
    store.apply(thing("there", 3, uid="u-2", namespace="other"))
    assert store.sweep(set(), 10, "team") == {"team"}
    assert [one.word for one in store] == ["there"]
    assert store.sweep(set(), 10, "empty") == set()


def test_it_can_be_changed_while_it_is_read(store: Store[Word]) -> None:
    for number in range(3):
        store.apply(thing(str(number), number + 1, name=str(number), uid=str(number)))
    for one in store:
        store.forget("team", one.word)
    assert list(store) == []


def test_what_is_remembered_of_the_dead_is_bounded(store: Store[Word]) -> None:
    for number in range(3000):
        store.remove(thing("gone", number + 1, name=str(number), uid=str(number)))
    assert not store.apply(thing("late", 1, name="2999", uid="2999")), "the latest are remembered"
    assert store.apply(thing("late", 1, name="0", uid="0")), "the first no longer"


def test_what_events_said_is_bounded_and_the_oldest_goes_first() -> None:
    cache = Cache()
    told = Explained("FailedMount: no secret", datetime(2026, 1, 1, tzinfo=UTC))
    for number in range(MOST_EXPLAINED + 1):
        cache.explain(str(number), told)
    assert len(cache.explained) == MOST_EXPLAINED
    assert "0" not in cache.explained


@pytest.mark.parametrize(
    ("target", "found"),
    [
        pytest.param({"seldonDeployment": {"name": "flights", "node": "classifier"}}, True, id="it looks at it"),
        pytest.param({"seldonDeployment": {"name": "flights-2", "node": "classifier"}}, False, id="a longer name"),
        pytest.param({"seldonDeployment": {"name": "other", "node": "flights"}}, False, id="a node of that name"),
        pytest.param(None, False, id="nothing"),
    ],
)
def test_the_monitors_of_a_seldon_deployment_are_those_that_name_it(target: Raw | None, found: bool) -> None:
    cache = Cache()
    meta = {"namespace": "team", "name": "mine", "uid": "u", "resourceVersion": "1"}
    cache.monitors.apply({"metadata": meta, "spec": {"model": {"serving": target}}})
    assert [key.name for key in cache.monitors_of("team", "SeldonDeployment", "flights")] == (["mine"] if found else [])
    assert cache.monitors_of("elsewhere", "SeldonDeployment", "flights") == []
    assert cache.monitors_of("team", "Deployment", "flights") == []
