"""The table of commands: their options, help and handlers. `--help` loads nothing else.

To add a command, add a row here and a handler below `coze_tui.cli`, and run `python -m tests.update_docs`.
"""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.cli.options import (
    NO_PROJECT,
    Command,
    OneOf,
    Option,
    assignment,
    filling,
    number,
    one_line,
    option_of,
    whole_number,
)
from coze_tui.cli.shared_options import (
    BOT,
    CHAT_NOTE,
    COMMON,
    CONTINUE,
    CONVERSATION,
    ID_NOTE,
    JSON,
    JSON_LINES,
    LANGUAGE,
    LINEAR,
    MOST_LISTED,
    REPLAY_NOTE,
    SAVE_IMAGES,
    SCREEN,
    SITE,
    TARGET,
    USER,
    YES,
    listing,
)
from coze_tui.text.i18n import N_

PROGRAM = "coze-tui"

CHAT = Command(
    "chat",
    N_("chat with a Coze bot in the terminal"),
    (*TARGET, CONTINUE, CONVERSATION, *SCREEN, LINEAR, *COMMON),
    "chat:run_chat",
    opens_screen=True,
)

_SERVING = (
    Option("--host", N_("address to listen on (default: {default})"), "ADDRESS", default="127.0.0.1"),
    Option(
        "--port",
        N_("port to listen on (default: any free port)"),
        "N",
        read=whole_number(0, 65535),
        default=0,
    ),
    Option("--allow-remote", N_("allow an address that other machines can reach; not encrypted")),
)

_HISTORY = (
    Command("history", N_("list and manage saved conversations"), listing(50), "history.listing:run_list"),
    Command("history list", N_("list conversations, newest first"), listing(50), "history.listing:run_list"),
    Command(
        "history search",
        N_("search titles, questions, answers, reasoning and tool calls"),
        listing(200),
        "history.listing:run_search",
        words="TEXT",
    ),
    Command(
        "history show",
        N_("print conversations as text"),
        (
            JSON_LINES,
            SAVE_IMAGES,
            *COMMON,
        ),
        "history.listing:run_show",
        words="ID",
        note=ID_NOTE,
    ),
    Command(
        "history export",
        N_("export conversations as Markdown, HTML, JSON Lines or captures"),
        (
            Option("--all", N_("all conversations")),
            Option(
                "--format",
                N_("md, html (one self-contained page), jsonl (lossless) or sse (captures)"),
                "FORMAT",
                read=OneOf("md", "html", "jsonl", "sse"),
                default="md",
            ),
            Option(
                "--output",
                N_("output folder, or `-` for stdout (default: the current folder)"),
                "DIR",
                short="-o",
                default=".",
            ),
            Option("--overwrite", N_("overwrite existing files instead of numbering new ones")),
            JSON_LINES,
            *COMMON,
        ),
        "history.files:run_export",
        words="ID",
        note=ID_NOTE,
    ),
    Command(
        "history import",
        N_("import JSON Lines exports or captures; `-` reads stdin"),
        (JSON_LINES, *COMMON),
        "history.files:run_import",
        words="FILE",
        note=N_(
            "Each file is imported completely or not at all. Conversations you already have are not "
            "duplicated."
        ),
    ),
    Command(
        "history rename",
        N_("rename a conversation, here and on the server"),
        (JSON_LINES, *COMMON),
        "history.changes:run_rename",
        words="ID TITLE",
        note=ID_NOTE,
    ),
    Command(
        "history delete",
        N_("delete conversations, here and on the server; the local copy can be restored for seven days"),
        (Option("--undo", N_("restore deleted conversations")), JSON_LINES, *COMMON),
        "history.changes:run_delete",
        words="ID",
        note=ID_NOTE,
    ),
    Command(
        "history prune",
        N_("permanently remove old conversations; shows first how much space that frees"),
        (
            Option("--older-than", N_("minimum age in days, weeks or years, such as 90d, 12w or 1y"), "AGE"),
            Option("--events-only", N_("remove only recorded events; messages are kept")),
            Option("--dry-run", N_("only show what would be removed")),
            YES,
            JSON_LINES,
            *COMMON,
        ),
        "history.changes:run_prune",
        note=N_("Pinned conversations are kept."),
    ),
)

