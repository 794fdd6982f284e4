from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from modelmonitor.evaluation.columns.frequent import HeavyHitters

streams = st.lists(st.lists(st.sampled_from("abcdefghijkl"), max_size=60), max_size=6)


@given(streams, st.integers(1, 8))
def test_no_count_is_too_high_or_further_too_low_than_is_said_however_it_was_merged(
    parts: list[list[str]], counters: int
) -> None:
    merged = HeavyHitters(counters)
    for part in parts:
        one = HeavyHitters(counters)
        one.add(Counter(part))
        merged += one
    exact = Counter(letter for part in parts for letter in part)
    assert len(merged.counts) <= counters
    assert merged.missed <= exact.total() / (counters + 1)
    for value, rows in exact.items():
        assert rows - merged.missed <= merged.counts.get(value, 0) <= rows


def test_the_most_frequent_come_first_and_equals_in_order_of_the_text() -> None:
    seen = HeavyHitters()
    seen.add({"b": 2, "c": 5, "a": 2})
    assert seen.most(2) == ["c", "a"]
    assert seen.missed == 0
