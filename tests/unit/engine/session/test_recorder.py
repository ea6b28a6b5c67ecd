"""What a turn writes is what is told of it afterwards, and a broken disk stops nothing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable

import pytest

from coze_tui.api.chats import ChatRequest
from coze_tui.api.events import parse_event
from coze_tui.api.objects import Bot, Frame, MessageType
from coze_tui.diagnostics.explain import explain
from coze_tui.engine.library.conversations import Conversations
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.transcript import AnswerTranscript, ToolTranscript
from coze_tui.engine.session.outbox import Outbox
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.errors import ApiError, ProtocolError, QuotaError, StoreError, StreamCut, code_of
from coze_tui.store import history, journal
from coze_tui.store.database import Database

REQUEST = ChatRequest("7511", "lin", "下一班？")


def frame(event: str, data: str, at_us: int = 0) -> Frame:
    return Frame(f"conversation.{event}", data, at_us)


FRAMES = (
    frame("chat.created", '{"id":"c1","conversation_id":"v1","section_id":"s1"}', 10),
    frame(
        "message.completed",
        '{"id":"f","type":"function_call","content":"{\\"name\\":\\"ferry\\",\\"arguments\\":{}}"}',
        2_000,
    ),
    frame("message.completed", '{"id":"r","type":"tool_response","content":"18:40"}', 9_000),
    frame("message.delta", '{"id":"a","type":"answer","reasoning_content":"想"}', 20_000),
    frame("message.delta", '{"id":"a","type":"answer","content":"是 18:40"}', 30_000),
    frame("message.completed", '{"id":"a","type":"answer","content":"是 18:40。"}', 40_000),
    frame("message.completed", '{"id":"u","type":"follow_up","content":"再下一班？"}', 50_000),
    frame(
        "chat.completed", '{"id":"c1","usage":{"token_count":30,"output_count":10,"input_count":20}}', 60_000
    ),
)


def no_trouble(error: StoreError) -> None:
    raise error


async def play(stored: JournalRecorder, frames: tuple[Frame, ...]) -> tuple[TurnState, TurnFigures, FrameLog]:
    state, figures, log = TurnState(), TurnFigures(), FrameLog()
    await stored.begin(REQUEST)
    for item in frames:
        log.add([item])
        await stored.append(log)
        log.show()
        figures.add_all(state.apply(parse_event(item)))
        if state.frame_count == 1:
            await stored.identify(state, "2026LOGID")
    return state, figures, log


async def test_a_finished_turn_is_told_as_it_was_seen(database: Database) -> None:
    conversations = Conversations(database)
    key = await conversations.create("coze.cn", "7511", "渡轮")
    stored = JournalRecorder(Outbox(database, no_trouble), key)
    state, figures, _log = await play(stored, FRAMES)
    await stored.finish(state, figures, Outcome.COMPLETED, None, 61_000)

    opened = await conversations.open(key)
    assert opened is not None
    (chat,) = opened.page.chats
    assert opened.summary.title == "下一班？"
    assert opened.summary.conversation_id == "v1"
    assert (chat.record.question, chat.record.bot_name, chat.record.chat_id, chat.record.logid) == (
        "下一班？",
        "渡轮",
        "c1",
        "2026LOGID",
    )
    call, answer = chat.parts
    assert call == ToolTranscript("f", MessageType.FUNCTION_CALL, "ferry", "{}", "18:40", 7_000)
    assert answer == AnswerTranscript("a", "是 18:40。", "想", 10_000)
    assert chat.follow_ups == ("再下一班？",)
    assert (chat.outcome, chat.error, chat.record.first_text_us, chat.record.total_us) == (
        Outcome.COMPLETED,
        None,
        30_000,
        61_000,
    )
    assert chat.record.usage is not None
    assert chat.record.usage.token_count == 30
    frames = await database.run(lambda c: journal.frames_of(c, chat.record.key))
    assert frames == FRAMES
    assert await conversations.prompts() == ("下一班？",)


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Outcome.FAILED, QuotaError(4028, "no quota")),
        (Outcome.FAILED, ProtocolError("html", excerpt="Bad Gateway", http_status=502)),
        (Outcome.INTERRUPTED, StreamCut("closed", "no event for 5 s")),
        (Outcome.CANCELED, None),
    ],
)
async def test_how_it_ended_is_told(
    database: Database, outcome: Outcome, error: ApiError | ProtocolError | StreamCut | None
) -> None:
    conversations = Conversations(database)
    key = await conversations.create("coze.cn", "7511")
    stored = JournalRecorder(Outbox(database, no_trouble), key)
    state, figures, _log = await play(stored, FRAMES[:5])
    state.settle(1)
    await stored.finish(state, figures, outcome, error, 61_000)
    opened = await conversations.open(key)
    assert opened is not None
    (chat,) = opened.page.chats
    assert chat.outcome is outcome
    assert (chat.error is None) == (error is None)
    if isinstance(error, ApiError):
        assert isinstance(chat.error, QuotaError)
        assert chat.error.code == 4028
    elif isinstance(error, ProtocolError):  # reads as it did when it happened, save for the page around it
        assert code_of(chat.error) == 502
        assert chat.error is not None
        title = explain(chat.error, base_url="").title
        assert title == explain(error, base_url="").title
        assert "Bad Gateway" in str(chat.error)
    assert chat.parts[-1] == AnswerTranscript("a", "是 18:40", "想", 10_000)


async def test_a_running_chat_is_not_told_yet(database: Database) -> None:
    conversations = Conversations(database)
    key = await conversations.create("coze.cn", "7511")
    await play(JournalRecorder(Outbox(database, no_trouble), key), FRAMES[:5])
    opened = await conversations.open(key)
    assert opened is not None
    assert opened.page.chats == ()


async def test_tool_outputs_go_on_with_the_same_chat(database: Database) -> None:
    conversations = Conversations(database)
    key = await conversations.create("coze.cn", "7511")
    stored = JournalRecorder(Outbox(database, no_trouble), key)
    state, figures, log = await play(stored, FRAMES[:3])
    await stored.finish(state, figures, Outcome.REQUIRES_ACTION, None, 10_000)
    for item in FRAMES[3:]:
        log.add([item])
        await stored.append(log)
        state.apply(parse_event(item))
    await stored.finish(state, figures, Outcome.COMPLETED, None, 61_000)
    assert await database.run(lambda c: journal.frames_of(c, stored.chat_key)) == FRAMES
    opened = await conversations.open(key)
    assert opened is not None
    assert [chat.outcome for chat in opened.page.chats] == [Outcome.COMPLETED]


async def test_what_a_full_disk_refused_is_written_later(database: Database) -> None:
    told: list[StoreError] = []
    restored = asyncio.Event()
    key = await Conversations(database).create("coze.cn", "7511")
    stored = JournalRecorder(Outbox(database, told.append, restored.set), key)
    await database.run(lambda c: c.execute("PRAGMA query_only = ON"))
    state, figures, log = await play(stored, FRAMES[:5])
    assert told
    assert stored.chat_key == 0
    await database.run(lambda c: c.execute("PRAGMA query_only = OFF"))
    for item in FRAMES[5:]:
        log.add([item])
        await stored.append(log)
        figures.add_all(state.apply(parse_event(item)))
    await stored.finish(state, figures, Outcome.COMPLETED, None, 61_000)
    await restored.wait()
    assert stored.is_behind is False
    assert await database.run(lambda c: journal.frames_of(c, stored.chat_key)) == FRAMES
    chat = await database.run(lambda c: journal.chat(c, stored.chat_key))
    assert chat is not None
    assert (chat.chat_id, chat.section_id, chat.logid) == ("c1", "s1", "2026LOGID")


@pytest.mark.parametrize("already", [1, 4, len(FRAMES)])
async def test_a_turn_goes_on_whole_in_a_new_file_when_the_old_one_is_taken_away(
    database: Database, already: int
) -> None:
    key = await Conversations(database).create("coze.cn", "7511", "渡轮")
    stored = JournalRecorder(Outbox(database, no_trouble), key, site="coze.cn")
    state, figures, log = await play(stored, FRAMES[:already])
    assert database.path is not None
    database.path.unlink()
    for item in FRAMES[already:]:
        log.add([item])
        await stored.append(log)
        figures.add_all(state.apply(parse_event(item)))
    await stored.finish(state, figures, Outcome.COMPLETED, None, 61_000)
    assert await database.run(lambda c: journal.frames_of(c, stored.chat_key)) == FRAMES
    opened = await Conversations(database).open(key)
    assert opened is not None
    (chat,) = opened.page.chats
    assert (chat.record.question, chat.outcome, opened.summary.site) == (
        "下一班？",
        Outcome.COMPLETED,
        "coze.cn",
    )
    assert opened.summary.conversation_id == "v1"
    assert not stored.is_behind


async def test_a_question_in_a_deleted_conversation_brings_it_back(database: Database) -> None:
    conversations = Conversations(database)
    key = await conversations.create("coze.cn", "7511")
    await database.write(lambda c: history.delete(c, key, 5))
    assert await conversations.open(key) is None
    await play(JournalRecorder(Outbox(database, no_trouble), key), FRAMES)
    assert await conversations.open(key) is not None


async def test_pages_hold_whole_chats_and_meet(database: Database) -> None:
    conversations = Conversations(database)
    key = await conversations.create("coze.cn", "7511")
    for number in range(60):
        stored = JournalRecorder(Outbox(database, no_trouble), key)
        await stored.begin(ChatRequest("7511", "lin", f"question {number}"))
        state, figures = TurnState(), TurnFigures()
        for item in FRAMES:
            state.apply(parse_event(item))
        await stored.finish(state, figures, Outcome.COMPLETED, None, 1)
    page = (await conversations.open(key) or pytest.fail("it is not there")).page
    questions = [chat.record.question for chat in page.chats]
    while page.has_older:
        page = await conversations.page(key, before=page.first)
        assert all(len(chat.parts) == 2 for chat in page.chats)
        questions = [chat.record.question for chat in page.chats] + questions
    assert questions == [f"question {number}" for number in range(60)]
    forward = await conversations.page(key, after=0)
    seen = list(forward.chats)
    while forward.has_newer:
        forward = await conversations.page(key, after=forward.last)
        seen += forward.chats
    assert [chat.record.question for chat in seen] == questions


async def test_a_question_is_written_in_one_transaction_with_all_that_belongs_to_it(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations, bot = Conversations(database), Bot(id="7511", name="渡轮")
    await conversations.keep_draft("key", "  下一班", site="coze.cn", bot=bot)
    await conversations.keep_queue("key", ["下一班？", "再下一班？"], site="coze.cn", bot=bot)
    writes = 0
    write = database.write

    async def counted(function: Callable[[sqlite3.Connection], object]) -> object:
        nonlocal writes
        writes += 1
        return await write(function)

    monkeypatch.setattr(database, "write", counted)
    await JournalRecorder(Outbox(database, no_trouble), "key", is_queued=True).begin(REQUEST)
    await JournalRecorder(Outbox(database, no_trouble), "new", site="coze.cn", bot_name="渡轮").begin(REQUEST)
    assert writes == 2
    for key, queue in (("key", ("再下一班？",)), ("new", ())):
        opened = await conversations.open(key)
        assert opened is not None
        assert (opened.summary.draft, opened.summary.queue, opened.summary.bot_name) == ("", queue, "渡轮")
        assert [chat.question for chat in opened.page.running] == ["下一班？"]


async def test_a_draft_typed_after_the_question_and_another_queue_remain(database: Database) -> None:
    conversations, bot = Conversations(database), Bot(id="7511")
    await conversations.keep_draft("key", "谢谢", site="coze.cn", bot=bot)
    await conversations.keep_queue("key", ["再下一班？"], site="coze.cn", bot=bot)
    await JournalRecorder(Outbox(database, no_trouble), "key", is_queued=True).begin(REQUEST)
    opened = await conversations.open("key")
    assert opened is not None
    assert (opened.summary.draft, opened.summary.queue) == ("谢谢", ("再下一班？",))


async def test_an_empty_draft_creates_no_conversation(database: Database) -> None:
    conversations = Conversations(database)
    await conversations.keep_draft("key", " ", site="coze.cn", bot=Bot(id="7511"))
    await conversations.keep_queue("key", [], site="coze.cn", bot=Bot(id="7511"))
    assert await conversations.open("key") is None


async def test_a_question_that_joins_the_queue_leaves_the_draft_at_once(database: Database) -> None:
    conversations, bot = Conversations(database), Bot(id="7511")
    await conversations.keep_draft("key", "再下一班", site="coze.cn", bot=bot)
    await conversations.keep_queue("key", ["下一班？"], site="coze.cn", bot=bot, added="下一班？")
    opened = await conversations.summary("key")
    assert opened is not None
    assert (opened.draft, opened.queue) == ("再下一班", ("下一班？",))
    await conversations.keep_queue(
        "key", ["下一班？", "再下一班？"], site="coze.cn", bot=bot, added="再下一班？"
    )
    opened = await conversations.summary("key")
    assert opened is not None
    assert (opened.draft, opened.queue) == ("", ("下一班？", "再下一班？"))
