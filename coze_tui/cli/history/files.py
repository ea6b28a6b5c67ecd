"""`coze-tui history export` and `import`: conversations to files and back."""

from __future__ import annotations

import io
import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.history.call import Call, conversations_named, run
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import notify, show_error
from coze_tui.errors import FileError, SettingsError
from coze_tui.exports.exporting import Exports, Format, files_from
from coze_tui.exports.importing import Imported, Imports
from coze_tui.text.cells import cell_len
from coze_tui.text.cleaning import clean
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _
from coze_tui.text.system_text import path_from, readable

_STREAM = "-"
_PROGRESS_SECONDS = 0.5
_ONE_AT_A_TIME: frozenset[Format] = frozenset({"html", "sse"})
"""Formats that cannot contain several conversations in one stream."""


# --- export ---


def run_export(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Write files into a folder, or one text to stdout."""
    return run(_export, arguments, environment)


async def _export(call: Call) -> int:
    arguments = call.arguments
    if bool(call.words) == arguments.all:
        raise SettingsError(
            _("requires either conversation IDs or --all"), source=call.arguments.command.name
        )
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
    with _Progress(len(keys)) as progress:
        async for exported in exports.export_each(keys, form, folder, replace=arguments.overwrite):
            progress.clear_for_names()
            if isinstance(exported.error, FileError):
                raise exported.error  # the next one would fail, too
            # An unreadable conversation does not prevent the export of the others.
            if exported.error is not None:
                progress.clear()
                notify(_("conversation {id}:").format(id=exported.key))
                show_error(exported.error)
                status = exit_for(exported.error)
            count += len(exported.paths)
            for path in exported.paths:
                if arguments.json:
                    call.console.json({"id": exported.key, "path": readable(str(path))})
                else:
                    call.console.text(readable(str(path)))
            progress.step()
    if not count and status is Exit.OK:
        notify(_("nothing to export"))
    return status


class _Progress:
    """A progress line on stderr, below the names of the files if these go to the same terminal."""

    def __init__(self, total: int, *, is_quiet: bool = False) -> None:
        self._total = total
        self._done = 0
        self._shown_at = 0.0
        self._width = 0
        self._is_shown = not is_quiet and sys.stderr is not None and sys.stderr.isatty()
        self._is_below_names = self._is_shown and sys.stdout.isatty()

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.clear()

    def step(self) -> None:
        """Count one conversation; update the line from time to time, or after each name above it."""
        self._done += 1
        now = time.monotonic()
        if self._is_shown and (self._is_below_names or now - self._shown_at > _PROGRESS_SECONDS):
            self._shown_at = now
            sys.stdout.flush()
            text = _("{n} of {total} conversations").format(
                n=thousands(self._done), total=thousands(self._total)
            )
            self._write(text)

    def clear_for_names(self) -> None:
        """Remove the line if names follow in its place."""
        if self._is_below_names:
            self.clear()

    def clear(self) -> None:
        """Remove the line."""
        if self._width:
            self._write("")

    def _write(self, text: str) -> None:
        width = cell_len(text)
        # The terminal may have added its echo of Ctrl+C.
        erased = " " * (self._width - width if text else self._width + len("^C"))
        sys.stderr.write(f"\r{text}{erased}" + ("" if text else "\r"))
        sys.stderr.flush()
        self._width = width


def _folder(name: str) -> Path:
    if os.path.exists(path_from(name)) and not os.path.isdir(path_from(name)):
        raise SettingsError(_("must be a folder, or `-` for stdout"), source="--output")
    return path_from(name)


async def _print_exports(exports: Exports, keys: list[str], form: Format) -> int:
    is_quiet = sys.stdout.isatty() or len(keys) == 1
    with _Progress(len(keys), is_quiet=is_quiet) as progress:
        for number, key in enumerate(keys):
            archived = await exports.archived(key)
            if archived is None:
                continue
            files = [pieces for _name, pieces in files_from(archived, form)]
            if form in _ONE_AT_A_TIME and (len(keys) > 1 or len(files) > 1):
                raise SettingsError(_("accepts only one conversation in this format"), source="--output -")
            if number and form == "md":
                sys.stdout.write("\n")
            for pieces in files:
                _print(pieces)
            progress.step()
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
        problem = _("requires a file: JSON Lines (.jsonl) or captures (.sse)")
        raise SettingsError(problem, source=call.arguments.command.name)
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
            notify(_("{file}: contains no conversations").format(file=word))
    return status


def _stdin() -> io.BufferedReader:
    return io.BufferedReader(cast(io.RawIOBase, sys.stdin.buffer))


def _said(imported: Imported) -> str:
    match imported.state:
        case "new":
            return _("imported")
        case "more":
            return _("already here, updated")
        case "same":
            return _("already here")
        case "copy":
            return _("imported as a separate copy, because the two differ")
