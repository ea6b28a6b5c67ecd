"""Events in, updates out: what a stream of chat events means."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.events import parse_event
from coze_tui.api.objects import Frame, MessageType, Usage
from coze_tui.engine.model.outcomes import Outcome, Silence
from coze_tui.engine.model.parts import Answer, Tool
from coze_tui.engine.model.state import RETRIEVED, TurnState
from coze_tui.engine.model.transcript import ToolTranscript, chat_transcripts
from coze_tui.engine.model.updates import (
    ActionRequired,
    AgentChanged,
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    EventNoted,
    EventRecord,
    FollowUpOffered,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnUpdate,
    UsageReported,
)
from coze_tui.engine.session.recorder import messages_of

CHAT = {"id": "7511000000000010001", "conversation_id": "7511000000000010002", "section_id": "9"}


def frame(event: str, data: object, at_us: int = 0) -> Frame:
    return Frame(event, data if isinstance(data, str) else json.dumps(data), at_us)


def chat(name: str, at_us: int = 0, **more: object) -> Frame:
    return frame(f"conversation.chat.{name}", CHAT | {"status": name} | more, at_us)


def delta(content: str = "", *, id: str = "m1", at_us: int = 0, **more: object) -> Frame:
    data = {"id": id, "role": "assistant", "type": "answer", "content": content, "content_type": "text"}
    return frame("conversation.message.delta", data | more, at_us)


def message(type: str, content: str, *, id: str = "m1", at_us: int = 0, **more: object) -> Frame:
    data = {"id": id, "role": "assistant", "type": type, "content": content, "content_type": "text"}
    return frame("conversation.message.completed", data | more, at_us)


def verbose(msg_type: str, data: object = "") -> Frame:
    return message("verbose", json.dumps({"msg_type": msg_type, "data": data}), id="v")


FINISHED = verbose("generate_answer_finish", '{"finish_reason":0,"FinData":""}')
START = (chat("created"), chat("in_progress"))


def run(*frames: Frame, state: TurnState | None = None) -> tuple[TurnState, list[TurnUpdate]]:
    state = state or TurnState()
    return state, [update for item in frames for update in state.apply(parse_event(item))]


def texts(state: TurnState) -> list[str]:
    return [answer.whole_text for answer in state.answers]


def phases(updates: list[TurnUpdate]) -> list[Phase | Outcome]:
    return [update.phase for update in updates if isinstance(update, PhaseChanged)]


def notes(updates: list[TurnUpdate]) -> list[str]:
    return [update.record.name for update in updates if isinstance(update, EventNoted)]


def test_a_plain_chat_goes_through_its_phases_and_ends_completed() -> None:
    state, updates = run(
        *START,
        delta("河流把", at_us=5),
        delta("盐带进海里。"),
        message("answer", "河流把盐带进海里。"),
        FINISHED,
        message("follow_up", "死海为什么更咸？", id="f"),
        chat("completed", usage={"token_count": 210, "output_count": 18, "input_count": 192}),
        frame("done", '"[DONE]"'),
    )
    assert phases(updates) == [Phase.CREATED, Phase.IN_PROGRESS, Phase.ANSWERING, Phase.SETTLING]
    assert texts(state) == ["河流把盐带进海里。"]
    assert state.outcome is Outcome.COMPLETED
    assert state.is_done
    assert ChatIdentified(CHAT["id"], CHAT["conversation_id"], "9") in updates
    assert FollowUpOffered("死海为什么更咸？", 0) in updates
    assert UsageReported(Usage(210, 18, 192)) in updates
    assert AnswerGrew("m1", "河流把", (5,), delta("河流把").bytes) in updates
    assert notes(updates) == [
        *("created", "in_progress", "answer", "verbose", "follow_up", "completed", "done"),
    ]


def test_every_event_but_a_delta_is_noted_with_its_frame_number() -> None:
    _, updates = run(chat("created"), delta("a"), frame("conversation.ack", ""), message("answer", "a"))
    records = [update.record for update in updates if isinstance(update, EventNoted)]
    assert [(record.name, record.frame_number) for record in records] == [
        ("created", 1),
        ("conversation.ack", 3),
        ("answer", 4),
    ]


def test_the_completed_text_wins_over_the_joined_deltas() -> None:
    state, updates = run(
        *START, delta("20"), delta("星期三。"), message("answer", "2025 年是星期三。", at_us=7)
    )
    assert texts(state) == ["2025 年是星期三。"]
    assert updates[-2] == AnswerSettled("m1", "2025 年是星期三。", "", 7)


def test_an_empty_completed_keeps_text_and_reasoning_of_the_deltas() -> None:
    state, _ = run(*START, delta(reasoning_content="想一想"), delta("好"), message("answer", ""))
    assert texts(state) == ["好"]
    assert state.answers[0].whole_reasoning == "想一想"


def test_reasoning_comes_first_and_has_its_own_phase_and_update() -> None:
    _, updates = run(
        *START, delta(reasoning_content="17 不能被"), delta(reasoning_content=" 2 整除"), delta("质数")
    )
    assert phases(updates)[2:] == [Phase.REASONING, Phase.ANSWERING]
    assert [update.text for update in updates if isinstance(update, ReasoningGrew)] == [
        "17 不能被",
        " 2 整除",
    ]


def test_a_delta_with_text_and_reasoning_is_counted_once() -> None:
    _, updates = run(*START, delta("b", reasoning_content="a", at_us=3))
    grown = [update for update in updates if isinstance(update, AnswerGrew | ReasoningGrew)]
    assert [update.arrivals_us for update in grown] == [(), (3,)]


def test_several_answers_stay_apart() -> None:
    state, _ = run(
        *START, delta("A", id="1"), delta("B", id="2"), delta("a", id="1"), message("answer", "Bb", id="2")
    )
    assert texts(state) == ["Aa", "Bb"]


ALPHA = message("answer", "alpha omega")


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([ALPHA, ALPHA], ["alpha omega"]),
        ([ALPHA, message("answer", "")], ["alpha omega"]),
        ([ALPHA, message("answer", "alpha")], ["alpha omega"]),
        ([ALPHA, message("answer", "alpha omega psi")], ["alpha omega psi"]),
        ([ALPHA, delta("alpha "), delta("omega")], ["alpha omega"]),
        ([ALPHA, delta("omega"), ALPHA], ["alpha omega"]),
        ([ALPHA, delta("LATE"), ALPHA], ["alpha omega"]),
        (
            [ALPHA, message("answer", "second"), message("answer", "third")],
            ["alpha omega", "second", "third"],
        ),
        ([ALPHA, delta("sec"), delta("ond"), message("answer", "second")], ["alpha omega", "second"]),
        ([ALPHA, delta("second")], ["alpha omega", "second"]),
        ([ALPHA, delta("second"), message("function_call", "{}", id="t")], ["alpha omega", "second"]),
    ],
)
def test_a_text_under_the_id_of_a_completed_answer_is_another_answer_or_a_repetition(
    frames: list[Frame], expected: list[str]
) -> None:
    state, updates = run(*START, *frames, chat("completed"))
    assert texts(state) == expected
    settled = {u.message_id: u.text for u in updates if isinstance(u, AnswerSettled)}
    assert list(settled.values()) == expected
    grown = "".join(u.text for u in updates if isinstance(u, AnswerGrew))
    assert grown == ""  # what is held back is not shown before it is known what it is


CALL = message("function_call", '{"name":"search","arguments":{}}', id="call")


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        ([delta("我查一下。"), CALL, delta("第一句。")], ["我查一下。", "第一句。"]),
        (
            [delta("Look.\n\n"), CALL, delta("It "), delta("is 5."), message("answer", "It is 5.")],
            ["Look.\n\n", "It is 5."],
        ),
        ([delta("Look. "), CALL, delta("It "), message("answer", "Look. It is 5.")], ["Look. ", "It is 5."]),
        ([delta("Look."), CALL, message("answer", "It is 5.")], ["Look.", "It is 5."]),
        ([delta("Look."), CALL, message("answer", "Look. It is 5.")], ["Look.", " It is 5."]),
        ([delta("Look."), CALL, message("answer", "Look.")], ["Look."]),
        (
            [delta("A."), CALL, delta("B."), CALL, delta("C."), message("answer", "B.C.")],
            ["A.", "B.", "C."],
        ),
        (
            [delta("Look. "), CALL, delta("Look. It is 5."), message("answer", "Look. It is 5.")],
            ["Look. ", "Look. It is 5."],
        ),
        (
            [delta("Look. "), CALL, delta("Look. "), message("answer", "Look. Look. It is 5.")],
            ["Look. ", "Look. It is 5."],
        ),
        ([ALPHA, delta(" psi"), CALL, message("answer", "alpha omega psi")], ["alpha omega", " psi"]),
        # another node calls the tool in the middle of a sentence
        ([delta("Hel"), CALL, delta("lo."), message("answer", "Hello.")], ["Hello."]),
        ([delta("Look "), CALL, delta("again"), message("answer", "again.")], ["Look again."]),
        ([delta("Look "), CALL, delta("again"), CALL, message("answer", "again")], ["Look again"]),
    ],
)
def test_a_text_under_one_id_before_and_after_a_tool_call_is_kept_once(
    frames: list[Frame], expected: list[str]
) -> None:
    state, updates = run(*START, *frames, FINISHED, chat("completed"))
    assert texts(state) == expected
    settled = {u.message_id: u.text for u in updates if isinstance(u, AnswerSettled)}
    assert sorted(settled.values()) == sorted(expected)


def test_every_delta_after_the_completed_message_is_counted() -> None:
    _, updates = run(*START, ALPHA, delta("alpha "), delta("omega"), chat("completed"))
    assert sum(len(u.arrivals_us) for u in updates if isinstance(u, AnswerGrew)) == 2


def test_a_fetched_answer_completes_the_one_that_it_continues_whatever_its_id() -> None:
    completed = message("answer", "alpha omega", id="other")
    fetched = Frame(completed.event, completed.data, 0, RETRIEVED)
    assert texts(run(*START, delta("alpha "), fetched, chat("completed"))[0]) == ["alpha omega"]
    assert texts(run(*START, delta("beta"), fetched, chat("completed"))[0]) == ["beta", "alpha omega"]


def test_an_answer_without_any_delta_is_shown() -> None:
    state, updates = run(*START, message("answer", "whole"))
    assert texts(state) == ["whole"]
    assert AnswerSettled("m1", "whole", "", 0) in updates


def test_deltas_without_type_and_id_are_one_anonymous_answer() -> None:
    nameless = [frame("conversation.message.delta", {"content": piece}) for piece in "你好"]
    state, _ = run(*START, *nameless, message("answer", "你好", id="m9"))
    assert texts(state) == ["你好"]
    state, _ = run(
        *START,
        *nameless,
        message("answer", "你好", id=""),
        frame("conversation.message.delta", {"content": "!"}),
    )
    assert texts(state) == ["你好", "!"]


def test_a_completed_answer_without_an_id_settles_the_only_open_one() -> None:
    state, _ = run(*START, delta("a", id="m1"), message("answer", "ab", id="0"))
    assert texts(state) == ["ab"]


@pytest.mark.parametrize("type", ["answer", "function_call", "tool_response", "knowledge"])
def test_a_message_takes_no_longer_after_many_others(type: str) -> None:
    def steps_for(count: int) -> int:
        """Return the number of calls and steps of generators, which is exact, unlike a time."""
        frames = [message(type, f"text {number}", id=f"m{number}") for number in range(count)]
        steps: list[None] = []
        sys.setprofile(lambda *_about: steps.append(None))
        try:
            run(*frames)
        finally:
            sys.setprofile(None)
        return len(steps)

    assert steps_for(400) < 2.5 * steps_for(200)


def test_an_echo_of_the_question_is_not_an_answer() -> None:
    echo = frame("conversation.message.completed", {"role": "user", "type": "question", "content": "海水？"})
    piece = frame("conversation.message.delta", {"role": "user", "content": "海水？"})
    state, updates = run(piece, echo, *START)
    assert state.parts == []
    assert notes(updates)[:2] == ["question delta", "question"]


def test_sound_is_never_text() -> None:
    state, updates = run(
        *START,
        frame("conversation.audio.delta", {"type": "answer", "content": "UklGRg==", "content_type": "audio"}),
        delta("UklGRg==", content_type="audio"),
        message("answer", "UklGRg==", content_type="audio"),
    )
    assert texts(state) == [""]
    assert notes(updates)[2:] == ["audio", "audio", "answer"]


@pytest.mark.parametrize(
    ("content_type", "content", "shown"),
    [
        ("object_string", '[{"type":"text","text":"看"},{"type":"image","file_url":"https://e.invalid/a.png"}]',
         "看\n\n[image] https://e.invalid/a.png"),
        ("object_string", "not json", "not json"),
        ("card", '{"card_type":3,"response_for_model":"三张票"}', "三张票"),
        ("card", '{"card_type":3}', "[card] (no text to show; the inspector has its data)"),
        ("new_type", "x", "x"),
    ],
)  # fmt: skip
def test_content_is_read_by_its_type(content_type: str, content: str, shown: str) -> None:
    state, _ = run(*START, message("answer", content, content_type=content_type))
    assert texts(state) == [shown]


OFFICIAL_CALL = json.dumps(
    {"name": "ferry-next", "arguments": {"pier": "三号"}, "plugin_id": 7511000000000000091}
)
STUDIO_CALL = json.dumps(
    {"id": "c", "type": "function", "function": {"name": "next", "arguments": '{"a":1}'}}
)


@pytest.mark.parametrize(
    ("content", "name", "arguments"),
    [
        (OFFICIAL_CALL, "ferry-next", '{"pier": "三号"}'),
        (STUDIO_CALL, "next", '{"a":1}'),
        ("{broken", "?", "{broken"),
    ],
)
def test_a_tool_call_is_read_in_both_dialects_and_when_broken(
    content: str, name: str, arguments: str
) -> None:
    _, updates = run(*START, message("function_call", content, id="c1", at_us=5))
    assert ToolCalled("c1", name, arguments, 5) in updates
    assert PhaseChanged(Phase.TOOL, 5, name) in updates


def test_a_response_belongs_to_the_only_open_call() -> None:
    state, updates = run(
        *START,
        message("function_call", '{"name":"a"}', id="c1", at_us=10),
        message("tool_response", '{"response_for_model":"{\\"dep\\":\\"18:40\\"}"}', id="r1", at_us=110),
        message("function_call", '{"name":"b"}', id="c2", at_us=120),
        message("tool_output", "plain", id="r2", at_us=320),
    )
    assert [update for update in updates if isinstance(update, ToolResponded)] == [
        ToolResponded("r1", "c1", "a", '{"dep":"18:40"}', 100, 110),
        ToolResponded("r2", "c2", "b", "plain", 200, 320),
    ]
    assert [type(part) for part in state.parts] == [Tool] * 4


def test_knowledge_answers_no_call() -> None:
    _, updates = run(*START, message("knowledge", '{"msg_type":"knowledge_recall","data":"片段"}', id="k"))
    assert ToolResponded("k", "", "knowledge", "片段", 0, 0) in updates


def test_a_verbose_interrupt_is_noted_and_finish_reason_one_does_not_settle() -> None:
    state, updates = run(
        *START, verbose("interrupt"), verbose("generate_answer_finish", '{"finish_reason":1}')
    )
    assert [update.record.detail for update in updates if isinstance(update, EventNoted)][2:] == [
        "interrupt",
        "generate_answer_finish",
    ]
    assert state.phase is Phase.IN_PROGRESS
    assert state.finish_reason == "1"


def test_the_finish_reason_is_kept_and_no_other_verbose_changes_it() -> None:
    assert run(*START)[0].finish_reason == ""
    assert run(*START, FINISHED, verbose("time_capsule_recall", "{}"))[0].finish_reason == "0"
    assert run(*START, verbose("generate_answer_finish", "no json"))[0].finish_reason == ""


def test_local_tools_are_asked_for_and_a_question_node_is_not_one() -> None:
    def action(*calls: object) -> Frame:
        return chat("requires_action", required_action={"submit_tool_outputs": {"tool_calls": calls}})

    function = {"id": "t1", "type": "function", "function": {"name": "lamp", "arguments": "{}"}}
    question = {"id": "", "type": "reply_message", "function": None}
    state, updates = run(*START, action(function, question))
    assert state.outcome is Outcome.REQUIRES_ACTION
    asked = [update for update in updates if isinstance(update, ActionRequired)]
    assert [call.name for update in asked for call in update.tool_calls] == ["lamp"]
    state, updates = run(*START, action(question))
    assert state.outcome is Outcome.COMPLETED
    assert not any(isinstance(update, ActionRequired) for update in updates)


def test_the_same_chat_goes_on_after_tool_outputs() -> None:
    action = {
        "submit_tool_outputs": {"tool_calls": [{"id": "t", "function": {"name": "lamp", "arguments": ""}}]}
    }
    state, _ = run(*START, chat("requires_action", required_action=action))
    assert phases(state.resumed(50)) == [Phase.SENDING]
    state, updates = run(chat("in_progress"), delta("开了"), chat("completed"), state=state)
    assert (state.outcome, texts(state)) == (Outcome.COMPLETED, ["开了"])
    assert not any(isinstance(update, ChatIdentified) for update in updates)


def test_an_empty_required_action_is_none() -> None:
    state, _ = run(
        *START, chat("completed", required_action={"type": "", "submit_tool_outputs": {"tool_calls": []}})
    )
    assert state.outcome is Outcome.COMPLETED


def test_an_error_wins_over_a_later_completed() -> None:
    state, _ = run(*START, delta("a"), frame("error", {"code": 103200002, "msg": "x"}), chat("completed"))
    assert state.outcome is Outcome.FAILED
    assert state.error is not None
    assert state.error.code == 103200002
    assert texts(state) == ["a"]


def test_a_completed_chat_with_a_last_error_has_failed() -> None:
    state, _ = run(*START, chat("completed", last_error={"code": 4028, "msg": "quota"}))
    assert state.outcome is Outcome.FAILED


@pytest.mark.parametrize(
    "data", [CHAT | {"last_error": {"code": 5000, "msg": "m"}}, {"code": 5000, "msg": "m"}, {"code": 5000}]
)
def test_failed_is_read_in_both_shapes(data: object) -> None:
    state, _ = run(frame("conversation.chat.failed", data))
    assert state.outcome is Outcome.FAILED
    assert state.error is not None
    assert state.error.code == 5000


def test_the_row_of_an_error_names_its_status_once() -> None:
    _, updates = run(*START, frame("error", "<h1>502 Bad Gateway</h1>"))
    rows = [update.record for update in updates if isinstance(update, EventNoted)]
    assert (rows[-1].name, rows[-1].detail) == ("error", "502 Bad Gateway")


def test_a_debug_url_is_not_shortened() -> None:
    url = "https://www.coze.cn/work_flow?execute_id=" + "7" * 300
    _, updates = run(*START, frame("done", {"debug_url": url}))
    assert updates[-1] == EventNoted(EventRecord("done", 0, updates[-1].record.bytes, "good", url, 3))  # type: ignore[union-attr]


def test_done_alone_is_no_end() -> None:
    state, _ = run(*START, delta("a"), frame("done", ""))
    assert state.is_done
    assert state.outcome is None


def test_a_conversation_the_server_replaced_is_told() -> None:
    state = TurnState(conversation_id="old")
    _, updates = run(chat("created"), state=state)
    assert updates[0] == ChatIdentified(CHAT["id"], CHAT["conversation_id"], "9", conversation_replaced=True)


def test_usage_of_studio_comes_from_the_answer() -> None:
    state, _ = run(
        message("answer", "x", meta_data={"token": "24", "input_tokens": "20", "output_tokens": "4"})
    )
    assert state.usage == Usage(24, 4, 20)


def test_open_answers_are_settled_with_what_they_have() -> None:
    state, _ = run(*START, delta("half"))
    assert state.settle(9) == [AnswerSettled("m1", "half", "", 9)]
    assert state.settle(9) == []


def test_a_surrogate_pair_split_over_two_deltas_is_joined() -> None:
    pieces = [
        r'{"id":"m1","type":"answer","content":"\ud83d"}',
        r'{"id":"m1","type":"answer","content":"\ude00!"}',
    ]
    state, _ = run(*(frame("conversation.message.delta", piece) for piece in pieces))
    assert texts(state) == ["😀!"]


def test_no_control_character_leaves_the_state() -> None:
    evil = "a\x1b]52;c;QQ==\x07\x9b31m\u202e"
    state, updates = run(
        delta(evil),
        message("answer", evil + "b"),
        message("function_call", json.dumps({"name": evil, "arguments": evil}), id="c"),
        message("tool_response", evil, id="r"),
        message("follow_up", evil, id="f"),
        message(evil, "x", id="u"),
        frame(evil, evil),
        frame("error", {"code": 1, "msg": evil}),
    )
    shown = repr(list(updates)) + repr(state.parts)
    for bad in ("\\x1b", "\\x07", "\\x9b", "\\u202e"):
        assert bad not in shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: (
        st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=6), children, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = [
    "id",
    "type",
    "role",
    "content",
    "content_type",
    "reasoning_content",
    "meta_data",
    "status",
    "usage",
    "last_error",
    "required_action",
    "code",
    "msg",
    "conversation_id",
    "created_at",
]
EVENTS = ["conversation.chat.created", "conversation.chat.in_progress", "conversation.chat.completed",
          "conversation.chat.failed", "conversation.chat.requires_action", "conversation.chat.canceled",
          "conversation.message.delta", "conversation.message.completed", "conversation.audio.delta",
          "error", "done", "conversation.stream.done", ""]  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.sampled_from(EVENTS),
            st.text(max_size=12)
            | st.dictionaries(st.sampled_from(FIELDS), JSON | st.sampled_from(list(MessageType))).map(
                json.dumps
            ),
        ),
        max_size=12,
    )
)
def test_any_event_in_any_state_gives_updates(items: list[tuple[str, str]]) -> None:
    state, _ = run(*(Frame(event, data, number) for number, (event, data) in enumerate(items)))
    state.settle(99)
    assert state.frame_count == len(items)
    assert all(answer.is_settled for answer in state.answers)
    assert all(isinstance(part, Answer | Tool) for part in state.parts)


def card(content: object) -> Frame:
    return message("answer", json.dumps(content, ensure_ascii=False), content_type="card")


def test_a_question_node_offers_its_choices_with_the_numbers_of_its_text() -> None:
    asked = {"question": "去哪里？", "options": [{"name": "北京"}, {"name": "上海"}]}
    state, updates = run(*START, message("follow_up", "早先的", id="f"), card(asked), card(asked))
    assert texts(state) == ["去哪里？\n\n2. 北京\n3. 上海"]
    assert state.follow_ups == ["早先的", "北京", "上海"]
    assert sum(isinstance(update, AnswerSettled) for update in updates) == 1


@pytest.mark.parametrize("content_type", ["card", "object_string", "image", "unheard_of"])
def test_deltas_that_are_not_text_are_held_until_they_are_complete(content_type: str) -> None:
    pieces = ('{"text":"sun', 'ny"}')
    deltas = [delta(piece, content_type=content_type) for piece in pieces]
    state, updates = run(*START, *deltas)
    grown = [update for update in updates if isinstance(update, AnswerGrew)]
    assert ("".join(update.text for update in grown), len(grown)) == ("", 2)
    whole, _ = run(message("answer", "".join(pieces), content_type=content_type), state=state)
    assert texts(whole) == ["sunny"]
    ended, _ = run(*START, *deltas, chat("completed"))
    assert texts(ended) == ["sunny"]


def test_a_follow_up_is_offered_whole() -> None:
    question = "长" * 148 + "\n第二行"
    state, updates = run(*START, message("follow_up", question, id="f"))
    assert FollowUpOffered(question, 0) in updates
    assert state.follow_ups == [question]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize("completed", [True, False])
def test_thinking_at_the_start_of_an_answer_is_reasoning(size: int, completed: bool) -> None:
    whole = "\n<think>\n好的，<b>我</b>想想。\n</think>\n\n**答案**是 42 <think>。"
    deltas = [delta(whole[at : at + size]) for at in range(0, len(whole), size)]
    state, updates = run(*START, *deltas, message("answer", whole) if completed else chat("completed"))
    grown = "".join(update.text for update in updates if isinstance(update, AnswerGrew))
    assert grown == "**答案**是 42 <think>。"
    assert texts(state) == [grown]
    assert state.answers[0].whole_reasoning.strip("\n") == "好的，<b>我</b>想想。"


@pytest.mark.parametrize(("opening", "closing"), [("<THINK>", "</THINK>"), ("<thinking>", "</thinking>")])
def test_other_tags_of_thinking_are_read(opening: str, closing: str) -> None:
    text = f"{opening}hm </thinkers>{closing}answer"
    state, _ = run(*START, *(delta(character) for character in text), chat("completed"))
    assert (state.answers[0].whole_reasoning, texts(state)) == ("hm </thinkers>", ["answer"])


@pytest.mark.parametrize(
    ("text", "reasoning", "answer"),
    [("<think>half </thi", "half </thi", ""), ("  <thi", "", "  <thi"), ("<thinkers> x", "", "<thinkers> x")],
)
def test_thinking_that_is_cut_off_is_kept(text: str, reasoning: str, answer: str) -> None:
    state, _ = run(*START, *(delta(character) for character in text))
    state.settle(9)
    assert (state.answers[0].whole_reasoning, texts(state)) == (reasoning, [answer])


@pytest.mark.parametrize(
    ("frames", "silence"),
    [
        ((), Silence()),
        ((message("answer", ""),), Silence()),
        ((delta(reasoning_content="hm"), message("answer", "")), Silence(True)),
        ((message("function_call", '{"name":"draw"}', id="c"), message("tool_response", "{}", id="r")),
         Silence(False, ("draw",))),
        ((message("answer", "text"),), None),
    ],
)  # fmt: skip
def test_a_chat_without_text_has_a_silence(frames: tuple[Frame, ...], silence: Silence | None) -> None:
    state, _ = run(*START, *frames, chat("completed"))
    assert state.silence == silence


@pytest.mark.parametrize(
    "content",
    [
        '{"code":1001,"msg":"quota","data":"{}"}',
        '{"data":"short","sources":[1],"total":7}',
        '{"response_for_model":"a","sources":[1]}',
        '{"msg_type":"x","data":"a","total":7}',
    ],
)
def test_a_response_is_kept_whole_unless_its_wrapper_is_known(content: str) -> None:
    _state, updates = run(*START, message("tool_response", content, id="r"))
    assert [update.text for update in updates if isinstance(update, ToolResponded)] == [content]


def test_responses_are_paired_by_id_in_any_order() -> None:
    calls = [json.dumps({"id": f"call_{id}", "function": {"name": id, "arguments": "{}"}}) for id in "AB"]
    _state, updates = run(
        *START,
        message("function_call", calls[0], id="31"),
        message("function_call", calls[1], id="32"),
        message("tool_response", "of B", id="33", meta_data={"tool_call_id": "call_B"}),
        message("tool_response", "of A", id="34", meta_data={"tool_call_id": "call_A"}),
    )
    found = [update for update in updates if isinstance(update, ToolResponded)]
    assert [(each.call_message_id, each.name, each.text) for each in found] == [
        ("32", "B", "of B"),
        ("31", "A", "of A"),
    ]


def test_without_an_id_no_pair_is_claimed_while_several_calls_are_open() -> None:
    _state, updates = run(
        *START,
        *(message("function_call", f'{{"name":"{id}"}}', id=id) for id in "ab"),
        *(message("tool_response", text, id=text) for text in "xy"),
        message("function_call", '{"name":"c"}', id="c"),
        message("tool_response", "z", id="z"),
    )
    found = [update for update in updates if isinstance(update, ToolResponded)]
    assert [(each.call_message_id, each.text) for each in found] == [("", "x"), ("", "y"), ("c", "z")]


RECALL = json.dumps({
    "chunks": [{"slice": "七天内可以退货。", "score": 0.93, "meta": {"document": {"name": "退货政策.pdf"}}}]
})  # fmt: skip


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ([{"docName": "faq.md", "similarity": 0.5, "Content": "a text"}], "faq.md · 0.5\na text"),
        ([{"title": "faq.md", "pages": 3}], '[{"title": "faq.md", "pages": 3}]'),
        ([1, 2], "[1, 2]"),
    ],
)
@pytest.mark.parametrize("is_wrapped", [True, False])
def test_a_list_of_recalled_chunks_is_read_or_shown_whole(data: object, shown: str, is_wrapped: bool) -> None:
    text = json.dumps(data)
    content = json.dumps({"msg_type": "knowledge_recall", "data": text}) if is_wrapped else text
    _state, updates = run(*START, message("knowledge", content, id="k"))
    assert ToolResponded("k", "", "knowledge", shown, 0, 0) in updates


@pytest.mark.parametrize("kind", ["verbose", "knowledge"])
def test_recalled_knowledge_gives_document_score_and_slice(kind: str) -> None:
    content = json.dumps({"msg_type": "knowledge_recall", "data": RECALL})
    _state, updates = run(*START, message(kind, content, id="k"))
    text = "退货政策.pdf · 0.93\n七天内可以退货。"
    assert ToolResponded("k", "", "knowledge", text, 0, 0) in updates


@pytest.mark.parametrize(
    ("type", "content", "shown"),
    [
        ("verbose", {"msg_type": "time_capsule_recall", "data": '{"content":"likes tea"}'}, "likes tea"),
        ("verbose", {"msg_type": "time_capsule_recall", "data": {"content": "likes tea"}}, "likes tea"),
        ("verbose", {"msg_type": "time_capsule_recall", "data": "likes tea"}, "likes tea"),
        ("verbose", {"msg_type": "billing", "data": '{"cost":"0.2","by":"x"}'}, '{"cost":"0.2","by":"x"}'),
        ("verbose", "plain words", "plain words"),
        ("citation", "[1] returns.pdf", "[1] returns.pdf"),
        ("citation", {"pages": [3]}, '{"pages": [3]}'),
    ],
)
def test_a_message_of_another_kind_is_shown_and_kept(type: str, content: object, shown: str) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    state, updates = run(*START, message(type, text, id="v"), delta("a"), chat("completed"))
    name = type if isinstance(content, str) else str(content.get("msg_type", type))  # type: ignore[attr-defined]
    assert [u for u in updates if isinstance(u, ToolResponded)] == [
        ToolResponded("v", "", name, shown, 0, 0, is_remark=True)
    ]
    [saved, _answer] = messages_of(state, 0)
    assert (saved.type, saved.name, saved.content) == ("unknown", name, shown)
    [chat_shown] = chat_transcripts([replace(saved, position=1)], (), bot_name="b", site="coze.cn")
    [part] = chat_shown.parts
    assert isinstance(part, ToolTranscript)
    assert (part.name, part.response) == (name, shown)


@pytest.mark.parametrize(
    ("type", "content"),
    [
        ("verbose", '{"msg_type":"time_capsule_recall","data":"{\\"content\\":\\"\\"}"}'),
        ("verbose", '{"msg_type":"interrupt","data":"{\\"type\\":2}"}'),
        ("verbose", '{"msg_type":"stream_plugin_finish","data":"the answer of the plug-in"}'),
        ("verbose", '{"msg_type":"billing","data":""}'),
        ("verbose", ""),
        ("citation", '{"pages":[null,{}]}'),
    ],
)
def test_a_signal_and_a_message_without_words_are_events_only(type: str, content: str) -> None:
    state, updates = run(*START, message(type, content))
    assert not state.parts
    assert isinstance(updates[-1], EventNoted)


@pytest.mark.parametrize("change", [str.upper, str.title, lambda word: f" {word} "])
def test_words_of_coze_are_read_in_any_case(change: Callable[[str], str]) -> None:
    words = {"role": change("assistant"), "type": change("answer"), "content_type": change("text")}
    body = {"id": "m1", "content": "a"} | words
    state, updates = run(
        Frame(change("conversation.chat.created"), json.dumps(CHAT)),
        Frame(change("conversation.message.delta"), json.dumps(body)),
        Frame(change("conversation.message.completed"), json.dumps(body | {"content": "ab"})),
        Frame(change("conversation.chat.completed"), json.dumps(CHAT | {"status": change("completed")})),
    )
    assert (texts(state), state.outcome) == (["ab"], Outcome.COMPLETED)
    assert [u.text for u in updates if isinstance(u, AnswerGrew)] == ["a"]


@pytest.mark.parametrize("content_type", ["markdown", "text/plain", "MD"])
def test_text_under_another_name_streams(content_type: str) -> None:
    _, updates = run(*START, delta("a", content_type=content_type))
    assert [u.text for u in updates if isinstance(u, AnswerGrew)] == ["a"]


def test_another_agent_is_named() -> None:
    data = {"agent_id": "77", "agent_name": "售后专员", "condition": "用户要退货"}
    _, updates = run(*START, verbose("multi_agents_jump_to_agent", json.dumps(data)))
    assert AgentChanged("v", "77", "售后专员", "用户要退货", 0) in updates
    assert notes(updates)[-1] == "verbose"
    assert [update.record.detail for update in updates if isinstance(update, EventNoted)][-1] == "→ 售后专员"


def test_a_verbose_message_without_a_type_is_no_answer() -> None:
    content = json.dumps({"msg_type": "generate_answer_finish", "data": '{"finish_reason":0}'})
    state, _ = run(*START, delta("a"), message("", content, id="v"))
    assert (texts(state), state.finish_reason) == (["a"], "0")


def test_a_required_location_says_what_it_asks_for() -> None:
    call = {"id": "c1", "type": "require_info", "function": None,
            "require_info": {"require_fields": ["coordinates"]}}  # fmt: skip
    action = {"submit_tool_outputs": {"tool_calls": [call]}}
    _, updates = run(*START, chat("requires_action", required_action=action))
    (asked,) = [update.tool_calls for update in updates if isinstance(update, ActionRequired)]
    assert (asked[0].name, asked[0].fields) == ("coordinates", ("coordinates",))
