"""Stand-in for Seldon's storage initializer, with its contract: two arguments, a source URI and a folder.

Copies what lies under an s3:// prefix, or a folder of the pod, into the folder; ends with 1 and a termination message
that names the source when nothing is there or it cannot be read. The credentials are the environment that the
SeldonDeployment's `envSecretRefName` sets: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, AWS_REGION and,
for a plain http address, AWS_ALLOW_HTTP.
"""

import os
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

TERMINATION_LOG: Final = Path(os.environ.get("TERMINATION_LOG", "/dev/termination-log"))
PATIENCE: Final = timedelta(seconds=10)


class MissingError(Exception):
    """There is nothing at the URI that could be copied."""


def store_of(uri: str) -> S3Store | LocalStore:
    """The store that the URI names, rooted at the model's folder.

    Raises:
        MissingError: a scheme that is not known here, or a folder that is not there.
    """
    parts = urlsplit(uri)
    if parts.scheme == "s3":
        # The kubelet starts a failed init container again anyway: better to fail soon, with a reason.
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/"),
            # Client options given here replace those of the environment, this one too.
            client_options={"timeout": PATIENCE, "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"},
            retry_config={"max_retries": 2, "retry_timeout": PATIENCE},
        )
    if parts.scheme in {"", "file"}:
        if not Path(parts.path).is_dir():
            raise MissingError("no such folder in this pod")
        return LocalStore(parts.path)
    raise MissingError(f'the scheme "{parts.scheme}" is not known here; use s3://bucket/folder')


def copy(uri: str, target: Path) -> int:
    """Copy every object under the URI into the folder; returns how many bytes.

    Raises:
        MissingError: nothing is there.
        obstore.exceptions.BaseError: the store cannot be read.
    """
    store = store_of(uri)
    copied = 0
    for objects in obstore.list(store):
        for found in objects:
            file = target / found["path"]
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("wb") as written:
                for chunk in obstore.get(store, found["path"]).stream():
                    copied += written.write(chunk)
            print(f"{found['path']}: {found['size']} bytes", flush=True)
    if not copied:
        raise MissingError("nothing is there")
    return copied


def main(arguments: list[str]) -> int:
    """Copy, or say why not in the termination log; returns the exit code."""
    if len(arguments) != 2:
        print("usage: initializer SOURCE_URI TARGET_FOLDER", file=sys.stderr)
        return 2
    uri, target = arguments
    started = time.monotonic()
    try:
        copied = copy(uri, Path(target))
    except (MissingError, BaseError, OSError) as error:
        # The store's errors go on for pages after their first paragraph.
        said, _, _ = str(error).partition("\n\n")
        reason = f"model not copied from {uri}: {said}"
        print(reason, file=sys.stderr)
        TERMINATION_LOG.write_text(reason[:4096])
        return 1
    print(f"{uri}: {copied} bytes in {time.monotonic() - started:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
