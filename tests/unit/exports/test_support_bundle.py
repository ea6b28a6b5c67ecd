"""What support needs of one chat, in one text."""

from __future__ import annotations

from coze_tui.api.captures import Capture, read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatRecord
from coze_tui.exports.exporting import support_bundle_text
from tests.support.samples import STREAMS

FACTS = ChatRecord(
    question="海水为什么咸？", site="coze.cn", bot_id="75", logid="2026", sent_at=1_738_058_529_000
)


def inspected(*frames: Frame, facts: ChatRecord = FACTS) -> InspectedChat:
    chat = InspectedChat(facts)
    chat.add(frames)
    chat.end(facts)
    return chat


def bundle(chat: InspectedChat, *, mask: bool = False, secret: str = "") -> Capture:
    def without(text: str) -> str:
        return text.replace(secret, "***") if secret else text

    capture = read_capture(support_bundle_text(chat, {"version": "1.2"}, mask=mask, without_secrets=without))
    assert capture.problems == () or not chat.frames
    return capture


def stream(name: str) -> tuple[Frame, ...]:
    return read_capture((STREAMS / f"{name}.sse").read_text(encoding="utf-8")).frames


def test_ids_times_figures_versions_and_the_kind_of_server_stand_at_its_head() -> None:
    facts = bundle(inspected(*stream("text_chat"))).facts
    assert facts["version"] == "1.2"
    assert facts["sent_at"] == "2025-01-28T10:02:09.000+00:00"
    assert (facts["chat_id"], facts["logid"], facts["bot_id"]) == ("7511000000000010001", "2026", "75")
    assert (facts["status"], facts["server"], facts["finish_reason"]) == ("completed", "coze.cn", "0")
    assert (facts["input_tokens"], facts["output_tokens"]) == ("192", "18")
    assert "error_code" not in facts


def test_an_error_is_told_with_code_and_message() -> None:
    facts = bundle(inspected(*stream("failed"))).facts
    assert facts["status"] == "failed"
    assert int(facts["error_code"])
    assert facts["error_msg"]


def test_the_frames_are_as_they_came() -> None:
    chat = inspected(*stream("tool_and_two_answers"))
    assert list(bundle(chat).frames) == chat.frames


def test_masked_it_holds_no_word_of_it() -> None:
    found = bundle(inspected(*stream("text_chat")), mask=True)
    text = repr(found)
    for word in ("海水", "河流", "死海"):
        assert word not in text
    assert found.facts["question"] == "某" * len(FACTS.question)
    assert found.facts["masked"] == "yes"
    assert found.facts["chat_id"] == "7511000000000010001"


def test_no_secret_is_left_in_facts_or_frames() -> None:
    facts = ChatRecord(question="is SECRET good?", bot_name="SECRET")
    chat = inspected(Frame("SECRET", '{"SECRET":["SECRET"]}'), Frame("x", "no json SECRET"), facts=facts)
    assert "SECRET" not in repr(bundle(chat, secret="SECRET"))


def test_a_chat_without_frames_is_its_facts() -> None:
    found = bundle(inspected())
    assert found.facts["question"] == FACTS.question
    assert found.facts["status"] == "interrupted"
