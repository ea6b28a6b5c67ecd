"""The text objects of vi: words, quoted or bracketed text, paragraphs. Pure."""

from __future__ import annotations

from coze_tui.tui.widgets.prompt.vi.buffer import Buffer, line_at, line_end, row_of, start_of_row
from coze_tui.tui.widgets.prompt.vi.motions import closing, opening, spans_of
from coze_tui.values import valueclass

_PAIRS = {
    key: pair
    for pair in ("()", "[]", "{}", "<>", "（）", "“”", "‘’", "「」", "『』", "《》", "【】")
    for key in pair
} | {"b": "()", "B": "{}"}


@valueclass
class Span:
    """A part of a text."""

    start: int
    end: int
    is_linewise: bool = False


def span_of(buffer: Buffer, at: int, count: int, which: str, *, around: bool) -> Span | None:
    """Return the object at a place; None if there is none.

    Args:
        which: The key of the object, one of `OBJECTS`.
        around: With the quotes, brackets or blanks around it.
    """
    if which in "wW":
        return _words(buffer.text, at, count, big=which == "W", around=around)
    if which == "p":
        return _paragraphs(buffer.text, at, count, around=around)
    if which in _PAIRS:
        return _between(buffer.text, at, count, _PAIRS[which], around=around)
    return _quoted(buffer.text, at, which, around=around)


def _words(text: str, at: int, count: int, *, big: bool, around: bool) -> Span | None:
    start, end = line_at(text, at)
    pieces = _pieces(text[start:end], big=big)
    if not pieces:
        return Span(at, at)
    here = next((n for n, (_s, last, _w) in enumerate(pieces) if at - start < last), len(pieces) - 1)
    if not around:
        final = min(len(pieces) - 1, here + count - 1)
        return Span(start + pieces[here][0], start + pieces[final][1])
    first, final = here, here - 1
    for _word in range(count):
        # A word with the blanks behind it, or blanks with the word behind them.
        final += 1
        if final + 1 < len(pieces) and pieces[final][2] != pieces[final + 1][2]:
            final += 1
    final = min(final, len(pieces) - 1)
    if pieces[here][2] and pieces[final][2] and first and not pieces[first - 1][2]:
        first -= 1  # no blanks behind it: those before it
    return Span(start + pieces[first][0], start + pieces[final][1])


def _pieces(line: str, *, big: bool) -> list[tuple[int, int, bool]]:
    """Return the words of a line and the blanks between them: start, end, whether it is a word."""
    pieces: list[tuple[int, int, bool]] = []
    at = 0
    for first, last in spans_of(line, big=big):
        if first > at:
            pieces.append((at, first, False))
        pieces.append((first, last, True))
        at = last
    if at < len(line):
        pieces.append((at, len(line), False))
    return pieces


def _quoted(text: str, at: int, quote: str, *, around: bool) -> Span | None:
    start, end = line_at(text, at)
    places = [n for n in range(start, end) if text[n] == quote and text[n - 1 : n] != "\\"]
    pairs = list(zip(places[::2], places[1::2], strict=False))
    found = next(((first, last) for first, last in pairs if at <= last), None)
    if found is None:
        return None
    first, last = found
    if not around:
        return Span(first + 1, last)
    last += 1
    blanks = last
    while blanks < end and text[blanks].isspace():
        blanks += 1
    if blanks == last:
        while first > start and text[first - 1].isspace():
            first -= 1
    return Span(first, blanks)


def _between(text: str, at: int, count: int, pair: str, *, around: bool) -> Span | None:
    first: int | None
    first = at if text[at : at + 1] == pair[0] else opening(text, at - 1, pair)
    for _level in range(count - 1):
        first = opening(text, first - 1, pair) if first is not None else None
    if first is None and count == 1 and (after := text.find(pair[0], at, line_end(text, at))) >= 0:
        first = after
    last = closing(text, first + 1, pair) if first is not None else None
    if first is None or last is None:
        return None
    return Span(first, last + 1) if around else Span(first + 1, last)


def _paragraphs(text: str, at: int, count: int, *, around: bool) -> Span | None:
    lines = text.split("\n")
    first = last = row_of(text, at)
    kind = not lines[first].strip()

    def is_kind(number: int, blank: bool) -> bool:
        return 0 <= number < len(lines) and (not lines[number].strip()) == blank

    while is_kind(first - 1, kind):
        first -= 1
    for number in range(count):
        if number:
            last += 1
            kind = 0 <= last < len(lines) and not lines[last].strip()
        while is_kind(last + 1, kind):
            last += 1
        if around:
            last += 1
            kind = not kind
            while is_kind(last + 1, kind):
                last += 1
    last = min(last, len(lines) - 1)
    end = start_of_row(text, last) + len(lines[last])
    return Span(start_of_row(text, first), end, is_linewise=True)
