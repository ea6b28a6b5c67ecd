"""The readable text of messages, by their content type (docs/wire.md 3.4, 12.5). Pure.

Cards, items and forms have several shapes that nest JSON in JSON. One reader finds everything that a user can
read: questions with their choices, form fields, texts, and the names and URLs of files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence

from coze_tui.api.json_values import Json, items_of, mapping_of, text_of
from coze_tui.api.objects import ContentType, Message
from coze_tui.text.i18n import _, listed
from coze_tui.values import valueclass

_DEEPEST = 24
"""Largest number of nested levels of JSON in JSON that are read."""
_MOST_BLOCKS = 2_000
"""Largest number of texts, files and fields that are read from one message."""
# Keys in lower case, without `_` and `-`: servers write file_url, fileUrl and FileURL.
_QUESTION_KEYS = ("question", "title", "content", "text")
_OPTION_KEYS = ("options", "choices", "buttons")
_TITLE_KEYS = ("title", "header")
_BODY_KEYS = (
    *("text", "question", "content", "answer", "message", "description", "output", "result", "data"),
    *("fields", "inputs", "form", "items", "list", "elements", "children", "label"),
)
_LISTS = {
    "itemlist": "",
    "imagelist": "image",
    "images": "image",
    "filelist": "file",
    "files": "file",
    "videolist": "video",
    "audiolist": "audio",
}
"""Keys of lists of items, with the kind of an item without a kind of its own."""
_KINDS = {
    **{kind: kind for kind in ("image", "file", "video", "audio", "link")},
    "picture": "image",
    "photo": "image",
    "document": "file",
    "music": "audio",
    "voice": "audio",
}
"""Words for kinds of media, also within longer words such as `image_url`."""
_URL_KEYS = (
    *("fileurl", "url", "imageurl", "videourl", "audiourl", "downloadurl", "src", "uri", "tosurl", "link"),
    "href",
)
_IMAGE_KEYS = ("imageori", "imageraw", "imageurl", "imagethumb")
_NAME_KEYS = ("filename", "name", "alt", "title")
_FIELD_KEYS = frozenset({"required", "description", "desc", "label"})
_FIELD_NAMES = ("name", "key", "field")
_FIELD_TYPES = frozenset(
    {"string", "integer", "number", "float", "boolean", "object", "array", "time", "date", "select", "radio"}
)
_VARIABLE = r"\{\{\s*([^{}]+?)\s*\}\}"


@valueclass
class Content:
    """The readable form of a message. The texts are not cleaned."""

    text: str
    choices: tuple[str, ...] = ()
    """The answers that a question node offers, which `text` does not contain."""


def content_of(message: Message) -> Content:
    """Return the readable text of a whole message and the choices that it offers."""
    if message.content_type is ContentType.TEXT:
        return Content(message.content)
    if message.content_type is ContentType.AUDIO:
        return Content("")
    kind = _kind_in(text_of(message.raw.get("content_type")) or message.content_type)
    value = _opened(json_or_none(message.content))  # some servers encode it twice
    if not isinstance(value, dict | list):
        if message.content_type is ContentType.CARD and message.content.lstrip().startswith(("{", "[")):
            return Content(_unreadable_card())  # cut off in the middle
        is_link = kind and _is_url(message.content)
        return Content(_media_line(kind, "", message.content) if is_link else message.content)
    reader = _Reader(reads_all=message.content_type is ContentType.CARD)
    reader.read(value, kind)
    text = "\n\n".join(reader.blocks)
    if not text and not reader.choices:
        text = message.content
        if message.content_type is ContentType.CARD:
            text = _unreadable_card()
    return Content(text, tuple(dict.fromkeys(reader.choices)))


def _unreadable_card() -> str:
    return _("[card] (no text to show; the inspector has its data)")


def shown_text(message: Message) -> str:
    """Return the readable text of a whole message, with its choices as a numbered list."""
    content = content_of(message)
    return numbered(content, content.choices)


def numbered(content: Content, offered: Sequence[str]) -> str:
    """Return the text with its choices as a list, with their numbers in `offered`."""
    rows = [f"{offered.index(choice) + 1}. {_indented(choice)}" for choice in content.choices]
    return "\n\n".join(part for part in (content.text, "\n".join(rows)) if part)


def unlisted(follow_ups: Sequence[str], texts: Iterable[str]) -> list[tuple[int, str]]:
    """Return the numbered follow-ups, without the choices that a text already lists under these numbers."""
    lines = "\n".join(["", *texts, ""])
    return [
        (number, question)
        for number, question in enumerate(follow_ups, 1)
        if f"\n{number}. {_indented(question)}\n" not in lines
    ]


def json_or_none(text: str) -> object:
    """Return the value of a JSON text; None if it is not JSON, or nested too deeply."""
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value


class _Reader:
    """Collects the readable parts of a JSON value, in its order.

    Args:
        reads_all: whether to look for texts in all objects if the expected places have none. A value that
            is not a card is shown raw instead.
    """

    def __init__(self, *, reads_all: bool) -> None:
        self._reads_all = reads_all
        self.blocks: list[str] = []
        self.choices: list[str] = []

    def read(self, value: object, kind: str = "", depth: int = 0) -> bool:
        """Add the content of a value; return whether it had any.

        Args:
            kind: the kind of an item without a kind of its own, for example `image`.
        """
        if depth > _DEEPEST or len(self.blocks) > _MOST_BLOCKS:
            return False
        value = _opened(value)
        match value:
            # A bare URL shows nothing without its kind.
            case str() if kind and _is_url(value):
                self.blocks.append(_media_line(kind, "", value.strip()))
                return True
            case str():
                return self._say(value)
            case list():
                if _is_form(value):
                    return self._form(value)
                return self._all(value, kind, depth)
            case dict():
                return self._object(plain_keys(value), kind, depth)
            case _:
                return False

    def _all(self, values: Iterable[object], kind: str, depth: int) -> bool:
        found = False
        for value in values:
            found |= self.read(value, kind, depth + 1)
        return found

    def _say(self, text: str) -> bool:
        text = text.strip("\n")
        if not text.strip():
            return False
        if text not in self.blocks[-2:]:
            self.blocks.append(text)
        return True

    def _object(self, data: Json, kind: str, depth: int) -> bool:
        """Read an object whose keys are already normalized."""
        # Wrappers first: their content is all that the card shows.
        for key in ("xproperties", "workflowcardinfo", "questioncarddata", "inputcarddata"):
            if data.get(key) and self.read(data[key], "", depth + 1):
                return True
        if isinstance(data.get("elements"), dict) and self._elements(data):
            return True
        options = next((each for key in _OPTION_KEYS if (each := _options_in(data.get(key)))), ())
        if options:
            return self._question(data, options, depth)
        if for_model := data.get("responseformodel"):
            return self.read(for_model, "", depth + 1) or self._say(text_of(for_model))
        own_type = text_of(data.get("type")).lower()
        if own_kind := _kind_in(own_type):
            kind = own_kind
            data = {**data, **plain_keys(data.get(own_type))}
        found = self._media(data, kind)
        if own_type == "text" and not found and isinstance(data.get("text"), str):
            return self._say(text_of(data["text"]))
        if not found:
            found = self._all([data.get(key) for key in _TITLE_KEYS], "", depth)
        for key in _BODY_KEYS:
            found |= self.read(data.get(key), kind, depth + 1)
        for key, item_kind in _LISTS.items():
            found |= self.read(data.get(key), item_kind, depth + 1)
        if not found:
            found = self.read(data.get("value"), kind, depth + 1)
        if not found and self._reads_all:
            objects = (each for each in data.values() if isinstance(_opened(each), dict | list))
            found = self._all(objects, kind, depth)
        return found

    def _question(self, data: Json, options: Iterable[object], depth: int) -> bool:
        for key in _QUESTION_KEYS:
            if self.read(data.get(key), "", depth + 1):
                break
        self.choices += [name for option in options if (name := _name_of_option(option))]
        return True

    def _form(self, fields: Sequence[object]) -> bool:
        """Read the fields of a form or input node (docs/wire.md 12.5)."""
        rows, names = [], []
        for field in fields:
            data = plain_keys(field)
            name = _name_of_field(data)
            need = data.get("required")
            words = [text_of(data.get("type"))]
            if isinstance(need, bool):
                words.append(_("required") if need else _("optional"))
            facts = listed(filter(None, words))
            keys = ("label", "description", "desc")
            abouts = [text for key in keys if (text := text_of(data.get(key))) and text != name]
            abouts += [" / ".join(map(_name_of_option, items_of(_opened(data.get("options")))))]
            description = listed(dict.fromkeys(filter(None, abouts)))
            about = f": {description}" if description else ""
            rows.append("- " + _indented(f"{name} ({facts}){about}" if facts else f"{name}{about}"))
            names.append(name)
        how = _("Answer with one line for each field:") + "\n\n    " + "\n    ".join(f"{n}:" for n in names)
        self.blocks += ["\n".join(rows), how]
        return True

    def _media(self, data: Json, kind: str) -> bool:
        """Read an image or file; return False if the object is neither."""
        url = next((url for key in _URL_KEYS if (url := _url_of(data.get(key)))), "")
        if not url:
            url = next((url for key in _IMAGE_KEYS if (url := _url_of(data.get(key)))), "")
            kind = kind or ("image" if url else "")
        name = next((name for key in _NAME_KEYS if (name := text_of(data.get(key)))), "")
        if not kind and not url:
            return False
        name = name or ("" if url else text_of(data.get("fileid")))
        if not name and not url:
            return False
        self.blocks.append(_media_line(kind or "link", name, url))
        return True

    def _elements(self, card: Json) -> bool:
        """Read the elements of a card in their order, from its root on."""
        elements = mapping_of(card.get("elements"))
        variables = mapping_of(card.get("variables"))
        waiting = [text_of(card.get("rootid"))]
        # References between elements may form a circle.
        seen: set[str] = set()
        if waiting[0] not in elements:
            waiting = list(elements)[::-1]
        count = len(self.blocks)
        while waiting:
            key = waiting.pop()
            if key in seen or key not in elements:
                continue
            seen.add(key)
            element = mapping_of(elements[key])
            props = mapping_of(element.get("props"))
            self._say(_expanded(props.get("content"), variables))
            for name, kind in (("src", "image"), ("url", "link")):
                if url := _expanded(props.get(name), variables):
                    self.blocks.append(_media_line(kind, "", url))
            # Reversed, because the last item is read next.
            waiting += reversed(list(_ids_in(element.get("children"))))
        return len(self.blocks) > count


def _opened(value: object) -> object:
    """Return the object or array that a text contains as JSON; any other value as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        inner = json_or_none(value)
        if isinstance(inner, dict | list):
            return inner
    return value


