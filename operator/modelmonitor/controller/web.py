"""/metrics for Prometheus, /healthz and /readyz for the kubelet."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest


async def serve(
    port: int, registry: CollectorRegistry, *, alive: Callable[[], bool], ready: Callable[[], bool]
) -> web.AppRunner:
    """Start to serve. `alive` false: restart me; `ready` false: do not count on me yet."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    def probe(answer: Callable[[], bool]) -> Callable[[web.Request], object]:
        async def handler(_: web.Request) -> web.Response:
            good = answer()
            return web.Response(status=200 if good else 503, text="ok\n" if good else "not ok\n")

        return handler

    app = web.Application()
    app.add_routes(
        [web.get("/metrics", metrics), web.get("/healthz", probe(alive)), web.get("/readyz", probe(ready))]  # type: ignore[arg-type]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, port=port).start()
    return runner
