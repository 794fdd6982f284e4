"""`python -m modelmonitor.controller`: the operator's process."""

import asyncio
import logging
import os
import signal
import sys

import structlog
from pydantic import ValidationError

from modelmonitor.controller.app import LeaseLostError, ServingKindsChangedError, WatchEndedError, run
from modelmonitor.controller.settings import Settings
from modelmonitor.kube.errors import ApiError


def main() -> int:
    """Run until ended; 0 after SIGTERM, 1 for everything that a restart may heal, 2 for wrong settings."""
    try:
        settings = Settings()
    except ValidationError as error:
        for problem in error.errors():
            name = "MODELMONITOR_" + "_".join(str(part).upper() for part in problem["loc"])
            sys.stderr.write(f"{name}: {problem['msg']}. Set this environment variable; the chart does.\n")
        return 2
    _log_to_stderr(settings.log_level)
    code = 0
    try:
        asyncio.run(_until_signalled(settings))
    except* ServingKindsChangedError:
        structlog.get_logger().info("the set of serving kinds changed, starting anew")
        code = 1
    except* LeaseLostError:
        structlog.get_logger().warning("the lease is lost, starting anew")
        code = 1
    except* WatchEndedError:
        structlog.get_logger().warning("the watches ended, starting anew")
        code = 1
    except* ApiError as refused:
        structlog.get_logger().error("the API server did not let it begin", message=str(refused.exceptions[0]))
        code = 1
    return code


async def _until_signalled(settings: Settings) -> None:
    loop = asyncio.get_running_loop()

    def hold_signals() -> None:
        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, running.cancel)

    running = asyncio.create_task(
        run(settings, kubeconfig=os.environ.get("KUBECONFIG"), hold_signals=hold_signals), name="operator"
    )
    hold_signals()
    try:
        await running
    except asyncio.CancelledError:
        if not running.cancelled():
            raise


def _log_to_stderr(level: str) -> None:
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s")
    # It says of every single event that its handler succeeded.
    logging.getLogger("kopf.objects").setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
