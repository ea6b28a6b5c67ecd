"""The official SDK talks to the stand-in: what it takes for an answer of the service is one."""

from __future__ import annotations

import warnings
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import pytest

from tests.support.standin_calls import Run

with warnings.catch_warnings():
    # authlib, which cozepy imports, says whatever the filters are that it is getting old.
    from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]

    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    import cozepy  # noqa: F401

from cozepy import (
    AsyncCoze,
    AsyncTokenAuth,
    Chat,
    ChatEvent,
    ChatEventType,
    ChatStatus,
    Coze,
    CozeAPIError,
    DeviceOAuthApp,
    Message,
    MessageContentType,
    MessageObjectString,
    MessageRole,
    MessageType,
    Stream,
    TokenAuth,
    ToolOutput,
)
from cozepy.bots import PublishStatus
from cozepy.exception import CozePKCEAuthError
from cozepy.request import AsyncHTTPClient, Requester, SyncHTTPClient

from coze_tui.standin.scenarios import Answer, Bot, Delta, Fail, FollowUps, Gate, RequireAction, ToolCall
from tests.support.standin_calls import BOT, Caller

HI = [Message.build_user_question_text("hi")]


class Sdk:
    """The SDK, pointed at one stand-in."""

    def __init__(self, caller: Caller) -> None:
        self.stand_in = caller.stand_in
        self.http = SyncHTTPClient(trust_env=False)  # type: ignore[no-untyped-call]
        auth = TokenAuth(self.stand_in.token)
        self.coze = Coze(auth=auth, base_url=self.stand_in.base_url, http_client=self.http)

    def stream(self, question: str = "hi", conversation_id: str | None = None) -> Stream[ChatEvent]:
        """A streaming chat with the test's bot."""
        messages = [Message.build_user_question_text(question)]
        return self.coze.chat.stream(
            bot_id=BOT, user_id="lin", additional_messages=messages, conversation_id=conversation_id
        )


@pytest.fixture
def sdk(run: Run) -> Iterator[Callable[..., Sdk]]:
    made: list[Sdk] = []

    def start(scenario: Sequence[object], **options: object) -> Sdk:
        made.append(Sdk(run(scenario, **options)))
        return made[-1]

    yield start
    for one in made:
        one.http.close()


def chat_of(events: Sequence[ChatEvent], event: ChatEventType) -> Chat:
    [chat] = [item.chat for item in events if item.event == event and item.chat is not None]
    return chat


def test_stream(sdk: Callable[..., Sdk]) -> None:
    one = sdk([Answer("海水为什么咸？", reasoning="想一想"), FollowUps(("more?",))])
    stream = one.stream()
    events = list(stream)
    assert stream.response.logid
    deltas = [e.message for e in events if e.event == ChatEventType.CONVERSATION_MESSAGE_DELTA and e.message]
    assert "".join(delta.content for delta in deltas) == "海水为什么咸？"
    assert "".join(delta.reasoning_content or "" for delta in deltas) == "想一想"
    chat = chat_of(events, ChatEventType.CONVERSATION_CHAT_COMPLETED)
    assert chat.status == ChatStatus.COMPLETED
    assert chat.usage is not None
    assert chat.usage.token_count > 0
    types = [
        e.message.type
        for e in events
        if e.event == ChatEventType.CONVERSATION_MESSAGE_COMPLETED and e.message
    ]
    assert types == [MessageType.ANSWER, MessageType.VERBOSE, MessageType.FOLLOW_UP]


def test_a_conversation_goes_on(sdk: Callable[..., Sdk]) -> None:
    one = sdk(lambda turn: [Answer(f"{len(turn.history)} before")])
    first = chat_of(list(one.stream("one")), ChatEventType.CONVERSATION_CHAT_CREATED)
    events = list(one.stream("two", first.conversation_id))
    assert chat_of(events, ChatEventType.CONVERSATION_CHAT_CREATED).conversation_id == first.conversation_id
    assert "1 before" in [event.message.content for event in events if event.message]


