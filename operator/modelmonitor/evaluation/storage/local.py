"""Folders of this machine, or of a volume that is mounted into the pod."""

import errno
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from modelmonitor.evaluation.errors import StorageError, one_line
from modelmonitor.evaluation.storage.folder import StoredFile, visible

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(frozen=True)
class LocalFolder:
    """A folder of this machine, or a volume of the pod."""

    root: Path

    @property
    def uri(self) -> str:
        """The path, with a / at its end."""
        return f"{self.root}/"

    def files(self) -> Iterator[StoredFile]:
        """All files, in order of path."""
        if not self.root.is_dir():
            raise StorageError(
                "FolderNotFound", f"{self.root} is not a folder; in a Job a path must be mounted into the pod"
            )
        found: list[StoredFile] = []
        try:
            for folder, _, names in os.walk(self.root, followlinks=True):
                paths = (Path(folder, name).relative_to(self.root).as_posix() for name in names)
                # Hidden ones are not looked at: what somebody writes beside a file may be gone the next moment.
                found += (self._stored(path) for path in paths if visible(path))
        except OSError as error:
            raise _trouble(self.root, error) from error
        return iter(sorted(found, key=lambda file: file.path))

    def _stored(self, path: str) -> StoredFile:
        known = (self.root / path).stat()
        return StoredFile(path, known.st_size, str(known.st_mtime_ns))

    def open(self, file: StoredFile) -> pa.NativeFile:
        """The file."""
        try:
            return pa.OSFile(str(self.root / file.path), mode="rb")
        except OSError as error:
            raise _trouble(self.root / file.path, error) from error

    def read(self, path: str) -> bytes | None:
        """The file's bytes."""
        try:
            return (self.root / path).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _trouble(self.root / path, error) from error

    def write(self, path: str, content: bytes) -> str:
        """Write beside it and rename, so that nobody reads half a file."""
        target = self.root / path
        try:
            _beside(target, content).replace(target)
        except OSError as error:
            raise _trouble(target, error) from error
        return str(target)

    def create(self, path: str, content: bytes) -> bool:
        """Write beside it and link, which fails where there is a file; opened with O_EXCL, a kill would leave half."""
        target = self.root / path
        try:
            beside = _beside(target, content)
            try:
                return _linked(beside, target)
            finally:
                beside.unlink()
        except OSError as error:
            raise _trouble(target, error) from error


def _linked(file: Path, target: Path) -> bool:
    try:
        os.link(file, target)
    except FileExistsError:
        return False
    return True


def _beside(target: Path, content: bytes) -> Path:
    """A hidden file in the same folder that holds the content."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Not by the process's number: in two pods that share a volume both are 1.
    beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    beside.write_bytes(content)
    return beside


def _trouble(path: Path, error: OSError) -> StorageError:
    if isinstance(error, PermissionError):
        return StorageError("StorageRefused", f"{path}: not allowed for the user of this process (uid {os.getuid()})")
    if error.errno in _FULL:
        return StorageError(
            "StorageFull", f"{path}: there is no space left ({error.strerror}); free some, or mount a larger volume"
        )
    return StorageError("StorageFailed", f"{path}: {error.strerror or one_line(error)}")
