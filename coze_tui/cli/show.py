"""`coze-tui show`, `replay` and `request`: a past chat as text, on the screen, or as a command to run."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace

from coze_tui.api.captures import Problem
from coze_tui.cli.exits import Exit
from coze_tui.cli.options import Arguments
from coze_tui.cli.past_chats import chat_name, read_past_chat
from coze_tui.cli.saved_images import save_to_folder
from coze_tui.cli.startup import (
    begin,
    cursor_problem,
    measure_as_the_terminal,
    notify,
    require_bot,
    show_problems,
)
from coze_tui.cli.stdout import print_exactly
from coze_tui.config.addresses import base_url_of_site
from coze_tui.diagnostics.explain import explain
from coze_tui.diagnostics.sentences import joined
from coze_tui.engine.analysis.as_command import as_command, request_from, site_warning
from coze_tui.engine.analysis.frames_table import InspectedChat, inspected
from coze_tui.engine.model.dialects import Dialect, Feature, dialect_of, limit, name_of
from coze_tui.engine.model.outcomes import Level, Outcome
from coze_tui.engine.model.timeline import Span
from coze_tui.engine.session.recorder import messages_of
from coze_tui.errors import ApiError, SettingsError
from coze_tui.exports.describe import Clock, still_running
from coze_tui.report.console import Console, Role
from coze_tui.report.figures_text import figure_facts, figure_values, not_understood
from coze_tui.report.timeline_text import timeline_lines
from coze_tui.text.cells import shorten
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _

_ROLES: Mapping[Level, Role] = {
    "info": "plain",
    "good": "answering",
    "tool": "tool",
    "attention": "attention",
    "error": "error",
}


def run_show(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the timeline and metrics of the chat."""
    startup = begin(arguments, environment)
    show_problems(startup)
    past = read_past_chat(startup, arguments.words)
    chat = inspected(past)
    console = Console(sys.stdout, environment)
    if arguments.save_images:
        save_to_folder((message.content for message in messages_of(chat.state, 0)), arguments.save_images)
    if arguments.json:
        console.json(_values(chat, past.problems))
    else:
        _print(chat, console)
    return 0


def _print(chat: InspectedChat, console: Console) -> None:
    record = chat.record
    if record.question:
        console.text(shorten(clean_line(record.question), console.width))
    heading = [record.bot, clean_line(record.site)]
    if record.sent_at:
        heading.append(Clock().moment(record.sent_at))
    if any(heading):
        console.text(" · ".join(part for part in heading if part), "dim")
    _print_end(chat, console)
    if chat.table.rows:
        console.text()
        if any(frame.at_us for frame in chat.frames):
            console.lines(list(timeline_lines(chat.timeline, console.width)))
        else:
            console.text(_("The capture has no arrival times, so there is no timeline."), "dim")
        console.text()
        console.facts(figure_facts(chat.turn, not_understood(chat)))
        if chat.figures.usage is None and (found := limit(_dialect(chat), Feature.USAGE)):
            console.text(found.text, "dim")
        console.text()
    console.facts(_ids(chat))


def _print_end(chat: InspectedChat, console: Console) -> None:
    if not chat.record.is_final:
        console.text(still_running(), "attention")
        return
    outcome, error = chat.figures.outcome or Outcome.INTERRUPTED, chat.figures.error
    role = _ROLES[outcome.level]
    if outcome is Outcome.FAILED and error is not None:
        reason = explain(error, base_url=base_url_of_site(chat.record.site)).text
        console.text(_("failed: {reason}").format(reason=reason), role)
    else:
        console.text(outcome.words, role)


def _ids(chat: InspectedChat) -> list[tuple[str, str]]:
    known = chat.capture().facts
    ids = [
        (_("chat"), known.get("chat_id", "")),
        (_("conversation"), known.get("conversation_id", "")),
        (_("section"), known.get("section_id", "")),
        ("logid", known.get("logid", "")),
    ]
    dialect = _dialect(chat)
    if dialect is not Dialect.UNKNOWN:
        ids.append((_("server"), name_of(dialect)))
    return [(name, clean_line(value)) for name, value in ids if value]


def _dialect(chat: InspectedChat) -> Dialect:
    record = chat.record
    return dialect_of(chat.frames, base_url_of_site(record.site), record.logid)


def _values(chat: InspectedChat, problems: Sequence[Problem]) -> Mapping[str, object]:
    error = chat.figures.error
    timeline = chat.timeline
    has_times = not chat.figures.is_timeless
    return {
        "facts": dict(chat.capture().facts),
        "outcome": str(chat.figures.outcome) if chat.record.is_final else "running",
        "error": {"code": error.code, "msg": error.msg} if isinstance(error, ApiError) else None,
        "server": str(_dialect(chat)),
        "figures": figure_values(chat),
        "timeline": [_span_values(span) for span in timeline.spans] if has_times else None,
        "stalls": [asdict(pause) for pause in timeline.figures.pauses.stalls] if has_times else None,
        "follow_ups_us": timeline.follow_ups_us if has_times else None,
        "problems": [asdict(problem) for problem in problems],
    }


def _span_values(span: Span) -> Mapping[str, object]:
    return {name: value for name, value in asdict(span).items() if name != "rates"}


# --- replay ---


def run_replay(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Replay the chat until the user quits the screen; needs no token and no network.

    Returns the status for wrong arguments if there is no terminal for a screen.
    """
    from coze_tui.terminal.signals import ExitGuard, missing_terminals, speak_utf8

    startup = begin(arguments, environment)
    show_problems(startup)
    if missing_terminals(sys.__stdin__, sys.__stderr__):
        notify(_("replay needs a terminal; elsewhere, use `coze-tui show`."))
        return Exit.USAGE
    if problem := cursor_problem(environment):
        notify(joined(problem, _("Use `coze-tui show`.")))
        return Exit.USAGE
    past = read_past_chat(startup, arguments.words)
    speak_utf8(sys.__stderr__)
    measure_as_the_terminal(environment)
    with ExitGuard() as exit_guard:
        from coze_tui.tui.app import ReplayApp
        from coze_tui.tui.chat_sources import ChatSource

        app = ReplayApp(startup, ChatSource.whole(past), pace=arguments.pace)
        app.exit_guard = exit_guard
        app.run(mouse=startup.settings.mouse)
    if app.crash is not None:
        raise app.crash
    return exit_guard.code or app.return_code or 0


# --- request ---


def run_request(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Print the chat's question as a command; a bot or site of the options replaces that of the chat.

    Raises:
        SettingsError: the question or the bot is not known, or the chat names a server that is not in use.
    """
    startup = begin(arguments, environment)
    show_problems(startup)
    past = read_past_chat(startup, arguments.words)
    if not past.record.question:
        raise SettingsError(_("does not contain the question"), source=chat_name(arguments.words[0]))
    record = replace(
        past.record,
        bot_id="" if arguments.bot else past.record.bot_id,
        site="" if arguments.base_url else past.record.site,
    )
    if not record.bot_id:
        require_bot(startup.settings)
    command = as_command(arguments.form, *request_from(record, startup.settings))
    if warning := site_warning(record, startup.settings):
        notify(warning)
    print_exactly(command)
    return 0
