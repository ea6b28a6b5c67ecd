"""Coze's error codes → our exceptions: the one table (docs/wire.md 5.1). Pure."""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.api.events import inner_error
from coze_tui.api.objects import LastError
from coze_tui.errors import ApiError, AuthError, BusyError, NotFoundError, NotServedError, QuotaError
from coze_tui.text.cleaning import clean_line

_CLASSES: Mapping[int, type[ApiError]] = {
    **dict.fromkeys((401, 4100, 4101, 700012006), AuthError),
    4016: BusyError,
    **dict.fromkeys((429, 4008, 4011, 4019, 4020, 4022, 4028), QuotaError),
    **dict.fromkeys((404, 4001, 4002, 4006, 4200, 4314), NotFoundError),
    **dict.fromkeys((103000002, 103100002, 103200001, 103200003, 720702004), NotFoundError),  # studio
}
_LONGEST_MSG = 2_000


def error_of_code(
    code: int, msg: str, *, logid: str = "", http_status: int = 200, retry_after: float | None = None
) -> ApiError:
    """The exception for a code, wherever it was found: in an envelope, an event or a status line."""
    error = inner_error(LastError(code, msg))
    # docs/wire.md 4: a path that studio does not serve ends in its check for a browser's session.
    is_elsewhere = "session_key" in error.msg and error.code in (401, 700012006)
    by_status = _CLASSES.get(http_status, ApiError)  # says more than a code that nobody knows
    chosen = NotServedError if is_elsewhere else _CLASSES.get(error.code, by_status)
    return chosen(
        error.code,
        clean_line(error.msg)[:_LONGEST_MSG],
        logid=logid,
        http_status=http_status,
        retry_after=retry_after,
    )
