"""Folders of files, local or in an S3 store, behind one small protocol.

Credentials come from the environment under the names that S3 tools use (AWS_ACCESS_KEY_ID, …). Data, labels, model
and reports may live in four stores, so each has a prefix that is asked first: MODELMONITOR_DATA_AWS_ACCESS_KEY_ID, …;
labels have those of the data where they have none; the names without a prefix serve all. Nothing here ever prints them.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from modelmonitor.evaluation.errors import InputError
from modelmonitor.evaluation.storage.folder import Folder, Purpose, StoredFile
from modelmonitor.evaluation.storage.local import LocalFolder
from modelmonitor.evaluation.storage.s3 import S3Folder
from modelmonitor.evaluation.storage.settings import S3Settings

__all__ = ["Folder", "Purpose", "StoredFile", "open_folder"]


def open_folder(uri: str, purpose: Purpose, environ: Mapping[str, str]) -> Folder:
    """The folder at `s3://bucket/prefix`, `file:///path` or a path.

    Raises:
        InputError: when the URI is none of these.
        StorageError: when the environment's settings for the store make no sense.
    """
    if "://" not in uri:
        return LocalFolder(Path(uri))
    parts = urlsplit(uri)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise InputError("UriInvalid", f"{uri}: a file URI has three slashes, such as file:///{parts.netloc}/…")
        return LocalFolder(Path(unquote(parts.path)))
    if parts.scheme != "s3":
        raise InputError("UriInvalid", f"{uri}: only s3://bucket/path, file:///path and paths are supported")
    if not parts.netloc:
        raise InputError("UriInvalid", f"{uri}: the bucket is missing; write s3://bucket/path")
    return S3Folder(parts.netloc, parts.path.strip("/"), S3Settings.of(purpose, environ))
