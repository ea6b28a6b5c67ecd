"""Renders inline Markdown as styled runs: emphasis, code, links with targets, images, math as written.

markdown-it parses by the rules of `coze_tui.text.markdown_rules`. Text without special characters skips
the parser.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import untorn
from coze_tui.render.lines import Line
from coze_tui.render.links import says, with_urls, without_open_link
from coze_tui.render.palette import Palette
from coze_tui.render.runs import BOLD, ITALIC, Logical, Runs, Styles
from coze_tui.render.wrap import cuts, rows_of
from coze_tui.text.markdown_rules import CJK_CLASS, add_rules, ends_in_url, tags_in
from coze_tui.text.urls import may_hold_urls, urls_in

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

References = Mapping[str, object]
"""Link reference definitions in markdown-it's form, by normalized label."""

_SPECIAL = re.compile(r"[*_`\[<&\\$@]|~~|://|[wW][wW][wW]\.|data:")
_PLAIN = r"(?:[^*_`\[<&\\$~\n]|(?<=[^\W_])_(?=[^\W_])|~(?!~)|&(?![#A-Za-z])|<(?![A-Za-z/!]))"
"""Matches text that can never be markup."""
_LETTER = r"[^\W_]"
_EDGE = rf"(?:{_LETTER}|[{CJK_CLASS}])"
_BRACKET = re.compile(r"[\[\]]")
_LINE_BREAK = re.compile(r"[ \t]*\n[ \t]*")
_OPEN = re.compile(r"`|\$\$|\$(?![\s$])[^$\n]{0,300}\Z|<(?:[A-Za-z/!][^>]{0,300})?\Z")
"""Matches text that later text may turn into markup."""
_MATHS_OPEN = ("\\(", "\\[")
_MOST_BRACKETS = 100
"""Text with more brackets is not parsed, because the parser compares each with all others."""
_UNSAFE = ("javascript:", "vbscript:", "file:")


class Parsed(NamedTuple):
    """Parsed inline text: its lines, and whether they are final."""

    lines: list[Logical]
    is_closed: bool


@cache
def _simple() -> re.Pattern[str]:
    """Return the pattern of simple markup: nine of ten paragraphs need no parser."""
    # Compiled at its first use, because it takes milliseconds that would delay the first frame.
    return re.compile(
        rf"(?P<plain>(?:{_PLAIN}|\n)+)"
        rf"|\*\*(?!\*)(?={_EDGE})(?P<bold>{_PLAIN}+)(?<={_EDGE})\*\*(?!\*)"
        rf"|\*(?!\*)(?={_LETTER})(?P<italic>{_PLAIN}+)(?<={_LETTER})\*(?!\*)"
        r"|(?<!`)`(?P<code>[^`\n]+)`(?!`)"
        r"|(?<!!)\[(?P<label>[^\[\]()*_`<&\\$~!:\n]+)\]"
        r"\((?P<link>https?://[a-z0-9.-]+[a-z0-9](?:/[A-Za-z0-9_./-]*)?)\)"
    )


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    # One for all texts, because creating one takes a millisecond. Without HTML, `List<String>` stays whole.
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 50})
    add_rules(parser)
    _as_written(parser)
    # `Runs` shows no target for a link whose definition shows it.
    parser.options["store_labels"] = True
    return parser


@cache
def _reference_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("zero", {"html": False}).enable("reference")
    _as_written(parser)
    return parser


def _as_written(parser: "MarkdownIt") -> None:
    """Make a parser leave targets unencoded, because users read them; `link_to` encodes them."""
    parser.normalizeLink = lambda url: url  # type: ignore[method-assign]  # as its documentation says
    parser.normalizeLinkText = lambda link: link  # type: ignore[method-assign]  # as its documentation says
    parser.validateLink = lambda url: not url.strip().lower().startswith(_UNSAFE)  # type: ignore[method-assign]  # as its documentation says


def definitions_in(paragraph: str, references: dict[str, object]) -> tuple[list[str], str]:
    """Move the link reference definitions at the start of a paragraph into `references`.

    Returns their source lines and the rest of the paragraph. Footnotes (`[^1]: …`) are text.
    """
    if not paragraph.startswith("[") or paragraph.startswith("[^") or "]:" not in paragraph:
        return [], paragraph
    tokens: list[Token] = []
    env: dict[str, object] = {"references": {}}
    parser = _reference_parser()
    parser.block.parse(paragraph, parser, env, tokens)
    found = env["references"]
    if not isinstance(found, dict) or not found:
        return [], paragraph
    lines = paragraph.split("\n")
    first = next((token.map[0] for token in tokens if token.map), len(lines))
    for label, definition in found.items():
        # CommonMark: the first of several definitions with one label counts.
        references.setdefault(label, definition)
    return lines[:first], "\n".join(lines[first:])


