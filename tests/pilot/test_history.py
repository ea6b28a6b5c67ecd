"""The history as a person uses it: looked through, searched, changed, opened."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from coze_tui.api import chats, resources
from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.standin.scenarios import Answer, Bot, FunctionCall, ToolResponse
from coze_tui.standin.server import StandIn
from coze_tui.store import history
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.key_footer import KeyFooter
from tests.support.desk import Desk, desk
from tests.support.keyboard import Keyboard
from tests.support.server_conversations import create_conversation
from tests.support.shown import lines_of, stale_rows, toasts_of
from tests.support.stores import BOT, NOW, bots, talk, write
from tests.support.waiting import resize

HOUR = 3_600_000


@pytest.fixture
async def told(home: Path) -> dict[str, str]:
    """A home with some conversations: keys by title."""
    return {
        "退货": await write(
            home, talk("退货", ("怎么退货？", "七天内可以申请退款，原路返回"), at=NOW - 1000)
        ),
        "订单": await write(
            home, talk("订单", ("没收到", "如果退款没有到账"), at=NOW - 2000, status="interrupted")
        ),
        "合同": await write(home, talk("合同", ("模板", "全额**退款**条款"), at=NOW - 40 * 24 * HOUR)),
        "Other": await write(home, talk("Other", at=NOW - 41 * 24 * HOUR)),
    }


LACKING = "the token lacks a permission (error 4101)"


class Book:
    """The history screen of a desk."""

    def __init__(self, at: Desk) -> None:
        self.at = at
        assert isinstance(at.app.screen, HistoryScreen)
        self.screen = at.app.screen

    @property
    def titles(self) -> list[str]:
        return [item.title for item in self.screen.conversations.items]

    @property
    def lines(self) -> str:
        listed = self.screen.conversations
        return "\n".join(listed.render_line(y).text.rstrip() for y in range(listed.size.height))

    @property
    def preview(self) -> str:
        log = self.screen.preview.log_widget
        return "\n".join(strip.text.rstrip() for strip in log.render_lines(log.size.region))

    @property
    def told(self) -> str:
        """The line over the preview."""
        return lines_of(self.screen.preview.head)[0]

    @property
    def toasts(self) -> str:
        return "\n".join(toasts_of(self.at.app))

    async def press(self, *keys: str) -> None:
        await self.at.pilot.press(*keys)

    async def until(self, is_so: Callable[[], object], what: str = "") -> None:
        try:
            await self.at.until(is_so, what)
        except AssertionError as failure:
            raise AssertionError(f"{failure}\n{self.lines}\n---\n{self.preview}\n{self.toasts}") from None

    async def type(self, text: str) -> None:
        await self.press("slash")
        self.screen.bar.field.put(text)


@asynccontextmanager
async def book(home: Path, **options: object) -> AsyncIterator[Book]:
    """The app with the history open and read."""
    async with desk(home, **{"bots": bots(), **options}) as at:  # type: ignore[arg-type]
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen))
        found = Book(at)
        await found.until(lambda: "No conversations yet." in found.lines or found.titles, "the list is read")
        yield found


async def test_conversations_stand_under_their_days_with_their_flags(
    home: Path, told: dict[str, str]
) -> None:
    await write(home, lambda c: history.pin(c, told["Other"]))
    async with book(home) as at:
        rows = [line.split() for line in at.lines.splitlines() if line.strip()]
        assert rows[0] == ["PINNED"]
        assert rows[1][:3] == ["▌", "★", "Other"]
        shown = at.screen.query_one(KeyFooter).shown()
        assert {"Space select", "i server"} <= set(shown)
        assert "TODAY" in at.lines or "YESTERDAY" in at.lines
        assert any(row[:2] == ["⟂", "订单"] for row in rows)
        assert at.titles == ["Other", "退货", "订单", "合同"]
        await at.until(lambda: at.screen.header.render_line(0).text.endswith(" 4 conversations"))


async def test_an_empty_history_says_so(home: Path) -> None:
    async with book(home) as at:
        assert "No conversations yet." in at.lines
        await at.press("j", "d", "r", "f", "e", "asterisk", "enter", "space", "tab", "G", "escape")
        await at.until(lambda: isinstance(at.at.app.screen, HistoryScreen) is False or at.lines)


async def test_a_word_searches_all_that_was_said_and_a_letter_says_that_it_did_not(
    home: Path, told: dict[str, str]
) -> None:
    async with book(home) as at:
        await at.type("付")  # one Chinese character is a word; no title has it
        await at.until(lambda: "No matches." in at.lines)
        await at.type("申")
        await at.until(lambda: at.titles == ["退货"])
        assert "七天内可以申请退款，原路返回" in at.lines
        assert at.screen.bar.remark.startswith("1 match in 1 conversation · ")
        await at.type("退款")
        await at.until(lambda: at.titles == ["退货", "订单", "合同"])
        assert at.screen.bar.remark.startswith("3 matches in 3 conversations · ")
        await at.until(lambda: "申请退款" in at.preview)
        await at.type("h")
        await at.until(lambda: at.titles == ["Other"])
        more = "type one more letter to search all messages"
        assert at.screen.bar.remark.strip() == f"1 title · {more}"
        await at.type("z")
        await at.until(lambda: "Type one more letter to search all messages." in at.lines)
        assert "No matches." not in at.lines
        assert at.screen.bar.remark.strip() == f"0 titles · {more}"
        await resize(at.at.pilot, 60, 20)
        await at.until(lambda: at.screen.bar.remark.strip() == "0 titles", "the query keeps its room")
        await at.type("no such thing")
        await at.until(lambda: "No matches." in at.lines)
        await at.press("escape", "escape")
        await at.until(lambda: len(at.titles) == 4)


async def test_what_is_typed_right_after_the_key_goes_to_the_screen_that_it_opens(
    home: Path, told: dict[str, str]
) -> None:
    """A fast typist, or a slow line: all keys arrive at once."""
    second = Bot("7511000000000000778", "River", [Answer("Rivers carry salt.")])
    async with desk(home, [*bots(), second]) as at:
        await at.until(lambda: at.screen.header.bot == "海水")
        for message in Keyboard().read("\x13/申请"):
            at.app.post_message(message)
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen) and Book(at).titles == ["退货"])
        assert at.screen.prompt.message == ""
        await at.pilot.press("escape", "escape", "escape")
        await at.until(lambda: at.app.screen is at.screen)
        for message in Keyboard().read("\x14River\r"):
            at.app.post_message(message)
        await at.until(lambda: at.screen.header.bot == "River")
        assert at.screen.prompt.message == ""
        for message in Keyboard().read("\x14\r"):
            at.app.post_message(message)
        await at.until(lambda: at.screen.header.bot == "海水", "and back, with the list still unread")


async def test_the_conversation_under_the_cursor_is_previewed(home: Path, told: dict[str, str]) -> None:
    async with book(home) as at:
        await at.until(lambda: "怎么退货？" in at.preview)
        await at.press("j")
        await at.until(lambda: "没收到" in at.preview)
        assert at.told.strip() == "⟂ cut off · 1 question · 1 answer · only here · 客服"
        await at.press("G")
        await at.until(
            lambda: at.screen.conversations.current and at.screen.conversations.current.title == "Other"
        )


async def test_enter_opens_and_a_hit_is_gone_to(home: Path, told: dict[str, str]) -> None:
    turns = [(f"question {n}", f"answer {n}" + " 春节" * (n == 100)) for n in range(200)]
    long = await write(home, talk("long", *turns, at=NOW - 5000))
    async with book(home) as at:
        await at.press("j", "enter")
        await at.at.until(lambda: "没收到" in at.at.text())
        assert at.at.screen.conversation.key == told["订单"]
    async with book(home) as at:
        await at.type("春节")
        await at.until(lambda: at.titles == ["long"])
        await at.press("enter")
        await at.at.until(lambda: "answer 100" in at.at.text())
        screen = at.at.screen
        assert screen.conversation.key == long
        assert screen.log_widget.viewport.has_newer
        await at.at.until(lambda: screen.find_bar.remark.startswith("1/1"))
        site = at.at.context.settings.site
        await write(home, lambda c: c.execute("UPDATE conversations SET site = ?", (site,)))
        screen.prompt.focus()
        await at.at.ask("on with it")
        await at.at.answered()
        assert "因为盐。" in at.at.text()
        assert "answer 199" in at.at.text()


async def test_a_hit_behind_the_first_of_its_answer_has_its_place(home: Path) -> None:
    """The find bar of the chat counts an answer with its tools as one stop."""
    steps = (FunctionCall("ferry", "next", {"pier": "three"}), ToolResponse('{"ship":"ferry"}'))
    async with desk(home, [Bot(BOT, "海水", [*steps, Answer("Take the ferry.")])]) as at:
        await at.ask("When does it leave?")
        await at.answered()
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen), "the history is open")
        found = Book(at)
        await found.type("ferry")
        await found.until(lambda: found.screen.bar.remark.startswith("3 matches"))
        await at.pilot.press("enter")
        await at.until(lambda: at.app.screen is at.screen, "the chat is open")
        await at.until(lambda: at.screen.find_bar.remark.startswith("1/3"), at.screen.find_bar.remark)
        await at.pilot.press("n")
        await at.until(lambda: at.screen.find_bar.remark.startswith("2/3"), at.screen.find_bar.remark)


async def test_a_new_title_is_shown_and_kept(home: Path, told: dict[str, str]) -> None:
    async with book(home) as at:
        await at.press("r")
        await at.at.until(lambda: at.at.app.screen is not at.screen)
        at.at.app.screen.query_one(Field).put("退货与退款")
        await at.press("enter")
        await at.until(lambda: "退货与退款" in at.lines)
        saved = await write(home, lambda c: history.conversation(c, told["退货"]))
        assert saved is not None
        assert (saved.title, saved.title_by_user) == ("退货与退款", True)


async def test_pinning_moves_to_the_top_and_back(home: Path, told: dict[str, str]) -> None:
    async with book(home) as at:
        await at.press("G", "asterisk")
        await at.until(lambda: at.titles[0] == "Other")
        current = at.screen.conversations.current
        assert current is not None
        assert current.title == "Other"
        assert "★" in at.lines
        await at.press("asterisk")
        await at.until(lambda: at.titles[-1] == "Other")


async def test_what_was_deleted_is_brought_back(home: Path, told: dict[str, str]) -> None:
    async with book(home) as at:
        assert "u undo" not in at.screen.query_one("KeyFooter").shown()  # type: ignore[attr-defined]
        await at.press("d")
        await at.until(lambda: at.titles == ["订单", "合同", "Other"])
        assert "“退货” was deleted. Press u to undo." in at.toasts
        await at.until(lambda: "u undo" in at.screen.query_one("KeyFooter").shown())  # type: ignore[attr-defined]
        await at.press("u")
        await at.until(lambda: at.titles[0] == "退货")
        current = at.screen.conversations.current
        assert current is not None
        assert current.title == "退货"
        await at.until(lambda: "was deleted" not in at.toasts)


async def test_a_toast_leaves_with_the_screen_whose_key_it_names_and_covers_no_field(
    home: Path, told: dict[str, str]
) -> None:
    async with book(home, size=(60, 20)) as at:
        await at.press("d")
        await at.until(lambda: "Press u to undo." in at.toasts)
        await at.until(lambda: at.screen.query("Toast") and at.screen.query_one("Toast").region.height)
        toast, footer = at.screen.query_one("Toast").region, at.screen.query_one(KeyFooter).region
        assert not toast.overlaps(at.screen.bar.region)
        assert toast.bottom <= footer.y
        await at.press("escape")
        await at.until(lambda: at.at.app.screen is at.at.screen)
        await at.until(lambda: not toasts_of(at.at.app), "it names a key of the history")


async def test_several_are_deleted_and_brought_back_at_once(home: Path, told: dict[str, str]) -> None:
    async with book(home) as at:
        await at.press("space", "space")
        assert "✓ 2 selected" in at.screen.header.render_line(0).text
        await at.press("d")
        await at.until(lambda: at.titles == ["合同", "Other"])
        await at.press("d")
        await at.until(lambda: at.titles == ["Other"])
        await at.press("u")
        await at.until(lambda: at.titles == ["合同", "Other"])
        await at.press("u")
        await at.until(lambda: len(at.titles) == 4)
        await at.press("a", "asterisk")
        await at.until(lambda: all(item.is_pinned for item in at.screen.conversations.items))


async def test_deleting_the_open_conversation_leaves_a_new_one(home: Path) -> None:
    async with desk(home, bots()) as at:
        await at.ask("海水？")
        await at.answered()
        await at.pilot.press("ctrl+s")
        await at.until(lambda: isinstance(at.app.screen, HistoryScreen))
        found = Book(at)
        await found.until(lambda: found.titles == ["海水？"])
        await at.pilot.press("d")
        await found.until(lambda: not found.titles)
        await at.pilot.press("escape")
        await at.until(lambda: at.screen.conversation.key == "" and "海水？" not in at.text())


async def test_a_fork_stands_at_the_top_and_can_be_gone_on_with(home: Path, told: dict[str, str]) -> None:
    async with book(home) as at:
        await at.press("j", "j", "f")
        await at.until(lambda: at.titles == ["合同 (2)", "退货", "订单", "合同", "Other"])
        await at.until(lambda: "forked from" in at.told)
        await at.press("enter")
        await at.at.until(lambda: "全额退款条款" in at.at.text())
        assert at.at.screen.conversation.key not in told.values()


async def test_a_fork_begins_with_what_was_said_up_to_the_chosen_message(
    home: Path, told: dict[str, str]
) -> None:
    await write(home, talk("long", ("one", "first"), ("two", "second"), ("three", "third"), at=NOW))
    async with book(home) as at:
        await at.until(lambda: "third" in at.preview)
        await at.press("tab", "k", "k", "k")
        chosen = at.screen.preview.log_widget.chosen
        assert isinstance(chosen, QuestionEntry)
        assert chosen.text == "two"
        await at.press("f")
        await at.until(lambda: at.titles[:2] == ["long (2)", "long"])
        assert at.screen.conversations.has_focus
        await at.until(lambda: "forked from" in at.told)
        await at.until(lambda: "two" in at.preview and "second" not in at.preview)
        assert "first" in at.preview


async def test_a_preview_names_no_key_that_does_something_else_there(
    home: Path, told: dict[str, str]
) -> None:
    async with book(home) as at:
        await at.press("j")
        await at.until(lambda: "⟂ cut off at" in at.preview)
        assert "to recover" not in at.preview


async def test_other_programs_writing_is_seen_while_the_screen_is_open(
    home: Path, told: dict[str, str]
) -> None:
    async with book(home) as at:
        await write(home, talk("elsewhere", at=NOW))
        await at.until(lambda: at.titles[0] == "elsewhere")
        current = at.screen.conversations.current
        assert current is not None
        assert current.title == "退货", "the cursor stays on its conversation"


async def test_two_programs_on_one_store_see_each_other(home: Path) -> None:
    with StandIn(pace=0, bots=bots()) as stand_in:
        async with (
            desk(home, bots(), stand_in=stand_in) as one,
            desk(home, bots(), stand_in=stand_in) as other,
        ):
            await one.pilot.press("ctrl+s")
            await one.until(lambda: isinstance(one.app.screen, HistoryScreen))
            found = Book(one)
            await other.ask("海水？")
            await other.answered()
            await found.until(lambda: found.titles == ["海水？"] and "因为盐。" in found.preview)


async def test_narrow_the_preview_takes_the_place_of_the_list(home: Path, told: dict[str, str]) -> None:
    async with book(home, size=(80, 24)) as at:
        assert not at.screen.preview.display
        await at.press("right")
        await at.until(lambda: at.screen.preview.display and "怎么退货？" in at.preview)
        assert not at.screen.conversations.display
        assert at.told.startswith("退货 · ")
        await at.press("escape")
        await at.until(lambda: at.screen.conversations.display and not at.screen.preview.display)
        await at.press("tab")
        await at.until(lambda: at.screen.preview.display)


async def test_every_size_shows_a_history(home: Path, told: dict[str, str]) -> None:
    async with book(home, size=(1, 1)) as at:
        for size in ((1, 1), (120, 40), (60, 20), (30, 8), (10, 3), (80, 24)):
            await resize(at.at.pilot, *size)
            assert await stale_rows(at.at.pilot) == []
            await at.press("j", "space", "slash", "a", "down", "escape", "tab", "j", "escape")
        await resize(at.at.pilot, 100, 30)
        await at.until(lambda: at.screen.preview.display)


async def test_a_long_history_is_loaded_as_one_goes_down(home: Path) -> None:
    def fill(c: sqlite3.Connection) -> None:
        for number in range(450):
            talk(f"t{number}", at=NOW - number * HOUR)(c)

    await write(home, fill)
    async with book(home) as at:
        assert len(at.titles) == 100
        await at.until(lambda: "450 conversations" in at.screen.header.render_line(0).text)
        for _page in range(3):
            await at.press("pagedown")
        await at.until(lambda: len(at.titles) == 200)
        await at.press("G")
        await at.until(
            lambda: at.titles[-1] == "t449" and at.lines.splitlines()[-1].split()[:2] == ["▌", "t449"]
        )
        await at.press("g")
        await at.until(lambda: at.lines.splitlines()[1].split()[:2] == ["▌", "t0"])


async def test_hostile_titles_and_texts_are_shown_as_text(home: Path) -> None:
    evil = "a[/]b [@click=app.quit]x[/] \x1b]52;c;eA==\x07\u202e退款"
    await write(home, talk(evil, (evil, evil)))
    async with book(home) as at:
        assert "a[/]b [@click=app.quit]x[/]" in at.lines
        await at.type("退款")
        await at.until(lambda: "\x1b" not in at.lines and "]52;c;eA==退款" in at.lines)


# --- what the server has ---


class Elsewhere:
    """Another program that talks with the same bot."""

    def __init__(self, stand_in: StandIn) -> None:
        self.client = CozeClient(stand_in.base_url, lambda: stand_in.token)

    async def chat(self, name: str, *questions: str) -> str:
        made = await create_conversation(self.client, bot_id=BOT, name=name)
        for question in questions:
            request = ChatRequest(BOT, "lin", question, made.id)
            async with chats.stream(self.client, request) as stream, aclosing(stream.frames()) as frames:
                async for _frame in frames:
                    pass
        return made.id


@pytest.fixture
async def stand_in() -> AsyncIterator[StandIn]:
    with StandIn(pace=0, bots=bots()) as server:
        yield server


@pytest.fixture
async def elsewhere(stand_in: StandIn) -> AsyncIterator[Elsewhere]:
    program = Elsewhere(stand_in)
    yield program
    await program.client.aclose()


async def test_what_is_only_on_the_server_is_shown_previewed_and_imported(
    home: Path, told: dict[str, str], stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    await elsewhere.chat("渡轮", "下一班？")
    await elsewhere.chat("潮汐", "几点涨潮？")
    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: at.titles[:2] == ["潮汐", "渡轮"])
        assert at.screen.bar.remark.strip() == "☁ 2 only on the server"
        await at.press("g")
        await at.until(lambda: "几点涨潮？" in at.preview and "only on the server" in at.told)
        await at.press("f")
        await at.until(lambda: "It exists only on the server" in at.toasts)
        await at.press("space", "space", "i")
        await at.until(lambda: "2 conversations imported, 4 messages added" in at.toasts)
        await at.until(lambda: at.screen.bar.remark.strip() == "☁ 0 only on the server")
        assert all(item.server is None for item in at.screen.conversations.items)
        await at.press("i")
        await at.until(lambda: "Already up to date." in at.toasts)


async def test_opening_what_is_only_on_the_server_imports_it(
    home: Path, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    conversation_id = await elsewhere.chat("渡轮", "下一班？")
    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: at.titles == ["渡轮"])
        await at.press("enter")
        await at.at.until(lambda: "下一班？" in at.at.text())
        await at.at.ask("末班？")
        await at.at.answered()
        page = await resources.list_conversation_messages(elsewhere.client, conversation_id)
        assert [m.content for m in page.items if m.role == "user"] == ["末班？", "下一班？"]


async def test_names_and_deletions_reach_the_server(
    home: Path, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    await elsewhere.chat("渡轮", "下一班？")
    await elsewhere.chat("潮汐", "几点涨潮？")

    async def names() -> list[str]:
        return [item.name for item in (await resources.list_conversations(elsewhere.client, BOT)).items]

    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: len(at.titles) == 2)
        await at.press("a", "i")
        await at.until(lambda: "2 conversations imported" in at.toasts)
        await at.until(lambda: all(item.summary for item in at.screen.conversations.items), "they are stored")
        first, second = at.titles
        await at.press("g", "r")
        await at.at.until(lambda: at.at.app.screen is not at.screen)
        at.at.app.screen.query_one(Field).put("新名")
        await at.press("enter")
        await at.until(lambda: at.titles == ["新名", second])
        await at.press("d")
        await at.until(lambda: at.titles == [second])
        assert first not in await names()
        assert set(await names()) == {"新名", second}, "it can still be undone"
        await at.press("escape")
        await at.at.until(lambda: not isinstance(at.at.app.screen, HistoryScreen))
        await at.at.until(lambda: [r.method for r in stand_in.requests].count("DELETE") == 1)
    assert await names() == [second]


async def test_what_is_only_on_the_server_is_renamed_and_deleted_there_with_undo(
    home: Path, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    await elsewhere.chat("渡轮", "下一班？")
    await elsewhere.chat("潮汐", "几点涨潮？")

    async def names() -> list[str]:
        return [item.name for item in (await resources.list_conversations(elsewhere.client, BOT)).items]

    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: at.titles == ["潮汐", "渡轮"])
        await at.press("g", "r")
        await at.at.until(lambda: at.at.app.screen is not at.screen)
        at.at.app.screen.query_one(Field).put("大潮")
        await at.press("enter")
        await at.until(lambda: at.titles == ["大潮", "渡轮"])
        await at.press("d")
        await at.until(lambda: at.titles == ["渡轮"])
        await at.press("u")
        await at.until(lambda: at.titles == ["大潮", "渡轮"])
        await at.press("d")
        await at.until(lambda: at.titles == ["渡轮"])
        assert set(await names()) == {"大潮", "渡轮"}, "it can still be undone"
    assert await names() == ["渡轮"], "leaving the program is the end of the time to undo"


async def test_a_deletion_that_a_killed_program_owes_is_done_when_the_history_is_opened(
    home: Path, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    await elsewhere.chat("渡轮", "下一班？")

    async def names() -> list[str]:
        return [item.name for item in (await resources.list_conversations(elsewhere.client, BOT)).items]

    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: at.titles == ["渡轮"])
        await at.press("i")
        await at.until(lambda: "imported" in at.toasts)
        conversations = at.screen.conversations
        await at.until(lambda: conversations.items[0].summary is not None, "it is read from the store")
        summary = conversations.items[0].summary
        assert summary is not None
        key = summary.key
        await write(home, lambda c: history.delete(c, key, NOW - HOUR))
        assert await names() == ["渡轮"]
    async with book(home, stand_in=stand_in) as at:
        async with asyncio.timeout(20):
            while await names():
                await at.at.pilot.pause(0.01)
        assert at.toasts == ""


async def test_a_deletion_that_the_server_refuses_is_told(
    home: Path, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    first = await elsewhere.chat("渡轮", "下一班？")
    second = await elsewhere.chat("潮汐", "几点涨潮？")
    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: at.titles == ["潮汐", "渡轮"])
        await at.press("G", "i")
        await at.until(lambda: "1 conversation imported" in at.toasts)
        for conversation_id in (first, second):
            stand_in.fault("code=4101", path=f"/v1/conversations/{conversation_id}", times=1)
        await at.press("a", "d")
        await at.until(lambda: not at.titles)
        await at.press("escape")
        await at.until(lambda: f"“渡轮” was deleted here, but not on the server: {LACKING}" in at.toasts)
        await at.until(lambda: f"“潮汐” could not be deleted on the server: {LACKING}" in at.toasts)


async def test_what_the_server_refuses_is_told_and_stays_done_here(
    home: Path, stand_in: StandIn, elsewhere: Elsewhere
) -> None:
    conversation_id = await elsewhere.chat("渡轮", "下一班？")
    async with book(home, stand_in=stand_in) as at:
        await at.press("i")
        await at.until(lambda: at.titles == ["渡轮"])
        await at.press("i")
        await at.until(lambda: "imported" in at.toasts)
        stand_in.fault("code=4101", path=f"/v1/conversations/{conversation_id}", times=1)
        await at.press("r")
        await at.at.until(lambda: at.at.app.screen is not at.screen)
        at.at.app.screen.query_one(Field).put("潮")
        await at.press("enter")
        await at.until(lambda: f"Renamed here, but not on the server: {LACKING}" in at.toasts)
        assert at.titles == ["潮"]


async def test_a_server_that_is_not_reached_is_told(home: Path, told: dict[str, str]) -> None:
    stand_in = StandIn(pace=0, bots=bots()).start()
    async with book(home, stand_in=stand_in) as at:
        stand_in.stop()
        await at.press("i")
        await at.until(lambda: "could not reach the server" in at.screen.bar.remark)
        assert len(at.titles) == 4
