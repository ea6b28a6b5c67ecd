"""Edits a text in the user's own editor, which gets the terminal until it exits.

Only the screen's loop waits meanwhile; the engine continues to receive in its own thread.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from coze_tui.config.child_environment import child_environment
from coze_tui.config.secure_files import write_private
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.i18n import _

FALLBACKS = ("nano", "vi") if os.name != "nt" else ("notepad",)
MOST_BYTES = 4_000_000
"""Larger files are refused."""
AT_ONCE_SECONDS = 1.5
"""Seconds; a user who reads the text and changes nothing takes longer than an editor that opens a window."""
_AGE_SECONDS = 60
"""Seconds by which the file is backdated, so that each write changes its time even with a coarse clock."""


class EditorFailed(Exception):
    """The editor returned no text; the message is a sentence for the user."""


def edit_text(app: App[Any], text: str, environment: Mapping[str, str], *, suffix: str = ".md") -> str | None:
    """Let the user edit the text in the editor that the environment names.

    Returns:
        The new text, cleaned; None after a toast that says why there is none.
    """
    try:
        command = editor_command(environment)
        # Drawing while the terminal is the editor's would wait for a writer that is gone
        # (docs/textual.md 6.6).
        with app.batch_update(), app.suspend():
            try:
                return edit_with(command, text, environment, suffix)
            except EditorFailed as failure:  # inside, because `suspend` does not resume after an exception
                problem = str(failure)
    except SuspendNotSupported:
        problem = _("coze-tui cannot be suspended here to run an editor.")
    except EditorFailed as failure:
        problem = str(failure)
    app.notify(problem, severity="warning", markup=False)
    return None


def editor_command(environment: Mapping[str, str]) -> list[str]:
    """Return the command of the editor: $VISUAL, $EDITOR, or one that most systems have.

    Raises:
        EditorFailed: there is none.
    """
    for variable in ("VISUAL", "EDITOR"):
        setting = environment.get(variable, "").strip()
        if not setting:
            continue
        try:
            command = shlex.split(setting, posix=os.name != "nt")
        except ValueError:
            command = []
        if not command or shutil.which(command[0], path=environment.get("PATH")) is None:
            problem = _("{variable} names an editor that was not found: {command}")
            raise EditorFailed(problem.format(variable=f"${variable}", command=clean_line(setting)))
        return command
    for name in FALLBACKS:
        if shutil.which(name, path=environment.get("PATH")) is not None:
            return [name]
    raise EditorFailed(_("No editor was found: set $EDITOR to the one you want."))


def edit_with(command: list[str], text: str, environment: Mapping[str, str], suffix: str) -> str:
    """Run the editor on a file that only its owner can read; return its text.

    Neither the editor nor its plugins receive the token.

    Raises:
        EditorFailed: it could not be run, ended with an error, returned at once without writing, or left
            nothing that can be read.
    """
    name = clean_line(command[0])
    # The folder is private too: editors leave backups and swap files beside the file.
    with tempfile.TemporaryDirectory(prefix="coze-tui-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"message{suffix}"
        try:
            write_private(path, text.encode("utf-8", "replace"))
            started = time.monotonic()
            os.utime(path, times=(time.time() - _AGE_SECONDS,) * 2)
            written = path.stat()
            with _keys_for_the_editor():
                status = subprocess.run(
                    [*command, str(path)], check=False, env=child_environment(environment)
                ).returncode
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            problem = _("Could not run {editor}: {reason}")
            raise EditorFailed(problem.format(editor=name, reason=clean_line(reason))) from None
        if status != 0:
            problem = _("{editor} exited with status {status}; the text is unchanged.")
            raise EditorFailed(problem.format(editor=name, status=status))
        if time.monotonic() - started < AT_ONCE_SECONDS and _is_untouched(path, written):
            problem = _(
                "Nothing changed: {editor} returned at once. If it opens a window, add --wait to $EDITOR."
            )
            raise EditorFailed(problem.format(editor=name))
        return _read_back(path)


@contextmanager
def _keys_for_the_editor() -> Iterator[None]:
    """Let Ctrl+C and Ctrl+\\ end an editor that leaves them to the terminal, but not this program."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name)]
    # Not ignored, because the editor would inherit that.
    before = {number: signal.signal(number, lambda _number, _frame: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_untouched(path: Path, written: os.stat_result) -> bool:
    """Return whether the file was not written since; saving the same text counts as writing."""
    try:
        now = path.stat()
    except OSError:
        return False
    return (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)


def _read_back(path: Path) -> str:
    try:
        with path.open("rb") as file:  # the editor may have put another file in its place
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        problem = _("Could not read the text back from the editor: {reason}")
        raise EditorFailed(problem.format(reason=clean_line(error.strerror or ""))) from None
    if len(data) > MOST_BYTES:
        raise EditorFailed(_("The edited text is too large; the text is unchanged."))
    text = clean(data.decode("utf-8-sig", "replace"))
    # Editors end a file with a line end that nobody typed.
    return text[:-1] if text.endswith("\n") else text
