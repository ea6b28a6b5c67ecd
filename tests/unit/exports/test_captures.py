"""The chats of a conversation as `.sse` files."""

from __future__ import annotations

import httpx
from httpx_sse import EventSource

from coze_tui.api.captures import capture_text, read_capture
from coze_tui.store import history, journal
from tests.support.conversations import SENT_AT, spring, spring_frames
from tests.support.stores import captures_from, empty_store, taken


def test_a_capture_holds_the_frames_and_what_is_known() -> None:
    archived = spring()
    [(first, capture), (second, _)] = captures_from(archived)
    assert (first, second) == (1, 2)
    assert capture.frames == tuple(spring_frames())
    assert capture.facts == {
        "sent_at": "2025-01-28T10:02:09.000+00:00",
        "site": "coze.cn",
        "bot_id": "7511",
        "bot_name": "小春",
        "conversation": archived.conversation.key,
        "title": "2025年春节是哪一天",
        "question": "2025年春节是哪一天",
        "content_type": "text",
        "conversation_id": "3342",
        "section_id": "51",
        "chat_id": "7402",
        "logid": "202501281002094F2A",
        "status": "completed",
        "total_us": "715000",
    }
    assert read_capture(capture_text(capture)) == capture


def test_any_reader_of_event_streams_can_read_it() -> None:
    [(_, capture), _] = captures_from(spring())
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, text=capture_text(capture))
    read = [(event.event, event.data) for event in EventSource(response).iter_sse()]
    assert read == [(frame.event, frame.data) for frame in spring_frames()]


def test_a_chat_without_frames_has_no_capture_but_its_number() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    journal.begin_chat(c, key, "一", "7511", 2**62)
    chat = journal.begin_chat(c, key, "二", "7511", 2**62)
    journal.append_frames(c, chat, 1, spring_frames()[:1])
    [(number, capture)] = captures_from(taken(c, key))
    assert number == 2
    assert "sent_at" not in capture.facts
