"""Files that a screen writes and reads: exports, imports and support bundles."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from coze_tui.config.locations import typed_path
from coze_tui.config.secure_files import write_new
from coze_tui.errors import CozeTuiError, FileError
from coze_tui.exports.exporting import FORMATS, Format
from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, listed, ngettext
from coze_tui.text.system_text import readable
from coze_tui.tui.chat_sources import ChatSource, whole_chat
from coze_tui.tui.context import AppContext
from coze_tui.tui.screens.dialogs import AskText, Choose, Confirm, Option


def export(context: AppContext, keys: Sequence[str], typed: str = "") -> None:
    """Ask for form and place, and write conversations there; continues if the screen is closed.

    Args:
        typed: The form, or the form and the place, as after `/export`: what it names is not asked for.
    """
    work = _export(context, keys, typed)
    context.app.run_worker(work, group="export", exclusive=True, exit_on_error=False)


async def _export(context: AppContext, keys: Sequence[str], typed: str) -> None:
    """Ask, write, and show in a toast what was written."""
    word, _space, place = typed.partition(" ")
    form = next((each for each in FORMATS if each == word), None)
    if word and form is None:
        text = _("Unknown format {name}. Formats: {forms}.")
        names = listed(FORMATS)
        context.app.notify(text.format(name=clean_line(word), forms=names), severity="warning", markup=False)
        return
    form = form or await _asked_form(context)
    if form is None:
        return
    try:
        folder = await asyncio.to_thread(_folder, context.startup.environment)
        if len(keys) == 1 and form != "sse":
            paths = await _export_file(context, keys[0], form, folder, place.strip())
        else:
            paths = await _export_files(context, keys, form, folder, place.strip())
    except CozeTuiError as error:
        context.notify_failure(error)
        return
    if paths is None:
        return
    if not paths:
        text = _("Nothing to export in this format: events were not recorded here, or were removed.")
    elif len(paths) == 1:
        text = _("Saved as {path}").format(path=clean_line(str(paths[0])))
    else:
        text = ngettext("{n} file in {folder}", "{n} files in {folder}", len(paths)).format(
            n=thousands(len(paths)), folder=clean_line(str(paths[0].parent))
        )
    context.app.notify(text, markup=False)


async def _export_file(
    context: AppContext, key: str, form: Format, folder: Path, place: str
) -> Sequence[Path] | None:
    """Write a conversation into the file that the user names; return None if they cancel."""
    name = await context.engine_thread.call(lambda engine: engine.exports.suggested_name(key, form))
    path = await _asked_path(context, _("Export to this file"), place, folder, name)
    if path is None:
        return None
    if await asyncio.to_thread(os.path.isdir, path):  # unlike Path's, it raises nothing for any name
        path = path / name
    may_replace = False
    if await asyncio.to_thread(os.path.isfile, path):
        sure = Confirm(_("The file already exists"), str(path), _("replace it"), _("keep it"))
        may_replace = await context.app.push_screen_wait(sure)
        if not may_replace:
            return None
    target = path
    return await context.engine_thread.call(
        lambda engine: engine.exports.export_file(key, form, target, replace=may_replace)
    )


async def _export_files(
    context: AppContext, keys: Sequence[str], form: Format, folder: Path, place: str
) -> Sequence[Path] | None:
    """Write files into the folder that the user names; return None if they cancel."""
    target = await _asked_path(context, _("Export into this folder"), place, folder)
    if target is None:
        return None
    return await context.engine_thread.call(lambda engine: engine.exports.export(keys, form, target))


async def _asked_path(
    context: AppContext, title: str, place: str, folder: Path, name: str = ""
) -> Path | None:
    """Return the path that the user types, by default this name in the folder; None if they cancel.

    Args:
        place: What was typed already; if there is something, nothing is asked.
    """
    preset = folder / name
    shown = clean_line(str(preset))
    typed: str | None = place
    if not typed:
        typed = await context.app.push_screen_wait(AskText(title, shown))
    if not typed:
        return None
    return preset if typed == shown.strip() else folder / await asyncio.to_thread(typed_path, typed)


async def import_file(context: AppContext, path: Path) -> str | None:
    """Import a file, and show the result in a toast.

    Returns:
        The key of the first conversation in the file; None if it has none or cannot be imported.
    """
    site = context.settings.site
    try:
        imported = await context.engine_thread.call(
            lambda engine: engine.imports.import_file(path, site=site)
        )
    except CozeTuiError as error:
        context.notify_failure(error)
        return None
    count = sum(each.state != "same" for each in imported)
    if not imported:
        text = _("Nothing was imported: the file contains no conversations.")
    elif count:
        text = ngettext("{n} conversation imported", "{n} conversations imported", count).format(
            n=thousands(count)
        )
    else:
        text = _("Nothing was imported: everything is already here.")
    context.app.notify(text, markup=False)
    return imported[0].key if imported else None


def _folder(environment: Mapping[str, str]) -> Path:
    """Return the folder in which the program was started.

    Raises:
        FileError: the folder was deleted.
    """
    try:
        return Path.cwd()
    except OSError as failure:
        raise FileError("unwritable", environment.get("PWD", "."), detail=failure.strerror or "") from failure


def forms() -> list[Option]:
    """Return the forms in which conversations can be written."""
    return [
        Option("md", "Markdown", _("for reading and editing")),
        Option("html", "HTML", _("one self-contained page, with the events")),
        Option("jsonl", "JSON Lines", _("everything, for importing again")),
        Option("sse", _("Captures"), _("the event streams, one file per chat")),
    ]


async def _asked_form(context: AppContext) -> Format | None:
    choice = await context.app.push_screen_wait(Choose(_("Export as"), "", forms()))
    return next((form for form in FORMATS if form == choice), None)


async def save_support_bundle(context: AppContext, source: ChatSource) -> None:
    """Ask what the bundle may contain and where to save it; show the path in a toast. Call it in a worker.

    Raises:
        FileError: the file cannot be written.
        StoreError: the chat cannot be read.
    """
    from coze_tui.exports.support_bundle import support_bundle, support_bundle_name

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
