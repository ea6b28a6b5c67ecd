"""Renders JSON in color, as lines or as a foldable tree. Parses JSON inside strings, too."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len, runs_len
from coze_tui.render.inline import render_plain, wrapped
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.text.cleaning import clean
from coze_tui.text.format import thousands
from coze_tui.text.i18n import _, ngettext
from coze_tui.values import valueclass

_HIDDEN = re.compile(
    "[\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_INDENT = 2
_DEEPEST = 40
"""Levels that `value_lines` unfolds; a deeper value is one line."""
_OPENED = "≡ "
"""Marks JSON that was inside a string in `value_lines`, which has no room for a note."""


class JsonNumber(str):
    """A number, NaN or Infinity as written."""


class JsonPairs(list[tuple[str, object]]):
    """The members of an object in their order, including duplicate keys."""


class JsonStyles(NamedTuple):
    key: Style
    string: Style
    number: Style
    constant: Style
    mark: Style


def json_lines(text: str, width: int, palette: Palette) -> Iterator[Line]:
    """Yield JSON as fully unfolded lines; yield other text as it is."""
    value = parsed_json(text)
    yield from (
        render_plain(text, width, palette.text) if value is None else value_lines(value, width, palette)
    )


def value_lines(value: object, width: int, palette: Palette) -> Iterator[Line]:
    """Yield the fully unfolded lines of a parsed value. Each part of it is read when its lines are."""
    root = _node(None, value, 0, None)
    for node, runs, _is_head, _has_more in _rows(root, "", width, json_styles(palette), is_tree=False):
        yield from indented(runs, min(node.depth * _INDENT, width // 2), width)


def json_styles(palette: Palette) -> JsonStyles:
    """Return the colors of JSON in a palette."""
    code = palette.code
    text = code.get("Token", palette.text)
    return JsonStyles(
        key=code.get("Name.Tag", text),
        string=code.get("Literal.String", text),
        number=code.get("Literal.Number", code.get("Literal", text)),
        constant=code.get("Keyword.Constant", text),
        mark=palette.muted,
    )


def indented(runs: list[Segment], indent: int, width: int) -> list[Line]:
    """Wrap one line of JSON at its depth; the rows after the first are indented a little more."""
    lead = (Segment(" " * indent),) if indent else ()
    first, *others = wrapped(runs, width - indent)
    lines = [first._replace(lead=lead, lead_width=indent)]
    lead = (Segment(" " * (indent + _INDENT)),)
    if others:
        # The other rows have less room than the first one, so wrap them again.
        rest = _after(runs, len(first.text) + len(others[0].joint or ""))
        for number, line in enumerate(wrapped(rest, width - indent - _INDENT)):
            joint = others[0].joint if number == 0 else line.joint
            lines.append(line._replace(lead=lead, lead_width=indent + _INDENT, joint=joint))
    return lines


def parsed_json(text: str) -> object:
    """Return the value of a JSON text; None if it is not JSON, or a bare word or number."""
    # Most texts are not JSON, and a bare word or number is better shown as text.
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed: object = json.loads(
            text,
            # As written, so that a copy contains 1.0 and 1e3 as the server sent them.
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=JsonNumber,
            object_pairs_hook=JsonPairs,
        )
    # A server may send JSON that is nested deeper than Python's stack.
    except (ValueError, RecursionError):
        return None
    return parsed


def members_of(value: object) -> list[tuple[str, object]] | None:
    """Return the members of an object or a list (with empty names); None for any other value."""
    if isinstance(value, JsonPairs):
        return value
    return [("", member) for member in value] if isinstance(value, list) else None


def one_line(value: object, styles: JsonStyles) -> list[Segment]:
    """Return a value and all its members as one line."""
    members = members_of(value)
    if members is not None:
        runs = [Segment("{" if _is_object(value) else "[", styles.mark)]
        for number, (key, member) in enumerate(members):
            if number:
                runs.append(Segment(", ", styles.mark))
            if _is_object(value):
                runs += [Segment(quoted(key), styles.key), Segment(": ", styles.mark)]
            runs += one_line(member, styles)
        return [*runs, Segment("}" if _is_object(value) else "]", styles.mark)]
    if isinstance(value, JsonNumber):
        return [Segment(value, styles.number)]
    if isinstance(value, str):
        return [Segment(quoted(value), styles.string)]
    return [Segment(json.dumps(value), styles.constant)]


def quoted(text: str) -> str:
    """Return a JSON string in which invisible characters are escaped."""
    shown = json.dumps(text, ensure_ascii=False)
    return _HIDDEN.sub(lambda hidden: json.dumps(hidden.group())[1:-1], shown)


def _after(runs: list[Segment], start: int) -> list[Segment]:
    """Return the runs without their first `start` characters."""
    left: list[Segment] = []
    for run in runs:
        size = len(run.text)
        if start < size:
            left.append(Segment(run.text[start:], run.style) if start > 0 else run)
        start -= size
    return left


_GUTTER = 3
"""Cells before a row: the cursor, the fold sign and a space."""
_SIGN = 2
_OPEN_ROWS = 1_500
"""Rows that are unfolded at first; values after them are folded."""
_OPEN_DEPTH = 24
_MEMBERS = 1_000
"""Members of one value that are shown until the user asks for more."""
_STRING = 1_200
"""Characters of a string that are shown until the user asks for more."""
_LONG_STRING = 60_000
_PLAIN = 200_000


@dataclass(slots=True, eq=False)
class Node:
    """A value and its position in the tree."""

    key: str | None
    """None in lists and for the root."""
    value: object
    """The parsed value; for JSON inside a string, the value parsed from it."""
    depth: int
    is_text: bool = False
    """Whether the value was inside a string."""
    is_open: bool = False
    shown: int = _MEMBERS
    """Number of members, or of characters of a string, that are shown while unfolded."""
    members: list[Node] | None = field(default=None, repr=False)
    parent: Node | None = field(default=None, repr=False)

    @property
    def folds(self) -> bool:
        """Return whether the value has content that can be folded."""
        return bool(self.members) or (isinstance(self.value, str) and len(self.value) > _STRING)


@valueclass
class TreeLine:
    """A line, its value, and whether it is the first line of that value."""

    line: Line
    node: Node | None
    is_head: bool = False
    has_more: bool = False
    """Whether the line represents hidden members or characters."""


class JsonTree:
    """A tree of one text. Text that is not JSON is shown as it is.

    Args:
        text: Untrusted text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Node | None = None
        value = parsed_json(text)
        if value is not None:
            self.root = _node(None, value, 0, None)
            self._open_some(self.root)
        self._laid_out: tuple[int, Palette] | None = None
        self._lines: list[TreeLine] = []

    def lines(self, width: int, palette: Palette) -> Sequence[TreeLine]:
        """Return all unfolded lines."""
        if self._laid_out != (width, palette):
            self._lines = list(self._lay_out(max(12, width), palette))
            self._laid_out = (width, palette)
        return self._lines

    def toggle(self, line: TreeLine) -> bool:
        """Fold or unfold the value of a line, or show more of it. Return False if it cannot fold."""
        node = line.node
        if node is None or not (node.folds or line.has_more):
            return False
        if line.has_more:
            node.shown = node.shown + _MEMBERS if node.members is not None else _LONG_STRING
            node.is_open = True
        else:
            node.is_open = not node.is_open
            if node.members is None:
                node.shown = _LONG_STRING
        self._laid_out = None
        return True

    def fold(self, node: Node, *, is_open: bool) -> bool:
        """Fold or unfold a value. Return False if it already was."""
        if node.members is None or node.is_open is is_open:
            return False
        node.is_open = is_open
        self._laid_out = None
        return True

    # --- inside ---

    def _open_some(self, root: Node) -> None:
        """Unfold values level by level until there are enough rows."""
        rows = 0
        level = [root]
        while level:
            below: list[Node] = []
            for node in level:
                if node.members is None or not node.members:
                    continue
                rows += min(len(node.members), node.shown) + 1
                if node.depth >= _OPEN_DEPTH or (rows > _OPEN_ROWS and node is not root):
                    return
                node.is_open = True
                below += _open_members(node)[: node.shown]
            level = below

    def _lay_out(self, width: int, palette: Palette) -> Iterator[TreeLine]:
        if self.root is None:
            # Cut first, because megabytes would take seconds to clean and to wrap.
            text = clean(self.text[:_PLAIN])
            for line in render_plain(text, width - _GUTTER, palette.text):
                lead = (Segment(" " * _GUTTER), *line.lead)
                yield TreeLine(line._replace(lead=lead, lead_width=line.lead_width + _GUTTER), None)
            if len(self.text) > _PLAIN:
                yield TreeLine(_words(_more(len(self.text) - _PLAIN), 0, palette), None)
            return
        for node, runs, is_head, has_more in _rows(self.root, "", width, json_styles(palette), is_tree=True):
            indent = min(_GUTTER + node.depth * _INDENT, width // 2)
            if has_more and node.members is not None:
                indent = min(indent + _INDENT, width // 2)
            for number, line in enumerate(indented(runs, indent, width)):
                first = number == 0 and is_head
                if first and node.folds and not node.is_open and indent >= _SIGN:
                    sign = Segment(" " * (indent - _SIGN)), Segment("▸ ", palette.attention)
                    line = line._replace(lead=sign)
                yield TreeLine(line, node, first, has_more)


_Row = tuple[Node, list[Segment], bool, bool]


def _rows(node: Node, comma: str, width: int, styles: JsonStyles, *, is_tree: bool) -> Iterator[_Row]:
    """Yield rows as (value, runs, whether the value starts here, whether the row represents hidden members).

    Args:
        is_tree: Lay out a tree with a cursor, instead of lines that cannot fold.
    """
    if not is_tree and node.depth < _DEEPEST:
        node.is_open, node.shown = True, sys.maxsize
    end = [Segment(comma, styles.mark)] if comma else []
    before = []
    if node.key is not None:
        before = [Segment(quoted(node.key), styles.key), Segment(": ", styles.mark)]
    if node.members is None:
        yield from _leaf(node, before, end, styles)
        return
    opening, closing = "{}" if _is_object(node.value) else "[]"
    room = width - node.depth * _INDENT - (_GUTTER if is_tree else 0)
    note: list[Segment] = []
    if node.is_text and is_tree:
        note = [Segment("  " + _("JSON in text"), styles.mark + Style(italic=True))]
    elif node.is_text:
        before.append(Segment(_OPENED, styles.mark))

    def noted(runs: list[Segment]) -> list[Segment]:
        """Append the note if there is room for it."""
        return runs + note if runs_len(runs + note) <= room else runs

    if not node.members:
        yield node, noted([*before, Segment(opening + closing, styles.mark), *end]), True, False
        return
    # A list of numbers is easier to read on one line.
    if node.is_open and _may_be_short(node, room, is_tree=is_tree):
        runs = before + one_line(node.value, styles) + end
        if runs_len(runs) <= room:
            yield node, noted(runs), True, False
            return
    if not node.is_open:
        count = Segment(f"… {thousands(len(node.members))} ", styles.mark)
        folded = [Segment(opening, styles.mark), count, Segment(closing, styles.mark)]
        yield node, noted(before + (folded if is_tree else one_line(node.value, styles)) + end), True, False
        return
    yield node, noted([*before, Segment(opening, styles.mark)]), True, False
    members = _open_members(node, is_tree=is_tree)
    for number, member in enumerate(members[: node.shown]):
        yield from _rows(member, "," if number + 1 < len(members) else "", width, styles, is_tree=is_tree)
    if len(members) > node.shown:
        yield node, [Segment(_more_members(len(members) - node.shown), styles.mark)], False, True
    yield node, [Segment(closing, styles.mark), *end], False, False


def _leaf(node: Node, before: list[Segment], end: list[Segment], styles: JsonStyles) -> Iterator[_Row]:
    value = node.value
    most = node.shown if node.is_open else _STRING
    if isinstance(value, JsonNumber) or not isinstance(value, str) or len(value) <= most:
        yield node, before + one_line(value, styles) + end, True, False
        return
    shown = quoted(value[:most])[:-1] + "…"
    more = Segment("  " + _more(len(value) - most), styles.mark)
    yield node, [*before, Segment(shown, styles.string), more, *end], True, True


def _more(count: int) -> str:
    text = ngettext("{n} more character", "{n} more characters", count)
    return text.format(n=thousands(count))


def _more_members(count: int) -> str:
    return ngettext("… {n} more", "… {n} more", count).format(n=thousands(count))


def _words(text: str, indent: int, palette: Palette) -> Line:
    return Line(
        (Segment(" " * (indent + _GUTTER)),),
        (Segment(text, palette.muted),),
        indent + _GUTTER,
        cell_len(text),
    )


def _node(key: str | None, value: object, depth: int, parent: Node | None) -> Node:
    is_text = False
    if isinstance(value, str) and not isinstance(value, JsonNumber) and len(value) > 1:
        # Coze sends JSON inside JSON strings (docs/wire.md 3.4), where quotes and line ends are escaped.
        opened = parsed_json(value)
        if opened is not None:
            value, is_text = opened, True
    node = Node(key, value, depth, is_text, parent=parent)
    members = members_of(value)
    if members is not None:
        # Nodes are created when first displayed; until then only their number is needed.
        node.members = [_UNREAD] * len(members)
    return node


_UNREAD = Node(None, None, 0)
"""Stands for each member that was not read yet."""


def _open_members(node: Node, *, is_tree: bool = True) -> list[Node]:
    """Return the members of an object or a list, reading them at the first call.

    Only those of a tree know their parents, because lines are laid out without the garbage collector.
    """
    if node.members and node.members[0] is _UNREAD:
        is_object = _is_object(node.value)
        parent = node if is_tree else None
        node.members = [
            _node(key if is_object else None, value, node.depth + 1, parent)
            for key, value in members_of(node.value) or ()
        ]
    return node.members or []


def _is_object(value: object) -> bool:
    return isinstance(value, JsonPairs)


def _may_be_short(node: Node, room: int, *, is_tree: bool) -> bool:
    """Return whether the value is a list of plain values that may fit into one line."""
    return (
        not _is_object(node.value)
        # The least room that they need: a long list is not read only to find that it does not fit.
        and len(node.members or ()) * len("0, ") <= room + len(", ")
        and not any(
            member.members or member.is_text or member.folds
            for member in _open_members(node, is_tree=is_tree)
        )
    )


def source_of(node: Node) -> str:
    """Return the text to copy for a value: a string's text, otherwise JSON with numbers as written."""
    value = node.value
    if isinstance(value, str) and not isinstance(value, JsonNumber):
        return clean(value)
    try:
        return "".join(_written(value, 0))
    except RecursionError:
        return ""


def _written(value: object, depth: int) -> Iterator[str]:
    members = members_of(value)
    if members is None:
        yield value if isinstance(value, JsonNumber) else "".join(run.text for run in one_line(value, _BARE))
        return
    opening, closing = "{}" if _is_object(value) else "[]"
    if not members:
        yield opening + closing
        return
    inside = "\n" + "  " * (depth + 1)
    yield opening
    for number, (key, member) in enumerate(members):
        yield "," * bool(number) + inside + (f"{quoted(key)}: " if _is_object(value) else "")
        yield from _written(member, depth + 1)
    yield "\n" + "  " * depth + closing


_BARE = JsonStyles(Style(), Style(), Style(), Style(), Style())
