"""One question to several bots at once: each answers in its own column, and in a conversation of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events

from coze_tui.engine.library.conversations import Opened
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.render.palette import DARK, LIGHT
from coze_tui.standin.scenarios import Answer, Bot, Gate, Refuse, RequireAction, ToolCall
from coze_tui.tui.context import LaunchTarget
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.dialogs import AskText
from coze_tui.tui.screens.help import help_sections
from coze_tui.tui.screens.side_by_side import SideBySideScreen
from coze_tui.tui.widgets.field import Field
from tests.support.desk import Desk, desk
from tests.support.shown import stale_rows
from tests.support.waiting import resize

FIRST, SECOND, THIRD = "7511000000000000777", "7511000000000000778", "7511000000000000779"
GATE = Gate("go on")
BOTS = (
    Bot(FIRST, "海水", [Answer("河流把盐带走。")]),
    Bot(SECOND, "River", [Answer("Rivers carry salt.")]),
    Bot(THIRD, "Slow", [Answer("At "), GATE, Answer("last.")]),
)


class Side:
    """The screen of the columns, and what stands in them."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        screen = at.app.screen
        assert isinstance(screen, SideBySideScreen)
        self.screen = screen

    def text(self, number: int) -> str:
        """A column's log."""
        log = self.screen.columns[number].log_widget
        return "\n".join(strip.text.rstrip() for strip in log.render_lines(log.size.region))

    def colors(self, number: int) -> set[str]:
        """The colors of its letters."""
        log = self.screen.columns[number].log_widget
        styles = [style for strip in log.render_lines(log.size.region) for _text, style, _ in strip if style]
        return {style.color.get_truecolor().hex for style in styles if style.color is not None}

    def figures(self, number: int) -> str:
        """What stands under it."""
        foot = self.screen.columns[number].foot
        return "\n".join(foot.render_line(y).text.rstrip() for y in range(3))

    def head(self, number: int) -> str:
        """What stands over it."""
        return self.screen.columns[number].head.render_line(0).text.rstrip()

    async def add(self, bot_id: str) -> None:
        """Let one more bot answer."""
        before = len(self.screen.columns)
        if not isinstance(self.at.app.screen, BotPicker):
            await self.at.pilot.press("ctrl+t")
        await pick(self.at, bot_id)
        await self.at.until(lambda: len(self.screen.columns) == before + 1, "there is one more column")

    async def ask(self, question: str) -> None:
        """Type a question and send it."""
        await self.enter(question)
        await self.at.until(
            lambda: all(column.turn.question == question for column in self.screen.columns), "all are asked"
        )

    async def enter(self, text: str) -> None:
        """Type something, and Enter."""
        self.screen.prompt.focus()
        self.screen.prompt.set_message(text)
        await self.at.pilot.pause()
        await self.at.pilot.press("enter")

    async def answered(self) -> None:
        """Wait until no answer is on its way any more."""
        await self.at.until(lambda: not self.screen.runs, "all have answered")

    def asked(self) -> Sequence[dict[str, object]]:
        """The bodies of the chats that the server was asked for."""
        return [json.loads(one.raw) for one in self.at.stand_in.requests if one.path == "/v3/chat"]


async def opened_here(at: Desk, key: str) -> Opened:
    """A conversation as the store has it."""
    opened = await at.context.engine_thread.call(lambda engine: engine.conversations.open(key))
    assert opened is not None
    return opened


async def pick(at: Desk, bot_id: str) -> None:
    """Choose a bot by its id."""
    await at.until(lambda: isinstance(at.app.screen, BotPicker), "bots are offered")
    at.app.post_message(events.Paste(bot_id))
    await at.pilot.press("enter")
    await at.until(lambda: not isinstance(at.app.screen, BotPicker), "one is chosen")


@asynccontextmanager
async def side(
    home: Path, others: Sequence[str] = (SECOND,), *, bots: Sequence[Bot] = BOTS, typed: str = ""
) -> AsyncIterator[Side]:
    """The screen with the first bot, and these beside it."""
    async with desk(home, bots) as at:
        at.screen.prompt.set_message(typed)
        at.screen.opener.ask_side_by_side()
        await at.until(lambda: isinstance(at.app.screen, BotPicker), "a second bot is asked for")
        await pick(at, others[0])
        await at.until(lambda: isinstance(at.app.screen, SideBySideScreen))
        opened = Side(at)
        await at.until(lambda: len(opened.screen.columns) == 2)
        for bot_id in others[1:]:
            await opened.add(bot_id)
        yield opened


