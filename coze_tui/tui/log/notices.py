"""The notices under an answer: how its chat ended, why, and what can be done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from enum import Enum
from typing import assert_never

from coze_tui.engine.model.outcomes import Outcome, cut_words
from coze_tui.engine.model.updates import TurnEnded
from coze_tui.errors import CozeTuiError, StillAnswering, StreamCut, is_refused
from coze_tui.text.cleaning import clean_line
from coze_tui.text.i18n import N_, _
from coze_tui.tui.explained import explain
from coze_tui.tui.log.blocks import NoticeBlock
from coze_tui.values import valueclass


class Hint(Enum):
    """What became of the question of the last chat."""

    RECALLED = N_("↑ in the prompt brings your question back.")
    RESTORED = N_(
        "Your question is back in the prompt: send it again, or type to replace it. "
        "In the messages i copies the IDs."
    )
    """It is selected there."""


@valueclass
class About:
    """What a notice depends on besides the end of the chat."""

    sent_at_ms: int
    """0 if it is not known, as in a capture from elsewhere."""
    base_url: str
    """The site that was asked."""
    only_read: bool
    """No key works where the notice is shown, so it names none."""
    is_at_coze: bool
    """Coze has begun the chat."""
    hint: Hint | None = None


def clock_time(at_ms: int) -> str:
    """Return the local time of day, after its date if that is not today."""
    then, now = time.localtime(at_ms / 1000), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M:%S", then)
    return time.strftime("%Y-%m-%d %H:%M", then)


def notices_of(ended: TurnEnded, about: About) -> Iterator[NoticeBlock]:
    """Yield the notices about the end of a chat, in the language in use; none for one without problems."""
    if ended.breaks.cut_us and ended.outcome is not Outcome.INTERRUPTED:
        yield NoticeBlock(cut_words(ended.breaks), "muted", "↻")
    if (notice := _end_notice(ended, about)) is not None:
        yield notice


def _end_notice(ended: TurnEnded, about: About) -> NoticeBlock | None:
    at_ms = about.sent_at_ms + (ended.at_us + ended.breaks.waited_us) // 1000
    at = clock_time(at_ms) if about.sent_at_ms else ""
    outcome = ended.outcome
    match outcome:
        case Outcome.INTERRUPTED:
            text = _("cut off at {time}")
            if is_refused(ended.error):
                text = _("cut off at {time} — the rest cannot be fetched")
            elif not about.only_read:
                text = _("cut off at {time} — press r to recover")
            lines = [text.format(time=at) if at else _("cut off"), *_why_cut(ended.error, about.base_url)]
            return NoticeBlock("\n".join(lines), "attention", outcome.sign)
        case Outcome.CANCELED:
            lines = [_("stopped at {time}").format(time=at) if at else _("stopped")]
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
            return NoticeBlock("\n".join([*lines, *_hint(about)]), "error", outcome.sign)
        case Outcome.COMPLETED if ended.silence is not None:
            return NoticeBlock(ended.silence.text, "attention", "○")
        case Outcome.COMPLETED:
            return None
        case _:
            assert_never(outcome)


def _hint(about: About) -> list[str]:
    return [_(about.hint.value)] if about.hint is not None else []


def _why_cut(error: CozeTuiError | None, base_url: str) -> list[str]:
    """Return why an answer was cut off, or why its rest could not be fetched, one fact a line."""
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
    """Return what happened, why and what to do, with the logid, one a line."""
    said = explain(error, base_url=base_url)
    logid = f"logid {said.logid}" if said.logid else ""
    return [line for line in (said.title, said.what, said.do, logid) if line]
