"""/v3/chat and what belongs to it: checks, state, cancel, recovery, lists, tools.

See docs/wire.md 2, 4.1-4.4, 9.
"""

from __future__ import annotations

import json

import pytest

from coze_tui.standin.scenarios import (
    Answer,
    AskBack,
    Bot,
    Capture,
    Cut,
    Delta,
    Fail,
    FollowUps,
    Gate,
    RequireAction,
    Step,
    ToolCall,
    Turn,
    Verbose,
)
from tests.support.standin_calls import BOT, Caller, Json, Run, as_list, as_object, question_body, read_events

TEXT = {"role": "user", "content": "hi", "content_type": "text"}


def objects(*parts: Json) -> Json:
    return {"role": "user", "content": json.dumps(list(parts)), "content_type": "object_string"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"bot_id": None}, 4000),
        ({"bot_id": 7511000000000000001}, 4000),
        ({"user_id": None}, 4000),
        ({"user_id": ""}, 4000),
        ({"bot_id": "7511000000000000999"}, 4006),
        ({"bot_id": "7511000000000000002"}, 4015),
        ({"stream": False, "auto_save_history": False}, 4007),
        ({"bot_version": "1", "publish_status": "unpublished_draft"}, 4000),
        ({"messages": []}, 4000),
        ({"additional_messages": None}, 4000),
        ({"messages": {"role": "user"}}, 4000),
        ({"messages": [TEXT] * 101}, 4004),
        ({"messages": ["hi"]}, 4005),
        ({"messages": [{**TEXT, "role": "system"}]}, 4005),
        ({"messages": [{**TEXT, "type": "answer"}]}, 4005),
        ({"messages": [{**TEXT, "type": "follow_up"}]}, 4005),
        ({"messages": [{**TEXT, "content": ""}]}, 4005),
        ({"messages": [{**TEXT, "content": 1}]}, 4005),
        ({"messages": [{**TEXT, "content_type": "card"}]}, 4005),
        ({"messages": [objects({"type": "text", "text": "alone"})]}, 4000),
        ({"messages": [objects({"type": "image", "file_id": "7511000000000000404"})]}, 4000),
        ({"messages": [objects({"type": "image", "file_url": "https://example.invalid/a.png"})]}, 4000),
        ({"messages": [objects({"type": "image"}), TEXT]}, 4000),
        ({"messages": [{**TEXT, "content": "no json", "content_type": "object_string"}]}, 4000),
        ({"meta_data": {str(n): "x" for n in range(17)}}, 4003),
        ({"meta_data": {"k" * 65: "x"}}, 4003),
        ({"meta_data": {"k": ""}}, 4003),
        ({"meta_data": {"k": "v" * 513}}, 4003),
        ({"meta_data": {"k": 1}}, 4003),
    ],
)
def test_a_bad_question_is_refused_in_json(run: Run, fields: Json, code: int) -> None:
    draft = Bot("7511000000000000002", "draft", [Answer("x")], is_published=False)
    caller = run(bots=[Bot(BOT, "bot", [Answer("x")]), draft])
    messages = fields.pop("messages", None)
    answer = caller.post("/v3/chat", question_body("hi", messages=messages, fields=fields))
    assert (answer.status, answer.code) == (200, code)
    assert answer.headers["content-type"].startswith("application/json")
    assert as_object(answer.body["detail"])["logid"] == answer.headers["x-tt-logid"]
    assert answer.body["msg"]


def test_a_body_that_is_no_json_object_is_refused(run: Run) -> None:
    caller = run([Answer("x")])
    assert caller.call("POST", "/v3/chat", b"{").code == 4000
    assert caller.call("POST", "/v3/chat", b"[]").code == 4000


def test_a_draft_can_be_talked_to_as_a_draft(run: Run) -> None:
    caller = run(bots=[Bot(BOT, "draft", [Answer("still a draft")], is_published=False)])
    assert caller.ask("hi", publish_status="unpublished_draft").answer() == "still a draft"


def test_a_file_with_a_text_is_taken_and_its_name_reaches_the_bot(run: Run) -> None:
    caller = run(lambda turn: [Answer(f"{turn.question}: {', '.join(turn.files)}")])
    file_id = caller.upload("cat.png", b"PNG").data["id"]
    parts = objects({"type": "text", "text": "what is it?"}, {"type": "image", "file_id": file_id})
    assert caller.ask("", messages=[parts]).answer() == "what is it?: cat.png"


