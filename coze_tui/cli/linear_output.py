"""Output of `coze-tui --linear`: plain lines with labels, for screen readers, tmux's copy mode and logs.

Nothing is drawn twice or moves. Prints Markdown as text when a line or sentence is final, so that a screen
reader never reads half a word or markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from coze_tui.cli.ask_output import rest_of
from coze_tui.diagnostics.explain import explain
from coze_tui.diagnostics.help_pages import help_page
from coze_tui.engine.model.contents import unlisted
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome, break_words
from coze_tui.engine.model.transcript import agent_line, tool_word
from coze_tui.engine.model.updates import (
    AgentChanged,
    AnswerGrew,
    AnswerSettled,
    ChatIdentified,
    FollowUpOffered,
    Phase,
    PhaseChanged,
    ReasoningGrew,
    ToolCalled,
    ToolResponded,
    TurnEnded,
    TurnUpdate,
    conversation_replaced_text,
)
from coze_tui.errors import CozeTuiError, is_refused
from coze_tui.render.plain import PlainText, plain_text
from coze_tui.text.cleaning import clean, clean_line
from coze_tui.text.format import duration, milliseconds, size, thousands
from coze_tui.text.i18n import _, listed


@dataclass(slots=True)
class _Said:
    """The text of one message so far."""

    label: str
    source: str = ""
    """All that arrived."""
    text: PlainText = field(default_factory=PlainText)
    written: str = ""


class LinearPrinter:
    """Writes the messages of one conversation. Lines of text are not indented: they are data.

    Args:
        base_url: the site that is asked.
    """

    def __init__(self, out: TextIO, *, bot_name: str, base_url: str) -> None:
        self._out = out
        self._base_url = base_url
        self._said: dict[tuple[str, str], _Said] = {}
        self._speaker: tuple[str, str] | None = None
        self._is_line_open = False
        self.bot_name = bot_name
        self.follow_ups: list[str] = []
        """The follow-ups of the last answer."""
        self.figures = TurnFigures()

    def begin(self) -> None:
        """Start another turn."""
        self._said.clear()
        self._speaker = None
        self.follow_ups, self.figures = [], TurnFigures()

    def line(self, label: str, text: str) -> None:
        """Write a text with a label."""
        self._end_line()
        self._speaker = None
        self._out.write(f"{clean_line(label)}: {clean(text)}\n")
        self._out.flush()

    def message(self, label: str, text: str) -> None:
        """Write a whole message, which is Markdown, with a label."""
        self.line(label, plain_text(text))

    def show(self, update: TurnUpdate) -> None:
        """Print an update if it has content for a reader."""
        self.figures.add(update)
        match update:
            case PhaseChanged(phase=Phase.RECOVERING):
                self._flush()
                self.line(_("Status"), _("connection lost; fetching the rest"))
            case PhaseChanged(phase=Phase.AWAITING):
                self.line(_("Status"), _("Coze is still answering; the rest is fetched when it is done"))
            case ReasoningGrew(message_id=message_id, text=text):
                self._grow(("reasoning", message_id), _("Thinking"), text)
            case AnswerGrew(message_id=message_id, text=text):
                if text:
                    self._flush("reasoning")
                    self._flush_before(message_id)
                self._grow(("answer", message_id), self.bot_name, text)
            case AnswerSettled(message_id=message_id, text=text, reasoning=reasoning):
                self._complete_reasoning(message_id, reasoning)
                self._complete(("answer", message_id), text)
            case ToolCalled(name=name, arguments=arguments):
                self._flush()
                self.line(_("Tool"), f"{name} {arguments}".strip())
            case ToolResponded(name=name, text=text, is_remark=True):
                self._flush()
                self.line(tool_word(name), text)
            case ToolResponded(name=name, text=text):
                self._flush()
                gave = _("{name} returned {size}").format(
                    name=tool_word(name), size=size(len(text.encode("utf-8", "replace")))
                )
                self.line(_("Tool"), gave)
            case AgentChanged(name=name, condition=condition):
                self._flush()
                self.line(_("Agent"), agent_line(name, condition))
            case ChatIdentified(conversation_replaced=True):
                self.line(_("Status"), conversation_replaced_text())
            case FollowUpOffered(text=text):
                self.follow_ups.append(text)
            case TurnEnded():
                self._flush()
                self._end(update)
            case _:
                pass

    def fail(self, error: CozeTuiError) -> None:
        """Write what went wrong, and what to do about it."""
        self.line(_("Error"), explain(error, base_url=self._base_url).text)
        if page := help_page(error):
            self.line(_("Status"), _("More help: {url}").format(url=page))

    def saved(self) -> None:
        """Print that the history works again."""
        self.line(_("Status"), _("the history works again; everything is saved"))

    # --- what grows ---

    def _grow(self, key: tuple[str, str], label: str, text: str) -> None:
        said = self._said.setdefault(key, _Said(label))
        said.source += text
        self._write(key, said, said.text.feed(text))

    def _complete(self, key: tuple[str, str], whole: str) -> None:
        """Print the rest of the completed text, which replaces the deltas (docs/wire.md 3.5)."""
        said = self._said.setdefault(key, _Said(self.bot_name))
        rest = rest_of(whole, said.source) if whole else ""
        if rest is not None:
            said.source += rest
            text = said.text.feed(rest) + said.text.finish()
        else:
            text = plain_text(whole)
            rest = rest_of(text, said.written)
            if rest is None:
                self.line(_("Status"), _("the bot replaced its answer; the new one follows"))
            text = text if rest is None else rest
            said = self._said[key] = _Said(said.label, whole, written="" if rest is None else said.written)
        self._write(key, said, text)
        self._end_line()

    def _complete_reasoning(self, message_id: str, whole: str) -> None:
        """Write the rest of the reasoning, unless the answer, which follows it, has begun."""
        key, answer = ("reasoning", message_id), self._said.get(("answer", message_id))
        said = self._said.setdefault(key, _Said(_("Thinking")))
        if whole.startswith(said.source) and not (answer and answer.written):
            self._grow(key, said.label, whole[len(said.source) :])
        self._flush("reasoning")

    def _flush(self, kind: str = "") -> None:
        """Print text that waits for the end of its sentence; only of this kind if one is given."""
        for key, said in self._said.items():
            if not kind or key[0] == kind:
                self._write(key, said, said.text.settle())

    def _flush_before(self, message_id: str) -> None:
        """Print the waiting text of the previous answer, whose completed message may never arrive."""
        if ("answer", message_id) not in self._said:
            self._flush("answer")

    def _write(self, key: tuple[str, str], said: _Said, text: str) -> None:
        said.written += text
        if self._speaker != key:
            text = text.lstrip("\n")
            if not text.strip():
                return
            self._end_line()
            self._out.write(f"{clean_line(said.label)}: ")
            self._speaker = key
        if text:
            self._out.write(text)
            self._is_line_open = not text.endswith("\n")
            self._out.flush()

    def _end_line(self) -> None:
        if self._is_line_open:
            self._out.write("\n")
            self._is_line_open = False

    # --- the end ---

    def _end(self, ended: TurnEnded) -> None:
        answers = (said.source for (kind, _id), said in self._said.items() if kind == "answer")
        for number, question in unlisted(self.follow_ups, answers):
            self.line(_("Suggestion {n}").format(n=number), question)
        if ended.silence is not None:
            self.line(_("Status"), ended.silence.text)
        if ended.error is not None:
            self.fail(ended.error)
        self.line(_("Status"), listed(self._facts(ended)))

    def _facts(self, ended: TurnEnded) -> Sequence[str]:
        figures = self.figures
        facts = [ended.outcome.words_now]
        if ended.outcome is Outcome.INTERRUPTED:
            facts = [_("cut off; type /recover to fetch the rest")]
            if is_refused(ended.error):
                facts = [_("cut off; the rest cannot be fetched")]
        if ended.at_us:
            facts.append(duration(ended.at_us))
        if figures.first_text_us is not None:
            facts.append(_("first text {time}").format(time=milliseconds(figures.first_text_us)))
        facts += break_words(ended.breaks, ended.outcome)
        if usage := figures.usage:
            tokens = _("tokens {input} in, {output} out")
            facts.append(
                tokens.format(input=thousands(usage.input_count), output=thousands(usage.output_count))
            )
        if figures.logid:
            facts.append(f"logid {figures.logid}")
        return facts
