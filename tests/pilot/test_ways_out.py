"""What needs the person: a busy conversation, a local tool, a missing token, a wrong setting."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input, TextArea

from coze_tui.engine.library.states import marks_of
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.standin.scenarios import (
    Answer,
    AskBack,
    Bot,
    Complete,
    Delta,
    Gate,
    RequireAction,
    Scenario,
    Step,
    ToolCall,
    Turn,
)
from coze_tui.standin.server import StandIn
from coze_tui.store import history, journal
from coze_tui.store.records import ChatRecord
from coze_tui.text.i18n import current_language, use_language
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.screens.dialogs import Choose
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.screens.help import HelpScreen
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.screens.palette import CommandPalette
from coze_tui.tui.screens.tool_request import ToolRequest
from coze_tui.tui.widgets.select_list import SelectList
from tests.support.desk import Desk, desk
from tests.support.shown import go_to, toasts_of
from tests.support.standin_calls import Caller
from tests.support.stores import NOW, write

BOT = "7511000000000000777"
PLAIN = {"COZE_TUI_LANGUAGE": "auto", "LANG": "C.UTF-8"}


def bot(scenario: Scenario) -> list[Bot]:
    return [Bot(BOT, "海水", scenario)]


async def busy(at: Desk) -> None:
    """Ask in a conversation in which another program's chat is still running."""
    at.stand_in.fault("code=4016", path="/v3/chat", times=1)
    await at.ask("first")
    await at.until(lambda: isinstance(at.app.screen, Choose), "the ways out are offered")


@pytest.mark.parametrize("choice", ["1", "2", "3"])
async def test_a_busy_conversation_offers_three_ways_out(home: Path, choice: str) -> None:
    async with desk(home, bot([Answer("河流把盐带走。")])) as at:
        await at.ask("hello")
        await at.answered()
        await busy(at)
        await at.pilot.press(choice)
        if choice == "1":  # the other chat has ended meanwhile
            await at.until(lambda: "No running chat was found to cancel." in toasts_of(at.app))
            await at.until(lambda: at.text().count("河流把盐带走。") == 2, "it was sent again")
        elif choice == "2":
            await at.until(lambda: at.screen.prompt.message == "first")
        else:
            await at.until(lambda: at.text().count("河流把盐带走。") == 1 and "hello" not in at.text())
        await at.answered()


async def test_a_chat_of_another_program_is_canceled_on_request(home: Path) -> None:
    def scenario(turn: Turn) -> list[Step]:
        return [Delta("slow"), Gate("held")] if turn.question == "theirs" else [Answer("河流把盐带走。")]

    async with desk(home, bot(scenario)) as at:
        await at.ask("hello")
        await at.answered()
        other = Caller(at.stand_in)
        listed = other.get("/v1/conversations", bot_id=BOT).data["conversations"]
        assert isinstance(listed, list)
        with other.open("theirs", bot=BOT, conversation=listed[0]["id"]) as line:
            running = line.chat(b"slow")
            await at.ask("first")
            await at.opened(Choose)
            await at.pilot.press("1")
            await at.until(lambda: at.text().count("河流把盐带走。") == 2, "the question was sent again")
        assert other.retrieve(running)["status"] == "canceled"


async def test_a_question_waits_in_the_prompt_if_nothing_can_be_canceled(home: Path) -> None:
    async with desk(home, bot([Answer("河流把盐带走。")])) as at:
        await at.ask("hello")
        await at.answered()
        at.stand_in.fault("code=4101", path="/v3/chat/cancel", times=1)
        await busy(at)
        await at.pilot.press("1")
        await at.until(lambda: at.screen.prompt.message == "first")
        await at.until(
            lambda: any("(error 4101)" in text for text in toasts_of(at.app)), "the reason is shown"
        )


