"""The help: keys, made from the live bindings, and slash commands."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from textual import getters, on
from textual.app import App
from textual.binding import Binding, BindingsMap, BindingType
from textual.containers import ScrollableContainer
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input

from coze_tui.render.cells import cell_len
from coze_tui.render.inline import wrapped
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.key_names import bindings_of, long_key
from coze_tui.tui.screens.coze_screen import Panel
from coze_tui.tui.widgets.field import Field
from coze_tui.tui.widgets.line_list import list_keys
from coze_tui.tui.widgets.select_list import ListRow, SelectList
from coze_tui.values import valueclass

_LEAST_FOR_KEYS = 18
"""Cells of the column of keys, which wrap in it."""


@valueclass
class HelpLine:
    """One action with its keys."""

    keys: str
    """As people write them: `Ctrl+J, Alt+Enter`; or a slash command."""
    description: str
    id: str = ""
    """The ID of the binding, used in the settings."""


@valueclass
class HelpSection:
    """The actions of one part of the screen."""

    title: str
    lines: tuple[HelpLine, ...]


def help_sections(
    screen: Screen[Any], commands: Sequence[tuple[str, str]] = (), vi_keys: Sequence[tuple[str, str]] = ()
) -> list[HelpSection]:
    """Return the keys of the focused part and its ancestors, the commands, and the keys of all other parts.

    Inherited keys are last, because the keys of editing are the same everywhere.

    Only bindings with an ID are listed: those are ours and can be changed. The `PART` of a class names a
    part, and its `legend` explains the signs that it shows.
    """
    around = list(screen.focused.ancestors_with_self if screen.focused is not None else [screen, screen.app])
    others = [node for node in screen.walk_children() if node not in around]
    sections = [_sections(node, screen) for node in around]
    last = [_sections(node, screen) for node in others]
    described = tuple(HelpLine(clean_line(name), clean_line(does)) for name, does in commands)
    signs = [HelpLine(sign, words) for node in (*around, *others) for sign, words in legend_of(node)]
    ordered = [
        *(own for own, _inherited in sections),
        HelpSection(_("Keys of vi in the prompt"), tuple(HelpLine(*each) for each in vi_keys)),
        HelpSection(_("Commands"), described),
        HelpSection(_("Signs"), tuple(signs)),
        *(own for own, _inherited in last),
        *(section for _own, inherited in (*sections, *last) for section in inherited),
    ]
    return _joined(ordered)


def legend_of(node: DOMNode) -> Sequence[tuple[str, str]]:
    """Return the signs that a part shows, with their meaning; a part without a `legend` has none."""
    legend = getattr(node, "legend", None)
    return legend() if callable(legend) else ()


def _sections(node: DOMNode, screen: Screen[Any]) -> tuple[HelpSection, list[HelpSection]]:
    """Return the section of a part's own bindings, and those of its base classes under their names."""
    lines = _lines(bindings_of(node, screen))
    sections = []
    for kind in type(node).__mro__:
        declared = {one.id for one in kind.__dict__.get("BINDINGS", ()) if isinstance(one, Binding)}
        sections.append(HelpSection(_title(kind), tuple(line for line in lines if line.id in declared)))
        lines = [line for line in lines if line.id not in declared]
    return sections[0], sections[1:]


def _title(kind: type) -> str:
    if part := kind.__dict__.get("PART", ""):
        return _(part)
    if issubclass(kind, App):
        return _("Global")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.__name__).capitalize()


def _lines(bindings: BindingsMap) -> list[HelpLine]:
    keys: dict[str, list[str]] = {}
    descriptions: dict[str, str] = {}
    for key, binding in bindings:
        if not binding.id:
            continue
        shown = long_key(key)
        if shown not in keys.setdefault(binding.id, []):
            keys[binding.id].append(shown)
        descriptions.setdefault(binding.id, binding.tooltip or binding.description)
    return [HelpLine(", ".join(names), _(descriptions[id]), id) for id, names in keys.items()]


