"""The queue: one worker a key, backoff, due times, and clocks that jump. Time is the test's own."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest

from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import FIRST_PAUSE, LONGEST_PAUSE, Queue

A, B, C = Key("team", "a"), Key("team", "b"), Key("team", "c")
SECOND = timedelta(seconds=1)


class Clock:
    """A clock that a test moves; whoever waits is woken as by its timeout."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue(clock)


async def got(queue: Queue) -> Key | None:
    """What a worker gets now, if anything."""
    worker = asyncio.create_task(queue.get())
    for _ in range(10):
        await asyncio.sleep(0)
    if worker.done():
        return worker.result()
    worker.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await worker
    return None


async def drain(queue: Queue) -> list[Key]:
    found = []
    while (key := await got(queue)) is not None:
        found.append(key)
        await queue.done(key)
    return found


async def test_keys_come_out_in_the_order_in_which_they_came_in_and_each_once(queue: Queue) -> None:
    for key in (B, A, B, C, A):
        await queue.add(key)
    assert len(queue) == 3
    assert await drain(queue) == [B, A, C]


async def test_a_key_that_is_worked_on_waits_for_its_worker_and_others_do_not(queue: Queue) -> None:
    await queue.add(A)
    assert await got(queue) == A
    await queue.add(A)
    await queue.add(B)
    assert await got(queue) == B
    assert await got(queue) is None
    await queue.done(A)
    assert await got(queue) == A


async def test_a_waiting_worker_is_woken_by_a_key(queue: Queue) -> None:
    workers = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    for key in (A, B, C):
        await queue.add(key)
    assert set(await asyncio.wait_for(asyncio.gather(*workers), 1)) == {A, B, C}


async def test_a_waiting_worker_is_woken_when_a_busy_one_gives_the_key_back(queue: Queue) -> None:
    await queue.add(A)
    assert await got(queue) == A
    await queue.add(A)
    waiting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    await queue.done(A)
    assert await asyncio.wait_for(waiting, 1) == A


async def test_a_worker_that_gives_up_takes_no_key_with_it(queue: Queue) -> None:
    gives_up = asyncio.create_task(queue.get())
    await asyncio.sleep(0.01)
    gives_up.cancel()
    await queue.add(A)
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    assert await got(queue) == A


async def test_a_key_comes_when_it_is_due_and_only_then(queue: Queue, clock: Clock) -> None:
    await queue.at(A, clock.now + 10 * SECOND)
    clock.now += 9 * SECOND
    assert await drain(queue) == []
    clock.now += SECOND
    assert await drain(queue) == [A]
    clock.now += timedelta(days=1)
    assert await drain(queue) == []


async def test_the_newest_time_counts(queue: Queue, clock: Clock) -> None:
    await queue.at(A, clock.now + 10 * SECOND)
    await queue.at(A, clock.now + 20 * SECOND)
    await queue.at(B, clock.now + 20 * SECOND)
    await queue.at(B, clock.now + 5 * SECOND)
    clock.now += 10 * SECOND
    assert await drain(queue) == [B]
    clock.now += 10 * SECOND
    assert await drain(queue) == [A]


async def test_a_time_that_was_taken_back_and_set_again_comes_once(queue: Queue, clock: Clock) -> None:
    due = clock.now + 10 * SECOND
    await queue.at(A, due)
    await queue.at(A, None)
    await queue.at(A, due)
    clock.now = due
    assert await drain(queue) == [A]


async def test_without_a_time_a_key_does_not_come(queue: Queue, clock: Clock) -> None:
    await queue.at(A, clock.now + SECOND)
    await queue.at(A, None)
    clock.now += timedelta(days=1)
    assert await drain(queue) == []


async def test_a_key_that_is_due_while_it_is_worked_on_comes_after_it(queue: Queue, clock: Clock) -> None:
    await queue.at(A, clock.now + SECOND)
    await queue.add(A)
    assert await got(queue) == A
    clock.now += SECOND
    assert await got(queue) is None
    await queue.done(A)
    assert await got(queue) == A


async def test_a_failed_key_comes_back_later_each_time(queue: Queue, clock: Clock) -> None:
    await queue.add(A)
    for seconds in (1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300):
        assert await got(queue) == A
        await queue.done(A, failed=True)
        clock.now += (seconds - 1) * SECOND
        assert await got(queue) is None
        clock.now += SECOND
    assert (FIRST_PAUSE, LONGEST_PAUSE) == (SECOND, 300 * SECOND)


