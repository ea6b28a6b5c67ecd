from __future__ import annotations

from contextlib import aclosing

import pytest

from coze_tui.api import chats, resources
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Message, Page
from coze_tui.errors import NotFoundError
from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback
from tests.support.server_conversations import conversation_exists, create_conversation

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
    made = await create_conversation(client, bot_id=BOT, name="潮汐")
    assert made.id
    assert (await resources.rename_conversation(client, made.id, "春" * 200)).name == "春" * 100
    listed = await resources.list_conversations(client, BOT)
    assert [(conversation.id, conversation.name) for conversation in listed.items] == [(made.id, "春" * 100)]
    assert not listed.has_more
    assert await resources.clear_conversation(client, made.id) not in ("", made.last_section_id)
    await resources.delete_conversation(client, made.id)
    assert not await conversation_exists(client, BOT, made.id)


async def test_an_unknown_conversation(client: CozeClient) -> None:
    with pytest.raises(NotFoundError):
        await resources.list_conversation_messages(client, "7511000000009999999")


async def test_an_id_from_outside_stays_one_part_of_the_path(loopback: Loopback) -> None:
    server = await loopback.serve(loopback.answer(b'{"code":0,"data":{}}'))
    client = await loopback.client(server.base_url)
    await resources.delete_conversation(client, "../x?y#z/漢")
    assert server.requests[0].line == "DELETE /v1/conversations/..%2Fx%3Fy%23z%2F%E6%BC%A2 HTTP/1.1"


async def test_the_messages_come_in_pages_newest_first(client: CozeClient) -> None:
    made = await create_conversation(client, bot_id=BOT)
    for number in range(3):
        await chat(client, f"{number} + {number}", made.id)
    found: list[Message] = []
    cursor = ""
    for _ in range(20):
        page: Page[Message] = await resources.list_conversation_messages(client, made.id, cursor, limit=2)
        found += page.items
        assert bool(page.next_cursor) is page.has_more
        if not page.has_more:
            break
        cursor = page.next_cursor
    assert len({message.id for message in found}) == len(found)
    questions = [message.content for message in found if message.role == "user"]
    assert questions == ["2 + 2", "1 + 1", "0 + 0"]
    whole = await resources.list_conversation_messages(client, made.id)
    assert [message.id for message in whole.items] == [message.id for message in found]
    assert not whole.has_more


async def test_many_conversations_come_in_pages(official: StandIn, loopback: Loopback) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    for _ in range(resources.CONVERSATIONS_PAGE_SIZE + 1):
        await create_conversation(client, bot_id=BOT)
    first = await resources.list_conversations(client, BOT)
    assert (len(first.items), first.has_more) == (resources.CONVERSATIONS_PAGE_SIZE, True)
    second = await resources.list_conversations(client, BOT, 2)
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
    page = await resources.list_conversation_messages(client, "1", "5", limit=999)
    assert (page.has_more, page.next_cursor) == (has_more, "9" if has_more else "")
    assert server.requests[0].body == b'{"order":"desc","limit":50,"after_id":"5"}'