def _joined(sections: Iterable[HelpSection]) -> list[HelpSection]:
    """Return sections of the same title joined at the place of the first one, without repeated lines."""
    joined: dict[str, dict[HelpLine, None]] = {}
    seen: set[HelpLine] = set()
    for section in sections:
        lines = [line for line in section.lines if line not in seen]
        seen.update(lines)
        if lines:
            joined.setdefault(section.title, {}).update(dict.fromkeys(lines))
    return [HelpSection(title, tuple(lines)) for title, lines in joined.items()]


class HelpScreen(Panel[None]):
    """The help. Typing searches it; the arrows scroll.

    Args:
        screen: The screen whose keys are listed. They are read now, while it still has its focus.
        commands: Slash commands with what they do, translated.
        vi_keys: Keys of vi with what they do, translated.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "leave", N_("close"), id="help.leave", show=False),
        *list_keys(
            "help",
            ("top", N_("to the top")),
            ("end", N_("to the end")),
            up=N_("line up"),
            down=N_("line down"),
            is_led=True,
        ),
    ]
    PART = N_("Help")

    field = getters.query_one(Field)
    rows = getters.query_one(SelectList)

    def __init__(
        self,
        screen: Screen[Any],
        commands: Sequence[tuple[str, str]] = (),
        vi_keys: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(_("Keys and commands"), is_tall=True)
        self._sections = help_sections(screen, commands, vi_keys)

    def body(self) -> Iterable[Widget]:
        """Yield the search field and the list."""
        yield Field(placeholder=_("Type to search keys, actions and commands"))
        yield ScrollableContainer(SelectList(is_led=True), classes="body", can_focus=False)

    def on_mount(self) -> None:
        """Show everything."""
        self.field.focus()
        self._show("")

    def on_resize(self) -> None:
        """Fit the columns to the width."""
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
        """Scroll to the top or the end."""
        self.rows.action_edge(last)

    def _show(self, search: str) -> None:
        words = search.casefold().split()
        room = self.rows.content_size.width - 3
        shown = [
            (section.title, lines)
            for section in self._sections
            if (lines := [line for line in section.lines if _matches(line, section.title, words)])
        ]
        widest = max((cell_len(line.keys) for _title, lines in shown for line in lines), default=0)
        column = min(widest, max(room // 4, _LEAST_FOR_KEYS))
        rows: list[ListRow] = []
        for title, lines in shown:
            rows += [ListRow(None, ())] if rows else []
            rows.append(ListRow(None, ((title, "muted bold"),)))
            for line in lines:
                rows += _rows(line, column, room)
        self.rows.show(rows or [ListRow(None, ((_("no matches"), "muted"),))])


def _matches(line: HelpLine, title: str, words: Iterable[str]) -> bool:
    text = f"{line.keys}\n{line.description}\n{line.id}\n{title}".casefold()
    return all(word in text for word in words)


def _rows(line: HelpLine, column: int, room: int) -> list[ListRow]:
    """Return the rows of an action: keys, description, and at the right the binding ID for the settings.

    Nothing is cut: keys and description wrap, and an ID without room stands below the description.
    """
    keys = _broken(line.keys, column)
    indent = max(column, cell_len(keys[0])) + 2
    described = [one.plain.rstrip() for one in wrapped([Segment(line.description)], room - indent)]
    has_room = indent + cell_len(described[0]) + 2 + cell_len(line.id) <= room
    ids = [line.id] if has_room else [*[""] * len(described), line.id]
    return [
        ListRow(
            None,
            ((key + " " * (indent - cell_len(key)), "bot"), (text, "text")),
            ((binding, "muted"),) if binding else (),
        )
        for key, text, binding in itertools.zip_longest(keys, described, ids, fillvalue="")
        if key or text or binding
    ]


def _broken(keys: str, width: int) -> list[str]:
    """Return the keys wrapped between two of them."""
    lines: list[str] = []
    for key in keys.split(", "):
        if lines and cell_len(f"{lines[-1]}, {key}") <= width:
            lines[-1] += f", {key}"
        else:
            lines.append(key)
    return lines
