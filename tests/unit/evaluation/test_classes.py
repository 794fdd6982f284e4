from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from modelmonitor.evaluation.classes import ClassReader
from modelmonitor.evaluation.errors import DataError

NAN = float("nan")


@pytest.mark.parametrize(
    ("positive", "values", "expected"),
    [
        pytest.param("1", pa.array([1, 0, None]), [1, 0, -1], id="integers, null is missing"),
        pytest.param("1", pa.array([1.0, 0.0, NAN, None]), [1, 0, -1, -1], id="pandas' integers with gaps are floats"),
        pytest.param("1", pa.array([True, False, None]), [1, 0, -1], id="booleans are 1 and 0"),
        pytest.param("true", pa.array([1, 0]), [1, 0], id="true means 1"),
        pytest.param("true", pa.array(["True", "FALSE"]), [1, 0], id="booleans as words, in any case"),
        pytest.param("false", pa.array([True, False]), [0, 1], id="the positive class may be false"),
        pytest.param("late", pa.array(["late", "on time"]), [1, 0], id="words"),
        pytest.param("2", pa.array([1, 2], pa.int8()), [0, 1], id="classes 1 and 2"),
        pytest.param("late", pa.array(["late", None]).dictionary_encode(), [1, -1], id="a category column"),
        pytest.param("1", pa.nulls(2), [-1, -1], id="a column of nothing but nulls"),
        pytest.param("1", pa.array([], pa.int64()), [], id="no rows"),
        pytest.param("1", pa.array([0, 0]), [0, 0], id="a quiet window may have no positive row"),
        pytest.param("0.5", pa.array([0.5, 1.5]), [1, 0], id="fractions are compared as written"),
    ],
)
def test_classes_are_read(positive: str, values: pa.Array, expected: list[int]) -> None:
    read = ClassReader(positive).read("data.columns.label", "late", values)
    np.testing.assert_array_equal(read, np.asarray(expected, np.int8))


@pytest.mark.parametrize(
    ("positive", "batches", "reason", "says"),
    [
        pytest.param(
            "1",
            [["late", "on time"]],
            "PositiveClassNotFound",
            'model.positiveClass is "1", but data.columns.label "late" holds "late", "on time"',
            id="the positive class is called otherwise: no row would be positive and the model look hopeless",
        ),
        pytest.param(
            "Late",
            [["late"], ["on time"]],
            "PositiveClassNotFound",
            '"late", "on time"',
            id="found out in a later batch",
        ),
        pytest.param("1", [[0, 1, 2]], "NotBinary", '"0", "1", "2"', id="three classes"),
        pytest.param("1", [list(range(2000))], "NotBinary", '"0", "1", "10"', id="not a class at all"),
    ],
)
def test_columns_that_cannot_be_of_this_task_are_refused(
    positive: str, batches: Sequence[Sequence[Any]], reason: str, says: str
) -> None:
    reader = ClassReader(positive)
    *before, last = batches
    for batch in before:
        reader.read("data.columns.label", "late", pa.array(batch))
    with pytest.raises(DataError) as caught:
        reader.read("data.columns.label", "late", pa.array(last))
    assert caught.value.reason == reason
    assert says in caught.value.message
