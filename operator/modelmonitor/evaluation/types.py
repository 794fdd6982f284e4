"""Types of columns: which of them go together when a column is not written as the same type everywhere."""

from enum import StrEnum
from typing import Final

import pyarrow as pa

_FLOATS: Final = (pa.types.is_floating, pa.types.is_decimal)
# Bytes that Arrow holds for each value of text beside its letters: an offset, and a bit for null.
_TEXT_OVERHEAD: Final = 5
# Text that repeats is stored once in a file and again in every row of memory; nothing in a footer says how long it is.
_TEXT_AT_LEAST: Final = 16


class Family(StrEnum):
    """Types that hold the same values."""

    NOTHING = "nothing"
    TRUTH = "true or false"
    WHOLE = "whole numbers"
    NUMBER = "numbers"
    TEXT = "text"
    BYTES = "bytes"
    TIME = "times"
    DATE = "dates"
    OTHER = "something else"


def family(type_: pa.DataType) -> Family:
    """The family of a type; of a dictionary that of its values."""
    if pa.types.is_dictionary(type_):
        return family(type_.value_type)
    table = (
        (Family.NOTHING, (pa.types.is_null,)),
        (Family.TRUTH, (pa.types.is_boolean,)),
        (Family.WHOLE, (pa.types.is_integer,)),
        (Family.NUMBER, _FLOATS),
        (Family.TEXT, (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)),
        (
            Family.BYTES,
            (
                pa.types.is_binary,
                pa.types.is_large_binary,
                pa.types.is_binary_view,
                pa.types.is_fixed_size_binary,
            ),
        ),
        (Family.TIME, (pa.types.is_timestamp,)),
        (Family.DATE, (pa.types.is_date,)),
    )
    return next((one for one, tests in table if any(test(type_) for test in tests)), Family.OTHER)


def common(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type to which both widen without loss of meaning; None when they do not go together."""
    if one == other:
        return one
    kinds = {family(one), family(other)}
    if Family.NOTHING in kinds:
        return other if family(one) is Family.NOTHING else one
    if kinds <= {Family.TRUTH, Family.WHOLE, Family.NUMBER}:
        return pa.float64() if Family.NUMBER in kinds else pa.int64()
    if len(kinds) > 1:
        return None
    widest = {
        Family.TEXT: pa.large_string(),
        Family.BYTES: pa.large_binary(),
        Family.DATE: pa.date32(),
        # A time without a zone is UTC everywhere.
        Family.TIME: pa.timestamp("us", "UTC"),
    }
    return widest.get(kinds.pop())


def width(type_: pa.DataType, stored: float) -> float:
    """Bytes of a value in memory, where the file has `stored` of them, decompressed."""
    if pa.types.is_dictionary(type_):
        return width(type_.value_type, stored)
    try:
        return float(type_.bit_width) / 8 + 1 / 8
    except ValueError:
        return max(stored, _TEXT_AT_LEAST) + _TEXT_OVERHEAD
