"""The server's conversations beside ours: joined, imported once, renamed and deleted in both places."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from coze_tui.api import chats, resources
from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.config.settings import Settings
from coze_tui.engine.library.conversations import Conversations
from coze_tui.engine.library.history import Browsing
from coze_tui.engine.library.server import ServerConversation, ServerSide, bound
from coze_tui.engine.model.transcript import AnswerTranscript, ToolTranscript
from coze_tui.engine.session.outbox import Outbox
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.errors import ApiError, StoreError, TransportError
from coze_tui.standin.scenarios import Answer, Bot, FollowUps, FunctionCall, Step, ToolResponse
from coze_tui.standin.server import StandIn
from coze_tui.store import history
from coze_tui.store.database import Database
from tests.support.server_conversations import create_conversation

BOT = "7511000000000000777"
STEPS: list[Step] = [
    FunctionCall("ferry", "next", {"pier": "三号码头"}),
    ToolResponse('{"dep":"18:40"}'),
    Answer("下一班是 **18:40**。", reasoning="先查船。"),
]


class Place:
    """A store, a server and the way between them."""

    def __init__(self, database: Database, stand_in: StandIn) -> None:
        self.database = database
        self.stand_in = stand_in
        self.settings = Settings(bot_id=BOT, base_url=stand_in.base_url)
        self.client = CozeClient(stand_in.base_url, lambda: stand_in.token)
        self.server = ServerSide(database, self._client, lambda: self.settings)
        self.browsing = Browsing(database)
        self.conversations = Conversations(database)

    async def _client(self) -> CozeClient:
        return self.client

    async def elsewhere(self, *questions: str, conversation_id: str = "", name: str = "") -> str:
        """Chat as another program would; the id of the conversation."""
        if not conversation_id:
            conversation_id = (await create_conversation(self.client, bot_id=BOT, name=name)).id
        for question in questions:
            request = ChatRequest(BOT, "lin", question, conversation_id)
            async with chats.stream(self.client, request) as stream, aclosing(stream.frames()) as frames:
                async for _frame in frames:
                    pass
        return conversation_id

    async def here(self, *questions: str) -> str:
        """Chat as this program does; the key of the conversation."""
        key = await self.conversations.create(self.settings.site, BOT, "海水")
        for question in questions:
            await self.ask(key, question)
        return key

    async def ask(self, key: str, question: str) -> None:
        summary = await self.conversations.summary(key)
        assert summary is not None
        request = ChatRequest(BOT, "lin", question, summary.conversation_id)
        turn = ChatTurn(self.client, request, record=JournalRecorder(Outbox(self.database, _no_trouble), key))
        async with aclosing(turn.updates()) as updates:
            async for _update in updates:
                pass

    async def listed(self) -> tuple[ServerConversation, ...]:
        return (await self.server.page(BOT)).items

    async def said(self, key: str) -> list[str]:
        """Questions and answers as they are told."""
        opened = await self.conversations.open(key)
        assert opened is not None
        texts = []
        for chat in opened.page.chats:
            texts.append(("— " if chat.starts_section else "") + chat.record.question)
            texts += [part.text for part in chat.parts if isinstance(part, AnswerTranscript)]
        return texts


def _no_trouble(error: StoreError) -> None:
    raise error


@pytest.fixture(params=["official", "studio"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    database = await Database.open(tmp_path / "store.db")
    with StandIn(dialect=request.param, pace=0, bots=[Bot(BOT, "海水", STEPS)]) as stand_in:
        found = Place(database, stand_in)
        yield found
        await found.client.aclose()
    await database.close()


@pytest.fixture
async def official(tmp_path: Path) -> AsyncIterator[Place]:
    database = await Database.open(tmp_path / "store.db")
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [*STEPS, FollowUps(("再下一班？",), wait=0)])]) as stand_in:
        found = Place(database, stand_in)
        yield found
        await found.client.aclose()
    await database.close()


async def test_what_is_on_the_server_and_what_is_on_both_is_told(place: Place) -> None:
    key = await place.here("下一班？")
    foreign = await place.elsewhere("末班？")
    listed = {item.conversation_id: item for item in await place.listed()}
    own = await place.conversations.summary(key)
    assert own is not None
    assert listed[own.conversation_id].key == key
    assert listed[foreign].key == ""
    assert listed[foreign].updated_at_ms >= listed[foreign].created_at_ms > 1_600_000_000_000


async def test_what_the_server_no_longer_has_is_only_here(place: Place) -> None:
    kept, gone = await place.here("1"), await place.here("2")
    summary = await place.conversations.summary(gone)
    assert summary is not None
    assert summary.on_server
    await resources.delete_conversation(place.client, summary.conversation_id)
    await place.server.note(BOT, {item.conversation_id for item in await place.listed()})
    states = [await place.conversations.summary(key) for key in (kept, gone)]
    assert [state.on_server for state in states if state] == [True, False]


async def test_an_import_brings_all_of_it_and_a_second_one_nothing(place: Place) -> None:
    foreign = await place.elsewhere("一班？", "二班？", name="渡轮")
    (listed,) = await place.listed()
    taken = await place.server.take(listed, "海水")
    assert taken.is_new
    assert await place.said(taken.key) == ["一班？", "下一班是 **18:40**。", "二班？", "下一班是 **18:40**。"]
    again = await place.server.take(listed, "海水")
    assert (again.key, again.is_new, again.added) == (taken.key, False, 0)
    summary = await place.conversations.summary(taken.key)
    assert summary is not None
    assert (summary.conversation_id, summary.on_server, summary.bot_name) == (foreign, True, "海水")
    assert summary.title == ("渡轮" if listed.name else "一班？")
    (found,) = (await place.browsing.search("二班")).conversations
    assert found.summary.key == taken.key
    assert (await place.listed())[0].key == taken.key


async def test_tools_reasoning_and_follow_ups_come_along(official: Place) -> None:
    await official.elsewhere("一班？")
    (listed,) = await official.listed()
    taken = await official.server.take(listed)
    opened = await official.conversations.open(taken.key)
    assert opened is not None
    (chat,) = opened.page.chats
    tool, answer = chat.parts
    assert isinstance(tool, ToolTranscript)
    assert isinstance(answer, AnswerTranscript)
    assert (tool.name, tool.response) == ("ferry-next", '{"dep":"18:40"}')
    assert "三号码头" in tool.arguments
    assert answer.reasoning == "先查船。"
    assert (await official.server.take(listed)).added == 0


async def test_chats_held_here_are_not_doubled_and_others_come_in_their_order(place: Place) -> None:
    key = await place.here("1")
    summary = await place.conversations.summary(key)
    assert summary is not None
    await place.elsewhere("2", conversation_id=summary.conversation_id)
    await place.ask(key, "3")
    await place.elsewhere("4", conversation_id=summary.conversation_id)
    (listed,) = await place.listed()
    before = await place.said(key)
    taken = await place.server.take(listed)
    assert taken.key == key
    questions = [text for text in await place.said(key) if len(text) == 1]
    assert questions == ["1", "2", "3", "4"]
    assert [text for text in before if len(text) == 1] == ["1", "3"]
    assert (await place.server.take(listed)).added == 0
    await place.ask(key, "5")
    await place.elsewhere("6", conversation_id=summary.conversation_id)
    assert (await place.server.take(listed)).added > 0
    questions = [text for text in await place.said(key) if len(text) == 1]
    assert questions == ["1", "2", "3", "4", "5", "6"]


async def test_a_cleared_context_is_a_line_in_what_is_imported(place: Place) -> None:
    foreign = await place.elsewhere("1")
    await resources.clear_conversation(place.client, foreign)
    await place.elsewhere("2", "3", conversation_id=foreign)
    (listed,) = await place.listed()
    taken = await place.server.take(listed)
    for _time in range(2):
        assert [text for text in await place.said(taken.key) if "18:40" not in text] == ["1", "— 2", "3"]
        await place.server.take(listed)


async def test_a_long_conversation_is_imported_whole(official: Place) -> None:
    foreign = await official.elsewhere(*[str(number) for number in range(30)])
    (listed,) = await official.listed()
    taken = await official.server.take(listed)
    assert taken.added > resources.CONVERSATIONS_PAGE_SIZE
    found = await official.browsing.details(taken.key)
    assert found is not None
    assert found.messages == taken.added
    page = await official.conversations.page(taken.key, after=0)
    assert [chat.record.question for chat in page.chats][:3] == ["0", "1", "2"]
    assert foreign == found.summary.conversation_id


async def test_a_title_that_the_person_gave_survives_an_import(official: Place) -> None:
    await official.elsewhere("1", name="theirs")
    (listed,) = await official.listed()
    taken = await official.server.take(listed)
    await official.server.take(replace(listed, name="theirs, renamed"))
    summary = await official.conversations.summary(taken.key)
    assert summary is not None
    assert summary.title == "theirs, renamed"
    await official.browsing.rename(taken.key, "mine")
    await official.server.take(listed)
    summary = await official.conversations.summary(taken.key)
    assert summary is not None
    assert summary.title == "mine"


async def test_a_preview_tells_the_last_chats_and_keeps_nothing(place: Place) -> None:
    foreign = await place.elsewhere("1", "2")
    told = await place.server.preview(foreign, "海水")
    assert [chat.record.question for chat in told] == ["1", "2"]
    assert told[0].record.bot_name == "海水"
    assert await place.browsing.count() == 0


async def test_a_new_name_reaches_the_server(place: Place) -> None:
    key = await place.here("1")
    assert await place.server.rename(key, "潮汐")
    assert [item.name for item in await place.listed()] == ["潮汐"]


async def test_a_name_is_not_sent_where_the_server_has_nothing(place: Place) -> None:
    key = await place.here("1")
    (listed,) = await place.listed()
    await resources.delete_conversation(place.client, listed.conversation_id)
    assert not await place.server.rename(key, "潮汐")
    summary = await place.conversations.summary(key)
    assert summary is not None
    assert not summary.on_server
    asked = len(place.stand_in.requests)
    assert not await place.server.rename(key, "潮汐 2")
    assert not await place.server.rename("nothere", "x")
    place.settings = replace(place.settings, base_url="https://api.coze.com")
    assert not await place.server.rename(await place.browsing.fork(key), "x")
    assert len(place.stand_in.requests) == asked


async def test_what_is_deleted_there_is_only_here_once_it_is_brought_back(place: Place) -> None:
    key, other = await place.here("1"), await place.here("2")
    await place.browsing.delete([key])
    assert await place.server.delete([key]) == ()
    assert [item.key for item in await place.listed()] == [other]
    await place.browsing.undelete([key])
    summary = await place.conversations.summary(key)
    assert summary is not None
    assert (summary.on_server, summary.conversation_id) == (False, "")
    assert await place.said(key) == ["1", "下一班是 **18:40**。"]


async def test_what_is_gone_at_the_server_already_counts_as_deleted(place: Place) -> None:
    key = await place.here("1")
    (listed,) = await place.listed()
    await resources.delete_conversation(place.client, listed.conversation_id)
    assert await place.server.delete([key]) == ()


async def test_a_refusal_is_told_and_the_rest_is_done_all_the_same(official: Place) -> None:
    keys = [await official.here("退款"), await official.here("春节")]
    summary = await official.conversations.summary(keys[0])
    assert summary is not None
    official.stand_in.fault("code=4101", path=f"/v1/conversations/{summary.conversation_id}", times=1)
    (refusal,) = await official.server.delete(keys)
    assert refusal.title == "退款"
    assert isinstance(refusal.error, ApiError)
    assert refusal.error.code == 4101
    assert [item.conversation_id for item in await official.listed()] == [summary.conversation_id]
    saved = await official.database.run(lambda c: history.conversation(c, keys[0]))
    assert saved is not None
    assert saved.on_server


async def test_a_deletion_that_never_reached_the_server_is_owed_until_it_does(official: Place) -> None:
    key, other = await official.here("退款"), await official.here("春节")
    await official.listed()
    await official.browsing.delete([key])
    assert await official.server.owed() == (), "another program may still bring it back"
    await official.database.write(lambda c: history.delete(c, key, 1))
    assert await official.server.owed() == (key,)
    summary = await official.conversations.summary(key)
    assert summary is not None
    official.stand_in.fault("reset", path=f"/v1/conversations/{summary.conversation_id}", times=1)
    (refusal,) = await official.server.delete([key])
    assert isinstance(refusal.error, TransportError)
    assert await official.server.owed() == (key,)
    assert await official.server.delete([key]) == ()
    assert await official.server.owed() == ()
    assert [item.key for item in await official.listed()] == [other]


async def test_a_deletion_that_the_server_refuses_is_owed_no_longer(official: Place) -> None:
    key = await official.here("退款")
    await official.listed()
    await official.database.write(lambda c: history.delete(c, key, 1))
    summary = await official.conversations.summary(key)
    assert summary is not None
    official.stand_in.fault("code=4101", path=f"/v1/conversations/{summary.conversation_id}", times=1)
    assert len(await official.server.delete([key])) == 1
    assert await official.server.owed() == ()


async def test_what_is_on_another_site_is_owed_there(official: Place) -> None:
    key = await official.here("退款")
    await official.listed()
    await official.database.write(lambda c: history.delete(c, key, 1))
    official.settings = replace(official.settings, base_url="https://api.coze.com")
    assert await official.server.owed() == ()


async def test_a_conversation_without_a_question_has_no_title_but_is_imported(official: Place) -> None:
    made = await create_conversation(official.client, bot_id=BOT)
    (listed,) = await official.listed()
    taken = await official.server.take(replace(listed, name=""))
    summary = await official.conversations.summary(taken.key)
    assert summary is not None
    assert (summary.title, summary.conversation_id, taken.added) == ("", made.id, 0)


async def test_what_is_bound_to_the_server_can_be_asked_for_again(official: Place) -> None:
    key = await official.here("1")
    summary = await official.conversations.summary(key)
    assert summary is not None
    conversation = bound(summary)
    assert conversation is not None
    await official.elsewhere("2", conversation_id=summary.conversation_id)
    taken = await official.server.take(conversation)
    assert (taken.key, taken.is_new) == (key, False)
    assert taken.added > 0
    assert bound(replace(summary, on_server=False)) is None


async def test_only_what_is_at_the_server_is_deleted_there(official: Place) -> None:
    key = await official.browsing.fork(await official.here("1"))
    assert await official.server.delete([key, "nothere"]) == ()
    assert len(await official.listed()) == 1
