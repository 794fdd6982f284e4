"""What a server said, and how a message tells it: its beginning, what to do about it, and never a token."""

from dataclasses import dataclass, field
from typing import Final

from modelmonitor.evaluation.errors import EndpointError, printable

TOKEN_VARIABLE: Final = "MODELMONITOR_ENDPOINT_TOKEN"  # noqa: S105 - a name, and no token
_BODY_SHOWN: Final = 200


class RefusedError(EndpointError):
    """A server answered with a status that asking again does not change."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__("EndpointRefused", message)
        self.status: Final = status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. Its status is 200, or one that asking again does not change."""

    url: str
    status: int
    body: bytes
    location: str = ""
    """Of a redirect: where it leads."""
    secret: str | None = field(default=None, repr=False)
    """What no message may show: a server may repeat the token that it was sent."""

    def refused(self) -> RefusedError:
        """The error that this status means."""
        advice = _ADVICE.get(self.status, "")
        if self.location:
            where = shown(self.location.encode(), self.secret)
            advice = f"it leads to {where}: redirects are not followed, so set endpoint.url to where it leads"
        said = f"{self.url} answered {self.status}: {shown(self.body, self.secret)}"
        return RefusedError(self.status, f"{said}; {advice}" if advice else said)

    def invalid(self, why: str) -> EndpointError:
        """The error of a body that is no answer to the question."""
        said = f"{self.url} answered {self.status} {why}: {shown(self.body, self.secret)}"
        return EndpointError("EndpointAnswerInvalid", said)


_ADVICE: Final = {
    401: f"it wants to know who asks: name a Secret with its token in endpoint.secretName ({TOKEN_VARIABLE})",
    403: "whoever asks may not: check the token, or what lets the Job reach the server",
    404: "check endpoint.url (without /v2) and endpoint.model, the model's name there",
    413: "one row is too large for it, or for a gateway before it",
}


def shown(body: bytes, secret: str | None = None) -> str:
    """The beginning of a body for a message, without a secret that it repeats.

    Of a Python traceback what was raised, which stands at its end.
    """
    text = body[: 1024 * 1024].decode("utf-8", "replace").strip()
    text = text if secret is None else text.replace(secret, "***")
    if text.startswith("Traceback"):
        raised = [line for line in text.splitlines()[1:] if line[:1].strip()]
        text = raised[0] if raised else text
    return printable(" ".join(text[:_BODY_SHOWN].split())) or "nothing"
