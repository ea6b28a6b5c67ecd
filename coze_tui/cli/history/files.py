"""`coze-tui history export` and `import`: conversations to files and back."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.history.call import Call, conversations_named, run
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import notify, show_error
from coze_tui.errors import CozeTuiError, FileError, SettingsError
from coze_tui.exports.exporting import Exports, Format, files_from
from coze_tui.exports.importing import Imported, Imports
from coze_tui.text.cleaning import clean
from coze_tui.text.i18n import _
from coze_tui.text.system_text import path_from, readable

_STREAM = "-"
_ONE_AT_A_TIME: frozenset[Format] = frozenset({"html", "sse"})
"""What makes no sense when several stand behind each other."""


# --- export ---


def run_export(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Write files into a folder, or one text to stdout."""
    return run(_export, arguments, environment)


async def _export(call: Call) -> int:
    arguments = call.arguments
    if bool(call.words) == arguments.all:
        raise SettingsError(_("give the ids of conversations, or --all"), source="export")
    form: Format = arguments.format
    exports = Exports(call.history.database)
    if arguments.all:
        keys = await exports.keys()
    else:
        keys = [saved.key for saved in await conversations_named(call, call.words)]
    if arguments.output == _STREAM:
        return await _print_exports(exports, keys, form)
    folder = _folder(arguments.output)
    status = Exit.OK
    count = 0
    for key in keys:
        try:
            paths = await exports.export([key], form, folder, replace=arguments.overwrite)
        except FileError:
            raise  # the next one would fail, too
        except CozeTuiError as error:  # one that cannot be read does not keep the others here
            notify(_("conversation {id}:").format(id=key))
            show_error(error)
            status = exit_for(error)
            continue
        count += len(paths)
        for path in paths:
            if arguments.json:
                call.console.json({"id": key, "path": readable(str(path))})
            else:
                call.console.text(readable(str(path)))
    if not count and status is Exit.OK:
        notify(_("there is nothing to export"))
    return status


def _folder(name: str) -> Path:
    if os.path.exists(path_from(name)) and not os.path.isdir(path_from(name)):
        raise SettingsError(_("must be a folder, or `-` for stdout"), source="--output")
    return path_from(name)


async def _print_exports(exports: Exports, keys: list[str], form: Format) -> int:
    files: list[Iterable[bytes]] = []
    for number, key in enumerate(keys):
        archived = await exports.archived(key)
        if archived is None:
            continue
        files = [pieces for _name, pieces in files_from(archived, form)]
        if form in _ONE_AT_A_TIME and (len(keys) > 1 or len(files) > 1):
            raise SettingsError(_("only one at a time fits on stdout in this format"), source="--output")
        if number and form == "md":
            sys.stdout.write("\n")
        for pieces in files:
            _print(pieces)
    return Exit.OK


def _print(pieces: Iterable[bytes]) -> None:
    """Print the bytes; on a terminal without the control characters that it would act on."""
    sys.stdout.flush()
    if sys.stdout.isatty():
        for piece in pieces:
            sys.stdout.write(clean(piece.decode("utf-8", "replace")))
    else:
        sys.stdout.buffer.writelines(pieces)
        sys.stdout.buffer.flush()


# --- import ---


def run_import(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Import files, each completely or not at all; return the status of the first that failed."""
    return run(_import, arguments, environment, changes=True)


async def _import(call: Call) -> int:
    if not call.words:
        raise SettingsError(
            _("which file? JSON lines (.jsonl) and captures (.sse) can be imported"), source="FILE"
        )
    imports, site = Imports(call.history.database), call.startup.settings.site
    status: int = Exit.OK
    for word in call.words:
        try:
            if word == _STREAM:
                imported = await imports.import_stream(_stdin(), "stdin", site=site)
            else:
                imported = await imports.import_file(path_from(word), site=site)
        except FileError as error:
            show_error(error)
            status = status or exit_for(error)
            continue
        for each in imported:
            if call.arguments.json:
                call.console.json({"file": word, "id": each.key, "title": each.title, "state": each.state})
            else:
                call.console.line(
                    (each.key, "answering"), (f"  {each.title}", "plain"), (f"  {_said(each)}", "dim")
                )
        if not imported:
            notify(_("{file}: there are no conversations in it").format(file=word))
    return status


def _stdin() -> io.BufferedReader:
    return io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))


def _said(imported: Imported) -> str:
    match imported.state:
        case "new":
            return _("imported")
        case "more":
            return _("was here, and has grown")
        case "same":
            return _("was here already")
        case "copy":
            return _("imported beside one that went on differently")
