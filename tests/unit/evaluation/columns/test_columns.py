"""Columns in, counts out: whatever the type, the order of the rows and the split."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelmonitor.evaluation.columns.counter import ColumnCounter
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Kind, Layout
from modelmonitor.evaluation.reference.sample import Sample

BIG = 2**53


def layout_of(values: pa.Array) -> Layout:
    sample = Sample(["column"])
    sample.add(len(values), {"column": values})
    (layout,) = sample.layouts({})
    return layout


def counted(layout: Layout, values: pa.Array | None, block: Any = None, blocks: int = 1) -> ColumnCounts:
    counter = ColumnCounter([layout], blocks)
    rows = 3 if values is None else len(values)
    where = np.zeros(rows, np.intp) if block is None else np.asarray(block, np.intp)
    counter.add(where, {} if values is None else {layout.name: values})
    return counter.counts[layout.name]


def same(one: ColumnCounts, other: ColumnCounts) -> None:
    for key, array in one.arrays().items():
        np.testing.assert_allclose(array, other.arrays()[key], rtol=1e-9, atol=1e-9, err_msg=key)


@pytest.mark.parametrize(
    ("values", "kind", "groups", "missing"),
    [
        pytest.param(pa.array([1.5, 2.5, None, float("nan")]), Kind.NUMBER, [1, 1, 0], 2, id="null and NaN"),
        pytest.param(pa.array([0.0, -0.0, 1.0]), Kind.NUMBER, [2, 1, 0], 0, id="minus zero is zero"),
        pytest.param(pa.array([1, 1, 7], pa.int8()), Kind.NUMBER, [2, 1, 0], 0, id="small integers"),
        pytest.param(pa.array([BIG, BIG + 2, BIG + 4]), Kind.NUMBER, [1, 1, 1, 0], 0, id="integers beyond 2**53"),
        pytest.param(pa.array([2**64 - 1, 0], pa.uint64()), Kind.NUMBER, [1, 1, 0], 0, id="the largest unsigned"),
        pytest.param(pa.array([Decimal("1.10"), Decimal("2.20"), None]), Kind.NUMBER, [1, 1, 0], 1, id="decimals"),
        pytest.param(pa.array([1, 2, None], pa.float16()), Kind.NUMBER, [1, 1, 0], 1, id="half floats"),
        pytest.param(pa.array([True, False, True, None]), Kind.CATEGORY, [2, 1, 0], 1, id="booleans"),
        pytest.param(pa.array(["a", "b", "a", "b", None]), Kind.CATEGORY, [2, 2, 0], 1, id="text"),
        pytest.param(
            pa.array(["a", "b", "a", "b", None]).dictionary_encode(), Kind.CATEGORY, [2, 2, 0], 1, id="a dictionary"
        ),
        pytest.param(pa.array(["a", "b", "a", "b"], pa.string_view()), Kind.CATEGORY, [2, 2, 0], 0, id="views of text"),
        pytest.param(pa.array([date(2013, 1, 1), date(2013, 1, 2)]), Kind.NUMBER, [1, 1, 0], 0, id="dates"),
        pytest.param(
            pa.array([datetime(2013, 1, 1, tzinfo=UTC), None], pa.timestamp("ns", "UTC")),
            Kind.NUMBER,
            [1, 0],
            1,
            id="times",
        ),
        pytest.param(pa.array([timedelta(hours=1), timedelta(hours=2)]), Kind.NUMBER, [1, 1, 0], 0, id="durations"),
        pytest.param(pa.array([f"id {k:03}" for k in range(50)]), Kind.LENGTH, [50, 0], 0, id="a text per row"),
        pytest.param(pa.array([b"ab", b"abc"]), Kind.LENGTH, [1, 1, 0], 0, id="bytes"),
        pytest.param(pa.array([4.5] * 5), Kind.NUMBER, [5, 0], 0, id="one value"),
        pytest.param(pa.array([None, None], pa.float64()), Kind.PRESENCE, [], 2, id="all missing"),
        pytest.param(pa.nulls(2), Kind.PRESENCE, [], 2, id="of no type at all"),
        pytest.param(pa.array([[1], None]), Kind.PRESENCE, [], 1, id="lists: only whether there is one"),
    ],
)
def test_a_column_is_counted_by(values: pa.Array, kind: Kind, groups: list[int], missing: int) -> None:
    layout = layout_of(values)
    found = counted(layout, values)
    assert (layout.kind, found.groups[0].tolist(), int(found.missing[0])) == (kind, groups, missing)
    assert found.rows == len(values) - missing
    assert found.cells.sum() == (0 if kind is Kind.PRESENCE else found.rows)


def test_infinite_numbers_are_counted_and_in_no_sum() -> None:
    layout = layout_of(pa.array([1.0, 2.0, 3.0]))
    found = counted(layout, pa.array([1.0, 3.0, float("inf"), float("-inf")]))
    assert (found.rows, found.infinite, found.least, found.most) == (4, 2, 1.0, 3.0)
    assert found.mean(layout) == pytest.approx(2.0)
    assert found.deviation == pytest.approx(1.0)


def test_a_value_that_the_reference_has_not_is_in_no_cell_of_one_that_it_has() -> None:
    found = counted(layout_of(pa.array([0, 1] * 10)), pa.array([0.5, 2.0, -1.0, 1.0]))
    assert found.groups[0].tolist() == [0, 1, 3]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_numbers_beside_an_edge_stay_on_their_side_in_either_precision(dtype: type[np.floating[Any]]) -> None:
    """Edges of float64 numbers, 0.1 say, are no float32: rounded down, a smaller number would be on the wrong side."""
    random = np.random.default_rng(0)
    layout = layout_of(pa.array(random.random(5000)))
    values = layout.edges.astype(dtype)
    near = np.concatenate([np.nextafter(values, dtype(-9)), values, np.nextafter(values, dtype(9))]).astype(dtype)
    expected = np.bincount(layout.edges.searchsorted(near.astype(np.float64), side="right"), minlength=layout.cells)
    assert counted(layout, pa.array(near)).cells.tolist() == expected.tolist()


def test_many_numbers_are_counted_at_quantiles_with_a_tenth_in_each_group() -> None:
    values = pa.array(np.random.default_rng(0).normal(size=20_000).astype(np.float32))
    layout = layout_of(values)
    found = counted(layout, values)
    assert 1000 < len(layout.edges) <= 1024
    assert found.groups[0] == pytest.approx(2000, abs=25)
    assert found.deviation == pytest.approx(1, abs=0.02)


def test_a_value_of_many_rows_has_a_cell_of_its_own() -> None:
    values = np.concatenate([np.zeros(5000), np.random.default_rng(0).random(5000) + 0.1])
    layout = layout_of(pa.array(values))
    assert 5000 in counted(layout, pa.array(values)).cells


def test_the_squares_of_times_are_not_rounded_away() -> None:
    times = pa.array(np.arange(1000) + 1_357_000_000_000_000, pa.timestamp("us"))
    assert counted(layout_of(times), times).deviation == pytest.approx(np.arange(1000).std())


def test_five_thousand_categories_leave_the_rarest_together_and_say_so() -> None:
    texts = [f"c{k}" for k in range(5000)] * 2 + ["c1"] * 500
    layout = layout_of(pa.array(texts))
    assert (layout.kind, len(layout.categories), layout.missed) == (Kind.CATEGORY, 4096, 2)
    assert layout.categories[0] == "c1"
    assert counted(layout, pa.array(texts)).cells[-1] == 2 * (5000 - 4096)


@pytest.mark.parametrize(
    ("reference", "window", "mistyped"),
    [
        pytest.param(pa.array([1.0, 2.0]), pa.array(["1", "2"]), 2, id="text for numbers"),
        pytest.param(pa.array([1.0, 2.0]), pa.array([1, 2]), 0, id="integers for floats"),
        pytest.param(pa.array([1.0, 2.0]), pa.array([date(2013, 1, 1)]), 1, id="dates for numbers"),
        pytest.param(pa.array(["1", "2", "1", "2"]), pa.array([1.0, 2.0]), 0, id="numbers for their texts"),
        pytest.param(pa.array(["a", "b", "a", "b"]), pa.array([b"a"]), 1, id="bytes for text"),
        pytest.param(pa.array([1.0, 2.0]), pa.nulls(2), 0, id="nothing but nulls"),
    ],
)
def test_a_column_of_another_type_is_counted_where_it_means_the_same(
    reference: pa.Array, window: pa.Array, mistyped: int
) -> None:
    found = counted(layout_of(reference), window)
    assert found.mistyped == mistyped
    assert found.rows + found.mistyped + int(found.missing.sum()) == len(window)


def test_a_column_that_is_not_there_is_missing_in_every_row() -> None:
    found = counted(layout_of(pa.array([1.0, 2.0])), None)
    assert (found.absent, int(found.missing[0])) == (3, 3)


numbers = st.lists(st.none() | st.floats(width=32) | st.integers(-5, 5).map(float), min_size=1, max_size=60)
words = st.lists(st.none() | st.sampled_from(["a", "b", "ü", "", "zz"]), min_size=1, max_size=60)


@settings(max_examples=60)
@given(
    st.one_of(numbers.map(lambda v: pa.array(v, pa.float32())), words.map(lambda v: pa.array(v, pa.string()))),
    st.data(),
)
def test_any_order_and_any_split_of_rows_give_the_same(values: pa.Array, data: st.DataObject) -> None:
    layout = layout_of(values)
    block = data.draw(st.lists(st.integers(0, 4), min_size=len(values), max_size=len(values)))
    order = data.draw(st.permutations(range(len(values))))
    cut = data.draw(st.integers(0, len(values)))
    whole = counted(layout, values, block, 5)
    parts = counted(layout, values.take(pa.array(order[:cut], pa.int64())), [block[k] for k in order[:cut]], 5)
    parts += counted(layout, values.take(pa.array(order[cut:], pa.int64())), [block[k] for k in order[cut:]], 5)
    # The sums of numbers near the end of float32's range differ by rounding that is large in itself.
    if layout.kind is not Kind.NUMBER or np.abs(np.nan_to_num(np.asarray(values.cast(pa.float64())))).max() < 1e6:
        same(whole, parts)
    assert whole.cells.tolist() == parts.cells.tolist()
    assert whole.groups.tolist() == parts.groups.tolist()


def test_the_sample_is_every_nth_row_and_the_same_however_rows_come() -> None:
    values = np.random.default_rng(0).random(600_000)

    def edges(batch: int) -> list[float]:
        sample = Sample(["column"])
        for start in range(0, len(values), batch):
            part = pa.array(values[start : start + batch])
            sample.add(len(part), {"column": part})
        found: list[float] = sample.layouts({})[0].edges.tolist()
        return found

    assert edges(100_000) == edges(77_777)
    assert len(edges(100_000)) <= 1024
