"""Rows as the libraries want them."""

from typing import Any

import pyarrow as pa


def frame(rows: pa.RecordBatch | pa.Table, columns: tuple[str, ...]) -> Any:
    """A pandas DataFrame of some columns."""
    return rows.select(list(columns)).to_pandas(strings_to_categorical=False)


def frame_with_categories(batch: pa.RecordBatch, columns: tuple[str, ...]) -> Any:
    """The same with texts as pandas categories, which is how gradient boosting libraries take them."""
    chosen = [batch.column(name) for name in columns]
    coded = [values.dictionary_encode() if _text(values.type) else values for values in chosen]
    return pa.Table.from_arrays(coded, names=list(columns)).to_pandas()


def _text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))