async def test_a_wrong_token_is_reported_before_anything_is_typed(home: Path) -> None:
    async with desk(home, bot([Answer("盐。")]), environment={"COZE_API_TOKEN": "pat_WRONG0000"}) as at:
        await at.until(
            lambda: any(
                "the token is invalid or has expired (error 4100)" in text for text in at.screen.banner.texts
            )
        )
        await at.ask("海水？")
        await at.answered()
        entry = at.screen.log_widget.entries[-1]
        assert isinstance(entry, AnswerEntry)
        assert entry.base_url == at.stand_in.base_url  # a hint at the other site hangs on it
        await at.until(lambda: at.screen.prompt.message == "海水？", "the question is back in the prompt")


async def test_a_token_that_may_only_chat_is_no_trouble(home: Path) -> None:
    with StandIn(pace=0, bots=bot([Answer("盐。")])) as stand_in:
        stand_in.add_token("pat_CHATONLY", scopes=["chat"])
        environment = {"COZE_API_TOKEN": "pat_CHATONLY", "COZE_BOT_ID": BOT}
        async with desk(home, stand_in=stand_in, environment=environment) as at:
            await at.ask("海水？")
            await at.answered()
            assert "盐。" in at.text()
            assert not at.screen.banner.texts


async def test_an_address_that_is_none_is_reported_once_with_its_source(home: Path) -> None:
    async with desk(home, bot([Answer("盐。")]), environment={"COZE_API_BASE": "ftp://x"}) as at:
        await at.ask("海水？")
        await at.answered()
        assert "COZE_API_BASE must start with https://" in at.text()
        assert [text for text in at.screen.banner.texts if "https://" in text] == [
            "COZE_API_BASE must start with https://. Did you mean `https://api.coze.cn`?"
        ]
        await at.until(lambda: at.screen.prompt.message == "海水？", "the question is back in the prompt")
        assert not at.stand_in.requests


async def test_a_local_tool_is_answered_and_the_stream_goes_on(home: Path) -> None:
    def steps(turn: Turn) -> list[object]:
        call = ToolCall("home", "set_lamp", {"room": "书房"}, "call-1")
        return [RequireAction((call,)), lambda after: [Answer(f"给了 {after.outputs['call-1']}")]]

    async with desk(home, bot(steps)) as at:  # type: ignore[arg-type]
        await at.until(lambda: at.screen.conversation.bot.name, "the bot is known")
        await at.ask("开灯")
        await at.until(
            lambda: isinstance(at.app.screen, ToolRequest) and isinstance(at.app.focused, TextArea),
            "the form opens by itself",
        )
        at.app.screen.query_one(TextArea).text = '{"ok":true}'
        await at.pilot.pause()
        await at.pilot.press("ctrl+s")
        await at.until(lambda: '给了 {"ok":true}' in at.text(), "the answer goes on")
        await at.answered()
        assert at.screen.turns.view.phase is Outcome.COMPLETED
        assert at.text().count("▎ 海水") == 1


async def test_a_question_back_waits_for_the_user(home: Path) -> None:
    async with desk(home, bot([AskBack("几点？")])) as at:
        await at.ask("订位")
        await at.answered()
        await at.until(lambda: at.screen.header.chip.sign == "▲")
        assert "waits for you" in at.screen.header.chip.text
        assert at.screen.turns.view.phase is Outcome.COMPLETED
        page = await at.context.engine_thread.call(lambda engine: engine.browsing.page())
        [saved] = page.items
        assert [mark.sign for mark in marks_of(saved, page.last[saved.key])][:1] == ["▲"]


async def test_an_allowed_command_gives_the_output_of_a_tool(home: Path) -> None:
    call = ToolCall("home", "echo_back", {"room": "书房"}, "call-1")
    steps = [RequireAction((call,)), lambda after: [Answer(f"给了 {after.outputs['call-1']}")]]
    environment = {"COZE_TUI_TOOLS": '{"echo_back": "cat"}'}
    async with desk(home, bot(steps), environment=environment) as at:  # type: ignore[arg-type]
        await at.ask("说")
        await at.until(
            lambda: isinstance(at.app.screen, ToolRequest) and isinstance(at.app.focused, TextArea)
        )
        await at.pilot.press("ctrl+t")
        await at.until(lambda: "书房" in at.app.screen.query_one(TextArea).text)
        await at.pilot.press("ctrl+s")
        await at.until(lambda: '给了 {"room"' in at.text())
        await at.answered()


