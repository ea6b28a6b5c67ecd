"""Reads, decodes and folds `data:` URLs in text, which models write as images. Pure."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from coze_tui.text.cleaning import clean_line
from coze_tui.text.format import size as shown_size

_TYPE = r"data:(?P<type>[\w.+-]{1,60}/[\w.+-]{1,80})(?:;(?!base64)[\w=.+-]{1,40}){0,3}(?P<base64>;base64)?,"
_HEADER = re.compile(_TYPE, re.IGNORECASE | re.ASCII)
_LONGEST_HEADER = 300
_PAYLOADS = {
    True: re.compile(r"[A-Za-z0-9+/=_-]*"),
    False: re.compile(r"[A-Za-z0-9%+/=_.~!*:@&$,;?#-]*"),
}
"""Matches the characters of the data: in base64, and percent-encoded."""
_FOLDED = re.compile(_TYPE + r"…(?P<size>\d+)-bytes", re.IGNORECASE | re.ASCII)
_FOLDED_IMAGE = re.compile(
    rf"!\[(?P<name>[^\[\]\n]*)\]\(\s*<?{_FOLDED.pattern}>?(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*\)",
    re.IGNORECASE | re.ASCII,
)
_FOLDED_TAG = re.compile(
    rf"<img\b(?P<attributes>[^<>]*?\bsrc\s*=\s*[\"']?{_FOLDED.pattern}[^<>]*)>", re.IGNORECASE | re.ASCII
)
_BASE64_HEADER = re.compile(
    r"data:[\w.+-]{1,60}/[\w.+-]{1,80}(?:;[\w=.+-]{1,40}){0,3};base64,", re.IGNORECASE
)
_BASE64 = re.compile(r"[A-Za-z0-9+/=_-]+")
_SHORTEST_LINE = 40
"""Shortest line of base64 that the next line may continue."""
_NEXT_LINE = re.compile(r"\n[ \t]*(?P<run>[A-Za-z0-9+/=_-]*)(?P<after>[^A-Za-z0-9+/=_-])?")
_CLOSING = (")", ">", '"', "'")
_BEGUN = re.compile(r"!(?:\[[^\[\]\n]*(?:\](?:\([^()\n]*)?)?)?\Z|d(?:a(?:t(?:a(?::[^\s()<>]*)?)?)?)?\Z")
"""Matches the start of an image or of a `data:` URL at the end of a text."""
_LONGEST_BEGUN = 1_000
_LEAST = 64
"""Shorter data remains in the text."""
_IMAGE = re.compile(
    r"!\[(?P<name>[^\[\]\n]*)\]\(\s*<?(?P<url>data:image/[^\s()<>]+)>?(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*\)"
    r"|<img\b(?P<attributes>[^<>]*?\bsrc\s*=\s*[\"']?(?P<source>data:image/[^\s\"'<>]+)[^<>]*)>"
    r"|(?<![\w(<\"'=])(?P<bare>data:image/[\w.+-]+;base64,[A-Za-z0-9+/=_-]{64,})",
    re.IGNORECASE,
)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)


class DataUrl(NamedTuple):
    """A `data:` URL: its media type, the bytes of its content, and whether that is still arriving."""

    media_type: str
    size: int

    @property
    def text(self) -> str:
        """Return the media type and the size, such as `image/png, 1.1 kB`."""
        size = shown_size(self.size).replace("KB", "kB") if self.size else "…"
        return f"{clean_line(self.media_type)}, {size}"


class DataImage(NamedTuple):
    """An image that a text contains completely."""

    name: str
    """Its description; may be empty."""
    media_type: str
    content: bytes


def data_url(url: str) -> DataUrl | None:
    """Return the properties of a `data:` URL, which may be folded; None for any other URL."""
    folded = _FOLDED.match(url)
    if folded is not None:
        return DataUrl(folded["type"], int(folded["size"]))
    header = _HEADER.match(url)
    if header is None:
        return None
    payload = url[header.end() :]
    return DataUrl(header["type"], _size(len(payload), *_marks(payload), is_base64=bool(header["base64"])))


def data_images(text: str) -> list[DataImage]:
    """Return the images that a message contains as `data:` URLs, in order, without broken ones."""
    images: list[DataImage] = []
    for found in _IMAGE.finditer(unwrapped(text)):
        url = found["url"] or found["source"] or found["bare"]
        header = _HEADER.match(url)
        if header is None:
            continue
        try:
            content = _content(url[header.end() :], is_base64=bool(header["base64"]))
        except (binascii.Error, ValueError):
            continue
        name = found["name"] or _alt_in(found["attributes"] or "")
        images.append(DataImage(clean_line(name), header["type"].lower(), content))
    return images


def _alt_in(attributes: str) -> str:
    alt = _ALT.search(attributes)
    return (alt[1] or alt[2] or "") if alt else ""


def _content(payload: str, *, is_base64: bool) -> bytes:
    raw = unquote_to_bytes(payload)
    if not is_base64:
        return raw
    raw = raw.rstrip(b"=")
    return b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_" if b"-" in raw or b"_" in raw else None)


def _marks(payload: str) -> tuple[int, int]:
    return payload.count("="), payload.count("%")


def _size(characters: int, equals: int, percents: int, *, is_base64: bool) -> int:
    return (characters - equals) * 3 // 4 if is_base64 else characters - 2 * percents


def folded(text: str) -> str:
    """Return the text with the data of its `data:` URLs replaced by their sizes, line by line."""
    folder = Folder()
    return "\n".join([folder.feed(line) + folder.end_line() for line in text.split("\n")])


def with_labels(text: str) -> str:
    """Return a folded text in which `[image] (image/png, 1.1 kB)` replaces each bare `data:` URL."""
    return _FOLDED.sub(_label, text) if "data:" in text.lower() else text


def with_short_images(text: str) -> str:
    """Return Markdown for plain output: `[image: name] (image/png, 1.1 kB)` for images inside it."""
    if "data:" not in text.lower():
        return text
    return _labeled(folded(unwrapped(text)))


def _labeled(text: str) -> str:
    """Return a folded text with a label for each image."""
    text = _FOLDED_IMAGE.sub(lambda found: _named_label(found, found["name"]), text)
    text = _FOLDED_TAG.sub(lambda found: _named_label(found, _alt_in(found["attributes"])), text)
    return with_labels(text)


def _named_label(found: re.Match[str], name: str) -> str:
    name = f": {clean_line(name)}" if name else ""
    return f"[image{name}] ({DataUrl(found['type'], int(found['size'])).text})"


def _label(found: re.Match[str]) -> str:
    kind = "image" if found["type"].lower().startswith("image/") else "file"
    return f"[{kind}] ({DataUrl(found['type'], int(found['size'])).text})"


class ShortImages:
    """Does the same as `with_short_images` while text arrives; only the start of an image is held back."""

    def __init__(self) -> None:
        self._unwrapper = Unwrapper()
        self._folder = Folder()
        self._held = ""

    def feed(self, text: str) -> str:
        """Return the text to show after the next piece."""
        return self._fold(self._unwrapper.feed(text))

    def flush(self) -> str:
        """Return the text that was held back, because the message has ended."""
        text = self._fold(self._unwrapper.flush()) + self._held + self._folder.end_line()
        self._held = ""
        return _labeled(text)

    def _fold(self, text: str) -> str:
        first, *lines = text.split("\n")
        shown = self._folder.feed(first)
        for line in lines:
            shown += self._folder.end_line() + "\n" + self._folder.feed(line)
        shown = self._held + shown
        begun = _BEGUN.search(shown, max(0, len(shown) - _LONGEST_BEGUN))
        end = len(shown) if begun is None else begun.start()
        self._held = shown[end:]
        return _labeled(shown[:end]) if end else ""


class Unwrapper:
    """Joins the lines over which the base64 of a `data:` URL is wrapped, while text arrives.

    The result does not depend on how the text was split.
    """

    def __init__(self) -> None:
        self._before = ""
        """The end of the text so far, which may contain the start of a header."""
        self._run = -1
        """Characters of base64 in the line; -1 outside of data."""
        self._held = ""
        """A line end inside of data, and what follows it, as long as that may be text."""

    def feed(self, text: str) -> str:
        """Return what is decided after the next piece of the text."""
        if self._run < 0 and "," not in text:  # nearly always
            self._before = (self._before + text)[-_LONGEST_HEADER:]
            return text
        text, self._held = self._before + self._held + text, ""
        at, self._before = len(self._before), ""
        pieces: list[str] = []
        while at < len(text):
            if self._run < 0:
                header = self._next_header(text, at)
                end = len(text) if header is None else header.end()
                if header is None:
                    self._before = text[-_LONGEST_HEADER:]
                else:
                    self._run = 0
            elif text[at] != "\n":
                run = _BASE64.match(text, at)
                end = at if run is None else run.end()
                self._run = -1 if run is None else self._run + end - at
            elif self._run < _SHORTEST_LINE:
                self._run, end = -1, at
            else:
                found = _NEXT_LINE.match(text, at)
                assert found is not None  # it starts with a line end
                is_long = len(found["run"]) >= _SHORTEST_LINE
                if found["after"] is None and not is_long:
                    self._held = text[at:]
                    break
                is_last = found["after"] in _CLOSING or (found["after"] == "\n" and found["run"][-1:] == "=")
                if is_long or is_last:
                    at, end = found.start("run"), found.end("run")
                    self._run = -1 if is_last else len(found["run"])
                else:
                    self._run, end = -1, at
            pieces.append(text[at:end])
            at = end
        return "".join(pieces)

    @staticmethod
    def _next_header(text: str, at: int) -> re.Match[str] | None:
        """Return the next header that ends after a position; it may start before it."""
        header = _BASE64_HEADER.search(text, max(0, at - _LONGEST_HEADER))
        while header is not None and header.end() <= at:
            header = _BASE64_HEADER.search(text, header.end())
        return header

    def flush(self) -> str:
        """Return the text that was held back, because the text has ended."""
        held, self._held, self._run = self._held, "", -1
        return held.lstrip("\n \t") if held.endswith("=") else held


def unwrapped(text: str) -> str:
    """Return the text with the base64 of each `data:` URL on one line."""
    if ";base64," not in text.lower():
        return text
    unwrapper = Unwrapper()
    return unwrapper.feed(text) + unwrapper.flush()


class Folder:
    """Replaces the data of `data:` URLs by their sizes, while text arrives.

    The result does not depend on how the text was split. Memory does not grow with the data.
    """

    def __init__(self) -> None:
        self.has_folded = False
        """Whether the line contains data, or may."""
        self._before = ""
        """The end of the line so far, which may contain the start of a header."""
        self._is_base64: bool | None = None
        """Of the data that is arriving; None if there is none."""
        self._kept = ""
        """The beginning of the data."""
        self._counts = (0, 0, 0)
        """Characters of the data, and how many of them are `=` and `%`."""

    def feed(self, text: str) -> str:
        """Return what can be shown of the line after the next piece of it."""
        if self._is_base64 is None and "," not in text:
            self._before = (self._before + text)[-_LONGEST_HEADER:]
            return text
        pieces: list[str] = []
        at = 0
        while at < len(text):
            if self._is_base64 is not None:
                payload = _PAYLOADS[self._is_base64].match(text, at)
                assert payload is not None  # it may be empty
                at = payload.end()
                self._hold(payload.group())
                if at < len(text):
                    pieces.append(self._data())
                continue
            known = len(self._before)
            line = self._before + text[at:]
            header = _HEADER.search(line)
            while header is not None and header.end() <= known:
                header = _HEADER.search(line, header.end())
            if header is None:
                pieces.append(text[at:])
                self._before = line[-_LONGEST_HEADER:]
                break
            end = at + header.end() - known
            pieces.append(text[at:end])
            at, self._before = end, ""
            self._is_base64, self.has_folded = bool(header["base64"]), True
        return "".join(pieces)

    def end_line(self) -> str:
        """Return the rest of the line, which has ended."""
        rest = self._data() if self._is_base64 is not None else ""
        self._before, self.has_folded = "", False
        return rest

    def _hold(self, payload: str) -> None:
        characters, equals, percents = self._counts
        more_equals, more_percents = _marks(payload)
        self._counts = (characters + len(payload), equals + more_equals, percents + more_percents)
        if len(self._kept) < _LEAST:
            self._kept += payload[:_LEAST]

    def _data(self) -> str:
        """Return what stands for the data, which has ended."""
        characters, equals, percents = self._counts
        size = _size(characters, equals, percents, is_base64=bool(self._is_base64))
        kept = self._kept
        self._is_base64, self._kept, self._counts = None, "", (0, 0, 0)
        return kept if characters < _LEAST else f"…{size}-bytes"