async def test_after_a_success_the_pauses_begin_anew(queue: Queue, clock: Clock) -> None:
    for failed in (True, True, True, False, True):
        await queue.add(A)
        assert await got(queue) == A
        await queue.done(A, failed=failed)
        assert queue.failing() == failed
    clock.now += FIRST_PAUSE
    assert await got(queue) == A


async def test_a_failed_key_is_not_late_for_what_it_had_planned(queue: Queue, clock: Clock) -> None:
    for _ in range(6):
        await queue.add(A)
        await got(queue)
        await queue.done(A, failed=True)
    await queue.add(A)
    assert await got(queue) == A
    await queue.at(A, clock.now + 3 * SECOND)
    await queue.done(A, failed=True)
    clock.now += 3 * SECOND
    assert await got(queue) == A


async def test_a_failing_key_does_not_hold_up_another(queue: Queue, clock: Clock) -> None:
    await queue.add(A)
    assert await got(queue) == A
    await queue.done(A, failed=True)
    await queue.add(B)
    assert await got(queue) == B


async def test_when_the_clock_jumps_ahead_everything_that_is_due_comes(queue: Queue, clock: Clock) -> None:
    await queue.at(B, clock.now + timedelta(hours=2))
    await queue.at(A, clock.now + timedelta(hours=1))
    clock.now += timedelta(days=365)
    assert await drain(queue) == [A, B]


async def test_when_the_clock_is_set_back_events_come_all_the_same_and_due_times_by_the_new_clock(
    queue: Queue, clock: Clock
) -> None:
    due = clock.now + SECOND
    await queue.at(A, due)
    clock.now -= timedelta(hours=1)
    await queue.add(B)
    assert await drain(queue) == [B]
    clock.now = due
    assert await drain(queue) == [A]


async def test_a_worker_that_sleeps_until_a_late_time_hears_of_an_earlier_one(queue: Queue, clock: Clock) -> None:
    await queue.at(B, clock.now + timedelta(hours=1))
    worker = asyncio.create_task(queue.get())
    await asyncio.sleep(0.01)
    clock.now += SECOND
    await queue.at(A, clock.now)
    assert await asyncio.wait_for(worker, 1) == A


async def test_liveness_counts_what_waits_and_what_is_worked_on(queue: Queue, clock: Clock) -> None:
    assert queue.oldest_wait() == timedelta(0)
    await queue.add(A)
    clock.now += 10 * SECOND
    await queue.add(B)
    clock.now += SECOND
    assert queue.oldest_wait() == 11 * SECOND
    assert await got(queue) == A
    clock.now += 3 * SECOND
    assert queue.oldest_wait() == 4 * SECOND, "B has waited, A is worked on since a shorter time"
    assert await got(queue) == B
    clock.now += timedelta(minutes=6)
    assert queue.oldest_wait() > timedelta(minutes=6), "a worker that hangs is seen"
    await queue.done(A)
    await queue.done(B)
    assert queue.oldest_wait() == timedelta(0)


async def test_a_key_that_pauses_after_a_failure_is_no_sign_of_death(queue: Queue, clock: Clock) -> None:
    await queue.add(A)
    await got(queue)
    await queue.done(A, failed=True)
    clock.now += timedelta(hours=1)
    assert queue.oldest_wait() == timedelta(0)


async def test_many_workers_never_have_the_same_key_at_once(queue: Queue) -> None:
    working: set[Key] = set()
    done: list[Key] = []

    async def work() -> None:
        while True:
            key = await queue.get()
            assert key not in working
            working.add(key)
            await asyncio.sleep(0)
            working.discard(key)
            done.append(key)
            await queue.done(key)

    workers = [asyncio.create_task(work()) for _ in range(4)]
    for round_ in range(200):
        await queue.add(Key("team", str(round_ % 7)))
        if round_ % 3 == 0:
            await asyncio.sleep(0)
    while len(queue) or working:  # noqa: ASYNC110 - it ends, or pytest says where it did not
        await asyncio.sleep(0)
    assert not any(worker.done() for worker in workers), "none died of an assertion"
    assert {key.name for key in done} == set("0123456")
    for worker in workers:
        worker.cancel()
