"""The keys of the message pane, and their labels while text is selected."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding, BindingType

from coze_tui.text.i18n import N_

LOG_KEYS: Sequence[BindingType] = (
    Binding(
        "j,down",
        "cursor(1)",
        N_("choose"),
        id="log.next",
        key_display="↑↓",
        tooltip=N_("next message or folded part"),
    ),
    Binding("k,up", "cursor(-1)", N_("previous message or folded part"), id="log.previous", show=False),
    Binding("g,home", "to_top", N_("to the top"), id="log.top", show=False),
    Binding("G,end", "to_end", N_("to the end"), id="log.end", show=False),
    Binding("left_square_bracket", "code(-1)", N_("previous code"), id="log.previous_code", show=False),
    Binding("right_square_bracket", "code(1)", N_("next code"), id="log.next_code", show=False),
    Binding("h,left", "scroll_sideways(-1)", N_("scroll code left"), id="log.left", show=False),
    Binding("l,right", "scroll_sideways(1)", N_("scroll code right"), id="log.right", show=False),
    Binding("enter,space", "unfold", N_("open"), id="log.unfold", tooltip=N_("fold or unfold")),
    Binding("y", "copy_message", N_("copy"), id="log.copy", tooltip=N_("copy the message")),
    Binding("v", "select", N_("select"), id="log.select", tooltip=N_("select a part of the text by keys")),
    Binding("escape", "leave_selection", N_("stop selecting"), id="log.leave_selection", show=False),
    Binding("Y", "copy_code", N_("copy code"), id="log.copy_code", show=False),
    Binding(
        "o", "links", N_("links"), id="log.links", tooltip=N_("list the links of the message"), show=False
    ),
    Binding("i", "ask('copy_ids')", N_("copy IDs"), id="log.copy_ids", show=False),
    Binding("r", "ask('recover')", N_("recover"), id="log.recover", show=False),
    Binding("R", "ask('regenerate')", N_("again"), id="log.regenerate", tooltip=N_("ask again")),
    Binding("e", "ask('edit')", N_("edit"), id="log.edit", tooltip=N_("edit and resend")),
    Binding("f", "ask('fork')", N_("fork"), id="log.fork"),
    Binding("p", "ask('plain_view')", N_("plain text"), id="log.plain_view", show=False),
    Binding("slash", "ask('find')", N_("find"), id="log.find", show=False),
    Binding("n", "ask('find_next')", N_("next match"), id="log.find_next", show=False),
    Binding("N", "ask('find_previous')", N_("previous match"), id="log.find_previous", show=False),
)

SELECTION_LABELS = {
    "cursor(1)": N_("extend"),
    "select": N_("from here"),
    "copy_message": N_("copy"),
    "leave_selection": N_("stop selecting"),
}
"""The footer's labels, by action, while the user selects text by keys."""
