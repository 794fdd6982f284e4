import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from modelmonitor.evaluation.join.keys import keys_of

WHOLE = st.integers(-(2**63), 2**63 - 1)


def pairs(values: pa.Array) -> list[tuple[int, int]]:
    keys = keys_of(pa.record_batch({"id": values}), ["id"], "here")
    return list(zip(keys.high.tolist(), keys.low.tolist(), strict=True))


@given(st.lists(WHOLE, unique=True, max_size=200))
def test_different_whole_numbers_have_different_keys(values: list[int]) -> None:
    assert len(set(pairs(pa.array(values, pa.int64())))) == len(values)


@given(st.lists(st.binary(max_size=40), unique=True, max_size=200))
def test_different_bytes_have_different_keys(values: list[bytes]) -> None:
    assert len(set(pairs(pa.array(values, pa.binary())))) == len(values)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=50), st.data())
def test_a_key_does_not_depend_on_the_batch_in_which_it_is(values: list[str], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(values)))
    array = pa.array(values, pa.string())
    assert pairs(array) == pairs(array[:cut]) + pairs(array[cut:])


def test_parts_are_even_also_of_numbers_in_a_row() -> None:
    keys = keys_of(pa.record_batch({"id": pa.array(range(64_000))}), ["id"], "here")
    sizes = np.bincount(keys.part(64), minlength=64)
    assert sizes.min() > 800
    assert sizes.max() < 1200
