"""The labels of one partition: one for each key, found by binary search."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.join.keys import Keys
from modelmonitor.evaluation.types import Family, family

_SETTLE_EVERY: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class KeyedLabels:
    """Some labels, none of which is missing, with their keys."""

    keys: Keys
    values: pa.Array
    known_at: NDArray[np.int64]
    """When each became known, in microseconds; all 0 where nothing says it."""


class LabelTable:
    """Of several labels for one key the newest counts; equal ones count once.

    Memory grows with keys, not with labels: what is not the newest is dropped again and again while labels are added.
    """

    def __init__(self) -> None:
        self._waiting: list[KeyedLabels] = []
        self._waiting_rows = 0
        self._settled: KeyedLabels | None = None
        self._asked = 0
        self._hit: NDArray[np.bool_] = np.zeros(0, np.bool_)

    def __len__(self) -> int:
        return 0 if self._settled is None else len(self._settled.values)

    def add(self, labels: KeyedLabels) -> None:
        """Add labels, in any order."""
        self._waiting.append(labels)
        self._waiting_rows += len(labels.values)
        # As much again as is there already: so the work stays proportional to the labels.
        if self._waiting_rows >= max(_SETTLE_EVERY, len(self)):
            self._settle()

    def close(self) -> tuple[int, int] | None:
        """Make it ready to be asked; a key with two different newest labels, where there is one."""
        self._settle()
        if self._settled is None:
            return None
        self._hit = np.zeros(len(self), np.bool_)
        keys = self._settled.keys
        twice = np.flatnonzero((keys.high[1:] == keys.high[:-1]) & (keys.low[1:] == keys.low[:-1]))
        return (int(keys.high[twice[0]]), int(keys.low[twice[0]])) if twice.size else None

    def values_of(self, keys: Keys, type_: pa.DataType) -> pa.Array:
        """The label of each key, null where there is none; shape (rows,)."""
        if self._settled is None or not len(self):
            return pa.nulls(len(keys.high), type_)
        place = self._find(keys)
        found = place >= 0
        self._asked += int(found.sum())
        self._hit[place[found]] = True
        return self._settled.values.take(pa.array(place, mask=~found)).cast(type_)

    @property
    def repeated(self) -> int:
        """Rows that asked for a label for which another row had asked before."""
        return self._asked - int(self._hit.sum())

    def _find(self, keys: Keys) -> NDArray[np.int64]:
        assert self._settled is not None  # noqa: S101
        there = self._settled.keys
        # In order of the keys the search goes through memory once, and not to and fro.
        order = np.argsort(keys.high)
        high, low = keys.high[order], keys.low[order]
        at = np.searchsorted(there.high, high)
        found = np.full(len(high), -1, np.int64)
        while (open_ := np.flatnonzero((found < 0) & (at < len(self)) & keys.known[order])).size:
            same_high = there.high[at[open_]] == high[open_]
            same = same_high & (there.low[at[open_]] == low[open_])
            found[open_[same]] = at[open_[same]]
            # Two keys that share 64 bits stand side by side: the next one may be it.
            at[open_] += 1
            at[open_[~same_high]] = len(self)
        place = np.empty_like(found)
        place[order] = found
        return place

    def _settle(self) -> None:
        if not self._waiting:
            return
        together = [*([self._settled] if self._settled is not None else []), *self._waiting]
        self._waiting, self._waiting_rows, self._settled = [], 0, None
        high = np.concatenate([one.keys.high for one in together])
        low = np.concatenate([one.keys.low for one in together])
        known_at = np.concatenate([one.known_at for one in together])
        values = _one_array([one.values for one in together])
        del together
        order = np.argsort(high)
        if (high[order[1:]] == high[order[:-1]]).any():
            order = _newest(high, low, known_at, values)
        keys = Keys(high[order], low[order], np.ones(len(order), np.bool_))
        self._settled = KeyedLabels(keys, values.take(pa.array(order)), known_at[order])


def _newest(
    high: NDArray[np.uint64], low: NDArray[np.uint64], known_at: NDArray[np.int64], values: pa.Array
) -> NDArray[np.intp]:
    """Where the newest label of each key stands, in order of the keys; all different ones where several are newest."""
    coded = values if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)
    order = np.lexsort((codes, known_at, low, high))
    high, low, known_at, codes = high[order], low[order], known_at[order], codes[order]
    same_key = (high[1:] == high[:-1]) & (low[1:] == low[:-1])
    group = np.concatenate([[0], np.cumsum(~same_key)])
    last = np.concatenate([np.flatnonzero(~same_key), [len(order) - 1]])
    keep = known_at == known_at[last][group]
    keep[1:] &= ~(same_key & (known_at[1:] == known_at[:-1]) & (codes[1:] == codes[:-1]))
    chosen: NDArray[np.intp] = order[keep]
    return chosen


def _one_array(arrays: list[pa.Array]) -> pa.Array:
    """All labels together; text as a dictionary, since there are few classes and many labels."""
    if family(arrays[0].type) is Family.TEXT:
        arrays = [one if pa.types.is_dictionary(one.type) else one.dictionary_encode() for one in arrays]
        chunked = pa.chunked_array(arrays).unify_dictionaries()
        return pa.concat_arrays(chunked.chunks) if len(arrays) > 1 else chunked.chunk(0)
    return pa.concat_arrays(arrays)