async def test_the_form_can_be_left_and_opened_again_with_what_was_typed(home: Path) -> None:
    call = ToolCall("home", "set_lamp", {}, "call-1")
    async with desk(home, bot([RequireAction((call,)), Answer("ok")])) as at:
        await at.ask("开灯")
        await at.until(
            lambda: isinstance(at.app.screen, ToolRequest) and isinstance(at.app.focused, TextArea)
        )
        at.app.screen.query_one(TextArea).text = "half"
        await at.pilot.pause()
        await at.pilot.press("escape")
        await at.until(lambda: at.app.screen is at.screen)
        await at.until(lambda: "is waiting for the output" in at.text())
        at.screen.run_in_worker("tools", at.screen.turns.tools.open_form, exclusive=True)
        await at.until(lambda: [box.text for box in at.app.screen.query(TextArea)] == ["half"])
        await at.pilot.press("escape")


async def test_a_tool_waits_on_after_another_question_was_refused(home: Path) -> None:
    call = ToolCall("home", "set_lamp", {}, "call-1")
    steps = [RequireAction((call,)), lambda after: [Answer(f"给了 {after.outputs['call-1']}")]]

    async def form_opens(at: Desk, how: str) -> None:
        await at.until(lambda: isinstance(at.app.screen, ToolRequest) and at.app.screen.query(TextArea), how)
        await at.pilot.press("escape")
        await at.until(lambda: at.app.screen is at.screen)

    def waits(at: Desk) -> bool:
        return at.screen.header.chip.sign == "▲"

    async with desk(home, bot(steps)) as at:  # type: ignore[arg-type]
        await at.ask("开灯")
        await form_opens(at, "by itself")
        assert waits(at)
        await at.ask("海水？")
        await at.until(
            lambda: isinstance(at.app.screen, Choose) and at.app.screen.query(SelectList),
            "4016 is offered a way out",
        )
        assert at.app.screen.query_one(SelectList).rows[0].key == "tools"
        await at.pilot.press("enter")
        await form_opens(at, "by the way out")
        assert at.screen.prompt.message == "海水？"
        assert waits(at)
        at.screen.prompt.set_message("")
        at.screen.prompt.focus()
        await at.pilot.press("enter")
        await form_opens(at, "by Enter in the empty prompt")
        assert [item.command.name for item in at.screen.commands.offered() if item.is_urgent] == ["/tools"]
        await at.ask("/tools")
        await form_opens(at, "by the command")
        waiting = at.screen.turns.view.waiting_answer
        assert waiting is not None
        at.screen.log_widget.focus()
        go_to(at.screen.log_widget, waiting)
        await at.pilot.press("enter")
        await form_opens(at, "by Enter on the message")
        page = await at.context.engine_thread.call(lambda engine: engine.browsing.page(limit=1))
        assert [last.status for last in page.last.values()] == ["requires_action"]


async def test_without_a_token_the_first_run_opens_and_ends_in_a_chat(home: Path) -> None:
    with StandIn(pace=0, bots=bot([Answer("河流把盐带走。")])) as stand_in:
        environment = {"COZE_API_TOKEN": "", "COZE_BOT_ID": "", "COZE_API_BASE": ""}
        async with desk(home, stand_in=stand_in, environment=environment) as at:
            await at.until(lambda: isinstance(at.app.screen, FirstRun))
            await at.pilot.press("down", "down", "enter")
            await _paste(at, stand_in.base_url)
            await at.until(lambda: at.app.focused is not None and at.app.focused.id == "token")
            await _paste(at, "pat_WRONG")
            await at.until(lambda: "4100" in at.app.export_screenshot(), "why it was refused")
            await at.pilot.press("ctrl+u")
            await _paste(at, stand_in.token)
            await at.until(lambda: "valid;" in at.app.export_screenshot(), "the token is valid")
            await at.until(lambda: "海水" in at.app.export_screenshot(), "the bots are listed")
            await at.pilot.press("down", "enter")
            await at.until(lambda: at.app.screen is at.screen, "the chat is there")
            await at.ask("海水？")
            await at.answered()
            assert "河流把盐带走。" in at.text()
        async with desk(home, stand_in=stand_in, environment=environment) as at:
            await at.until(lambda: at.screen.header.bot == "海水", "all of it was kept")


