"""Server-sent events, decoded as httpx-sse decodes them."""

from __future__ import annotations

import httpx
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.sse import EventDecoder

Event = tuple[str, str, str]
FIELDS = ["event:", "event: ", "data:", "data: ", "data", "id:7", "id:", "id:a\0b", "id", "retry:5", ":c"]
VALUES = ["x", " ", "message", "done", '{"a":1}', "你", "\u2028", "\v"]
ENDS = ["\n", "\n\n", "\n\n\n", "event:e\ndata:1\n\n", "data:\n\n"]
PIECES = st.sampled_from([*FIELDS, *VALUES, *ENDS])


def decoded(pieces: list[str]) -> list[Event]:
    decoder = EventDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)]


def expected(text: str) -> list[Event]:
    """What httpx-sse says, without the empty events that it has for blank lines once there was an ID."""
    response = httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)
    events = [(event.event, event.data, event.id) for event in EventSource(response).iter_sse()]
    return [event for event in events if event[:2] != ("message", "")]


@given(st.lists(PIECES, max_size=30))
def test_all_text_is_decoded_as_by_httpx_sse(pieces: list[str]) -> None:
    text = "".join(pieces) + "\n\n"
    found = [event for event in decoded([*pieces, "\n\n"]) if event[:2] != ("message", "")]
    assert found == expected(text)
    assert decoded([*pieces, "\n\n"]) == decoded(list(text)) == decoded([text])


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        (["event:a\ndata:1\n\n"], [("a", "1", "")]),
        (["event:a\ndata:1\n", "\n"], [("a", "1", "")]),
        (["data:1\n\n\n", "\ndata:2\n\n"], [("message", "1", ""), ("message", "2", "")]),
        (["data:1\ndata: 2\ndata:  3\n\n"], [("message", "1\n2\n 3", "")]),
        (["id:7\ndata:1\n\ndata:2\n\n"], [("message", "1", "7"), ("message", "2", "7")]),
        ([":comment\n\nretry:5\n\n"], []),
        (["event:a\n\n"], [("a", "", "")]),
        (["data:1\n"], []),
        (["", "data:1\n", "", "\n", ""], [("message", "1", "")]),
    ],
)
def test_an_event_ends_with_a_blank_line(pieces: list[str], events: list[Event]) -> None:
    assert decoded(pieces) == events
