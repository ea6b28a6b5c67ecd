"""Options and notes that several commands share."""

from __future__ import annotations

from coze_tui.cli.options import NO_PROJECT, Option, one_line, option_of, whole_number
from coze_tui.text.i18n import N_

LANGUAGE = option_of("language")
COMMON = (option_of("profile"), LANGUAGE)
BOT = option_of("bot_id")
SITE = option_of("base_url")
USER = option_of("user_id")
TARGET = (BOT, SITE, USER, NO_PROJECT)
SCREEN = (option_of("theme"), option_of("mouse"))
LINEAR = Option(
    "--linear", N_("plain labeled lines instead of full-screen mode, for screen readers and logs")
)
CONTINUE = Option("--continue", N_("continue the last conversation"), short="-c", dest="continues")
CONVERSATION = Option(
    "--conversation",
    N_("continue this conversation: its ID, or its Coze conversation ID"),
    "ID",
    short="-s",
    read=one_line,
)
YES = Option("--yes", N_("do not ask for confirmation"), short="-y")
JSON = Option("--json", N_("print one JSON object"))
SAVE_IMAGES = Option("--save-images", N_("save images from messages to this folder"), "FOLDER")
JSON_LINES = Option("--json", N_("print one JSON object per line"))
MOST_LISTED = 1_000_000

CHAT_NOTE = N_(
    "FILE is an .sse capture, or `-` for stdin. CHAT is a Coze chat ID, a conversation ID or Coze "
    "conversation ID (meaning its last chat), or `last`."
)
REPLAY_NOTE = N_(
    "FILE is an .sse capture. CHAT is a Coze chat ID, a conversation ID or Coze conversation ID "
    "(meaning its last chat), or `last`."
)
ID_NOTE = N_(
    "ID is a conversation ID as shown by `history list`, the start of one, a Coze conversation ID, or `last`."
)


def listing(default: int) -> tuple[Option, ...]:
    """Return the options of a command that lists `default` items."""
    limit = Option(
        "--limit",
        N_("show at most N; 0 shows all (default: {default})"),
        "N",
        read=whole_number(0, MOST_LISTED),
        default=default,
    )
    return (limit, JSON_LINES, *COMMON)
