"""From Arrow columns to numbers and texts, whatever type they were written with."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.evaluation.classes import class_text

Numbers = NDArray[np.floating[Any]]
"""float32 or float64, shape (rows,), NaN where there is no value."""


class Family(StrEnum):
    """Types of columns that hold the same values."""

    NOTHING = "nothing"
    NUMBER = "number"
    TRUTH = "truth"
    TIME = "time"
    TEXT = "text"
    BYTES = "bytes"
    OTHER = "other"


_FAMILIES: Final = (
    (Family.NOTHING, ("null",)),
    (Family.TRUTH, ("boolean",)),
    (Family.NUMBER, ("integer", "floating", "decimal")),
    (Family.TIME, ("timestamp", "date", "time", "duration")),
    (Family.TEXT, ("string", "large_string", "string_view")),
    (Family.BYTES, ("binary", "large_binary", "binary_view", "fixed_size_binary")),
)


def family(type_: pa.DataType) -> Family:
    """The family of a type; of a dictionary that of its values."""
    if pa.types.is_dictionary(type_):
        return family(type_.value_type)
    for found, names in _FAMILIES:
        if any(getattr(pa.types, f"is_{name}")(type_) for name in names):
            return found
    return Family.OTHER


def numbers(values: pa.Array) -> Numbers:
    """Numbers as they are (float32 stays what it is), times in microseconds, texts and bytes by their length.

    Whole numbers beyond 2**53 are rounded to the nearest float64, which keeps their order.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    match family(values.type):
        case Family.TEXT:
            values = pc.utf8_length(_plain(values))
        case Family.BYTES:
            values = pc.binary_length(_plain(values))
        case Family.TIME:
            values = _microseconds(values)
    if pa.types.is_float32(values.type) and values.null_count == 0:
        single: Numbers = values.to_numpy(zero_copy_only=False)
        return single
    if pa.types.is_float32(values.type):
        return np.where(_known(values), values.fill_null(0).to_numpy(zero_copy_only=False), np.float32(np.nan))
    if not pa.types.is_float64(values.type):
        # A decimal or a large integer has no float64 of exactly its value, which a safe cast would refuse.
        values = values.cast(pa.float64(), safe=False)
    found: Numbers = (values.fill_null(np.nan) if values.null_count else values).to_numpy(zero_copy_only=False)
    return found


def texts(values: pa.Array) -> pa.Array:
    """Text (large strings, null where there is no value); anything else as the text by which classes are compared."""
    if family(values.type) is Family.TEXT:
        if pa.types.is_dictionary(values.type):
            return pa.DictionaryArray.from_arrays(values.indices, values.dictionary.cast(pa.large_string()))
        return values if pa.types.is_string(values.type) else values.cast(pa.large_string())
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    named = pa.array([class_text(value.as_py()) for value in coded.dictionary], pa.large_string())
    return pa.DictionaryArray.from_arrays(coded.indices, named)


def places(values: pa.Array, among: pa.Array) -> NDArray[np.int32]:
    """Where each text stands among some (large strings): -1 where it does not, -2 where there is none; (rows,)."""
    if pa.types.is_dictionary(values.type):
        of_values = places(values.dictionary, among)
        codes = values.indices.cast(pa.int64()).fill_null(len(of_values)).to_numpy(zero_copy_only=False)
        found: NDArray[np.int32] = np.append(of_values, np.int32(-2))[codes]
        return found
    index = pc.index_in(values, value_set=among.cast(values.type), skip_nulls=True).fill_null(-1)
    found = index.to_numpy(zero_copy_only=False)
    if values.null_count:
        found = np.where(_known(values), found, np.int32(-2))
    return found


def frequencies(values: pa.Array) -> Mapping[str, int]:
    """How often each text stands in a column (of `texts`); text that is none (bytes that are no UTF-8) is left out."""
    counted = pc.value_counts(values.dictionary_decode() if pa.types.is_dictionary(values.type) else values)
    rows = counted.field("counts").to_pylist()
    found: dict[str, int] = {}
    for raw, number in zip(counted.field("values").cast(pa.large_binary()).to_pylist(), rows, strict=True):
        try:
            if raw is not None:
                found[raw.decode()] = number
        except UnicodeDecodeError:
            continue
    return found


def _known(values: pa.Array) -> NDArray[np.bool_]:
    known: NDArray[np.bool_] = values.is_valid().to_numpy(zero_copy_only=False)
    return known


def _plain(values: pa.Array) -> pa.Array:
    """Without the views, which not every kernel reads."""
    if pa.types.is_string_view(values.type):
        return values.cast(pa.large_string())
    return values.cast(pa.large_binary()) if pa.types.is_binary_view(values.type) else values


def _microseconds(values: pa.Array) -> pa.Array:
    type_ = values.type
    if pa.types.is_time(type_):
        return values.cast(pa.time64("us"), safe=False).cast(pa.int64())
    if pa.types.is_duration(type_):
        return values.cast(pa.duration("us"), safe=False).cast(pa.int64())
    return values.cast(pa.timestamp("us", getattr(type_, "tz", None)), safe=False).cast(pa.int64())
