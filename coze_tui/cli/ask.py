"""`coze-tui ask`: ask one question and print the answer on stdout.

Loads no library of the screens. Modules that only some options need are imported there, because ten modules
take longer than the rest of the start.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TextIO, TypeVar

from coze_tui.api.chats import ToolOutput
from coze_tui.api.objects import ToolCall
from coze_tui.cli.ask_output import (
    AnswerPrinter,
    EventPrinter,
    JsonPrinter,
    Printer,
    RawPrinter,
    ReasoningPrinter,
    WaitPrinter,
)
from coze_tui.cli.exits import exit_for, exit_for_end
from coze_tui.cli.interrupt import Interrupt
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import (
    begin,
    notify,
    require_bot,
    show_error,
    show_problems,
)
from coze_tui.cli.stdin import read_question
from coze_tui.config.app_state import bot_key
from coze_tui.config.locations import typed_path
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    ChatIdentified,
    TurnEnded,
    TurnUpdate,
    conversation_replaced_text,
    follow,
)
from coze_tui.engine.session.requests import check, request_for, upload_all
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.engine.session.sent_files import SentFile, web_address, web_file
from coze_tui.engine.session.site import Connection
from coze_tui.errors import ApiError, FileError, InternalError, SettingsError, StoreError
from coze_tui.garbage import resume_collection
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, listed
from coze_tui.text.system_text import path_from

if TYPE_CHECKING:
    from coze_tui.engine.session.capture_recorder import CaptureFile, CaptureRecorder
    from coze_tui.text.data_urls import ShortImages

_T = TypeVar("_T")
_COZE_DIGITS = 15
"""Digits of the shortest ID that can only be Coze's: it is used without a look into the history."""


def run_ask(arguments: Arguments, environment: Mapping[str, str]) -> int:
    """Ask and print; return the exit status, which is that of the turn or of a signal.

    Raises:
        SettingsError: there is no bot or no question, or two options exclude each other.
    """
    startup = begin(arguments, environment)
    if startup.has_new_project:
        from coze_tui.cli.project import with_project

        startup = with_project(startup)
    show_problems(startup, needs_site=True)
    question = ""
    if not arguments.fetch:
        require_bot(startup.settings)
        question = _question(startup, arguments)
    elif arguments.words or arguments.prompt:
        raise SettingsError(_("cannot be combined with a question"), source="--fetch")
    interrupt = Interrupt()
    return interrupt.run(_ask(startup, arguments, question, interrupt))


def _question(startup: Startup, arguments: Arguments) -> str:
    """Return the question, with a saved prompt before the given text.

    Raises:
        SettingsError: there is no question.
        FileError: the saved prompt cannot be read.
    """
    if not arguments.prompt:
        if arguments.fill:
            raise SettingsError(_("requires --prompt"), source="--fill")
        return read_question(arguments.words, sys.stdin, command="ask")
    from coze_tui.cli.prompts import filled_prompt

    prompt = filled_prompt(startup.paths.prompts, arguments.prompt, arguments.fill)
    given = read_question(arguments.words, sys.stdin, command="ask", may_be_empty=True)
    question = "\n\n".join(part for part in (prompt, given) if part.strip())
    if not question:
        raise SettingsError(_("requires a question"), source="ask")
    return question


async def _ask(startup: Startup, arguments: Arguments, question: str, interrupt: Interrupt) -> int:
    settings = startup.settings
    async with AsyncExitStack() as stack:
        connection = Connection(startup)
        stack.push_async_callback(connection.aclose)
        await connection.renew()
        files = [_file(text) for text in arguments.attach]
        conversation_id, chat = await _conversation(startup, arguments), None
        if arguments.fetch:
            from coze_tui.cli.unfetched import chat_to_fetch

            chat = await chat_to_fetch(startup, arguments.fetch, conversation_id, _last_asked(startup))
            conversation_id = chat.conversation_id
        request = request_for(
            question,
            settings,
            conversation_id=conversation_id,
            attachments=await upload_all(connection.client, files),
        )
        output = _Output(arguments, settings)
        record = _record(startup, arguments, connection)
        turn = ChatTurn(
            connection.client,
            request,
            record=record,
            streaming=not arguments.no_stream,
            gathers=not arguments.json,  # --json promises one object per event
            measures=record is not None,
            on_text=output.write if arguments.raw else None,
            idle_seconds=settings.idle_timeout,
        )
        stop = turn.stop
        if chat is not None:
            turn.recover_from([], chat)
            stop = turn.leave  # the chat belongs to an earlier call
        with interrupt.ending(stop=stop, leave=turn.leave):
            ended = await _play(turn, output, arguments.tool_output)
    if output.broken is not None:
        raise output.broken
    _show_limits(turn, settings, arguments)
    conversation_id = turn.state.conversation_id
    if conversation_id and conversation_id != request.conversation_id:
        try:
            startup.app_state.ask_in(settings.base_url, settings.bot_id, conversation_id)
        except StoreError as error:
            show_error(error)
    if isinstance(ended.error, InternalError):
        raise ended.error.fault
    return _report_end(turn, ended, arguments, settings, interrupt)


