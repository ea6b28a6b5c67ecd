"""URLs and mail addresses in running text, and link targets for reading and for opening. Pure.

A URL takes precedence over all markup: nothing in it is an escape, an entity, math or emphasis. Letters of
any script belong to it if they directly follow `/`, `=`, `#`, `-` or the like. After an ASCII letter or digit
the sentence continues: `https://example.com/docs了解更多` ends with `docs`.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes

_LINK_START = (
    r"(?<![A-Za-z])(?P<scheme>[hH][tT][tT][pP][sS]?://)|(?<![A-Za-z0-9_./@:-])(?P<www>[wW][wW][wW]\.)(?=\S)"
)
_MAIL = (
    r"(?<![A-Za-z0-9.+-])(?<![A-Za-z0-9]_)(?<!://)(?P<mail>(?:[mM][aA][iI][lL][tT][oO]:)?[A-Za-z0-9][A-Za-z0-9._+-]{0,63}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24})(?![A-Za-z0-9])(?![\w@-]*[@-])"
)
_START = re.compile(_LINK_START, re.ASCII)
_START_OR_MAIL = re.compile(f"{_LINK_START}|{_MAIL}", re.ASCII)
_MAY_START = re.compile(r"://|@|[wW][wW][wW]\.")
_RUN = re.compile(r"[!#$%&'*+,\-./0-9:;=?@A-Z\\^_a-z|~]+")
"""Matches ASCII characters of a URL that are not brackets."""
_CLOSING = {")": "(", "]": "[", "}": "{"}
_TRAILING = ".,;:!?'\"*_~|\\([{"
"""Characters that end a sentence, or open something, rather than a URL."""
_ENTITY = re.compile(r"&[A-Za-z][A-Za-z0-9]{0,30};$")
_PATH = re.compile(r"[/?#]")
_SEGMENTS = re.compile(r"[/=#?&]")
_BEFORE_LETTERS = "/=#?&-_+@~"
"""Characters of a path after which letters of any script belong to it."""
_HOST_LABELS = re.compile(r"www\.[\w-]+(?:\.[\w-]+)+", re.IGNORECASE)
_OPENING_MARKS = re.compile(r"(?:\*{1,3}|~~)\Z")
_ENCODED = re.compile(r"(?:%[89A-Fa-f][0-9A-Fa-f])+")
_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*:(?://)?)?(?P<host>[^/?#]*)(?P<port>:\d*)?(?P<rest>[/?#].*)?",
    re.DOTALL,
)
_NOT_ASCII = re.compile(r"[^!-~]+")


class FoundUrl(NamedTuple):
    """A URL or mail address in a text."""

    start: int
    end: int
    stop: int
    """The end before punctuation was removed. More text after it may belong to the URL."""
    target: str
    """The URL that a browser or a mail program opens: with its scheme, percent-encoded."""


def may_hold_urls(text: str) -> bool:
    """Return whether `text` may contain URLs; a fast test."""
    return _MAY_START.search(text) is not None


def urls_in(text: str) -> list[FoundUrl]:
    """Return the bare URLs and mail addresses of `text`, in their order."""
    found: list[FoundUrl] = []
    at = 0
    pattern = _START_OR_MAIL if "@" in text else _START
    while (match := pattern.search(text, at)) is not None:
        start, at = match.start(), match.end()
        if match.lastgroup == "mail":
            if text[at : at + 1] == ":" and text[at + 1 : at + 2].strip():
                continue  # git@github.com:user/repository is a path
            address = match["mail"]
            target = address if address[:7].lower() == "mailto:" else f"mailto:{address}"
            found.append(FoundUrl(start, at, at, target))
            continue
        is_www = match.lastgroup == "www"
        host = start if is_www else at
        stop = _stop(text, host)
        end = _trimmed(text, start, stop)
        if is_www:
            labels = _HOST_LABELS.match(text, start, end)
            is_url = labels is not None
        else:
            is_url = end > host and (text[host].isalnum() or text[host] == "[")
        if is_url:
            shown = text[start:end]
            found.append(FoundUrl(start, end, stop, encoded(f"http://{shown}" if is_www else shown)))
            at = end
    return found


def _stop(text: str, host: int) -> int:
    """Return the end of the URL that has its host at `host`, with the punctuation after it."""
    at, length = host, len(text)
    opened: list[str] = []
    while at < length:
        if (run := _RUN.match(text, at)) is not None:
            at = run.end()
            continue
        character = text[at]
        if character in "([{":
            opened.append(character)
        elif character in _CLOSING:
            if not opened or opened.pop() != _CLOSING[character]:
                break
        elif character.isascii() or not _joins(text, host, at):
            break
        at += 1
    return at


def _joins(text: str, host: int, at: int) -> bool:
    """Return whether the character at `at`, which is not ASCII, belongs to the URL before it."""
    if unicodedata.category(text[at])[0] not in "LMN":
        return False
    if at == host or not text[at - 1].isascii():
        return True
    before = text[host:at]
    path = _PATH.search(before)
    if path is None:
        return _joins_host(text, host, at)
    last = before[-1]
    if last in _BEFORE_LETTERS:
        return True
    if last == "(":
        return before[-2] == "_" or not before[-2].isascii()
    return last.isalnum() and not _SEGMENTS.split(before)[-1].isascii()


def _joins_host(text: str, host: int, at: int) -> bool:
    """Return whether a letter that is not ASCII belongs to the host before it."""
    name = text[host:at]
    if name[-1] == "@" or not name.rpartition(".")[2].isascii():
        return True
    end = at
    while end < len(text) and (text[end].isalnum() or text[end] == "-"):
        end += 1
    goes_on = text[end : end + 1] == "." and text[end + 1 : end + 2].isalnum()
    if name[-1] == ".":
        earlier = name[:-1].rpartition(".")[2]
        return not earlier.isascii() or goes_on or text[end : end + 1] in tuple("/:?#") or end - at <= 2
    # After an ASCII letter of the first label: `abc中文.com`, but not `localhost打开`.
    return goes_on and "." not in name


def without_mark(text: str, start: int, end: int, mark: str) -> int:
    """Return the end of a URL without the mark that closes emphasis: `**https://a.b/**(there)`."""
    closing = text.rfind(mark, start, end)
    return closing if closing > start else end


def _trimmed(text: str, start: int, stop: int) -> int:
    """Return the end of a URL without the punctuation of the sentence around it."""
    marks = _OPENING_MARKS.search(text, max(0, start - 3), start)
    if marks is not None:
        stop = without_mark(text, start, stop, marks.group())
    while stop > start:
        last = text[stop - 1]
        if last == ";" and (entity := _ENTITY.search(text, start, stop)) is not None:
            stop = entity.start()
        elif last in _TRAILING:
            stop -= 1
        else:
            break
    return stop


def encoded(url: str) -> str:
    """Return a URL in the form to open: ASCII, host in Punycode, other letters and blanks percent-encoded."""
    if url.isascii() and " " not in url:
        return url
    parts = _PARTS.fullmatch(url)
    assert parts is not None  # all parts are optional
    host = parts["host"]
    if not host.isascii() and (parts["scheme"] or "").endswith("//"):
        user, at, place = host.rpartition("@")
        name, colon, port = place.partition(":")
        try:
            host = user + at + name.encode("idna").decode("ascii") + colon + port
        except UnicodeError:
            pass
    return (parts["scheme"] or "") + _NOT_ASCII.sub(_quoted, host + (parts["rest"] or ""))


def _quoted(found: re.Match[str]) -> str:
    return quote(found.group().encode("utf-8", "replace"), safe="")


def readable(url: str) -> str:
    """Return a URL with its percent-encoded letters decoded. Unprintable characters stay encoded."""
    return _ENCODED.sub(_letters, url) if "%" in url else url


def _letters(found: re.Match[str]) -> str:
    try:
        text = unquote_to_bytes(found.group()).decode()
    except UnicodeDecodeError:
        return found.group()
    return text if text.isprintable() and " " not in text else found.group()


_EXPIRES = re.compile(r"[?&](?:x-)?expires=(\d{9,11})(?=[&#]|\Z)", re.IGNORECASE)


def expires_at(url: str) -> int:
    """Return the Unix time in seconds at which a signed URL expires; 0 if it contains none."""
    found = _EXPIRES.search(url)
    return int(found[1]) if found else 0
