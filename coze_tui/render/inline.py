"""Inline Markdown as runs of styled text: emphasis, code, links with their target, images, maths as written.

markdown-it parses, with HTML off and two rules of ours: emphasis that works beside Chinese punctuation, and
maths that is not touched. Text without any special character is not parsed at all.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.cells import cell_len, untorn
from coze_tui.render.lines import Line
from coze_tui.render.palette import Palette
from coze_tui.render.wrap import cuts, rows_of
from coze_tui.text.cleaning import clean_line

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.token import Token

References = Mapping[str, object]
"""Link reference definitions as markdown-it keeps them, by normalized label."""

_SPECIAL = re.compile(r"[*_`\[<&\\$]|~~|://")
_PLAIN = (
    r"(?:[^*_`\[<&\\$~\n]|(?<=[^\W_])_(?=[^\W_])|~(?!~)|&(?![#A-Za-z])|<(?![A-Za-z]))"  # what is never markup
)
_CJK_CLASS = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003fffd"
_EDGE = rf"(?:[^\W_]|[{_CJK_CLASS}])"
_BRACKET = re.compile(r"[\[\]]")
_LINE_BREAK = re.compile(r"[ \t]*\n[ \t]*")
_URL = re.compile(r"https?://[!#-;=?-Z\\\]^_a-z|~\[{}]+")
_TRAILING = ".,;:!?'\"*_~|\\"
_OPEN = re.compile(r"`|\$\$|\$(?![\s$])[^$\n]{0,300}\Z|<[A-Za-z][^\s>]*\Z")
"""Text that is not markup yet, but may become markup by what follows."""
_MATHS = {"$$": ("$$", 2000), "\\(": ("\\)", 1000), "\\[": ("\\]", 2000)}
"""The marks that open and close math, and the most characters between them."""
_DOLLARS = re.compile(r"\$(?![\s$])(?:[^$\n\\]|\\.){0,300}?[^$\s\\]\$(?!\d)")
_MATHS_OPEN = ("\\(", "\\[")
_MOST_BRACKETS = 100
"""Text with more of them is not parsed: each may be compared with all the others."""
_SHOWN_URL = 36
"""Cells of a link's target that are shown; its host is never cut short of its own end."""

BOLD, ITALIC, STRIKE = 1, 2, 4
_MARKS = {"strong": BOLD, "em": ITALIC, "s": STRIKE}

Logical = list[Segment]
"""A line of the source in pieces of one style, not yet wrapped."""


class Parsed(NamedTuple):
    """Inline text: its lines, and whether no later text can change what they mean."""

    lines: list[Logical]
    is_closed: bool


@cache
def _simple() -> re.Pattern[str]:
    """Match plain text, bold, italic, code and links: nine paragraphs of ten need no parser."""
    # Compiled at its first use. That takes milliseconds, for which the first frame does not wait.
    return re.compile(
        rf"(?P<plain>(?:{_PLAIN}|\n)+)"
        rf"|\*\*(?!\*)(?={_EDGE})(?P<bold>{_PLAIN}+)(?<={_EDGE})\*\*(?!\*)"
        rf"|\*(?!\*)(?={_EDGE})(?P<italic>{_PLAIN}+)(?<={_EDGE})\*(?!\*)"
        r"|(?<!`)`(?P<code>[^`\n]+)`(?!`)"
        r"|(?<!!)\[(?P<label>[^\[\]()*_`<&\\$~!:\n]+)\]"
        r"\((?P<link>https?://[a-z0-9.-]+[a-z0-9](?:/[A-Za-z0-9_./-]*)?)\)"
    )


@cache
def _cjk() -> re.Pattern[str]:
    return re.compile(f"[{_CJK_CLASS}]")


@cache
def _parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 50}).enable("strikethrough")
    parser.inline.ruler.before("escape", "maths", _maths)
    parser.inline.ruler.at("emphasis", _emphasis)
    parser.options["store_labels"] = True
    return parser


@cache
def _reference_parser() -> "MarkdownIt":
    from markdown_it import MarkdownIt

    return MarkdownIt("zero", {"html": False}).enable("reference")


