"""What a trouble with the store means to the person, in one line for the banner."""

from __future__ import annotations

from coze_tui.diagnostics.explain import advice
from coze_tui.errors import StoreError
from coze_tui.store.failures import StoreWarning
from coze_tui.text.i18n import _


def words_for(trouble: StoreWarning, *, is_saved: bool = True) -> str:
    """Say what happened and what it means; `is_saved` says whether chats are kept all the same."""
    match trouble.kind:
        case "network":
            return _(
                "The history lies where SQLite's log does not work, as on a network drive ({path}). Chats "
                "are saved, but programs wait for each other. COZE_TUI_HOME names another place."
            ).format(path=trouble.path)
        case "permissions":
            return _("Others could read {path}; that is repaired.").format(path=trouble.path)
        case "migrated":
            return _("The history was brought to the present form; a copy of before is {path}.").format(
                path=trouble.path
            )
        case "replaced":
            return _(
                "The history was moved or replaced. Chats are saved in the file that is now {path}."
            ).format(path=trouble.path)
        case "damaged" if not is_saved:
            return _(
                "The history is damaged and no new one could be made ({path}). Chats are not saved until "
                "that is repaired; nothing was deleted."
            ).format(path=trouble.path)
        case "damaged":
            return _(
                "The history was damaged. It was set aside as {path}, and what could be read was kept."
            ).format(path=trouble.path)
        case kind:
            text = advice(StoreError(kind, trouble.path, trouble.detail), base_url="").text
            if kind == "unreadable" and not is_saved:
                text += " " + _("Chats are not saved.")
            if kind in ("full", "readonly", "locked", "unreadable") and not is_saved:
                text += " " + _("Afterwards start coze-tui again.")
            return text
