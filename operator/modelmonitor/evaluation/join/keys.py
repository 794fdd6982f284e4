"""Keys: what identifies a row on both sides, as two numbers of 64 bits.

One column of whole numbers, dates or times is taken as it is, through a bijection that spreads it evenly. Text, and
several columns, are hashed twice with different seeds: among a billion keys two that differ share all 128 bits with a
probability of 1.5e-21 (n² / 2^129, the birthday bound).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import DataError, one_line
from modelmonitor.evaluation.types import Family, family

JOIN_FIELD: Final = "data.labels.join"
_SEEDS: Final = (0, 1)
_NUMBERS: Final = frozenset({Family.TRUTH, Family.WHOLE, Family.NUMBER})
_TEXTS: Final = frozenset({Family.TEXT, Family.BYTES})
_KINDS: Final = (_NUMBERS, _TEXTS, frozenset({Family.TIME}), frozenset({Family.DATE}))


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of some rows; all arrays have shape (rows,)."""

    high: NDArray[np.uint64]
    low: NDArray[np.uint64]
    """0 where `high` alone is exact."""
    known: NDArray[np.bool_]
    """False where a column of the key is null: such a row has no key, and the numbers mean nothing."""

    def __getitem__(self, chosen: NDArray[np.intp] | NDArray[np.bool_]) -> "Keys":
        return Keys(self.high[chosen], self.low[chosen], self.known[chosen])

    def part(self, parts: int) -> NDArray[np.intp]:
        """Which of `parts` (a power of two) each key belongs to."""
        bits = parts.bit_length() - 1
        return np.zeros(len(self.high), np.intp) if bits == 0 else (self.high >> np.uint64(64 - bits)).astype(np.intp)


def check_types(join: Sequence[str], rows: pa.Schema, where: str, labels: pa.Schema, labels_where: str) -> None:
    """Make sure that the columns of the key hold like values on both sides.

    Raises:
        DataError: KeyTypesDiffer or KeyUnusable, with column, places and types.
    """
    for name in join:
        one, other = rows.field(name).type, labels.field(name).type
        for type_, place in ((one, where), (other, labels_where)):
            if family(type_) is Family.OTHER:
                raise DataError(
                    "KeyUnusable",
                    f'{JOIN_FIELD}: column "{name}" in {place} is {type_}; a key is made of whole numbers, text, dates'
                    " or times: name a column that is",
                )
        if Family.NOTHING in {family(one), family(other)}:
            continue
        if not any({family(one), family(other)} <= kind for kind in _KINDS):
            raise DataError(
                "KeyTypesDiffer",
                f'{JOIN_FIELD}: column "{name}" is {one} in {where} and {other} in {labels_where}, so no label would'
                " ever be found; write it as the same type on both sides",
            )


def keys_of(batch: pa.RecordBatch, join: Sequence[str], origin: str) -> Keys:
    """The keys of some rows.

    Raises:
        DataError: when a key is a number with a fraction, or too large for 64 bits.
    """
    plain = {name: _plain(batch.column(name), name, origin) for name in dict.fromkeys(join)}
    known = np.ones(batch.num_rows, np.bool_)
    for values in plain.values():
        if values.null_count:
            known &= values.is_valid().to_numpy(zero_copy_only=False)
    numbers = [values for values in plain.values() if pa.types.is_integer(values.type)]
    if len(plain) == len(numbers) == 1:
        return Keys(_spread(_bits(numbers[0])), np.zeros(batch.num_rows, np.uint64), known)
    high, low = (_hashed(plain, seed) for seed in _SEEDS)
    return Keys(high, low, known)


def _plain(values: pa.Array, name: str, origin: str) -> pa.Array:
    """Numbers, dates and times as int64; text as bytes: so that no encoding and no unit makes a difference."""
    try:
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        kind = family(values.type)
        if kind in _TEXTS:
            return values.cast(pa.large_binary())
        if kind is Family.TIME:
            return values.cast(pa.timestamp("us", values.type.tz)).cast(pa.int64())
        if kind is Family.DATE:
            return values.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
        return values.cast(pa.int64())
    except pa.ArrowException as error:
        raise DataError(
            "KeyUnusable",
            f'{JOIN_FIELD}: column "{name}" of {origin} holds a value that is no exact key ({one_line(error, 120)}); a'
            " key is a whole number of 64 bits, text, a date or a time in microseconds",
        ) from error


def _bits(values: pa.Array) -> NDArray[np.uint64]:
    filled: NDArray[np.int64] = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    return filled.view(np.uint64)


def _hashed(plain: Mapping[str, pa.Array], seed: int) -> NDArray[np.uint64]:
    total: NDArray[np.uint64] | None = None
    for values in plain.values():
        own = _spread(_bits(values) + np.uint64(seed)) if pa.types.is_integer(values.type) else _of_text(values, seed)
        total = own if total is None else _spread(total * np.uint64(0x9E3779B97F4A7C15) + own)
    assert total is not None, "a key has at least one column"  # noqa: S101
    return total


def _of_text(values: pa.Array, seed: int) -> NDArray[np.uint64]:
    import polars as pl  # noqa: PLC0415 - a fifth of a second that evaluations without a join need not wait for

    series = pl.from_arrow(values)
    assert isinstance(series, pl.Series)  # noqa: S101
    hashes: NDArray[np.uint64] = series.hash(seed).to_numpy()
    return hashes


def _spread(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The finaliser of SplitMix64: a bijection after which every bit depends on all bits.

    Source: Steele, Lea, Flood, Fast splittable pseudorandom number generators, OOPSLA 2014 (variant 13 of Stafford).
    """
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
