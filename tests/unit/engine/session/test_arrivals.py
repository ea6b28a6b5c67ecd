"""The queue between the reader of a stream and its turn."""

from __future__ import annotations

import asyncio

from coze_tui.engine.session.arrivals import Arrivals


async def test_items_are_taken_in_order_and_at_most_so_many() -> None:
    arrivals: Arrivals[int] = Arrivals(10)
    for item in range(5):
        await arrivals.put(item)
    assert not arrivals.empty()
    assert arrivals.take(3) == [0, 1, 2]
    assert arrivals.take(3) == [3, 4]
    assert arrivals.take(3) == []
    assert arrivals.empty()


async def test_the_taker_waits_for_an_item_each_time() -> None:
    arrivals: Arrivals[int] = Arrivals(10)
    for item in range(3):
        waiting = asyncio.create_task(arrivals.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        await arrivals.put(item)
        await asyncio.wait_for(waiting, 5)
        assert arrivals.take(9) == [item]


async def test_an_item_that_was_not_taken_is_still_there_to_wait_for() -> None:
    arrivals: Arrivals[int] = Arrivals(10)
    arrivals.put_nowait(1)
    arrivals.put_nowait(2)
    assert arrivals.take(1) == [1]
    await asyncio.wait_for(arrivals.wait(), 5)
    assert arrivals.take(1) == [2]


async def test_a_full_queue_lets_its_reader_wait_until_there_is_room() -> None:
    arrivals: Arrivals[int] = Arrivals(2)
    done: list[int] = []

    async def read() -> None:
        for item in range(6):
            await arrivals.put(item)
            done.append(item)

    reading = asyncio.create_task(read())
    for waits_for in (1, 3):
        for _ in range(5):
            await asyncio.sleep(0)
        assert done[-1] == waits_for
        arrivals.take(2)
    await asyncio.wait_for(reading, 5)
    assert arrivals.take(9) == [4, 5]


async def test_an_item_without_room_is_added_all_the_same_if_it_must_not_wait() -> None:
    arrivals: Arrivals[int] = Arrivals(1)
    await arrivals.put(1)
    arrivals.put_nowait(2)
    putting = asyncio.create_task(arrivals.put(3))
    await asyncio.sleep(0)
    assert arrivals.take(1) == [1]
    for _ in range(3):
        await asyncio.sleep(0)
    assert not putting.done()
    assert arrivals.take(1) == [2]
    await asyncio.wait_for(putting, 5)
    assert arrivals.take(1) == [3]


async def test_gathering_ends_with_an_item_that_may_not_wait() -> None:
    arrivals: Arrivals[int] = Arrivals(10)
    for item in range(3):
        arrivals.put_nowait(item, may_wait=True)
    gathering = asyncio.create_task(arrivals.gather(1_000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not gathering.done()
    arrivals.put_nowait(3)
    await asyncio.wait_for(gathering, 5)
    assert arrivals.take(9) == [0, 1, 2, 3]
    gathering = asyncio.create_task(arrivals.gather(1_000))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not gathering.done()
    gathering.cancel()


async def test_gathering_ends_when_half_of_the_queue_is_full() -> None:
    arrivals: Arrivals[int] = Arrivals(10)
    for item in range(5):
        arrivals.put_nowait(item, may_wait=True)
    await asyncio.wait_for(arrivals.gather(1_000), 5)


async def test_gathering_ends_in_time() -> None:
    arrivals: Arrivals[int] = Arrivals(10)
    arrivals.put_nowait(1, may_wait=True)
    await asyncio.wait_for(arrivals.gather(0.01), 5)
    assert arrivals.take(9) == [1]
