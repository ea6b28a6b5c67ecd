"""`coze-tui` without a command, and `coze-tui demo`: wire the screens to the engine and the saved tokens."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from coze_tui.api.objects import Bot
from coze_tui.cli.commands import COMMANDS
from coze_tui.cli.exits import Exit
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import (
    begin,
    cursor_problem,
    measure_as_the_terminal,
    notify,
    show_problems,
    show_unsaved,
)
from coze_tui.config.app_state import AppStateFile
from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.folders import HOME_VARIABLE
from coze_tui.config.locations import find_paths
from coze_tui.config.new_files import temporary_folder
from coze_tui.config.project import IGNORE_VARIABLE
from coze_tui.config.settings import variable_of
from coze_tui.config.startup import Startup, load_and_speak
from coze_tui.errors import SettingsError
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, is_chinese, ngettext

if TYPE_CHECKING:
    from coze_tui.terminal.first_frame import EarlyFrame

DRIVER_VARIABLE = "TEXTUAL_DRIVER"
"""The variable that names a Textual driver without a terminal. textual-serve sets it and uses stdout."""
_SWITCH_SECONDS = 0.001
"""Seconds that the engine's thread may hold the interpreter if a key waits: a fifth of the default."""


def run_chat(arguments: Arguments, environment: Mapping[str, str], frame: EarlyFrame | None) -> int:
    """Run the app until the user quits it; return its exit status.

    Args:
        frame: the frame that is already on the screen.
    """
    return _run(begin(arguments, environment), arguments, frame)


def _run(
    startup: Startup,
    arguments: Arguments,
    frame: EarlyFrame | None,
    *,
    demo_bots: Callable[[str], Sequence[Bot]] | None = None,
) -> int:
    if arguments.linear:
        from coze_tui.cli.linear import run_linear

        return run_linear(startup, arguments)
    from coze_tui.terminal.signals import ExitGuard, missing_terminals, speak_utf8

    has_terminal = not startup.environment.get(DRIVER_VARIABLE)
    if has_terminal and missing_terminals(sys.__stdin__, sys.__stderr__):
        show_problems(startup)
        notify(_('the full-screen interface needs a terminal; elsewhere, use `coze-tui ask "…"`.'))
        return Exit.USAGE
    if has_terminal and (problem := cursor_problem(startup.environment)):
        from coze_tui.diagnostics.sentences import joined

        show_problems(startup)
        notify(joined(problem, _('Use `--linear`, or `coze-tui ask "…"` for one question.')))
        return Exit.USAGE
    speak_utf8(sys.__stderr__)
    measure_as_the_terminal(startup.environment)
    sys.setswitchinterval(_SWITCH_SECONDS)
    with ExitGuard(frame.modes if frame else None) as exit_guard:
        from coze_tui.tui.app import CozeApp
        from coze_tui.tui.context import Demo, LaunchTarget

        target = LaunchTarget(
            conversation=arguments.conversation or "",
            continues_last=arguments.continues,
            demo=Demo(demo_bots) if demo_bots is not None else None,
        )
        app = CozeApp(startup, target=target)
        app.exit_guard, app.early_frame = exit_guard, frame
        app.run(mouse=startup.settings.mouse)
        if frame is not None:
            frame.restore()
    show_unsaved(app.context.engine_thread.unsaved)
    if app.crash is not None:
        raise app.crash
    if app.context.wants_demo:
        return run_demo(Arguments(COMMANDS["demo"]), startup.environment, None)
    if exit_guard.code is None and demo_bots is None and has_terminal:
        if sys.stdout.isatty():
            speak_utf8(sys.stdout)  # the screens just wrote UTF-8 to the same terminal
        engine_thread = app.context.engine_thread
        conversation = app.context.left_conversation if engine_thread.is_saved else ""
        _print_last_words(engine_thread.left_chats, conversation)
    return exit_guard.code or app.return_code or 0