def test_a_conversation_goes_on_and_is_the_same(run: Run) -> None:
    caller = run(lambda turn: [Answer(f"{len(turn.history)} before")])
    first = caller.ask("one")
    again = caller.ask("two", conversation=str(first.chat()["conversation_id"]))
    assert again.chat()["conversation_id"] == first.chat()["conversation_id"]
    assert again.chat()["id"] != first.chat()["id"]
    assert again.answer() == "1 before"


def test_no_message_is_needed_when_the_conversation_has_some(run: Run) -> None:
    caller = run([Answer("go on")])
    conversation = caller.post("/v1/conversation/create", {"messages": [TEXT]}).data
    assert caller.ask("", messages=[], conversation=str(conversation["id"])).answer() == "go on"


def test_an_unknown_conversation_is_4002(run: Run) -> None:
    assert run([Answer("x")]).ask("hi", conversation="7511000000000009999").code == 4002


def test_without_a_stream_the_chat_is_polled(run: Run) -> None:
    caller = run([Delta("half"), Gate("middle"), Delta(" and half"), Answer("half and half", pieces=())])
    chat = caller.ask("hi", stream=None).data
    assert chat["status"] == "in_progress"
    assert "usage" not in chat
    caller.stand_in.wait_for("middle")
    assert caller.retrieve(chat)["status"] == "in_progress"
    caller.stand_in.release("middle")
    while caller.retrieve(chat)["status"] == "in_progress":
        pass
    listed = caller.get("/v3/chat/message/list", conversation_id=chat["conversation_id"], chat_id=chat["id"])
    assert [m["content"] for m in listed.items if m["type"] == "answer"] == ["half and half"]


def test_the_run_goes_on_when_the_client_hangs_up(run: Run) -> None:
    caller = run(
        [Delta("first "), Gate("middle"), Delta("then "), Gate("end"), Delta("last"), Answer("whole")]
    )
    with caller.open("hi") as line:
        chat = line.chat(until=b"first ")
        caller.stand_in.wait_for("middle")
    caller.stand_in.release("middle")
    caller.stand_in.wait_for("end")
    caller.stand_in.release("end")
    while caller.retrieve(chat)["status"] == "in_progress":
        pass
    assert caller.retrieve(chat)["status"] == "completed"


def test_a_cut_line_leaves_the_answer_at_the_server(run: Run) -> None:
    caller = run([Delta("first "), Cut(), Delta("second"), Answer("first second", pieces=())])
    with caller.open("hi") as line:
        raw = line.body()
        assert not line.whole
    assert b"first " in raw
    assert b"second" not in raw
    chat = as_object(json.loads(read_events(raw.decode())[0][1]))
    while caller.retrieve(chat)["status"] == "in_progress":
        pass
    listed = caller.get("/v3/chat/message/list", conversation_id=chat["conversation_id"], chat_id=chat["id"])
    assert "first second" in [m["content"] for m in listed.items]


def test_a_cut_may_end_the_reply_properly(run: Run) -> None:
    answer = run([Delta("first "), Cut(end=True), Delta("second")]).ask("hi")
    assert answer.names[-1] == "conversation.message.delta"


def test_cancel_flips_the_state_and_leaves_the_stream_open(run: Run) -> None:
    caller = run([Delta("half"), Gate("middle"), Answer("never")])
    with caller.open("hi") as line:
        chat = line.chat(until=b"half")
        caller.stand_in.wait_for("middle")
        ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        canceled = caller.post("/v3/chat/cancel", ids)
        assert canceled.data["status"] == "canceled"
        assert caller.post("/v3/chat/cancel", ids).code == 4104
        assert caller.retrieve(chat)["status"] == "canceled"
        # The conversation is free again, while the stream is still open.
        assert caller.ask("next fault:end-events=2", conversation=str(chat["conversation_id"])).names
    assert [m["content"] for m in messages_of(caller, chat)] == []


def messages_of(caller: Caller, chat: Json) -> list[Json]:
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    return caller.get("/v3/chat/message/list", **query).items


def test_a_canceled_chat_says_so_by_switch(run: Run) -> None:
    caller = run([Delta("half"), Gate("middle"), Answer("never")])
    caller.stand_in.switches.cancel_event = True
    with caller.open("hi") as line:
        chat = line.chat(until=b"half")
        caller.stand_in.wait_for("middle")
        caller.post("/v3/chat/cancel", {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]})
        rest = line.body()
        assert line.whole
    assert b"event:conversation.chat.canceled" in rest
    assert b'"[DONE]"' in rest


