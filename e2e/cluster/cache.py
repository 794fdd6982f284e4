"""The cache that fresh clones and CI share: keyed by what things are made of, locked, filled by atomic rename.

Nothing in it is precious: any part may be deleted while no build runs, and is made again.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster.progress import Progress


def root() -> Path:
    """`$MODELMONITOR_CACHE`, else `modelmonitor` in the user's cache folder. Made when it is not there."""
    chosen = os.environ.get("MODELMONITOR_CACHE")
    base = Path(chosen) if chosen else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelmonitor"
    base.mkdir(parents=True, exist_ok=True)
    return base.resolve()


def key_of(*parts: str | bytes) -> str:
    """Twelve hex digits that change when any part changes; ("ab", "c") and ("a", "bc") differ."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:12]


@contextmanager
def locked(name: str, progress: Progress) -> Iterator[None]:
    """Hold the named lock of the cache; a second builder waits here, says so, and then finds the work done."""
    folder = root() / "locks"
    folder.mkdir(exist_ok=True)
    with (folder / f"{name}.lock").open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with progress.step(f"waiting for another process that is busy with: {name}"):
                fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """A scratch folder that becomes `target` when the block ends well, and vanishes when it does not.

    A build that was killed leaves a scratch folder, never half a target; the next one clears it away. Call it with
    the target's lock held.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    prefix = f".unfinished-{target.name}-"
    for abandoned in target.parent.glob(f"{prefix}*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=prefix, dir=target.parent) as scratch:
        work = Path(scratch) / target.name
        work.mkdir()
        yield work
        work.rename(target)


def layer_store(name: str) -> Path:
    """A folder of the cache for unpacked image layers, begun anew when it turns out to be a copy.

    Layers say "deleted here" by device files and extended attributes, which copying a cache to another machine loses;
    images would then have files that their Dockerfile deleted. A copy has another inode number.
    """
    folder = root() / name
    witness = folder / "made-as-inode"
    if folder.exists() and not (witness.exists() and witness.read_text() == str(folder.stat().st_ino)):
        shutil.rmtree(folder)
    folder.mkdir(exist_ok=True)
    witness.write_text(str(folder.stat().st_ino))
    return folder


def keep_newest(folder: Path, pattern: str, count: int) -> None:
    """Delete all but the `count` newest entries of `folder` that match `pattern`: old versions, not other things."""
    entries = sorted(folder.glob(pattern), key=lambda entry: entry.stat().st_mtime, reverse=True)
    for entry in entries[count:]:
        shutil.rmtree(entry, ignore_errors=True)
