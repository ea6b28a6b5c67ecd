"""`coze-tui request`: a recorded chat as something to run."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from tests.support.commands import FAILS, XIAOCHUN, Command


@pytest.fixture
def recorded(command: Command, tmp_path: Path) -> str:
    file = tmp_path / "chat.sse"
    assert command("ask", "--record", str(file), "it's 1 + 1").status == 0
    return str(file)


@pytest.mark.parametrize(
    ("options", "beginning"),
    [
        ([], "curl "),
        (["--as", "curl"], "curl "),
        (["--as", "python"], "# pip"),
        (["--as", "ask"], "coze-tui ask "),
    ],
)
def test_a_capture_is_given_in_each_form_without_the_token(
    command: Command, environment: dict[str, str], recorded: str, options: list[str], beginning: str
) -> None:
    ran = command("request", *options, recorded)
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith(beginning)
    assert environment["COZE_API_BASE"] in ran.out
    assert XIAOCHUN in ran.out
    assert environment["COZE_API_TOKEN"] not in ran.out


def test_the_ask_line_is_read_by_this_program(command: Command, recorded: str) -> None:
    line = shlex.split(command("request", "--as", "ask", recorded).out)
    assert line[-2:] == ["--", "it's 1 + 1"]
    assert command(*line[1:]).status == 0


def test_a_bot_and_a_site_of_the_flags_go_before_those_of_the_chat(command: Command, recorded: str) -> None:
    ran = command("request", "--bot", FAILS, "--base-url", "com", "--user", "lin", recorded)
    assert f'"bot_id":"{FAILS}","user_id":"lin"' in ran.out
    assert "https://api.coze.com/v3/chat" in ran.out


def of_site(tmp_path: Path, site: str) -> str:
    file = tmp_path / "foreign.sse"
    file.write_text(
        f': coze-tui site="{site}"\n: coze-tui question="x"\n: coze-tui bot_id="75"\n\ndata: x\n\n'
    )
    return str(file)


@pytest.mark.parametrize("form", ["curl", "python", "ask"])
def test_a_capture_does_not_choose_where_the_token_goes(
    command: Command, environment: dict[str, str], tmp_path: Path, form: str
) -> None:
    ran = command("request", "--as", form, of_site(tmp_path, "evil.example"))
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("coze-tui: evil.example is the server of the chat")
    assert "--base-url" in ran.err
    ran = command("request", "--as", form, of_site(tmp_path, "coze.com"))
    assert ran.status == 0
    assert environment["COZE_API_BASE"] in ran.out
    assert "coze.com" not in ran.out
    assert "The chat was on coze.com; this request goes to 127.0.0.1" in ran.err


def test_a_server_that_the_user_names_is_used_without_a_word(command: Command, tmp_path: Path) -> None:
    url = "https://evil.example"
    ran = command("request", "--base-url", url, of_site(tmp_path, "evil.example"))
    assert (ran.status, ran.err) == (0, "")
    assert f"{url}/v3/chat" in ran.out


def test_a_chat_without_its_question_or_bot_cannot_be_given(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "foreign.sse"
    file.write_text("data: x\n\n")
    ran = command("request", str(file))
    assert (ran.status, ran.out) == (2, "")
    assert "question" in ran.err
    file.write_text(': coze-tui question="x"\n\ndata: x\n\n')
    ran = command("request", str(file), COZE_BOT_ID="")
    assert (ran.status, ran.out) == (2, "")
    assert "--bot" in ran.err


def test_another_form_is_told_with_those_there_are(command: Command, recorded: str) -> None:
    ran = command("request", "--as", "crul", recorded)
    assert ran.status == 2
    assert "curl, python, ask" in ran.err