def test_cancel_of_something_else_is_refused(run: Run) -> None:
    caller = run([Answer("x")])
    chat = caller.ask("hi").chat()
    cancel = "/v3/chat/cancel"
    ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert caller.post(cancel, ids).code == 4104
    assert caller.post(cancel, {**ids, "chat_id": "7511000000000009999"}).code == 4001
    assert caller.post(cancel, {**ids, "conversation_id": "7511000000000009999"}).code == 4001
    # The ids belong into the body: as query parameters they are not seen.
    assert caller.post(cancel, {}, **ids).code == 4000


def test_a_second_chat_waits_until_the_first_is_over(run: Run) -> None:
    caller = run([Gate("middle"), Answer("done")])
    with caller.open("one") as line:
        caller.stand_in.wait_for("middle")
        conversation = str(line.chat(until=b"in_progress\n")["conversation_id"])
        busy = caller.ask("two", conversation=conversation)
        assert busy.events == [("error", '{"code":4016,"msg":"Conversation occupied (sample)"}')]
        assert caller.ask("two", conversation=conversation, stream=False).code == 4016
        caller.stand_in.release("middle")
        line.body()
        assert line.whole
    assert caller.ask("three", conversation=conversation).answer() == "done"


def test_what_is_not_saved_is_not_known_afterwards(run: Run) -> None:
    caller = run([RequireAction((ToolCall("a", "b", {}),))])
    chat = caller.ask("hi", auto_save_history=False).chat()
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert caller.get("/v3/chat/retrieve", **query).code == 4001
    assert caller.get("/v3/chat/message/list", **query).code == 4001
    assert caller.post("/v3/chat/submit_tool_outputs", {"tool_outputs": []}, **query).code == 5000
    listed = caller.post("/v1/conversation/message/list", {}, conversation_id=chat["conversation_id"])
    assert listed.items == []


def test_retrieve_shows_usage_meta_data_and_the_question(run: Run) -> None:
    caller = run([Answer("some words to count")])
    chat = caller.ask("hi", meta_data={"k": "v"}).chat()
    whole = caller.retrieve(chat)
    assert whole["status"] == "completed"
    assert whole["meta_data"] == {"k": "v"}
    usage = as_object(whole["usage"])
    assert usage["token_count"] == int(str(usage["input_count"])) + int(str(usage["output_count"]))
    assert int(str(usage["output_count"])) > 0
    [inserted] = as_list(whole["inserted_additional_messages"])
    found = caller.get(
        "/v1/conversation/message/retrieve",
        conversation_id=chat["conversation_id"],
        message_id=inserted["id"],
    )
    assert found.data["content"] == "hi"


def test_retrieve_and_list_work_by_post_too(run: Run) -> None:
    caller = run([Answer("x")])
    chat = caller.ask("hi").chat()
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    assert caller.post("/v3/chat/retrieve", **query).data["status"] == "completed"
    assert caller.post("/v3/chat/message/list", **query).items


def test_the_list_of_a_chat_is_scrambled_and_without_the_question(run: Run) -> None:
    caller = run([Answer("one", message="1"), Answer("two", message="2"), FollowUps(("more?",))])
    chat = caller.ask("hi").chat()
    types = [message["type"] for message in messages_of(caller, chat)]
    assert types == ["verbose", "follow_up", "answer", "answer"]
    caller.stand_in.switches.stable_lists = True
    assert [message["type"] for message in messages_of(caller, chat)] == [
        "answer",
        "answer",
        "verbose",
        "follow_up",
    ]


def test_the_list_of_a_failed_chat_has_no_data(run: Run) -> None:
    caller = run([Delta("x"), Fail(4028, "quota")])
    chat = caller.ask("hi").chat()
    listed = caller.get("/v3/chat/message/list", conversation_id=chat["conversation_id"], chat_id=chat["id"])
    assert listed.code == 0
    assert "data" not in listed.body
    assert caller.retrieve(chat)["last_error"] == {"code": 4028, "msg": "quota"}


def test_done_after_failed_is_a_switch(run: Run) -> None:
    caller = run([Fail()])
    assert caller.ask("hi").names[-2:] == ["conversation.chat.failed", "done"]
    caller.stand_in.switches.done_after_failed = False
    assert caller.ask("hi").names[-1] == "conversation.chat.failed"


