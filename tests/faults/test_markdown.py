"""Whatever a model writes: nothing is lost or doubled, and a settled answer looks like a fresh one."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.tui.log.answer_entry import AnswerEntry
from tests.support.desk import Desk, desk
from tests.support.hostile_text import TEXTS

BOT = "7511000000000000777"
END = "END0MARK"
STALL = 2.0
"""Seconds of the processor for which nothing holds up the keys, however busy the machine: what takes longer
grows faster than its text. The promise is 0.25, to which the fuzz run holds; `-s` shows what each took."""


def pieces(text: str, seed: int) -> tuple[str, ...]:
    """The text in pieces of any size, some of one character."""
    dice, at, found = random.Random(seed), 0, []
    longest = max(12, len(text) // 60)
    while at < len(text):
        size = dice.choice((1, 1, 2, 3, 5, dice.randint(1, longest)))
        found.append(text[at : at + size])
        at += size
    return tuple(found)


def lines_of(at: Desk) -> list[str]:
    """All lines of the last answer, not only those in view."""
    log = at.screen.log_widget
    entry = log.entries[-1]
    assert isinstance(entry, AnswerEntry)
    count = entry.lay_out(80, at.context.palette)
    return [entry.line(number)[0].plain.rstrip() for number in range(count)][1:]


class Stalls:
    """Measures the longest time between two turns of the loop, in its thread's seconds of the processor: what
    else runs on the machine does not count."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.thread_time()
        self._loop = asyncio.get_running_loop()
        self._next = self._loop.call_soon(self._beat)

    def _beat(self) -> None:
        now = time.thread_time()
        self.longest, self._last = max(self.longest, now - self._last), now
        self._next = self._loop.call_later(0.002, self._beat)

    def end(self) -> None:
        self._beat()
        self._next.cancel()


# tests/unit/render/test_document.py lays out all of the texts; these also go through cleaning, log and store.
THROUGH_THE_APP = (
    *("line separators", "markup in a table", "a fence that stays open", "a late reference", "entities"),
    *("a fence of 100 kB", "50 000 Chinese characters", "emoji"),
)


async def laid_out(at: Desk) -> None:
    """Wait until no entry of the log waits for lines: long texts are laid out in slices."""
    await at.until(lambda: not any(entry.is_behind for entry in at.screen.log_widget.entries), "laid out")


@pytest.mark.parametrize("name", THROUGH_THE_APP)
async def test_what_was_written_is_what_is_seen(tmp_path: Path, name: str) -> None:
    text, seen = TEXTS[name]
    whole = f"{text}\n\n{END}"
    bot = Bot(BOT, "海水", [Answer(whole, pieces=pieces(whole, 7))])
    async with desk(tmp_path / "home", [bot]) as at:
        stalls = Stalls()
        await at.ask("go")
        await at.answered()
        await laid_out(at)
        stalls.end()
        live = lines_of(at)
        joined = " ".join(" ".join(live).split())
        for words in (*seen, END):
            assert words in joined, (words, live[:40])
        assert joined.count(END) == 1
        again = Stalls()
        await at.screen.opener.open(at.screen.conversation.key)
        await at.pilot.pause()
        await laid_out(at)
        again.end()
        assert lines_of(at) == live
        print(f"{name}: {stalls.longest * 1000:.0f} ms streamed, {again.longest * 1000:.0f} ms opened again")
        assert max(stalls.longest, again.longest) < STALL
