"""A fast and a slow bot. The question sets the speed of the fast one: `n=200 rate=50 len=5`."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator

from coze_tui.standin.demo_bots import friendly
from coze_tui.standin.scenarios import Answer, Burst, Complete, Pause, Step, Turn

WORDS = "春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"
ENGLISH = "the quick brown fox jumps over the lazy dog and runs on through the wood "


def fast(turn: Turn) -> Iterable[Step]:
    """Send `n` deltas of `len` characters at `rate` per second (0: as fast as possible).

    With `stamp` each delta starts with the time at which it was written (`time.time()`), to measure the
    latency to the screen; with `stamp=5` every fifth delta.
    """
    figures = {
        name: float(value) for name, value in re.findall(r"\b(n|rate|len)=(\d+(?:\.\d+)?)", turn.question)
    }
    if not figures and (known := friendly.known(turn)):
        return [Answer(known, wait=0.05, rate=400)]
    count, rate = int(figures.get("n", 4000)), figures.get("rate", 1500.0)
    length = max(1, int(figures.get("len", 5)))
    stamp = re.search(r"\bstamp\b(?:=(\d+))?", turn.question)
    pieces = plain(count, length, turn.pick(WORDS, ENGLISH))
    if stamp is not None:
        pieces = stamped(pieces, length, max(1, int(stamp.group(1) or 1)))
    return [Burst(pieces, rate), Complete()]


def plain(count: int, length: int, text: str) -> Iterator[str]:
    """Yield `count` pieces of a repeated text, with a line end about every 70 characters."""
    around = text * (length // len(text) + 2)
    column, at = 0, 0
    for _ in range(count):
        piece = around[at : at + length]
        at = (at + length) % len(text)
        column += length
        if column >= 70:
            piece, column, at = piece[:-1] + "\n", 0, (at - 1) % len(text)
        yield piece


def stamped(pieces: Iterable[str], length: int, every: int) -> Iterator[str]:
    """Yield the pieces, but replace each `every`th by its creation time and its number, from 0.

    The format is `<1760001000.123456 17>`, then dots up to `length`.
    """
    for number, piece in enumerate(pieces):
        if number % every:
            yield piece
        else:
            end = "\n" if number // every % 3 == 2 else " "
            yield f"<{time.time():.6f} {number}>".ljust(length, ".") + end


def slow(turn: Turn) -> Iterable[Step]:
    """Wait long, send a few characters a second, then wait long again."""
    first = turn.pick("不急。", "No hurry. ")
    text = turn.pick(
        "慢有慢的好处：可以看见等待的样子，可以按停，也可以一边等一边打字。",
        "Slow has its uses: you can see the waiting state, stop the answer, and type in the meantime.",
    )
    whole = friendly.known(turn) or first + text
    half = len(whole) // 2
    return [
        Pause(5),
        Answer(
            whole,
            wait=1,
            rate=4,
            pieces=None if len(whole) > 400 else (*_by_two(whole[:half]), *_by_two(whole[half:])),
        ),
    ]


def _by_two(text: str) -> list[str]:
    return re.findall(r"(?s).{1,2}", text)
