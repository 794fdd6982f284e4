"""Survey: what is about to be read, from the footers alone: rows, bytes, and the one type that each column has."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.parquet import BATCH_ROWS, PAGE, ParquetFile, RowGroup
from modelmonitor.evaluation.storage import Folder, StoredFile
from modelmonitor.evaluation.types import common, width

_AT_ONCE: Final = 8
# A row group up to this size is fetched ahead and at once. Measured on one of 844 MB: fetched ahead it takes 984 MB, in
# pieces of 1 MiB 242 MB, and no longer.
_FETCHED_AHEAD: Final = 64 * 1024 * 1024
_LEAST_BUFFER, _MOST_BUFFER = 64 * 1024, 8 * 1024 * 1024
_LEAST_ROWS: Final = 1024


@dataclass(frozen=True, slots=True)
class Needed:
    """A column that is needed, and the field of the spec that names it, for the error when it is missing."""

    field: str
    column: str
    optional: bool = False
    """Whether files without it are read all the same; their rows then come without it."""


@dataclass(frozen=True, slots=True)
class Portion:
    """A file, and the row groups of it that are to be read."""

    file: StoredFile
    row_groups: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Survey:
    """What is to be read."""

    folder: Folder
    portions: tuple[Portion, ...]
    needed: tuple[Needed, ...]
    types: pa.Schema
    """Of the needed columns: the type to which all files' types widen; empty without files. An optional column whose
    types do not go together has none."""
    rows: int = 0
    """Rows of the row groups."""
    expected: float = 0.0
    """Rows among them that are looked for, where events are spread evenly over each row group."""
    compressed: int = 0
    """Bytes that are fetched."""
    largest_group: int = 0
    """Bytes of the needed columns of the largest row group, compressed."""
    largest_group_in_memory: float = 0.0
    """The same, decoded."""
    row_bytes: float = 0.0
    """Of one row in memory; at least, since text that repeats is short in a file."""
    widest_row_bytes: float = 0.0
    """The same in the row group where rows are widest."""

    @property
    def columns(self) -> int:
        """How many columns are read."""
        return len({need.column for need in self.needed})

    def names_in(self, opened: ParquetFile) -> list[str]:
        """The columns that are read of a file.

        Raises:
            DataError: when one is missing that is not optional.
        """
        return _there(opened, self.needed)

    @property
    def only_counted(self) -> list[str]:
        """The columns of which nothing but the values' counts is wanted."""
        required = {need.column for need in self.needed if not need.optional}
        return [need.column for need in self.needed if need.optional and need.column not in required]

    def needs_beside(self, need: Needed, column: str) -> bool:
        """Whether a column is needed for something else than `need`."""
        return any(other.column == column for other in self.needed if other != need)

    @property
    def buffer(self) -> int | None:
        """In pieces of how many bytes columns are read; None when row groups are small enough to be fetched whole."""
        if self.largest_group <= _FETCHED_AHEAD:
            return None
        return max(_LEAST_BUFFER, min(_MOST_BUFFER, _FETCHED_AHEAD // max(1, self.columns)))

    @property
    def held(self) -> float:
        """Bytes of memory that reading takes beside the batches."""
        pages = min(self.largest_group_in_memory, self.columns * PAGE)
        if self.buffer is None:
            return self.largest_group + pages
        narrow = self.largest_group_in_memory < self.columns * PAGE
        return self.largest_group_in_memory if narrow else 2 * self.buffer * self.columns + pages

    def batch_rows(self, budget: float) -> int:
        """Rows of a batch that fits `budget` bytes: at most `BATCH_ROWS`, at least 1,024."""
        return int(max(_LEAST_ROWS, min(BATCH_ROWS, budget / max(1.0, self.widest_row_bytes))))


def survey(
    folder: Folder,
    files: Sequence[StoredFile],
    needed: Sequence[Needed],
    groups_of: Callable[[ParquetFile], Sequence[tuple[RowGroup, float]]],
) -> Survey:
    """Ask the footers.

    Args:
        folder: where the files are.
        files: those that may hold what is looked for.
        needed: the columns that will be read.
        groups_of: the row groups of a file that will be read, each with the share of its rows that is looked for.

    Raises:
        DataError: when a column is missing, has types in two files that do not go together, or a file is unreadable.
    """
    wanted = tuple(dict.fromkeys(needed))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = list(pool.map(lambda file: _ask(folder, file, wanted, groups_of), files))
    asked = [one for one in found if one.portion.row_groups]
    sizes = [size for one in asked for size in one.groups]
    rows = sum(size.rows for size in sizes)
    return Survey(
        folder,
        tuple(one.portion for one in asked),
        wanted,
        _types(asked, wanted),
        rows=rows,
        expected=sum(size.rows * size.share for size in sizes),
        compressed=sum(size.compressed for size in sizes),
        largest_group=max((size.compressed for size in sizes), default=0),
        largest_group_in_memory=max((size.row_bytes * size.rows for size in sizes), default=0.0),
        row_bytes=sum(size.row_bytes * size.rows for size in sizes) / rows if rows else 0.0,
        widest_row_bytes=max((size.row_bytes for size in sizes), default=0.0),
    )


@dataclass(frozen=True, slots=True)
class _Group:
    rows: int
    share: float
    compressed: int
    row_bytes: float


@dataclass(frozen=True, slots=True)
class _Asked:
    uri: str
    portion: Portion
    types: Mapping[str, pa.DataType]
    groups: tuple[_Group, ...]


def _ask(
    folder: Folder,
    file: StoredFile,
    needed: Sequence[Needed],
    groups_of: Callable[[ParquetFile], Sequence[tuple[RowGroup, float]]],
) -> _Asked:
    opened = ParquetFile(folder, file)
    chosen = [(group, share) for group, share in groups_of(opened) if group.rows > 0]
    # A file beside the window, of a day before a column was added, is none of its business.
    types = {name: opened.type_of(name) for name in _there(opened, needed)} if chosen else {}
    groups = []
    for group, share in chosen:
        sizes = opened.sizes(group.number, list(types))
        bytes_a_row = sum(width(type_, sizes[name].uncompressed / group.rows) for name, type_ in types.items())
        groups.append(_Group(group.rows, share, sum(size.compressed for size in sizes.values()), bytes_a_row))
    portion = Portion(file, tuple(group.number for group, _ in chosen))
    return _Asked(opened.uri, portion, types, tuple(groups))


def _there(opened: ParquetFile, needed: Sequence[Needed]) -> list[str]:
    opened.require([(need.field, need.column) for need in needed if not need.optional])
    names = dict.fromkeys(need.column for need in needed)
    return [name for name in names if opened.occurrences[name] == 1]


def _types(asked: Sequence[_Asked], needed: Sequence[Needed]) -> pa.Schema:
    """The common type of each column, in the order in which columns are first needed."""
    required = {need.column: need for need in needed if not need.optional}
    fields = []
    for name in dict.fromkeys(need.column for need in needed):
        type_ = _common_type(name, required.get(name), [one for one in asked if name in one.types])
        if type_ is not None:
            fields.append((name, type_))
    return pa.schema(fields)


def _common_type(name: str, required: Needed | None, asked: Sequence[_Asked]) -> pa.DataType | None:
    known: pa.DataType | None = None
    where = ""
    for one in asked:
        type_ = one.types[name]
        wide = type_ if known is None else common(known, type_)
        if wide is None:
            if required is None:
                return None
            raise DataError(
                "ColumnTypesDiffer",
                f'{required.field}: column "{name}" is {known} in {where} and {type_} in {one.uri}; write it as the'
                " same type in all files",
            )
        # Of the file that made it so, for the message.
        where = where if wide == known else one.uri
        known = wide
    return known