def definitions_in(paragraph: str, references: dict[str, object]) -> tuple[list[str], str]:
    """Take the link reference definitions off the beginning of a paragraph, into `references`.

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
        references.setdefault(label, definition)
    return lines[:first], "\n".join(lines[first:])


_CLOSED = re.compile(r"`[^`\n]+`|\*\*[^*`\n]+\*\*")
_OPEN_LINK = re.compile(r"\[[^\[\]\n]+\]\([^()\s]*\Z")


def hopefully_closed(source: str) -> str:
    """A growing source with what its last line has left open closed, as its author will surely do.

    So bold text is bold from its first letter on, and no marks appear only to vanish.
    """
    start = source.rfind("\n") + 1
    line = source[start:]
    if "*" not in line and "`" not in line and "[" not in line:
        return source
    prose = _CLOSED.sub("", line)
    if prose.count("`") == 1:
        return source[:-1] if prose[-1] == "`" else source + "`"
    if _OPEN_LINK.search(prose):
        return source + ")"
    if prose.count("**") % 2:
        opened = prose[prose.rfind("**") + 2 :]
        if not opened:
            return source[:-2]
        if not opened[0].isspace() and opened[0] != "*":
            return source + ("*" if opened[-1] == "*" else "**")
    elif prose[-1:] in ("*", "[") and not prose[:-1].rstrip("*").endswith("\\") and "*" not in prose[:-1]:
        return source[:-1]
    return source


class InlineText:
    """Turns inline source into runs, for one palette."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.parsed_chars = 0
        """Characters handed to the parser so far."""
        self._styles: dict[tuple[Style, int], Style] = {}

    def parse(self, source: str, base: Style, references: References) -> Parsed:
        """The lines of `source`, with `base` for its plain text. A line break in the source is one here."""
        self.parsed_chars += len(source)
        if not _SPECIAL.search(source) or source.count("[") > _MOST_BRACKETS:
            parts = _LINE_BREAK.split(source) if "\n" in source else [source]
            return Parsed([[Segment(part, base)] if part else [] for part in parts], True)
        if (simple := self._simple(source, base)) is not None:
            return Parsed(simple, True)
        from markdown_it.rules_inline import StateInline

        parser = _parser()
        state = StateInline(source, parser, {"references": references}, [])
        parser.inline.tokenize(state)
        for rule in parser.inline.ruler2.getRules(""):
            rule(state)
        lines, literal = self._lines(state.tokens, base)
        return Parsed(
            lines,
            not any(mark.open and mark.end < 0 for mark in state.delimiters)
            and not any(token.markup in _MATHS_OPEN for token in state.tokens if token.info == "escape")
            and not _has_open_bracket(literal)
            and not _OPEN.search(literal),
        )

    def _simple(self, source: str, base: Style) -> list[Logical] | None:
        """The lines of a source without any but the simplest markup: what the parser would say, sooner."""
        line: Logical = []
        lines = [line]
        at, end = 0, len(source)
        while at < end:
            match = _simple().match(source, at)
            if match is None:
                return None
            at = match.end()
            text = match[match.lastgroup or 0]
            if match.lastgroup == "link":
                line += self._linked(match["label"], text, base)
                continue
            if match.lastgroup in ("bold", "italic"):
                style = self._marked(base, BOLD if match.lastgroup == "bold" else ITALIC)
                line += with_urls(text, style, self.palette.link)
            elif match.lastgroup == "code":
                text = text[1:-1] if text[0] == text[-1] == " " and text.strip(" ") else text
                line.append(Segment(text, self.palette.inline_code))
            else:
                for number, part in enumerate(_LINE_BREAK.split(text) if "\n" in text else (text,)):
                    if number:
                        line = []
                        lines.append(line)
                    line += with_urls(part, base, self.palette.link)
        return lines

    def _linked(self, label: str, url: str, base: Style) -> Logical:
        """A link of plain text: the text, and its target unless that is what it says."""
        line = [Segment(label, self._style(base, 0, url))]
        if not _says(label, url):
            line.append(Segment(" " + shown_url(url), self.palette.url + _link_to(url)))
        return line

    def _lines(self, tokens: "list[Token]", base: Style) -> tuple[list[Logical], str]:
        """The lines, and all text in them that was not markup, with a NUL where some was."""
        palette = self.palette
        line: Logical = []
        lines = [line]
        literal: list[str] = []
        marks = 0
        links: list[tuple[str, bool, int]] = []
        style = base
        for token in tokens:
            kind = token.type
            if kind == "text" or kind == "text_special":
                if token.content:
                    literal.append(token.content if kind == "text" else "\0")
                    if links:
                        line.append(Segment(token.content, style))
                    else:
                        line += with_urls(token.content, style, palette.link)
                continue
            if kind in ("softbreak", "hardbreak"):
                line = []
                lines.append(line)
                literal.append("\n")
                continue
            literal.append("\0")
            if kind == "code_inline":
                code = self._marked(palette.inline_code, marks)
                line.append(Segment(token.content, code + _link_to(links[-1][0]) if links else code))
            elif kind == "maths":
                for number, part in enumerate(token.content.split("\n")):
                    if number:
                        line = []
                        lines.append(line)
                    if part:
                        line.append(Segment(part.strip(), self._marked(palette.math, marks)))
            elif kind == "image":
                source = str(token.attrs.get("src", ""))
                alt = token.content.replace("\n", " ")
                line.append(Segment(f"[image: {alt}]" if alt else "[image]", palette.muted))
                line.append(Segment(" " + shown_url(source), palette.url + _link_to(source)))
            elif kind == "link_open":
                url = str(token.attrs.get("href", ""))
                links.append((url, "label" in token.meta, sum(len(part) for part in literal)))
                style = self._style(base, marks, url)
            elif kind == "link_close":
                url, by_label, start = links.pop()
                style = self._style(base, marks, links[-1][0] if links else "")
                text = "".join(literal)[start:].replace("\0", "")
                if not by_label and url and not _says(text, url):
                    line.append(Segment(" " + shown_url(url), palette.url + _link_to(url)))
            elif (mark := _MARKS.get(token.tag)) is not None:
                marks = marks | mark if token.nesting > 0 else marks & ~mark
                style = self._style(base, marks, links[-1][0] if links else "")
        return lines, "".join(literal)

    def _style(self, base: Style, marks: int, url: str) -> Style:
        style = self._marked(base, marks)
        return style + self.palette.link + _link_to(url) if url else style

    def _marked(self, base: Style, marks: int) -> Style:
        if not marks:
            return base
        style = self._styles.get((base, marks))
        if style is None:
            extra = Style(
                bold=True if marks & BOLD else None,
                italic=True if marks & ITALIC else None,
                strike=True if marks & STRIKE else None,
            )
            style = self._styles[base, marks] = base + extra
        return style


