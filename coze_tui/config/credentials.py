"""Finds and saves tokens."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from coze_tui.config.child_environment import TOKEN_VARIABLE, child_environment
from coze_tui.config.keyring_store import KeyringError, SystemKeyring
from coze_tui.config.secure_files import locked, read_private, write_private
from coze_tui.config.tokens import (
    OAuthPair,
    Secret,
    Token,
    secret_from_text,
)
from coze_tui.errors import CredentialsError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.values import valueclass

COMMAND_PATIENCE = 60.0
"""Seconds: the user may first have to unlock a password store."""
_IN_KEYRING = "keyring"
"""The key of the file for a token that is in the keyring: the name of its entry there."""


def find_token(
    *,
    environment: Mapping[str, str],
    profile: str,
    credentials: CredentialsFile,
    token_file: Path | None = None,
    token_command: str = "",
    base_url: str = "",
    sites: Mapping[str, str] | None = None,
) -> Token:
    """Return the token of a profile: of the environment, else a file, else a command, else `login`.

    Args:
        base_url: the site that will get the token.
        sites: `Settings.token_sites`. If not empty, a token of another site, or of an unknown one, is neither
            used nor read.

    Raises:
        CredentialsError: no source has a token, or the first one that has is unusable.
    """
    variable = environment.get(TOKEN_VARIABLE, "").strip()
    refused = ""

    def may_use(source: str) -> bool:
        nonlocal refused
        is_allowed = not sites or sites.get(source) == base_url
        refused = refused if is_allowed else refused or source
        return is_allowed

    if variable and may_use(TOKEN_VARIABLE):
        return Token(secret_from_text(variable, TOKEN_VARIABLE), TOKEN_VARIABLE)
    if token_file is not None and may_use("token_file"):
        return _token_from_file(token_file)
    if token_command.strip() and may_use("token_command"):
        return _token_from_command(token_command, child_environment(environment))
    token = credentials.find(profile)
    if token is not None and (not sites or token.base_url == base_url):
        return token
    refused = refused or (token.source if token is not None else "")
    raise CredentialsError("other site" if refused else "missing", refused, site=base_url)


def _token_from_file(path: Path) -> Token:
    # The user's own file may be a link into a secrets mount, and may belong to root, so only read it.
    try:
        with path.open("rb") as file:
            data = file.read(64 * 1024)
    except OSError as error:
        raise CredentialsError("unreadable", str(path)) from error
    return Token(secret_from_text(data.decode("utf-8", "replace"), str(path)), str(path))


def _token_from_command(command: str, env: Mapping[str, str]) -> Token:
    import shlex  # few users set a command

    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words:
        raise CredentialsError("command", command.split()[0])
    # Its arguments and its output may be private: only the program's name is ever shown, and no exception
    # that holds the others is chained.
    output = _output_of(words, env)
    if output is None:
        raise CredentialsError("command", words[0])
    return Token(secret_from_text(output, words[0]), words[0])


def _output_of(words: list[str], env: Mapping[str, str]) -> str | None:
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMMAND_PATIENCE,
            check=True,
            env=env,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


@valueclass
class Kept:
    """The place in which a token was saved."""

    source: str
    """The file, or the name of the keyring."""
    keyring_problem: str = ""
    """Why the token is not in the keyring in which it belongs, or empty."""


class CredentialsFile:
    """The file of `login`: one token or one OAuth pair for each profile, or that it is in the keyring.

    Args:
        keyring: where tokens may be instead of in the file, which then only names the entry.
    """

    def __init__(self, path: Path, keyring: SystemKeyring | None = None) -> None:
        self.path = path
        self._keyring = keyring or SystemKeyring()
        self.was_open = False
        """Whether other users could read the file before this program corrected its permissions."""
        self._renewing: set[asyncio.Future[OAuthPair]] = set()

    def find(self, profile: str) -> Token | None:
        """Return the profile's token, or None.

        Raises:
            CredentialsError: the file is there but cannot be read, or the keyring cannot.
        """
        kept = self._read().get(profile)
        if not isinstance(kept, dict):
            return None
        source = str(self.path)
        if isinstance(entry := kept.get(_IN_KEYRING), str):
            kept, source = self._from_keyring(entry)
        pair = _pair_from_json(kept)
        if pair is not None:
            return Token(pair.access, source, pair, pair.base_url)
        token, base_url = kept.get("token"), kept.get("base_url", "")
        if not isinstance(token, str):
            raise CredentialsError("unreadable", source)
        return Token(secret_from_text(token, source), source, base_url=str(base_url))

    def profiles(self) -> tuple[str, ...]:
        """Return the profiles that have a token in this file."""
        return tuple(self._read())

    def use_keyring(self, keyring: SystemKeyring) -> None:
        """Use a keyring from now on."""
        self._keyring = keyring

    def keep(self, profile: str, token: Secret | OAuthPair, base_url: str = "") -> Kept:
        """Save the token in place of the profile's earlier one: in the keyring, or else in the file.

        Args:
            base_url: the site that has accepted the token; an OAuth pair has its own.

        Raises:
            CredentialsError: the file cannot be written.
        """
        with _as_credentials_error(self.path), locked(self.path):
            return self._save(profile, token, base_url)

    def place_text(self, kept: Kept) -> str:
        """Return a sentence about where a token was saved."""
        if kept.source == str(self.path):
            return _("Token saved to {path}, readable only by you.").format(path=clean_line(kept.source))
        return _("Token saved in {place}.").format(place=kept.source)

    def keyring_text(self, kept: Kept) -> str:
        """Return why a token is not in the keyring that the settings ask for, or an empty text."""
        if not kept.keyring_problem or self._keyring.mode != "keyring":
            return ""
        problem = _("the token is not in the system's keyring: {reason}")
        return problem.format(reason=kept.keyring_problem)

    def forget(self, profile: str) -> bool:
        """Delete the profile's token from the file and the keyring; return False if there was none.

        Raises:
            CredentialsError: the file cannot be written, or the token is in a keyring that cannot be used.
        """
        kept = self._read().get(profile)
        entry = kept.get(_IN_KEYRING) if isinstance(kept, dict) else None
        try:
            if isinstance(entry, str):
                self._keyring.delete(entry)
            elif self._keyring.may_hold:  # from a write that came too late, or from before
                self._keyring.delete(self._entry_of(profile))
        except KeyringError as error:
            if isinstance(entry, str):
                raise CredentialsError("keyring", error.problem) from None
        if kept is None:
            return False
        with _as_credentials_error(self.path), locked(self.path):
            self._put(profile, None)
        return True

    async def fresh_pair(
        self, profile: str, pair: OAuthPair, renew: Callable[[OAuthPair], Awaitable[OAuthPair]]
    ) -> OAuthPair:
        """Return a pair with a valid access token: the given one, one of another process, or a renewed one.

        The refresh token dies when used (docs/wire.md 1.5): it is used under the file's lock, and the new
        pair is on disk before it is returned, unless another login has taken the place of this one.

        Raises:
            CredentialsError: the file cannot be locked or written; and whatever `renew` raises.
        """
        if pair.is_fresh():
            return pair
        task = asyncio.ensure_future(self._renew(profile, pair, renew))
        self._renewing.add(task)
        task.add_done_callback(self._renewing.discard)
        # Even if the caller is canceled, save the new pair: the old one is then invalid.
        return await asyncio.shield(task)

    async def _renew(
        self, profile: str, pair: OAuthPair, renew: Callable[[OAuthPair], Awaitable[OAuthPair]]
    ) -> OAuthPair:
        with _as_credentials_error(self.path):
            lock = locked(self.path)
            await asyncio.to_thread(lock.__enter__)
            try:
                kept = await asyncio.to_thread(self.find, profile)
                saved = kept.pair if kept is not None else None
                if saved is None or saved.base_url != pair.base_url:
                    return await renew(pair)  # meanwhile the user has logged out, or in elsewhere: keep that
                if saved.is_fresh():
                    return saved
                renewed = await renew(saved)
                await asyncio.to_thread(self._save, profile, renewed)
                return renewed
            finally:
                lock.__exit__(None, None, None)

    def _read(self) -> dict[str, object]:
        try:
            data, repaired = read_private(self.path)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CredentialsError("unreadable", str(self.path)) from error
        self.was_open = self.was_open or repaired
        profiles = _profiles_from_json(data)
        if profiles is None:
            raise CredentialsError("unreadable", str(self.path))
        return profiles

    def _save(self, profile: str, token: Secret | OAuthPair, base_url: str = "") -> Kept:
        """Save a token; the caller holds the lock. What the keyring does not take goes into the file."""
        before, problem, saved = self._entries().get(profile), "", _json_from(token, base_url)
        if self._keyring.saves:
            entry = self._entry_of(profile)
            try:
                self._keyring.set(entry, json.dumps(saved))
                self._put(profile, {_IN_KEYRING: entry})
                return Kept(_keyring_source(self._keyring.name()))
            except KeyringError as error:
                problem = error.problem
        self._put(profile, saved)
        earlier = before.get(_IN_KEYRING) if isinstance(before, dict) else None
        if isinstance(earlier, str):
            with suppress(KeyringError):
                self._keyring.delete(earlier)  # only now that the new token is saved
        return Kept(str(self.path), problem)

    def _from_keyring(self, entry: str) -> tuple[dict[str, object], str]:
        try:
            kept: object = json.loads(self._keyring.get(entry))
            source = _keyring_source(self._keyring.name())
        except KeyringError as error:
            raise CredentialsError("keyring", error.problem) from None
        except (ValueError, RecursionError):
            kept = None
        if not isinstance(kept, dict):
            raise CredentialsError("keyring", _("it contains no token of this profile"))
        return kept, source

    def _entry_of(self, profile: str) -> str:
        """Return the name of the profile's entry: other folders of this user have entries of their own."""
        return f"{profile} ({self.path.parent})"

    def _entries(self) -> dict[str, object]:
        try:
            return self._read()
        except CredentialsError:  # `_put` sets a damaged file aside
            return {}

    def _put(self, profile: str, kept: Mapping[str, object] | None) -> None:
        try:
            profiles = self._read()
        except CredentialsError:  # neither discards a token nor locks the user out
            self.path.replace(self.path.with_suffix(".damaged"))
            profiles = {}
        profiles.pop(profile, None)
        if kept is not None:
            profiles[profile] = kept
        text = json.dumps({"version": 1, "profiles": profiles}, indent=2, ensure_ascii=False)
        write_private(self.path, text.encode() + b"\n")


