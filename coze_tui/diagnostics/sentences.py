"""The parts of an explanation, and functions that join them. Pure."""

from __future__ import annotations

from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _
from coze_tui.values import valueclass

LONGEST = 400
"""Largest number of characters of outside text in an explanation."""


@valueclass
class Explanation:
    """An error explained to the user."""

    title: str
    """One short line: the problem, with the code if there is one."""
    what: str = ""
    """The cause, or the server's own message; may be empty."""
    do: str = ""
    """The next step; may be empty if nothing helps."""
    logid: str = ""
    code: int = 0
    """Coze's code; 0 for errors of other kinds."""

    @property
    def text(self) -> str:
        """Return the whole explanation on one line."""
        logid = f"logid {self.logid}" if self.logid else ""
        return joined(sentence(self.title), self.what, self.do, logid)


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "！", "？", "…")) else text + _(".")


def quoted(text: str) -> str:
    return sentence(_("Details: {text}").format(text=text)) if text else ""


def outside(text: str) -> str:
    """Return a text of a server, a library or a file, cleaned, on one line and shortened."""
    line = clean_line(text).strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def joined(*sentences: str) -> str:
    """Return the joined sentences; Chinese has no blanks between them."""
    text = ""
    for sentence in filter(None, sentences):
        text += sentence if not text or text.endswith(("。", "！", "？")) else f" {sentence}"
    return text
