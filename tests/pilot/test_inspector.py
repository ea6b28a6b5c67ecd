"""Looking inside a chat: every frame, while it runs and afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from textual.screen import Screen
from textual.widget import Widget

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.capture_files import read_capture_file
from coze_tui.engine.model.records import ChatFrames, ChatRecord, chat_from_capture
from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Complete,
    Delta,
    Fail,
    FollowUps,
    FunctionCall,
    Gate,
    ToolResponse,
)
from coze_tui.tui.chat_sources import ChatSource
from coze_tui.tui.screens.dialogs import AskText
from coze_tui.tui.screens.difference import ChooseChat, DifferenceScreen
from coze_tui.tui.screens.inspector import InspectorScreen
from coze_tui.tui.widgets.key_footer import KeyFooter
from tests.support.desk import Desk, desk
from tests.support.samples import STREAMS
from tests.support.shown import lines_of, stale_rows, toasts_of
from tests.support.waiting import resize

BOT = "7511000000000000777"
_S = TypeVar("_S", bound=Screen[None])


def bot(*steps: object) -> list[Bot]:
    return [Bot(BOT, "海水", list(steps))]  # type: ignore[arg-type]


TOOLS = (
    FunctionCall("ferry", "next", {"pier": "三号码头"}),
    ToolResponse('{"dep":"18:40"}'),
    Answer("下一班是 18:40。", reasoning="先查船。"),
    FollowUps(("还有吗？",), wait=0),
)


def inspector(at: Desk) -> InspectorScreen:
    screen = at.app.screen
    assert isinstance(screen, InspectorScreen), screen
    return screen


async def inspect(at: Desk) -> InspectorScreen:
    """Ctrl+G twice, and wait for the frames."""
    await at.pilot.press("ctrl+g", "ctrl+g")
    await at.until(lambda: isinstance(at.app.screen, InspectorScreen), "the inspector is open")
    await at.until(lambda: inspector(at).chat.figures.is_ended, "all frames are there")
    await at.pilot.pause()
    return inspector(at)


def text_of(widget: Widget) -> str:
    if widget.children:
        return "\n".join(map(text_of, widget.children))
    return "\n".join(strip.text.rstrip() for strip in widget.render_lines(widget.outer_size.region))


async def test_every_frame_is_there_with_its_data_and_the_json_inside_of_strings(home: Path) -> None:
    async with desk(home, bot(*TOOLS)) as at:
        await at.ask("下一班？")
        await at.answered()
        screen = await inspect(at)
        listed = "\n".join(lines_of(screen.frames))
        for words in ("chat.created", "function_call", "tool_response", "message.delta", "follow_up", "done"):
            assert words in listed
        await at.pilot.press("t")
        assert screen.frames.current is not None
        assert screen.frames.current.row.kind == "function_call"
        data = text_of(screen.view.data)
        assert "JSON in text" in data
        assert '"pier": "三号码头"' in data
        assert len(screen.bar.text()) == 3
        assert "下一班？" in text_of(screen.head)
        await at.pilot.press("escape")
        assert at.app.screen is at.screen


async def test_enter_on_an_event_of_the_sidebar_opens_its_frame(home: Path) -> None:
    async with desk(home, bot(*TOOLS)) as at:
        await at.ask("q")
        await at.answered()
        at.screen.sidebar.focus()
        rows = at.screen.sidebar.figures.rows if at.screen.sidebar.figures else ()
        place = next(number for number, row in enumerate(rows) if row.name == "tool_response")
        await at.pilot.press("g", *["j"] * place, "enter")
        await at.until(lambda: isinstance(at.app.screen, InspectorScreen))
        screen = inspector(at)
        await at.until(lambda: screen.frames.current is not None)
        assert screen.frames.current is not None
        assert screen.frames.current.row.number == rows[place].frame_number


async def test_a_running_chat_grows_in_the_inspector(home: Path) -> None:
    async with desk(home, bot(Delta("河流把"), Gate("held"), Delta("盐带走"), Complete())) as at:
        await at.ask("海水？")
        await at.until(lambda: "河流把" in at.text())
        await at.pilot.press("ctrl+g", "ctrl+g")
        await at.until(lambda: isinstance(at.app.screen, InspectorScreen))
        screen = inspector(at)
        await at.until(lambda: "message.delta" in "\n".join(lines_of(screen.frames)))
        assert screen.frames.follows
        assert not screen.chat.figures.is_ended
        at.stand_in.release("held")
        await at.until(lambda: "done" in "\n".join(lines_of(screen.frames)) and screen.chat.figures.is_ended)
        assert screen.frames.current is not None
        assert screen.frames.current.row.event == "done"


async def test_runs_fold_and_the_filter_finds_what_is_in_them(home: Path) -> None:
    async with desk(home, bot(Delta("一"), Delta("二"), Delta("三"), Complete())) as at:
        await at.ask("q")
        await at.answered()
        screen = await inspect(at)
        await at.pilot.press("g", "j", "j")
        assert screen.frames.current is not None
        assert (screen.frames.current.is_delta_run, screen.frames.current.count) == (True, 3)
        assert "一二三" in text_of(screen.view.data)
        await at.pilot.press("enter")
        assert screen.frames.current.is_open
        assert screen.chat.table.line_count == len(screen.chat.table.rows) + 1
        await at.pilot.press("space", "slash", *"delta", *" ", "二")
        await at.until(lambda: screen.chat.table.found_count == 1)
        await at.until(lambda: "Enter go to the frames" in screen.query_one(KeyFooter).shown())
        await at.pilot.press("enter")
        assert screen.focused is screen.frames
        assert '"content": "二"' in text_of(screen.view.data)
        await at.pilot.press("escape")
        assert screen.chat.table.filter == ""
        assert at.app.screen is screen


async def test_enter_goes_to_the_data_which_fold(home: Path) -> None:
    async with desk(home, bot(*TOOLS)) as at:
        await at.ask("q")
        await at.answered()
        screen = await inspect(at)
        await at.pilot.press("g", "enter")
        assert screen.view.data.has_focus
        await at.pilot.press("enter")
        assert "{… " in text_of(screen.view.data)
        await at.pilot.press("right", "down", "left", "escape")
        assert screen.frames.has_focus


async def test_the_next_error_is_found_and_none_is_said_to_be_none(home: Path) -> None:
    async with desk(home, bot(Delta("首先"), Fail(code=4028, msg="no quota"))) as at:
        await at.ask("q")
        await at.answered()
        screen = await inspect(at)
        await at.pilot.press("n")
        assert screen.frames.current is not None
        assert screen.frames.current.row.level == "error"
        assert "4028" in text_of(screen.view.data)
        await at.pilot.press("t")
        await at.until_told("No tool calls in this chat.")


async def test_a_capture_is_saved_where_one_says_and_nothing_is_replaced_unasked(
    home: Path, tmp_path: Path
) -> None:
    async with desk(home, bot(*TOOLS)) as at:
        await at.ask("下一班？")
        await at.answered()
        screen = await inspect(at)
        target = tmp_path / "saved.sse"
        for _ in range(2):
            await at.pilot.press("s")
            await at.until(lambda: isinstance(at.app.screen, AskText))
            dialog = at.app.screen
            assert isinstance(dialog, AskText)
            assert dialog.field.value.endswith(".sse")
            dialog.field.value = str(target)
            await at.pilot.press("enter")
            await at.until(lambda: not isinstance(at.app.screen, AskText) and target.exists())
        await at.until(lambda: at.app.screen is not screen, "it asks")
        await at.pilot.press("n")
        await at.until(lambda: at.app.screen is screen)
        saved = read_capture_file(target)
        assert saved.problems == ()
        assert list(saved.frames) == screen.chat.frames
        assert chat_from_capture(saved).record.question == "下一班？"
        assert at.stand_in.token not in target.read_text("utf-8")


async def test_a_name_that_no_file_can_have_is_told(home: Path) -> None:
    async with desk(home, bot(*TOOLS)) as at:
        await at.ask("下一班？")
        await at.answered()
        await inspect(at)
        await at.pilot.press("s")
        await at.until(lambda: isinstance(at.app.screen, AskText))
        dialog = at.app.screen
        assert isinstance(dialog, AskText)
        dialog.field.value = "a" * 5_000
        await at.pilot.press("enter")
        await at.until_told("too long")


async def test_the_question_is_given_on_in_three_forms_without_the_token(home: Path) -> None:
    async with desk(home, bot(Answer("a"))) as at:
        await at.ask("下一班？")
        await at.answered()
        await inspect(at)
        copied = at.context.startup.paths.copies / "copied.txt"

        async def press(words: str, *keys: str) -> None:
            await at.pilot.press(*keys)
            await at.until(lambda: copied.exists() and words in copied.read_text("utf-8"))
            text = copied.read_text("utf-8")
            assert "下一班？" in text
            assert at.stand_in.token not in text

        await press("curl ", "c")
        await press("cozepy", "C", "2")
        await press("coze-tui ask", "C", "3")


@pytest.mark.parametrize(
    ("site", "told", "is_copied"),
    [
        ("coze.com", "The chat was on coze.com; this request goes to 127.0.0.1", True),
        ("evil.example", "evil.example is the server of the chat", False),
    ],
)
async def test_a_capture_does_not_choose_where_the_token_goes(
    home: Path, site: str, told: str, is_copied: bool
) -> None:
    async with desk(home, bot(Answer("a"))) as at:
        facts = {"question": "下一班？", "site": site, "bot_id": BOT}
        capture = replace(read_capture((STREAMS / "text_chat.sse").read_text("utf-8")), facts=facts)
        screen = InspectorScreen(ChatSource.whole(chat_from_capture(capture)))
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.chat.figures.is_ended)
        copied = at.context.startup.paths.copies / "copied.txt"
        for keys in (("c",), ("C", "2"), ("C", "3")):
            copied.unlink(missing_ok=True)
            at.app.clear_notifications()
            await at.pilot.press(*keys)
            await at.until_told(told)
            if is_copied:
                await at.until(lambda: copied.exists() and at.stand_in.base_url in copied.read_text("utf-8"))
            else:
                await at.pilot.pause()
                assert not copied.exists()


async def test_two_chats_of_one_question_are_compared(home: Path) -> None:
    async with desk(home, bot(Answer("下一班是 18:40。"))) as at:
        await at.ask("下一班？")
        await at.answered()
        await at.ask("下一班？")
        await at.answered()
        await inspect(at)
        await at.pilot.press("d")
        await at.until(lambda: isinstance(at.app.screen, ChooseChat))
        await at.pilot.press("enter")
        await at.until(lambda: isinstance(at.app.screen, DifferenceScreen))
        screen = at.app.screen
        assert isinstance(screen, DifferenceScreen)
        await at.until(lambda: "下一班是 18:40。" in "\n".join(lines_of(screen.view)))
        assert "only the metrics differ" in text_of(screen.head)
        await at.pilot.press("n", "x", "d")
        await at.until(lambda: isinstance(at.app.screen, ChooseChat))
        await at.pilot.press("escape")
        await at.until(lambda: isinstance(at.app.screen, InspectorScreen))


async def test_a_chat_without_its_like_says_so(home: Path) -> None:
    async with desk(home, bot(Answer("a"))) as at:
        await at.ask("q")
        await at.answered()
        await inspect(at)
        await at.pilot.press("d")
        await at.until(lambda: toasts_of(at.app))
        assert isinstance(at.app.screen, InspectorScreen)


async def test_every_size_shows_the_frames_and_their_data(home: Path) -> None:
    async with desk(home, bot(*TOOLS), size=(1, 1)) as at:
        await at.ask("q")
        await at.answered()
        at.screen.actions.inspect()
        await at.until(lambda: isinstance(at.app.screen, InspectorScreen))
        screen = inspector(at)
        await at.until(lambda: screen.chat.figures.is_ended)
        await at.pilot.press("t")
        for size in ((1, 1), (120, 40), (80, 24), (80, 40), (60, 20), (20, 5), (300, 100)):
            await resize(at.pilot, *size)
            assert await stale_rows(at.pilot) == []
            await at.pilot.press("g", "enter")
            await at.pilot.pause()
            assert screen.view.data.display
            if size[0] >= 60:
                assert '"id"' in text_of(screen.view.data)
            await at.pilot.press("escape")
            await at.pilot.pause()
            if size[0] >= 60:
                assert "chat.created" in "\n".join(lines_of(screen.frames))


@pytest.mark.parametrize("name", ["unknown_events", "cut_in_json", "nothing", "invalid_utf8", "error_empty"])
async def test_bad_captures_are_shown_as_far_as_they_go(home: Path, name: str) -> None:
    capture = read_capture((STREAMS / f"{name}.sse").read_text("utf-8", "replace"))
    async with desk(home, bot(Answer("a"))) as at:
        screen = InspectorScreen(ChatSource.whole(chat_from_capture(capture)))
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.chat.figures.is_ended)
        assert len(screen.banner.texts) == min(3, len(capture.problems))
        await at.pilot.press("n", "l", "G", "enter", "escape")
        if name == "unknown_events":
            await at.pilot.press("n")
            assert "unknown event" in text_of(screen.view)
            assert any(line.lstrip("▌ ").startswith("?") for line in lines_of(screen.frames))


async def test_hostile_frames_reach_no_terminal(home: Path) -> None:
    hostile = "a[/]b [@click=app.quit]x[/] \x1b]52;c;eA==\x07\u202e\x9b2J"
    frames = [
        Frame(hostile, hostile, 10),
        Frame("conversation.message.delta", '{"content":"\\u001b[2J\\u202e"}', 1 << 60),
        Frame("conversation.message.completed", '{"type":"' + "x" * 99 + '","content":"[/]"}', 5),
        Frame("", "[" * 5_000, 7),
    ]
    async with desk(home, bot(Answer("a"))) as at:
        screen = InspectorScreen(ChatSource.whole(ChatFrames(ChatRecord(is_final=True), tuple(frames))))
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.chat.figures.is_ended)
        for _ in frames:
            shown = "\n".join(text_of(widget) for widget in (screen.frames, screen.view.data, screen.head))
            assert not set(shown) & set("\x1b\x07\x9b\u202e")
            await at.pilot.press("j")


async def test_twenty_thousand_frames_open_at_once(home: Path) -> None:
    delta = '{"id":"1","role":"assistant","type":"answer","content":"天","content_type":"text"}'
    frames = [Frame("conversation.message.delta", delta, 10_000 * number) for number in range(20_000)]
    async with desk(home, bot(Answer("a"))) as at:
        screen = InspectorScreen(
            ChatSource.whole(ChatFrames(ChatRecord(is_final=True), tuple(frames))), frame=15_000
        )
        at.app.push_screen(screen)
        await at.until(lambda: screen.is_mounted and screen.chat.table.rows)
        assert len(screen.chat.table.rows) < 20_000, "the first are shown before the last are read"
        await at.until(lambda: screen.chat.figures.is_ended)
        assert screen.frames.current is not None
        assert screen.frames.current.row.number == 15_000