def test_create_and_poll(sdk: Callable[..., Sdk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cozepy.chat.time.sleep", lambda seconds: None)
    one = sdk([Delta("half "), Gate("middle"), Answer("half whole")])
    one.stand_in.release("middle")
    poll = one.coze.chat.create_and_poll(bot_id=BOT, user_id="lin", additional_messages=HI)
    assert poll.chat.status == ChatStatus.COMPLETED
    assert poll.messages is not None
    assert "half whole" in [message.content for message in poll.messages]


def test_cancel(sdk: Callable[..., Sdk]) -> None:
    one = sdk([Delta("half"), Gate("middle"), Answer("x")])
    chat = one.coze.chat.create(bot_id=BOT, user_id="lin", additional_messages=HI)
    one.stand_in.wait_for("middle")
    canceled = one.coze.chat.cancel(conversation_id=chat.conversation_id, chat_id=chat.id)
    assert canceled.status == ChatStatus.CANCELED
    with pytest.raises(CozeAPIError, match="4104"):
        one.coze.chat.cancel(conversation_id=chat.conversation_id, chat_id=chat.id)


def test_tool_outputs(sdk: Callable[..., Sdk]) -> None:
    one = sdk([RequireAction((ToolCall("d", "clock", {"zone": "x"}),)), Answer("thanks")])
    events = list(one.stream())
    chat = chat_of(events, ChatEventType.CONVERSATION_CHAT_REQUIRES_ACTION)
    assert chat.required_action is not None
    assert chat.required_action.submit_tool_outputs is not None
    [call] = chat.required_action.submit_tool_outputs.tool_calls
    assert call.function is not None
    assert (call.function.name, call.function.arguments) == ("clock", '{"zone":"x"}')
    stream = one.coze.chat.submit_tool_outputs(
        conversation_id=chat.conversation_id,
        chat_id=chat.id,
        tool_outputs=[ToolOutput(tool_call_id=call.id, output="18:05")],
        stream=True,
    )
    assert isinstance(stream, Stream)
    after = list(stream)
    assert after[0].event == ChatEventType.CONVERSATION_CHAT_IN_PROGRESS
    assert chat_of(after, ChatEventType.CONVERSATION_CHAT_COMPLETED).id == chat.id
    assert "thanks" in [event.message.content for event in after if event.message]


def test_tool_outputs_without_a_stream(sdk: Callable[..., Sdk]) -> None:
    one = sdk([RequireAction((ToolCall("d", "clock", {}, "one"),)), Answer("thanks")])
    chat = chat_of(list(one.stream()), ChatEventType.CONVERSATION_CHAT_REQUIRES_ACTION)
    ids = {"conversation_id": chat.conversation_id, "chat_id": chat.id}
    outputs = [ToolOutput(tool_call_id="one", output="18:05")]
    submitted = one.coze.chat.submit_tool_outputs(**ids, tool_outputs=outputs, stream=False)
    assert isinstance(submitted, Chat)
    while one.coze.chat.retrieve(**ids).status == ChatStatus.IN_PROGRESS:
        pass
    assert "thanks" in [message.content for message in one.coze.chat.messages.list(**ids)]


def test_failures(sdk: Callable[..., Sdk]) -> None:
    one = sdk([Delta("x"), Fail(4028, "quota")])
    failed = chat_of(list(one.stream()), ChatEventType.CONVERSATION_CHAT_FAILED)
    assert failed.last_error is not None
    assert failed.last_error.code == 4028
    with pytest.raises(Exception, match="4013"):
        list(one.stream("fault:error=4013 hi"))
    with pytest.raises(CozeAPIError, match="4100"):
        list(one.stream("fault:expired-token hi"))
    with pytest.raises(CozeAPIError) as info:
        one.coze.chat.retrieve(conversation_id="1", chat_id="2")
    assert info.value.code == 4001
    assert info.value.logid


def test_conversations(sdk: Callable[..., Sdk]) -> None:
    conversations = sdk([Answer("x")]).coze.conversations
    made = [conversations.create(bot_id=BOT, name=f"name {n}", meta_data={"n": str(n)}) for n in range(3)]
    assert conversations.retrieve(conversation_id=made[0].id).meta_data == {"n": "0"}
    listed = conversations.list(bot_id=BOT, page_size=2)
    assert [conversation.name for conversation in listed] == ["name 2", "name 1", "name 0"]
    assert conversations.update(conversation_id=made[0].id, name="renamed").name == "renamed"
    section = conversations.clear(conversation_id=made[0].id)
    assert conversations.retrieve(conversation_id=made[0].id).last_section_id == section.id
    conversations.delete(conversation_id=made[0].id)
    with pytest.raises(CozeAPIError, match="4002"):
        conversations.retrieve(conversation_id=made[0].id)


def test_messages(sdk: Callable[..., Sdk]) -> None:
    coze = sdk([Answer("x")]).coze
    conversation = coze.conversations.create(
        messages=[Message.build_user_question_text(str(n)) for n in range(5)]
    )
    messages = coze.conversations.messages
    made = messages.create(
        conversation_id=conversation.id,
        role=MessageRole.USER,
        content="new",
        content_type=MessageContentType.TEXT,
    )
    ids = {"conversation_id": conversation.id, "message_id": str(made.id)}
    assert messages.retrieve(**ids).content == "new"
    assert messages.update(**ids, content="newer", content_type=MessageContentType.TEXT).content == "newer"
    listed = messages.list(conversation_id=conversation.id, limit=2)
    assert [message.content for message in listed] == ["newer", "4", "3", "2", "1", "0"]
    assert messages.delete(**ids).id == made.id
    with pytest.raises(CozeAPIError):
        messages.retrieve(**ids)


def test_files(sdk: Callable[..., Sdk]) -> None:
    one = sdk(lambda turn: [Answer(f"{turn.question} {turn.files[0]}")])
    file = one.coze.files.upload(file=("春.png", b"PNG"))
    assert (file.file_name, file.bytes) == ("春.png", 3)
    assert one.coze.files.retrieve(file_id=file.id).id == file.id
    parts = [MessageObjectString.build_text("look"), MessageObjectString.build_image(file_id=file.id)]
    events = one.coze.chat.stream(
        bot_id=BOT, user_id="lin", additional_messages=[Message.build_user_question_objects(parts)]
    )
    assert "look 春.png" in [event.message.content for event in events if event.message]


def test_bots(sdk: Callable[..., Sdk]) -> None:
    bots = [Bot(f"751100000000000040{n}", f"bot {n}", [Answer("x")], "d", "p", ("q?",)) for n in range(5)]
    coze = sdk([], bots=bots).coze
    [space, _] = coze.workspaces.list()
    for version in (1, 2):
        listed = coze.bots.list(space_id=space.id, page_size=2, use_api_version=version)
        assert [bot.name for bot in listed] == [f"bot {n}" for n in range(5)]
        bot = coze.bots.retrieve(bot_id=bots[0].id, use_api_version=version)
        assert bot.onboarding_info is not None
        assert (bot.onboarding_info.prologue, bot.onboarding_info.suggested_questions) == ("p", ["q?"])
    draft = coze.bots.list(
        space_id=space.id, publish_status=PublishStatus.UNPUBLISHED_DRAFT, page_size=2, use_api_version=2
    )
    assert list(draft) == []


def test_workspaces_and_users(sdk: Callable[..., Sdk]) -> None:
    coze = sdk([]).coze
    assert [space.workspace_type for space in coze.workspaces.list(page_size=1)] == ["personal", "team"]
    assert coze.users.me().user_id


def test_device_flow(sdk: Callable[..., Sdk]) -> None:
    one = sdk([])
    one.stand_in.device(script=["authorization_pending", "slow_down"])
    app = DeviceOAuthApp("client-1", base_url=one.stand_in.base_url)
    app._requester = Requester(sync_client=one.http)  # its own client has no way to be closed
    code = app.get_device_code()
    assert code.verification_url == f"{one.stand_in.base_url}/device?user_code={code.user_code}"
    for error in ("authorization_pending", "slow_down"):
        with pytest.raises(CozePKCEAuthError, match=error):
            app.get_access_token(code.device_code)
    one.stand_in.decide(code.user_code, "approve")
    token = app.get_access_token(code.device_code)
    user = Coze(auth=TokenAuth(token.access_token), base_url=one.stand_in.base_url, http_client=one.http)
    assert user.users.me().user_id
    again = app.refresh_access_token(token.refresh_token)
    assert again.refresh_token != token.refresh_token
    with pytest.raises(CozeAPIError):
        app.refresh_access_token(token.refresh_token)


@pytest.fixture
async def async_http() -> AsyncIterator[AsyncHTTPClient]:
    async with AsyncHTTPClient(trust_env=False) as client:  # type: ignore[no-untyped-call]
        yield client


async def test_async_stream(run: Run, async_http: AsyncHTTPClient) -> None:
    stand_in = run([Answer("async answer")]).stand_in
    coze = AsyncCoze(auth=AsyncTokenAuth(stand_in.token), base_url=stand_in.base_url, http_client=async_http)
    events = [event async for event in coze.chat.stream(bot_id=BOT, user_id="lin", additional_messages=HI)]
    assert "async answer" in [event.message.content for event in events if event.message]
