"""The connection itself: what is sent, and servers that do not answer as they should.

The server here is no API server: a real one cannot be made to hang up or to send a proxy's page. What a real one
answers is in tests/api.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from kubernetes.aio import client

from modelmonitor.kube.api import HttpApi, Patch
from modelmonitor.kube.errors import ApiError, TransientError

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Server:
    """Answers every request in the same way, and keeps what came."""

    port: int = 0
    answer: Answer | None = None
    requests: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await self.answer(request) if self.answer else web.json_response({"kind": "Status"})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


@pytest.fixture
async def api(server: Server) -> AsyncIterator[HttpApi]:
    api = HttpApi(client.Configuration(host=f"http://127.0.0.1:{server.port}"), timeout=0.5)
    yield api
    await api.close()


async def test_a_creation_is_strict_and_in_the_name_of_an_account(api: HttpApi, server: Server) -> None:
    await api.create("/jobs", {"a": 1}, as_user="system:serviceaccount:team:flights")
    (request,) = server.requests
    assert request.method == "POST"
    assert dict(request.query) == {"fieldValidation": "Strict"}
    assert request.headers["Impersonate-User"] == "system:serviceaccount:team:flights"
    assert server.bodies == [b'{"a": 1}']


async def test_in_its_own_name_it_impersonates_nobody(api: HttpApi, server: Server) -> None:
    await api.create("/jobs", {}, dry_run=True)
    (request,) = server.requests
    assert "Impersonate-User" not in request.headers
    assert dict(request.query) == {"fieldValidation": "Strict", "dryRun": "All"}


@pytest.mark.parametrize("kind", Patch)
async def test_a_patch_says_its_format_and_manager(api: HttpApi, server: Server, kind: Patch) -> None:
    await api.patch("/x", [{"op": "test"}], kind, manager="modelmonitor")
    (request,) = server.requests
    assert request.headers["Content-Type"] == kind
    assert dict(request.query) == {"fieldManager": "modelmonitor"}
    assert server.bodies == [b'[{"op": "test"}]']


async def test_a_deletion_is_in_the_background_and_of_this_very_object(api: HttpApi, server: Server) -> None:
    await api.delete("/x", uid="u-1")
    assert server.bodies == [b'{"propagationPolicy": "Background", "preconditions": {"uid": "u-1"}}']


async def _page(_request: web.Request) -> web.StreamResponse:
    return web.Response(status=503, text="<html>no backend</html>")


async def _too_late(_request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(2)
    return web.Response()


async def _hangs_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(_page, "no backend", id="a proxy's page"),
        pytest.param(_too_late, "did not answer: TimeoutError", id="nothing in time"),
        pytest.param(_hangs_up, "did not answer", id="it hangs up"),
    ],
)
async def test_a_server_that_does_not_answer_is_waited_for(
    api: HttpApi, server: Server, answer: Answer, words: str
) -> None:
    server.answer = answer
    with pytest.raises(TransientError) as caught:
        await api.get("/x")
    assert words in caught.value.message


async def test_a_server_that_is_not_there_is_waited_for(server: Server) -> None:
    api = HttpApi(client.Configuration(host="http://127.0.0.1:1"), timeout=0.5)
    with pytest.raises(TransientError, match="did not answer"):
        await api.get("/x")
    await api.close()


async def test_a_success_that_is_no_object_is_not_taken_for_one(api: HttpApi, server: Server) -> None:
    async def login_page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>please log in</html>")

    server.answer = login_page
    with pytest.raises(ApiError, match="please log in"):
        await api.get("/x")
