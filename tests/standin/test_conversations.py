"""Conversations and their messages (docs/wire.md 4.6, 4.7)."""

from __future__ import annotations

import pytest

from coze_tui.standin.scenarios import Answer, FollowUps, FunctionCall, ToolResponse
from tests.support.standin_calls import BOT, Caller, Json, Run, as_list, as_object

TEXT: Json = {"role": "user", "content": "hi", "content_type": "text"}
MESSAGE = "/v1/conversation/message"


@pytest.fixture
def caller(run: Run) -> Caller:
    return run([Answer("x")])


def create(caller: Caller, **fields: object) -> Json:
    return caller.post("/v1/conversation/create", fields).data


def test_create_and_retrieve(caller: Caller) -> None:
    made = create(caller, bot_id=BOT, name="茶", meta_data={"k": "v"})
    assert (made["name"], made["meta_data"], made["last_section_id"]) == ("茶", {"k": "v"}, made["id"])
    assert caller.get("/v1/conversation/retrieve", conversation_id=made["id"]).data == made
    assert caller.post("/v1/conversation/create").code == 0


def test_a_conversation_without_a_name_is_named_after_its_first_message(caller: Caller) -> None:
    assert create(caller, messages=[TEXT])["name"] == "hi"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"bot_id": "7511000000000000999"}, 5000),
        ({"name": "n" * 101}, 4000),
        ({"messages": [TEXT] * 17}, 4004),
        ({"messages": [{**TEXT, "role": "robot"}]}, 4005),
        ({"meta_data": {"": "x"}}, 4003),
    ],
)
def test_a_bad_create_is_refused(caller: Caller, fields: Json, code: int) -> None:
    assert caller.post("/v1/conversation/create", fields).code == code


def test_list_pages_by_bot_and_channel(caller: Caller) -> None:
    made = [create(caller, bot_id=BOT, name=f"{n}")["name"] for n in range(5)]
    create(caller, bot_id=BOT, connector_id="999")
    create(caller)

    def names(**query: object) -> tuple[list[object], object]:
        data = caller.get("/v1/conversations", bot_id=BOT, **query).data
        return [item["name"] for item in as_list(data["conversations"])], data["has_more"]

    assert names() == (made[::-1], False)
    assert names(sort_order="ASC") == (made, False)
    assert names(page_size=2) == (["4", "3"], True)
    assert names(page_size=2, page_num=3) == (["0"], False)
    assert names(page_size=2, page_num=4) == ([], False)
    for bad in ({"page_size": 51}, {"page_num": 0}, {"page_num": "x"}):
        assert caller.get("/v1/conversations", bot_id=BOT, **bad).code == 4000
    assert caller.get("/v1/conversations").code == 4000


def test_rename_clear_and_delete(caller: Caller) -> None:
    made = create(caller, bot_id=BOT, messages=[TEXT])
    path = f"/v1/conversations/{made['id']}"
    assert caller.call("PUT", path, {"name": "new"}).data["name"] == "new"
    assert caller.call("PUT", path, {"name": ""}).code == 4000
    section = caller.post(f"{path}/clear").data
    assert section["conversation_id"] == made["id"]
    assert section["id"] != made["last_section_id"]
    after = caller.get("/v1/conversation/retrieve", conversation_id=made["id"]).data
    assert after["last_section_id"] == section["id"]
    # The old messages stay listed; new ones belong to the new section.
    assert len(caller.post(f"{MESSAGE}/list", {}, conversation_id=made["id"]).items) == 1
    assert caller.ask("more", conversation=str(made["id"])).chat()["section_id"] == section["id"]
    assert caller.call("DELETE", path).code == 0
    assert caller.call("DELETE", path).code == 4002
    assert caller.get("/v1/conversation/retrieve", conversation_id=made["id"]).code == 4002


def test_messages_of_a_chat_are_listed_without_its_chatter(run: Run) -> None:
    caller = run([FunctionCall("a", "b", {}), ToolResponse("c"), Answer("d"), FollowUps(("e",))])
    chat = caller.ask("hi").chat()
    listed = caller.post(f"{MESSAGE}/list", {"order": "asc"}, conversation_id=chat["conversation_id"]).items
    assert [message["type"] for message in listed] == ["question", "function_call", "tool_response", "answer"]
    assert {message["chat_id"] for message in listed} == {chat["id"]}


def test_messages_page_both_ways(caller: Caller) -> None:
    made = create(caller, messages=[{**TEXT, "content": str(n)} for n in range(7)])

    def page(**body: object) -> tuple[list[object], Json]:
        reply = caller.post(f"{MESSAGE}/list", {"limit": 3, **body}, conversation_id=made["id"])
        return [message["content"] for message in reply.items], reply.body

    first, body = page()
    assert (first, body["has_more"]) == (["6", "5", "4"], True)
    second, body = page(after_id=body["last_id"])
    assert (second, body["has_more"]) == (["3", "2", "1"], True)
    back, again = page(before_id=body["first_id"])
    assert (back, again["has_more"]) == (first, False)
    third, body = page(after_id=body["last_id"])
    assert (third, body["has_more"]) == (["0"], False)
    assert page(order="asc")[0] == ["0", "1", "2"]
    for bad in ({"limit": 51}, {"limit": "x"}, {"after_id": "1"}, {"before_id": "1"}):
        assert caller.post(f"{MESSAGE}/list", bad, conversation_id=made["id"]).code == 4000


def test_messages_can_be_listed_by_chat(caller: Caller) -> None:
    first = caller.ask("one").chat()
    conversation = str(first["conversation_id"])
    caller.ask("two", conversation=conversation)
    listed = caller.post(f"{MESSAGE}/list", {"chat_id": first["id"]}, conversation_id=conversation).items
    assert [message["content"] for message in listed] == ["x", "one"]


def test_an_empty_list_has_ids_too(caller: Caller) -> None:
    reply = caller.post(f"{MESSAGE}/list", {}, conversation_id=create(caller)["id"])
    assert (reply.items, reply.body["first_id"], reply.body["last_id"]) == ([], "0", "0")
    assert reply.body["has_more"] is False


def test_a_message_is_made_read_changed_and_deleted(caller: Caller) -> None:
    conversation = create(caller)["id"]
    made = caller.post(
        f"{MESSAGE}/create", {**TEXT, "meta_data": {"a": "b"}}, conversation_id=conversation
    ).data
    query = {"conversation_id": conversation, "message_id": made["id"]}
    # A message that was made without a type has none.
    assert (made["type"], made["content"], made["meta_data"]) == ("", "hi", {"a": "b"})
    assert caller.get(f"{MESSAGE}/retrieve", **query).data == made
    changed = caller.post(f"{MESSAGE}/modify", {"content": "new", "meta_data": {"c": "d"}}, **query)
    assert "data" not in changed.body
    assert as_object(changed.body["message"])["content"] == "new"
    assert caller.get(f"{MESSAGE}/retrieve", **query).data["meta_data"] == {"c": "d"}
    assert caller.post(f"{MESSAGE}/modify", {"content": ""}, **query).code == 4005
    assert caller.post(f"{MESSAGE}/delete", **query).data["id"] == made["id"]
    assert caller.get(f"{MESSAGE}/retrieve", **query).code == 4000
    assert caller.post(f"{MESSAGE}/create", TEXT, conversation_id="1").code == 4002
