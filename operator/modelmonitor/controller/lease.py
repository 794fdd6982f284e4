"""One active replica: a Lease. The others stand by, and take over when it is not renewed."""

import asyncio
from typing import Final

from kubernetes.aio.client import ApiClient
from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection
from kubernetes.aio.leaderelection.resourcelock.leaselock import LeaseLock

DURATION: Final = 15
RENEW_DEADLINE: Final = 10
RETRY: Final = 2


async def hold(client: ApiClient, *, name: str, namespace: str, holder: str, leading: asyncio.Event) -> None:
    """Acquire the Lease, set `leading`, renew it; return when it is lost.

    The process ends then. A stale leader that wakes up cannot do harm in between: every status write carries the
    version that it was decided on, and every action follows only from a written status.
    """

    async def lead() -> None:
        leading.set()

    async def stopped() -> None:
        leading.clear()

    lock = LeaseLock(name, namespace, holder, client)
    election = LeaderElection(
        Config(
            lock,
            lease_duration=DURATION,
            renew_deadline=RENEW_DEADLINE,
            retry_period=RETRY,
            onstarted_leading=lead,
            onstopped_leading=stopped,
        )
    )
    await election.run()
