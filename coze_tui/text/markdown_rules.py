"""The inline rules in which chat Markdown differs from CommonMark, shared by screens and exports.

- Bare URLs take precedence over all other markup.
- Math is not changed.
- Punctuation next to Chinese, Japanese or Korean text does not prevent emphasis.
- The small HTML that models write is markup; other HTML is text. No HTML passes: a tag of this module's own
  list becomes a token. Of its attributes only a link's target, and an image's source and text, remain.
- A footnote reference is one if the footnote is defined.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import MutableMapping
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any, NamedTuple

from coze_tui.text.i18n import _
from coze_tui.text.urls import FoundUrl, may_hold_urls, urls_in, without_mark

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_inline import StateInline
    from markdown_it.rules_inline.state_inline import Delimiter

CJK_CLASS = "\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003fffd"
"""Chinese, Japanese and Korean characters with their punctuation, for a class of a regular expression."""
FOOTNOTE = re.compile(r"\[\^([^\s\[\]]{1,60})\]")
"""Matches a reference to a footnote, and the start of its definition."""
ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?=\n|$)", re.IGNORECASE)
"""Matches the first line of a quote that is an alert."""
TASK = re.compile(r"\[([ xX])\] {1,9}(?=[^ ])")
"""Matches the box of a task at the start of an item."""
MARKDOWN_NAME = re.compile(r"(?:markdown|md)\b", re.IGNORECASE)
"""Matches the name after a fence that contains Markdown: models write fences inside it."""
INNER_FENCE = re.compile(r" {0,3}(?:`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*$")
"""Matches a fence inside Markdown in a fence; it opens a block if it has a name, else it closes one."""

_MOST_LOOKED_BACK = 100
"""Number of marks before a URL that are checked."""
_TERMINATORS = re.compile(r"[\n!$&*<\[\]_`~\\]")
_MATHS = {"$$": ("$$", 2000), "\\(": ("\\)", 1000), "\\[": ("\\]", 2000)}
"""The marks that open and close math, and the most characters between them."""
_DOLLARS = re.compile(r"\$(?![\s$])(?:[^$\n\\]|\\.){0,300}?[^$\s\\]\$(?!\d)")
_EMPHASIZED = {"b": "strong", "strong": "strong", "i": "em", "em": "em", "cite": "em", "var": "em"}
_TAGS = {
    **_EMPHASIZED,
    **dict.fromkeys(("s", "del", "strike"), "s"),
    **dict.fromkeys(("u", "ins"), "u"),
    **dict.fromkeys(("mark", "sub", "sup", "summary", "a"), ""),
    **dict.fromkeys(("code", "kbd", "tt", "samp"), "code"),
    **dict.fromkeys(("span", "font", "small", "big", "center", "div", "p"), "span"),
}
"""Paired tags, each with the tag that is written for it; empty: the tag itself."""
_TAG = (
    rf"<(?P<close>/?)(?P<name>{'|'.join(sorted(_TAGS, key=len, reverse=True))}|br|wbr|img|details)"
    r"(?P<attributes>(?:\s+(?:open|hidden|download|[A-Za-z-]+\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+)))*)\s*/?>"
)
_TAG_ONLY = re.compile(_TAG, re.IGNORECASE)
_HTML = re.compile(rf"<!--(?:-?>|.*?-->)|{_TAG}", re.DOTALL | re.IGNORECASE)
_ATTRIBUTE = re.compile(r"([A-Za-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+))")
HIDDEN_LINE = re.compile(
    r"(?:\s*(?:<!--(?:-?>|(?!-?>)(?:(?!-->).)*-->)|</?details(?:\s+open)?\s*>))+\s*", re.IGNORECASE
)
"""Matches a whole hidden line: comments, and the start or end of a foldable part."""


def alert_title(name: str) -> str:
    """Return the title of an alert, given the word in its first line."""
    return {
        "NOTE": _("Note"),
        "TIP": _("Tip"),
        "IMPORTANT": _("Important"),
        "WARNING": _("Warning"),
        "CAUTION": _("Caution"),
    }[name.upper()]


class Tags(NamedTuple):
    """The small HTML of a text."""

    found: dict[int, re.Match[str]]
    """By start position."""
    ends: dict[int, re.Match[str]]
    """For an opening tag, by its position: its closing tag."""
    is_open: bool
    """Whether a tag or a comment is not closed."""


def add_rules(parser: MarkdownIt) -> None:
    """Let a parser of the preset "commonmark" read inline text by the rules of this module."""
    parser.enable("strikethrough")
    ruler = parser.inline.ruler
    ruler.at("text", _text)
    ruler.before("escape", "maths", _maths)
    ruler.at("strikethrough", _strikethrough)
    ruler.at("emphasis", _emphasis)
    ruler.before("link", "footnote", _footnote)
    ruler.before("autolink", "small_html", _small_html)


@cache
def _cjk() -> re.Pattern[str]:
    # Compiled at its first use, which takes milliseconds: the first frame does not need it.
    return re.compile(f"[{CJK_CLASS}]")


# --- URLs ---


class _Urls(NamedTuple):
    starts: list[int]
    by_start: dict[int, FoundUrl]


_NO_URLS = _Urls([], {})


def _urls(state: StateInline) -> _Urls:
    known: dict[str, _Urls] | None = state.env.get("bare urls")
    if known is None:
        known = state.env["bare urls"] = {}
    urls = known.get(state.src)
    if urls is None:
        found = urls_in(state.src) if may_hold_urls(state.src) else []
        urls = _Urls([url.start for url in found], {url.start: url for url in found}) if found else _NO_URLS
        known[state.src] = urls
    return urls


def ends_in_url(env: MutableMapping[str, Any], source: str) -> bool:
    """Return whether `source`, parsed with `env`, ends in a URL that more text could make longer."""
    urls: _Urls | None = env.get("bare urls", {}).get(source)
    return urls is not None and bool(urls.starts) and urls.by_start[urls.starts[-1]].stop == len(source)


def _text(state: StateInline, silent: bool) -> bool:
    """Read a URL, or text up to the next URL or character that a rule may need (inline rule)."""
    start = state.pos
    urls = _urls(state)
    terminator = _TERMINATORS.search(state.src, start)
    end = terminator.start() if terminator else state.posMax
    if urls.starts:
        if (url := urls.by_start.get(start)) is not None and _url(state, url, silent):
            return True
        if end > start:
            at = bisect_left(urls.starts, start)
            end = min(end, urls.starts[at]) if at < len(urls.starts) else end
    if end == start:
        return False
    if not silent:
        state.append_pending(state.src[start:end])
    state.pos = end
    return True


def _url(state: StateInline, url: FoundUrl, silent: bool) -> bool:
    """Add a bare URL or mail address. In the text of a link, it is text without markup."""
    if url.end > state.posMax or not state.md.validateLink(url.target):
        return False
    end, target = url.end, url.target
    for mark in _open_marks(state):
        cut = without_mark(state.src, url.start, url.stop, mark)
        if cut < end and (found := urls_in(state.src[url.start : cut])):
            end, target = url.start + found[0].end, found[0].target
    if not silent:
        shown = state.src[url.start : end]
        if state.linkLevel:
            state.append_pending(shown)
        else:
            opening = state.push("link_open", "a", 1)
            opening.attrs = {"href": target}
            opening.markup, opening.info = "linkify", "auto"
            state.push("text", "", 0).content = shown
            closing = state.push("link_close", "a", -1)
            closing.markup, closing.info = "linkify", "auto"
    state.pos = end
    return True


def _open_marks(state: StateInline) -> list[str]:
    """Return which of `**` and `~~` are open at the state's position, judged by the text so far."""
    opened = {ord("*"): 0, ord("~"): 0}
    for delimiter in state.delimiters[-_MOST_LOOKED_BACK:]:
        marker = delimiter.marker
        if marker not in opened or delimiter.length == 1:
            continue
        if delimiter.close and opened[marker]:
            opened[marker] -= 1
        elif delimiter.open:
            opened[marker] += 1
    return [mark for mark in ("**", "~~") if opened[ord(mark[0])]]


