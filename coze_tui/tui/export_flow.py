"""Writing conversations to files from a screen: which form, where, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from coze_tui.errors import CozeTuiError, FileError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, ngettext

if TYPE_CHECKING:
    from coze_tui.exports.exporting import Format
    from coze_tui.tui.app import CozeApp


async def export_and_tell(app: CozeApp, keys: Sequence[str]) -> None:
    """Ask for the form, write the conversations into the folder the program was started in, say which."""
    form = await _asked_form(app)
    if form is None:
        return
    try:
        folder = await asyncio.to_thread(_folder, app.access.environment)
        paths = await app.engine_thread.call(lambda engine: engine.exports.export(keys, form, folder))
    except CozeTuiError as error:
        app.notify_failure(error)
        return
    if not paths:
        text = _("There is nothing of this form: the events were not recorded here, or were removed.")
    elif len(paths) == 1:
        text = _("Saved as {path}").format(path=clean_line(str(paths[0])))
    else:
        text = ngettext("{n} file in {folder}", "{n} files in {folder}", len(paths)).format(
            n=len(paths), folder=clean_line(str(folder))
        )
    app.notify(text, markup=False)


async def import_and_tell(app: CozeApp, path: Path) -> str | None:
    """Import a file; the key of the first conversation in it, or None where that failed or gave none."""
    site = app.settings.site
    try:
        imported = await app.engine_thread.call(lambda engine: engine.imports.import_file(path, site=site))
    except CozeTuiError as error:
        app.notify_failure(error)
        return None
    count = sum(each.state != "same" for each in imported)
    if not imported:
        text = _("There are no conversations in it.")
    elif count:
        text = ngettext("{n} conversation imported", "{n} conversations imported", count).format(n=count)
    else:
        text = _("All of it was here already.")
    app.notify(text, markup=False)
    return imported[0].key if imported else None


def _folder(environment: Mapping[str, str]) -> Path:
    """The folder the program was started in; a FileError where it is gone."""
    try:
        return Path.cwd()
    except OSError as failure:
        raise FileError("unwritable", environment.get("PWD", "."), detail=failure.strerror or "") from failure


async def _asked_form(app: CozeApp) -> Format | None:
    from coze_tui.exports.exporting import FORMATS
    from coze_tui.tui.screens.dialogs import Choose, Option

    choice = await app.push_screen_wait(
        Choose(
            _("Export as"),
            "",
            [
                Option("md", "Markdown", _("to read and to edit")),
                Option("html", "HTML", _("one page that stands alone, with the events")),
                Option("jsonl", "JSON lines", _("everything, to import again")),
                Option("sse", _("Captures"), _("the event streams, a file for each chat")),
            ],
        )
    )
    return next((form for form in FORMATS if form == choice), None)