def _has_open_bracket(literal: str) -> bool:
    depth = 0
    for bracket in _BRACKET.findall(literal):
        depth = depth + 1 if bracket == "[" else max(0, depth - 1)
    return depth > 0


def with_urls(text: str, style: Style, link: Style) -> Logical:
    """Plain text of one line in which bare URLs are links, `link` being laid over their style."""
    if "://" not in text:
        return [Segment(text, style)] if text else []
    runs: Logical = []
    at = 0
    for match in _URL.finditer(text):
        url = _trimmed(match.group())
        start = match.start()
        if start > at:
            runs.append(Segment(text[at:start], style))
        at = start + len(url)
        runs.append(Segment(url, style + link + _link_to(url)))
    if at < len(text):
        runs.append(Segment(text[at:], style))
    return runs


def _link_to(url: str) -> Style:
    return Style(meta={"url": url})


def _says(text: str, url: str) -> bool:
    """Whether the text of a link is its target."""
    bare = url.removeprefix("mailto:").removeprefix("https://").removeprefix("http://").rstrip("/")
    return text.strip().removeprefix("https://").removeprefix("http://").rstrip("/") == bare


def shown_url(url: str) -> str:
    """A link's target, shortened behind its host. The end of a host, which tells whose it is, stays."""
    url = clean_line(url)
    if cell_len(url) <= _SHOWN_URL:
        return url
    try:
        host = urlsplit(url).netloc
    except ValueError:
        host = ""
    scheme = url.partition("//")[0] + "//" if host else ""
    if len(scheme + host) > _SHOWN_URL:
        return f"{scheme}…{host[-(_SHOWN_URL - 2) :]}/…"
    return url[: _SHOWN_URL - 1] + "…"


