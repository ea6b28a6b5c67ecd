"""What is copied of a chat, and what is said then: which way was taken, what could not be known.

See docs/ui.md 5.
"""

from __future__ import annotations

from coze_tui.engine.model.figures import TurnFigures
from coze_tui.terminal.clipboard import Copied, Way
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _


def copied_words(copied: Copied, what: str) -> str:
    """A sentence for a toast.

    Args:
        what: what was copied, in the language in use.
    """
    amount = _("{what}, {n} characters").format(what=what, n=thousands(copied.characters))
    path = clean_line(str(copied.path)) if copied.path else ""
    if Way.TMUX in copied.ways:
        return _("{amount}: in tmux's buffer, and sent on to the terminal's clipboard.").format(amount=amount)
    if Way.TERMINAL in copied.ways and path:
        return _(
            "{amount}: sent to the terminal's clipboard; some terminals refuse it, so it is in {path}, too."
        ).format(amount=amount, path=path)
    if Way.TERMINAL in copied.ways:
        return _("{amount}: sent to the terminal's clipboard; some terminals refuse it.").format(
            amount=amount
        )
    if path and copied.too_long:
        return _("{amount}: too long for a terminal's clipboard; saved as {path}").format(
            amount=amount, path=path
        )
    if path:
        return _("{amount}: saved as {path}").format(amount=amount, path=path)
    return _("{amount}: could not be copied: {reason}").format(
        amount=amount, reason=clean_line(copied.file_failed)
    )


def ids_text(figures: TurnFigures) -> str:
    """The ids that are known of a chat, one on a line."""
    ids = {
        "conversation_id": figures.conversation_id,
        "chat_id": figures.chat_id,
        "section_id": figures.section_id,
        "logid": figures.logid,
    }
    return "\n".join(f"{name} {value}" for name, value in ids.items() if value)