async def test_each_bot_answers_in_its_own_column_and_conversation(home: Path) -> None:
    async with side(home) as at:
        await at.ask("Why is the sea salty?")
        await at.answered()
        assert "河流把盐带走。" in at.text(0)
        assert "Rivers carry salt." in at.text(1)
        for number in (0, 1):
            lines = at.figures(number).splitlines()
            assert lines[0].startswith("✓ ")
            assert lines[1].startswith("first text ")
            assert lines[2].endswith(" out")
        await at.ask("And lakes?")
        await at.answered()
        assert [body["bot_id"] for body in at.asked()] in (
            [FIRST, SECOND] * 2,
            [FIRST, SECOND, SECOND, FIRST],
        )
        keys = [column.conversation for column in at.screen.columns]
        titles = [(await opened_here(at.at, key)).summary.title for key in keys]
        assert titles == ["Why is the sea salty? · A", "Why is the sea salty? · B"]
        for key in keys:
            opened = await opened_here(at.at, key)
            assert [chat.record.question for chat in opened.page.chats] == [
                "Why is the sea salty?",
                "And lakes?",
            ]


@pytest.mark.parametrize("key", ["escape", "ctrl+c"])
async def test_without_a_second_bot_the_chat_is_back_with_what_was_typed(home: Path, key: str) -> None:
    async with desk(home, BOTS) as at:
        at.screen.prompt.set_message("half a")
        at.screen.opener.ask_side_by_side()
        await at.until(lambda: isinstance(at.app.screen, BotPicker))
        await at.pilot.press(key)
        await at.until(lambda: at.app.screen is at.screen)
        assert at.screen.prompt.message == "half a"


async def test_what_is_typed_behind_the_command_goes_to_the_picker(home: Path) -> None:
    async with desk(home, BOTS) as at:
        at.screen.prompt.set_message("/side-by-side")
        await at.pilot.pause()
        for pressed in ("enter", *"Riv"):  # as from one packet
            at.app.post_message(events.Key(pressed, pressed if len(pressed) == 1 else None))
        await at.until(lambda: isinstance(at.app.screen, BotPicker), "a second bot is asked for")
        await at.until(lambda: at.app.screen.query_one(Field).value == "Riv")


async def test_versions_and_parameters_of_one_bot_can_be_compared(home: Path) -> None:
    async with side(home, [FIRST]) as at:
        await at.at.pilot.press("tab", "V", "tab", "a")
        await at.at.until(lambda: isinstance(at.at.app.screen, AskText), "parameters are asked for")
        await at.at.pilot.press(*"{}x", "enter")
        await at.at.pilot.pause()
        assert isinstance(at.at.app.screen, AskText)
        await at.at.pilot.press("backspace", "backspace", *'"city":"Ürümqi"}', "enter")
        await at.at.until(lambda: not isinstance(at.at.app.screen, AskText), "they are taken")
        assert at.head(0) == "A  海水 · draft"
        assert at.head(1) == 'B  海水 · {"city": "Ürümqi"}'
        await at.ask("Why?")
        await at.answered()
        bodies = at.asked()
        assert sorted(str(body.get("publish_status")) for body in bodies) == ["None", "unpublished_draft"]
        assert [body["parameters"] for body in bodies if "parameters" in body] == [{"city": "Ürümqi"}]


async def test_a_changed_column_begins_a_new_conversation(home: Path) -> None:
    async with side(home) as at:
        await at.ask("Why?")
        await at.answered()
        before = at.screen.columns[1].conversation
        at.screen.columns[1].log_widget.focus()
        await at.at.pilot.press("b")
        await pick(at.at, FIRST)
        await at.at.until(lambda: not at.text(1).strip(), "what was said is not shown any more")
        await at.ask("And now?")
        await at.answered()
        assert "河流把盐带走。" in at.text(1)
        assert at.screen.columns[1].conversation not in ("", before)


async def test_escape_stops_all_answers_and_then_leaves_with_what_is_typed(home: Path) -> None:
    async with side(home, [THIRD], bots=[BOTS[2], *BOTS[:2]]) as at:
        await at.ask("Tell me.")
        await at.at.until(lambda: "At" in at.text(0) and "At" in at.text(1), "both have begun")
        await at.enter("one more")
        await at.at.until(lambda: at.screen.prompt.message == "one more", "nothing is lost")
        await at.at.pilot.press("escape")
        await at.answered()
        assert {column.turn.phase for column in at.screen.columns} == {Outcome.CANCELED}
        await at.at.pilot.press("escape")
        await at.at.until(lambda: at.at.app.screen is at.at.screen, "it is the chat again")
        await at.at.until(lambda: at.at.screen.prompt.message == "one more", "it came along")


