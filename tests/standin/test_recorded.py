"""A bot that plays a capture: streams, tool outputs, cuts and polls are as they really were."""

from __future__ import annotations

import pytest

from coze_tui.standin.recorded import streams
from coze_tui.standin.scenarios import Answer, Capture, Error, Fail, RequireAction, ToolCall
from tests.support.standin_calls import Answer as Reply
from tests.support.standin_calls import Caller, Json, Run, question_body

CREATED = b'event:conversation.chat.created\ndata:{"id":"71","conversation_id":"72","status":"created"}\n\n'
HALF = b'event:conversation.message.delta\ndata:{"id":"73","type":"answer","content":"ha"}\n\n'
WHOLE = b'event:conversation.message.completed\ndata:{"id":"73","type":"answer","content":"half"}\n\n'
OVER = b'event:conversation.chat.completed\ndata:{"id":"71","conversation_id":"72","status":"completed"}\n\n'
DONE = b'event:done\ndata:"[DONE]"\n\n'
FETCHED = b"id:retrieved\n"


def recorded(run: Run, scenario: object, outputs: dict[str, str] | None = None) -> bytes:
    """The bytes of a whole chat of a scenario, tool outputs included."""
    caller = run(scenario)
    first = caller.ask("hi")
    data = first.raw
    if outputs is not None:
        chat = first.objects("conversation.chat.requires_action")[0]
        data += submit(caller, chat, outputs).raw
    return data


def submit(caller: Caller, chat: Json, outputs: dict[str, str]) -> Reply:
    body = {
        "tool_outputs": [{"tool_call_id": name, "output": text} for name, text in outputs.items()],
        "stream": True,
    }
    return caller.post(
        "/v3/chat/submit_tool_outputs", body, conversation_id=chat["conversation_id"], chat_id=chat["id"]
    )


def contents(caller: Caller, chat: Json) -> list[object]:
    found = caller.get(
        "/v3/chat/message/list", conversation_id=chat["conversation_id"], chat_id=chat["id"]
    ).items
    return [message["content"] for message in found]


def test_a_chat_that_asked_for_tool_outputs_asks_again_and_goes_on(run: Run) -> None:
    scenario = [RequireAction((ToolCall("home", "lamp", {}, "one"),)), Answer("It is on.")]
    data = recorded(run, scenario, {"one": "ok"})
    caller = run([Capture(data)])
    first = caller.ask("anything")
    assert first.names[-2:] == ["conversation.chat.requires_action", "done"]
    chat = first.objects("conversation.chat.requires_action")[0]
    assert caller.retrieve(chat)["status"] == "requires_action"
    rest = submit(caller, chat, {"one": "other"})
    assert rest.names[0] == "conversation.chat.in_progress"
    assert first.raw + rest.raw == data
    assert caller.retrieve(chat)["status"] == "completed"
    assert "It is on." in contents(caller, chat)


def test_outputs_of_another_call_are_refused_as_by_the_service(run: Run) -> None:
    scenario = [RequireAction((ToolCall("home", "lamp", {}, "one"),)), Answer("It is on.")]
    caller = run([Capture(recorded(run, scenario, {"one": "ok"}))])
    chat = caller.ask("anything").objects("conversation.chat.requires_action")[0]
    assert submit(caller, chat, {"two": "ok"}).code == 4000


def test_a_cut_stream_is_cut_again_and_the_rest_can_be_fetched(run: Run) -> None:
    caller = run([Capture(CREATED + HALF + FETCHED + WHOLE + OVER)])
    again = caller.ask("anything")
    assert again.raw == CREATED + HALF
    assert caller.retrieve(again.chat())["status"] == "completed"
    assert contents(caller, again.chat()) == ["half"]


def test_what_was_only_fetched_is_sent_as_a_stream_without_our_ids(run: Run) -> None:
    caller = run([Capture(FETCHED + CREATED + WHOLE + OVER)])
    assert caller.ask("anything").raw == CREATED + WHOLE + OVER


def test_a_client_that_polls_finds_the_recorded_chat(run: Run) -> None:
    caller = run([Capture(CREATED + HALF + WHOLE + OVER + DONE)])
    started = caller.post("/v3/chat", question_body("anything", fields={"stream": False})).data
    assert (started["id"], started["conversation_id"]) == ("71", "72")
    while caller.retrieve(started)["status"] != "completed":
        pass
    assert contents(caller, started) == ["half"]


@pytest.mark.parametrize(
    ("scenario", "code"), [([Fail(4028, "quota")], 4028), ([Answer("x"), Error(4013, "model")], 4013)]
)
def test_a_failed_chat_fails_again_with_its_code(run: Run, scenario: object, code: int) -> None:
    caller = run([Capture(recorded(run, scenario))])
    chat = caller.retrieve(caller.ask("anything").chat())
    assert chat["status"] == "failed"
    error = chat["last_error"]
    assert isinstance(error, dict)
    assert error["code"] == code


def test_a_recorded_chat_that_still_plays_can_be_canceled(run: Run) -> None:
    slow = CREATED + b": at 3600000000\n" + HALF
    caller = run([Capture(slow)], pace=1)
    with caller.open("anything") as line:
        chat = line.chat(b"\n\n")
        ids = {"conversation_id": chat["conversation_id"], "chat_id": chat["id"]}
        assert caller.retrieve(chat)["status"] == "in_progress"
        assert caller.post("/v3/chat/cancel", ids).data["status"] == "canceled"


def test_it_can_be_asked_again_and_again(run: Run) -> None:
    caller = run([Capture(CREATED + WHOLE + OVER + DONE)])
    first, second = caller.ask("one"), caller.ask("two", conversation="72")
    assert first.raw == second.raw
    assert contents(caller, second.chat()) == ["half"]


@pytest.mark.parametrize("data", [b"", b"\n\n", b": only a comment\n", b"\x89PNG\r\n\x1a\n\0"])
def test_what_is_no_capture_is_a_stream_of_it_and_breaks_nothing(run: Run, data: bytes) -> None:
    caller = run([Capture(data)])
    caller.ask("anything")
    assert len(streams(data)) == 1
    assert caller.get("/v1/users/me").code == 0
