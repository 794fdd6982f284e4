"""What can keep an evaluation from measuring. Every one ends as verdict Error, never as Fail.

The tree:
    EvaluationError         reason (CamelCase, for programs) and message (what is wrong and what to do)
    ├── InputError          the input or the manifest cannot be used
    ├── StorageError        a bucket or folder is missing, refused or cannot be reached
    ├── DataError           files can be reached but not used: column, type, content
    ├── UserMetricError     a metric of the user's own is missing, does not load or fails
    ├── ResourceError       memory or disk are too small for what must be read; the message has both numbers
    ├── EndpointError       the server that runs the model cannot be reached, refuses, or answers something else
    └── ModelError          the model is missing, does not load or does not score
        └── CandidateError  the same of the candidate, so that it is not taken for the champion's trouble
"""

from typing import ClassVar, Final

from modelmonitor.api.result import Cause


class EvaluationError(Exception):
    """Something that a person can be told in one sentence; it needs no traceback."""

    cause: ClassVar = Cause.UNEXPECTED

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason: Final = reason
        self.message: Final = printable(message)


class InputError(EvaluationError):
    """The evaluation's input, or the manifest, cannot be used."""

    cause = Cause.INPUT


class StorageError(EvaluationError):
    """A bucket or folder is missing, refused or cannot be reached."""

    cause = Cause.STORAGE


class DataError(EvaluationError):
    """The files are there and cannot be used."""

    cause = Cause.DATA


class UserMetricError(EvaluationError):
    """A metric of the user's own is missing, does not load or fails."""

    cause = Cause.INPUT


class ResourceError(EvaluationError):
    """Memory or disk are too small for the work."""


class ModelError(EvaluationError):
    """A model is missing, does not load or does not score."""

    cause = Cause.MODEL


class EndpointError(EvaluationError):
    """The server that runs the model cannot be reached, refuses, or answers something else than was asked."""

    cause = Cause.MODEL


class CandidateError(ModelError):
    """The candidate is missing, does not load or does not score."""

    cause = Cause.CANDIDATE

    def __init__(self, cause: ModelError) -> None:
        super().__init__(f"Candidate{cause.reason.removeprefix('Model')}", f"candidate: {cause.message}")


def printable(text: str) -> str:
    """Text that JSON can carry: the name of a file may hold bytes that are no text at all."""
    return text.encode("utf-8", "replace").decode("utf-8")


def one_line(error: BaseException, limit: int = 300) -> str:
    """The first line of a foreign error's text, with its type where the text alone says nothing."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return (text if len(text.split()) > 2 else f"{type(error).__name__}: {text}".rstrip(": "))[:limit]


def amount(size: float) -> str:
    """Bytes for people: `1.8 GiB`."""
    for unit in ("B", "KiB", "MiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.1f} GiB"
