"""What a self-hosted coze-studio does differently (docs/wire.md 3.8, 4)."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from coze_tui.standin.scenarios import (
    Answer,
    AskBack,
    Delta,
    Fail,
    FunctionCall,
    Gate,
    Knowledge,
    RequireAction,
    ToolCall,
    ToolResponse,
)
from tests.support.standin_calls import BOT, Caller, Json, Run, as_object

TEXT: Json = {"role": "user", "content": "hi", "content_type": "text"}
COMPLETED = "conversation.message.completed"


@pytest.fixture
def studio(run: Run) -> Callable[..., Caller]:
    return lambda scenario=(): run(scenario, profile="studio")


@pytest.mark.parametrize("header", ["", "Bearer wrong"])
def test_any_failed_authentication_is_700012006(studio: Run, header: str) -> None:
    reply = studio().call("POST", "/v3/chat", {}, headers={"Authorization": header})
    assert (reply.status, reply.code) == (200, 700012006)
    assert "detail" not in reply.body
    assert "x-log-id" in reply.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v3/chat/submit_tool_outputs"),
        ("GET", "/v1/users/me"),
        ("GET", "/v1/workspaces"),
        ("GET", "/v1/bots"),
        ("GET", f"/v1/bots/{BOT}/versions"),
        ("GET", "/v1/files/retrieve"),
        ("POST", "/v1/conversation/message/create"),
        ("GET", "/v1/conversation/message/retrieve"),
        ("POST", "/v3/chat/retrieve"),
        ("POST", "/api/permission/oauth2/device/code"),
        ("GET", "/v1/nothing"),
    ],
)
def test_what_is_not_served_wants_a_session_key(studio: Run, method: str, path: str) -> None:
    reply = studio().call(method, path)
    assert (reply.status, reply.code, reply.body["msg"]) == (401, 401, "missing session_key in cookie")


def test_any_other_path_is_the_web_page(studio: Run) -> None:
    reply = studio().get("/space/7512/develop")
    assert (reply.status, reply.headers["content-type"]) == (200, "text/html")
    assert reply.raw.startswith(b"<!doctype html>")


def test_a_bot_id_must_be_text_of_digits(studio: Run) -> None:
    for bad in (7511000000000000001, "bot", None):
        reply = studio([Answer("x")]).post("/v3/chat", {"bot_id": bad, "user_id": "u"})
        assert (reply.status, reply.code) == (400, 400)


def test_streaming_is_the_default(studio: Run) -> None:
    body = {"bot_id": BOT, "user_id": "u", "additional_messages": [TEXT]}
    caller = studio([Answer("x")])
    assert caller.post("/v3/chat", body).events[-1] == ("conversation.stream.done", "")
    assert caller.post("/v3/chat", {**body, "stream": False}).data["status"] == "in_progress"
    unknown = {**body, "stream": False, "bot_id": "7511000000000000999"}
    assert caller.post("/v3/chat", unknown).status == 400


def test_a_conversation_that_is_not_there_becomes_a_new_one(studio: Run) -> None:
    caller = studio([Answer("x")])
    assert (
        caller.ask("hi", conversation="7512000000000099999").chat()["conversation_id"]
        != "7512000000000099999"
    )


def test_several_chats_may_run_in_one_conversation(studio: Run) -> None:
    caller = studio([Delta("x"), Gate("one"), Answer("y")])
    with caller.open("hi") as line:
        chat = line.chat(until=b'"content":"x"')
        caller.stand_in.release("one")
        assert caller.ask("again", conversation=str(chat["conversation_id"])).answer() == "y"


def test_a_failure_is_an_error_and_then_completed(studio: Run) -> None:
    names = studio([Delta("x"), Fail(4028, "quota")]).ask("hi")
    assert names.names[-3:] == ["error", "conversation.chat.completed", "conversation.stream.done"]
    assert names.objects("error") == [{"code": 103200002, "msg": "Internal Server Error"}]


def test_no_usage_in_chats_but_tokens_in_the_answer(studio: Run) -> None:
    reply = studio([Answer("some words to count")]).ask("hi")
    assert all(
        "usage" not in json.loads(data) for name, data in reply.events if name.startswith("conversation.chat")
    )
    [answer] = [m for m in reply.objects(COMPLETED) if m["type"] == "answer"]
    used = as_object(answer["meta_data"])
    assert set(used) == {"token", "input_tokens", "output_tokens", "time_cost"}
    assert int(str(used["token"])) == int(str(used["input_tokens"])) + int(str(used["output_tokens"]))


def test_completed_has_no_reasoning(studio: Run) -> None:
    reply = studio([Answer("four", reasoning="two and two")]).ask("hi")
    deltas = reply.objects("conversation.message.delta")
    assert "".join(str(delta["reasoning_content"]) for delta in deltas) == "two and two"
    assert {message["reasoning_content"] for message in reply.objects(COMPLETED)} == {""}


def test_tools_have_other_shapes(studio: Run) -> None:
    steps = [Knowledge((("doc", "text"),)), FunctionCall("ferry", "next", {"pier": 3}), ToolResponse("18:40")]
    knowledge, call, response = studio(steps).ask("hi").objects(COMPLETED)
    assert json.loads(str(knowledge["content"]))["msg_type"] == "knowledge_recall"
    content = json.loads(str(call["content"]))
    assert content["function"] == {"name": "next", "arguments": '{"pier":3}'}
    assert content["id"].startswith("call_")
    assert response["content"] == "18:40"


@pytest.mark.parametrize("step", [AskBack("which one?"), RequireAction((ToolCall("d", "clock", {}),))])
def test_an_interrupt_is_an_answer_and_the_next_message_goes_on(
    studio: Run, step: AskBack | RequireAction
) -> None:
    caller = studio([step, lambda turn: [Answer(f"so {turn.outputs['reply']}")]])
    asked = caller.ask("hi")
    assert asked.names[-2:] == ["conversation.chat.completed", "conversation.stream.done"]
    verbose = [
        json.loads(str(m["content"]))["msg_type"] for m in asked.objects(COMPLETED) if m["type"] == "verbose"
    ]
    assert verbose == ["interrupt", "generate_answer_finish"]
    assert asked.answer()
    again = caller.ask("the second", conversation=str(asked.chat()["conversation_id"]))
    assert again.answer() == "so the second"


def test_cancel_has_another_key_and_the_run_goes_on(studio: Run) -> None:
    caller = studio([Delta("x"), Gate("one"), Answer("y")])
    with caller.open("hi") as line:
        chat = line.chat(until=b'"content":"x"')
        ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        reply = caller.post("/v3/chat/cancel", ids)
        assert set(reply.body) == {"ChatV3ChatDetail"}
        assert as_object(reply.body["ChatV3ChatDetail"])["status"] == "cancelled"
        assert caller.post("/v3/chat/cancel", ids).status == 400
        caller.stand_in.release("one")
        assert b"conversation.chat.completed" in line.body()
    assert caller.retrieve(chat)["status"] == "completed"
    assert caller.post("/v3/chat/cancel", {**ids, "chat_id": "1"}).status == 400


def test_lists_have_other_keys(studio: Run) -> None:
    caller = studio([Answer("x")])
    chat = caller.ask("hi").chat()
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    listed = caller.get("/v3/chat/message/list", **query)
    assert "data" not in listed.body
    messages = listed.body["Messages"]
    assert isinstance(messages, list)
    assert [message["type"] for message in messages] == ["question", "answer", "verbose"]
    retrieved = caller.get("/v1/conversation/retrieve", conversation_id=chat["conversation_id"])
    assert as_object(retrieved.body["ConversationData"])["creator_d"]
    missing = caller.get("/v3/chat/retrieve", conversation_id="1", chat_id="2")
    assert (missing.status, missing.headers["content-type"]) == (500, "text/plain; charset=utf-8")
    assert caller.get("/v1/conversation/retrieve", conversation_id="1").code == 103000002


def test_messages_are_questions_and_answers_newest_first(studio: Run) -> None:
    caller = studio([FunctionCall("a", "b", {}), Answer("x")])
    path = "/v1/conversation/message/list"
    empty = caller.post("/v1/conversation/create", {"name": "ignored", "messages": [TEXT]}).data
    assert empty["name"] == ""
    assert "data" not in caller.post(path, {}, conversation_id=empty["id"]).body
    caller.ask("hi", conversation=str(empty["id"]))
    listed = caller.post(path, {"order": "asc"}, conversation_id=empty["id"]).items
    assert [message["type"] for message in listed] == ["answer", "question"]
    back = caller.post(path, {"before_id": listed[0]["id"]}, conversation_id=empty["id"]).items
    assert [message["type"] for message in back] == ["question"]


def test_a_mixture_is_called_mix(studio: Run) -> None:
    parts = [{"type": "text", "text": "look"}, {"type": "image", "file_url": "https://example.invalid/a.png"}]
    mixture = {"role": "user", "content": json.dumps(parts), "content_type": "object_string"}
    caller = studio([Answer("x")])
    chat = caller.ask("", messages=[mixture]).chat()
    listed = caller.post("/v1/conversation/message/list", {}, conversation_id=chat["conversation_id"]).items
    assert [message["content_type"] for message in listed] == ["text", "mix"]


def test_bots_and_files(studio: Run) -> None:
    caller = studio([Answer("x")])
    assert caller.get(f"/v1/bots/{BOT}").data["bot_id"] == BOT
    assert caller.get("/v1/bots/7511000000000000999").code == 103100002
    assert caller.get("/v1/bot/get_online_info", bot_id=BOT).status == 500
    assert caller.get("/v1/bot/get_online_info", bot_id=BOT, connector_id="1024").body["bot_id"] == BOT
    file = caller.upload("a.pdf", b"x").data
    assert file["CreatedAt"]
    assert "created_at" not in file
