"""Tokens, their kinds, and how they are masked. Only `Secret.reveal` returns the text of a token."""

from __future__ import annotations

import hmac
import time
from collections.abc import Mapping
from typing import Literal, NoReturn, final

from coze_tui.errors import CredentialsError
from coze_tui.text.i18n import _
from coze_tui.values import valueclass

MASK = "***"
EARLY = 60
"""An access token is renewed this many seconds before it expires."""

TokenKind = Literal["personal", "service", "oauth", "jwt oauth", "jwt", "unknown"]


@final
class Secret:
    """A text that is masked when it is printed, formatted or pickled.

    It is not a `str`, because tracebacks with local variables would print that.
    """

    __slots__ = ("_value",)
    _value: str

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_value", value)

    def reveal(self) -> str:
        """Return the text, for the Authorization header and the credentials file only."""
        return self._value

    @property
    def mask(self) -> str:
        """Return the prefix and the last four characters, if enough between them is hidden."""
        prefix, separator, rest = self._value.partition("_")
        if not separator or len(prefix) > 4:
            prefix, separator, rest = "", "", self._value
        return f"{prefix}{separator}{MASK}{rest[-4:] if len(rest) >= 16 else ''}"

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, specification: str) -> str:
        return format(MASK, specification)

    def __reduce__(self) -> tuple[type[Secret], tuple[str]]:
        return (Secret, (MASK,))

    def __getstate__(self) -> None:
        return None

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(name)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(name)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))


@valueclass
class OAuthPair:
    """A short-lived OAuth access token and the token that renews it (docs/wire.md 1.5)."""

    access: Secret
    refresh: Secret
    expires_at: int
    """Unix seconds at which the access token expires."""
    client_id: str
    base_url: str

    def is_fresh(self, now: float | None = None) -> bool:
        """Return True if the access token does not expire soon."""
        return self.expires_at - EARLY > (time.time() if now is None else now)


@valueclass
class Token:
    """A token and its source."""

    secret: Secret
    source: str
    """The variable, file or program that provided it."""
    pair: OAuthPair | None = None
    """Set if the token is the access token of an OAuth pair."""
    base_url: str = ""
    """The site for which it was saved, or empty if that is not known."""


def secret_from_text(text: str, source: str = "") -> Secret:
    """Return the token in a typed, pasted or read text, without quotes and `Bearer`, valid for a header.

    Files of variables, which docker and YAML read verbatim, and JSON contain such quotes.

    Raises:
        CredentialsError: the text is empty, or contains a character that no token has (a line break, a
            control character, a space, a character outside ASCII).
    """
    token, before = text, None
    while token != before:
        before, token = token, _unwrapped(token)
    if not token:
        raise CredentialsError("missing", source)
    if not all("!" <= character <= "~" for character in token):
        raise CredentialsError("malformed", source)
    return Secret(token)


_QUOTES = ('""', "''", "``", "“”", "‘’")


def _unwrapped(text: str) -> str:
    """Return the text without one layer of quotes or `Bearer` around the token."""
    text = text.strip().strip("\ufeff").strip()
    if len(text) > 1 and text[0] + text[-1] in _QUOTES:
        return text[1:-1]
    scheme, *rest = text.split(maxsplit=1) or [""]
    if scheme.casefold() in ("bearer", "authorization:"):
        return "".join(rest)
    return text


def is_jwt(token: str) -> bool:
    """Return whether a token is a signed JWT, by its prefix (docs/wire.md 1.3)."""
    return token.startswith("eyJ")


def kind_of(secret: Secret) -> TokenKind:
    """Return the kind that the token's prefix suggests (docs/wire.md 1.3), for hints only."""
    token = secret.reveal()
    kinds: Mapping[str, TokenKind] = {
        "pat_": "personal",
        "sat_": "service",
        "czu_": "oauth",
        "czs_": "jwt oauth",
    }
    if is_jwt(token):
        return "jwt"
    return kinds.get(token[:4], "unknown")


def hint_for(secret: Secret) -> str:
    """Return a sentence about a token that will soon stop working, else an empty text.

    A JWT is explained only if the server refuses it (`explain`), because some servers accept one.
    """
    match kind_of(secret):
        case "oauth" | "jwt oauth":
            return _(
                "This is an OAuth access token, valid for about 15 minutes. For longer use, create "
                "a personal access token or run `coze-tui login --device`."
            )
        case "personal" | "service" | "jwt" | "unknown":
            return ""
