"""What an evaluation may use: memory by its cgroup, disk by its temporary folder."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from modelmonitor.evaluation.errors import ResourceError

DISK_VARIABLE: Final = "MODELMONITOR_DISK_BYTES"
"""How much of the node's disk the Job may use; the kubelet evicts a pod that uses more."""
_CGROUPS: Final = Path("/sys/fs/cgroup")
# Without a limit version 1 says the largest number of pages, in bytes.
_UNLIMITED: Final = 1 << 60


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used. None is as much as there is."""

    memory: int | None = None
    """Bytes of memory of the process."""
    disk: int | None = None
    """Bytes of temporary files."""
    folder: Path = field(default_factory=lambda: Path(tempfile.gettempdir()))
    """Where temporary files belong."""

    @classmethod
    def of_this_process(cls, environ: Mapping[str, str], cgroups: Path = _CGROUPS) -> Self:
        """The limits of the container, if this is one."""
        folder = environ.get("TMPDIR") or tempfile.gettempdir()
        said = environ.get(DISK_VARIABLE, "")
        return cls(memory_limit(cgroups), int(said) if said.isdigit() else None, Path(folder))

    def free_disk(self) -> int:
        """Bytes that temporary files may take now.

        Raises:
            ResourceError: when the folder is not there.
        """
        try:
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise ResourceError(
                "DiskMissing", f"{self.folder}, where temporary files belong (TMPDIR): {error.strerror}"
            ) from error
        return free if self.disk is None else min(free, self.disk)


UNLIMITED: Final = Limits()
"""As much as there is."""


def memory_limit(cgroups: Path) -> int | None:
    """The memory limit of the container, from version 2 or 1 of cgroups; None when there is none.

    Inside a container its own group is the root of what it sees.
    """
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            text = (cgroups / name).read_text("ascii").strip()
        except OSError:
            continue
        return int(text) if text.isdigit() and int(text) < _UNLIMITED else None
    return None


def memory_in_use() -> int:
    """Bytes of memory that belong to this process alone: what the kernel cannot take back."""
    try:
        resident, shared = Path("/proc/self/statm").read_text("ascii").split()[1:3]
    except OSError:
        # Not Linux: on somebody's own machine, where nothing limits it.
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")