class _as_credentials_error:
    """Converts an OSError in its body to a CredentialsError that names the file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, OSError):
            raise CredentialsError("unreadable", str(self._path)) from error


def _keyring_source(name: str) -> str:
    return _("the system's keyring ({name})").format(name=clean_line(name))


def _profiles_from_json(data: bytes) -> dict[str, object] | None:
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError):  # not chained by the caller, because it contains the file's content
        return None
    profiles = value.get("profiles") if isinstance(value, dict) else None
    return profiles if isinstance(profiles, dict) else None


def _json_from(token: Secret | OAuthPair, base_url: str) -> Mapping[str, object]:
    if isinstance(token, Secret):
        return {"token": token.reveal(), **({"base_url": base_url} if base_url else {})}
    return {
        "access_token": token.access.reveal(),
        "refresh_token": token.refresh.reveal(),
        "expires_at": token.expires_at,
        "client_id": token.client_id,
        "base_url": token.base_url,
    }


def _pair_from_json(kept: Mapping[str, object]) -> OAuthPair | None:
    access, refresh, expires_at = (kept.get(key) for key in ("access_token", "refresh_token", "expires_at"))
    if not isinstance(access, str) or not isinstance(refresh, str) or not isinstance(expires_at, int):
        return None
    return OAuthPair(
        access=secret_from_text(access),
        refresh=secret_from_text(refresh),
        expires_at=expires_at,
        client_id=str(kept.get("client_id", "")),
        base_url=str(kept.get("base_url", "")),
    )