async def test_a_conversation_begun_without_a_token_gets_the_bot_that_answers(home: Path) -> None:
    with StandIn(
        pace=0, bots=[Bot(BOT, "海水", [Answer("河流把盐带走。")], prologue="你好，我是海水。")]
    ) as stand_in:
        environment = {"COZE_API_TOKEN": "", "COZE_BOT_ID": "", "COZE_API_BASE": ""}
        async with desk(home, stand_in=stand_in, environment=environment) as at:
            await at.until(lambda: isinstance(at.app.screen, FirstRun))
            await at.pilot.press("escape")
            await at.until(lambda: at.app.screen is at.screen)
            await at.until(lambda: "No token is set yet" in " ".join(at.screen.banner.texts))
            await at.ask("hi")
            await at.until(lambda: isinstance(at.app.screen, FirstRun))
            key = at.screen.conversation.key
            await at.pilot.press("down", "down", "enter")
            await _paste(at, stand_in.base_url)
            await at.until(lambda: at.app.focused is not None and at.app.focused.id == "token")
            await _paste(at, stand_in.token)
            await at.until(lambda: "海水" in at.app.export_screenshot(), "the bots are listed")
            await at.pilot.press("enter")
            await at.until(lambda: at.app.screen is at.screen and at.screen.header.bot == "海水")
            await at.until(
                lambda: "你好，我是海水。" in at.text(), "it greets, though one question has failed"
            )
            assert at.screen.conversation.key == key
            assert "No token is set yet" not in " ".join(at.screen.banner.texts)
            assert "no bot" not in at.text()
            assert at.screen.prompt.message == "hi", "the question is still there"
            saved = await write(home, lambda c: history.conversation(c, key))
            assert saved is not None
            assert (saved.bot_id, saved.bot_name, saved.site) == (BOT, "海水", at.context.settings.site)
            await at.pilot.press("enter")
            await at.answered()
            assert "河流把盐带走。" in at.text()
            await at.pilot.press("ctrl+n")
            await at.until(lambda: at.screen.conversation.key == "" and "你好" in at.text())
            assert at.screen.header.bot == "海水"