def plain_keys(value: object) -> dict[str, object]:
    """Return an object with its keys in lower case, without `_` and `-`."""
    items = mapping_of(value).items()
    return {str(key).lower().replace("_", "").replace("-", ""): item for key, item in items}


def _kind_in(word: str) -> str:
    """Return the kind of media that a word contains; empty if there is none."""
    parts = re.split(r"[^a-z]+", word.lower())
    return next((_KINDS[part] for part in parts if part in _KINDS), "")


def _is_url(text: str) -> bool:
    return text.lstrip().lower().startswith(("http://", "https://", "data:"))


def _options_in(value: object) -> Sequence[object]:
    """Return the choices in a list, or in an object that has them as its values."""
    value = _opened(value)
    return [*value.values()] if isinstance(value, dict) else items_of(value)


def _is_form(items: Sequence[object]) -> bool:
    return bool(items) and all(_is_field(plain_keys(item)) for item in items)


def _name_of_field(data: Mapping[str, object]) -> str:
    return next((name for key in _FIELD_NAMES if (name := text_of(data.get(key)))), "")


def _is_field(data: Mapping[str, object]) -> bool:
    # An object with a URL or a text is content, not a field.
    if not _name_of_field(data) or any(key in data for key in (*_URL_KEYS, *_IMAGE_KEYS, "fileid", "text")):
        return False
    return bool(_FIELD_KEYS & data.keys()) or text_of(data.get("type")).lower() in _FIELD_TYPES


