"""Closes unfinished Markdown provisionally, so that marks do not flash up and vanish while text arrives."""

import re

_ANY_MARK = re.compile(r"[*`\[~<]")
_TICKS = re.compile(r"`+")
_LINKS = re.compile(r"!?\[[^\[\]\n]*\]\((?:[^()\s]|\([^()\s]*\))*\)|https?://[^\s`<>]*", re.IGNORECASE)
_OPEN_TARGET = re.compile(
    r"(?<!\\)\[(?:[^\[\]\n]|\[[^\[\]\n]*\])+\]"
    r"(\((?:<[^<>\n]*>?|(?:[^()\s<]|\([^()\s]*\))*(?:\([^()\s]*)?)(?:[ \t]+(?:[\"'][^\n]*)?)?)\Z"
)
_OPEN_AUTOLINK = re.compile(r"<(?=(?:https?:|mailto:)[^\s<>]*\Z)", re.IGNORECASE)
_OPEN_LABEL = re.compile(r"(?<![\\A-Za-z0-9_])(!?)\[(?![\d\s^!xX\]]|\Z)[^\[\]\n]{1,100}(\]?)\Z")
_MARKS = re.compile(r"\\.|\*+|~~+", re.DOTALL)
_NAMES = (
    "strong|strike|summary|center|small|mark|code|samp|span|font|cite"
    "|var|del|ins|sub|sup|kbd|big|em|tt|b|i|s|u|a"
)
_TAG = re.compile(rf"</?({_NAMES})(?:\s[^<>]*)?>", re.IGNORECASE)
_OPEN_TAG = re.compile(
    rf"<(?:/?(?:[a-z]{{0,6}}|{_NAMES}|details)(?:\s[^<>\n]{{0,300}})?/?|![^\n]{{0,300}})?\Z", re.IGNORECASE
)


def hopefully_closed(source: str) -> str:
    """Return a growing source with the marks that are open in its last line closed.

    Bold text is thus bold from its first letter on. Removes trailing spaces, and the target of a link that
    has not arrived completely.
    """
    has_blank = source[-1:].isspace()
    source = source.rstrip()
    start = source.rfind("\n") + 1
    # Only the last line, so that the cost does not grow with the text.
    line = source[start:]
    if not _ANY_MARK.search(line):
        return source
    prose, opened = _without_code(line)
    if opened:
        # Nothing follows the mark yet: drawn as text, it would flash up and vanish.
        if prose.endswith(opened):
            return source[: -len(opened)]
        return source + opened[min(len(line) - len(line.rstrip("`")), len(opened)) :]
    if "<" in prose:
        if (tag := _OPEN_TAG.search(prose)) is not None:
            prose = prose[: tag.start()]
            source = source[: start + tag.start()]
        elif (link := _OPEN_AUTOLINK.search(prose)) is not None:
            prose = prose[: link.start()] + prose[link.end() :]
            source = source[: start + link.start()] + source[start + link.end() :]
    if "[" in prose:
        if (target := _OPEN_TARGET.search(prose)) is not None:
            return source[: start + target.start(1)] + "()" + _closers(prose[: target.start()])
        if (label := _OPEN_LABEL.search(prose)) is not None and not (has_blank and label[2]):
            source += _closers(prose[label.start() :])
            return source + ("()" if label[2] else "]()") + _closers(prose[: label.start()])
        # A lone bracket may start a link, an image or a checkbox.
        if prose[-1] == "[" and not prose.endswith("\\["):
            source = source[:-2] if prose.endswith("![") else source[:-1]
            prose = prose[:-2] if prose.endswith("![") else prose[:-1]
    return _without_opener(source, prose) + _closers(prose)


def _without_code(line: str) -> tuple[str, str]:
    """Return a line with its code replaced by NULs, and the mark of code that is still open."""
    at = 0
    while (opening := _TICKS.search(line, at)) is not None:
        closing = re.compile(rf"(?<!`){opening.group()}(?!`)").search(line, opening.end())
        if closing is None:
            return line, opening.group()
        at = closing.end()
        line = line[: opening.start()] + "\0" * (at - opening.start()) + line[at:]
    return line, ""


def _without_opener(source: str, prose: str) -> str:
    """Return the source without trailing marks that open something or half-close what is open."""
    ending = re.search(r"(?:\*+|~+)\Z", prose)
    if ending is None or prose[: ending.start()].endswith("\\"):
        return source
    opened = _open_marks(prose[: ending.start()])
    mark = ending.group()
    if mark[0] == "*" and not any(each[0] == "*" for each in opened):
        # A star between spaces is a literal star or a bullet.
        return source[: -len(mark)]
    if mark[0] == "~" and len(mark) < 3 and "~~" not in opened:
        return source[: -len(mark)]
    return source


def _open_marks(prose: str) -> list[str]:
    """Return the marks and tags that are open at the end of a line, from the outermost to the innermost."""
    opened: list[str] = []
    # Stars and tildes in URLs are not marks. The positions must remain.
    plain = _LINKS.sub(lambda found: "\0" * len(found.group()), prose)
    pieces = [(found.start(), found.end(), found.group()) for found in _MARKS.finditer(plain)]
    if "<" in plain:
        pieces += [(found.start(), found.end(), found.group()) for found in _TAG.finditer(plain)]
        pieces.sort()
    for start, end, mark in pieces:
        if mark[0] == "\\":
            continue
        if mark[0] == "<":
            name = mark.strip("</>").split()[0].lower()
            if not mark.startswith("</"):
                opened.append(f"</{name}>")
            elif f"</{name}>" in opened:
                del opened[len(opened) - 1 - opened[::-1].index(f"</{name}>")]
            continue
        before, after = plain[start - 1 : start], plain[end : end + 1]
        for part in _parts(mark):
            # CommonMark: a mark after a space does not close anything.
            if part in opened and before and not before.isspace():
                del opened[len(opened) - 1 - opened[::-1].index(part)]
            elif (
                after and not after.isspace() and (part != "*" or not _is_word(before) or not _is_word(after))
            ):
                opened.append(part)
    return opened


def _parts(mark: str) -> list[str]:
    if mark[0] == "~":
        return ["~~"] if len(mark) == 2 else []
    return {1: ["*"], 2: ["**"], 3: ["**", "*"]}.get(len(mark), [])


def _is_word(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _closers(prose: str) -> str:
    """Return the closing marks that are missing at the end of a line, some of which may be there partly."""
    ending = re.search(r"(?:\*+|~+)\Z", prose)
    text = prose[: ending.start()] if ending is not None else prose
    closers = "".join(reversed(_open_marks(text)))
    if ending is None or not closers:
        return closers
    there = ending.group()
    if closers.startswith(there):
        return closers[len(there) :]
    return "" if there.startswith(closers) else closers