def _file(text: str) -> SentFile:
    """Return a file to send. A path that does not exist as the shell passed it is read as typed.

    Raises:
        AttachmentError: it cannot be sent.
    """
    url = web_address(text)
    file: SentFile = path_from(text) if url is None else web_file(url)
    if isinstance(file, Path) and not os.path.lexists(file):
        file = typed_path(text)
    check(file)
    return file


def _report_end(
    turn: ChatTurn, ended: TurnEnded, arguments: Arguments, settings: Settings, interrupt: Interrupt
) -> int:
    """Report why the answer is incomplete, if it is; return the exit status."""
    ids = ChatIdentified(turn.state.chat_id, turn.state.conversation_id, turn.state.section_id)
    if interrupt.signal and ended.outcome in (Outcome.CANCELED, Outcome.INTERRUPTED):
        if ended.outcome is Outcome.INTERRUPTED and turn.state.is_identified:
            from coze_tui.cli.unfetched import show_how_to_fetch

            with suppress(OSError):  # the terminal may be gone
                show_how_to_fetch(ids, arguments)
        return interrupt.status
    if ended.outcome is Outcome.INTERRUPTED:
        from coze_tui.cli.unfetched import show_unfetched

        show_unfetched(ended, ids, arguments, settings.base_url)
        if arguments.fetch and isinstance(ended.error, ApiError):
            return exit_for(ended.error)
    elif ended.error is not None:
        show_error(ended.error, base_url=settings.base_url)
    elif ended.silence is not None:
        notify(ended.silence.text)
        if ended.silence.has_reasoning and not (arguments.reasoning or arguments.json or arguments.raw):
            notify(_("--reasoning prints the reasoning"))
    elif reason := ended.outcome.reason:
        notify(reason)
    return exit_for_end(ended)


async def _play(turn: ChatTurn, output: _Output, outputs: Sequence[str]) -> TurnEnded:
    """Print all updates and return the end of the turn; submit tool outputs if none is missing."""

    def show(update: TurnUpdate) -> None:
        output.show(update)
        if isinstance(update, ChatIdentified):
            resume_collection()  # the first request has imported the rest of the HTTP libraries
            if update.conversation_replaced:
                output.note(conversation_replaced_text())
        if output.broken is not None:
            turn.leave()  # the reader of stdout or the terminal is gone, which does not stop the chat

    while True:
        followed = await follow(turn.updates(), show)
        if not followed.calls:
            return followed.ended
        answers = [answer for call in followed.calls if (answer := output_for(call, outputs)) is not None]
        if len(answers) < len(followed.calls):
            _show_calls(followed.calls)
            return followed.ended
        turn.submit(answers)


def _show_limits(turn: ChatTurn, settings: Settings, arguments: Arguments) -> None:
    """Report the options and settings that a server of this kind ignores."""
    wants_draft = settings.publish_status == "unpublished_draft"
    if not (wants_draft or arguments.tool_output):
        return
    from coze_tui.engine.model.dialects import Feature, dialect_of, limit

    wanted = {Feature.DRAFT: wants_draft, Feature.REQUIRES_ACTION: bool(arguments.tool_output)}
    dialect = dialect_of(turn.frames.shown(), settings.base_url, turn.logid)
    for feature, is_wanted in wanted.items():
        if is_wanted and (found := limit(dialect, feature)):
            notify(found.text)


def _show_calls(calls: Sequence[ToolCall]) -> None:
    for call in calls:
        if call.fields:
            fields = clean_line(listed(call.fields))
            notify(clean_line(_("the bot asks for: {fields}, call {id}").format(fields=fields, id=call.id)))
            continue
        notify(
            clean_line(
                _("the bot is waiting for your tool {name}({arguments}), call {id}").format(
                    name=call.name, arguments=call.arguments, id=call.id
                )
            )
        )
    notify(_("run the command again with --tool-output TOOL=VALUE for each of them"))


def _images_for(out: TextIO) -> ShortImages | None:
    """Return the shortener of images for a terminal; None for a pipe or file, which gets all data."""
    if not out.isatty():
        return None
    from coze_tui.text.data_urls import ShortImages

    return ShortImages()