class InlineText:
    """A converter from inline source to runs, for one palette.

    Args:
        styles: The styles of marks and link targets; None uses those of the screens.
    """

    def __init__(self, palette: Palette, styles: Styles | None = None) -> None:
        self.palette = palette
        self.parsed_chars = 0
        """Characters passed to the parser so far."""
        self._styles = styles or Styles(palette)

    def parse(self, source: str, base: Style, references: References) -> Parsed:
        """Parse `source` into lines, with `base` for plain text. A line break in the source starts a line."""
        self.parsed_chars += len(source)
        # The usual case: no character that could be markup.
        if not _SPECIAL.search(source) or source.count("[") > _MOST_BRACKETS:
            parts = _LINE_BREAK.split(source) if "\n" in source else [source]
            return Parsed([[Segment(part, base)] if part else [] for part in parts], True)
        if (simple := self._simple(source, base)) is not None:
            urls = urls_in(source) if may_hold_urls(source) else []
            # A URL at the end may continue with the next delta.
            return Parsed(simple, not urls or urls[-1].stop < len(source))
        # Deferred: plain messages never load the parser, nor does the first frame.
        from markdown_it.rules_inline import StateInline

        parser = _parser()
        state = StateInline(source, parser, {"references": references}, [])
        parser.inline.tokenize(state)
        # What `parser.inline.parse` does, but the state is needed afterwards: it shows which marks are open.
        for rule in parser.inline.ruler2.getRules(""):
            rule(state)
        runs = Runs(self._styles, base)
        runs.add(state.tokens)
        literal = "".join(runs.literal)
        return Parsed(
            runs.lines,
            not runs.drops_last_line
            and not any(mark.open and mark.end < 0 for mark in state.delimiters)
            and not any(token.markup in _MATHS_OPEN for token in state.tokens if token.info == "escape")
            and not _has_open_bracket(literal)
            and not _OPEN.search(literal)
            and not ends_in_url(state.env, source)
            and not ("<" in literal and tags_in(state.env, source).is_open),
        )

    def _simple(self, source: str, base: Style) -> list[Logical] | None:
        """Return the same lines as the parser, but faster; None if the markup is not simple."""
        # Only `Runs` shows the data of such a URL as a label.
        if "data:" in source:
            return None
        line: Logical = []
        lines = [line]
        at, end = 0, len(source)
        link = self.palette.link
        while at < end:
            match = _simple().match(source, at)
            if match is None:
                return None
            at = match.end()
            kind = match.lastgroup or ""
            text = match[kind]
            if kind == "link":
                line += self._linked(match["label"], text, base)
            elif kind == "code":
                # CommonMark: one space at each end of code does not belong to it.
                text = text[1:-1] if text[0] == text[-1] == " " and text.strip(" ") else text
                line.append(Segment(text, self.palette.inline_code))
            else:
                marks = {"bold": BOLD, "italic": ITALIC}.get(kind, 0)
                style = self._styles.marked(base, marks)
                if not may_hold_urls(text):
                    parts = _LINE_BREAK.split(text) if "\n" in text else [text]
                    line += [Segment(parts[0], style)] if parts[0] else []
                    for part in parts[1:]:
                        line = [Segment(part, style)] if part else []
                        lines.append(line)
                    continue
                for number, part in enumerate(_LINE_BREAK.split(text)):
                    if number:
                        line = []
                        lines.append(line)
                    urls = urls_in(part)
                    line += with_urls(part, style, link, urls)
                if at < end and urls and urls[-1].stop == len(part):
                    return None  # the following text may belong to the URL
        return lines

    def _linked(self, label: str, url: str, base: Style) -> Logical:
        """Return a link: its text, then its target unless the text is the target."""
        line = [Segment(label, self._styles.link(base, 0, url))]
        if not says(label, url):
            line += self._styles.target(url)
        return line


def _has_open_bracket(literal: str) -> bool:
    depth = 0
    for bracket in _BRACKET.findall(literal):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
    return depth > 0


TAB = 4
_LINK = Style(underline=True)


def render_plain(text: str, width: int, style: Style, *, is_open: bool = False) -> list[Line]:
    """Return `text` as written, wrapped at `width`, with all line ends. Bare URLs become underlined links.

    Args:
        is_open: More of the last line may follow, so a URL at its end is not linked yet.
    """
    lines: list[Line] = []
    sources = text.split("\n")
    for number, source in enumerate(sources, 1):
        runs = with_urls(source.expandtabs(TAB), style, _LINK)
        if is_open and number == len(sources):
            runs = without_open_link(runs, source)
        lines += wrapped(runs, width)
    return lines


def wrapped(runs: list[Segment], width: int) -> list[Line]:
    """Wrap one line into rows."""
    runs = untorn(runs)
    text = "".join([run.text for run in runs])
    rows = rows_of(text, max(4, width))
    return [
        Line((), piece, 0, row.width, joint=row.dropped if row.start else "\n")
        for row, piece in zip(rows, cuts(runs, rows), strict=True)
    ]


def estimated_height(text: str, width: int) -> int:
    """Estimate the number of lines of a message without rendering it."""
    width = max(1, width)
    height = 1 + text.count("\n")
    if len(text) > width:
        is_narrow = text.isascii()
        for line in text.split("\n"):
            if len(line) * 2 > width:
                # A Chinese character has three bytes and two cells; an ASCII character has one of each.
                cells = len(line) if is_narrow else (len(line) + len(line.encode("utf-8", "replace"))) // 2
                height += (cells - 1) // width
    return height
