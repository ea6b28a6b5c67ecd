"""`coze-tui project`, and what a project file changes for commands that talk to a site."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from coze_tui.cli.exits import Exit
from coze_tui.standin.server import StandIn
from tests.support.commands import THINKER, XIAOCHUN, Command

MARKED = "pat_EXAMPLE_marked_0123456789"
"""The user's own token, which is for another site."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project file, which does not exist yet; the working folder is below its folder."""
    folder = tmp_path / "repo" / "sub"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder.parent / ".coze-tui.toml"


@pytest.fixture
def project(file: Path, stand_in: StandIn, environment: dict[str, str]) -> Path:
    """A project file that names the stand-in, which is not the user's own site."""
    del environment["COZE_API_BASE"], environment["COZE_BOT_ID"]
    file.write_text(f'bot_id = "{XIAOCHUN}"\nbase_url = "{stand_in.base_url}"\n')
    return file


@pytest.fixture
def other() -> Iterator[StandIn]:
    with StandIn(pace=0) as server:
        yield server


def test_a_new_file_is_not_used_without_a_terminal_and_one_line_says_how_to_trust_it(
    command: Command, file: Path, stand_in: StandIn
) -> None:
    file.write_text('base_url = "https://evil.example"\n')
    ran = command("ask", "1 + 1")
    assert (ran.status, ran.out) == (0, "1 + 1 = **2**\n")
    assert ran.err.count("\n") == 1
    assert str(file) in ran.err
    assert "It is not used" in ran.err
    assert "coze-tui project trust" in ran.err
    assert command("ask", "--no-project", "1 + 1").err == ""
    assert command("ask", "1 + 1", COZE_TUI_NO_PROJECT="1").err == ""
    assert "project" not in command("history").err  # needs neither bot nor site


def test_it_is_used_once_it_is_trusted_and_not_after_a_change(command: Command, file: Path) -> None:
    file.write_text(f'bot_id = "{THINKER}"\n[custom_variables]\nname = "Lin"\n')
    assert command("project").out.splitlines() == [
        f"The project file {file} is not trusted yet.",
        f"  bot_id                 {THINKER}",
        "  custom_variables.name  Lin",
    ]
    trusted = command("project", "trust")
    assert (trusted.status, trusted.err) == (0, "")
    assert THINKER in trusted.out
    shown = command("settings", COZE_BOT_ID="").out
    assert f"bot_id             {THINKER}  ({file})" in shown
    assert f"custom_variables   name=Lin  ({file})" in shown
    assert f"The project file {file} is trusted, and used." in shown
    assert "--no-project" not in shown
    assert THINKER not in command("settings", "--no-project", COZE_BOT_ID="").out
    assert f"bot_id             {XIAOCHUN}  (COZE_BOT_ID)" in command("settings").out

    file.write_text('bot_id = "1"\n')
    changed = command("ask", "1 + 1")
    assert (changed.status, changed.out) == (0, "1 + 1 = **2**\n")
    assert "has changed" in changed.err
    assert "has changed" in command("project").out
    assert command("project", "trust").status == 0
    assert "(COZE_BOT_ID)" not in command("settings", COZE_BOT_ID="").out
    assert command("project", "forget").status == 0
    assert "is not trusted yet" in command("project").out


def test_a_file_with_a_problem_is_reported_and_not_used(command: Command, file: Path) -> None:
    file.write_text(f'bot_id = "1"\ntoken = "{MARKED}"\n')
    for words in (["ask", "1 + 1"], ["settings"], ["project"], ["project", "trust"]):
        ran = command(*words)
        assert f"{file}, line 2: `token` must not be in a project file" in ran.err
        assert "coze-tui login" in ran.err
        assert "nothing of this file is used" in ran.err
        assert MARKED not in ran.out + ran.err
        assert "Traceback" not in ran.err
        assert ran.status == (0 if words[0] == "ask" else Exit.USAGE)
    assert f"bot_id             {XIAOCHUN}" in command("settings").out
    file.unlink()
    assert command("project").out == "no .coze-tui.toml in this folder or above it\n"
    assert command("project", "trust").status == Exit.USAGE
    assert command("project", "forget").status == Exit.USAGE