def _name_of_option(option: object) -> str:
    if not isinstance(option, dict):
        return text_of(option)
    data = plain_keys(option)
    keys = ("name", "text", "label", "title", "content", "value")
    return next((name for key in keys if (name := text_of(data.get(key)))), "")


def _url_of(value: object) -> str:
    """Return the URL in a value that is a URL, or an object with one."""
    return text_of(value) or text_of(plain_keys(value).get("url"))


def _media_line(kind: str, name: str, url: str) -> str:
    if url.startswith("data:"):  # an image in Markdown: readers show its size, copies contain all of it
        return f"![{name or kind}]({url})" if url.startswith("data:image/") else f"[{name or kind}]({url})"
    return " ".join(filter(None, (f"[{kind}]", name, url)))


def _indented(text: str) -> str:
    """Return the text indented, so that its further lines belong to the list item."""
    return text.replace("\n", "\n   ")


def _expanded(value: object, variables: Json) -> str:
    """Return a text of a card, with the default values of its variables."""
    expression = text_of(mapping_of(value).get("value")) if isinstance(value, dict) else text_of(value)

    def default(match: re.Match[str]) -> str:
        name = match.group(1)
        by_name = (item for item in variables.values() if mapping_of(item).get("name") == name)
        found = mapping_of(variables.get(name)) or mapping_of(next(by_name, None))
        return text_of(found.get("defaultValue"))

    return re.sub(_VARIABLE, default, expression)


def _ids_in(children: object) -> Iterable[str]:
    """Yield the IDs in the children of an element: one, a list, or lists by slot."""
    if isinstance(children, str):
        yield children
    elif isinstance(children, dict | list):
        for child in children.values() if isinstance(children, dict) else children:
            if isinstance(child, str):
                yield child
            elif isinstance(child, list):
                yield from (each for each in child if isinstance(each, str))
