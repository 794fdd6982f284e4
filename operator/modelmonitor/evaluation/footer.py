"""A Parquet footer that is damaged in a way that would end the process.

pyarrow's `RowGroupMetaData.column` and `.statistics` let C++ exceptions through, which ends the process with SIGABRT
and without a word (by fuzzing: about one in a thousand damaged footers). Its reader catches the same exceptions. So a
reader is made of the footer alone, over a file that refuses to be read: it looks at the metadata of every column before
it reads.
"""

import io
from contextlib import suppress
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

# Buffered columns are opened without reading; the size does not matter.
_BUFFER: Final = 4096


class _NotReadError(Exception):
    """The metadata are sound: it came as far as reading."""


class _Refusing(io.RawIOBase):
    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        raise _NotReadError


class Footer:
    """A footer whose row groups can be looked at safely."""

    def __init__(self, metadata: Any, size: int) -> None:
        """Nothing is checked yet.

        Args:
            metadata: pyarrow's.
            size: bytes of the file.
        """
        self._metadata: Final = metadata
        refusing = pa.PythonFile(_Refusing(size), mode="r")
        self._reader: Final = pq.ParquetFile(refusing, metadata=metadata, buffer_size=_BUFFER, pre_buffer=False)

    def row_group(self, number: int) -> Any:
        """A row group's metadata, every column of which can be asked for.

        Raises:
            OSError: when one cannot.
        """
        group = self._metadata.row_group(number)
        with suppress(_NotReadError):
            next(self._reader.iter_batches(batch_size=1, row_groups=[number], use_threads=False), None)
        schema = self._metadata.schema
        for column in range(group.num_columns):
            said, meant = group.column(column).physical_type, schema.column(column).physical_type
            if said != meant:
                raise ValueError(f"column {schema.column(column).path} is {said} and {meant}")
        return group