def test_the_token_of_the_environment_never_reaches_the_site_of_a_project(
    command: Command, project: Path, stand_in: StandIn, environment: dict[str, str]
) -> None:
    token, environment["COZE_API_TOKEN"] = environment["COZE_API_TOKEN"], MARKED
    command("project", "trust")
    for words in (["ask", "hi"], ["bench", "hi"], ["--linear"], ["doctor", "--online"], ["doctor", "--bot"]):
        ran = command(*words)
        assert ran.status == Exit.AUTH
        assert "COZE_API_TOKEN" in ran.out + ran.err
        assert "coze-tui login" in ran.out + ran.err
        assert f"COZE_API_BASE={stand_in.base_url}" in ran.out + ran.err
    assert list(stand_in.requests) == []

    ran = command("login", stdin=token)
    assert (ran.status, ran.err) == (0, "")
    assert command("ask", "1 + 1").out == "1 + 1 = **2**\n"
    assert not any(MARKED in repr(request) for request in stand_in.requests)
    # Nor does this login make the site of the project the user's own.
    file = json.loads(Path(environment["COZE_TUI_HOME"], "config", "credentials.json").read_text())
    assert [saved["base_url"] for saved in file["profiles"].values()] == [stand_in.base_url]
    assert "default" not in file["profiles"]
    assert f"base_url           {stand_in.base_url}" not in command("settings", "--no-project").out


def test_the_user_says_that_the_token_is_for_this_site(
    command: Command, project: Path, stand_in: StandIn
) -> None:
    command("project", "trust")
    assert command("ask", "1 + 1").status == Exit.AUTH
    assert command("ask", "1 + 1", COZE_API_BASE=stand_in.base_url).out == "1 + 1 = **2**\n"
    assert command("ask", "--base-url", stand_in.base_url, "1 + 1").out == "1 + 1 = **2**\n"


def test_neither_files_nor_commands_nor_logins_of_another_site_provide_its_token(
    command: Command,
    project: Path,
    stand_in: StandIn,
    other: StandIn,
    environment: dict[str, str],
    tmp_path: Path,
) -> None:
    token, environment["COZE_API_TOKEN"] = environment["COZE_API_TOKEN"], ""
    command("project", "trust")
    (tmp_path / "token").write_text(token)
    ran_it = tmp_path / "ran"
    script = f"import pathlib; pathlib.Path({str(ran_it)!r}).touch(); print({token!r})"
    printed = f"'{sys.executable}' -c \"{script}\""
    for name, value in {"TOKEN_FILE": str(tmp_path / "token"), "TOKEN_COMMAND": printed}.items():
        ran = command("ask", "hi", **{f"COZE_TUI_{name}": value})
        assert ran.status == Exit.AUTH
        assert name.lower() in ran.err
    assert not ran_it.exists()
    command("login", "--no-project", "--base-url", other.base_url, stdin=other.token)
    ran = command("ask", "--profile", "default", "hi")
    assert ran.status == Exit.AUTH
    assert "credentials.json" in ran.err
    assert list(stand_in.requests) == []

    # A profile of this site has a command of this site.
    config = Path(environment["COZE_TUI_HOME"], "config", "settings.toml")
    table = f'[profiles.work]\nbase_url = "{stand_in.base_url}"\ntoken_command = {json.dumps(printed)}\n'
    config.write_text(table)
    assert command("ask", "1 + 1").out == "1 + 1 = **2**\n"
    assert ran_it.exists()


def test_an_unwritable_state_folder_is_reported(command: Command, file: Path, home: Path) -> None:
    file.write_text('bot_id = "1"\n')
    command("project")
    (home / "state" / "remembered.json").unlink()
    (home / "state" / "remembered.json").mkdir()
    ran = command("project", "trust")
    assert ran.status != 0
    assert "remembered.json" in ran.err


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is POSIX's")
def test_at_a_terminal_it_is_asked_about_once_for_each_content(
    stand_in: StandIn, environment: dict[str, str], file: Path
) -> None:
    from tests.support.terminal import Terminal

    environment |= {"COZE_BOT_ID": "", "LANG": "C.UTF-8"}

    def ask(answer: str = "") -> str:
        words = [sys.executable, "-m", "coze_tui", "ask", "1 + 1"]
        with Terminal(words, env=environment, cwd=file.parent) as terminal:
            if answer:
                terminal.wait_for("[y/N]")
                terminal.send(f"{answer}\r")
            terminal.wait()
            return terminal.text

    file.write_text(f'bot_id = "{XIAOCHUN}"\n[parameters]\ncolor = "\\u001b[31mred"\n')
    text = ask("y")
    assert str(file).replace("\n", "") in text.replace("\n", "")
    assert XIAOCHUN in text
    assert "parameters.color" in text
    assert "= **2**" in text or "= 2" in text
    assert "[y/N]" not in ask()
    file.write_text(f'bot_id = "{THINKER}"\n')
    assert "--bot is required" in ask("n")
    text = ask()
    assert "[y/N]" not in text
    assert "--bot is required" in text


def test_the_demo_uses_no_project_file(command: Command, file: Path, environment: dict[str, str]) -> None:
    file.write_text('bot_id = "1"\nbase_url = "https://evil.example"\n')
    for trusted in (False, True):
        if trusted:
            command("project", "trust")
        ran = command("demo", "--linear", stdin="1 + 1\n/quit\n")
        assert (ran.status, ran.err) == (0, "")
        assert "1 + 1 = 2" in ran.out
