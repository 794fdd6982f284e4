"""Run the stand-in, in the cluster or on the host: `python -m e2e.seldon.stand_in --probe-delay 2`."""

import argparse
import asyncio
import contextlib
import logging
import signal

from kubernetes.aio import client, config

from .api import Api
from .controller import Controller
from .settings import Settings


def settings(arguments: list[str] | None = None) -> tuple[Settings, str | None]:
    """The settings that the command line asks for, and the kubeconfig (none: the pod's own account)."""
    normal = Settings()
    parser = argparse.ArgumentParser(prog="e2e.seldon.stand_in", description=__doc__)
    parser.add_argument("--kubeconfig", help="run on the host with this kubeconfig; in a pod its account is used")
    parser.add_argument("--image", default=normal.image, help="image of model server and initializer (%(default)s)")
    parser.add_argument("--probe-delay", type=int, default=normal.probe_delay, help="seconds (%(default)s, measured)")
    parser.add_argument("--probe-period", type=int, default=normal.probe_period, help="seconds (%(default)s, measured)")
    parser.add_argument("--pre-stop", type=int, default=normal.pre_stop, help="seconds (%(default)s, measured)")
    parser.add_argument("--reaction", type=float, default=normal.reaction, help="seconds (%(default)s, measured)")
    parser.add_argument("--stale-look", action="store_true", help="every roll flashes a false Available")
    given = vars(parser.parse_args(arguments))
    kubeconfig = given.pop("kubeconfig")
    return Settings(**given), kubeconfig


async def main(chosen: Settings, kubeconfig: str | None) -> None:
    """Run until SIGTERM."""
    if kubeconfig:
        await config.load_kube_config(kubeconfig)
    else:
        config.load_incluster_config()
    async with client.ApiClient() as connection:
        running = asyncio.ensure_future(Controller(Api(connection), chosen).run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await running


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    asyncio.run(main(*settings()))
