"""Converts markdown-it tokens to lines of styled runs."""

import time
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.links import link_to, says, shown_url
from coze_tui.render.palette import Palette
from coze_tui.text.data_urls import data_url, with_labels
from coze_tui.text.i18n import _
from coze_tui.text.urls import expires_at

if TYPE_CHECKING:
    from markdown_it.token import Token

Logical = list[Segment]
"""A source line as runs, not wrapped yet."""

BOLD, ITALIC, STRIKE, UNDERLINE, MARK = 1, 2, 4, 8, 16
_MARKS = {"strong": BOLD, "em": ITALIC, "s": STRIKE, "u": UNDERLINE, "mark": MARK, "summary": BOLD}

_SCRIPTS = {
    "sup": (
        "^",
        str.maketrans(
            "0123456789+-−=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
            "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ",
        ),
    ),
    "sub": (
        "_",
        str.maketrans("0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"),
    ),
}
"""The prefixes of superscript and subscript, and the characters that have such forms in Unicode."""


class Styles:
    """The styles of marked text, for one palette."""

    shows_every_target = False
    """Whether a reference link shows its target even though the definition shows it."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._marked: dict[tuple[Style, int], Style] = {}

    def marked(self, base: Style, marks: int) -> Style:
        """Return `base` combined with `marks` (BOLD and others, added)."""
        if not marks:
            return base
        # Adding styles of Rich is slow, and a message has few different ones.
        style = self._marked.get((base, marks))
        if style is None:
            style = base + self.palette.attention if marks & MARK else base
            style += Style(
                bold=True if marks & BOLD else None,
                italic=True if marks & ITALIC else None,
                strike=True if marks & STRIKE else None,
                underline=True if marks & UNDERLINE else None,
            )
            self._marked[base, marks] = style
        return style

    def link(self, base: Style, marks: int, url: str) -> Style:
        """Return the style of text in a link, or of text outside a link if `url` is empty."""
        style = self.marked(base, marks)
        return style + self.palette.link + link_to(url) if url else style

    def target(self, url: str, start: str = " ", *, is_image: bool = False) -> list[Segment]:
        """Return a link's target as shown after its text."""
        if (data := data_url(url)) is not None:
            return [Segment(f"{start}({data.text})", self.palette.url)]
        if not url:
            return []
        shown = Segment(start + shown_url(url, is_image=is_image), self.palette.url + link_to(url))
        # Signed URLs of files and images end after a while; opening one would only show an error page.
        expired = 0 < expires_at(url) < time.time()
        return [shown, Segment(" " + _("(link expired)"), self.palette.muted)] if expired else [shown]


class Runs:
    """A builder of lines from tokens."""

    def __init__(self, styles: Styles, base: Style) -> None:
        self.lines: list[Logical] = []
        self.literal: list[str] = []
        """All text that was not markup, with a NUL in place of each markup."""
        self._styles = styles
        self._base = base
        self._line: Logical = []
        self._depths: dict[int, int] = {}
        """The number of open marks of each kind, because emphasis can nest in emphasis of its kind."""
        self._marks = 0
        self._links: list[tuple[str, bool, int]] = []
        self._scripts: list[str] = []
        self._is_hidden = False
        """Whether the line contains invisible markup."""
        self.drops_last_line = False
        """Whether `lines` lacks the last line because it is all invisible. Appended text restores it."""

    def add(self, tokens: "list[Token]") -> None:
        """Add all tokens of a text."""
        for token in tokens:
            self._add(token)
        self._end_line()
        # Callers wrap and cut at least one line.
        self.lines = self.lines or [[]]

    def _add(self, token: "Token") -> None:
        kind = token.type
        if kind == "text" or kind == "text_special":
            if token.content:
                self.literal.append(token.content if kind == "text" else "\0")
                self._text(token.content)
            return
        if kind in ("softbreak", "hardbreak"):
            self._end_line()
            self.literal.append("\0" if token.info else "\n")
            return
        self.literal.append("\0")
        palette = self._styles.palette
        if kind == "code_inline":
            code = self._styles.marked(palette.inline_code, self._marks)
            self._put(token.content, code + link_to(self._url) if self._url else code)
        elif kind == "maths":
            self._maths(token.content)
        elif kind == "image":
            self._image(token)
        elif kind == "footnote":
            self._put(f"[{token.content}]", palette.bullet)
        elif kind == "link_open":
            url = str(token.attrs.get("href", ""))
            # The definition of the label is shown, too, and contains the target.
            is_label = "label" in token.meta and not self._styles.shows_every_target
            is_shown = is_label or token.info == "auto"
            self._links.append((url, is_shown, len("".join(self.literal)) if not is_shown else 0))
        elif kind == "link_close":
            url, is_shown, start = self._links.pop()
            if not is_shown and url and not says("".join(self.literal)[start:].replace("\0", ""), url):
                self._line += self._styles.target(url)
        elif token.tag in _SCRIPTS:
            if token.nesting > 0:
                self._scripts.append(token.tag)
            else:
                self._scripts.pop()
        elif token.tag in _MARKS:
            self._mark(token)
        self._is_hidden = self._is_hidden or kind == "hidden" or token.info == "block"

    @property
    def _url(self) -> str:
        url = self._links[-1][0] if self._links else ""
        # It may have megabytes, which the style of each run would carry.
        return "" if url[:5].lower() == "data:" else url

    def _put(self, text: str, style: Style) -> None:
        if text:
            self._line.append(Segment(text, style))

    def _text(self, text: str) -> None:
        if self._scripts:
            text = _in_script(text, self._scripts[-1])
        self._put(with_labels(text), self._styles.link(self._base, self._marks, self._url))

    def _end_line(self) -> None:
        """End the line. Drops a line that consists only of invisible markup."""
        self.drops_last_line = self._is_hidden and not any(text.strip() for text, *_ in self._line)
        if not self.drops_last_line:
            self.lines.append(self._line)
        self._line, self._is_hidden = [], False

    def _mark(self, token: "Token") -> None:
        mark = _MARKS[token.tag]
        depth = self._depths[mark] = self._depths.get(mark, 0) + token.nesting
        if token.tag == "summary" and token.nesting > 0:
            self._put("▸ ", self._styles.palette.bullet)
        # A heading summary, or `<b>**x**</b>`, opens one kind twice.
        self._marks = self._marks | mark if depth > 0 else self._marks & ~mark

    def _maths(self, source: str) -> None:
        for number, part in enumerate(source.split("\n")):
            if number:
                self._end_line()
            self._put(part.strip(), self._styles.marked(self._styles.palette.math, self._marks))

    def _image(self, token: "Token") -> None:
        source = str(token.attrs.get("src", ""))
        alt = _alt(token.children or []).replace("\n", " ").strip()
        self._put(f"[image: {alt}]" if alt else "[image]", self._styles.palette.muted)
        self._line += self._styles.target(source, is_image=True)


def _alt(tokens: "list[Token]") -> str:
    """Return the alternative text of an image, without marks."""
    pieces = []
    for token in tokens:
        if token.type == "image":
            pieces.append(_alt(token.children or []))
        elif token.type in ("softbreak", "hardbreak"):
            pieces.append("\n")
        else:
            pieces.append(token.content)
    return "".join(pieces)


def _in_script(text: str, tag: str) -> str:
    """Return superscript or subscript text, in Unicode forms if all its characters have one."""
    sign, forms = _SCRIPTS[tag]
    if all(ord(character) in forms for character in text):
        return text.translate(forms)
    return f"{sign}{text}" if len(text) == 1 else f"{sign}({text})"
