"""JSON in colour, laid out for reading; JSON inside of strings is opened up."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from coze_tui.tui.render.lines import Line
from coze_tui.tui.render.palette import Palette
from coze_tui.tui.render.plain import render_plain, wrapped
from coze_tui.tui.render.wrap import cells

_HIDDEN = re.compile(
    "[\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
_INDENT = 2
_DEEPEST = 40
"""Levels that are laid out; what lies deeper stands on one line."""
_OPENED = "≡ "
"""Stands before JSON that was the text of a string."""


class JsonNumber(str):
    """A number, or NaN and the like, as it was written."""


class JsonPairs(list[tuple[str, object]]):
    """An object as it was written: in order, with keys that come twice."""


class JsonStyles(NamedTuple):
    key: Style
    string: Style
    number: Style
    constant: Style
    mark: Style


def json_lines(value: object, width: int, palette: Palette) -> list[Line]:
    """`value` as lines: JSON text, or what JSON text was read into. Other text is shown as it is."""
    if isinstance(value, str):
        parsed = parsed_json(value)
        if parsed is None:
            return render_plain(value, width, palette.text)
        value = parsed
    styles = json_styles(palette)
    lines: list[Line] = []
    for depth, runs in _laid_out(value, 0, [], "", width, styles):
        lines += indented(runs, min(depth * _INDENT, width // 2), width)
    return lines


def json_styles(palette: Palette) -> JsonStyles:
    """The colours of JSON in a palette."""
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
    """One line of JSON at its depth as rows; those after the first stand a little deeper."""
    lead = (Segment(" " * indent),) if indent else ()
    first, *others = wrapped(runs, width - indent)
    lines = [first._replace(lead=lead, lead_width=indent)]
    lead = (Segment(" " * (indent + _INDENT)),)
    if others:
        # They have less room than the first one, so they are wrapped anew.
        rest = _after(runs, len(first.text) + len(others[0].joint or ""))
        for number, line in enumerate(wrapped(rest, width - indent - _INDENT)):
            joint = others[0].joint if number == 0 else line.joint
            lines.append(line._replace(lead=lead, lead_width=indent + _INDENT, joint=joint))
    return lines


def parsed_json(text: str) -> object:
    """What a JSON text says; None if it is none, or a bare word or number."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        parsed: object = json.loads(
            text,
            parse_int=JsonNumber,
            parse_float=JsonNumber,
            parse_constant=JsonNumber,
            object_pairs_hook=JsonPairs,
        )
    except (ValueError, RecursionError):
        return None
    return parsed


def _laid_out(
    value: object, depth: int, before: list[Segment], after: str, width: int, styles: JsonStyles
) -> Iterator[tuple[int, list[Segment]]]:
    """Lines as their depth and their runs. `before` is the key, `after` the comma."""
    if isinstance(value, str) and not isinstance(value, JsonNumber):
        opened = parsed_json(value) if len(value) > 1 else None
        if opened is not None:
            yield from _laid_out(
                opened, depth, [*before, Segment(_OPENED, styles.mark)], after, width, styles
            )
            return
    members = members_of(value)
    if members is None or not members or depth >= _DEEPEST:
        end = [Segment(after, styles.mark)] if after else []
        yield depth, before + one_line(value, styles) + end
        return
    is_object = isinstance(value, JsonPairs | Mapping)
    if not any(members_of(member) for _, member in members) and not is_object:
        runs = before + one_line(value, styles) + ([Segment(after, styles.mark)] if after else [])
        if sum(cells(run.text) for run in runs) + depth * _INDENT <= width:
            yield depth, runs
            return
    opening, closing = "{}" if is_object else "[]"
    yield depth, [*before, Segment(opening, styles.mark)]
    for number, (key, member) in enumerate(members):
        label = [Segment(quoted(key), styles.key), Segment(": ", styles.mark)] if is_object else []
        comma = "," if number + 1 < len(members) else ""
        yield from _laid_out(member, depth + 1, label, comma, width, styles)
    yield depth, [Segment(closing + after, styles.mark)]


def members_of(value: object) -> list[tuple[str, object]] | None:
    """What an object or a list holds; None for anything else."""
    if isinstance(value, JsonPairs):
        return value
    if isinstance(value, Mapping):
        return [(str(key), member) for key, member in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [("", member) for member in value]
    return None


def one_line(value: object, styles: JsonStyles) -> list[Segment]:
    members = members_of(value)
    if members is not None:
        is_object = isinstance(value, JsonPairs | Mapping)
        runs = [Segment("{" if is_object else "[", styles.mark)]
        for number, (key, member) in enumerate(members):
            if number:
                runs.append(Segment(", ", styles.mark))
            if is_object:
                runs += [Segment(quoted(key), styles.key), Segment(": ", styles.mark)]
            runs += one_line(member, styles)
        return [*runs, Segment("}" if is_object else "]", styles.mark)]
    if isinstance(value, JsonNumber):
        return [Segment(value, styles.number)]
    if isinstance(value, str):
        return [Segment(quoted(value), styles.string)]
    if value is None or isinstance(value, bool):
        return [Segment(json.dumps(value), styles.constant)]
    if isinstance(value, int | float):
        return [Segment(json.dumps(value), styles.number)]
    return [Segment(quoted(str(value)), styles.string)]


def quoted(text: str) -> str:
    """A JSON string in which nothing is invisible."""
    shown = json.dumps(text, ensure_ascii=False)
    return _HIDDEN.sub(lambda hidden: json.dumps(hidden.group())[1:-1], shown)


def _after(runs: list[Segment], start: int) -> list[Segment]:
    """The runs without their first `start` characters."""
    left: list[Segment] = []
    for run in runs:
        size = len(run.text)
        if start < size:
            left.append(Segment(run.text[start:], run.style) if start > 0 else run)
        start -= size
    return left