# --- math ---


def _maths(state: StateInline, silent: bool) -> bool:
    r"""Read `$…$`, `$$…$$`, `\(…\)` and `\[…\]` without changes (inline rule)."""
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


# --- emphasis ---


def _emphasis(state: StateInline, silent: bool) -> bool:
    """Read `*` and `_`; punctuation next to Chinese, Japanese or Korean text does not matter (inline rule).

    CommonMark reads `**注意：**请` as literal stars, since the closing mark follows punctuation and precedes
    a letter. No author who writes without spaces intends that.
    """
    marker = state.src[state.pos]
    if silent or marker not in "_*":
        return False
    scanned = state.scanDelims(state.pos, marker == "*")
    can_open, can_close = scanned.can_open, scanned.can_close
    if marker == "*":
        can_open, can_close = _relaxed(state, scanned.length, can_open, can_close)
    for _number in range(scanned.length):
        _delimiter(state, marker, scanned.length, can_open, can_close)
    state.pos += scanned.length
    return True


def _strikethrough(state: StateInline, silent: bool) -> bool:
    """Read `~~`; next to Chinese, Japanese or Korean text, as `**` (inline rule)."""
    if silent or state.src[state.pos] != "~":
        return False
    scanned = state.scanDelims(state.pos, True)
    if scanned.length < 2:
        return False
    can_open, can_close = _relaxed(state, scanned.length, scanned.can_open, scanned.can_close)
    if scanned.length % 2:
        state.push("text", "", 0).content = "~"
    for _number in range(scanned.length // 2):
        # Length 0: CommonMark's rule of three does not apply to it.
        _delimiter(state, "~~", 0, can_open, can_close)
    state.pos += scanned.length
    return True


def _delimiter(state: StateInline, mark: str, length: int, can_open: bool, can_close: bool) -> None:
    state.push("text", "", 0).content = mark
    token = len(state.tokens) - 1
    state.delimiters.append(_delimiter_class()(ord(mark[0]), length, token, -1, can_open, can_close))


@cache
def _delimiter_class() -> type[Delimiter]:
    from markdown_it.rules_inline.state_inline import Delimiter

    return Delimiter


def _relaxed(state: StateInline, length: int, can_open: bool, can_close: bool) -> tuple[bool, bool]:
    """Return whether marks at the state's position can open and close emphasis, given CommonMark's result.

    A single mark may also mean multiplication or be a wildcard: `5*（3+2）*4`, `文件*（备份）*.txt`. Next to
    ASCII letters and digits, CommonMark's result is unchanged.
    """
    source, start = state.src, state.pos
    end = start + length
    before = source[start - 1] if start else " "
    after = source[end] if end < state.posMax else " "
    is_cjk_before, is_cjk_after = _cjk().match(before) is not None, _cjk().match(after) is not None
    if not is_cjk_before and not is_cjk_after:
        return can_open, can_close
    if length > 1:
        return not after.isspace(), not before.isspace()
    if (
        is_cjk_before
        and not before.isalnum()
        and after in "._-/"
        and _is_ascii_word(source[end + 1 : end + 2])
    ):
        return can_open, False
    if (
        is_cjk_after
        and not after.isalnum()
        and before in "._-/"
        and _is_ascii_word(source[start - 2 : start - 1])
    ):
        return False, can_close
    return (
        can_open or not (after.isspace() or _is_ascii_word(before)),
        can_close or not (before.isspace() or _is_ascii_word(after)),
    )


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


# --- footnotes ---


def footnote_key(label: str) -> str:
    """Return the key under which the references of a parser's environment contain a footnote."""
    return "\0" + label.casefold()


def _footnote(state: StateInline, silent: bool) -> bool:
    """Read `[^1]`, if that footnote is defined (inline rule)."""
    if not state.src.startswith("[^", state.pos):
        return False
    found = FOOTNOTE.match(state.src, state.pos, state.posMax)
    if found is None or footnote_key(found[1]) not in state.env.get("references", ()):
        return False
    if not silent:
        state.push("footnote", "sup", 0).content = found[1]
    state.pos = found.end()
    return True


# --- HTML ---


def tags_in(env: MutableMapping[str, Any], source: str) -> Tags:
    """Return the small HTML of `source`, cached in `env`."""
    known = env.setdefault("small html", {})
    assert isinstance(known, dict)
    tags = known.get(source)
    if tags is None:
        tags = known[source] = _tags(source)
    assert isinstance(tags, Tags)
    return tags


def _tags(source: str) -> Tags:
    found: dict[int, re.Match[str]] = {}
    ends: dict[int, re.Match[str]] = {}
    opened: dict[str, list[int]] = {}
    at = 0
    # After the last `-->`, each `<!--` would be searched to the end of the text.
    comments_end = source.rfind("-->") + 3 if "-->" in source else 0
    while True:
        match = _HTML.search(source, at, comments_end) if at < comments_end else None
        match = match or _TAG_ONLY.search(source, at)
        if match is None:
            break
        at = match.end()
        found[match.start()] = match
        name = (match["name"] or "").lower()
        if name not in _TAGS:
            continue
        if not match["close"]:
            opened.setdefault(name, []).append(match.start())
        elif opened.get(name):
            ends[opened[name].pop()] = match
    return Tags(found, ends, any(opened.values()) or "<!--" in source[at:])


def _small_html(state: StateInline, silent: bool) -> bool:
    """Read the tags that models write; a tag without its other half is text (inline rule)."""
    if state.src[state.pos] != "<":
        return False
    tags = tags_in(state.env, state.src)
    tag = tags.found.get(state.pos)
    if tag is None or tag.end() > state.posMax:
        return False
    name = (tag["name"] or "").lower()
    if name in _TAGS:
        end = tags.ends.get(state.pos)
        if end is None or end.end() > state.posMax:
            return False
        if not silent:
            _pair(state, name, tag, end)
        state.pos = end.end()
        return True
    if name == "img" and not _image(state, tag, silent):
        return False
    if not silent and name == "br":
        state.push("hardbreak", "br", 0).info = "html"
    elif not silent and name in ("", "details"):
        state.push("hidden", "", 0).hidden = True
    state.pos = tag.end()
    return True


def _pair(state: StateInline, name: str, tag: re.Match[str], end: re.Match[str]) -> None:
    """Add the tokens of a tag, its content and its closing tag."""
    written = _TAGS[name] or name
    if written == "code":
        code = state.push("code_inline", "code", 0)
        code.content = unescape(state.src[tag.end() : end.start()]).replace("\n", " ")
        return
    href = ""
    if name == "a":
        href = state.md.normalizeLink(_attributes(tag).get("href", ""))
        if not href or not state.md.validateLink(href) or state.linkLevel:
            href, written = "", "span"
    opening = state.push("link_open" if href else f"{written}_open", written, 1)
    if href:
        opening.attrs = {"href": href}
    if name in ("div", "p", "summary", "center"):
        opening.info = "block"
    longest = state.posMax
    state.pos, state.posMax = tag.end(), end.start()
    state.linkLevel += bool(href)
    state.md.inline.tokenize(state)
    state.linkLevel -= bool(href)
    state.posMax = longest
    closing = state.push("link_close" if href else f"{written}_close", written, -1)
    closing.info = opening.info


def _image(state: StateInline, tag: re.Match[str], silent: bool) -> bool:
    attributes = _attributes(tag)
    source = state.md.normalizeLink(attributes.get("src", ""))
    if tag["close"] or not source or not state.md.validateLink(source):
        return False
    if not silent:
        from markdown_it.token import Token

        image = state.push("image", "img", 0)
        image.attrs = {"src": source, "alt": ""}
        image.content = attributes.get("alt", "")
        image.children = [Token("text", "", 0, content=image.content)] if image.content else []
    return True


def _attributes(tag: re.Match[str]) -> dict[str, str]:
    return {
        name.lower(): unescape(double or single or bare)
        for name, double, single, bare in _ATTRIBUTE.findall(tag["attributes"] or "")
    }
