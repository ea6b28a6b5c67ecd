"""Small panels: each gives what was answered, and shows whatever it is given as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from textual import events
from textual.screen import Screen
from textual.widget import Widget

from coze_tui.tui.screens.dialogs import AskText, Choose, Confirm, Option, ShowText
from coze_tui.tui.screens.log_screen import ShowLink
from coze_tui.tui.widgets.key_footer import KeyFooter
from tests.support.host_app import LOOKS, SIZES, Host
from tests.support.hostile_text import HARMLESS, HOSTILE

OPTIONS = (
    Option("cancel", "Cancel the running chat", "Stop it at Coze, then send your message"),
    Option("wait", "Wait for it"),
    Option("new", "New conversation", "Send your message there"),
)
URL = "https://www.coze.cn/space/7511000000000000021/bot/7511000000000000101?" + "x" * 150


async def test_a_long_path_is_shown_whole() -> None:
    path = "/home/lin/notes/2026-11-30 鸡兔同笼，35 个头，94 只脚，各几只？ 6h3drcf2d.md"
    host = Host(lambda: AskText("Export to this file", path))
    async with host.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert path in host.text


def confirm() -> Confirm:
    return Confirm("Delete it?", "It goes to the trash.", "Delete it", "Keep it")


def choose() -> Choose:
    return Choose("A chat is running", "One at a time.", OPTIONS)


async def answer(screen: Callable[[], Screen[Any]], *keys: str, size: tuple[int, int] = (80, 24)) -> object:
    """What the screen gives after these keys; ... while it is still open."""
    host = Host(screen)
    async with host.run_test(size=size, tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        return host.results[0] if host.results else ...


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["y"], True),
        (["n"], False),
        (["enter"], False),
        (["up", "enter"], True),
        (["k", "enter"], True),
        (["escape"], False),
        (["x"], ...),
    ],
)
async def test_a_question_is_answered_by_letter_or_cursor_and_begins_at_no(
    keys: Sequence[str], expected: object
) -> None:
    assert await answer(confirm, *keys) is expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["1"], "cancel"),
        (["3"], "new"),
        (["4"], ...),
        (["enter"], "cancel"),
        (["down", "enter"], "wait"),
        (["j", "j", "enter"], "new"),
        (["up", "enter"], "new"),
        (["end", "enter"], "new"),
        (["G", "g", "enter"], "cancel"),
        (["escape"], None),
    ],
)
async def test_a_way_is_chosen_by_digit_or_cursor(keys: Sequence[str], expected: object) -> None:
    assert await answer(choose, *keys) == expected


async def test_a_way_is_chosen_by_the_mouse() -> None:
    host = Host(choose)
    async with host.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.click("SelectList", offset=(4, 2))
        await pilot.pause()
        assert host.results == ["wait"]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["enter"], "old title"),
        (["ctrl+u", "space", "n", "e", "w", "space", "enter"], "new"),
        (["ctrl+u", "enter"], ""),
        (["escape"], None),
    ],
)
async def test_a_line_of_text_is_given_trimmed(keys: Sequence[str], expected: object) -> None:
    assert await answer(lambda: AskText("Rename", "old title"), *keys) == expected


async def test_a_paste_of_several_lines_is_kept_whole_and_clean() -> None:
    host = Host(lambda: AskText("Rename", ""))
    async with host.run_test() as pilot:
        await pilot.pause()
        host.post_message(events.Paste("\n春节\x1b[2J\r\nand more\n"))
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert host.results == ["春节[2J and more"]


async def test_a_text_is_read_to_its_end_and_left() -> None:
    text = "\n".join(f"line {number}" for number in range(300))
    host = Host(lambda: ShowText("Plain", text))
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert "line 0" in host.text
        await pilot.press("G")
        await pilot.pause()
        assert "line 299" in host.text
        await pilot.press("g", "j", "j")
        await pilot.pause()
        assert "line 0\n" not in host.text
        assert "line 2\n" in host.text
        await pilot.press("p")
        await pilot.pause()
        assert host.results == [None]


async def test_a_read_text_has_nothing_before_its_lines() -> None:
    """So that the terminal's own selection gives it clean."""
    host = Host(lambda: ShowText("Plain", "if x:\n\treturn 你好"))
    async with host.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        lines = host.text.split("\n")
        assert "if x:" in lines
        assert "    return 你好" in lines


@pytest.mark.parametrize("size", SIZES[::2])
async def test_a_link_is_shown_whole_and_never_opened(size: tuple[int, int]) -> None:
    host = Host(lambda: ShowLink(URL))
    async with host.run_test(size=size) as pilot:
        await pilot.pause()
        shown = "".join(line.strip() for line in host.text.split("\n"))
        assert URL in shown
        await pilot.press("o", "enter")
        await pilot.pause()
        assert host.results == []
        await pilot.press("y")
        await pilot.pause()
        assert host.results == ["copy"]


async def test_opening_a_link_is_offered_only_where_it_may_be() -> None:
    host = Host(lambda: ShowLink(URL, may_open=True))
    async with host.run_test() as pilot:
        await pilot.pause()
        assert "o open" in host.screen.query_one(KeyFooter).shown()
        await pilot.press("o")
        await pilot.pause()
        assert host.results == ["open"]
    host = Host(lambda: ShowLink(URL))
    async with host.run_test() as pilot:
        await pilot.pause()
        assert "o open" not in host.screen.query_one(KeyFooter).shown()


@pytest.mark.parametrize(
    "screen",
    [
        lambda: Confirm(HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        lambda: AskText(HOSTILE, HOSTILE, HOSTILE),
        lambda: AskText(HOSTILE, "", HOSTILE),
        lambda: Choose(HOSTILE, HOSTILE, [Option("x", HOSTILE, HOSTILE)]),
        lambda: ShowText(HOSTILE, HOSTILE),
        lambda: ShowLink(HOSTILE),
    ],
    ids=["confirm", "ask", "ask placeholder", "choose", "text", "link"],
)
async def test_text_from_outside_is_shown_as_it_is_and_does_nothing(
    screen: Callable[[], Screen[Any]],
) -> None:
    host = Host(screen)
    async with host.run_test(size=(120, 40), tooltips=True, notifications=True) as pilot:
        await pilot.pause()
        assert HARMLESS in host.text
        assert host.is_running
        assert "\x1b" not in host.text
        assert "\u202e" not in host.text
        await pilot.hover("KeyFooter")
        await pilot.press("escape")
        await pilot.pause()
        assert host.results


@pytest.mark.parametrize(("size", "theme"), [*LOOKS, ((60, 20), "nord")])
async def test_a_panel_fits_and_shows_its_keys(size: tuple[int, int], theme: str) -> None:
    host = Host(choose, theme=theme)
    async with host.run_test(size=size) as pilot:
        await pilot.pause()
        for option in OPTIONS:
            assert option.label in host.text
        assert "Enter choose   Esc close" in host.text
        assert all(child.region.bottom <= size[1] for child in host.screen.query(Widget))


async def test_a_panel_that_is_too_high_scrolls_to_the_cursor() -> None:
    options = [Option(str(number), f"way {number}", "detail") for number in range(40)]
    host = Host(lambda: Choose("Title", "Text", options))
    async with host.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert "way 39" not in host.text
        await pilot.press("up")
        await pilot.pause()
        assert "way 39" in host.text
        assert "Esc close" in host.text
        await pilot.press("down")
        await pilot.pause()
        assert "way 0" in host.text
