"""A profile as bytes: one npz file, with what is no number as JSON inside. Nothing in it is ever executed."""

import io
import json
import math
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Kind as ColumnKind
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.columns.reading import Family
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.segments import Group
from modelmonitor.evaluation.statistics.kinds import ROWS, Kind, Shape

FORMAT: Final = "modelmonitor.dev/reference-profile/v1"
_OF_COLUMNS: Final = ("edges", "layout", "cells", "groups", "present", "missing", "scalars")


class ProfileUnreadableError(ValueError):
    """Bytes that are no profile, or one of another version."""


def encode(profile: Profile) -> bytes:
    """A profile as bytes."""
    columns = [_arrays_of(profile, name) for name in profile.layouts]
    arrays = {
        # One array for all columns: a file of five thousand columns with seven entries each takes seconds to open.
        key: np.concatenate([column[key].reshape(-1) for column in columns]) if columns else np.zeros(0)
        for key in _OF_COLUMNS
    }
    for number, tally in enumerate(profile.tallies.values()):
        for kind, statistic in tally.statistics.items():
            arrays |= {f"tally/{number}/{kind.name}/{key}": array for key, array in statistic.arrays().items()}
    if profile.calibration is not None:
        arrays["calibration"] = profile.calibration
    meta = {
        "format": FORMAT,
        "schema": dict(profile.schema),
        "layouts": [_document(layout) for layout in profile.layouts.values()],
        "shapes": [{key: column[key].shape for key in _OF_COLUMNS} for column in columns],
        "rows": profile.rows,
        "byDay": profile.by_day,
        "blocks": profile.blocks,
        "days": profile.days,
        "values": {column: list(values) for column, values in profile.values.items()},
        "tallies": [asdict(group) for group in profile.tallies],
    }
    arrays["meta"] = np.frombuffer(json.dumps(meta, ensure_ascii=True).encode(), np.uint8)
    written = io.BytesIO()
    np.savez_compressed(written, allow_pickle=False, **{key: _narrow(array) for key, array in arrays.items()})
    return written.getvalue()


def _narrow(array: NDArray[Any]) -> NDArray[Any]:
    """Counts in the fewest bytes that hold them: histograms of mostly nothing take a quarter of the time to read."""
    if array.dtype != np.int64 or not array.size or array.min() < 0:
        return array
    return array.astype(np.min_scalar_type(int(array.max())))


def _wide(array: NDArray[Any]) -> NDArray[Any]:
    return array.astype(np.int64) if array.dtype.kind == "u" else array


def decode(content: bytes, kinds: Collection[Kind[Any]]) -> Profile:
    """The profile in some bytes, with the statistics of these kinds.

    Raises:
        ProfileUnreadableError: when they are none, or of another version; the message says why.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            meta = json.loads(arrays["meta"].tobytes())
            if meta["format"] != FORMAT:
                raise ProfileUnreadableError(f"it is of format {meta['format']!r} and not {FORMAT!r}")
            return _read(meta, {key: _wide(array) for key, array in arrays.items()}, kinds)
    except (zipfile.BadZipFile, OSError, ValueError, KeyError, TypeError, EOFError) as error:
        raise ProfileUnreadableError(f"it cannot be read ({type(error).__name__}: {error})"[:300]) from error


def _read(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], kinds: Collection[Kind[Any]]) -> Profile:
    columns = list(_split(arrays, meta["shapes"]))
    layouts = [_layout(one, column) for one, column in zip(meta["layouts"], columns, strict=True)]
    return Profile(
        schema=meta["schema"],
        layouts={layout.name: layout for layout in layouts},
        counts={layout.name: ColumnCounts.of_arrays(column) for layout, column in zip(layouts, columns, strict=True)},
        rows=meta["rows"],
        by_day=meta["byDay"],
        blocks=meta["blocks"],
        days=meta["days"],
        values={column: tuple(values) for column, values in meta["values"].items()},
        tallies={
            Group(**group): _tally(arrays, f"tally/{number}/", kinds) for number, group in enumerate(meta["tallies"])
        },
        calibration=arrays.get("calibration"),
    )


def _tally(arrays: Mapping[str, NDArray[Any]], prefix: str, kinds: Collection[Kind[Any]]) -> Tally:
    statistics = {}
    for kind in dict.fromkeys((ROWS, *kinds)):
        own = f"{prefix}{kind.name}/"
        found = {key.removeprefix(own): array for key, array in arrays.items() if key.startswith(own)}
        if found:
            statistics[kind] = type(kind.empty(Shape(1, 1))).of_arrays(found)
    return Tally(statistics)


def _split(
    arrays: Mapping[str, NDArray[Any]], shapes: list[Mapping[str, list[int]]]
) -> Iterator[Mapping[str, NDArray[Any]]]:
    begun = dict.fromkeys(_OF_COLUMNS, 0)
    for shape in shapes:
        column = {}
        for key in _OF_COLUMNS:
            end = begun[key] + math.prod(shape[key])
            column[key] = arrays[key][begun[key] : end].reshape(shape[key])
            begun[key] = end
        yield column


def _arrays_of(profile: Profile, name: str) -> Mapping[str, NDArray[Any]]:
    layout = profile.layouts[name]
    return {"edges": layout.edges, "layout": layout.groups, **profile.counts[name].arrays()}


def _document(layout: Layout) -> dict[str, Any]:
    return {
        "name": layout.name,
        "kind": layout.kind,
        "type": layout.type,
        "family": layout.family,
        "categories": list(layout.categories),
        "origin": layout.origin,
        "least": layout.least,
        "most": layout.most,
        "missed": layout.missed,
    }


def _layout(document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Layout:
    known = {**document, "kind": ColumnKind(document["kind"]), "family": Family(document["family"])}
    known["categories"] = tuple(document["categories"])
    return Layout(**known, edges=arrays["edges"], groups=arrays["layout"])
