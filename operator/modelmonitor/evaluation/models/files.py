"""A model's files: read once, bounded in size, with a digest over all of them."""

import hashlib
from collections.abc import Mapping
from typing import Final

from modelmonitor.evaluation.errors import ModelError, StorageError
from modelmonitor.evaluation.storage import Folder, Purpose, StoredFile, open_folder

RESULT_FILE: Final = "result.json"
ATTEMPT_FILE: Final = "attempt.json"
TRAINING_FILE: Final = "training.json"
CARD_FILE: Final = "model-card.md"
# Written by its trainer, maybe twice; they say something about the model and are no part of it.
_BESIDE_THE_MODEL: Final = frozenset({RESULT_FILE, ATTEMPT_FILE, TRAINING_FILE, CARD_FILE})
LARGEST: Final = 2 * 1024**3
"""Bytes of one file. What a pickle of any size makes of itself in memory nobody knows before it is loaded: that is
bounded by the container's memory limit alone."""
_PIECE: Final = 16 * 1024**2


class ModelFiles:
    """The files of the folder at a model's URI.

    Raises:
        StorageError: when the store cannot be read.
    """

    def __init__(self, uri: str, environ: Mapping[str, str], largest: int = LARGEST) -> None:
        self.uri: Final = uri
        self._folder: Final[Folder] = open_folder(uri, Purpose.MODEL, environ)
        self._largest: Final = largest
        self._kept: Final[dict[str, bytes]] = {}
        self._files: Final = _files(self._folder)
        self.sizes: Final[Mapping[str, int]] = {path: file.size for path, file in self._files.items()}
        """Bytes of each file, by its path in the folder, in order of path."""

    @property
    def place(self) -> str:
        """Where the folder is, for messages; ends with /."""
        return self._folder.uri

    def read(self, path: str) -> bytes:
        """A file's content, which is kept for the digest.

        Raises:
            ModelError: when there is no such file, it is empty, or it is larger than any that is loaded.
        """
        if (size := self.sizes.get(path, 0)) > self._largest:
            raise ModelError(
                "ModelTooLarge",
                f"{self.place}{path} has {size:,} bytes, more than the {self._largest:,} that are loaded; write a"
                " smaller model (fewer or shallower trees), or serve it and use predictions.endpoint",
            )
        content = self._kept.get(path)
        if content is None:
            content = self._folder.read(path)
        if content is None:
            raise ModelError("ModelNotFound", f"{self.place}{path} is missing; write the model's folder whole")
        if not content:
            # XGBoost 3 ends the process when it is given no bytes at all, and no error of ours would be told.
            raise self.unloadable(path, "the file is empty", "was it written whole?")
        self._kept[path] = content
        return content

    def digest(self) -> str:
        """sha256 over names and contents of all files: `sha256:<hex>`; a file that was not read is read in pieces.

        Raises:
            ModelError: when there is no file.
        """
        its = [path for path in self.sizes if path not in _BESIDE_THE_MODEL]
        if not its:
            raise ModelError("ModelNotFound", f"there is no file of a model in {self.place}; correct the URI")
        total = hashlib.sha256()
        for path in its:
            own = hashlib.sha256(self._kept.get(path, b""))
            if path not in self._kept:
                with self._folder.open(self._files[path]) as stream:
                    while piece := stream.read(_PIECE):
                        own.update(piece)
            total.update(f"{own.hexdigest()}  {path}\n".encode())
        return f"sha256:{total.hexdigest()}"

    def unloadable(self, path: str, why: str, advice: str) -> ModelError:
        """The error of a file that is there and is no model."""
        return ModelError("ModelUnloadable", f"{self.place}{path} does not load ({why}); {advice}")


def _files(folder: Folder) -> Mapping[str, StoredFile]:
    try:
        return {file.path: file for file in folder.files()}
    except StorageError as error:
        # An object store has no folders: there a URI that is mistyped is an empty one.
        if error.reason != "FolderNotFound":
            raise
        return {}
