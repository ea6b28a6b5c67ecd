from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coze_tui.api.captures import Capture, Problem, capture_text, read_capture
from coze_tui.api.objects import Frame, Limits
from tests.support.replies import Read

FRAMES = (
    Frame("conversation.chat.created", '{"id":"1"}', 412_034),
    Frame("conversation.message.delta", '{"content":"你"}', 1_200_000),
    Frame("done", '"[DONE]"', 1_200_000),
)


def parts(frames: tuple[Frame, ...] | list[Frame]) -> list[tuple[str, str, str]]:
    return [(frame.event, frame.data, frame.id) for frame in frames]


def test_a_capture_is_an_event_stream_with_comments() -> None:
    text = capture_text(Capture(FRAMES, {"bot_id": "7511", "question": "海水\n为什么咸？"}))
    assert text == (
        ': coze-tui bot_id="7511"\n'
        ': coze-tui question="海水\\n为什么咸？"\n'
        "\n"
        ": at 412034\n"
        "event:conversation.chat.created\n"
        'data:{"id":"1"}\n'
        "\n"
        ": at 1200000\n"
        "event:conversation.message.delta\n"
        'data:{"content":"你"}\n'
        "\n"
        ": at 1200000\n"
        "event:done\n"
        'data:"[DONE]"\n'
        "\n"
    )
    assert read_capture(text) == Capture(FRAMES, {"bot_id": "7511", "question": "海水\n为什么咸？"})


def test_a_capture_of_nothing_is_empty() -> None:
    assert capture_text(Capture(())) == ""
    assert read_capture("") == Capture((), {}, (Problem(1, "empty"),))


def test_facts_alone_are_kept() -> None:
    text = capture_text(Capture((), {"version": "1"}))
    assert read_capture(text) == Capture((), {"version": "1"}, (Problem(2, "empty"),))


def test_a_fact_needs_a_plain_name() -> None:
    with pytest.raises(ValueError, match="bot id"):
        capture_text(Capture((), {"bot id": "1"}))


def test_a_stream_file_reads_as_it_does_from_the_wire(stream_file: Path, read: Read) -> None:
    body = stream_file.read_bytes()
    assert parts(read_capture(body.decode("utf-8", "replace")).frames) == read([body]).parts


def test_a_stream_file_survives_being_captured(stream_file: Path, read: Read) -> None:
    frames = tuple(read([stream_file.read_bytes()]).frames)
    text = capture_text(Capture(frames))
    assert read_capture(text).frames == frames
    assert read([text.encode()]).parts == parts(frames)


TEXT = st.text(
    st.sampled_from('a1 :%\n\r\0\t\\"{}\u2028\u2029\x85\ufeff\ud83d\ude00你😀') | st.characters(), max_size=12
)
FIELDS = ["event:", "data:", "id:", "retry:", ":", " ", "\n", "\r", "\r\n", "done", "{}", "7"]
ANY_FRAME = st.builds(
    Frame,
    event=TEXT | st.sampled_from(["", "message", "done", " done"]),
    data=TEXT,
    at_us=st.integers(0, 10**18 - 1),
    id=TEXT | st.sampled_from(["", "1"]),
)


@settings(max_examples=300)
@given(st.lists(ANY_FRAME, max_size=6))
def test_any_frame_comes_back_as_it_was(frames: list[Frame]) -> None:
    text = capture_text(Capture(tuple(frames)))
    capture = read_capture(text.encode().decode())  # the file is UTF-8
    assert capture.frames == tuple(frames)
    assert [problem for problem in capture.problems if problem.reason != "empty"] == []


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True), st.text(), max_size=4))
def test_any_fact_comes_back_as_it_was(facts: dict[str, str]) -> None:
    assert read_capture(capture_text(Capture(FRAMES, facts))) == Capture(FRAMES, facts)


def test_halves_of_a_pair_in_a_fact_survive_or_join() -> None:
    text = capture_text(Capture(FRAMES, {"a": "x\ud83d", "b": "\ud83d\ude00"}))
    assert read_capture(text.encode().decode()).facts == {"a": "x\ud83d", "b": "😀"}


