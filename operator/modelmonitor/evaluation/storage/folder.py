"""A folder of files, wherever it is: the protocol that the stages are written against."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import pyarrow as pa


class Purpose(StrEnum):
    """What a store is used for; each may have credentials of its own."""

    DATA = "DATA"
    LABELS = "LABELS"
    MODEL = "MODEL"
    REPORTS = "REPORTS"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file, by its path inside the folder (with /), and its size in bytes."""

    path: str
    size: int
    etag: str = ""
    """Changes when the content does: the store's ETag, or the time of the last change."""


class Folder(Protocol):
    """A folder of files. Every method raises StorageError with a sentence that names the place."""

    @property
    def uri(self) -> str:
        """Where it is, for messages; ends with /."""

    def files(self) -> Iterator[StoredFile]:
        """All files in it and below, in order of path, without hidden ones (. or _ first in any part)."""

    def open(self, file: StoredFile) -> pa.NativeFile:
        """A file for random reading, which fetches what is read and not the whole file (if that is large)."""

    def read(self, path: str) -> bytes | None:
        """A file's bytes; None when there is no such file."""

    def write(self, path: str, content: bytes) -> str:
        """Write a file whole, over what was there, and return its URI."""

    def create(self, path: str, content: bytes) -> bool:
        """Write a file whole where there is none; False when there is one, which stays as it is."""


def visible(path: str) -> bool:
    """Whether a path belongs to the data: what other writers leave beside it begins with a dot or an underscore."""
    return not any(part.startswith((".", "_")) for part in path.split("/"))
