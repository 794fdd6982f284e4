"""What the API server's answers mean for us.

ApiError
├── TransientError       nothing but time helps: retry with backoff
├── ConflictError        the object is not as we saw it: read again, decide again
├── NotFoundError        it is not there
├── AlreadyExistsError   the name is taken, perhaps by ourselves before a restart
└── RefusedError         somebody must change something
    └── ForbiddenError   a right is missing; the message has its name
"""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """An answer that is not a success."""

    def __init__(self, message: str, *, code: int = 0, reason: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason


class TransientError(ApiError):
    """The server, or a webhook behind it, was not there, or was busy."""


class ConflictError(ApiError):
    """A precondition did not hold."""


class NotFoundError(ApiError):
    """There is no such object."""


class AlreadyExistsError(ApiError):
    """There is an object of that name."""


class RefusedError(ApiError):
    """The request is not acceptable as it is."""


class ForbiddenError(RefusedError):
    """The identity may not do that."""


def error_of(code: int, body: Mapping[str, Any]) -> ApiError:
    """The exception for an answer with this HTTP status and this `Status` body.

    Two 422 answers must be told apart (recorded, tests/data/seldon): a failed `test` of a JSON Patch comes with a bare
    message and without causes, and means that the object has changed; a refusal by a webhook or by validation comes
    with causes, and will come again.
    """
    message = str(body.get("message") or f"HTTP {code}")
    reason = str(body.get("reason") or "")
    details = body.get("details") or {}
    kind: type[ApiError]
    if code == 404:
        kind = NotFoundError
    elif code == 409:
        kind = AlreadyExistsError if reason == "AlreadyExists" else ConflictError
    elif code == 403:
        # A quota's refusal comes as 403 as well; room may be made without anybody changing the request.
        kind = TransientError if "exceeded quota" in message else ForbiddenError
    elif code == 422 and not details.get("causes") and "admission webhook" not in message:
        kind = ConflictError
    elif code in (401, 408, 429) or code >= 500:
        # 401 says that the token is old, or that who checks tokens is down: no user can change that.
        kind = TransientError
    else:
        kind = RefusedError
    return kind(message, code=code, reason=reason)
