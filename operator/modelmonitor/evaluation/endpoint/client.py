"""HTTP to a server that may be slow, busy, starting anew, behind a gateway, or none at all.

A question can be asked again without harm, so what may be over in a moment is: no connection, no answer in time, and
the statuses 429, 502, 503, 504; a 500 once, since it is usually the model's own. Pauses double, or are as long as the
server asks for (Retry-After). All that is waited for in vain adds up, and is bounded: an endpoint that fails at every
other batch must not hold a Job for a day.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from modelmonitor.evaluation.endpoint.answer import TOKEN_VARIABLE, Answer, shown
from modelmonitor.evaluation.errors import EndpointError, InputError, one_line

LARGEST_ANSWER: Final = 64 * 1024 * 1024
"""Bytes. Ten thousand rows of a hundred classes are 20 MB."""
AT_ONCE: Final = 4
_CONNECT_SECONDS: Final = 5.0
_PIECE: Final = 64 * 1024
_PASSING: Final = frozenset({429, 502, 503, 504})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0


@dataclass(frozen=True, slots=True)
class Patience:
    """How long trouble is borne."""

    tries: int = 8
    """Of one question; with doubling pauses the eight take a minute, and longer where each ends at its timeout."""
    seconds: float = 300.0
    """Of all questions together: pauses, and tries that came to nothing."""


_PATIENT: Final = Patience()


@dataclass(slots=True)
class _Failure:
    """A try that came to nothing."""

    why: str
    passing: bool
    pause: float | None = None
    """As long as the server asks for."""
    answer: Answer | None = None


Pause = Callable[[threading.Event, float], object]
"""Waits for some seconds, or until the event says that nobody needs the answer any more."""


class Client:
    """Asks one server; from several threads at once."""

    def __init__(
        self,
        timeout: float,
        token: str | None = None,
        patience: Patience = _PATIENT,
        pause: Pause = threading.Event.wait,
    ) -> None:
        """Nothing is asked yet.

        Args:
            timeout: seconds that one try may take.
            token: sent as bearer token.
            patience: how long trouble is borne.
            pause: waits between two tries.
        """
        # A tenth of a second, for those who ask no endpoint.
        import urllib3  # noqa: PLC0415

        self._errors: Final = urllib3.exceptions
        # It knows of no proxies, and so asks nobody but the address that the spec names.
        self._pool: Final = urllib3.PoolManager(maxsize=AT_ONCE, block=True, retries=False)
        self._timeout: Final = timeout
        # The first question is a GET: an address where nobody is, is found by it. urllib3 bounds by the time to connect
        # also how long a body takes to be sent, which a busy server reads late.
        self._connecting: Final = {"GET": min(timeout, _CONNECT_SECONDS), "POST": timeout}
        self._timeouts: Final = {
            method: urllib3.Timeout(connect=seconds, read=timeout) for method, seconds in self._connecting.items()
        }
        self._token: Final = token
        headers = {"Content-Type": "application/json", "User-Agent": "modelmonitor"}
        self._headers: Final = headers if token is None else headers | {"Authorization": f"Bearer {token}"}
        self._patience: Final = patience
        self._pause: Final = pause
        self._lock: Final = threading.Lock()
        self._in_vain = 0.0

    def get(self, url: str) -> Answer:
        """Ask for what is there; see `post`."""
        return self._asked("GET", url, None, threading.Event())

    def post(self, url: str, body: bytes, unwanted: threading.Event) -> Answer:
        """Ask a question.

        Args:
            url: of whom.
            body: the question.
            unwanted: set when nobody needs the answer any more; then it is not asked again.

        Raises:
            EndpointError: EndpointUnreachable when there is no answer however often it is asked.
        """
        return self._asked("POST", url, body, unwanted)

    def _asked(self, method: str, url: str, body: bytes | None, unwanted: threading.Event) -> Answer:
        failures = 0
        while True:
            began = time.monotonic()
            found = self._tried(method, url, body)
            if isinstance(found, Answer):
                return found
            failures += 1
            if found.answer is not None and failures > 1:
                return found.answer
            pause = found.pause if found.pause is not None else min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (failures - 1))
            why_not = self._spent(time.monotonic() - began + pause, failures, pause)
            if found.passing and not why_not and not unwanted.is_set():
                self._pause(unwanted, pause)
            if not found.passing or why_not or unwanted.is_set():
                raise EndpointError("EndpointUnreachable", f"{url} {found.why}{why_not}")

    def _spent(self, seconds: float, failures: int, pause: float) -> str:
        """Account for a try in vain and the pause after it; why there is no patience for that, if there is none."""
        with self._lock:
            left = self._patience.seconds - self._in_vain
            self._in_vain += seconds
        if failures >= self._patience.tries:
            return f"; asked {failures} times"
        if seconds > left:
            return (
                f"; it asks to wait {pause:.0f} s, and {self._patience.seconds:.0f} s in all are waited for an endpoint"
                if pause > _LONGEST_PAUSE
                else f"; {self._patience.seconds:.0f} s in all were waited for it in vain"
            )
        return ""

    def _tried(self, method: str, url: str, body: bytes | None) -> Answer | _Failure:
        errors = self._errors
        until = time.monotonic() + self._timeout
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers=self._headers,
                timeout=self._timeouts[method],
                redirect=False,
                preload_content=False,
            )
            try:
                content = self._content(response, url, until)
            finally:
                response.release_conn()
        except (errors.HTTPError, TimeoutError) as error:
            return self._failure(error, self._connecting[method])
        answer = Answer(url, response.status, content, _location(response), self._token)
        why = f"answered {response.status}: {shown(content, self._token)}"
        if response.status in _PASSING:
            return _Failure(why, passing=True, pause=_retry_after(response.headers))
        if response.status == 500:
            return _Failure(why, passing=True, answer=answer)
        return answer

    def _failure(self, error: Exception, connecting: float) -> _Failure:
        """What an error of the network means. urllib3 counts a refused connection among timeouts, which it is not.

        And one that is too slow to take a body it calls aborted.
        """
        errors, said = self._errors, one_line(error, 160)
        if isinstance(error, errors.SSLError):
            return _Failure(f"has no certificate that is trusted here ({said})", passing=False)
        if isinstance(error, errors.LocationValueError):
            return _Failure(f"is no address ({said}); correct endpoint.url", passing=False)
        aborted = isinstance(error, errors.ProtocolError) and isinstance(error.args[-1], TimeoutError)
        slow = aborted or isinstance(error, errors.TimeoutError | TimeoutError)
        if slow and not isinstance(error, errors.NewConnectionError):
            seconds = connecting if isinstance(error, errors.ConnectTimeoutError) else self._timeout
            return _Failure(f"did not answer within {seconds:g} s", passing=True)
        return _Failure(f"cannot be reached ({said}); check endpoint.url", passing=True)

    def _content(self, response: Any, url: str, until: float) -> bytes:
        """The body: not more than fits, and not longer than the timeout, however slowly it drips."""
        pieces: list[bytes] = []
        size = 0
        # As much as is there already: to wait for a whole piece would be to wait for one that drips.
        while piece := response.read1(_PIECE):
            pieces.append(piece)
            size += len(piece)
            if size > LARGEST_ANSWER:
                response.close()
                raise Answer(url, response.status, pieces[0], secret=self._token).invalid(
                    f"with more than {LARGEST_ANSWER // 2**20} MiB (set fewer endpoint.batchRows)"
                )
            if time.monotonic() > until:
                response.close()
                raise TimeoutError
        return b"".join(pieces)


def token_of(secret_name: str | None, environ: Mapping[str, str]) -> str | None:
    """The bearer token from the environment, where the spec says that there is one.

    Raises:
        InputError: when it is not there, or is none.
    """
    if secret_name is None:
        return None
    token = environ.get(TOKEN_VARIABLE, "").strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise InputError(
            "EndpointTokenMissing",
            f"data.predictions.endpoint.secretName: {TOKEN_VARIABLE} is {'not one token' if token else 'not set'}; the"
            f" Secret {secret_name} needs a key TOKEN (without a cluster set {TOKEN_VARIABLE})",
        )
    return token


def _location(response: Any) -> str:
    return str(response.headers.get("Location", "")) if 300 <= response.status < 400 else ""


def _retry_after(headers: Mapping[str, str]) -> float | None:
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
