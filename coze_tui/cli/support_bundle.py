"""`coze-tui support-bundle`: create a support bundle of one chat, shown before it is written."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from coze_tui.cli.options import Arguments
from coze_tui.cli.past_chats import read_past_chat
from coze_tui.cli.startup import begin, confirm, show_problems
from coze_tui.cli.stdout import print_exactly
from coze_tui.config.new_files import remove_leftovers
from coze_tui.config.secure_files import write_new
from coze_tui.engine.analysis.frames_table import inspected
from coze_tui.errors import FileError, SettingsError
from coze_tui.exports.support_bundle import support_bundle, support_bundle_name
from coze_tui.report.console import Console
from coze_tui.text.cells import shorten
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.text.system_text import path_from, readable

_SHOWN_LINES = 60
_STDOUT = "-"


def run_support_bundle(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Show the bundle, ask, and write it; with `--output -` print it without asking.

    Raises:
        SettingsError: --yes is missing and the user cannot be asked.
        FileError: the bundle cannot be written, or the file of the chat cannot be read.
    """
    startup = begin(arguments, environment)
    show_problems(startup)
    past = read_past_chat(startup, arguments.words)
    if arguments.words == ["-"] and not arguments.yes and arguments.output != _STDOUT:
        raise SettingsError(_("is required when the chat is read from stdin"), source="--yes")
    chat = inspected(past)
    text = support_bundle(chat, startup, mask=arguments.mask)
    if arguments.output == _STDOUT:
        print_exactly(clean(text) if sys.stdout.isatty() else text)
        return 0
    path = path_from(arguments.output or support_bundle_name(past.record.chat_id))
    console = Console(sys.stdout, environment)
    _show(text, console)
    console.flush()
    if not arguments.yes and not confirm(_("Save this to {path}?").format(path=path)):
        console.text(_("Nothing was saved."))
        return 0
    remove_leftovers(path.parent)
    try:
        written = write_new(path, [text.encode("utf-8", "replace")])
    except OSError as error:
        raise FileError("unwritable", str(path), detail=error.strerror or type(error).__name__) from error
    console.text(_("Saved to {path}").format(path=readable(str(written))))
    return 0


def _show(text: str, console: Console) -> None:
    lines = text.splitlines()
    for line in lines[:_SHOWN_LINES]:
        console.text(shorten(clean_line(line), console.width))
    if left := len(lines) - len(lines[:_SHOWN_LINES]):
        console.text(
            ngettext(
                "… {n} more line; `--output -` prints everything",
                "… {n} more lines; `--output -` prints everything",
                left,
            ).format(n=thousands(left)),
            "dim",
        )