class _Output:
    """The printers of this call; they stop at the first OSError, which is in `broken`."""

    def __init__(self, arguments: Arguments, settings: Settings) -> None:
        self.broken: OSError | None = None
        self._raw = RawPrinter(sys.stdout, cleaned=sys.stdout.isatty())
        self._printers: list[Printer] = []
        answer = AnswerPrinter(sys.stdout, sys.stderr, _images_for(sys.stdout))
        end_answer_line = answer.end_line if sys.stdout.isatty() and sys.stderr.isatty() else None
        self._end_answer_line = end_answer_line
        if arguments.reasoning:
            can_dim = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
            dim = can_dim and not os.environ.get("NO_COLOR")
            self._printers.append(ReasoningPrinter(sys.stderr, dim=dim, before_line=end_answer_line))
        if arguments.events:  # after the reasoning, which ends its line first
            self._printers.append(EventPrinter(sys.stderr, before_line=end_answer_line))
        if arguments.raw:
            self._printers.append(self._raw)
        elif arguments.json:
            self._printers.append(JsonPrinter(sys.stdout, base_url=settings.base_url))
        else:
            self._printers.append(answer)
        is_streamed = not (arguments.no_stream or arguments.fetch)
        self._printers.append(
            WaitPrinter(
                sys.stderr,
                seconds=settings.idle_timeout,
                is_streamed=is_streamed,
                before_line=end_answer_line,
            )
        )

    def show(self, update: TurnUpdate) -> None:
        for printer in self._printers:
            self._try(printer.show, update)

    def note(self, text: str) -> None:
        """Print a note on stderr, on a line of its own."""
        if self._end_answer_line is not None:
            self._try(lambda end_line: end_line(), self._end_answer_line)
        self._try(notify, text)

    def write(self, text: str) -> None:
        self._try(self._raw.write, text)

    def _try(self, work: Callable[[_T], None], what: _T) -> None:
        if self.broken is None:
            try:
                work(what)
            except OSError as error:
                self.broken = error


async def _conversation(startup: Startup, arguments: Arguments) -> str:
    """Return the Coze conversation ID to continue, or an empty text for a new conversation.

    Raises:
        SettingsError: --continue is given and the bot was never asked, or --conversation names a conversation
            that the server does not have.
        StoreError: --conversation does not look like a Coze ID, and the history cannot be read.
    """
    if not arguments.continues:
        return await _coze_id(startup, arguments.conversation) if arguments.conversation else ""
    last = _last_asked(startup)
    if not last:
        raise SettingsError(_("requires an earlier conversation with this bot"), source="--continue")
    return last


async def _coze_id(startup: Startup, id: str) -> str:
    """Return the Coze conversation ID of a conversation of the history; other IDs are returned unchanged."""
    file = startup.paths.database_file
    if (id.isdecimal() and len(id) >= _COZE_DIGITS) or not file.exists():
        return id
    from coze_tui.cli.history.call import opened_history

    async with opened_history(startup) as history:
        for saved in await history.browsing.named(id):
            if saved.key == id:
                if not saved.conversation_id:
                    problem = _("names a conversation that is not on the server")
                    raise SettingsError(problem, source="--conversation")
                return saved.conversation_id
    return id


def _last_asked(startup: Startup) -> str:
    """Return the Coze conversation ID in which `ask` asked the bot last, or an empty text."""
    key = bot_key(startup.settings.bot_id, startup.settings.base_url)
    return startup.app_state.read().last_asked.get(key, "")


def output_for(call: ToolCall, outputs: Sequence[str]) -> ToolOutput | None:
    """Return the output given for a call by its ID, which may contain `=`, or by its tool, or None."""
    for key in (call.id, call.name):
        for output in outputs:
            if output.startswith(f"{key}="):
                return ToolOutput(call.id, output[len(key) + 1 :])
    return None


def _record(startup: Startup, arguments: Arguments, connection: Connection) -> CaptureRecorder | None:
    """Open the capture before anything is asked; return None if none is requested."""
    if arguments.fetch or (not arguments.record and startup.settings.record_captures is None):
        return None
    from coze_tui.engine.session.capture_recorder import CaptureFile, CaptureRecorder

    record: CaptureRecorder | None = None

    def add(open_file: Callable[[], CaptureFile], source: str) -> None:
        nonlocal record
        record = CaptureRecorder(
            open_file,
            site=startup.settings.site,
            without_token=connection.client.without_token,
            report=show_error,
            first=record,
        )
        try:
            record.open()
        except FileError as error:
            reason = _("cannot be written: {reason}").format(reason=error.detail)
            raise SettingsError(reason, source=f"{source} {error.path}") from error

    if arguments.record:
        add(partial(CaptureFile.at, path_from(arguments.record)), "--record")
    if startup.settings.record_captures is not None:
        add(partial(CaptureFile.in_folder, startup.settings.record_captures), "record_captures")
    return record
