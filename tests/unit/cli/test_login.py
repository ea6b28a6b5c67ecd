"""`coze-tui login` and `logout`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from coze_tui.config.app_state import AppStateFile
from coze_tui.config.credentials import CredentialsFile
from coze_tui.standin.server import StandIn
from tests.support.commands import Command

MARKED = "pat_EXAMPLE_wrong_0123456789"


@pytest.fixture
def kept(environment: dict[str, str]) -> CredentialsFile:
    """Where the token is kept; none is in the environment."""
    environment["COZE_API_TOKEN"] = ""
    return CredentialsFile(Path(environment["COZE_TUI_HOME"]) / "config" / "credentials.json")


def test_a_good_token_is_checked_and_kept(command: Command, stand_in: StandIn, kept: CredentialsFile) -> None:
    ran = command("login", stdin=f" {stand_in.token}\r\n")
    assert (ran.status, ran.err) == (0, "")
    assert str(kept.path) in ran.out
    assert stand_in.token not in ran.out
    assert [request.path for request in stand_in.requests] == ["/v1/users/me"]
    assert command("ask", "1 + 1").out == "1 + 1 = **2**\n"


def test_the_site_is_remembered_with_the_token(
    command: Command, stand_in: StandIn, kept: CredentialsFile, environment: dict[str, str]
) -> None:
    environment["COZE_API_BASE"] = ""
    command("login", "--base-url", stand_in.base_url, "--profile", "default", stdin=stand_in.token)
    remembered = AppStateFile(Path(environment["COZE_TUI_HOME"]) / "state" / "remembered.json").read()
    assert remembered.sites == {"default": stand_in.base_url}
    assert command("ask", "1 + 1").status == 0


def test_a_wrong_token_is_not_kept_and_not_repeated(command: Command, kept: CredentialsFile) -> None:
    ran = command("login", stdin=MARKED)
    assert ran.status == 3
    assert "4100" in ran.err
    assert MARKED not in ran.err + ran.out
    assert not kept.path.exists()


@pytest.mark.parametrize("text", ["", "\n", "two words\n", "pat_\x1b[31m\n"])
def test_what_is_no_token_is_not_sent(
    command: Command, stand_in: StandIn, kept: CredentialsFile, text: str
) -> None:
    assert command("login", stdin=text).status == 3
    assert list(stand_in.requests) == []


@pytest.mark.parametrize("text", ["", "\n", "  \r\n"])
def test_without_a_terminal_and_a_token_it_advises_to_pipe_one_not_to_run_itself(
    command: Command, kept: CredentialsFile, text: str
) -> None:
    ran = command("login", stdin=text)
    assert "stdin is not a terminal" in ran.err
    assert "login < token.txt" in ran.err
    assert "run `coze-tui login`" not in ran.err.casefold()


def test_a_jwt_brings_the_hint_to_exchange_it(command: Command, kept: CredentialsFile) -> None:
    ran = command("login", stdin="eyJEXAMPLE.eyJEXAMPLE.EXAMPLE")
    assert ran.err.count("Exchange it for an access token first") == 1
    assert ran.status == 3


def test_a_variable_that_goes_before_is_told(command: Command, stand_in: StandIn) -> None:
    ran = command("login", stdin=stand_in.token)
    assert ran.status == 0
    assert "COZE_API_TOKEN is set" in ran.err


def test_a_studio_that_checks_no_tokens_is_taken_at_its_word(command: Command, kept: CredentialsFile) -> None:
    with StandIn(dialect="studio", pace=0) as studio:
        ran = command("login", "--base-url", studio.base_url, stdin=studio.token)
        assert ran.status == 0
        assert "Coze Studio does not say who owns a token" in ran.err
        assert "the token will be checked with your first question" in ran.err
        assert kept.find("default") is not None


def test_a_studio_has_no_login_with_a_browser(command: Command, kept: CredentialsFile) -> None:
    with StandIn(dialect="studio", pace=0) as studio:
        ran = command("login", "--device", "--client-id", "7", "--base-url", studio.base_url)
    assert ran.status != 0
    assert "Coze Studio has no browser login; create a token in its settings" in ran.err
    assert kept.find("default") is None


def test_each_profile_has_its_own_token(command: Command, stand_in: StandIn, kept: CredentialsFile) -> None:
    command("login", stdin=stand_in.token)
    config = kept.path.parent / "settings.toml"
    config.write_text("[profiles.work]\n")
    assert command("ask", "--profile", "work", "1 + 1").status == 3
    assert command("login", "--profile", "work", stdin=stand_in.token).status == 0
    assert command("ask", "--profile", "work", "1 + 1").status == 0
    assert command("logout", "--profile", "work").status == 0
    assert command("ask", "--profile", "work", "1 + 1").status == 3
    assert command("ask", "1 + 1").status == 0


def test_logging_out_twice_says_so(command: Command, stand_in: StandIn, kept: CredentialsFile) -> None:
    command("login", stdin=stand_in.token)
    assert "Deleted the saved token" in command("logout").out
    assert "has no saved token" in command("logout").out
    assert command("ask", "1 + 1").status == 3


def test_a_token_that_is_not_ours_to_forget_is_told(command: Command) -> None:
    assert "COZE_API_TOKEN still provides a token" in command("logout").err


class TestDevice:
    def test_without_a_client_id_it_says_so(self, command: Command, kept: CredentialsFile) -> None:
        ran = command("login", "--device")
        assert ran.status == 2
        assert "--client-id" in ran.err

    def test_a_login_that_is_agreed_to_is_kept(
        self, command: Command, stand_in: StandIn, kept: CredentialsFile
    ) -> None:
        stand_in.device(approve_after=1, interval=1)
        ran = command("login", "--device", "--client-id", "app")
        assert (ran.status, ran.err) == (0, "")
        assert "user_code=" in ran.out
        token = kept.find("default")
        assert token is not None
        assert token.pair is not None
        assert token.pair.client_id == "app"
        assert token.secret.reveal() not in ran.out
        assert command("ask", "1 + 1").out == "1 + 1 = **2**\n"

    def test_a_login_that_is_refused_is_told(
        self, command: Command, stand_in: StandIn, kept: CredentialsFile
    ) -> None:
        stand_in.device(script=["access_denied"], interval=1)
        ran = command("login", "--device", "--client-id", "app")
        assert ran.status == 3
        assert "denied in the browser" in ran.err
        assert not kept.path.exists()

    def test_an_old_access_token_is_renewed_before_it_is_used(
        self, command: Command, stand_in: StandIn, kept: CredentialsFile
    ) -> None:
        stand_in.device(approve_after=1, interval=1)
        command("login", "--device", "--client-id", "app")
        first = kept.find("default")
        assert first is not None
        assert first.pair is not None
        kept.keep("default", replace(first.pair, expires_at=0))
        assert command("ask", "1 + 1").status == 0
        renewed = kept.find("default")
        assert renewed is not None
        assert renewed.secret != first.secret


@pytest.mark.skipif(sys.platform == "win32", reason="a pty is POSIX's")
def test_at_a_terminal_the_site_is_asked_for_and_the_token_is_not_shown(
    stand_in: StandIn, kept: CredentialsFile, environment: dict[str, str]
) -> None:
    from tests.support.terminal import Terminal

    environment |= {"COZE_API_BASE": "", "LANG": "C.UTF-8"}
    with Terminal([sys.executable, "-m", "coze_tui", "login"], env=environment) as terminal:
        terminal.wait_for("Site (cn, com")
        terminal.send("not an address\r")
        terminal.wait_for("Not a valid URL")
        terminal.send(f"{stand_in.base_url}\r")
        terminal.wait_for("Token:")
        terminal.send(f"{stand_in.token}\r")
        assert terminal.wait() == 0
        assert "Logged in" in terminal.text
        assert stand_in.token not in terminal.text
    assert kept.find("default") is not None