def _trimmed(url: str) -> str:
    """A bare URL without the punctuation of the sentence around it."""
    while url:
        last = url[-1]
        if last in _TRAILING or (last in ")]}" and url.count(last) > url.count("([{"[")]}".index(last)])):
            url = url[:-1]
        else:
            break
    return url


def _maths(state: "StateInline", silent: bool) -> bool:
    """Inline rule: `$…$`, `$$…$$`, `\\(…\\)` and `\\[…\\]` stay as they are written."""
    source, start = state.src, state.pos
    if source[start] not in "$\\":
        return False
    if (marks := _MATHS.get(source[start : start + 2])) is not None:
        closing, longest = marks
        end = source.find(closing, start + 3, start + longest) + 2
        if end < 2 or (closing == "\\)" and "\n" in source[start:end]):
            return False
    elif (dollars := _DOLLARS.match(source, start)) is not None:
        end = dollars.end()
    else:
        return False
    if not silent:
        state.push("maths", "", 0).content = source[start:end]
    state.pos = end
    return True


def _emphasis(state: "StateInline", silent: bool) -> bool:
    """Inline rule: `*` and `_`. Beside Chinese, Japanese or Korean text punctuation does not hinder emphasis.

    CommonMark reads `**注意：**请` as literal stars, since the closing mark follows punctuation and precedes
    a letter; nobody who writes without spaces means that.
    """
    from markdown_it.rules_inline.state_inline import Delimiter

    start = state.pos
    marker = state.src[start]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(start, marker == "*")
    can_open, can_close = scanned.can_open, scanned.can_close
    if marker == "*":
        before = state.src[start - 1] if start else " "
        after = state.src[start + scanned.length] if start + scanned.length < state.posMax else " "
        if _cjk().match(before) or _cjk().match(after):
            can_open, can_close = not after.isspace(), not before.isspace()
    for _ in range(scanned.length):
        state.push("text", "", 0).content = marker
        state.delimiters.append(
            Delimiter(
                marker=ord(marker),
                length=scanned.length,
                token=len(state.tokens) - 1,
                end=-1,
                open=can_open,
                close=can_close,
            )
        )
    state.pos += scanned.length
    return True


TAB = 4
_LINK = Style(underline=True)


def render_plain(text: str, width: int, style: Style) -> list[Line]:
    """`text` as it is, wrapped at `width`, every line end kept. Bare URLs are underlined links."""
    lines: list[Line] = []
    for source in text.split("\n"):
        lines += wrapped(with_urls(source.expandtabs(TAB), style, _LINK), width)
    return lines


def wrapped(runs: list[Segment], width: int, lead: tuple[Segment, ...] = (), hang: int = 0) -> list[Line]:
    """One line of text as rows, `lead` before the first and `hang` cells before the others."""
    runs = untorn(runs)
    text = "".join([run.text for run in runs])
    indent = (Segment(" " * hang),) if hang else ()
    rows = rows_of(text, max(4, width - hang))
    return [
        Line(
            lead if row.start == 0 else indent,
            piece,
            hang,
            row.width,
            joint=row.dropped if row.start else "\n",
        )
        for row, piece in zip(rows, cuts(runs, rows), strict=True)
    ]


def estimated_height(text: str, width: int) -> int:
    """About how many lines a message will have, without rendering it."""
    width = max(1, width)
    height = 1 + text.count("\n")
    if len(text) > width:
        is_narrow = text.isascii()
        for line in text.split("\n"):
            if len(line) * 2 > width:
                # Three bytes are two cells in Chinese, one byte is one in English.
                cells = len(line) if is_narrow else (len(line) + len(line.encode("utf-8", "replace"))) // 2
                height += (cells - 1) // width
    return height
