"""The Lease on a real API server: one holder, taken over when it is not renewed, given back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from modelmonitor.controller.lease import DURATION, Lease
from modelmonitor.kube.api import HttpApi
from modelmonitor.kube.resources import LEASES
from tests.api.operator.process import Clock


class Replica:
    """A replica with a clock of its own, which may be wrong."""

    def __init__(self, api: HttpApi, namespace: str, name: str, *, off_by: timedelta = timedelta(0)) -> None:
        self.clock = Clock(datetime(2026, 1, 1, tzinfo=UTC) + off_by)
        self.lease = Lease(api, self.clock, name="modelmonitor", namespace=namespace, holder=name)

    async def tries(self) -> bool:
        return await self.lease.attempt()


async def holder(api: HttpApi, namespace: str) -> Any:
    return (await api.get(LEASES.path(namespace, "modelmonitor")))["spec"]["holderIdentity"]


async def test_the_first_has_it_and_the_second_stands_by_while_it_is_renewed(connection: HttpApi, place: str) -> None:
    first, second = Replica(connection, place, "first"), Replica(connection, place, "second")
    assert await first.tries()
    for _ in range(10):
        assert not await second.tries()
        for replica in (first, second):
            replica.clock.forward(DURATION / 3)
        assert await first.tries()
    assert await holder(connection, place) == "first"


async def test_one_that_is_not_renewed_is_taken_over_after_its_time_and_not_before(
    connection: HttpApi, place: str
) -> None:
    first, second = Replica(connection, place, "first"), Replica(connection, place, "second")
    await first.tries()
    assert not await second.tries()
    second.clock.forward(DURATION - timedelta(seconds=1))
    assert not await second.tries()
    second.clock.forward(timedelta(seconds=1))
    assert await second.tries()
    assert not await first.tries(), "it sees that it has lost it"
    assert await holder(connection, place) == "second"


@pytest.mark.parametrize("off_by", [timedelta(days=-1), timedelta(days=1)], ids=["a day slow", "a day fast"])
async def test_a_replica_whose_clock_is_wrong_takes_nothing_too_early(
    connection: HttpApi, place: str, off_by: timedelta
) -> None:
    first, wrong = Replica(connection, place, "first"), Replica(connection, place, "wrong", off_by=off_by)
    await first.tries()
    assert not await wrong.tries()
    wrong.clock.forward(DURATION / 2)
    await first.tries()
    assert not await wrong.tries()
    assert await holder(connection, place) == "first"


async def test_given_back_it_is_free_at_once(connection: HttpApi, place: str) -> None:
    first, second = Replica(connection, place, "first"), Replica(connection, place, "second")
    await first.tries()
    await second.tries()
    await first.lease.release()
    assert await second.tries()


async def test_one_that_has_lost_it_does_not_give_it_back_for_the_other(connection: HttpApi, place: str) -> None:
    first, second = Replica(connection, place, "first"), Replica(connection, place, "second")
    await first.tries()
    await second.tries()
    second.clock.forward(DURATION)
    await second.tries()
    await first.lease.release()
    assert await holder(connection, place) == "second"


async def test_the_same_pod_after_a_restart_goes_on_at_once(connection: HttpApi, place: str) -> None:
    await Replica(connection, place, "first").tries()
    assert await Replica(connection, place, "first").tries()


async def test_of_many_that_want_a_free_one_exactly_one_gets_it(connection: HttpApi, place: str) -> None:
    replicas = [Replica(connection, place, f"replica-{number}") for number in range(5)]
    assert sum(await asyncio.gather(*(one.tries() for one in replicas))) == 1