def _print_last_words(left_chats: int, conversation: str) -> None:
    """Print which chats continue on the server, and how to resume the conversation."""
    if left_chats:
        text = ngettext(
            "Coze is still answering. The next start fetches the rest of the answer.",
            "Coze is still answering {n} questions. The next start fetches the rest of the answers.",
            left_chats,
        )
        print(text.format(n=thousands(left_chats)))
    if conversation:
        print(_("To continue this conversation: coze-tui -s {key}").format(key=conversation))


# --- demo ---

_TOOLS = {"get_local_time": ["date", "+%H:%M"]} if os.name == "posix" else {}
"""The command for one of the two tools that a bot asks for, so that both ways are seen."""

_SITE_NAME = "demo"

_OF_THE_USER = frozenset(
    {
        *("language", "theme", "mouse", "sidebar", "simple_emoji", "hyperlinks", "partial_redraw"),
        *("window_title", "notifications", "max_fps", "send_key", "edit_mode", "keys"),
    }
)
"""Settings of the user's language, terminal and keys, which are the same in the demo; it uses no others."""


def run_demo(arguments: Arguments, environment: Mapping[str, str], frame: EarlyFrame | None) -> int:
    """Run the app against a server in this process.

    The user's look, language and keys apply. The user's site, bot, token and history are not touched.

    Args:
        frame: the frame that is already on the screen.
    """
    from coze_tui.standin.demo_bots.bots import demo_bots
    from coze_tui.standin.server import StandIn

    with (
        temporary_folder("coze-tui-demo-") as home,
        StandIn() as stand_in,
    ):
        bots = demo_bots()
        own = {
            HOME_VARIABLE: home,
            IGNORE_VARIABLE: "1",
            TOKEN_VARIABLE: stand_in.token,
            variable_of("base_url"): stand_in.base_url,
            variable_of("bot_id"): bots[0].id,
            variable_of("tools"): json.dumps(_TOOLS),
        }
        rest = {name: value for name, value in environment.items() if not name.startswith("COZE_")}

        def use_language(code: str) -> Sequence[Bot]:
            spoken = demo_bots(chinese=is_chinese(code))
            stand_in.use_bots(spoken)
            return [
                Bot(
                    id=bot.id,
                    name=bot.name,
                    description=bot.description,
                    prologue=bot.prologue,
                    suggested_questions=bot.suggested_questions,
                )
                for bot in spoken
                if bot.is_published
            ]

        startup = begin(arguments, {**rest, **own})
        named = replace(startup.settings, site_names={stand_in.base_url: _SITE_NAME})
        startup = _with_looks(startup.with_settings(named), arguments, environment)
        return _run(startup, arguments, frame, demo_bots=use_language)


def _with_looks(startup: Startup, arguments: Arguments, environment: Mapping[str, str]) -> Startup:
    """Return the start of the demo with the user's look, language and keys, and the problems of these."""
    places, used = find_paths(environment), {variable_of(name) for name in (*_OF_THE_USER, "profile")}
    state = AppStateFile(places.remembered_file).read()
    rest = {
        name: value for name, value in environment.items() if name in used or not name.startswith("COZE_")
    }
    loaded = load_and_speak(places.settings_file, rest, arguments.settings(), state)
    sources = {name: source for name, source in loaded.settings.sources.items() if name in _OF_THE_USER}
    looks: dict[str, Any] = {name: getattr(loaded.settings, name) for name in sources}
    demo = startup.settings
    settings = replace(demo, **looks, sources={**demo.sources, **sources})
    startup.app_state.use_background(state.background)
    return replace(
        startup.with_settings(settings),
        problems=(*startup.problems, *filter(_concerns_demo, loaded.problems)),
        remembered=replace(startup.remembered, background=state.background),
    )


def _concerns_demo(problem: SettingsError) -> bool:
    """Return whether a problem is about a setting that the demo uses, or about the whole file."""
    name = problem.key.rpartition(".")[2]
    return not name or name in _OF_THE_USER or problem.suggestion in _OF_THE_USER
