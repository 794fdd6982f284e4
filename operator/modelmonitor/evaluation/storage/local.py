"""Folders of this machine, or of a volume that is mounted into the pod."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from modelmonitor.evaluation.errors import StorageError, one_line
from modelmonitor.evaluation.storage.folder import StoredFile, visible


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
                found += (self._stored(Path(folder, name)) for name in names)
        except OSError as error:
            raise _trouble(self.root, error) from error
        return iter(sorted((file for file in found if visible(file.path)), key=lambda file: file.path))

    def _stored(self, path: Path) -> StoredFile:
        known = path.stat()
        return StoredFile(path.relative_to(self.root).as_posix(), known.st_size, str(known.st_mtime_ns))

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
            target.parent.mkdir(parents=True, exist_ok=True)
            # Not by the process's number: in two pods that share a volume both are 1.
            beside = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
            beside.write_bytes(content)
            beside.replace(target)
        except OSError as error:
            raise _trouble(target, error) from error
        return str(target)


def _trouble(path: Path, error: OSError) -> StorageError:
    if isinstance(error, PermissionError):
        return StorageError("StorageRefused", f"{path}: not allowed for the user of this process (uid {os.getuid()})")
    return StorageError("StorageFailed", f"{path}: {error.strerror or one_line(error)}")
