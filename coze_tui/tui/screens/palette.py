"""The command palette: what can be done now, one line for each command, with its key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, ClassVar

from textual.binding import ActiveBinding, Binding, BindingType
from textual.dom import DOMNode
from textual.fuzzy import FuzzySearch
from textual.screen import Screen
from textual.widgets import Input, TextArea

from coze_tui.render.cells import cell_len
from coze_tui.text.i18n import N_, _
from coze_tui.tui.commands import OfferedCommand
from coze_tui.tui.key_names import bindings_of, short_key
from coze_tui.tui.screens.filter_panel import FilterPanel
from coze_tui.tui.widgets.line_widget import Part
from coze_tui.tui.widgets.select_list import ListRow
from coze_tui.values import valueclass

RunBinding = Callable[[str, DOMNode], object]
"""Runs the action of a binding on the part of the screen that it belongs to."""
_NAME_WEIGHT, _HELP_WEIGHT = 0.9, 0.1
"""Weights of a match in the command's name and in its explanation; 1 is a match in the title."""


@valueclass
class PaletteEntry:
    """One line of the palette, translated."""

    group: str
    title: str
    run: Callable[[], object]
    key: str = ""
    """The short name of its key."""
    is_live: bool = False
    """Whether the key works where the focus is."""
    command: str = ""
    help: str = ""


def palette_entries(
    screen: Screen[Any], offered: Sequence[OfferedCommand], run_binding: RunBinding
) -> list[PaletteEntry]:
    """Return what can be done on a screen: first urgent commands and those of the focus, then the others.

    Bindings without a command are entries, too, if the footer may show them.

    Args:
        screen: Its bindings are read now, while it still has its focus.
        offered: The commands that can be run, in the order of the table.
    """
    live = {
        active.binding.id: active
        for active in screen.active_bindings.values()
        if active.binding.id and active.enabled
    }
    keys = _keys_by_id(screen)
    names = {each.command.binding for each in offered}
    urgent: list[PaletteEntry] = []
    about_focus: list[PaletteEntry] = []
    others: list[PaletteEntry] = []
    for each in offered:
        command, active = each.command, live.get(each.command.binding)
        in_focus = active is not None and active.node is screen.focused and not _is_typed_in(active.node)
        group = _("NOW") if each.is_urgent else _(command.group)
        run = each.run
        if active is not None and in_focus and not each.is_urgent:
            group, run = _group_of(active.node), _runner(active, run_binding)
        entry = PaletteEntry(
            group,
            _(command.title),
            run,
            short_key(keys[command.binding]) if command.binding in keys else "",
            active is not None,
            command.name,
            _(command.help),
        )
        (urgent if each.is_urgent else about_focus if in_focus else others).append(entry)
    for name, active in live.items():
        if name not in names and _is_entry(active, screen):
            title, group = _(active.binding.tooltip or active.binding.description), _group_of(active.node)
            entry = PaletteEntry(
                group,
                title[:1].upper() + title[1:],
                _runner(active, run_binding),
                short_key(keys[name]),
                True,
            )
            has_commands = any(_(each.command.group) == group for each in offered)
            (others if has_commands else about_focus).append(entry)
    return _grouped([*urgent, *about_focus, *others])


def _keys_by_id(screen: Screen[Any]) -> dict[str, str]:
    """Return the first key of each binding on the screen, with the keys of the settings."""
    keys: dict[str, str] = {}
    for node in (*screen.walk_children(), screen, screen.app):
        for key, binding in bindings_of(node, screen):
            if binding.id:
                keys.setdefault(binding.id, key)
    return keys


def _is_typed_in(node: DOMNode) -> bool:
    return isinstance(node, Input | TextArea)


def _is_entry(active: ActiveBinding, screen: Screen[Any]) -> bool:
    """Return whether a binding without a command is listed: keys that move or type are not."""
    if active.node is screen.focused and not _is_typed_in(active.node):
        return active.binding.show or bool(active.binding.tooltip)
    return active.node is screen and active.binding.show


def _group_of(node: DOMNode) -> str:
    part = getattr(node, "PART", "")
    return _(part).upper() if part else ""


def _runner(active: ActiveBinding, run_binding: RunBinding) -> Callable[[], object]:
    return lambda: run_binding(active.binding.action, active.node)


def _grouped(entries: Iterable[PaletteEntry]) -> list[PaletteEntry]:
    """Return the entries with those of a group after each other, at the place of the first one."""
    groups: dict[str, list[PaletteEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.group, []).append(entry)
    return [entry for group in groups.values() for entry in group]


class CommandPalette(FilterPanel):
    """Asks for a command. The result is the number of its entry as text, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "leave", N_("close"), id="palette.leave", show=False),
    ]
    PART = N_("Commands")

    def __init__(self, entries: Sequence[PaletteEntry]) -> None:
        super().__init__(_("Commands"), placeholder=_("Search for commands"))
        self._entries = tuple(entries)
        self._search = FuzzySearch()

    def hint_for(self, key: str | None) -> str:
        return self._entries[int(key)].help if key is not None else ""

    def rows_for(self, query: str, width: int) -> Sequence[ListRow]:
        if query:
            return self._found(query)
        rows: list[ListRow] = []
        group = None
        for number, entry in enumerate(self._entries):
            if entry.group != group:
                group = entry.group
                rows += [ListRow(None, ())] if rows else []
                rows.append(ListRow(None, ((group, "muted bold"),)))
            rows.append(self._row(number, entry))
        return rows

    def _found(self, query: str) -> list[ListRow]:
        """Return the matching commands, the best first."""
        found: list[tuple[float, int, ListRow]] = []
        for number, entry in enumerate(self._entries):
            in_title, offsets = self._search.match(query, entry.title)
            in_name, name_offsets = self._search.match(query, entry.command)
            is_in_help = query.casefold() in entry.help.casefold()
            score = max(in_title, in_name * _NAME_WEIGHT, is_in_help * _HELP_WEIGHT)
            if score:
                found.append((-score, number, self._row(number, entry, offsets, name_offsets)))
        return [row for _score, _number, row in sorted(found, key=lambda each: each[:2])]

    def _row(
        self, number: int, entry: PaletteEntry, title: Sequence[int] = (), name: Sequence[int] = ()
    ) -> ListRow:
        keys = max((cell_len(each.key) for each in self._entries), default=0)
        names = max((cell_len(each.command) for each in self._entries), default=0)
        right: list[Part] = [
            (" " * (keys - cell_len(entry.key)), "text"),
            (entry.key, "bot" if entry.is_live else "muted"),
        ]
        if names:
            right += [("   ", "text"), *_marked(entry.command, name, "muted")]
            right.append((" " * (names - cell_len(entry.command)), "text"))
        return ListRow(str(number), tuple(_marked(entry.title, title, "text")), tuple(right))


def _marked(text: str, offsets: Sequence[int], role: str) -> list[Part]:
    """Return a text with the characters at these offsets highlighted."""
    marked = set(offsets)
    return (
        [(character, "bot bold" if number in marked else role) for number, character in enumerate(text)]
        if marked
        else [(text, role)]
    )
