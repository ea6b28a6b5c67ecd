from __future__ import annotations

from contextlib import aclosing

import pytest

from coze_tui.api import chats, conversations
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Message, Page
from coze_tui.errors import ApiError, NotFoundError
from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback

BOT = "7511000000000000101"


@pytest.fixture(params=["official", "studio"])
async def client(request: pytest.FixtureRequest, loopback: Loopback) -> CozeClient:
    stand_in: StandIn = request.getfixturevalue(request.param)
    found: CozeClient = await loopback.client(stand_in.base_url, lambda: stand_in.token)
    return found


async def chat(client: CozeClient, question: str, conversation_id: str) -> None:
    request = chats.ChatRequest(BOT, "lin", question, conversation_id)
    async with chats.stream(client, request) as stream, aclosing(stream.frames()) as frames:
        async for frame in frames:
            if frame.is_whole and "done" in frame.event:
                return


async def test_the_life_of_a_conversation(client: CozeClient) -> None:
    made = await conversations.create(client, bot_id=BOT, name="潮汐", meta_data={"k": "v"})
    assert made.id
    assert (await conversations.retrieve(client, made.id)).id == made.id
    assert (await conversations.rename(client, made.id, "春" * 200)).name == "春" * 100
    listed = await conversations.list_conversations(client, BOT)
    assert [(conversation.id, conversation.name) for conversation in listed.items] == [(made.id, "春" * 100)]
    assert not listed.has_more
    section = await conversations.clear(client, made.id)
    assert section.conversation_id == made.id
    assert section.id not in ("", made.last_section_id)
    await conversations.delete(client, made.id)
    with pytest.raises(ApiError):
        await conversations.retrieve(client, made.id)


async def test_an_unknown_conversation(client: CozeClient) -> None:
    with pytest.raises(NotFoundError):
        await conversations.list_messages(client, "7511000000009999999")


async def test_an_id_from_outside_stays_one_part_of_the_path(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b'{"code":0,"data":{}}'))
    client = await loopback.client(server.base_url)
    await conversations.delete(client, "../x?y#z/漢")
    assert server.requests[0].line == "DELETE /v1/conversations/..%2Fx%3Fy%23z%2F%E6%BC%A2 HTTP/1.1"


async def test_the_messages_come_in_pages_newest_first(client: CozeClient) -> None:
    made = await conversations.create(client, bot_id=BOT)
    for number in range(3):
        await chat(client, f"{number} + {number}", made.id)
    found: list[Message] = []
    cursor = ""
    for _ in range(20):
        page: Page[Message] = await conversations.list_messages(client, made.id, cursor, limit=2)
        found += page.items
        assert bool(page.next_cursor) is page.has_more
        if not page.has_more:
            break
        cursor = page.next_cursor
    assert len({message.id for message in found}) == len(found)
    questions = [message.content for message in found if message.role == "user"]
    assert questions == ["2 + 2", "1 + 1", "0 + 0"]
    whole = await conversations.list_messages(client, made.id)
    assert [message.id for message in whole.items] == [message.id for message in found]
    assert not whole.has_more


async def test_many_conversations_come_in_pages(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    for _ in range(conversations.PAGE_SIZE + 1):
        await conversations.create(client, bot_id=BOT)
    first = await conversations.list_conversations(client, BOT)
    assert (len(first.items), first.has_more) == (conversations.PAGE_SIZE, True)
    second = await conversations.list_conversations(client, BOT, 2)
    assert (len(second.items), second.has_more) == (1, False)


@pytest.mark.parametrize(
    ("body", "has_more"),
    [
        (b'{"code":0,"has_more":true,"last_id":"9"}', False),
        (b'{"code":0,"data":[],"has_more":true,"last_id":"9"}', False),
        (b'{"code":0,"data":[{"id":"9"}],"has_more":true,"last_id":"0"}', False),
        (b'{"code":0,"data":[{"id":"9"}],"has_more":true}', False),
        (b'{"code":0,"data":[{"id":"9"}],"has_more":"yes","last_id":"9"}', False),
        (b'{"code":0,"data":[{"id":"9"}],"has_more":true,"last_id":"5"}', False),
        (b'{"code":0,"data":[{"id":"9"}],"has_more":true,"last_id":"9"}', True),
    ],
)
async def test_a_page_that_leads_nowhere_is_the_last(body: bytes, has_more: bool, loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(body))
    client = await loopback.client(server.base_url)
    page = await conversations.list_messages(client, "1", "5", limit=999)
    assert (page.has_more, page.next_cursor) == (has_more, "9" if has_more else "")
    assert server.requests[0].body == b'{"order":"desc","limit":50,"after_id":"5"}'
