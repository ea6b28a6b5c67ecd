"""`coze-tui show`: captures of every kind, and chats of the history."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

from coze_tui.api.captures import Capture, capture_text
from coze_tui.api.objects import Frame
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord
from tests.support.commands import Command
from tests.support.samples import STREAMS


@pytest.fixture
def recorded(command: Command, tmp_path: Path) -> Path:
    file = tmp_path / "chat.sse"
    assert command("ask", "--record", str(file), "1 + 1").status == 0
    return file


def frame(event: str, at_us: int = 0, **body: object) -> Frame:
    return Frame(f"conversation.{event}", json.dumps({"id": "1", "conversation_id": "2", **body}), at_us)


def test_a_recorded_chat_shows_its_timeline_figures_and_ids(command: Command, recorded: Path) -> None:
    ran = command("show", str(recorded))
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "1 + 1"
    assert "completed" in lines
    words = [line.split("  ")[0] for line in lines]
    for name in ("answering", "first text", "total", "tokens in", "finish reason", "chat", "logid", "server"):
        assert name in words, name
    assert any("█" in line or "▁" in line for line in lines if line.startswith("answering"))
    assert "\x1b" not in ran.out


def test_stdin_is_read_for_a_minus(command: Command, recorded: Path) -> None:
    piped = command("show", "-", stdin=recorded.read_bytes())
    assert piped.out == command("show", str(recorded)).out


def test_json_has_null_for_every_time_of_a_capture_without_times(command: Command) -> None:
    value = json.loads(command("show", "--json", str(STREAMS / "text_chat.sse")).out)
    assert [value[name] for name in ("timeline", "stalls", "follow_ups_us")] == [None, None, None]
    assert value["figures"]["deltas_per_second"] is None
    assert value["figures"]["deltas"] > 0


def test_json_is_one_object_with_the_same_figures(command: Command, recorded: Path) -> None:
    ran = command("show", "--json", str(recorded))
    value = json.loads(ran.out)
    assert value["outcome"] == "completed"
    assert value["error"] is None
    assert value["server"] == "cloud"
    assert value["facts"]["question"] == "1 + 1"
    assert value["figures"]["characters"] == len("1 + 1 = **2**")
    assert value["figures"]["events"] > 4
    assert [span["kind"] for span in value["timeline"]][:2] == ["waiting", "answering"]
    assert value["problems"] == []


def test_a_truncated_capture_is_shown_as_far_as_it_goes(
    command: Command, recorded: Path, tmp_path: Path
) -> None:
    data = recorded.read_bytes()
    cut = tmp_path / "cut.sse"
    cut.write_bytes(data[: data.index(b"message.completed") + 60])
    ran = command("show", str(cut))
    assert ran.status == 0
    assert "answering" in ran.out
    assert f"{cut}: line " in ran.err
    assert "cut off" in ran.err


def test_an_edited_capture_tells_each_place(command: Command, recorded: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited.sse"
    lines = recorded.read_text(encoding="utf-8").splitlines(keepends=True)
    edited.write_text("".join(["<<<<<<< HEAD\n", ": at soon\n", *lines]), encoding="utf-8")
    ran = command("show", str(edited))
    assert ran.status == 0
    assert "line 1: " in ran.err
    assert "line 2: " in ran.err
    assert "answering" in ran.out


def test_many_bad_places_are_counted(command: Command, recorded: Path, tmp_path: Path) -> None:
    edited = tmp_path / "edited.sse"
    edited.write_bytes(b"nonsense\n" * 20 + b"\n" + recorded.read_bytes())
    ran = command("show", str(edited))
    assert len(ran.err.splitlines()) == 6
    assert "15 more problems like these" in ran.err


@pytest.mark.parametrize("name", ["show", "request", "support-bundle"])
def test_a_command_names_what_it_could_not_read(
    command: Command, recorded: Path, tmp_path: Path, name: str
) -> None:
    long = tmp_path / "long.sse"
    long.write_bytes(recorded.read_bytes() + b"data:" + bytes(5_000_000))
    arguments = ["--yes", "--output", "-"] if name == "support-bundle" else []
    ran = command(name, str(long), *arguments)
    assert ran.status == 0
    assert "a line longer than any that Coze sends; stopped reading here" in ran.err


@pytest.mark.parametrize("data", [b"", b"# A text\n", b"\x89PNG\r\n\x1a\n\0\0", b'{"code":4100}'])
def test_what_is_no_capture_is_one_line_and_status_2(command: Command, tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "other.sse"
    file.write_bytes(data)
    ran = command("show", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert len(ran.err.splitlines()) == 1
    assert str(file) in ran.err


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a letter\nto somebody\n", "line 1: not a line of an event stream"),
        (b"\0" * 9_000_000, "line 1: a line longer than any that Coze sends"),
    ],
    ids=["letter", "zeros"],
)
def test_a_file_that_is_no_capture_is_told_so_with_place_and_reason_and_nothing_of_imports(
    command: Command, tmp_path: Path, data: bytes, reason: str
) -> None:
    file = tmp_path / "x"
    file.write_bytes(data)
    ran = command("show", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert f"{file}: not a chat capture" in ran.err
    assert reason in ran.err
    assert "import" not in ran.err


@pytest.mark.parametrize("words", [[], ["a", "b"], ["nowhere"], ["nowhere.sse"], ["last"], ["."]])
def test_what_names_no_chat_is_status_2_and_makes_no_history(
    command: Command, environment: dict[str, str], words: list[str]
) -> None:
    ran = command("show", *words)
    assert (ran.status, ran.out) == (2, "")
    assert not list(Path(environment["COZE_TUI_HOME"]).rglob("*.db"))


def test_a_hostile_capture_cannot_steer_the_terminal(command: Command, tmp_path: Path) -> None:
    evil = "\x1b]52;c;aGk=\x07\x9b2J\u202e"
    frames = (
        frame("chat.created", 10, id=evil),
        frame("message.completed", 20, type="function_call", content=json.dumps({"name": evil})),
        Frame(evil, evil, 10**18),
    )
    text = capture_text(Capture(frames, {"question": evil, "logid": evil, "site": evil, "bot_name": evil}))
    file = tmp_path / "evil.sse"
    file.write_text(text, encoding="utf-8")
    for options in ([], ["--json"]):
        ran = command("show", *options, str(file))
        assert ran.status == 0
        for bad in "\x1b\x07\x9b\u202e":
            assert bad not in ran.out + ran.err


def test_a_foreign_stream_is_shown_with_what_was_not_understood(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "foreign.sse"
    file.write_text('data: {"choices":[]}\n\ndata: [DONE]\n\n')
    ran = command("show", str(file))
    assert ran.status == 0
    assert "unrecognized  1" in ran.out  # the end is Coze's, too
    assert "The capture has no arrival times" in ran.out


@pytest.mark.parametrize(
    ("stream", "is_said"), [("studio_breaks", True), ("studio", False), ("failed", False)]
)
def test_a_studio_s_chat_without_tokens_says_why(command: Command, stream: str, is_said: bool) -> None:
    ran = command("show", str(STREAMS / f"{stream}.sse"))
    assert ("Coze Studio reports tokens only together with an answer" in ran.out) is is_said


def test_a_failed_chat_says_why(command: Command) -> None:
    ran = command("show", str(STREAMS / "bare_failed.sse"))
    assert "failed: the server failed (error 5000)" in ran.out


def test_a_terminal_without_blocks_gets_ascii(
    command: Command, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io

    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="backslashreplace")
    monkeypatch.setattr(sys, "stdout", out)
    command("show", str(recorded))
    out.flush()
    assert isinstance(out.buffer, io.BytesIO)
    printed = out.buffer.getvalue()
    assert b"answering" in printed
    assert b"\\u" not in printed


class TestHistory:
    @pytest.fixture
    def key(self, environment: dict[str, str], command: Command) -> str:
        """A conversation with two chats, and its key."""

        async def fill() -> str:
            database = await Database.open(Path(environment["COZE_TUI_HOME"]) / "data" / "history.db")
            key = await database.write(
                lambda c: history.create_conversation(c, "coze.cn", "75", 1000, bot_name="小春")
            )
            for number in (1, 2):
                chat = await database.write(
                    lambda c, n=number: journal.begin_chat(c, key, f"question {n}", "75", n * 1000)  # type: ignore[misc]
                )
                frames = [
                    frame("chat.created", 5, id=f"70000{number}"),
                    frame("chat.completed", 9, id=f"70000{number}"),
                ]
                await database.write(
                    lambda c, x=chat, f=frames: journal.append_frames(c, x, 1, f)  # type: ignore[misc]
                )
                await database.write(
                    lambda c, x=chat, n=number: journal.note_ids(c, x, chat_id=f"70000{n}")  # type: ignore[misc]
                )
                await database.write(
                    lambda c, x=chat: journal.finish_chat(c, x, ChatRecord(status="completed"), ())  # type: ignore[misc]
                )
            await database.close()
            return key

        command("doctor")  # makes the folders
        return asyncio.run(fill())

    def test_a_chat_is_found_by_its_id_its_conversation_and_as_the_last(
        self, command: Command, key: str
    ) -> None:
        for name, question in (("700001", 1), ("700002", 2), (key, 2), ("last", 2)):
            ran = command("show", name)
            assert (ran.status, ran.err) == (0, "")
            assert ran.out.startswith(f"question {question}\n小春 · coze.cn · 1970-01-01 ")

    def test_another_name_is_told_with_what_would_be_right(self, command: Command, key: str) -> None:
        ran = command("show", "700003")
        assert ran.status == 2
        assert "`last`" in ran.err