async def test_an_old_conversation_without_a_bot_shows_and_keeps_the_one_that_answers(home: Path) -> None:
    def begun(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.com", "", NOW, title="begun")
        chat = journal.begin_chat(c, key, "hi", "", NOW)
        journal.finish_chat(c, chat, ChatRecord(status="failed"), [])
        return key

    key = await write(home, begun)
    async with desk(home, bot([Answer("河流把盐带走。")])) as at:
        await at.screen.opener.open(key)
        await at.until(lambda: at.screen.header.bot == "海水")
        await at.pilot.press("ctrl+n")
        assert at.screen.header.bot == "海水"
        await at.screen.opener.open(key)
        await at.ask("hello")
        await at.answered()
        assert "河流把盐带走。" in at.text()
        saved = await write(home, lambda c: history.conversation(c, key))
        chats = await write(home, lambda c: journal.chats(c, key))
        assert saved is not None
        assert (saved.bot_id, saved.bot_name, saved.site) == (BOT, "海水", at.context.settings.site)
        assert {chat.bot_id for chat in chats} == {BOT}


async def _paste(at: Desk, text: str) -> None:
    """Paste a text into the field that has the focus, and press Enter."""
    at.app.post_message(events.Paste(text))
    await at.pilot.pause()
    await at.pilot.press("enter")


async def test_a_wrong_settings_file_is_reported_and_the_program_starts(home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.toml").write_text('theem = "ansi"\n', encoding="utf-8")
    async with desk(home, bot([Answer("ja")])) as at:
        (text,) = at.screen.banner.texts
        assert all(word in text for word in ("settings.toml", "1", "theem", "theme"))
        await at.ask("q")
        await at.answered()


async def test_looks_and_language_change_live_and_are_remembered(home: Path) -> None:
    try:
        async with desk(
            home, bot([Answer("ja")]), environment={"COZE_TUI_LANGUAGE": "auto", "LANG": "C.UTF-8"}
        ) as at:
            await at.ask("q")
            await at.answered()
            await at.ask("/theme coze-light")
            await at.until(lambda: at.app.theme == "coze-light")
            await at.ask("/lang zh_CN")
            await at.until(lambda: "事件" in at.life())
        use_language("en")
        async with desk(
            home, bot([Answer("ja")]), environment={"COZE_TUI_LANGUAGE": "auto", "LANG": "C.UTF-8"}
        ) as at:
            assert at.app.theme == "coze-light"
    finally:
        use_language("en")
    assert current_language() == "en"


async def test_help_shows_the_keys_of_every_part(home: Path) -> None:
    async with desk(home, bot([Answer("ja")])) as at:
        await at.pilot.press("f1")
        await at.until(lambda: isinstance(at.app.screen, HelpScreen))
        await at.pilot.press(*"quit")
        await at.until(lambda: "/quit" in at.app.export_screenshot())
        assert "Ctrl+Q" in at.app.export_screenshot()
        await at.pilot.press("escape")
        await at.until(lambda: at.app.screen is at.screen)


async def test_another_bot_is_chosen_by_its_id(home: Path) -> None:
    other = Bot("7511000000000000778", "河水", [Answer("我是河水。")])
    async with desk(home, [*bot([Answer("我是海水。")]), other]) as at:
        await at.ask(f"/bot {other.id}")

        def is_used() -> bool:
            return at.screen.header.bot == "河水"

        await at.until(lambda: at.app.screen is not at.screen or is_used())
        while not is_used():  # it is not known yet: the list asks
            await at.pilot.press("enter")
            await at.pilot.pause()
        await at.ask("谁？")
        await at.answered()
        assert "我是河水。" in at.text()


async def test_a_running_turn_goes_on_in_its_own_conversation(home: Path) -> None:
    async with desk(home, bot([Delta("河流把"), Gate("held"), Delta("盐带走"), Complete()])) as at:
        await at.ask("first")
        await at.until(lambda: "河流把" in at.text())
        key = at.screen.conversation.key
        await at.pilot.press("ctrl+n")
        await at.until(lambda: "河流把" not in at.text())
        at.stand_in.release("held")
        await at.screen.opener.open(key)
        await at.until(lambda: "河流把盐带走" in at.text(), "it has gone on")
        assert at.text().count("▎ first") == 1


async def test_a_screen_that_opens_while_the_program_ends_is_no_crash(home: Path) -> None:
    async with desk(home, bot([Answer("x")])) as at:
        at.app.exit()
        await at.app.push_screen(HistoryScreen(at.screen.conversation.bot))
    assert at.app.crash is None
    assert at.app.return_code == 0


async def test_what_is_pasted_into_the_command_palette_is_cleaned(home: Path) -> None:
    async with desk(home) as at:
        await at.pilot.press("ctrl+p")
        await at.until(lambda: isinstance(at.app.screen, CommandPalette))
        at.app.post_message(events.Paste("the\u202eme\x9b31m\x00"))
        await at.until(lambda: at.app.screen.query_one(Input).value == "theme31m")
        await at.pilot.press("escape")
