"""What the store refuses waits in its order, stops nobody, and is written once the store works again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from coze_tui.api.chats import ChatRequest
from coze_tui.api.objects import Bot, Frame
from coze_tui.engine.library.conversations import Conversations
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.session import outbox as outbox_module
from coze_tui.engine.session.outbox import Outbox
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.errors import StoreError
from coze_tui.store import journal
from coze_tui.store.database import Database, open_or_rescue

FRAME = Frame("conversation.message.delta", '{"type":"answer","content":"18:40"}', 1)


class Saved:
    """An outbox over a store in a file, and what it reports."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.reported: list[StoreError] = []
        self.restored = asyncio.Event()
        self.outbox = Outbox(database, self.reported.append, self.restored.set)
        self.written: list[str] = []
        self.refuses: StoreError | None = None

    async def write(self, text: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.written.append(text)

    async def save(self, key: str, text: str, *, supersedes: bool = False) -> None:
        await self.outbox.save(key, lambda: self.write(text), text, supersedes=supersedes)


@pytest.fixture
async def saved(tmp_path: Path) -> AsyncIterator[Saved]:
    opened = await open_or_rescue(tmp_path / "store.db", patience_s=0.01)
    yield Saved(opened.database)
    await opened.database.close()


@contextmanager
def held(database: Database) -> Iterator[None]:
    """Another program holds the store for writing."""
    assert database.path is not None
    with closing(sqlite3.connect(database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


async def test_what_is_saved_while_the_store_refuses_is_written_in_its_order(saved: Saved) -> None:
    await saved.save("a", "1")
    saved.refuses = StoreError("full")
    for key in "bcd":
        await saved.save(key, key)
    await saved.save("b", "b, more")
    await saved.save("c", "c, later", supersedes=True)
    assert saved.written == ["1"]
    assert saved.outbox.is_behind
    assert [error.kind for error in saved.reported] == ["full"]
    assert all(error.stops_saving for error in saved.reported)
    saved.refuses = None
    await saved.restored.wait()
    assert saved.written == ["1", "b, more", "d", "c, later"]
    assert not saved.outbox.is_behind
    await saved.save("a", "2")
    assert saved.written[-1] == "2"


async def test_only_what_comes_of_the_store_as_a_whole_makes_others_wait(saved: Saved) -> None:
    saved.refuses = StoreError("other", detail="there is no chat 7")
    await saved.save("a", "1")
    saved.refuses = None
    await saved.save("b", "2")
    assert saved.written == ["2"]
    assert [error.kind for error in saved.reported] == ["other"]
    assert not saved.outbox.is_behind


async def test_a_write_that_can_never_succeed_lets_those_behind_it_through(saved: Saved) -> None:
    async def fail() -> None:
        raise StoreError("other", detail="there is no chat 7")

    saved.refuses = StoreError("full")
    await saved.save("a", "1")
    await saved.outbox.save("gone", fail)
    await saved.save("b", "2")
    saved.refuses = None
    await saved.restored.wait()
    assert saved.written == ["1", "2"]
    assert [error.kind for error in saved.reported] == ["full", "other"]


async def test_a_write_to_which_something_was_added_meanwhile_is_repeated(saved: Saved) -> None:
    saved.refuses = StoreError("full")
    await saved.save("a", "1")
    began, may_end = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        began.set()
        await may_end.wait()
        saved.written.append("slow")

    await saved.outbox.save("a", slow)
    await began.wait()
    await saved.save("a", "2")
    saved.refuses = None
    may_end.set()
    await saved.restored.wait()
    assert saved.written == ["slow", "2"]


async def test_another_reason_is_reported_and_the_same_one_is_not(saved: Saved) -> None:
    for kind in ("full", "full", "locked", "locked"):
        saved.outbox.note(StoreError(kind))
    assert [error.kind for error in saved.reported] == ["full", "locked"]


async def test_a_refused_read_is_no_news_once_saving_has_stopped(saved: Saved) -> None:
    for stops_saving in (False, True, False, True):
        error = StoreError("locked")
        error.stops_saving = stops_saving
        saved.outbox.note(error)
    assert [error.stops_saving for error in saved.reported] == [False, True]


async def test_a_failure_that_a_reader_met_is_over_when_the_store_accepts_a_write(saved: Saved) -> None:
    with held(saved.database):
        saved.outbox.note(StoreError("locked"))
        await saved.save("a", "1")
        assert saved.written == []  # it does not wait for the store once more
    await saved.restored.wait()
    assert saved.written == ["1"]


async def test_what_the_store_lacks_at_the_end_is_named(saved: Saved) -> None:
    with held(saved.database):
        await saved.outbox.save("hidden", lambda: saved.database.write(lambda c: None))
        await saved.save("a", "下一班？")
        await saved.outbox.close(0.1)
    unsaved = saved.outbox.unsaved
    assert unsaved is not None
    assert (unsaved.texts, unsaved.error.kind) == (("下一班？",), "locked")


async def test_what_is_only_in_memory_is_named_at_the_end(tmp_path: Path) -> None:
    (tmp_path / "store.db").mkdir()
    opened = await open_or_rescue(tmp_path / "store.db")
    saved = Saved(opened.database)
    await saved.save("draft", "下一")
    await saved.save("draft", "下一班？", supersedes=True)
    await saved.save("question", "Why?")
    await saved.save("queue", "")
    await saved.outbox.close(0.1)
    await opened.database.close()
    unsaved = saved.outbox.unsaved
    assert unsaved is not None
    assert (unsaved.texts, unsaved.error.kind) == (("下一班？", "Why?"), "unreadable")
    assert saved.reported == []


async def test_a_disk_on_which_only_little_fits_is_still_full(
    saved: Saved, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def has_room(path: Path) -> bool:
        asked.append(path)
        assert not saved.restored.is_set()
        return len(asked) > 2

    monkeypatch.setattr(outbox_module, "has_room", has_room)
    saved.refuses = StoreError("full")
    await saved.save("a", "1")
    saved.refuses = None
    await saved.restored.wait()
    assert saved.written == ["1"]
    assert asked == [saved.database.path] * 3
    assert [error.kind for error in saved.reported] == ["full"]


async def test_the_end_waits_until_all_is_written(saved: Saved) -> None:
    with held(saved.database):
        await saved.outbox.save("first", lambda: saved.database.write(lambda c: None))
        await saved.save("a", "1")
        closing_it = asyncio.create_task(saved.outbox.close(60))
        await asyncio.sleep(0.05)
        assert not closing_it.done()
    await closing_it
    assert saved.written == ["1"]
    assert saved.outbox.unsaved is None


async def talk(saved: Saved, key: str, question: str) -> None:
    """A whole turn."""
    recorder = JournalRecorder(saved.outbox, key, site="coze.cn", is_queued=True)
    await recorder.begin(ChatRequest("7511", "lin", question))
    log = FrameLog()
    for _ in range(3):
        log.add([FRAME])
        await recorder.append(log)
        log.show()
    await recorder.finish(TurnState(), TurnFigures(), Outcome.COMPLETED, None, 5)


async def test_turns_of_one_conversation_are_stored_whole_and_in_their_order(saved: Saved) -> None:
    conversations, bot = Conversations(saved.database), Bot(id="7511")

    async def keep_queue() -> None:
        await conversations.keep_queue("key", ["二", "三"], site="coze.cn", bot=bot)

    async def keep_draft(draft: str) -> None:
        await conversations.keep_draft("key", draft, site="coze.cn", bot=bot)

    with held(saved.database):
        await saved.outbox.save("draft", lambda: keep_draft("一"), supersedes=True)
        await talk(saved, "key", "一")
        await saved.outbox.save("queue", keep_queue, supersedes=True)
        await saved.outbox.save("draft", lambda: keep_draft("half a"), supersedes=True)
        await talk(saved, "key", "二")
        assert await saved.database.read(lambda c: journal.chats(c, "key")) == ()
    await saved.restored.wait()
    await talk(saved, "key", "三")
    chats = await saved.database.read(lambda c: journal.chats(c, "key"))
    assert [(chat.question, chat.status, chat.frame_count) for chat in chats] == [
        (question, "completed", 3) for question in "一二三"
    ]
    summary = await conversations.summary("key")
    assert summary is not None
    assert (summary.draft, summary.queue) == ("half a", ())


async def test_a_turn_whose_beginning_is_stored_continues_after_a_refusal(saved: Saved) -> None:
    recorder, log = JournalRecorder(saved.outbox, "key", site="coze.cn"), FrameLog()
    await recorder.begin(ChatRequest("7511", "lin", "一"))
    with held(saved.database):
        log.add([FRAME])
        await recorder.append(log)
        assert recorder.is_behind
    await saved.restored.wait()
    assert not recorder.is_behind
    log.add([FRAME])
    await recorder.append(log)
    assert len(await saved.database.read(lambda c: journal.frames_of(c, recorder.chat_key))) == 2
    (chat,) = await saved.database.read(lambda c: journal.chats(c, "key"))
    assert not chat.is_final
    await recorder.finish(TurnState(), TurnFigures(), Outcome.COMPLETED, None, 5)
    await recorder.append(log)  # nothing new, as when the outbox repeats a write
    (chat,) = await saved.database.read(lambda c: journal.chats(c, "key"))
    assert chat.is_final
