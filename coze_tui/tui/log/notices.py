"""The notices below an answer: how its chat ended, why, and what the user can do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import Enum
from typing import assert_never

from coze_tui.diagnostics.help_pages import help_page
from coze_tui.diagnostics.sentences import joined
from coze_tui.engine.model.outcomes import Outcome, cut_words
from coze_tui.engine.model.updates import TurnEnded
from coze_tui.errors import CozeTuiError, StillAnswering, StreamCut, is_refused, logid_of
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.explained import explain
from coze_tui.tui.log.blocks import NoticeBlock
from coze_tui.values import valueclass


class Hint(Enum):
    """The state of the question after its chat failed."""

    RECALLED = N_("↑ in the prompt brings your question back.")
    RESTORED = N_("Your question is back in the prompt: send it again, or type to replace it.")
    """The question is in the prompt, selected, so that the first typed letter replaces it."""


@valueclass
class About:
    """The facts, besides the end of the chat, on which a notice depends."""

    sent_at_ms: int
    """Unix milliseconds; 0 if unknown, as in a capture made by another program."""
    base_url: str
    """The site that was asked."""
    only_read: bool
    """Whether to omit key hints, because no key works in this view."""
    is_at_coze: bool
    """Whether Coze has started the chat."""
    hint: Hint | None = None


def clock_time(at_ms: int) -> str:
    """Return the local time of day, preceded by the date unless it is today."""
    then, now = time.localtime(at_ms / 1000), time.localtime()
    # The date matters only in a conversation that is read on another day.
    if then[:3] == now[:3]:
        return time.strftime("%H:%M:%S", then)
    return time.strftime("%Y-%m-%d %H:%M", then)


def notices_of(ended: TurnEnded, about: About) -> Iterator[NoticeBlock]:
    """Yield the notices about the end of a chat in the current language; none if there was no problem."""
    if ended.breaks.cut_us and ended.outcome is not Outcome.INTERRUPTED:
        yield NoticeBlock(cut_words(ended.breaks, ended.outcome), "muted", "↻")
    if (notice := _end_notice(ended, about)) is not None:
        yield notice


def _end_notice(ended: TurnEnded, about: About) -> NoticeBlock | None:
    # `at_us` does not include the time for which the chat waited for the user.
    at_ms = about.sent_at_ms + (ended.at_us + ended.breaks.waited_us) // 1000
    at = clock_time(at_ms) if about.sent_at_ms else ""
    outcome = ended.outcome
    match outcome:
        case Outcome.INTERRUPTED:
            text = _("cut off at {time}")
            if is_refused(ended.error):
                text = _("cut off at {time} — the rest cannot be fetched")
            elif not about.only_read:
                # The command, not its key: the prompt has the focus, where a key types a letter.
                text = _("cut off at {time}; type /recover to fetch the rest")
            lines = [text.format(time=at) if at else _("cut off"), *_why_cut(ended.error, about.base_url)]
            return NoticeBlock("\n".join(lines), "attention", outcome.sign, page=_page_for(ended.error))
        case Outcome.CANCELED:
            lines = [_("stopped at {time}").format(time=at) if at else _("stopped")]
            # A chat that Coze never started costs nothing.
            if about.is_at_coze:
                lines.append(_("Coze bills this chat and drops it from the context."))
            return NoticeBlock("\n".join([*lines, *_hint(about)]), "attention", outcome.sign)
        case Outcome.SERVER_CANCELED:
            text = _("canceled on the server at {time}").format(time=at) if at else outcome.words
            return NoticeBlock(f"{text}\n{outcome.reason}", "attention", outcome.sign)
        case Outcome.EXPIRED:
            text = _("expired at {time}").format(time=at) if at else _("expired")
            return NoticeBlock(f"{text}\n{outcome.reason}", "error", outcome.sign)
        case Outcome.REQUIRES_ACTION:
            text = _("the bot is waiting for the output of a local tool")
            if not about.only_read:
                text = _("the bot is waiting for the output of a local tool — press Enter to answer")
            return NoticeBlock(text, "attention", "?")
        case Outcome.FAILED:
            lines = [_("failed")] if ended.error is None else _explained(ended.error, about.base_url)
            text = "\n".join([*lines, *_hint(about, logid_of(ended.error))])
            return NoticeBlock(text, "error", outcome.sign, page=_page_for(ended.error))
        case Outcome.COMPLETED if ended.silence is not None:
            return NoticeBlock(ended.silence.text, "attention", "○")
        case Outcome.COMPLETED:
            return None
        case _:
            assert_never(outcome)


def _page_for(error: CozeTuiError | None) -> str:
    return help_page(error) if error is not None else ""


def _hint(about: About, logid: str = "") -> list[str]:
    if about.hint is None:
        return []
    has_ids = about.hint is Hint.RESTORED and (about.is_at_coze or logid)
    return [joined(_(about.hint.value), _("Press Tab, then i to copy the IDs.") if has_ids else "")]


def _why_cut(error: CozeTuiError | None, base_url: str) -> list[str]:
    """Return why an answer was cut off, or why its rest could not be fetched, one fact per line."""
    match error:
        case None:
            return []
        case StillAnswering():
            return _explained(error, base_url)
        case StreamCut(detail=detail):
            return [clean_line(detail)] if detail else []
        case _:
            return _explained(error, base_url)


def _explained(error: CozeTuiError, base_url: str) -> list[str]:
    """Return what happened, why, what to do, and the logid, one per line."""
    said = explain(error, base_url=base_url)
    logid = f"logid {said.logid}" if said.logid else ""
    return [line for line in (said.title, said.what, said.do, logid) if line]