@settings(max_examples=300)
@given(
    st.lists(TEXT | st.sampled_from([": at ", ": escaped", "data:", "event:", ": coze-tui a="]), max_size=20)
)
def test_any_text_can_be_read(pieces: list[str]) -> None:
    capture = read_capture("".join(pieces))
    assert len(capture.problems) <= 100
    assert read_capture(capture_text(capture)).frames == capture.frames


@settings(max_examples=200)
@given(text=st.lists(st.sampled_from(FIELDS), max_size=40).map("".join))
def test_any_stream_reads_as_it_does_from_the_wire(text: str, read: Read) -> None:
    if not text.lstrip(" \r\n").startswith(("{", "<")):
        assert parts(read_capture(text).frames) == read([text.encode()]).parts


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_lines_and_whole_text_read_alike(ending: str) -> None:
    text = capture_text(Capture(FRAMES)).replace("\n", ending)
    assert read_capture(text).frames == FRAMES
    assert read_capture(text.replace(ending, ending + "\0").split("\0")).frames == FRAMES
    assert read_capture(iter(capture_text(Capture(FRAMES)).split("\n"))).frames == FRAMES


def test_a_frame_without_a_time_has_that_of_the_one_before() -> None:
    capture = read_capture(": at 5\nevent:a\ndata:1\n\nevent:b\ndata:2\n\n")
    assert [frame.at_us for frame in capture.frames] == [5, 5]


def test_an_id_with_a_nul_is_ignored_as_on_the_wire(read: Read) -> None:
    text = "id:1\nevent:a\n\nid:2\0\nevent:b\n\n"
    assert parts(read_capture(text).frames) == [("a", "", "1"), ("b", "", "1")]
    assert read([text.encode()]).parts == [("a", "", "1"), ("b", "", "1")]


@pytest.mark.parametrize(
    ("text", "events", "problems"),
    [
        ("event:a\ndata:1\n\nevent:b\ndata:{", ["a"], [(5, "cut")]),
        ('event:a\ndata:{"b":1}', ["a"], []),
        (": at noon\nevent:a\n\n", ["a"], [(1, "bad time")]),
        (": at -1\nevent:a\n\n", ["a"], [(1, "bad time")]),
        (": coze-tui bot_id=7511\nevent:a\n\n", ["a"], [(1, "bad fact")]),
        (': coze-tui Bot Id="1"\nevent:a\n\n', ["a"], [(1, "bad fact")]),
        (": coze-tui a=" + "[" * 100_000 + "\nevent:a\n\n", ["a"], [(1, "bad fact")]),
        (": escaped\nevent:%FF\ndata:%41\n\n", ["%FF"], [(4, "bad escape")]),
        ("event:a\nwhat is this\n\n", ["a"], [(2, "not a field")]),
        ('{"code":0}', [], [(1, "not a field"), (1, "empty")]),
        (": only a comment\n\n", [], [(2, "empty")]),
        ("event:a\n\ndata:" + "x" * 100 + "\n\nevent:b\n\n", ["a"], [(3, "line too long")]),
        ("event:a\n\n" + "data:12345678\n" * 20, ["a"], [(10, "event too large")]),
        ("event:.delta\n\n" * 10, [".delta"] * 4, [(10, "too many events")]),
        ("event:a\n\n" * 10, ["a"] * 3, [(8, "too many events")]),
        ("event:a\n\n" + ": nothing at all\n" * 100, ["a"], [(49, "too large")]),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(
    text: str, events: list[str], problems: list[tuple[int, str]]
) -> None:
    limits = Limits(line=80, event=100, reply=400, frames=4, non_deltas=3)
    capture = read_capture(text, limits if "[[" not in text else Limits())
    assert [frame.event for frame in capture.frames] == events
    assert [(problem.line, problem.reason) for problem in capture.problems] == problems


def test_a_flood_of_faults_is_counted_no_further() -> None:
    assert len(read_capture("nonsense\n" * 1000).problems) == 100
