"""A chat that completed although the bot sent no text. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import _, listed
from coze_tui.values import valueclass


@valueclass
class Silence:
    """The other contents of a completed chat without text."""

    has_reasoning: bool = False
    tools: tuple[str, ...] = ()
    """Names of the tools that the bot called, in order."""

    @property
    def text(self) -> str:
        """Return one line for the user: that there is no text, and what the chat contains instead."""
        facts = [_("the bot answered without any text")]
        if self.has_reasoning:
            facts.append(_("it sent only reasoning"))
        if self.tools:
            names = listed(dict.fromkeys(filter(None, map(clean_line, self.tools))))
            facts.append(_("it called {tools}").format(tools=names))
        return " · ".join(facts)


def silence_of(texts: Sequence[str], reasonings: Sequence[str], tools: Sequence[str]) -> Silence | None:
    """Return the contents of a completed chat without text; None if it has text."""
    if any(text.strip() for text in texts):
        return None
    return Silence(any(text.strip() for text in reasonings), tuple(tools))
