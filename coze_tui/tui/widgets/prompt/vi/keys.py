"""The keys of vi as the help lists them."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.text.i18n import N_

VI_KEYS: Sequence[tuple[str, str]] = (
    ("Esc", N_("normal mode; Esc then works as elsewhere")),
    ("i I a A o O", N_("insert: before, after, at the ends of the line, in a new line")),
    ("h j k l", N_("left, down, up, right; from the first and last line to earlier prompts")),
    ("w b e ge W B E", N_("by words")),
    ("0 ^ $ gg G { } %", N_("to the ends of line and text, paragraphs, the other bracket")),
    ("f F t T ; ,", N_("to a character in the line, again, and back")),
    ("d c y", N_("delete, change, copy: with a motion or object; twice for the line")),
    ('iw aw i" a( ip', N_("objects: word, quotes, brackets, paragraph; inside or around")),
    ("x X D C s S Y r ~ J", N_("short forms, replace, swap case, join lines")),
    ("p P", N_("insert what was deleted or copied")),
    ("v V", N_("select characters or lines; o goes to the other end")),
    ("u Ctrl+R .", N_("undo, redo, repeat the last change")),
    ("2 … 9", N_("counts, before commands and motions")),
)
"""Keys, and what they do in English; `_` translates it when it is shown."""
