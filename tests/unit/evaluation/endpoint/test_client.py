"""What a server, a gateway before it, or the network may do; against a real one on loopback, without sleeping."""

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from modelmonitor.evaluation.endpoint.answer import TOKEN_VARIABLE, Answer, shown
from modelmonitor.evaluation.endpoint.client import Client, Patience, token_of
from modelmonitor.evaluation.errors import EndpointError, InputError
from tests.unit.evaluation.endpoint.stand_in import Asked, Reply, StandIn, serving

GOOD = Reply(200, b"{}")
TOKEN = "s3cret"  # noqa: S105 - of a server in a test


class Pauses:
    """Pauses that are noted and not slept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, unwanted: threading.Event, seconds: float) -> None:
        self.seconds.append(round(seconds, 1))


def post(client: Client, server: StandIn) -> Answer:
    return client.post(f"{server.url}/ask", b"{}", threading.Event())


def replying(*replies: Reply) -> Callable[[Asked, int], Reply]:
    """These, and then the last again and again."""
    return lambda asked, before: replies[min(before, len(replies) - 1)]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_may_be_over_in_a_moment_is_asked_again(status: int) -> None:
    pauses = Pauses()
    with serving({}, replying(Reply(status, b"busy"), Reply(status, b"busy"), GOOD)) as server:
        assert post(Client(5, pause=pauses), server) == Answer(f"{server.url}/ask", 200, b"{}")
    assert pauses.seconds == [0.5, 1.0]


def test_pauses_double_up_to_half_a_minute_and_then_the_endpoint_is_given_up() -> None:
    pauses = Pauses()
    with serving({}, replying(Reply(503, b"starting"))) as server, pytest.raises(EndpointError) as caught:
        post(Client(5, pause=pauses), server)
    assert pauses.seconds == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    assert caught.value.reason == "EndpointUnreachable"
    assert caught.value.message == f"{server.url}/ask answered 503: starting; asked 8 times"


def test_a_server_says_how_long_to_wait() -> None:
    pauses = Pauses()
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    replies = [Reply(429, b"", {"Retry-After": text}) for text in ("7", until, "soon")]
    with serving({}, replying(*replies, GOOD)) as server:
        post(Client(5, pause=pauses), server)
    assert pauses.seconds[0] == 7
    assert 15 < pauses.seconds[1] <= 20
    assert pauses.seconds[2] == 2.0


def test_a_server_that_asks_for_more_patience_than_there_is_is_given_up_at_once() -> None:
    pauses = Pauses()
    script = replying(Reply(503, b"", {"Retry-After": "3600"}))
    with serving({}, script) as server, pytest.raises(EndpointError, match=r"asks to wait 3600 s, and 300 s in all"):
        post(Client(5, pause=pauses), server)
    assert pauses.seconds == []


@pytest.mark.parametrize("text", ["Fri, 31 Dec 9999 23:59:59 -0500", "-1", "Fri, 99 Foo", ""])
def test_a_time_to_wait_that_is_none_is_passed_over(text: str) -> None:
    pauses = Pauses()
    with serving({}, replying(Reply(503, b"", {"Retry-After": text}), GOOD)) as server:
        assert post(Client(5, pause=pauses), server).status == 200
    assert pauses.seconds == [0.5]


def test_what_is_waited_for_in_vain_adds_up_over_all_questions() -> None:
    def script(asked: Asked, before: int) -> Reply:
        return GOOD if before % 4 == 3 else Reply(503, b"busy")

    pauses, patience = Pauses(), Patience(seconds=20.0)
    client = Client(5, patience=patience, pause=pauses)
    with serving({}, script) as server, pytest.raises(EndpointError, match=r"20 s in all were waited for it in vain"):
        deque((post(client, server) for _ in range(100)), maxlen=0)
    # Each question takes 0.5 + 1 + 2 s of pauses.
    assert 15 < sum(pauses.seconds) <= 20
    assert len(server.asked) < 30


def test_an_error_of_the_server_itself_is_asked_about_once_more() -> None:
    pauses = Pauses()
    with serving({}, replying(Reply(500, b"oops"), GOOD)) as server:
        assert post(Client(5, pause=pauses), server).status == 200
    with serving({}, replying(Reply(500, b"oops"))) as server:
        assert post(Client(5, pause=pauses), server).status == 500
        assert len(server.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 501])
def test_what_asking_again_does_not_change_is_not_asked_again(status: int) -> None:
    with serving({}, replying(Reply(status, b"no"))) as server:
        error = post(Client(5, pause=Pauses()), server).refused()
        assert len(server.asked) == 1
    assert (error.reason, error.status) == ("EndpointRefused", status)
    assert error.message.startswith(f"{server.url}/ask answered {status}: no")


def test_a_redirect_to_another_host_is_not_followed_and_said() -> None:
    with serving({}) as other:
        script = replying(Reply(307, b"", {"Location": f"{other.url}/elsewhere"}))
        with serving({}, script) as server:
            error = post(Client(5, TOKEN), server).refused()
        assert other.asked == []
    assert f"it leads to {other.url}/elsewhere: redirects are not followed" in error.message


def test_no_proxy_is_asked_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving({}) as proxy, serving({}, replying(GOOD)) as server:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert post(Client(5, TOKEN), server).status == 200
        assert (len(server.asked), proxy.asked) == (1, [])


@pytest.mark.parametrize("url", ["http://host:port/v2", "http://host:99999/v2", "http://a..b/v2", "http://[::1/v2"])
def test_an_address_that_is_none_is_told_at_once(url: str) -> None:
    pauses = Pauses()
    with pytest.raises(EndpointError, match=r"is no address .*correct endpoint\.url"):
        Client(5, pause=pauses).get(url)
    assert pauses.seconds == []


def test_nobody_there_is_told_with_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pauses = Pauses()
    with pytest.raises(
        EndpointError, match=rf"http://127\.0\.0\.1:{port}/v2 cannot be reached.*check endpoint\.url"
    ) as caught:
        Client(5, patience=Patience(tries=3), pause=pauses).get(f"http://127.0.0.1:{port}/v2")
    assert (caught.value.reason, pauses.seconds) == ("EndpointUnreachable", [0.5, 1.0])


def test_a_name_that_nobody_has_is_told() -> None:
    client = Client(5, patience=Patience(tries=1), pause=Pauses())
    with pytest.raises(EndpointError, match=r"http://nobody\.invalid/v2 cannot be reached"):
        client.get("http://nobody.invalid/v2")


@contextmanager
def raw(answer: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that does what it likes with a connection."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    connection.recv(65536)
                    answer(connection)
                except OSError:
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"


def hang(connection: socket.socket) -> None:
    connection.recv(1)


def drip(connection: socket.socket) -> None:
    """One byte at a time, each within the timeout, all of them never."""
    connection.sendall(HEAD)
    for _ in range(200):
        connection.sendall(b" ")
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        pytest.param(hang, "did not answer within 0.2 s", id="silence"),
        pytest.param(drip, "did not answer within 0.2 s", id="an answer that drips"),
        pytest.param(lambda connection: None, "cannot be reached", id="it hangs up"),
        pytest.param(lambda connection: connection.sendall(HEAD + b"{"), "cannot be reached", id="in the middle"),
        pytest.param(lambda connection: connection.sendall(b"SSH-2.0\r\n\r\n"), "cannot be reached", id="no HTTP"),
    ],
)
def test_no_answer_is_asked_for_again(answer: Callable[[socket.socket], None], says: str) -> None:
    pauses = Pauses()
    with raw(answer) as url, pytest.raises(EndpointError, match=says) as caught:
        Client(0.2, patience=Patience(tries=2), pause=pauses).get(url)
    assert (caught.value.reason, pauses.seconds) == ("EndpointUnreachable", [0.5])


def test_a_server_that_does_not_take_a_question_did_not_answer_it_in_time() -> None:
    over = threading.Event()
    client = Client(0.3, patience=Patience(tries=1), pause=Pauses())
    with raw(lambda connection: over.wait(30)) as url:
        with pytest.raises(EndpointError, match=r"did not answer within 0\.3 s"):
            client.post(url, b"x" * 2**25, threading.Event())
        over.set()


def test_a_server_without_encryption_where_it_is_asked_for() -> None:
    with raw(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as url:
        client = Client(5, patience=Patience(tries=1), pause=Pauses())
        with pytest.raises(EndpointError, match="no certificate that is trusted here"):
            client.get(url.replace("http://", "https://"))


def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    sent = 0

    def endless(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b" " * 2**20)
            sent += 1

    with raw(endless) as url, pytest.raises(EndpointError, match=r"with more than 64 MiB.*batchRows") as caught:
        Client(30).get(url)
    assert caught.value.reason == "EndpointAnswerInvalid"
    assert sent < 128


def test_an_answer_in_chunks_is_read_whole() -> None:
    chunks = b'2\r\n{"\r\n5\r\na": 1\r\n1\r\n}\r\n0\r\n\r\n'
    with raw(
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    ) as url:
        assert Client(5).get(url).body == b'{"a": 1}'


def test_nobody_waits_for_an_answer_that_is_not_needed() -> None:
    unwanted = threading.Event()
    unwanted.set()
    with serving({}, replying(Reply(503, b"busy"))) as server, pytest.raises(EndpointError):
        Client(5).post(f"{server.url}/ask", b"{}", unwanted)
    assert len(server.asked) == 1


def test_who_waits_for_another_try_learns_that_it_is_not_needed() -> None:
    def given_up(unwanted: threading.Event, seconds: float) -> None:
        unwanted.set()

    with serving({}, replying(Reply(503, b"busy"))) as server, pytest.raises(EndpointError):
        post(Client(5, pause=given_up), server)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [200, 307, 403, 500, 503])
def test_a_token_that_a_server_repeats_is_not_shown(status: int) -> None:
    def repeats(asked: Asked, before: int) -> Reply:
        sent = asked.headers["Authorization"]
        return Reply(status, f"not for {sent}".encode(), {"Location": f"/login?{sent}"})

    with serving({}, repeats) as server:
        client = Client(5, TOKEN, patience=Patience(tries=2), pause=Pauses())
        try:
            answer = post(client, server)
            told = [answer.refused().message, answer.invalid("nothing").message, repr(answer.refused())]
        except EndpointError as error:
            told = [error.message]
    assert TOKEN not in " ".join(told)
    assert "not for Bearer ***" in told[0]


def test_a_token_is_sent_and_never_shown() -> None:
    with serving({}, replying(Reply(403, b"no"))) as server:
        client = Client(5, TOKEN)
        error = post(client, server).refused()
        assert server.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"
    assert TOKEN not in error.message + repr(client)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param(None, f"{TOKEN_VARIABLE} is not set; the Secret mine needs a key TOKEN", id="no such key"),
        pytest.param(" \n", "is not set", id="an empty one"),
        pytest.param("two words", "is not one token", id="two words"),
        pytest.param("a\r\nX-Evil: 1", "is not one token", id="a header of its own"),
        pytest.param("schlüssel", "is not one token", id="letters that no header has"),
    ],
)
def test_a_token_that_is_none_is_told(value: str | None, says: str) -> None:
    environ = {} if value is None else {TOKEN_VARIABLE: value}
    with pytest.raises(InputError, match=says) as caught:
        token_of("mine", environ)
    assert caught.value.reason == "EndpointTokenMissing"
    assert value is None or value.strip() == "" or value not in caught.value.message


def test_a_token_belongs_to_a_secret_that_the_spec_names() -> None:
    assert token_of(None, {TOKEN_VARIABLE: TOKEN}) is None
    assert token_of("mine", {TOKEN_VARIABLE: f"{TOKEN}\n"}) == TOKEN


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param(b"", "nothing", id="nothing"),
        pytest.param(b'{"error":\n "no"}', '{"error": "no"}', id="JSON"),
        pytest.param(b"x" * 1000, "x" * 200, id="long"),
        pytest.param(b"\xff\xfe", "\ufffd\ufffd", id="no text"),
        pytest.param(
            b"Traceback (most recent call last):\n  File a\n    x\nValueError: no x\nsee there\n",
            "ValueError: no x",
            id="a traceback",
        ),
        pytest.param(
            b"Traceback (most recent call last):\n  File a",
            "Traceback (most recent call last): File a",
            id="half a traceback",
        ),
    ],
)
def test_of_a_body_the_part_is_shown_that_says_something(body: bytes, says: str) -> None:
    assert shown(body) == says
