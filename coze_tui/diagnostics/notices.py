"""Sentences about events other than chat errors: the history, a changed library, a copied text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coze_tui.diagnostics.explain import explain
from coze_tui.diagnostics.sentences import joined
from coze_tui.errors import StoreError, StoreWarning
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext

if TYPE_CHECKING:
    from coze_tui.terminal.clipboard import Copied


def store_warning_text(warning: StoreWarning, *, is_saved: bool = True) -> str:
    """Return the problem of the history and its consequence, on one line.

    Args:
        is_saved: whether chats are saved nevertheless.
    """
    match warning.kind:
        case "network":
            return _(
                "SQLite's write-ahead log does not work where the history is stored, for example "
                "on a network drive ({path}). Chats are saved, but programs have to wait for each "
                "other. Set COZE_TUI_HOME to store it elsewhere."
            ).format(path=warning.path)
        case "permissions":
            return _("{path} was readable by others; this has been fixed.").format(path=warning.path)
        case "migrated":
            return _(
                "The history was converted to the current format; the old version was saved as {path}."
            ).format(path=warning.path)
        case "replaced":
            return _("The history file was moved or replaced. Chats are now saved in {path}.").format(
                path=warning.path
            )
        case "damaged" if not is_saved:
            return _(
                "The history is damaged and a new one could not be created ({path}). Nothing was "
                "deleted, but chats are not saved until this is fixed."
            ).format(path=warning.path)
        case "damaged":
            return _(
                "The history was damaged. It was set aside as {path}, and everything readable was recovered."
            ).format(path=warning.path)
        case kind:
            error = StoreError(kind, warning.path, warning.detail)
            error.stops_saving = not is_saved
            text = explain(error, base_url="").text
            if kind in _MENDED_BY_USER and not is_saved:
                text = joined(text, _("Then restart coze-tui."))
            return text


_MENDED_BY_USER = frozenset({"full", "readonly", "locked", "no locks", "broken", "unreadable"})
"""Problems of a store that works again once the user has solved them."""


def explain_library(name: str, installed: str, written_for: str) -> str:
    """Return why the screen does not use our own display, and what to do.

    Args:
        name: the library that has changed.
        installed: its installed version; empty if it cannot be found.
        written_for: the version that this program was written for.
    """
    text = _(
        "{library} {installed} differs from {written_for}, for which this coze-tui was written, so the screen"
        " uses Textual's own display and may be slower. Run: pip install {name}=={written_for}"
    )
    return text.format(
        library=name.capitalize(), installed=installed or "?", name=name, written_for=written_for
    )


def copied_text(copied: Copied, what: str = "") -> str:
    """Return a sentence with the size of a copied text, the way it was copied, and what is uncertain.

    See docs/ui.md 5.

    Args:
        what: the name of the copied text, translated; empty for a text that the user sees.
    """
    from coze_tui.terminal.clipboard import Way  # loads asyncio, which no other sentence needs

    path = clean_line(str(copied.path)) if copied.path else ""
    if Way.TMUX in copied.ways:
        where = _("tmux, and passed on to the terminal")
    elif Way.TERMINAL in copied.ways and path:
        where = _("the terminal; some terminals refuse it, so also {path}").format(path=path)
    elif Way.TERMINAL in copied.ways:
        where = _("the terminal; some terminals refuse it")
    elif path and copied.too_long:
        where = _("{path}; it is too long for a terminal's clipboard").format(path=path)
    elif path:
        where = path
    else:
        return _("Not copied: {reason}").format(reason=clean_line(copied.file_failed))
    amount = ngettext("{n} character", "{n} characters", copied.characters).format(
        n=thousands(copied.characters)
    )
    if what:
        return _("Copied {what}, {amount} → {where}").format(what=what, amount=amount, where=where)
    return _("Copied {amount} → {where}").format(amount=amount, where=where)
