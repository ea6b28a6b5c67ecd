"""The system's keyring as a place for tokens, through the package `keyring` (the extra coze-tui[keyring]).

A keyring may be locked, ask a person who is not there, or wait for a service that never answers. Each call
runs in a thread that is given up after a few seconds, so that no start and no exit waits for it.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from coze_tui.text.i18n import _

SERVICE = "coze-tui"
READ_SECONDS = 2.0
WRITE_SECONDS = 5.0
"""Longer than for reading: only `login` and the renewal of an OAuth token write."""

_T = TypeVar("_T")


class KeyringError(Exception):
    """The keyring cannot be used.

    Args:
        problem: one translated clause without secrets.
    """

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class SystemKeyring:
    """The keyring of this user's session.

    Args:
        mode: the setting `token_store`: auto, keyring or file.
        over_ssh: whether this session came over SSH, where a keyring would ask a person at another screen.
        read_seconds: the longest that a call which reads may take.
    """

    def __init__(
        self, mode: str = "file", *, over_ssh: bool = False, read_seconds: float = READ_SECONDS
    ) -> None:
        self.mode = mode
        self._read_seconds = read_seconds
        self._may_read = mode == "keyring" or not over_ssh
        self._hangs = False

    @property
    def saves(self) -> bool:
        """Return whether a new token belongs here."""
        return self.mode == "keyring" or (self.mode == "auto" and self._may_read and _is_installed())

    @property
    def may_hold(self) -> bool:
        """Return whether this keyring can be opened."""
        return self._may_read and _is_installed()

    def name(self) -> str:
        """Return the name of the keyring in use.

        Raises:
            KeyringError: it cannot be used.
        """

        def name() -> str:
            import keyring

            name: str = keyring.get_keyring().name
            return name

        return self._call(name, self._read_seconds)

    def get(self, entry: str) -> str:
        """Return the text that was saved under this name.

        Raises:
            KeyringError: there is none, or the keyring cannot be used.
        """

        def get() -> str | None:
            import keyring

            found: str | None = keyring.get_password(SERVICE, entry)
            return found

        text = self._call(get, self._read_seconds)
        if text is None:
            raise KeyringError(_("it contains no token of this profile"))
        return text

    def set(self, entry: str, text: str) -> None:
        """Save a text, and check that it can be read back.

        Raises:
            KeyringError: it is not in the keyring, or this is not known.
        """

        def set() -> str | None:
            import keyring

            if self.mode == "auto" and keyring.get_keyring().priority < 1:
                raise KeyringError(_("this system has none"))  # it is as unsafe as our file
            keyring.set_password(SERVICE, entry, text)
            found: str | None = keyring.get_password(SERVICE, entry)
            return found

        if self._call(set, WRITE_SECONDS) != text:
            raise KeyringError(_("it does not keep what is saved in it"))

    def delete(self, entry: str) -> None:
        """Delete a text; does nothing if there is none.

        Raises:
            KeyringError: the keyring cannot be used.
        """

        def delete() -> None:
            import keyring

            if keyring.get_password(SERVICE, entry) is not None:
                keyring.delete_password(SERVICE, entry)

        self._call(delete, WRITE_SECONDS)

    def _call(self, work: Callable[[], _T], seconds: float) -> _T:
        """Return what `work` returns; or give up after `seconds`, then for all later calls, too."""
        if not _is_installed():
            raise KeyringError(_("the extra coze-tui[keyring] is not installed"))
        if not self._may_read:
            raise KeyringError(_('over SSH it is opened only with token_store = "keyring"'))
        if self._hangs:
            raise KeyringError(_("it does not respond"))
        results: list[_T] = []
        errors: list[Exception] = []

        def run() -> None:
            try:
                results.append(work())
            except Exception as error:  # noqa: BLE001 - a backend may raise anything
                errors.append(error)

        thread = threading.Thread(target=run, name="keyring", daemon=True)
        thread.start()
        thread.join(seconds)
        if results:
            return results[0]
        if errors:
            raise KeyringError(_problem_of(errors[0]))  # not chained: its text may contain anything
        self._hangs = True
        raise KeyringError(_("it does not respond"))


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("keyring") is not None
    except ValueError:  # a module of that name without a spec
        return False


def _problem_of(error: Exception) -> str:
    if isinstance(error, KeyringError):
        return error.problem
    match type(error).__name__:
        case "NoKeyringError":
            return _("this system has none")
        case "KeyringLocked":
            return _("it is locked")
        case name:
            return name


def is_over_ssh(environment: Mapping[str, str]) -> bool:
    """Return whether the session came over SSH."""
    return any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))
