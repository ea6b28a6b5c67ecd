"""All exceptions that are raised on purpose, as one tree. They contain facts; `explain` has the sentences."""

from __future__ import annotations

import errno
from typing import Literal

from coze_tui.values import valueclass


class CozeTuiError(Exception):
    """The base of all errors that the program expects."""


class SettingsError(CozeTuiError):
    """A settings file, an environment variable or a flag is wrong."""

    def __init__(
        self, problem: str, *, source: str, key: str = "", line: int = 0, suggestion: str = ""
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        """The problem, translated: a predicate that reads after the name, such as "is required"."""
        self.source = source
        """The file, variable or flag."""
        self.key = key
        self.line = line
        """1-based; 0 if no line is known."""
        self.suggestion = suggestion
        """The nearest valid key or value, or empty."""


class CredentialsError(CozeTuiError):
    """There is no usable token."""

    def __init__(
        self,
        reason: Literal[
            "missing", "not entered", "unreadable", "malformed", "command", "keyring", "other site"
        ],
        source: str = "",
        *,
        site: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.site = site
        """For `other site`: the site of the project file, which must not get the token of the source."""
        self.source = source
        """The file, variable, stream or command that should provide the token; never the token itself.

        For the keyring: why it was not read, as one translated clause.
        """


class ApiError(CozeTuiError):
    """Coze has refused a request or reported a failure (docs/wire.md 3.7, 5.1)."""

    def __init__(
        self,
        code: int,
        msg: str,
        *,
        logid: str = "",
        http_status: int = 200,
        retry_after: float | None = None,
        path: str = "",
        sent_jwt: bool = False,
    ) -> None:
        super().__init__(f"{code}: {msg}")
        self.code = code
        """Coze's code, or the HTTP status if the body had none."""
        self.msg = msg
        self.logid = logid
        self.http_status = http_status
        self.retry_after = retry_after
        """Seconds that the server asks to wait, or None."""
        self.path = path
        """Path of the refused call; empty if unknown."""
        self.sent_jwt = sent_jwt
        """Whether the token of the call was a JWT (docs/wire.md 1.3)."""


class AuthError(ApiError):
    """The token is wrong, expired, from the other site, or lacks a permission.

    4100, 4101, 700012006, HTTP 401 and 403.
    """


class BusyError(ApiError):
    """A chat is still running in this conversation (4016)."""


class QuotaError(ApiError):
    """A quota or balance is used up: 4008, 4011, 4019, 4020, 4022, 4028, HTTP 429."""


class NotFoundError(ApiError):
    """The chat, conversation, bot or resource does not exist: 4001, 4002, 4006, 4200, 4314, HTTP 404."""


class NotServedError(ApiError):
    """The server does not have the endpoint (Coze Studio: `missing session_key`, docs/wire.md 4)."""


TransportKind = Literal[
    "refused", "dns", "timeout", "tls", "proxy", "closed", "not http", "environment", "other"
]


class TransportError(CozeTuiError):
    """No connection, a timeout, or a failure of TLS: the server may have handled the request or not."""

    def __init__(
        self,
        kind: TransportKind,
        detail: str = "",
        *,
        url: str = "",
        request_sent: bool = True,
    ) -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail
        """The library's message, cleaned and without secrets, or our own message, translated."""
        self.url = url
        """Scheme, host and port only."""
        self.request_sent = request_sent
        """False only if the server certainly never saw the request."""


class StreamCut(TransportError):
    """The stream ended before the chat did (docs/wire.md 3.7, shape 5)."""


class StillAnswering(StreamCut):
    """The stream has ended, and so has the time to wait for it, but Coze has not finished the chat."""

    def __init__(self, seconds: float) -> None:
        super().__init__("timeout", f"the chat was still in progress after {seconds:.0f} s")
        self.seconds = seconds


class ProtocolError(CozeTuiError):
    """The server has sent a reply that Coze never sends."""

    def __init__(
        self,
        problem: str,
        *,
        excerpt: str = "",
        http_status: int = 200,
        content_type: str = "",
        logid: str = "",
        events: int = 0,
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        """A short tag: `html`, `empty`, `line too long`, `compressed`, `redirect`, `not json`…"""
        self.excerpt = excerpt
        """At most 200 cleaned characters of the reply without tags; for events, their names."""
        self.events = events
        """Number of events, none of which Coze sends; 0 for any other problem."""
        self.http_status = http_status
        self.content_type = content_type
        self.logid = logid


def code_of(error: BaseException | None) -> int:
    """Return Coze's code of a failure, or else its HTTP status; 0 if it has neither."""
    if isinstance(error, ApiError):
        return error.code
    if isinstance(error, ProtocolError) and error.http_status >= 400:
        return error.http_status
    return 0


def code_words(code: int) -> str:
    """Return a code as text; empty for 0 and below, which stand for failures without a code."""
    return str(code) if code > 0 else ""


def logid_of(error: BaseException | None) -> str:
    """Return the logid of a failure, or an empty text."""
    return error.logid if isinstance(error, ApiError | ProtocolError) else ""


_PASSING_CODES = frozenset({429, 4009, 4013, 4020, 5000})
"""Coze's codes of limits and faults that end by themselves (docs/wire.md 5.1)."""


def may_pass(error: CozeTuiError) -> bool:
    """Return whether the same request may succeed a little later without any action by the user."""
    if isinstance(error, AuthError | NotFoundError | NotServedError):
        return False  # with status 500 too, which Coze Studio sends for every error
    if isinstance(error, ApiError):
        return error.code in _PASSING_CODES or error.http_status == 429 or _is_server_fault(error)
    return isinstance(error, TransportError | ProtocolError)


def _is_server_fault(error: ApiError) -> bool:
    return error.http_status >= 500 or 500 <= error.code < 600  # the store has the code only


def is_refused(error: CozeTuiError | None) -> bool:
    """Return whether Coze refuses a request, and would refuse it again with the same token."""
    return isinstance(error, ApiError) and not may_pass(error)


def is_refusal(error: CozeTuiError | None) -> bool:
    """Return whether Coze will never grant the request, over any connection and with any valid token."""
    return is_refused(error) and not isinstance(error, AuthError)


StoreErrorKind = Literal[
    "full", "readonly", "locked", "no locks", "broken", "damaged", "newer", "unreadable", "other"
]
"""`no locks`: the file system cannot lock files. `broken`: the disk reports errors. `damaged`: the file
has wrong content."""
StoreWarningKind = Literal[StoreErrorKind, "network", "permissions", "migrated", "replaced"]


_NAMES: tuple[tuple[StoreErrorKind, tuple[str, ...]], ...] = (
    ("full", ("ENOSPC", "EDQUOT", "EFBIG")),
    ("readonly", ("EROFS", "EACCES", "EPERM")),
    ("broken", ("EIO", "EUCLEAN", "EBADMSG", "ENXIO", "ENODEV", "EREMOTEIO", "ESTALE", "ENOTCONN")),
    ("no locks", ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP")),
    ("other", ("EMFILE", "ENFILE", "ENOMEM")),
)
"""No system defines all of them."""
_KINDS = {getattr(errno, name, 0): kind for kind, names in _NAMES for name in names}


def kind_from_errno(number: int | None) -> StoreErrorKind:
    """Return the kind of an error of the file system."""
    return _KINDS.get(number, "unreadable") if number else "unreadable"


class StoreError(CozeTuiError):
    """The local history cannot be read or written."""

    def __init__(self, kind: StoreErrorKind, path: str = "", detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.path = path
        self.detail = detail
        self.stops_saving = False
        """Set by the code that saves chats: what is not written yet is only in memory."""


class StoreClosedError(StoreError):
    """The store is closed, because the program is exiting."""

    def __init__(self, path: str = "") -> None:
        super().__init__("other", path, "the store is closed")


@valueclass
class StoreWarning:
    """A problem of the store that the user should know about, though the program continues."""

    kind: StoreWarningKind
    """`network`: a file system without WAL; `permissions`: others could read the files, now repaired;
    `migrated`: `path` is the backup made before; `damaged`: `path` is the file set aside; `replaced`: another
    file is at `path` than the one that was opened."""
    path: str
    detail: str = ""


class InternalError(CozeTuiError):
    """A bug of coze-tui that stopped one action but not the program.

    Its message may contain anything, so only its name is shown; a crash report has the rest.
    """

    def __init__(self, fault: BaseException) -> None:
        super().__init__(type(fault).__name__)
        self.fault = fault


class AttachmentError(CozeTuiError):
    """A file that should be sent with a question cannot be read or sent."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        """`empty`, `too large`, `no url`, or the message of the operating system."""
        self.path = path


class ToolCommandError(CozeTuiError):
    """The command that runs as a local tool has produced no output."""

    def __init__(
        self,
        reason: Literal["unusable", "failed", "too large"],
        command: str,
        *,
        detail: str = "",
        status: int = 0,
    ) -> None:
        super().__init__(f"{command}: {reason}" + (f": {detail}" if detail else ""))
        self.reason = reason
        self.command = command
        """Its name, without its arguments, which may be private."""
        self.detail = detail
        """The message of the operating system or the last line of stderr, cleaned."""
        self.status = status
        """Its exit status; if negative, the signal that ended it."""


class FileError(CozeTuiError):
    """A file that the user named cannot be read or written."""

    def __init__(
        self,
        reason: Literal[
            "unreadable",
            "unwritable",
            "empty",
            "foreign",
            "no capture",
            "for reading",
            "newer",
            "cut",
            "bad line",
            "too large",
        ],
        path: str,
        *,
        line: int = 0,
        detail: str = "",
    ) -> None:
        super().__init__(f"{path}: {reason}" + (f": {detail}" if detail else ""))
        self.reason = reason
        """`foreign`: of another program; `no capture`: not an event stream; `for reading`: an export for
        people, not for imports; `cut`: its end is missing."""
        self.path = path
        self.line = line
        """1-based; 0 if no line is known."""
        self.detail = detail
        """The system's message, or the problem of the line: a short tag, or a sentence for `no capture`."""
