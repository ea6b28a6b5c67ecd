"""The stand-in's replies fit the Go types of coze-go, which refuses a whole reply for one wrong field.

Go's encoding/json accepts a missing field, an unknown one, and null, but no number in place of a text.
"""

from __future__ import annotations

import json

import pytest
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from coze_tui.standin.scenarios import (
    Answer,
    Bot,
    Delta,
    FollowUps,
    FunctionCall,
    Gate,
    RequireAction,
    Scenario,
    ToolCall,
    ToolResponse,
)
from tests.support.standin_calls import BOT, Caller, Run, as_list, question_body

Int = int | None
Text = str | None
Pairs = dict[str, str] | None


class Message(TypedDict, total=False):
    """common.go: Message."""

    role: Text
    type: Text
    content: Text
    reasoning_content: Text
    content_type: Text
    meta_data: Pairs
    id: Text
    conversation_id: Text
    section_id: Text
    bot_id: Text
    chat_id: Text
    created_at: Int
    updated_at: Int


class ChatError(TypedDict, total=False):
    code: Int
    msg: Text


class Usage(TypedDict, total=False):
    token_count: Int
    output_count: Int
    input_count: Int


class Function(TypedDict, total=False):
    name: Text
    arguments: Text


class Call(TypedDict, total=False):
    id: Text
    type: Text
    function: Function | None


class ToolOutputs(TypedDict, total=False):
    tool_calls: list[Call] | None


class Required(TypedDict, total=False):
    type: Text
    submit_tool_outputs: ToolOutputs | None


class Chat(TypedDict, total=False):
    """chats.go: Chat."""

    id: Text
    conversation_id: Text
    bot_id: Text
    created_at: Int
    completed_at: Int
    failed_at: Int
    meta_data: Pairs
    last_error: ChatError | None
    status: Text
    required_action: Required | None
    usage: Usage | None


class Conversation(TypedDict, total=False):
    """conversations.go: Conversation."""

    id: Text
    created_at: Int
    meta_data: Pairs
    last_section_id: Text


class Conversations(TypedDict, total=False):
    has_more: bool | None
    conversations: list[Conversation] | None


class Section(TypedDict, total=False):
    id: Text
    conversation_id: Text


class File(TypedDict, total=False):
    """files.go: FileInfo."""

    id: Text
    bytes: Int
    created_at: Int
    file_name: Text


class Onboarding(TypedDict, total=False):
    prologue: Text
    suggested_questions: list[str] | None


class Model(TypedDict, total=False):
    model_id: Text
    model_name: Text
    parameters: Pairs


class PromptInfo(TypedDict, total=False):
    prompt: Text


class WholeBot(TypedDict, total=False):
    """bots.go: Bot."""

    bot_id: Text
    name: Text
    description: Text
    icon_url: Text
    create_time: Int
    update_time: Int
    version: Text
    prompt_info: PromptInfo | None
    onboarding_info: Onboarding | None
    bot_mode: Int
    plugin_info_list: list[dict[str, object]] | None
    model_info: Model | None
    folder_id: Text
    owner_user_id: Text


class SimpleBot(TypedDict, total=False):
    """bots.go: SimpleBot."""

    bot_id: Text
    bot_name: Text
    description: Text
    icon_url: Text
    publish_time: Text
    folder_id: Text


class Bots(TypedDict, total=False):
    space_bots: list[SimpleBot] | None
    total: Int


class Workspace(TypedDict, total=False):
    """workspaces.go: Workspace."""

    id: Text
    name: Text
    icon_url: Text
    role_type: Text
    workspace_type: Text
    enterprise_id: Text


class Workspaces(TypedDict, total=False):
    total_count: Int
    workspaces: list[Workspace] | None


class User(TypedDict, total=False):
    """users.go: User."""

    user_id: Text
    user_name: Text
    nick_name: Text
    avatar_url: Text


class Envelope(TypedDict, total=False):
    """base_model.go: baseResponse, and the fields beside `data` of a page of messages."""

    code: Int
    msg: Text
    has_more: bool | None
    first_id: Text
    last_id: Text


class DeviceCode(TypedDict, total=False):
    """auth.go: GetDeviceAuthResp."""

    device_code: Text
    user_code: Text
    verification_uri: Text
    verification_url: Text
    expires_in: Int
    interval: Int


def fits(value: object, go_type: object) -> bool:
    """Return True; raises ValidationError with the field that Go refuses."""
    TypeAdapter(go_type).validate_python(value, strict=True)  # type: ignore[arg-type]
    return True


