"""What people ask of a monitor, by annotating it: `modelmonitor.dev/<verb>`, each value handled once.

    kubectl annotate mm flights modelmonitor.dev/resume="$(date -Is)" --overwrite
    kubectl annotate mm flights --overwrite \
      modelmonitor.dev/trip='{"by": "anna", "why": "the tariffs changed", "nonce": "1"}'

A value is a JSON object, or any text that is new: then it says neither who nor why. A nonce makes the same request a
new one; what is kept of a value in the status is its hash.
"""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Final

from pydantic import StringConstraints, ValidationError

from modelmonitor.api.types import Model, Time


class Verb(StrEnum):
    """What can be asked for."""

    RESUME = "resume"
    """Go on with remediation: after a revert, the breaker, a hold, the fleet guard; nothing that was counted counts."""
    HOLD = "hold"
    """Not now: train and roll nothing new, until a time or until `resume`."""
    TRIP = "trip"
    """Train a candidate, whatever the verdicts are."""
    APPROVE = "approve"
    """Roll out the candidate that waits for it; with its digest."""
    REJECT = "reject"
    """Do not roll it out; with its digest."""
    ROLLBACK = "rollback"
    """Bring the model back that served before the last rollout."""


PREFIX: Final = "modelmonitor.dev/"
LONGEST: Final = 4096
_WITH_DIGEST: Final = (Verb.APPROVE, Verb.REJECT)

Who = Annotated[str, StringConstraints(max_length=64)]
Why = Annotated[str, StringConstraints(max_length=128)]


class Request(Model):
    """A request that can be understood."""

    by: Who = ""
    """Who asks."""
    why: Why = ""
    """Why."""
    nonce: Annotated[str, StringConstraints(max_length=128)] = ""
    """Anything that was not there before: it makes the same request a new one."""
    until: Time | None = None
    """Of a hold: until when."""
    digest: Annotated[str, StringConstraints(pattern=r"^(sha256:)?[0-9a-f]{12,64}$")] | None = None
    """Of approve and reject: the candidate's digest, or at least twelve characters of its beginning."""

    @property
    def said(self) -> str:
        """Who asks and why, for a sentence; empty where neither is said."""
        return ": ".join(part for part in (self.by, self.why) if part)


class Malformed(Model):
    """A request that cannot be understood, and what to write instead."""

    message: str
    """A sentence."""


class HandledRequest(Model):
    """The newest request of a kind that was handled."""

    verb: Verb
    """Its kind."""
    token: Annotated[str, StringConstraints(max_length=16)]
    """The beginning of its value's sha256."""


def token(text: str) -> str:
    """What is remembered of an annotation's value, however long it is."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def read(verb: Verb, text: str) -> Request | Malformed:
    """An annotation's value, understood."""
    if len(text) > LONGEST:
        return Malformed(message=f"its value has {len(text)} characters, more than {LONGEST}")
    if not text.lstrip().startswith("{"):
        return _plain(verb, text.strip())
    try:
        found = Request.model_validate(json.loads(text), extra="forbid")
    except ValidationError as error:
        first = error.errors()[0]
        return Malformed(message=f"{'.'.join(str(part) for part in first['loc']) or 'its value'}: {first['msg']}")
    except ValueError as error:
        return Malformed(message=f"its value is not a JSON object: {error}")
    if (found.digest is not None) is not (verb in _WITH_DIGEST):
        return _about_digest(verb)
    if found.until is not None and verb is not Verb.HOLD:
        return Malformed(message="until belongs to hold and to nothing else")
    return found


def _plain(verb: Verb, text: str) -> Request | Malformed:
    if verb not in _WITH_DIGEST:
        return Request()
    try:
        return Request.model_validate({"digest": text})
    except ValidationError:
        return _about_digest(verb)


def _about_digest(verb: Verb) -> Malformed:
    if verb in _WITH_DIGEST:
        return Malformed(message="write the candidate's digest, as status.approval shows it: sha256:0123456789ab…")
    return Malformed(message="digest belongs to approve and reject and to nothing else")
