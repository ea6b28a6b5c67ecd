"""The pages of the documentation that help with an error."""

from __future__ import annotations

from functools import cache

from coze_tui.errors import ApiError, CredentialsError, StreamCut, TransportError
from coze_tui.text.i18n import current_language, is_chinese

_BY_CODE = {
    4006: "a-bot-cannot-be-found",
    4015: "error-codes",
    4016: "error-codes",
    4028: "error-codes",
    4100: "error-codes",
    4101: "permissions-by-feature",
    4200: "a-bot-cannot-be-found",
}
SECTIONS = frozenset({*_BY_CODE.values(), "get-a-token", "an-answer-was-cut-off", "proxy"})
"""The anchors in docs/troubleshooting.md, and in its translations, to which errors lead."""


def help_page(error: BaseException) -> str:
    """Return the URL of the section that helps with an error, in the user's language, or an empty text."""
    match error:
        case ApiError():
            section = _BY_CODE.get(error.code, "")
        case CredentialsError(reason="missing"):
            section = "get-a-token"
        case StreamCut():
            section = "an-answer-was-cut-off"
        case TransportError(kind="proxy"):
            section = "proxy"
        case _:
            section = ""
    page = "troubleshooting.zh-CN.md" if is_chinese(current_language()) else "troubleshooting.md"
    folder = _documentation() if section else ""
    return f"{folder}/{page}#{section}" if folder else ""


@cache
def _documentation() -> str:
    """Return the URL of the docs folder as the package's metadata names it; empty if it was not installed."""
    from importlib.metadata import PackageNotFoundError, metadata  # slow, and few errors lead anywhere

    try:
        urls = metadata("coze-tui").get_all("Project-URL") or []
    except PackageNotFoundError:
        return ""
    labels = dict(url.split(", ", 1) for url in urls)
    return str(labels.get("Documentation", ""))