def test_tool_outputs_must_be_all_and_only_those_asked_for(run: Run) -> None:
    calls = (ToolCall("d", "clock", {}, "one"), ToolCall("d", "battery", '{"bad', "two"))

    def after(turn: Turn) -> list[Step]:
        return [Answer(f"{turn.outputs['one']} and {turn.outputs['two']}")]

    caller = run([RequireAction(calls), after])
    asked = caller.ask("both")
    chat = asked.objects("conversation.chat.requires_action")[0]
    action = as_object(as_object(chat["required_action"])["submit_tool_outputs"])
    wanted = as_list(action["tool_calls"])
    assert [as_object(call["function"])["arguments"] for call in wanted] == ["{}", '{"bad']
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}

    path = "/v3/chat/submit_tool_outputs"
    for ids in ((), ("one",), ("one", "two", "three"), ("one", "three")):
        outputs = [{"tool_call_id": id_, "output": "x"} for id_ in ids]
        assert caller.post(path, {"tool_outputs": outputs}, **query).code == 4000
    assert caller.post(path, {"tool_outputs": [{"tool_call_id": "one", "output": {}}]}, **query).code == 4000
    assert caller.post("/v3/chat/cancel", query).code == 4104
    assert caller.ask("other", conversation=str(chat["conversation_id"])).names == ["error"]
    outputs = [{"tool_call_id": id_, "output": f"output {id_}"} for id_ in ("two", "one")]
    answer = caller.post(path, {"tool_outputs": outputs, "stream": True}, **query)
    assert answer.names[0] == "conversation.chat.in_progress"
    assert answer.answer() == "output one and output two"
    assert caller.post(path, {"tool_outputs": outputs}, **query).code == 4000


def test_tool_outputs_without_a_stream(run: Run) -> None:
    caller = run([RequireAction((ToolCall("d", "clock", {}, "one"),)), Answer("thanks")])
    chat = caller.ask("hi").objects("conversation.chat.requires_action")[0]
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    body = {"tool_outputs": [{"tool_call_id": "one", "output": "x"}]}
    assert caller.post("/v3/chat/submit_tool_outputs", body, **query).data["status"] == "in_progress"
    while caller.retrieve(chat)["status"] == "in_progress":
        pass
    assert "thanks" in [message["content"] for message in messages_of(caller, chat)]


def test_a_chat_may_require_action_twice(run: Run) -> None:
    first, second = ToolCall("d", "a", {}, "one"), ToolCall("d", "b", {}, "two")
    caller = run([RequireAction((first,)), RequireAction((second,)), Answer("both")])
    chat = caller.ask("hi").objects("conversation.chat.requires_action")[0]
    query = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
    path = "/v3/chat/submit_tool_outputs"
    body = {"tool_outputs": [{"tool_call_id": "one", "output": "1"}], "stream": True}
    assert caller.post(path, body, **query).names[-2] == "conversation.chat.requires_action"
    body = {"tool_outputs": [{"tool_call_id": "two", "output": "2"}], "stream": True}
    assert caller.post(path, body, **query).answer() == "both"


def test_a_question_node_goes_on_with_the_next_message(run: Run) -> None:
    caller = run([AskBack("sweet?"), lambda turn: [Answer(f"so: {turn.outputs['reply']}")]])
    asked = caller.ask("breakfast")
    assert asked.answer() == "sweet?"
    chat = asked.objects("conversation.chat.requires_action")[0]
    action = as_object(as_object(chat["required_action"])["submit_tool_outputs"])
    [call] = as_list(action["tool_calls"])
    assert (call["type"], call["function"]) == ("reply_message", None)
    again = caller.ask("savory", conversation=str(chat["conversation_id"]))
    assert again.chat()["id"] != chat["id"]
    assert again.answer() == "so: savory"


def test_a_capture_is_sent_again_and_known_afterwards(run: Run) -> None:
    recorded = run([Answer("recorded"), Verbose("hook_call")]).ask("hi")
    times = b": coze-tui capture\n" + recorded.raw.replace(b"event:", b": at 12\nevent:")
    caller = run([Capture(times)])
    again = caller.ask("anything")
    assert again.raw == recorded.raw
    chat = recorded.chat()
    assert caller.retrieve(chat) == {
        **recorded.objects("conversation.chat.completed")[0],
        "inserted_additional_messages": caller.retrieve(chat)["inserted_additional_messages"],
        "created_at": caller.retrieve(chat)["created_at"],
    }
    assert "recorded" in [message["content"] for message in messages_of(caller, chat)]


def test_a_scenario_that_breaks_does_not_keep_its_client_waiting(run: Run) -> None:
    def broken(turn: Turn) -> list[Step]:
        raise LookupError(turn.question)

    caller = run([Delta("x"), broken])
    with caller.open("hi") as line:
        assert b'"content":"x"' in line.body()
