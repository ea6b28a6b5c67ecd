"""Tokens in the system's keyring. The keyrings are real backends of the package `keyring`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coze_tui.config.credentials import CredentialsFile
from coze_tui.config.keyring_store import SERVICE, SystemKeyring
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.diagnostics.explain import explain
from coze_tui.errors import CredentialsError
from tests.support.commands import Command

keyring = pytest.importorskip("keyring")
file_backends: Any = pytest.importorskip("keyrings.alt.file")
fail_backend = pytest.importorskip("keyring.backends.fail")
null_backend = pytest.importorskip("keyring.backends.null")
FileKeyring: Any = file_backends.PlaintextKeyring
MARKED = "pat_EXAMPLE_marked_0123456789"


class Locked(FileKeyring):  # type: ignore[misc]
    """A keyring that its user does not unlock."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked(f"cannot unlock {MARKED}")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.KeyringLocked(f"cannot unlock {MARKED}")


class Silent(FileKeyring):  # type: ignore[misc]
    """A keyring whose service does not answer until the test is over."""

    over = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.over.wait(60)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.over.wait(60)


@pytest.fixture
def use(tmp_path: Path) -> Iterator[Any]:
    """Let a keyring be the system's, with a file of this test."""
    before = keyring.get_keyring()
    Silent.over.clear()

    def use(backend: Any) -> Any:
        backend.file_path = str(tmp_path / "keyring.cfg")
        keyring.set_keyring(backend)
        return backend

    yield use
    Silent.over.set()
    keyring.set_keyring(before)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "credentials.json"


def credentials(file: Path, mode: str = "keyring", *, over_ssh: bool = False) -> CredentialsFile:
    return CredentialsFile(file, SystemKeyring(mode, over_ssh=over_ssh, read_seconds=0.3))


def test_the_keyring_holds_the_token_and_the_file_only_names_it(use: Any, file: Path) -> None:
    use(FileKeyring())
    kept = credentials(file).keep("default", Secret(MARKED))
    assert kept.source == f"the system's keyring ({keyring.get_keyring().name})"
    assert MARKED not in file.read_text()
    token = credentials(file).find("default")
    assert token is not None
    assert (token.secret.reveal(), token.source) == (MARKED, kept.source)
    other = credentials(file.parent.parent / "other" / "credentials.json")
    other.keep("default", Secret("pat_other"))
    assert credentials(file).forget("default") is True
    assert credentials(file).find("default") is None
    assert keyring.get_password(SERVICE, f"default ({file.parent})") is None
    found = other.find("default")
    assert found is not None
    assert found.secret.reveal() == "pat_other"


def test_an_oauth_pair_is_renewed_in_the_keyring(use: Any, file: Path) -> None:
    use(FileKeyring())
    pair = OAuthPair(Secret("czu_a"), Secret("r"), int(time.time()) + 900, "client", "https://api.coze.cn")
    credentials(file).keep("default", pair)
    found = credentials(file).find("default")
    assert found is not None
    assert found.pair == pair
    assert "czu_a" not in file.read_text()


@pytest.mark.parametrize("backend", ["fail", "null", "locked", "silent"])
def test_what_a_keyring_does_not_take_goes_into_the_file(
    use: Any, file: Path, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coze_tui.config.keyring_store.WRITE_SECONDS", 0.3)
    use(
        {
            "fail": fail_backend.Keyring,
            "null": null_backend.Keyring,
            "locked": Locked,
            "silent": Silent,
        }[backend]()
    )
    kept = credentials(file).keep("default", Secret(MARKED))
    assert kept.source == str(file)
    assert kept.keyring_problem
    assert MARKED not in kept.keyring_problem
    assert file.stat().st_mode & 0o077 == 0
    token = credentials(file).find("default")
    assert token is not None
    assert token.secret.reveal() == MARKED
    assert credentials(file).forget("default") is True


@pytest.mark.parametrize("backend", [Locked, Silent])
def test_a_keyring_that_cannot_be_read_is_an_error_that_says_why_and_loses_nothing(
    use: Any, file: Path, backend: Any
) -> None:
    use(FileKeyring())
    credentials(file).keep("default", Secret(MARKED))
    use(backend())
    with pytest.raises(CredentialsError) as caught:
        credentials(file).find("default")
    text = explain(caught.value, base_url="").text
    assert ("it is locked" if backend is Locked else "it does not respond") in text
    assert "Unlock the keyring" in text
    assert MARKED not in text
    assert credentials(file).profiles() == ("default",)
    use(FileKeyring())
    assert credentials(file).find("default") is not None


def test_auto_takes_no_keyring_over_ssh_nor_one_that_is_no_safer_than_the_file(use: Any, file: Path) -> None:
    backend = use(FileKeyring())
    assert backend.priority < 1
    assert credentials(file, "auto").keep("default", Secret(MARKED)).source == str(file)
    credentials(file).keep("default", Secret(MARKED))
    with pytest.raises(CredentialsError) as caught:
        credentials(file, "auto", over_ssh=True).find("default")
    assert "over SSH" in caught.value.source
    assert credentials(file, "auto").find("default") is not None
    assert credentials(file, "keyring", over_ssh=True).find("default") is not None
    assert SystemKeyring("auto", over_ssh=True).saves is False
    assert SystemKeyring("file").saves is False


def test_a_token_leaves_the_keyring_when_the_file_gets_a_new_one(use: Any, file: Path) -> None:
    use(FileKeyring())
    credentials(file).keep("default", Secret(MARKED))
    credentials(file, "file").keep("default", Secret("pat_new"))
    assert json.loads(file.read_text())["profiles"]["default"] == {"token": "pat_new"}
    assert keyring.get_password(SERVICE, f"default ({file.parent})") is None


def test_login_doctor_and_logout_say_where_the_token_is(use: Any, command: Command, home: Path) -> None:
    use(FileKeyring())
    variables = {"COZE_API_TOKEN": "", "COZE_TUI_TOKEN_STORE": "keyring"}
    token = "pat_DEMO_0123456789abcdef"
    ran = command("login", stdin=token, **variables)
    assert (ran.status, ran.err) == (0, "")
    assert "Token saved in the system's keyring (" in ran.out
    assert "the system's keyring (" in command("doctor", **variables).out
    assert command("ask", "1 + 1", **variables).out == "1 + 1 = **2**\n"
    assert "Deleted the saved token" in command("logout", **variables).out
    assert command("ask", "1 + 1", **variables).status == 3
    use(fail_backend.Keyring())
    ran = command("login", stdin=token, **variables)
    assert "not in the system's keyring: this system has none" in ran.err
    assert str(home) in ran.out