async def test_a_column_is_gone_on_with_in_the_chat(home: Path) -> None:
    async with side(home) as at:
        await at.ask("Why?")
        await at.answered()
        at.screen.columns[1].log_widget.focus()
        await at.at.pilot.press("O")
        await at.at.until(lambda: "Rivers carry salt." in at.at.text(), "it is opened")
        assert at.at.screen.conversation.bot.id == SECOND


async def test_there_are_at_most_four_and_at_least_one(home: Path) -> None:
    async with side(home, [SECOND, THIRD, FIRST]) as at:
        await at.at.pilot.press("ctrl+t")
        await at.at.pilot.pause()
        assert at.at.app.screen is at.screen
        for left in (3, 2, 1, 1):
            at.screen.columns[0].log_widget.focus()
            await at.at.pilot.press("x")
            await at.at.pilot.pause()
            assert len(at.screen.columns) == left
            assert [column.letter for column in at.screen.columns] == list("ABCD"[:left])
        assert at.head(0) == "A  海水"
        assert at.screen.columns[0].size.width == 120


async def test_one_that_fails_says_so_in_its_column(home: Path) -> None:
    bots = [BOTS[0], Bot(SECOND, "Broken", [Refuse(4015, "not published")])]
    async with side(home, bots=bots) as at:
        await at.ask("Why?")
        await at.answered()
        assert "河流把盐带走。" in at.text(0)
        assert "4015" in at.text(1)
        assert at.figures(1).splitlines()[0].startswith("✗ 4015 ")
        at.screen.columns[1].log_widget.focus()
        await at.at.pilot.press("R")
        await at.at.until(lambda: at.text(1).count("4015") == 2, "it was asked again, alone")
        assert at.text(0).count("▎ Why?") == 1


async def test_one_that_needs_a_tool_is_answered_in_the_chat(home: Path) -> None:
    bots = [BOTS[0], Bot(SECOND, "Helped", [RequireAction((ToolCall("clock", "now", {}, "call_1"),))])]
    async with side(home, bots=bots) as at:
        await at.ask("When?")
        await at.answered()
        assert "waits for you" in at.figures(1)
        assert "press O to open it in the chat" in at.figures(1)


async def test_what_is_typed_is_kept_as_the_draft_of_the_chat(home: Path) -> None:
    async with side(home, typed="half a") as at:
        await at.at.until(lambda: at.screen.prompt.message == "half a", "what was typed before")
        await at.at.pilot.press(*" thought")
        await at.at.until(lambda: at.at.screen.prompt.message == "half a thought", "the chat has it")
        await at.at.until(lambda: at.at.screen.conversation.key, "it has a conversation")
        key = at.at.screen.conversation.key
        while (await opened_here(at.at, key)).summary.draft != "half a thought":
            await at.at.pilot.pause(0.01)


async def test_what_is_typed_outlives_the_program_that_is_quit_at_once(home: Path) -> None:
    async with side(home) as at:
        at.screen.prompt.set_message("not sent")
        await at.at.app.action_quit()
        key = at.at.screen.conversation.key
    async with desk(home, BOTS, target=LaunchTarget(conversation=key)) as again:
        await again.until(lambda: again.screen.prompt.message == "not sent", "it is there again")


async def test_columns_share_the_width_and_stay_readable(home: Path) -> None:
    async with side(home, [SECOND, THIRD]) as at:
        for width in (60, 80, 120):
            await resize(at.at.pilot, width, 30)
            assert await stale_rows(at.at.pilot) == []
            widths = [column.size.width + column.gutter.width for column in at.screen.columns]
            assert widths == [max(30, width // 3 + (number < width % 3)) for number in range(3)]


async def test_a_theme_reaches_the_columns(home: Path) -> None:
    async with side(home) as at:
        await at.ask("Why is the sea salty?")
        await at.answered()
        assert DARK.text in at.colors(0)
        at.at.context.choose_theme("coze-light")
        await at.at.until(
            lambda: LIGHT.text in at.colors(0) and DARK.text not in at.colors(0), "it is drawn anew"
        )


async def test_the_help_tells_no_key_of_the_log_that_a_column_has_not(home: Path) -> None:
    async with side(home) as at:
        at.screen.columns[0].log_widget.focus()
        await at.at.pilot.pause()
        told = {line.id for section in help_sections(at.screen) for line in section.lines}
        assert {"log.copy", "log.copy_ids", "log.regenerate", "log.plain_view", "log.next"} <= told
        here = {"log.recover", "log.edit", "log.fork", "log.find", "log.find_next", "log.find_previous"}
        assert not here & told
