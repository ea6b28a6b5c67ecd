"""All exceptions raised on purpose, as one tree. They carry facts; `explain` has the sentences."""

from __future__ import annotations

import errno
from typing import Literal

from coze_tui.values import valueclass


class CozeTuiError(Exception):
    """Whatever went wrong in a way that was foreseen."""


class SettingsError(CozeTuiError):
    """A settings file, an environment variable or a flag is wrong."""

    def __init__(
        self, problem: str, *, source: str, key: str = "", line: int = 0, suggestion: str = ""
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        """What is wrong, as one already translated clause."""
        self.source = source
        """The file, variable or flag."""
        self.key = key
        self.line = line
        """1-based; 0 where there is none."""
        self.suggestion = suggestion
        """The nearest right key or value, or empty."""


class CredentialsError(CozeTuiError):
    """There is no usable token."""

    def __init__(
        self,
        reason: Literal["missing", "not entered", "unreadable", "malformed", "command", "keyring"],
        source: str = "",
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.source = source
        """The file, variable, stream or command that was asked; never the token. Of the keyring why it was
        not read, as one translated clause."""


class ApiError(CozeTuiError):
    """Coze said no (docs/wire.md 3.7, 5.1)."""

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
        """Coze's code; the HTTP status where the body had none."""
        self.msg = msg
        self.logid = logid
        self.http_status = http_status
        self.retry_after = retry_after
        """Seconds the server asks to wait, or None."""
        self.path = path
        """Path of the call that was refused; empty if it is not known."""
        self.sent_jwt = sent_jwt
        """Whether the token of the call was a JWT (docs/wire.md 1.3)."""


class AuthError(ApiError):
    """The token is wrong, expired, of the other site, or lacks a right.

    4100, 4101, 700012006, HTTP 401 and 403.
    """


class BusyError(ApiError):
    """A chat is still running in this conversation: 4016."""


class QuotaError(ApiError):
    """What was paid for or granted is used up: 4008, 4011, 4019, 4020, 4022, 4028, HTTP 429."""


class NotFoundError(ApiError):
    """No such chat, conversation, bot or resource: 4001, 4002, 4006, 4200, 4314, studio's own, HTTP 404."""


class NotServedError(ApiError):
    """This server does not have the endpoint at all (studio: `missing session_key`, docs/wire.md 4)."""


TransportKind = Literal[
    "refused", "dns", "timeout", "tls", "proxy", "closed", "not http", "environment", "other"
]


class TransportError(CozeTuiError):
    """No connection, a timeout, or TLS: nothing is known of what the server did."""

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
        """What the library said, cleaned and without secrets; own words are translated already."""
        self.url = url
        """Scheme, host and port only."""
        self.request_sent = request_sent
        """False only when it is certain that the server never saw the request."""


class StreamCut(TransportError):
    """The stream ended before the chat did (docs/wire.md 3.7, shape 5)."""


class StillAnswering(StreamCut):
    """The stream is over, and Coze had not finished the chat when the time to wait for it was over."""

    def __init__(self, seconds: float) -> None:
        super().__init__("timeout", f"the chat was still in progress after {seconds:.0f} s")
        self.seconds = seconds


class ProtocolError(CozeTuiError):
    """A reply that is not what Coze sends."""

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
        """At most 200 cleaned characters of the reply, tags removed; of events their names."""
        self.events = events
        """Number of events, of which none is Coze's; 0 if the problem is another one."""
        self.http_status = http_status
        self.content_type = content_type
        self.logid = logid


def code_of(error: BaseException | None) -> int:
    """Return Coze's code of a failure, or else its HTTP status; 0 if the failure has neither."""
    if isinstance(error, ApiError):
        return error.code
    if isinstance(error, ProtocolError) and error.http_status >= 400:
        return error.http_status
    return 0


def logid_of(error: BaseException | None) -> str:
    """Return the logid that came with a failure, or an empty text."""
    return error.logid if isinstance(error, ApiError | ProtocolError) else ""


_PASSING_CODES = frozenset({429, 4009, 4013, 4020, 5000})
"""Coze's codes for a limit or a fault that is over after a while (docs/wire.md 5.1)."""


def may_pass(error: CozeTuiError) -> bool:
    """Return whether the same request may succeed a little later, although nobody does anything about it."""
    if isinstance(error, AuthError | NotFoundError | NotServedError):
        return False  # also with status 500, which coze-studio sends for everything
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
"""`no locks`: the file system cannot lock files; `broken`: the disk reports errors; `damaged`: the file
has wrong content."""
StoreWarningKind = Literal[StoreErrorKind, "network", "permissions", "migrated", "replaced"]


_NAMES: tuple[tuple[StoreErrorKind, tuple[str, ...]], ...] = (
    ("full", ("ENOSPC", "EDQUOT", "EFBIG")),
    ("readonly", ("EROFS", "EACCES", "EPERM")),
    ("broken", ("EIO", "EUCLEAN", "EBADMSG", "ENXIO", "ENODEV", "EREMOTEIO", "ESTALE", "ENOTCONN")),
    ("no locks", ("ENOLCK", "ENOSYS", "ENOTSUP", "EOPNOTSUPP")),
    ("other", ("EMFILE", "ENFILE", "ENOMEM")),
)
"""Not every system has each of them."""
_KINDS = {getattr(errno, name, 0): kind for kind, names in _NAMES for name in names}


def kind_from_errno(number: int | None) -> StoreErrorKind:
    """Return the kind of an error of the file system."""
    return _KINDS.get(number, "unreadable") if number else "unreadable"


class StoreError(CozeTuiError):
    """What is kept on this machine cannot be read or written."""

    def __init__(self, kind: StoreErrorKind, path: str = "", detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.path = path
        self.detail = detail
        self.stops_saving = False
        """Set by whatever saves chats: what it has not written yet is only in memory."""


class StoreClosedError(StoreError):
    """The store is closed, because the program is leaving."""

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
    """A fault of our own that ended one thing and not the program.

    What it says may hold anything, so only its name is told; a crash report has the rest.
    """

    def __init__(self, fault: BaseException) -> None:
        super().__init__(type(fault).__name__)
        self.fault = fault


class AttachmentError(CozeTuiError):
    """A file that was to go with a question cannot."""

    def __init__(self, reason: str, path: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.reason = reason
        """`empty`, `too large`, `no url`, or what the system said."""
        self.path = path


class ToolCommandError(CozeTuiError):
    """A command that stands for a tool gives no output."""

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
        """Its name; not its arguments, which may be private."""
        self.detail = detail
        """What the system said, or the last line that it wrote to stderr, cleaned."""
        self.status = status
        """Its exit status; below zero the signal that ended it."""


class FileError(CozeTuiError):
    """A file that was given to be read, or asked to be written, cannot be."""

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
        """`foreign`: of another program; `no capture`: nothing of an event stream is in it; `for reading`: an
        export that was made for people; `cut`: its end is missing."""
        self.path = path
        self.line = line
        """1-based; 0 where there is none."""
        self.detail = detail
        """What the system said, or what is wrong with the line: a short tag, or for `no capture` words."""
