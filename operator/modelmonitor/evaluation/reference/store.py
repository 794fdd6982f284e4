"""Profiles are kept beside the reports, so that the reference is read once and not for each window.

A profile's name is a digest of all that it depends on: what is looked at, by which model, and path, size and ETag of
each file. A reference that has changed has another name, and two evaluations that write one at the same time write the
same.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelmonitor.evaluation.errors import EvaluationError
from modelmonitor.evaluation.reference.codec import FORMAT, ProfileUnreadableError, decode, encode
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.storage import Folder, StoredFile


def key_of(asked: Mapping[str, Any], files: Sequence[StoredFile]) -> str:
    """The name of a profile: sha256 over what is asked of the reference, and its files."""
    known = {"format": FORMAT, "asked": asked, "files": [[file.path, file.size, file.etag] for file in files]}
    return hashlib.sha256(json.dumps(known, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class ProfileStore:
    """The profiles in a folder; None keeps none, and each is built anew."""

    folder: Folder | None

    def find_or_build(
        self,
        key: str,
        kinds: Collection[Kind[Any]],
        build: Callable[[], Profile],
        progress: Callable[[str], None],
    ) -> Profile:
        """The profile that is kept under a name, else a new one, which then is.

        Trouble with the store is told and no error: the profile can be built again.

        Raises:
            DataError: when the reference cannot be read.
        """
        if self.folder is None:
            return build()
        path = f"profiles/{key}.bin"
        try:
            content = self.folder.read(path)
            if content is not None:
                found = decode(content, kinds)
                progress(f"the reference's profile is {self.folder.uri}{path}: {found.rows:,} rows need not be read")
                return found
        except (EvaluationError, ProfileUnreadableError) as error:
            progress(f"the reference is read again, for its profile {self.folder.uri}{path} is of no use: {error}")
        profile = build()
        try:
            progress(f"the reference's profile is kept as {self.folder.write(path, encode(profile))}")
        except EvaluationError as error:
            progress(f"the reference's profile could not be kept: {error.message}")
        return profile
