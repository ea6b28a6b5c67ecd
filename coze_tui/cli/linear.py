"""`coze-tui --linear`: the same chats, history and tools as plain lines, without Textual."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TypeVar

from coze_tui.api.objects import Bot, MessageType, ToolCall
from coze_tui.cli.ask_output import EventPrinter
from coze_tui.cli.exits import Exit, exit_for
from coze_tui.cli.interrupt import Interrupt
from coze_tui.cli.linear_output import LinearPrinter
from coze_tui.cli.options import Arguments
from coze_tui.cli.project import with_project
from coze_tui.cli.startup import require_bot, show_problems, show_unsaved
from coze_tui.cli.stdin import edit_lines, read_line
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.engine.engine import Engine
from coze_tui.engine.library.conversations import new_key
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.records import ChatRecord
from coze_tui.engine.model.transcript import AgentTranscript, AnswerTranscript, ToolTranscript, tool_word
from coze_tui.engine.model.updates import TurnUpdate, follow
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.session.local_tools import REFUSAL, run_command
from coze_tui.engine.session.sent_files import SentFile, sent_files
from coze_tui.engine.session.site import Connection
from coze_tui.engine.thread import EngineThread
from coze_tui.errors import CozeTuiError, StoreError, ToolCommandError
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _, listed
from coze_tui.text.slash import command_word, unknown_command_text

_COMMANDS = {
    "/new": N_("start a new conversation"),
    "/history": N_("list the latest conversations"),
    "/open": N_("continue one of them, by its number in that list or its ID"),
    "/attach": N_("send a file with the next question: its path or its URL"),
    "/send": N_("send a text that begins with a slash"),
    "/retry": N_("ask the last question again"),
    "/recover": N_("fetch the rest of an answer that was cut off"),
    "/tools": N_("enter the outputs the bot is waiting for"),
    "/events": N_("show the events of the last chat, one per line"),
    "/clear": N_("clear the bot's context"),
    "/help": N_("list these commands"),
    "/quit": N_("quit"),
}
_WITH_ARGUMENT = ("/open", "/attach", "/send")
_LISTED = 20
_T = TypeVar("_T")


def run_linear(startup: Startup, arguments: Arguments) -> int:
    """Chat until /quit, Ctrl+D or the end of stdin; return the exit status.

    Raises:
        SettingsError, CredentialsError: no bot or no token is known.
    """
    startup = with_project(startup)
    show_problems(startup)
    require_bot(startup.settings)
    startup.token()
    printer = LinearPrinter(sys.stdout, bot_name="", base_url=startup.settings.base_url)

    async def build() -> Engine:
        def connect(settings: Settings) -> Connection:
            return Connection(replace(startup, settings=settings))

        engine = Engine(startup.settings, connect, printer.fail, printer.saved)
        await engine.open(startup.paths.database_file)
        return engine

    engine_thread = EngineThread(build)
    interrupt = Interrupt()
    interrupt.take(with_ctrl_c=False)
    if sys.stdin.isatty():
        edit_lines(vi_keys=startup.settings.edit_mode == "vi")
    try:
        engine_thread.start()
        with asyncio.Runner() as runner:
            runner.run(interrupt.take_loop())
            return _Talk(startup, engine_thread, printer, runner).run(arguments)
    finally:
        engine_thread.close()
        show_unsaved(engine_thread.unsaved)


class _Talk:
    """A chat with one bot in one conversation at a time."""

    def __init__(
        self,
        startup: Startup,
        engine_thread: EngineThread,
        printer: LinearPrinter,
        runner: asyncio.Runner,
    ) -> None:
        self._startup = startup
        self._engine_thread = engine_thread
        self._printer = printer
        self._runner = runner
        self._bot = Bot(id=startup.settings.bot_id)
        self._conversation = ""
        self._question = ""
        self._outcome = Outcome.COMPLETED
        self._updates: list[TurnUpdate] = []
        self._calls: tuple[ToolCall, ...] = ()
        """The local tools that the last turn of this program waits for."""
        self._listed: list[str] = []
        self._left: Sequence[ChatRecord] = ()
        self._files: tuple[SentFile, ...] = ()
        """Files for the next question."""
        self._doubted = ""
        """A text that looks like an unknown command; an empty line sends it."""

    def run(self, arguments: Arguments) -> int:
        """Start as the arguments say, then handle what the user types; return the exit status."""
        key = arguments.conversation or ""
        try:
            self._show_last_turn()
            if arguments.continues:
                key = self._call(lambda engine: engine.conversations.last()) or ""
        except StoreError as error:  # chatting works without the history
            self._fail(error)
        try:
            self._bot = self._call(lambda engine: engine.site.bot(self._startup.settings.bot_id))
        except CozeTuiError as error:
            self._printer.fail(error)
            return exit_for(error)
        self._printer.bot_name = self._name
        greeting = _("{bot} on {site}. Type /help for commands; Ctrl+C stops an answer, Ctrl+D quits.")
        self._printer.line("coze-tui", greeting.format(bot=self._name, site=self._startup.settings.site))
        if key:
            self._open(key)
        else:
            self._greet()
        self._fetch_left()
        while (text := self._read(_("You"))) is not None:
            if not self._take(text.strip()):
                break
        return Exit.OK

    @property
    def _name(self) -> str:
        return clean_line(self._bot.name) or self._bot.id

    def _call(self, ask: Callable[[Engine], Awaitable[_T]]) -> _T:
        return self._runner.run(self._engine_thread.call(ask))

    def _read(self, label: str) -> str | None:
        """Return what the user types; a `\\` at the end of a line continues it. None at the end of stdin."""
        lines: list[str] = []
        while True:
            try:
                line = read_line(f"{label}: ")
            except KeyboardInterrupt:
                print()
                if not lines:
                    self._printer.line(_("Status"), _("press Ctrl+D or type /quit to quit"))
                lines = []
                continue
            if line is None:
                return "\n".join(lines) if lines else None
            if not sys.stdin.isatty():
                print(clean_line(line))  # a log needs both sides
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])

    # --- what is typed ---

    def _take(self, text: str) -> bool:
        """Run what the user typed; return False to quit."""
        doubted, self._doubted = self._doubted, ""
        if not text and not doubted:
            return True
        if text.isdecimal() and 0 < int(text) <= len(self._printer.follow_ups):
            self._ask(self._printer.follow_ups[int(text) - 1])
            return True
        name = command_word(text)
        argument = text[len(name) :].strip()
        doubt = _doubt_about(name, argument)
        if name == "/quit" and not doubt:
            return False
        try:
            if doubt:
                self._doubt(text, doubt)
            elif name:
                self._command(name, argument)
            else:
                self._ask(text or doubted)
        except CozeTuiError as error:
            self._fail(error)
        return True

    def _doubt(self, text: str, doubt: str) -> None:
        """Print why a text is not a command, and how to send it. An empty line in a script sends nothing."""
        if sys.stdin.isatty():
            self._doubted = text
            self._status(
                _("{doubt} Press Enter again to send it as text, or list the commands with /help.").format(
                    doubt=doubt
                )
            )
        else:
            self._status(
                _("{doubt} Send it with /send, or list the commands with /help.").format(doubt=doubt)
            )

    def _command(self, name: str, argument: str) -> None:
        match name:
            case "/new":
                self._conversation, self._question = "", ""
                self._printer.begin()
                self._greet()
            case "/history":
                self._history()
            case "/open":
                number = int(argument) if argument.isdecimal() else 0
                self._open(self._listed[number - 1] if 0 < number <= len(self._listed) else argument)
            case "/attach" if argument:
                self._attach(argument)
            case "/send" if argument:
                self._ask(argument)
            case "/retry" if self._question:
                self._ask(self._question)
            case "/recover" if self._conversation and self._outcome is Outcome.INTERRUPTED:
                chat = self._call(lambda engine: engine.last_chat(self._conversation))
                self._follow(lambda engine, feed: engine.recover(chat, feed))
            case "/tools" if self._give_outputs():
                pass
            case "/events" if self._updates:
                printer = EventPrinter(sys.stdout)
                for update in self._updates:
                    printer.show(update)
            case "/clear" if self._conversation:
                self._call(lambda engine: engine.clear_context(self._conversation))
                self._status(_("context cleared; the bot no longer sees earlier messages"))
            case "/help":
                for each, text in _COMMANDS.items():
                    self._printer.line(each, _(text))
                self._status(
                    _("type a number to ask that suggestion; end a line with \\ to continue on the next")
                )
            case _:
                self._status(_("there is nothing to use this command on"))

    def _attach(self, argument: str) -> None:
        files = sent_files(argument)
        self._call(lambda engine: engine.check_attachments(files))
        self._files = (*self._files, *files)
        for file in files:
            self._status(_("{name} goes with the next question").format(name=clean_line(file.name)))

    def _status(self, text: str) -> None:
        self._printer.line(_("Status"), text)

    def _fail(self, error: CozeTuiError) -> None:
        self._printer.fail(error)

    # --- conversations ---

    def _show_last_turn(self) -> None:
        async def warnings(engine: Engine) -> list[str]:
            return engine.warning_texts()

        for text in self._call(warnings):
            self._status(text)
        self._left = self._call(lambda engine: engine.unfetched_chats())

    def _fetch_left(self) -> None:
        """Fetch what was cut off: print it if it belongs at the end of the open conversation."""
        last = self._call(lambda engine: engine.last_chat(self._conversation)) if self._conversation else 0
        for chat in self._left:
            if chat.key != last:
                text = _("an answer was cut off; its rest is fetched: {question} (/open {key} shows it)")
                self._status(text.format(question=clean_line(chat.question), key=chat.conversation))
                self._engine_thread.post(partial(_fetch_unseen, chat=chat.key))
        if any(chat.key == last for chat in self._left):
            self._follow(lambda engine, feed: engine.recover(last, feed))

    def _greet(self) -> None:
        if self._bot.prologue:
            self._printer.message(self._name, self._bot.prologue)
        self._offer(self._bot.suggested_questions)

    def _offer(self, questions: Sequence[str]) -> None:
        self._printer.follow_ups = list(questions)
        for number, question in enumerate(questions, 1):
            self._printer.line(_("Suggestion {n}").format(n=number), question)

    def _history(self) -> None:
        page = self._call(lambda engine: engine.browsing.page(limit=_LISTED))
        self._listed = [item.key for item in page.items]
        for number, item in enumerate(page.items, 1):
            self._printer.line(str(number), f"{clean_line(item.title)} – {clean_line(item.bot_name)}")
        self._status(_("type /open and a number to continue one") if page.items else _("no messages yet"))

    def _open(self, key: str) -> None:
        opened = self._call(lambda engine: engine.conversations.open(key)) if key else None
        if opened is None:
            self._status(_("no such conversation: {key}").format(key=clean_line(key)))
            return
        self._conversation, self._calls = opened.summary.key, ()
        self._bot = Bot(id=opened.summary.bot_id, name=opened.summary.bot_name)
        self._printer.bot_name = self._name
        self._printer.begin()
        for chat in opened.page.chats:
            record = chat.record
            self._printer.line(_("You"), record.question)
            for part in chat.parts:
                match part:
                    case AnswerTranscript(text=text):
                        self._printer.message(record.bot_name or self._name, text)
                    case ToolTranscript(type=MessageType.UNKNOWN, name=name, response=text):
                        self._printer.line(tool_word(name), text or "")
                    case ToolTranscript(name=name, arguments=arguments):
                        self._printer.line(_("Tool"), f"{tool_word(name)} {arguments}".strip())
                    case AgentTranscript():
                        self._printer.line(_("Agent"), part.line)
            if chat.silence is not None:
                self._status(chat.silence.text)
            self._question, self._outcome = record.question, chat.outcome
        last = opened.page.chats[-1] if opened.page.chats else None
        self._offer(last.follow_ups if last else ())
        self._status(_("opened {title}").format(title=clean_line(opened.summary.title)))

    # --- turns ---

    def _ask(self, question: str) -> None:
        self._conversation = self._conversation or new_key()
        self._question, key, bot = question, self._conversation, self._bot
        self._updates = []
        files, self._files = self._files, ()
        self._follow(lambda engine, feed: engine.ask(key, question, feed, bot=bot, files=files))
        if self._outcome is Outcome.REQUIRES_ACTION:
            self._give_outputs()

    def _follow(self, begin: Callable[[Engine, TurnFeed], Awaitable[object]]) -> None:
        """Print a turn until its end. Ctrl+C stops the turn but not the program."""
        self._printer.begin()
        self._runner.run(self._followed(begin))

    async def _followed(self, begin: Callable[[Engine, TurnFeed], Awaitable[object]]) -> None:
        key, feed = self._conversation, TurnFeed()
        with _ctrl_c(lambda: self._engine_thread.post(lambda engine: engine.stop(key))):
            asked = asyncio.ensure_future(self._engine_thread.call(lambda engine: begin(engine, feed)))
            asked.add_done_callback(_read_error)
            followed = await follow(feed.updates(), self._show)
            self._outcome, self._calls = followed.ended.outcome, tuple(followed.calls)
            await asked

    def _show(self, update: TurnUpdate) -> None:
        self._updates.append(update)
        self._printer.show(update)

    # --- local tools ---

    def _give_outputs(self) -> bool:
        """Ask for the outputs of all waiting calls, and submit them together. Return False if none waits."""
        key = self._conversation
        chat, calls = 0, self._calls if self._outcome is Outcome.REQUIRES_ACTION else ()
        if key and not calls:  # the chat is one of an earlier run, or Coze has refused a question since
            chat, calls = self._call(lambda engine: engine.inspecting.waiting(key))
        outputs: list[tuple[str, str]] = []
        for call in calls:
            output = self._output_for(call)
            if output is None:
                self._status(_("the bot is still waiting; type /tools to continue"))
                return True
            outputs.append((call.id, output))
        if outputs:
            self._follow(lambda engine, feed: engine.submit(key, chat, outputs, feed))
            if self._outcome is Outcome.REQUIRES_ACTION:
                self._give_outputs()
        return bool(calls)

    def _output_for(self, call: ToolCall) -> str | None:
        words = self._startup.settings.tools.get(call.name, ())
        if call.fields:
            self._status(_("the bot asks for: {fields}").format(fields=listed(call.fields)))
        else:
            self._printer.line(_("Tool"), f"{call.name} {call.arguments}".strip())
        self._status(_("type the tool's output; /refuse declines; an empty line postpones"))
        if words:
            self._status(_("/run runs {command}").format(command=clean_line(shlex.join(words))))
        known, doubted = ("/refuse", "/run") if words else ("/refuse",), ""
        while True:
            typed = (self._read(_("Output")) or "").strip()
            if typed == "/refuse":
                return REFUSAL
            if typed not in known and typed == command_word(typed) and typed not in ("", doubted):
                doubted, doubt = typed, unknown_command_text(typed, known)
                self._status(_("{doubt} Type it again to send it as the output.").format(doubt=doubt))
                continue
            if typed != "/run" or not words:
                return typed or None
            try:
                output = self._runner.run(self._run(words, call.arguments))
            except ToolCommandError as error:
                self._fail(error)
                continue
            if output is None:
                self._status(_("stopped"))
                continue
            self._printer.line(_("Output"), output)
            if self._read(_("Send it? (y or n)")) == "y":
                return output

    async def _run(self, words: Sequence[str], arguments: str) -> str | None:
        """Return what an allowed command prints, or None if Ctrl+C stopped it."""
        environment = self._startup.environment
        asked = asyncio.ensure_future(
            self._engine_thread.call(lambda _engine: run_command(words, arguments, environment))
        )
        with _ctrl_c(asked.cancel):
            await asyncio.wait((asked,))
        return None if asked.cancelled() else asked.result()


def _doubt_about(name: str, argument: str) -> str:
    """Return why a text that starts like a command is not one; empty for a command and for a message."""
    if not name:
        return ""
    if name not in _COMMANDS:
        from coze_tui.tui.commands import slash_commands  # only after a mistake

        return unknown_command_text(name, _COMMANDS, [command.name for command in slash_commands()])
    if argument and name not in _WITH_ARGUMENT:
        return _("{name} takes no argument.").format(name=name)
    return ""


def _read_error(asked: asyncio.Future[object]) -> None:
    """Read the error of a call whose caller may be gone; asyncio reports errors that are never read."""
    if not asked.cancelled():
        asked.exception()


async def _fetch_unseen(engine: Engine, *, chat: int) -> None:
    await engine.recover(chat, TurnFeed())


@contextmanager
def _ctrl_c(stop: Callable[[], object]) -> Iterator[None]:
    """Let Ctrl+C call `stop` within the context, instead of ending the program."""
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGINT, lambda _number, _frame: loop.call_soon_threadsafe(stop))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
