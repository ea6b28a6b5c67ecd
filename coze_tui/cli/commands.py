"""What the commands are and which options they take: words only, so that `--help` loads nothing else.

Plain classes, for dataclasses and typing alone would take longer to import than `--help` may take.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.text.i18n import N_


class Option:
    """One option of a command.

    Args:
        help: English; shown through `_`.
        value: what stands for its value in the help; empty for a switch.
        setting: the field of Settings that it sets.
    """

    __slots__ = ("choices", "help", "name", "repeats", "setting", "short", "value")

    def __init__(
        self,
        name: str,
        help: str,
        value: str = "",
        *,
        short: str = "",
        setting: str = "",
        repeats: bool = False,
        choices: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.help = help
        self.value = value
        self.short = short
        self.setting = setting
        self.repeats = repeats
        self.choices = choices

    @property
    def names(self) -> tuple[str, ...]:
        return (self.short, self.name) if self.short else (self.name,)

    @property
    def attribute(self) -> str:
        """Its name in what the arguments are read into."""
        return self.name.removeprefix("--").replace("-", "_")


class Command:
    """One command.

    Args:
        words: what stands for its free words in the help; empty where it takes none.
        note: one more paragraph of help.
    """

    __slots__ = ("name", "note", "options", "summary", "words")

    def __init__(
        self, name: str, summary: str, options: tuple[Option, ...], *, words: str = "", note: str = ""
    ) -> None:
        self.name = name
        self.summary = summary
        self.options = options
        self.words = words
        self.note = note


_COMMON = (
    Option("--profile", N_("the profile of the settings file to use"), "NAME", setting="profile"),
    Option("--lang", N_("the language: en, zh_CN, or auto"), "CODE", setting="language"),
)
_SITE = (
    Option("--base-url", N_("the site: cn, com, or the address of a studio"), "URL", setting="base_url"),
)
_BOT = (
    Option("--bot", N_("the bot: its id, or the address of its editor"), "ID", setting="bot_id"),
    *_SITE,
    Option("--user", N_("who you are to the bot"), "ID", setting="user_id"),
)
_SCREEN = (
    Option("--theme", N_("coze-dark, coze-light, ansi, or a theme of Textual"), "NAME", setting="theme"),
    Option("--no-mouse", N_("leave the mouse to the terminal"), setting="mouse"),
)
_LINEAR = Option("--linear", N_("plain labelled lines instead of the screens: for screen readers and logs"))
_CONTINUE = Option("--continue", N_("go on with the last conversation"), short="-c")
_WHICH = (
    _CONTINUE,
    Option(
        "--conversation",
        N_("go on with this conversation: its id in `coze-tui history`"),
        "ID",
        short="-s",
    ),
)

_YES = Option("--yes", N_("do it without asking"), short="-y")

_CHAT_NOTE = N_(
    "FILE is an .sse capture, `-` one on stdin. CHAT is Coze's id of a chat, the key of a conversation for "
    "its last chat, or `last`."
)

_ID_NOTE = N_(
    "ID is the id of a conversation as `history list` shows it, or how that begins, or Coze's id, or `last`."
)
_LINES = Option("--json", N_("print one JSON object a line"))
_LIMIT = Option("--limit", N_("so many at most; 0 for all"), "N")
_LISTING = (_LIMIT, _LINES, *_COMMON)

CHAT = Command(
    "chat",
    N_("chat with a Coze bot in the terminal"),
    (*_BOT, *_WHICH, *_SCREEN, _LINEAR, *_COMMON),
)

COMMANDS: Mapping[str, Command] = {
    command.name: command
    for command in (
        CHAT,
        Command(
            "ask",
            N_("ask one question and print the answer as it comes"),
            (
                *_BOT,
                _CONTINUE,
                Option(
                    "--conversation", N_("go on with this conversation: Coze's id of it"), "ID", short="-s"
                ),
                Option("--no-stream", N_("ask without a stream, and poll for the answer")),
                Option("--events", N_("tell the life of the chat on stderr, one line an event")),
                Option("--reasoning", N_("print what the bot thinks on stderr")),
                Option("--json", N_("print one JSON object for each thing that happens")),
                Option("--raw", N_("print the stream's lines as they arrive")),
                Option("--record", N_("save the stream as an .sse capture"), "FILE"),
                Option(
                    "--tool-output",
                    N_("the output of a tool of yours, by its name or call id; may be repeated"),
                    "TOOL=VALUE",
                    repeats=True,
                ),
                *_COMMON,
            ),
            words=N_("QUESTION"),
            note=N_(
                "The question comes from the arguments, from stdin, or both joined. One that looks like an "
                "option goes after `--`."
            ),
        ),
        Command(
            "show",
            N_("show the timeline and the figures of a chat: a capture, or one of the history"),
            (Option("--json", N_("print them as one JSON object")), *_COMMON),
            words=N_("FILE|-|CHAT"),
            note=_CHAT_NOTE,
        ),
        Command("history", N_("list what was said on this machine, and more"), _LISTING),
        Command("history list", N_("list conversations, the latest first"), _LISTING),
        Command(
            "history search",
            N_("find a text in titles, questions, answers, thoughts and tools"),
            _LISTING,
            words=N_("TEXT"),
        ),
        Command(
            "history show",
            N_("print conversations as text"),
            (_LINES, *_COMMON),
            words="ID",
            note=_ID_NOTE,
        ),
        Command(
            "history export",
            N_("write conversations to files: Markdown, a web page, JSON lines, or captures"),
            (
                Option("--all", N_("all conversations")),
                Option(
                    "--format",
                    N_("md, html (one file that stands alone), jsonl (nothing is lost), or sse (captures)"),
                    "FORMAT",
                    choices=("md", "html", "jsonl", "sse"),
                ),
                Option("--output", N_("the folder, or `-` for stdout; here without it"), "DIR", short="-o"),
                Option("--overwrite", N_("replace files of the same name, instead of numbering new ones")),
                _LINES,
                *_COMMON,
            ),
            words="ID",
            note=_ID_NOTE,
        ),
        Command(
            "history import",
            N_("take in what was exported as JSON lines or captures; `-` is stdin"),
            (_LINES, *_COMMON),
            words=N_("FILE"),
            note=N_("Each file is imported whole or not at all. What is here already is not doubled."),
        ),
        Command(
            "history rename",
            N_("give a conversation another title, here and at the server"),
            (_LINES, *_COMMON),
            words=N_("ID TITLE"),
            note=_ID_NOTE,
        ),
        Command(
            "history delete",
            N_("delete conversations, at the server too; here that can be undone for seven days"),
            (Option("--undo", N_("bring deleted ones back")), _LINES, *_COMMON),
            words="ID",
            note=_ID_NOTE,
        ),
        Command(
            "history prune",
            N_("remove for good what is old, and say before how much that frees"),
            (
                Option("--older-than", N_("the age: days, weeks or years, such as 90d, 12w, 1y"), "AGE"),
                Option("--captures", N_("only the recorded events; what was said stays")),
                Option("--dry-run", N_("only say what would be removed")),
                _YES,
                _LINES,
                *_COMMON,
            ),
            note=N_("Pinned conversations are kept."),
        ),
        Command(
            "replay",
            N_("play a chat again on the screen: a capture, or one of the history"),
            (
                Option("--pace", N_("how much faster than life, from 0.1 to 100"), "X"),
                *_SCREEN,
                *_COMMON,
            ),
            words=N_("FILE|CHAT"),
            note=_CHAT_NOTE,
        ),
        Command(
            "stats",
            N_("tokens, chats, failures and times of the history, as bars"),
            (
                Option(
                    "--by",
                    N_("add up by bot, day or conversation; by bot without it"),
                    "WHAT",
                    choices=("bot", "day", "conversation"),
                ),
                Option("--since", N_("only from then on: 30d, 12w, 1y, or a day such as 2025-01-28"), "WHEN"),
                Option("--json", N_("print them as one JSON object")),
                Option("--csv", N_("print them as CSV")),
                *_COMMON,
            ),
        ),
        Command(
            "give",
            N_("a chat to give on: as a curl command, as a program with cozepy, as a line of ask"),
            (
                Option(
                    "--as", N_("the form: curl, python or ask"), "FORM", choices=("curl", "python", "ask")
                ),
                *_BOT,
                *_COMMON,
            ),
            words=N_("FILE|-|CHAT"),
            note=_CHAT_NOTE,
        ),
        Command(
            "bundle",
            N_("write a file for Coze's support about one chat, shown before it is written"),
            (
                Option("--mask", N_("leave out what was said; every text keeps its length")),
                Option("--output", N_("where to; `-` is stdout"), "FILE", short="-o"),
                _YES,
                *_COMMON,
            ),
            words=N_("FILE|-|CHAT"),
            note=_CHAT_NOTE,
        ),
        Command(
            "bench",
            N_("ask one question many times, and measure how fast and how steadily bots answer"),
            (
                Option(
                    "--bot", N_("a bot to measure, by its id or address; may be repeated"), "ID", repeats=True
                ),
                Option("--runs", N_("how often each bot is asked; 10 without it"), "N", short="-n"),
                Option("--concurrency", N_("how many chats at once; 1 without it"), "N"),
                Option("--expect", N_("a TOML file with what is expected of the bots"), "FILE"),
                Option("--junit", N_("save which expectations were met as a JUnit file"), "FILE"),
                Option("--json", N_("print everything as one JSON object")),
                _YES,
                *_SITE,
                *_BOT[-1:],
                *_COMMON,
            ),
            words=N_("QUESTION"),
            note=N_(
                "Each chat is a new conversation. An expectation is a line like `first_text < 2 s`, "
                "`p90 total < 8 s`, `contains TEXT`, `lacks TEXT`, `calls TOOL` or `never calls TOOL`, in a "
                "list `expect = […]`."
            ),
        ),
        Command(
            "demo",
            N_("try everything against a Coze server inside this program, without an account"),
            (*_BOT[:1], *_WHICH, *_SCREEN, _LINEAR, *_COMMON[1:]),
        ),
        Command(
            "serve",
            N_("run that server alone, for curl, an SDK or anything else"),
            (
                Option("--port", N_("the port to listen on; any free one without it"), "N"),
                Option(
                    "--profile-name",
                    N_("behave like coze.cn (official) or like coze-studio (studio)"),
                    "NAME",
                    choices=("official", "studio"),
                ),
                Option("--pace", N_("how fast bots speak: 1 is natural, 2 twice as fast, 0 at once"), "X"),
                Option(
                    "--capture",
                    N_("a bot that answers with this .sse capture; may be repeated"),
                    "FILE",
                    repeats=True,
                ),
                *_COMMON[1:],
            ),
        ),
        Command(
            "login",
            N_("check a token and keep it for your eyes only"),
            (
                *_SITE,
                Option("--device", N_("log in with a browser, through an OAuth app of yours")),
                Option("--client-id", N_("the OAuth app's client id"), "ID", setting="oauth_client_id"),
                Option("--workspace", N_("ask for one workspace only"), "ID"),
                *_COMMON,
            ),
            note=N_("The token is asked for, or read from stdin: never give it as an argument."),
        ),
        Command("logout", N_("forget the kept token"), _COMMON),
        Command(
            "doctor",
            N_("show settings, token, folders and terminal, and what is wrong with them"),
            (
                *_BOT,
                Option("--online", N_("also ask the site, with one call")),
                Option("--copy", N_("also copy a line, to be pasted: whether the clipboard takes it")),
                *_COMMON,
            ),
        ),
    )
}
