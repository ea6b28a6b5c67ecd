"""Toasts: one at a time, away from the prompt, and no warning goes before it can have been read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.tui.toasts import ToastQueue
from tests.support.desk import desk
from tests.support.shown import toasts_of

BOTS = [Bot("7511000000000000777", "海水", [Answer("因为盐。")])]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_a_toast_replaces_the_one_before_and_never_covers_the_prompt(
    home: Path, size: tuple[int, int]
) -> None:
    async with desk(home, BOTS, size=size) as at:
        for number in range(4):
            at.app.notify(f"fact {number}")
        await at.until(lambda: toasts_of(at.app) == ["fact 3"])
        at.app.notify("a long fact: " + "word " * 60)
        at.screen.prompt.set_message("\n".join("x" * (size[0] - 4) for _line in range(10)))
        await at.until(lambda: "long fact" in str(toasts_of(at.app)))
        await at.until(lambda: at.app.screen.query_one("Toast").region.height, "it is laid out")
        (toast,) = at.app.screen.query("Toast")
        assert toast.region.y == 1
        assert toast.region.right == size[0], "no cell of what is behind it is left"
        assert not toast.region.overlaps(at.screen.prompt.region)
        at.app.notify("the last fact")
        await at.until(lambda: toasts_of(at.app) == ["the last fact"])
        await at.until(lambda: at.app.screen.query_one("Toast").region.height, "it is laid out")
        assert at.app.screen.query_one("Toast").region.y == 1


async def test_an_empty_text_is_not_copied(home: Path) -> None:
    async with desk(home, BOTS) as at:
        at.context.copy("")
        await at.until(lambda: toasts_of(at.app) == ["There is nothing to copy."])


class Shown:
    """Stands for the timer of an app; `go_on` lets the time pass."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.go_on: Callable[[], None] = lambda: None

    def set_timer(self, _seconds: float, callback: Callable[[], None]) -> object:
        self.go_on = callback
        return object()


def test_a_warning_can_be_read_before_the_next_toast_comes() -> None:
    shown = Shown()
    queue = ToastQueue(shown)  # type: ignore[arg-type]
    for text, severity in (
        ("a", "information"),
        ("b", "error"),
        ("c", "information"),
        ("d", "information"),
        ("e", "warning"),
    ):
        queue.add(lambda text=text: shown.texts.append(text), severity)  # type: ignore[misc, arg-type]
    assert shown.texts == ["a", "b"]
    shown.go_on()
    assert shown.texts == ["a", "b", "d"]
    shown.go_on()
    assert shown.texts == ["a", "b", "d", "e"]