_PAST_CHATS = (
    Command(
        "replay",
        N_("replay a chat on the screen, from a capture or the history"),
        (
            Option(
                "--pace",
                N_("playback speed, from 0.1 to 100 (1 is real time)"),
                "X",
                read=number(0.1, 100),
                default=1.0,
            ),
            *SCREEN,
            *COMMON,
        ),
        "show:run_replay",
        words="FILE|CHAT",
        note=REPLAY_NOTE,
    ),
    Command(
        "stats",
        N_("show tokens, chats, failures and response times as bar charts"),
        (
            Option(
                "--by",
                N_("group by bot, day or conversation (default: {default})"),
                "WHAT",
                read=OneOf("bot", "day", "conversation"),
                default="bot",
            ),
            Option(
                "--since", N_("only chats since then: 30d, 12w, 1y, or a date such as 2025-01-28"), "WHEN"
            ),
            Option(
                "--limit",
                N_("show at most N bots or conversations; 0 shows all (default: {default})"),
                "N",
                read=whole_number(0, MOST_LISTED),
                default=100,
            ),
            JSON,
            Option("--csv", N_("print CSV"), excludes=("--json",)),
            *COMMON,
        ),
        "stats:run_stats",
    ),
    Command(
        "request",
        N_("print a past chat as a curl command, a Python program (cozepy) or an ask command"),
        (
            Option(
                "--as",
                N_("output format: curl, python or ask (default: {default})"),
                "FORM",
                dest="form",
                read=OneOf("curl", "python", "ask"),
                default="curl",
            ),
            *TARGET,
            *COMMON,
        ),
        "show:run_request",
        words="FILE|-|CHAT",
        note=CHAT_NOTE,
    ),
    Command(
        "support-bundle",
        N_("create a support bundle of one chat for Coze, after showing it to you"),
        (
            Option("--mask", N_("hide all message text, keeping only its length")),
            Option("--output", N_("output file, or `-` for stdout"), "FILE", short="-o"),
            YES,
            *COMMON,
        ),
        "support_bundle:run_support_bundle",
        words="FILE|-|CHAT",
        note=CHAT_NOTE,
    ),
)

