"""What a trouble with the store means to the person, in one line for the banner."""

from __future__ import annotations

from coze_tui.advice import advice
from coze_tui.errors import StoreError
from coze_tui.i18n import _
from coze_tui.store.trouble import Trouble


def words_for(trouble: Trouble) -> str:
    """Say what happened and what it means."""
    match trouble.kind:
        case "network":
            return _(
                "The history lies on a network drive ({path}): only one program at a time can use it. "
                "COZE_TUI_HOME names another place."
            ).format(path=trouble.path)
        case "permissions":
            return _("Others could read {path}; that is repaired.").format(path=trouble.path)
        case "migrated":
            return _("The history was brought to the present form; a copy of before is {path}.").format(
                path=trouble.path
            )
        case "damaged":
            return _(
                "The history was damaged. It was set aside as {path}, and what could be read was kept."
            ).format(path=trouble.path)
        case kind:
            return advice(StoreError(kind, trouble.path, trouble.detail)).text
