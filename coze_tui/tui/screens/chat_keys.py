"""The keys of the chat screen, and which of them its footer shows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from coze_tui.text.i18n import N_

CHAT_KEYS: Sequence[BindingType] = (
    Binding("ctrl+s,f3", "history", N_("history"), id="chat.history", tooltip=N_("browse conversations")),
    Binding("ctrl+f", "find", N_("find"), id="chat.find", show=False),
    Binding("ctrl+n", "new", N_("new"), id="chat.new", tooltip=N_("new conversation")),
    Binding(
        "ctrl+g,f2",
        "events",
        N_("events"),
        id="chat.events",
        priority=True,
        tooltip=N_("show or hide the events"),
    ),
    Binding("ctrl+t", "bot", N_("bot"), id="chat.bot", tooltip=N_("choose a bot")),
    Binding(
        "escape",
        "leave_edit",
        N_("leave the question"),
        id="chat.leave_edit",
        tooltip=N_("stop editing the question; the draft returns"),
    ),
    Binding(
        "f4",
        "ask_in_fork",
        N_("ask in a fork"),
        id="chat.ask_in_fork",
        tooltip=N_("ask the edited question in a fork that ends before it"),
    ),
    Binding(
        "f5",
        "offer",
        N_("open"),
        id="chat.offer",
        tooltip=N_("open the panel announced above the prompt"),
    ),
    Binding("escape", "stop", N_("stop"), id="chat.stop", tooltip=N_("stop the answer")),
    Binding("escape", "back", N_("back"), id="chat.back", tooltip=N_("focus the prompt")),
    Binding("escape", "dismiss_banner", N_("hide"), id="chat.hide", tooltip=N_("hide the warnings")),
    Binding("ctrl+c", "ladder", N_("copy, stop, clear or quit"), id="chat.ladder", show=False, priority=True),
    Binding("ctrl+d", "app.quit", N_("quit if the prompt is empty"), id="chat.quit", show=False),
    Binding(
        "ctrl+backslash,f6",
        "fold",
        N_("unfold"),
        id="chat.fold",
        tooltip=N_("open or close the last fold in the view"),
    ),
    Binding("f1", "app.help", N_("help"), id="chat.help"),
    Binding("question_mark", "app.help", N_("help"), id="chat.help_outside", show=False),
    Binding("pageup", "scroll_log(-1)", N_("page up"), id="chat.page_up", show=False),
    Binding("pagedown", "scroll_log(1)", N_("page down"), id="chat.page_down", show=False),
    Binding("shift+up", "scroll_log(0, -1)", N_("line up"), id="chat.line_up", show=False),
    Binding("shift+down", "scroll_log(0, 1)", N_("line down"), id="chat.line_down", show=False),
    Binding("ctrl+home", "log_top", N_("to the top"), id="chat.top", show=False),
    Binding("ctrl+end", "log_end", N_("to the end"), id="chat.end", show=False),
)

CHAT_FOOTER = (
    "chat.offer",
    *("find.next", "find.previous", "find.close", "find.leave", "chat.leave_edit", "chat.ask_in_fork"),
    *("chat.stop", "chat.ladder", "prompt.open_paste", "log.next", "log.unfold", "log.copy"),
    *("log.copy_code", "log.recover", "log.regenerate", "log.edit", "log.fork"),
    *("log.select", "log.leave_selection"),
    *("events.open", "events.copy_ids"),
    "chat.fold",
    *("app.commands", "chat.history", "chat.new", "chat.events", "chat.bot"),
)
"""IDs of the bindings that the footer shows, the most useful first."""
MOST_FOOTER_KEYS = 9
"""Keys in the footer: all that work at the cursor in the messages."""
