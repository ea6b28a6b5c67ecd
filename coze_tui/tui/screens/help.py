"""The keys that work now and all others, made from the live bindings; and the slash commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from rich.cells import cell_len
from textual import getters, on
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import ScrollableContainer
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from coze_tui.i18n import N_, _
from coze_tui.text import clean_line
from coze_tui.tui.key_names import long_key
from coze_tui.tui.screens.panel import Panel
from coze_tui.tui.widgets.drawn import Part
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.rows import Row, Rows


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One thing that can be done."""

    keys: str
    """As people know them: `Ctrl+J, Alt+Enter`; or a slash command."""
    description: str
    id: str = ""
    """Under which the key can be changed in the settings."""


@dataclass(frozen=True, slots=True)
class HelpSection:
    """What can be done in one part of the screen."""

    title: str
    lines: tuple[HelpLine, ...]


def help_sections(screen: Screen[Any], commands: Sequence[tuple[str, str]] = ()) -> list[HelpSection]:
    """The keys of the focused part and of what lies around it, then the commands, then all other parts.

    Only bindings with an id count: those are ours and can be changed. A part is named by the `PART` of its
    class.
    """
    # The screen may lie under the one that asks; its keys are the same then.
    chain = list(screen.focused.ancestors_with_self if screen.focused is not None else [screen, screen.app])
    sections = [_section(node) for node in chain]
    if commands:
        lines = tuple(HelpLine(clean_line(name), clean_line(told)) for name, told in commands)
        sections.append(HelpSection(_("Commands"), lines))
    sections += [_section(node) for node in screen.walk_children() if node not in chain]
    seen: set[HelpLine] = set()
    kept = []
    for section in sections:
        # What stands twice is the same widget class twice, or a part inherited from another.
        lines = tuple(line for line in section.lines if line not in seen)
        seen.update(lines)
        if lines:
            kept.append(HelpSection(section.title, lines))
    return _joined(kept)


def _section(node: DOMNode) -> HelpSection:
    bindings = node._bindings.copy()  # the only place where all of a part's bindings are, in order
    bindings.apply_keymap(node.app._keymap)
    title = getattr(type(node), "PART", "")
    lines = sorted(_lines(bindings), key=lambda line: _distance(node, line.id))
    return HelpSection(_(title) if title else _("Everywhere"), tuple(lines))


def _distance(node: DOMNode, id: str) -> int:
    """How far up among the classes of a part the binding is: what is its own comes first."""
    for distance, kind in enumerate(type(node).__mro__):
        for binding in kind.__dict__.get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id == id:
                return distance
    return len(type(node).__mro__)


def _lines(bindings: BindingsMap) -> tuple[HelpLine, ...]:
    keys: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    for key, binding in bindings:
        if not binding.id:
            continue
        shown = long_key(key)
        if shown not in keys.setdefault(binding.id, []):
            keys[binding.id].append(shown)
        descriptions.setdefault(binding.id, binding.description)
    return tuple(HelpLine(", ".join(names), _(descriptions[id]), id) for id, names in keys.items())


def _joined(sections: Iterable[HelpSection]) -> list[HelpSection]:
    """Sections of one title as one, where the first of them stands."""
    joined: dict[str, tuple[HelpLine, ...]] = {}
    for section in sections:
        joined[section.title] = joined.get(section.title, ()) + section.lines
    return [HelpSection(title, lines) for title, lines in joined.items()]


class HelpScreen(Panel[None]):
    """Searchable by typing; the arrows scroll.

    Args:
        screen: Whose keys are told; it is asked now, while it still has its focus.
        commands: Slash commands with what they do, translated.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "leave", N_("close"), id="help.leave", show=False),
        Binding("up", "move(-1)", N_("line up"), id="help.up", show=False),
        Binding("down", "move(1)", N_("line down"), id="help.down", show=False),
        Binding("pageup", "page(-1)", N_("page up"), id="help.page_up", show=False),
        Binding("pagedown", "page(1)", N_("page down"), id="help.page_down", show=False),
        Binding("ctrl+home", "edge(False)", N_("to the top"), id="help.top", show=False),
        Binding("ctrl+end", "edge(True)", N_("to the end"), id="help.end", show=False),
    ]
    PART = N_("Help")

    field = getters.query_one(Field)
    rows = getters.query_one(Rows)

    def __init__(self, screen: Screen[Any], commands: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(_("Keys and commands"), is_tall=True)
        self._sections = help_sections(screen, commands)

    def body(self) -> Iterable[Widget]:
        """Search and list."""
        yield Field(placeholder=_("Type to search keys, actions and commands"))
        yield ScrollableContainer(Rows(is_led=True), classes="body", can_focus=False)

    def on_mount(self) -> None:
        """Show all."""
        self.field.focus()
        self._show("")

    def on_resize(self) -> None:
        """Columns go with the width."""
        self._show(self.field.value)

    @on(Input.Changed)
    def _searched(self, changed: Input.Changed) -> None:
        self._show(changed.value)
        self.rows.action_edge(False)

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.rows.move(step)

    def action_page(self, step: int) -> None:
        """Scroll by pages."""
        self.rows.action_page(step)

    def action_edge(self, last: bool) -> None:
        """Scroll to an end."""
        self.rows.action_edge(last)

    def _show(self, search: str) -> None:
        words = search.casefold().split()
        room = self.rows.content_size.width - 3
        shown = [
            (section.title, lines)
            for section in self._sections
            if (lines := [line for line in section.lines if _matches(line, section.title, words)])
        ]
        widths = [cell_len(line.keys) for _title, lines in shown for line in lines]
        most = max(room // 2, 12)
        column = max((width for width in widths if width <= most), default=0)
        rows: list[Row] = []
        for title, lines in shown:
            rows += [Row(None, ())] if rows else []
            rows.append(Row(None, ((title, "muted bold"),)))
            rows += [_row(line, column, room) for line in lines]
        self.rows.show(rows or [Row(None, ((_("nothing found"), "muted"),))])


def _matches(line: HelpLine, title: str, words: Iterable[str]) -> bool:
    text = f"{line.keys}\n{line.description}\n{line.id}\n{title}".casefold()
    return all(word in text for word in words)


def _row(line: HelpLine, column: int, room: int) -> Row:
    keys = cell_len(line.keys)
    told: Part = (line.description, "text")
    used = column + 2 + cell_len(line.description)
    # The id matters to who changes keys: it is there where there is room.
    right: tuple[Part, ...] = (
        ((line.id, "muted"),) if line.id and used + cell_len(line.id) + 2 <= room else ()
    )
    if keys <= column:
        return Row(None, ((line.keys + " " * (column - keys + 2), "bot"), told), right)
    if used + keys - column <= room:
        return Row(None, ((f"{line.keys}  ", "bot"), told))
    return Row(None, ((line.keys, "bot"),), below=((" " * (column + 2), "text"), told))
