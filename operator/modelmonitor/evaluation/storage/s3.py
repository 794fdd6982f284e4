"""Folders of an S3 store, and what its errors mean."""

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final, cast

import obstore
import pyarrow as pa
from obstore.exceptions import AlreadyExistsError, BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from modelmonitor.evaluation.errors import StorageError, one_line
from modelmonitor.evaluation.storage.folder import StoredFile, visible
from modelmonitor.evaluation.storage.settings import S3Settings

# A file below this is fetched whole: one request instead of three (footer's length, footer, columns).
_FETCHED_WHOLE: Final = 4 * 1024 * 1024
_RETRY: Final = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_REFUSALS: Final = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken"})


class S3Folder:
    """A prefix of a bucket."""

    def __init__(self, bucket: str, prefix: str, settings: S3Settings) -> None:
        self._bucket: Final = bucket
        self._prefix: Final = f"{prefix}/" if prefix else ""
        self._endpoint: Final = settings.endpoint or ""
        self._source: Final = settings.source
        if self._endpoint.startswith("http://") and not settings.allow_http:
            raise StorageError(
                "StorageSettingsInvalid",
                f"{self.uri}: AWS_ENDPOINT_URL is {self._endpoint}, which is not encrypted; set AWS_ALLOW_HTTP to"
                " true beside it if that is meant, or use https",
            )
        try:
            self._store: Final = S3Store(bucket, **cast("Any", settings.for_client()), retry_config=cast("Any", _RETRY))
        except (BaseError, ValueError) as error:
            raise StorageError("StorageSettingsInvalid", f"{self.uri}: {one_line(error)}") from error

    @property
    def uri(self) -> str:
        """`s3://bucket/prefix/`."""
        return f"s3://{self._bucket}/{self._prefix}"

    def files(self) -> Iterator[StoredFile]:
        """All objects below the prefix, in order of path."""
        found: list[StoredFile] = []
        try:
            for page in obstore.list(self._store, self._prefix or None):
                for entry in page:
                    path = str(entry["path"]).removeprefix(self._prefix)
                    found.append(StoredFile(path, int(entry["size"]), str(entry["e_tag"] or "")))
        except (BaseError, OSError) as error:
            raise self._trouble(self.uri, error) from error
        return iter(sorted((file for file in found if visible(file.path)), key=lambda file: file.path))

    def open(self, file: StoredFile) -> pa.NativeFile:
        """The object: small ones are fetched whole, of large ones the ranges that are read."""
        if file.size <= _FETCHED_WHOLE:
            content = self.read(file.path)
            if content is None:
                raise StorageError(
                    "FileGone", f"{self.uri}{file.path} was listed and is gone; write files once and whole"
                )
            return pa.BufferReader(content)
        return pa.PythonFile(_Ranges(self, file), mode="r")

    def read(self, path: str) -> bytes | None:
        """The object's bytes."""
        try:
            return bytes(obstore.get(self._store, self._prefix + path).bytes())
        except (BaseError, OSError) as error:
            if isinstance(error, FileNotFoundError) and "NoSuchBucket" not in str(error):
                return None
            raise self._trouble(self.uri + path, error) from error

    def read_range(self, file: StoredFile, start: int, length: int) -> bytes:
        """Some bytes of the object."""
        try:
            return bytes(obstore.get_range(self._store, self._prefix + file.path, start=start, length=length))
        except (BaseError, OSError) as error:
            raise self._trouble(self.uri + file.path, error) from error

    def write(self, path: str, content: bytes) -> str:
        """Write the object."""
        try:
            obstore.put(self._store, self._prefix + path, content)
        except (BaseError, OSError) as error:
            raise self._trouble(self.uri + path, error) from error
        return self.uri + path

    def create(self, path: str, content: bytes) -> bool:
        """Write the object if there is none, by a conditional put (If-None-Match)."""
        try:
            obstore.put(self._store, self._prefix + path, content, mode="create", use_multipart=False)
        except AlreadyExistsError:
            return False
        except (BaseError, OSError) as error:
            raise self._trouble(self.uri + path, error) from error
        return True

    def _trouble(self, uri: str, error: Exception) -> StorageError:
        """What an S3 error means for a person: the store's own code says more than the client's type."""
        text = str(error)
        found = re.search(r"<Code>(\w+)</Code>", text)
        code = found.group(1) if found else ""
        where = f" at {self._endpoint}" if self._endpoint else ""
        if code in {"NoSuchBucket", "InvalidBucketName"}:
            return StorageError(
                "BucketNotFound",
                f"{uri}: there is no bucket {self._bucket}{where}; correct the URI, or create the bucket",
            )
        if isinstance(error, PermissionDeniedError | UnauthenticatedError) or code in _REFUSALS:
            return StorageError(
                "StorageRefused",
                f"{uri}: the store{where} refuses these credentials ({code or 'access denied'}); check"
                f" AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in {self._source}, and what they may do",
            )
        if isinstance(error, FileNotFoundError):
            return StorageError("FileGone", f"{uri} was listed and is gone; write files once and whole")
        if "169.254.169.254" in text or "credential" in text.lower():
            return StorageError(
                "StorageCredentialsMissing",
                f"{uri}: no credentials; name a Secret with AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (secretName)",
            )
        if "HTTP error" in text:
            return StorageError(
                "StorageUnreachable",
                f"{uri}: cannot reach the store{where or ' (AWS_ENDPOINT_URL is not set, so it is AWS itself)'};"
                f" check AWS_ENDPOINT_URL in {self._source}, and that it can be reached from here",
            )
        return StorageError("StorageFailed", f"{uri}: {code or one_line(error)}")


class _Ranges(io.RawIOBase):
    """An object as a file for random reading; pyarrow joins neighbouring ranges into one request."""

    def __init__(self, folder: S3Folder, file: StoredFile) -> None:
        self._folder = folder
        self._file = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = origin + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        rest = self._file.size - self._position
        length = rest if size is None or size < 0 else min(size, rest)
        if length <= 0:
            return b""
        content = self._folder.read_range(self._file, self._position, length)
        self._position += len(content)
        return content