_ALL = (
    CHAT,
    Command(
        "ask",
        N_("ask one question and print the answer as it arrives"),
        (
            *TARGET,
            CONTINUE,
            CONVERSATION,
            Option("--no-stream", N_("do not stream; poll for the answer")),
            Option("--events", N_("print events to stderr, one per line")),
            Option("--reasoning", N_("print the bot's reasoning to stderr")),
            Option("--json", N_("print JSON Lines, one object per update")),
            Option("--raw", N_("print the raw event stream"), excludes=("--json", "--no-stream")),
            Option("--record", N_("save the event stream as an .sse capture"), "FILE"),
            Option(
                "--fetch",
                N_(
                    "fetch the answer of an earlier chat by its Coze chat ID, instead of asking; "
                    "see --conversation"
                ),
                "CHAT",
                excludes=("--raw", "--no-stream", "--record"),
                read=one_line,
            ),
            Option("--prompt", N_("ask a saved prompt; the question, if any, follows it"), "NAME"),
            Option(
                "--fill",
                N_("value for a blank of the saved prompt; repeatable"),
                "NAME=VALUE",
                repeats=True,
                read=filling,
            ),
            Option(
                "--attach",
                N_("send a file with the question, by path or URL; repeatable"),
                "FILE",
                repeats=True,
            ),
            Option(
                "--tool-output",
                N_("output of a local tool, by tool name or call ID; repeatable"),
                "TOOL=VALUE",
                repeats=True,
                read=assignment,
            ),
            *COMMON,
        ),
        "ask:run_ask",
        words="QUESTION",
        handles_ctrl_c=True,
        resumes_collection=True,
        note=N_(
            "The question is read from the arguments, from stdin, or from both joined. Put `--` before a "
            "question that looks like an option."
        ),
    ),
    Command(
        "show",
        N_("show the timeline and metrics of a chat, from a capture or the history"),
        (JSON, SAVE_IMAGES, *COMMON),
        "show:run_show",
        words="FILE|-|CHAT",
        note=CHAT_NOTE,
    ),
    *_HISTORY,
    *_PAST_CHATS,
    Command(
        "bench",
        N_("ask one question many times and measure how fast and how consistently bots answer"),
        (
            Option("--bot", N_("bot to measure, by ID or URL; repeatable"), "ID", repeats=True),
            Option(
                "--runs",
                N_("number of runs per bot (default: {default})"),
                "N",
                short="-n",
                read=whole_number(1, 10_000),
                default=10,
            ),
            Option(
                "--concurrency",
                N_("number of chats at the same time (default: {default})"),
                "N",
                read=whole_number(1, 64),
                default=1,
            ),
            Option("--expect", N_("TOML file with the expectations to check"), "FILE"),
            Option("--junit", N_("save the results of the expectations as JUnit XML"), "FILE"),
            JSON,
            YES,
            SITE,
            USER,
            *COMMON,
        ),
        "bench:run_bench",
        words="QUESTION",
        handles_ctrl_c=True,
        note=N_(
            "Each run is a new conversation. Expectations are strings in a list `expect = […]`, such as "
            "`first_text < 2 s`, `p90 total < 8 s`, `contains TEXT`, `lacks TEXT`, `calls TOOL` or `never "
            "calls TOOL`."
        ),
    ),
    Command(
        "demo",
        N_("try every feature with a built-in demo server; no account needed"),
        (BOT, CONTINUE, CONVERSATION, *SCREEN, LINEAR, LANGUAGE),
        "chat:run_demo",
        opens_screen=True,
        note=N_(
            "Your theme, language, keys and other settings of the terminal apply. Your site, bot, token and "
            "history are not used."
        ),
    ),
    Command(
        "web",
        N_("chat in a web browser; needs the extra coze-tui[web]"),
        (*_SERVING, *TARGET, CONTINUE, CONVERSATION, *SCREEN, *COMMON),
        "web:run_web",
        note=N_(
            "Each page is a separate session on the same history, like a second terminal. The printed URL "
            "contains a key, without which the server refuses all requests."
        ),
    ),
    Command(
        "web demo",
        N_("try the demo in a web browser"),
        (*_SERVING, BOT, CONTINUE, CONVERSATION, *SCREEN, LANGUAGE),
        "web:run_web",
    ),
    Command(
        "serve",
        N_("run the built-in demo server by itself, for curl, an SDK or any other client"),
        (
            Option(
                "--port",
                N_("port to listen on (default: any free port)"),
                "N",
                read=whole_number(0, 65535),
                default=0,
            ),
            Option(
                "--dialect",
                N_("server to imitate: official (coze.cn) or studio (Coze Studio)"),
                "NAME",
                read=OneOf("official", "studio"),
                default="official",
            ),
            Option(
                "--pace",
                N_("answering speed: 1 is normal, 2 is twice as fast, 0 is instant"),
                "X",
                read=number(0, 1000),
                default=1.0,
            ),
            Option(
                "--capture", N_("add a bot that replays this .sse capture; repeatable"), "FILE", repeats=True
            ),
            LANGUAGE,
        ),
        "serve:run_serve",
    ),
    Command(
        "login",
        N_("check a token and save it so that only you can read it"),
        (
            SITE,
            Option("--device", N_("log in with a browser, using your own OAuth app")),
            option_of("oauth_client_id"),
            Option("--workspace", N_("request access to one workspace only"), "ID"),
            NO_PROJECT,
            *COMMON,
        ),
        "login:run_login",
        note=N_("You are prompted for the token, or it is read from stdin; never pass it as an argument."),
    ),
    Command("logout", N_("delete the saved token"), COMMON, "login:run_logout"),
    Command(
        "doctor",
        N_("check settings, token, folders and terminal, and list problems"),
        (
            Option(
                "--bot",
                N_(
                    "also check permissions, bot, variables and quota: about 15 API calls, no tokens; "
                    "without ID the bot of the settings"
                ),
                "ID",
                setting="bot_id",
                is_optional=True,
            ),
            SITE,
            USER,
            NO_PROJECT,
            Option("--online", N_("also contact the site (one API call)")),
            Option("--copy", N_("also test the clipboard: copies a line for you to paste")),
            *COMMON,
        ),
        "doctor:run_doctor",
    ),
    Command(
        "settings",
        N_("show all settings with their sources, and where the settings file is"),
        (
            Option("--show", N_("show the settings (the default)")),
            Option(
                "--schema", N_("print a JSON Schema of the settings file, for editors"), excludes=("--show",)
            ),
            *TARGET,
            *COMMON,
        ),
        "settings:run_settings",
        note=N_(
            "For completion and checks in editors, save the schema beside the settings file as "
            "coze-tui.schema.json, and begin the file with the line `#:schema ./coze-tui.schema.json`."
        ),
    ),
    Command(
        "project",
        N_("show the project file of this folder, and whether it is trusted"),
        COMMON,
        "project:run_project",
        note=N_(
            "A project file (.coze-tui.toml) names bot, site and variables for the work in a folder and "
            "below it. It is used only if you trust it, and only as long as it does not change."
        ),
    ),
    Command(
        "project trust",
        N_("show the project file of this folder, and use it from now on"),
        COMMON,
        "project:run_trust",
    ),
    Command(
        "project forget",
        N_("do not use the project file of this folder until you are asked again"),
        COMMON,
        "project:run_forget",
    ),
    Command(
        "completion",
        N_("print the script that completes commands, options and IDs in a shell"),
        (LANGUAGE,),
        "completion.command:run_completion",
        words="bash|zsh|fish|powershell",
        note=N_(
            'Add `eval "$(coze-tui completion bash)"` to ~/.bashrc, or the same with zsh to ~/.zshrc after '
            "compinit. For fish, save the script as ~/.config/fish/completions/coze-tui.fish. For "
            "PowerShell, add `coze-tui completion powershell | Out-String | Invoke-Expression` to $PROFILE."
        ),
    ),
)

COMMANDS: Mapping[str, Command] = {command.name: command for command in _ALL}
"""All commands by name, in the order of the help."""