SAYS: Scenario = [
    FunctionCall("a", "b", {"c": 1}),
    ToolResponse("c"),
    Answer("d", reasoning="e"),
    FollowUps(("f",)),
]
LIST = "/v1/conversation/message/list"


def test_chats(run: Run) -> None:
    caller = run(SAYS)
    reply = caller.ask("hi")
    chats = [json.loads(data) for name, data in reply.events if ".chat." in name]
    messages = [json.loads(data) for name, data in reply.events if ".message." in name]
    assert chats
    assert messages
    assert all(fits(chat, Chat) for chat in chats)
    assert all(fits(message, Message) for message in messages)
    query = {"conversation_id": reply.chat()["conversation_id"], "chat_id": reply.chat()["id"]}
    assert fits(caller.get("/v3/chat/retrieve", **query).data, Chat)
    assert fits(caller.get("/v3/chat/message/list", **query).items, list[Message])
    made = caller.post("/v3/chat", question_body("hi", fields={"stream": False, "meta_data": {"k": "v"}}))
    assert fits(made.body, Envelope)
    assert fits(made.data, Chat)


def test_a_chat_that_waits_for_a_tool(run: Run) -> None:
    caller = run([RequireAction((ToolCall("d", "clock", {"zone": "x"}),)), Answer("thanks")])
    chat = caller.ask("hi").objects("conversation.chat.requires_action")[0]
    assert fits(chat, Chat)
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert fits(caller.get("/v3/chat/retrieve", **query).data, Chat)


def test_a_canceled_chat(run: Run) -> None:
    caller = run([Delta("half"), Gate("middle"), Answer("x")])
    chat = caller.post("/v3/chat", question_body("hi", fields={"stream": False})).data
    caller.stand_in.wait_for("middle")
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert fits(caller.post("/v3/chat/cancel", query).data, Chat)


def test_conversations(run: Run) -> None:
    caller = run(SAYS)
    path = "/v1/conversation"
    made = caller.post(f"{path}/create", {"bot_id": BOT, "meta_data": {"k": "v"}}).data
    assert fits(made, Conversation)
    assert fits(caller.get(f"{path}/retrieve", conversation_id=made["id"]).data, Conversation)
    assert fits(caller.get("/v1/conversations", bot_id=BOT).data, Conversations)
    assert fits(caller.post(f"/v1/conversations/{made['id']}/clear").data, Section)


def test_messages(run: Run) -> None:
    caller = run(SAYS)
    conversation = caller.ask("hi").chat()["conversation_id"]
    page = caller.post(LIST, {}, conversation_id=conversation)
    assert fits(page.body, Envelope)
    assert fits(page.items, list[Message])
    assert {message["type"] for message in page.items} >= {"question", "answer"}
    text = {"role": "user", "content": "x", "content_type": "text", "meta_data": {"k": "v"}}
    made = caller.post("/v1/conversation/message/create", text, conversation_id=conversation).data
    assert fits(made, Message)
    ids = {"conversation_id": conversation, "message_id": made["id"]}
    assert fits(caller.get("/v1/conversation/message/retrieve", **ids).data, Message)
    changed = caller.post("/v1/conversation/message/modify", {"content": "y"}, **ids)
    assert fits(changed.body["message"], Message)
    assert fits(caller.post("/v1/conversation/message/delete", {}, **ids).data, Message)


def test_times_as_texts_are_what_go_refuses(run: Run) -> None:
    caller = run(SAYS)
    conversation = caller.ask("fault:text-times hi").chat()["conversation_id"]
    with pytest.raises(ValidationError, match="created_at"):
        fits(caller.post(LIST, {}, conversation_id=conversation).items, list[Message])


def test_the_account(run: Run) -> None:
    caller: Caller = run([], bots=[Bot(BOT, "bot", SAYS, "d", "p", ("q?",))])
    spaces = caller.get("/v1/workspaces").data
    assert fits(spaces, Workspaces)
    space = as_list(spaces["workspaces"])[0]
    assert fits(caller.get("/v1/users/me").data, User)
    assert fits(caller.get("/v1/space/published_bots_list", space_id=space["id"]).data, Bots)
    assert fits(caller.get("/v1/bot/get_online_info", bot_id=BOT).data, WholeBot)
    assert fits(caller.get(f"/v1/bots/{BOT}").data, WholeBot)
    sent = caller.upload("a.png", b"PNG").data
    assert fits(sent, File)
    assert fits(caller.get("/v1/files/retrieve", file_id=sent["id"]).data, File)
    code = caller.call("POST", "/api/permission/oauth2/device/code", {"client_id": "client-1"})
    assert code.body["device_code"]
    assert fits(code.body, DeviceCode)
