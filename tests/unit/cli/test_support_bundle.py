"""`coze-tui support-bundle`: what support needs of a chat, shown first, without the token."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.api.captures import capture_text, read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.model.records import chat_from_capture
from tests.support.commands import Command

posix = pytest.mark.skipif(sys.platform == "win32", reason="terminals are POSIX's")


@pytest.fixture
def recorded(command: Command, tmp_path: Path) -> str:
    file = tmp_path / "chat.sse"
    assert command("ask", "--record", str(file), "1 + 1").status == 0
    return str(file)


def test_it_is_shown_then_written_and_is_a_capture(command: Command, recorded: str, tmp_path: Path) -> None:
    out = tmp_path / "bundle.sse"
    ran = command("support-bundle", "--yes", "-o", str(out), recorded)
    assert (ran.status, ran.err) == (0, "")
    text = out.read_text(encoding="utf-8")
    bundle, original = read_capture(text), read_capture(Path(recorded).read_text(encoding="utf-8"))
    assert bundle.frames == original.frames
    assert bundle.problems == ()
    facts = bundle.facts
    for name in ("chat_id", "conversation_id", "logid", "sent_at", "total_us", "version", "python", "system"):
        assert facts[name], name
    assert (facts["server"], facts["status"], facts["question"]) == ("cloud", "completed", "1 + 1")
    assert ran.out.startswith(text.splitlines()[0])
    assert ran.out.endswith(f"Saved to {out}\n")
    if sys.platform != "win32":
        assert out.stat().st_mode & 0o777 == 0o600


def test_what_was_said_can_be_masked(command: Command, recorded: str, tmp_path: Path) -> None:
    out = tmp_path / "bundle.sse"
    assert command("support-bundle", "--mask", "--yes", "-o", str(out), recorded).status == 0
    text = out.read_text(encoding="utf-8")
    assert "1 + 1" not in text
    facts = read_capture(text).facts
    assert (facts["question"], facts["masked"]) == ("x x x", "yes")
    shown = command("show", "--json", str(out)).out
    assert '"characters": 13' in shown


def test_the_error_and_its_code_stand_at_the_head(command: Command, tmp_path: Path) -> None:
    record = tmp_path / "chat.sse"
    assert command("ask", "--record", str(record), "fault:error=4013 x").status == 4
    ran = command("support-bundle", "-o", "-", str(record))
    facts = read_capture(ran.out).facts
    assert (facts["status"], facts["error_code"]) == ("failed", "4013")
    assert facts["error_msg"]


def test_no_token_is_in_it_whatever_the_server_sent(
    command: Command, environment: dict[str, str], tmp_path: Path
) -> None:
    token = environment["COZE_API_TOKEN"]
    record = tmp_path / "chat.sse"
    capture = read_capture("")
    frames = (
        Frame(
            "conversation.message.completed", f'{{"type":"answer","content":"Bearer {token} and {token}"}}'
        ),
        Frame("odd", f"no json, {token}"),
        Frame(f"event {token}", '{"a":["pat_OTHER0TOKEN0EXAMPLE"]}'),
    )
    facts = {"question": f"is {token} good?", "logid": token}
    record.write_text(capture_text(type(capture)(frames, facts)), encoding="utf-8")
    for options in ([], ["--mask"]):
        ran = command("support-bundle", *options, "-o", "-", str(record))
        assert ran.status == 0
        assert token not in ran.out
        assert "OTHER0TOKEN" not in ran.out
        assert len(read_capture(ran.out).frames) == 3
    kept = command("support-bundle", "-o", "-", str(record), COZE_API_TOKEN="")
    assert "DEMO_0123" not in kept.out  # it still looks like one


def test_a_name_that_is_taken_is_left_alone(command: Command, recorded: str, tmp_path: Path) -> None:
    out = tmp_path / "bundle.sse"
    out.write_text("mine")
    ran = command("support-bundle", "-y", "-o", str(out), recorded)
    assert out.read_text() == "mine"
    assert str(tmp_path / "bundle (2).sse") in ran.out


def test_without_a_name_it_goes_here_by_the_end_of_the_chat_s_id(
    command: Command, recorded: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command("support-bundle", "-y", recorded).status == 0
    chat_id = chat_from_capture(read_capture(Path(recorded).read_text(encoding="utf-8"))).record.chat_id
    assert (tmp_path / f"coze-support-{chat_id[-6:]}.sse").exists()


def test_where_nobody_can_be_asked_nothing_is_written(
    command: Command, recorded: str, tmp_path: Path
) -> None:
    out = tmp_path / "bundle.sse"
    ran = command("support-bundle", "-o", str(out), recorded)
    assert ran.status == 2
    assert "--yes" in ran.err
    assert not out.exists()
    assert command("support-bundle", "-o", str(out), "-", stdin=Path(recorded).read_bytes()).status == 2


def test_a_place_that_cannot_be_written_is_told(command: Command, recorded: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = command("support-bundle", "-y", "-o", str(tmp_path / "file" / "b.sse"), recorded)
    assert ran.status == 2
    assert "cannot write " in ran.err


def test_a_long_one_is_shown_in_part_and_counted(command: Command, tmp_path: Path) -> None:
    record = tmp_path / "long.sse"
    record.write_text("".join(f"event:x\ndata:{number}\n\n" for number in range(200)))
    ran = command("support-bundle", "-y", "-o", str(tmp_path / "b.sse"), str(record))
    assert len(ran.out.splitlines()) < 70
    assert "more lines" in ran.out


@posix
@pytest.mark.parametrize(("answer", "is_written"), [("y", True), ("yes", True), ("n", False), ("", False)])
def test_at_a_terminal_the_person_decides(
    environment: dict[str, str], recorded: str, tmp_path: Path, answer: str, is_written: bool
) -> None:
    import pty

    out = tmp_path / "bundle.sse"
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "coze_tui", "support-bundle", "-o", str(out), recorded],
        env=environment,
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=slave,
    )
    try:
        os.close(slave)
        os.write(master, f"{answer}\n".encode())
        printed, _ = child.communicate(timeout=60)
    finally:
        child.kill()
        os.close(master)
    assert child.returncode == 0
    assert out.exists() is is_written
    assert (b"Nothing was saved." in printed) is not is_written
