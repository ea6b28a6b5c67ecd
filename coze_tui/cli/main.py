"""The entry of `coze-tui`: find the command, run it, and exit with a documented status.

Modules are imported inside the functions that need them, since `--help` must be fast.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress

from coze_tui import __version__
from coze_tui.garbage import pause_collection, resume_collection

TYPE_CHECKING = False  # as typing's, which is slow to import
if TYPE_CHECKING:
    from types import FrameType

    from coze_tui.cli.options import Command

PROGRAM = "coze-tui"
_OUTPUT_FAILURES = frozenset({errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF})
"""Without the name of a file: stdout cannot take more."""


def run() -> None:
    """Run the program; never returns.

    Outside of the command a signal kills the program: nothing needs to be cleaned up there, and an exception
    in the interpreter's own code would be printed.
    """
    _let_signals_kill()
    pause_collection()
    _run_in_utf8_mode()
    _make_streams_safe()
    _spare_httpx_imports()
    try:
        status = main(_arguments(), os.environ)
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:
        _let_signals_kill()
        from coze_tui.cli.exits import exit_for, forget_stdout

        forget_stdout()
        status = exit_for(error)
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            from coze_tui.text.i18n import _

            reason = error.strerror or type(error).__name__
            problem = _("cannot write the output: {reason}").format(reason=reason)
            print(f"{PROGRAM}: {problem}", file=sys.stderr)
    _keep_status(status)
    gc.freeze()  # the interpreter would search everything for circles before it exits: a tenth of `--help`
    sys.exit(status)


def _spare_httpx_imports() -> None:
    """Let imports fail that httpx tries and this program does not need.

    Where click is installed, its command line brings rich and Pygments, a third of the start of `ask`.
    httpx looks for the others again and again.
    """
    for name in ("httpx._main", "sniffio", "trio"):
        sys.modules[name] = None  # type: ignore[assignment]  # as documented for `import`


def _run_in_utf8_mode() -> None:
    """Start again in Python's UTF-8 mode if the locale knows nothing but ASCII.

    Python does so itself in the C locale, unless a variable forbids it. Without that mode, files with Chinese
    names cannot be opened.
    """
    is_ascii = sys.getfilesystemencoding() in ("ascii", "us-ascii")
    if os.name != "posix" or not is_ascii or sys.flags.utf8_mode or not sys.executable:
        return
    with suppress(OSError):
        os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def _arguments() -> list[str]:
    """Return the arguments as text."""
    words = sys.argv[1:]
    if all(word.isascii() for word in words):
        return words
    from coze_tui.text.system_text import arguments

    return arguments(words)


def _signals_to_end_by() -> Iterator[int]:
    """Yield the signals that ask for an exit, if this system has them and they are not ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            yield number


def _let_signals_kill() -> None:
    """Replace the handlers that raise exceptions by the default, which ends the process with its signal."""
    for number in _signals_to_end_by():
        signal.signal(number, signal.SIG_DFL)


def _keep_status(status: int) -> None:
    """Let further signals end the exit, which may wait for a thread, but not change its status.

    At its very end the interpreter takes the handlers away, and a signal would kill: they are ignored then.
    """

    def exit_at_once(_number: int, _frame: FrameType | None) -> None:
        os._exit(status)

    def ignore() -> None:
        for number in taken:
            signal.signal(number, signal.SIG_IGN)

    taken = list(_signals_to_end_by())
    for number in taken:
        signal.signal(number, exit_at_once)
    atexit.register(ignore)


