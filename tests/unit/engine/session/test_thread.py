"""The crossing between the engine's thread and the screen's loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.engine import Engine
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    AnswerGrew,
    EventNoted,
    EventRecord,
    ReasoningGrew,
    TurnEnded,
    TurnUpdate,
)
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.thread import EngineThread
from coze_tui.errors import TransportError

END = TurnEnded(Outcome.COMPLETED, 9)
GREW = st.builds(
    lambda kind, message_id, text, at: kind(message_id, text, (at,), len(text)),
    st.sampled_from([AnswerGrew, ReasoningGrew]),
    st.sampled_from(["m1", "m2"]),
    st.text("ab好", max_size=3),
    st.integers(0, 99),
)
NOTED = st.builds(lambda at: EventNoted(EventRecord("verbose", at)), st.integers(0, 99))


def pieces(updates: Sequence[TurnUpdate]) -> list[object]:
    """Every delta by itself: merging must not change this."""
    told: list[object] = []
    for update in updates:
        if isinstance(update, AnswerGrew | ReasoningGrew):
            key = (type(update), update.message_id)
            if told and isinstance(told[-1], list) and told[-1][0] == key:
                told[-1][1] += update.text
                told[-1][2] += update.arrivals_us
                told[-1][3] += update.bytes
            else:
                told.append([key, update.text, update.arrivals_us, update.bytes])
        else:
            told.append(update)
    return told


@given(st.lists(GREW | NOTED, max_size=30), st.sets(st.integers(0, 30)))
def test_order_is_kept_and_nothing_is_lost_however_late_it_is_taken(
    updates: list[TurnUpdate], pauses: set[int]
) -> None:
    async def run() -> list[TurnUpdate]:
        feed, taken = TurnFeed(), list[TurnUpdate]()
        for number, update in enumerate(updates):
            feed.put(update)
            if number in pauses:
                taken += await feed.take()
        feed.put(END)
        while batch := await feed.take():
            taken += batch
        return taken

    assert pieces(asyncio.run(run())) == pieces([*updates, END])


async def test_a_flood_waits_as_one_update() -> None:
    feed = TurnFeed()
    for number in range(1000):
        feed.put(AnswerGrew("m", "x", (number,), 3))
    assert await feed.take() == [AnswerGrew("m", "x" * 1000, tuple(range(1000)), 3000)]


async def test_a_taker_wakes_from_another_thread() -> None:
    feed = TurnFeed()
    threading.Thread(target=lambda: feed.put(END)).start()
    assert await asyncio.wait_for(feed.take(), 10) == [END]
    assert await feed.take() == []


class Room(Engine):
    """An engine without a store, which says where it is."""

    def __init__(self, leave: Callable[[], Awaitable[object]] | None = None) -> None:
        self.unsaved, self.left_chats = None, 0
        self.thread = threading.current_thread().name
        self._leave = leave

    @property
    def is_saved(self) -> bool:
        return True

    async def close(self) -> None:
        if self._leave is not None:
            await self._leave()


async def ask(engine: Engine) -> str:
    """Ask the engine for its thread."""
    assert isinstance(engine, Room)
    return engine.thread


async def test_calls_run_in_a_thread_of_their_own_and_errors_come_back() -> None:
    left: list[str] = []

    async def leave() -> None:
        left.append(threading.current_thread().name)

    async def build() -> Engine:
        return Room(leave)

    async def fail(engine: Engine) -> None:
        raise TransportError("refused")

    home = EngineThread(build)
    home.start()
    assert await home.call(ask) == "coze-engine"
    with pytest.raises(TransportError):
        await home.call(fail)
    assert await asyncio.to_thread(home.close)
    assert left == ["coze-engine"]
    assert await asyncio.to_thread(home.close)


async def test_who_asks_after_the_end_is_canceled() -> None:
    async def build() -> Engine:
        return Room()

    home = EngineThread(build)
    home.start()
    assert await home.call(ask) == "coze-engine"
    assert home.close()
    with pytest.raises(asyncio.CancelledError):
        await home.call(ask)


async def test_who_asks_while_the_engine_is_left_is_canceled_too() -> None:
    is_left, goes_on = threading.Event(), threading.Event()

    async def build() -> Engine:
        return Room(leave)

    async def leave() -> None:
        is_left.set()
        await asyncio.to_thread(goes_on.wait)

    home = EngineThread(build)
    home.start()
    assert await home.call(ask) == "coze-engine"
    assert not home.close(0.1)
    assert is_left.wait(20)
    try:
        with pytest.raises(asyncio.CancelledError):
            await home.call(ask)
    finally:
        goes_on.set()
        assert home.close()


async def test_who_asks_while_the_loop_is_being_left_is_canceled_too() -> None:
    goes_on = threading.Event()

    async def build() -> Engine:
        asyncio.get_running_loop().run_in_executor(None, goes_on.wait)  # the loop waits for its threads
        return Room()

    home = EngineThread(build)
    home.start()
    assert await home.call(ask) == "coze-engine"
    try:
        assert not home.close(0.2)
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(20):
                await home.call(ask)
    finally:
        goes_on.set()
        assert home.close()


async def test_an_engine_that_cannot_be_built_fails_each_call() -> None:
    async def build() -> Engine:
        raise TransportError("environment", "NO_PROXY")

    home = EngineThread(build)
    home.start()
    for _ in range(2):
        with pytest.raises(TransportError):
            await home.call(ask)
    assert not home.is_up
    assert await asyncio.to_thread(home.close)


async def test_who_stops_waiting_for_the_engine_does_not_take_it_from_the_others() -> None:
    opened = threading.Event()

    async def build() -> Engine:
        await asyncio.to_thread(opened.wait)
        return Room()

    home = EngineThread(build)
    home.start()
    impatient = asyncio.create_task(home.call(ask))
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)
    opened.set()
    assert await home.call(ask) == "coze-engine"
    assert home.close()
