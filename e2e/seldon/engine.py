"""Stand-in for seldon-container-engine: passes bytes from its port to the model server's, and nothing else.

The real one also logs payloads, keeps metrics, walks graphs with several nodes and answers /ready. What is kept is
its place in the pod: a second container with a readiness of its own, without a preStop, that stops listening first.
"""

import argparse
import asyncio
import contextlib
import signal


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


async def serve(port: int, server_port: int) -> None:
    """Serve until SIGTERM."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            to_reader, to_writer = await asyncio.open_connection("127.0.0.1", server_port)
            await asyncio.gather(_copy(reader, to_writer), _copy(to_reader, writer))
            to_writer.close()
        except OSError:
            # The model server is not there yet, or no longer: the caller sees a closed connection.
            pass
        finally:
            writer.close()

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    server = await asyncio.start_server(connected, "0.0.0.0", port)  # noqa: S104 - a pod's own address
    await ended.wait()
    server.close()


def main() -> None:
    """Read the arguments of the real engine that matter here."""
    parser = argparse.ArgumentParser(prog="e2e.seldon.engine", description=__doc__)
    parser.add_argument("--sdep")
    parser.add_argument("--namespace")
    parser.add_argument("--predictor")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--server-port", type=int, default=9000)
    given = parser.parse_args()
    asyncio.run(serve(given.port, given.server_port))


if __name__ == "__main__":
    main()