def _make_streams_safe() -> None:
    """Replace closed streams, and accept what the encoding of a stream lacks.

    A closed stdin is empty, a closed stderr discards, and writing to a closed stdout fails, as it must. In
    this order each gets its own descriptor, which no other file may get.

    Bytes of stdin that cannot be decoded are for `system_text.readable`.
    """
    for name, mode in (("stdin", os.O_RDONLY), ("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        stream, is_input = getattr(sys, name), name == "stdin"
        if stream is None:
            number = os.open(os.devnull, mode)
            text_mode = "r" if is_input else "w"
            setattr(sys, name, open(number, text_mode, encoding="utf-8"))  # noqa: SIM115 - as long as we live
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="surrogateescape" if is_input else "backslashreplace")


def main(tokens: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command that the tokens name; return its exit status."""
    if list(tokens) == ["--version"]:
        print(f"{PROGRAM} {__version__}")
        return 0
    try:
        _choose_language(tokens, environment)
        return _run(tokens, environment)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except OSError as error:
        if error.errno in _OUTPUT_FAILURES and error.filename is None:
            raise
        return _fail(error, environment)
    except Exception as error:  # noqa: BLE001 - the one place where every error of a command ends
        return _fail(error, environment)


def _run(tokens: Sequence[str], environment: Mapping[str, str]) -> int:
    from coze_tui.cli.command_lookup import find_command
    from coze_tui.cli.options import Arguments

    command, rest = find_command(tokens)
    arguments = Arguments(command)
    if command.words and not any(token.startswith("-") for token in rest):
        arguments.words = list(rest)  # without argparse, which is slow to import and to set up
    elif rest:
        from coze_tui.cli.parser import help_text, read_arguments

        arguments = read_arguments(command, rest)
        if arguments.help:
            print(help_text(command), end="")
            return 0
        if arguments.version:
            print(f"{PROGRAM} {__version__}")
            return 0
    if not command.handles_ctrl_c and signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if not command.opens_screen:
        handler = handler_of(command)
        if not command.resumes_collection:
            resume_collection()
        return handler(arguments, environment)
    from coze_tui.cli.first_frame import first_frame

    with first_frame(arguments, environment) as frame:
        handler = handler_of(command)
        if frame is None:  # otherwise the app resumes it after its first frame
            resume_collection()
        return handler(arguments, environment, frame)


def handler_of(command: Command) -> Callable[..., int]:
    """Import the function that runs a command."""
    from importlib import import_module

    module, _colon, function = command.handler.partition(":")
    handler: Callable[..., int] = getattr(import_module(f"coze_tui.cli.{module}"), function)
    return handler


def _fail(error: Exception, environment: Mapping[str, str]) -> int:
    from coze_tui.cli.exits import exit_for
    from coze_tui.diagnostics.explain import explain
    from coze_tui.diagnostics.help_pages import help_page
    from coze_tui.errors import CozeTuiError
    from coze_tui.text.i18n import _

    text = explain(error, base_url="").text
    if isinstance(error, CozeTuiError):
        print(f"{PROGRAM}: {text}", file=sys.stderr)
        if page := help_page(error):
            more = _("More help: {url}").format(url=page)
            print(f"{PROGRAM}: {more}", file=sys.stderr)
        return exit_for(error)
    from coze_tui.config.locations import find_paths
    from coze_tui.diagnostics.crash import write_crash_report

    print(f"{PROGRAM}: {text}", file=sys.stderr)
    try:
        report = write_crash_report(find_paths(environment).crashes, error, environment)
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
        print(_("Could not write a crash report: {reason}").format(reason=reason), file=sys.stderr)
    else:
        print(_("Crash report, without secrets: {path}").format(path=report), file=sys.stderr)
    return exit_for(error)


def _choose_language(tokens: Sequence[str], environment: Mapping[str, str]) -> None:
    """Choose the language of what is printed before the settings are read."""
    from coze_tui.text.i18n import language_of, use_language

    requested = environment.get("COZE_TUI_LANGUAGE", "")
    for position, token in enumerate(tokens):
        if token == "--lang":
            requested = next(iter(tokens[position + 1 : position + 2]), "")
        elif token.startswith("--lang="):
            requested = token.removeprefix("--lang=")
    use_language(language_of(environment) if requested in ("", "auto") else requested)
