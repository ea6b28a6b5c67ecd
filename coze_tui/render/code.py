"""Highlights source code: at once if it is complete, line by line while it grows.

Pygments does the highlighting. The language comes from the fence's label and is never guessed.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, Protocol

from rich.segment import Segment
from rich.style import Style

from coze_tui.render.palette import Palette

MOST_COLORED = 20_000
"""Characters of one block that are highlighted; the rest is plain."""
LONGEST_COLORED = 2_000
"""Characters of a line from which on a block is plain, because some lexers take quadratic time."""
TAB = 4

ColoredLine = tuple[Segment, ...]
Tokens = Iterable[tuple[object, str]]
"""Pairs of a Pygments token type, of which only the name matters here, and its text."""


class Lexer(Protocol):
    """The subset of a Pygments lexer that this module uses."""

    name: str

    def get_tokens(self, text: str) -> Tokens: ...


class LexerState(NamedTuple):
    """The state of a lexer at the start of a line."""

    states: tuple[str, ...] = ("root",)
    comment: str = ""
    """The mark that opened the current comment. Most lexers have no state for a comment in progress."""
    inner: "LexerState | None" = None
    """The state inside a script or style element of an HTML page."""


START = LexerState()


# Creating a lexer compiles its patterns, which takes milliseconds.
@lru_cache(maxsize=64)
def _lexer(language: str) -> Lexer | None:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]  # it has no types
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        # Otherwise lexers remove empty lines, and the result would not match the source line by line.
        lexer: Lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None
    return lexer


def colored_lines(lines: Sequence[str]) -> int:
    """Return how many lines at the start of a block may be highlighted."""
    size = 0
    for number, line in enumerate(lines):
        size += len(line) + 1
        if size > MOST_COLORED or len(line) > LONGEST_COLORED:
            return number
    return len(lines)


class Highlighter:
    """A highlighter for one palette. `language` is the label of a fence."""

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self.lexed_chars = 0
        """Characters passed to a lexer so far."""
        self._styles: dict[object, Style] = {}
        self._wholes: dict[tuple[str, str], list[ColoredLine]] = {}

    def whole(self, lines: Sequence[str], language: str) -> list[ColoredLine]:
        """Return complete code in color, line by line; cached. The caller expands tabs first."""
        lexer = _lexer_named(language)
        count = colored_lines(lines) if lexer is not None else 0
        colored: list[ColoredLine] = []
        if lexer is not None and count:
            text = "\n".join(lines[:count])
            known = self._wholes.get((language, text))
            colored = self._whole(lexer, text, count) if known is None else known
            # Another width asks for the same colors again.
            self._wholes[language, text] = colored
        return colored + [self.plain(line) for line in lines[len(colored) :]]

    def forget(self) -> None:
        """Clear the cache of highlighted code."""
        self._wholes.clear()

    def _whole(self, lexer: Lexer, text: str, count: int) -> list[ColoredLine]:
        if any(text.count(begin) > text.count(end) + _MOST_UNCLOSED for begin, end in _COMMENTS):
            return []  # a lexer would search the rest of the text for the end of each
        self.lexed_chars += len(text)
        try:
            return self._split(lexer.get_tokens(text + "\n"), count)
        except _LEXER_FAULTS:
            return []

    def line(self, line: str, language: str, state: LexerState) -> tuple[ColoredLine, LexerState]:
        """Highlight one line of growing code, nearly as `whole` does; return it and the next state."""
        lexer = _lexer_named(language)
        if lexer is None or len(line) > LONGEST_COLORED:
            return self.plain(line), state
        self.lexed_chars += len(line)
        try:
            return self._line(lexer, line, state)
        except _LEXER_FAULTS:
            return self.plain(line), START

    def plain(self, line: str) -> ColoredLine:
        """Return a line without colors on the background of code."""
        return (Segment(line, self.palette.code_ground),) if line else ()

    def _line(self, lexer: Lexer, line: str, state: LexerState) -> tuple[ColoredLine, LexerState]:
        embedded = _EMBEDDED.get(state.states[-1])
        if embedded and "</" not in line:
            colored, inner = self.line(line, embedded, state.inner or START)
            return colored, state._replace(inner=inner)
        opened = state.comment
        text = opened + line
        # The HTML lexer treats a line end as the end of a script or style.
        newline = "" if lexer.name == "HTML" else "\n"
        for begin, end in _COMMENTS:
            # Close an open comment temporarily, so that the lexer recognizes it.
            if text.rfind(begin) > text.rfind(end):
                tokens, states = _lexed(lexer, text + end + newline, state.states)
                if "Comment" in _type_at(tokens, len(text) - 1):
                    return self._cut(tokens, len(opened), len(text)), LexerState(states, begin)
        tokens, states = _lexed(lexer, text + newline, state.states)
        return self._cut(tokens, len(opened), len(text)), LexerState(states)

    def _cut(self, tokens: Tokens, start: int, end: int) -> ColoredLine:
        at = 0
        parts: list[tuple[object, str]] = []
        for kind, text in tokens:
            piece = text[max(0, start - at) : max(0, end - at)]
            if piece:
                parts.append((kind, piece))
            at += len(text)
        return self._split(parts, 1)[0]

    def _split(self, tokens: Tokens, count: int) -> list[ColoredLine]:
        """Return exactly `count` lines of segments; merges neighbors of one style."""
        lines: list[list[Segment]] = [[]]
        for kind, text in tokens:
            style = self._styles.get(kind) or self._style(kind)
            for number, part in enumerate(text.split("\n")):
                if number:
                    lines.append([])
                if not part:
                    continue
                line = lines[-1]
                # Blanks show no color, so they join any neighbor, and a line has fewer runs to paint.
                if line and (line[-1].style is style or part.isspace()):
                    part = line[-1].text + part
                    line[-1] = Segment(part, line[-1].style)
                else:
                    line.append(Segment(part, style))
        lines += [[] for _ in range(count - len(lines))]
        return [tuple(line) for line in lines[:count]]

    def _style(self, kind: object) -> Style:
        name = str(kind).removeprefix("Token.")
        known = self.palette.code
        # A kind without a style has that of its parent: `Literal.String.Doc` that of `Literal.String`.
        while name and name not in known:
            name = name.rpartition(".")[0]
        style = self._styles[kind] = self.palette.code_ground + known.get(name or "Token", Style.null())
        return style


_COMMENTS = (("/*", "*/"), ("<!--", "-->"))
_MOST_UNCLOSED = 50
_EMBEDDED = {"script-content": "javascript", "style-content": "css"}
_LEXER_FAULTS = (TypeError, ValueError, AttributeError, LookupError, AssertionError, RecursionError)
"""Errors that lexers raise for text they do not expect. Such code stays plain."""


def _lexer_named(language: str) -> Lexer | None:
    # A longer label is not the name of a language, and the cache would keep it.
    return _lexer(language.lower()) if language and len(language) <= 40 else None


def _lexed(
    lexer: Lexer, text: str, states: tuple[str, ...]
) -> tuple[list[tuple[object, str]], tuple[str, ...]]:
    """Return the tokens of a line and the lexer's states after it."""
    from pygments.lexer import (  # type: ignore[import-untyped]
        ExtendedRegexLexer,
        LexerContext,
        RegexLexer,
    )

    if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
        # Only the extended lexer exposes its final states; it can run any regex lexer's table.
        context = LexerContext(text, 0, list(states))
        found = ExtendedRegexLexer.get_tokens_unprocessed(lexer, context=context)
        return [(kind, value) for _, kind, value in found], tuple(context.stack)
    return list(lexer.get_tokens(text)), states


def _type_at(tokens: Tokens, position: int) -> str:
    at = 0
    for kind, text in tokens:
        at += len(text)
        if at > position:
            return str(kind)
    return ""
