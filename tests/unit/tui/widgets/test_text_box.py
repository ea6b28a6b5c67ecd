"""The box under the prompt: what it takes over from Textual still fits."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import TextArea

from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.prompt.text_box import TextBox
from tests.support.waiting import resize

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    "name",
    [
        "_delete_via_keyboard",
        "_replace_via_keyboard",
        "_set_document",
        "_refresh_size",
        "get_line",
        "gutter_width",
    ],
)
def test_what_is_overridden_is_still_there(name: str) -> None:
    assert hasattr(TextArea, name)


async def test_rows_begin_with_the_mark_and_end_at_the_edge(stage: Any) -> None:
    box = TextBox()
    async with stage(box, size=(20, 8)) as (_app, pilot):
        box.focus()
        box.set_message("春节快乐春节快乐\nx")
        await pilot.pause()
        rows = [box.render_line(y) for y in range(box.size.height)]
        assert [row.text.rstrip() for row in rows] == ["› 春节快乐春节快", "  乐", "  x"]


async def test_cursor_covers_a_whole_emoji(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.focus()
        box.set_message(f"a{FAMILY}b")
        box.move_cursor((0, 1))
        await pilot.pause()
        segments = [(text, style.bgcolor) for text, style, _ in box.render_line(0) if style]
        under = [color for text, color in segments if FAMILY in text]
        beside = [color for text, color in segments if text in ("b", "a")]
        assert len(under) == 1
        assert under[0] not in beside


@pytest.mark.parametrize(
    ("text", "left"), [("", ""), ("a\n", "a\n"), ("a\n\nb", "a\nb"), (f"a\n{FAMILY}b", "a\n")]
)
async def test_ctrl_k_takes_the_rest_of_a_line_or_an_empty_line_and_never_more(
    stage: Any, text: str, left: str
) -> None:
    box = TextBox()
    async with stage(box) as (app, pilot):
        box.focus()
        box.set_message(text)
        box.move_cursor((min(1, text.count("\n")), 0))
        await pilot.press("ctrl+k")
        assert app.is_running
        assert box.text == left


async def test_mouse_puts_the_cursor_between_characters(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.set_message(f"{FAMILY}春{FAMILY}")
        await pilot.pause()
        for x, column in ((0, 0), (2, 5), (3, 5), (4, 6), (9, 11)):
            await pilot.click(TextBox, offset=(1 + 2 + x, 0))
            assert box.cursor_location == (0, column), x


async def test_up_and_down_keep_to_borders_of_characters(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.focus()
        box.set_message(f"{FAMILY}{FAMILY}\n春春春")
        await pilot.press("left", "up")
        assert box.cursor_location == (0, 10)
        await pilot.press("left", "down")
        assert box.cursor_location == (1, 1)


async def test_selection_is_replaced_by_what_is_typed(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.focus()
        box.set_message(f"a{FAMILY}b")
        await pilot.press("shift+left", "shift+left", "x")
        assert box.text == "ax"


async def test_undo_of_a_replaced_message_brings_it_back_at_once(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.focus()
        box.set_message("one\ntwo")
        box.set_message("three")
        await pilot.press("ctrl+underscore")
        assert box.text == "one\ntwo"
        await pilot.press("ctrl+y")
        assert box.text == "three"


async def test_a_change_of_theme_and_of_size_keeps_text_and_place(stage: Any) -> None:
    box = TextBox()
    async with stage(box, size=(40, 10)) as (app, pilot):
        box.focus()
        box.set_message("春" * 30)
        app.theme = "coze-light"
        await resize(pilot, 20, 10)
        assert box.size.height == 5
        assert box.cursor_location == (0, 30)


CLAUSE = "今天天气很好，我们去公园玩吧"


async def test_keys_step_over_and_delete_chinese_words_not_clauses(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.focus()
        box.set_message(CLAUSE)
        left = []
        for _ in range(4):
            await pilot.press("ctrl+w")
            left.append(box.text)
        assert left == [CLAUSE[:-1], CLAUSE[:-2], CLAUSE[:-4], CLAUSE[:-5]]
        await pilot.press("alt+b")
        assert box.cursor_location == (0, 7)
        await pilot.press("ctrl+left", "ctrl+left")
        assert box.cursor_location == (0, 5)
        await pilot.press("ctrl+right")
        assert box.cursor_location == (0, 6)
        await pilot.press("home", "alt+d")
        assert box.text == "天气很好，我们"
        await pilot.press("ctrl+underscore")
        assert box.text == "今天天气很好，我们"


async def test_words_end_at_the_ends_of_lines_and_a_selection_goes_whole(stage: Any) -> None:
    box = TextBox()
    async with stage(box) as (_app, pilot):
        box.focus()
        box.set_message("one two\nthree")
        await pilot.press("home", "ctrl+w")
        assert box.text == "one twothree"
        await pilot.press("ctrl+underscore", "up", "end", "alt+d")
        assert box.text == "one twothree"
        await pilot.press("home", "ctrl+shift+right", "alt+d")
        assert box.text == " twothree"


async def test_a_field_steps_over_words_too_but_not_through_a_hidden_text(stage: Any) -> None:
    field = Field()
    async with stage(field) as (_app, pilot):
        field.focus()
        field.put(CLAUSE)
        await pilot.press("ctrl+w", "alt+b", "alt+d")
        assert field.value == CLAUSE[:-2]
        await pilot.press("ctrl+left", "ctrl+left", "ctrl+right")
        assert field.cursor_position == len("今天天气很好，我们去")
        field.password = True
        await pilot.press("ctrl+w")
        assert field.value == "公园"
