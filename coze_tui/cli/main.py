"""The `coze-tui` command: finds the command, runs it, and ends with a documented status.

Only what a command needs is imported, inside the function that needs it: `--help` must be quick.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping, Sequence

from coze_tui import __version__

TYPE_CHECKING = False  # as typing's, which is slow to import
if TYPE_CHECKING:
    from coze_tui.cli.commands import Command
    from coze_tui.cli.options import Arguments

PROGRAM = "coze-tui"
_OUTPUT_FAILURES = frozenset({errno.ENOSPC, errno.EFBIG, errno.EIO, errno.EBADF})
"""Without the name of a file: stdout cannot take more."""


def run() -> None:
    """The console entry."""
    _make_streams_safe()
    # httpx has a command line, too: where click is installed it brings rich and Pygments, a third of `ask`.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # an import that fails, as the language has it
    try:
        status = main(sys.argv[1:], os.environ)
        sys.stdout.flush()
    except (OSError, KeyboardInterrupt) as error:
        from coze_tui.cli.exits import exit_for, forget_stdout

        forget_stdout()
        status = exit_for(error)
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            from coze_tui.text.i18n import _

            reason = error.strerror or type(error).__name__
            told = _("the output cannot be written: {reason}").format(reason=reason)
            print(f"{PROGRAM}: {told}", file=sys.stderr)
    sys.exit(status)


def _make_streams_safe() -> None:
    """A terminal that is not UTF-8 ends nothing, nor does a closed stderr. A closed stdout fails."""
    for name, mode in (("stdout", os.O_RDONLY), ("stderr", os.O_WRONLY)):
        stream = getattr(sys, name)
        if stream is None:  # writing to stdout fails then, as it must
            number = os.open(os.devnull, mode)
            setattr(sys, name, open(number, "w", encoding="utf-8"))  # noqa: SIM115 - for as long as we live
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def main(tokens: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run the command that these arguments name; its exit status."""
    if list(tokens) == ["--version"]:
        print(f"{PROGRAM} {__version__}")
        return 0
    try:
        _speak_as_asked(tokens, environment)
        from coze_tui.cli.options import find_command, read_arguments

        command, rest = find_command(tokens)
        arguments = read_arguments(command, rest)
        if arguments.help:
            from coze_tui.cli.help import help_text

            print(help_text(command), end="")
            return 0
        if arguments.version:
            print(f"{PROGRAM} {__version__}")
            return 0
        return _run(command, arguments, environment)
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except OSError as error:
        if error.errno in _OUTPUT_FAILURES and error.filename is None:
            raise
        return _fail(error, environment)
    except Exception as error:  # noqa: BLE001 - the one place where every error of a command ends
        return _fail(error, environment)


def _run(command: Command, arguments: Arguments, environment: Mapping[str, str]) -> int:
    match command.name.partition(" ")[0]:
        case "ask":
            from coze_tui.cli.ask import run_ask

            return run_ask(command, arguments, environment)
        case "show":
            from coze_tui.cli.show import run_show

            return run_show(command, arguments, environment)
        case "history":
            from coze_tui.cli.history.command import run_history

            return run_history(command, arguments, environment)
        case "replay":
            from coze_tui.cli.replay import run_replay

            return run_replay(command, arguments, environment)
        case "stats":
            from coze_tui.cli.stats import run_stats

            return run_stats(command, arguments, environment)
        case "give":
            from coze_tui.cli.give import run_give

            return run_give(command, arguments, environment)
        case "bundle":
            from coze_tui.cli.bundle import run_bundle

            return run_bundle(command, arguments, environment)
        case "bench":
            from coze_tui.cli.bench import run_bench

            return run_bench(command, arguments, environment)
        case "demo":
            from coze_tui.cli.first_frame import first_frame

            with first_frame(arguments, environment) as frame:
                from coze_tui.cli.demo import run_demo

                return run_demo(command, arguments, environment, frame)
        case "serve":
            from coze_tui.cli.serve import run_serve

            return run_serve(command, arguments, environment)
        case "login":
            from coze_tui.cli.login import run_login

            return run_login(command, arguments, environment)
        case "logout":
            from coze_tui.cli.logout import run_logout

            return run_logout(command, arguments, environment)
        case "doctor":
            from coze_tui.cli.doctor import run_doctor

            return run_doctor(command, arguments, environment)
        case _:
            from coze_tui.cli.first_frame import first_frame

            with first_frame(arguments, environment) as frame:
                from coze_tui.cli.chat import run_chat
                from coze_tui.cli.start import begin

                return run_chat(begin(command, arguments, environment), arguments, frame)


def _fail(error: Exception, environment: Mapping[str, str]) -> int:
    from coze_tui.cli.exits import exit_for
    from coze_tui.diagnostics.explain import advice
    from coze_tui.errors import CozeTuiError

    told = advice(error, base_url="").text
    if isinstance(error, CozeTuiError):
        print(f"{PROGRAM}: {told}", file=sys.stderr)
        return exit_for(error)
    from coze_tui.config.locations import find_paths
    from coze_tui.diagnostics.crash import write_crash_report
    from coze_tui.text.i18n import _

    print(f"{PROGRAM}: {told}", file=sys.stderr)
    try:
        report = write_crash_report(find_paths(environment).crashes, error, environment)
    except OSError as failure:
        reason = failure.strerror or type(failure).__name__
        print(_("No report could be written: {reason}").format(reason=reason), file=sys.stderr)
    else:
        print(_("A report without secrets: {path}").format(path=report), file=sys.stderr)
    return exit_for(error)


def _speak_as_asked(tokens: Sequence[str], environment: Mapping[str, str]) -> None:
    """Choose the language for what is said before the settings are read."""
    from coze_tui.text.i18n import language_of, use_language

    wish = environment.get("COZE_TUI_LANGUAGE", "")
    for position, token in enumerate(tokens):
        if token == "--lang":
            wish = next(iter(tokens[position + 1 : position + 2]), "")
        elif token.startswith("--lang="):
            wish = token.removeprefix("--lang=")
    use_language(language_of(environment) if wish in ("", "auto") else wish)
