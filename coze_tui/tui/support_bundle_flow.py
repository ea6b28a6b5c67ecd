"""Save the support bundle of a chat from a screen."""

from __future__ import annotations

import asyncio

from coze_tui.config.locations import typed_path
from coze_tui.config.secure_files import write_new
from coze_tui.errors import FileError
from coze_tui.exports.support_bundle import support_bundle, support_bundle_name
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.text.system_text import readable
from coze_tui.tui.chat_sources import ChatSource, whole_chat
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.dialogs import AskText, Choose, Option


async def save_support_bundle(context: AppContext, source: ChatSource) -> None:
    """Ask what the bundle may contain and where to save it; show the path in a toast. Call it in a worker.

    Raises:
        FileError: the file cannot be written.
        StoreError: the chat cannot be read.
    """
    page = await source.page(0)
    if page is None or not page.frames:
        context.app.notify(
            _("Nothing to save: the events of this chat are not on this machine."), markup=False
        )
        return
    chat = await whole_chat(page)
    form = await context.app.push_screen_wait(
        Choose(
            _("Save a support bundle for Coze"),
            _("It contains the events of the chat, its IDs, its times and the versions. Tokens are removed."),
            [
                Option("whole", _("With message text"), ""),
                Option("mask", _("Without message text"), _("only the length of each text is kept")),
            ],
        )
    )
    if form is None:
        return
    name = await context.app.push_screen_wait(
        AskText(_("Save the support bundle"), support_bundle_name(page.record.chat_id))
    )
    if not name:
        return
    text = await asyncio.to_thread(support_bundle, chat, context.startup, mask=form == "mask")
    path = await asyncio.to_thread(typed_path, name)
    try:
        written = await asyncio.to_thread(write_new, path, [text.encode("utf-8", "replace")])
    except OSError as error:
        raise FileError("unwritable", str(path), detail=error.strerror or type(error).__name__) from error
    context.app.notify(_("Saved {file}").format(file=clean_line(readable(str(written)))), markup=False)
