"""The kind of a server is told from what it sends, and what it cannot do is said."""

from __future__ import annotations

import pytest

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.model.dialects import Dialect, Feature, dialect_of, limit, limits, name_of
from tests.support.samples import STREAMS


def frames(name: str) -> tuple[Frame, ...]:
    return read_capture((STREAMS / f"{name}.sse").read_text(encoding="utf-8", errors="replace")).frames


@pytest.mark.parametrize(
    ("stream", "dialect"),
    [
        ("text_chat", Dialect.CLOUD),
        ("tool_and_two_answers", Dialect.CLOUD),
        ("requires_action", Dialect.CLOUD),
        ("failed", Dialect.CLOUD),
        ("studio", Dialect.STUDIO),
        ("studio_breaks", Dialect.STUDIO),
        ("studio_no_agent", Dialect.STUDIO),
        ("cancelled", Dialect.STUDIO),
        ("nothing", Dialect.UNKNOWN),
        ("only_comments", Dialect.UNKNOWN),
    ],
)
def test_frames_tell_it(stream: str, dialect: Dialect) -> None:
    assert dialect_of(frames(stream), "http://127.0.0.1:8888") is dialect


def test_the_address_of_a_site_is_enough_and_wins() -> None:
    assert dialect_of((), "https://api.coze.cn") is Dialect.CN
    assert dialect_of(frames("studio"), "https://api.coze.com") is Dialect.COM


def test_a_chatflow_s_debug_address_tells_the_site() -> None:
    data = '{"debug_url":"https://www.coze.cn/work_flow?execute_id=1\\u0026space_id=2"}'
    assert dialect_of([Frame("done", data)]) is Dialect.CN


@pytest.mark.parametrize(
    ("logid", "dialect"),
    [
        ("20260102030405AABBCCDDEEFF00112233", Dialect.CLOUD),
        ("0b8f8f0e-6f0d-4a43-9d5c-5a7a5bb9a2c1", Dialect.STUDIO),
        ("", Dialect.UNKNOWN),
        ("whatever", Dialect.UNKNOWN),
    ],
)
def test_the_logid_tells_it_too(logid: str, dialect: Dialect) -> None:
    assert dialect_of(logid=logid) is dialect


def test_hostile_frames_tell_nothing() -> None:
    odd = [
        Frame("done", "[" * 100_000),
        Frame("conversation.chat.created", "[" * 100_000),
        Frame("conversation.chat.completed", "[]"),
        Frame("error", "null"),
        Frame("conversation.message.completed", '{"type":"verbose","content":7}'),
        Frame("done", '{"debug_url":"https://www.coze.example/"}'),
    ]
    assert dialect_of(odd) is Dialect.UNKNOWN


def test_the_cloud_can_do_everything() -> None:
    for dialect in (Dialect.CN, Dialect.COM, Dialect.CLOUD, Dialect.UNKNOWN):
        assert limits(dialect) == ()


def test_what_studio_cannot_is_said_for_each_feature() -> None:
    assert {each.feature for each in limits(Dialect.STUDIO)} == set(Feature)
    cancel = limit(Dialect.STUDIO, Feature.CANCEL)
    assert cancel is not None
    assert "does not stop a chat" in cancel.text


def test_each_kind_has_a_name() -> None:
    assert [name_of(dialect) for dialect in Dialect] == [
        "coze.cn",
        "coze.com",
        "Coze's cloud",
        "coze-studio",
        "unknown",
    ]
