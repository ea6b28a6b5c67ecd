"""The metrics of one chat as names and values: as text and as numbers. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.turn_replay import PastTurn
from coze_tui.text.format import duration, milliseconds, size, thousands
from coze_tui.text.i18n import _


def figure_facts(turn: PastTurn, not_understood: int = 0) -> list[tuple[str, str]]:
    """Return the metrics of a past chat as names and texts in the language in use, without empty ones.

    Args:
        not_understood: the number of its frames that the client did not understand.
    """
    figures, timeline = turn.figures, turn.timeline
    gaps, usage = figures.gaps, figures.usage
    has_times = not figures.is_timeless
    facts: list[tuple[str, str]] = []
    if has_times and figures.first_text_us is not None:
        facts.append((_("first text"), milliseconds(figures.first_text_us)))
    if has_times:
        facts.append((_("total"), duration(timeline.total_us)))
    if figures.breaks.waited_us:
        facts.append((_("waited for you"), duration(figures.breaks.waited_us)))
    if figures.breaks.cut_us:
        facts.append((_("cut off after"), duration(figures.breaks.cut_us)))
    if figures.characters:
        facts.append((_("characters"), _with_rate(figures.characters, characters_per_second(figures))))
    if figures.deltas:
        facts.append((_("deltas"), _with_rate(figures.deltas, figures.rate())))
    if figures.reasoning_deltas:
        facts.append((_("reasoning deltas"), thousands(figures.reasoning_deltas)))
    if has_times and gaps.count:
        facts += [
            (_("gap p50"), milliseconds(gaps.quantile(0.5))),
            (_("gap p95"), milliseconds(gaps.quantile(0.95))),
            (_("longest gap"), milliseconds(gaps.max_us)),
        ]
    if count := figures.stalls:
        facts.append((_("stalls over 1 s"), thousands(count)))
    if usage is not None:
        facts += [
            (_("tokens in"), thousands(usage.input_count)),
            (_("tokens out"), thousands(usage.output_count)),
        ]
    if turn.state.finish_reason:
        facts.append((_("finish reason"), turn.state.finish_reason))
    facts.append((_("events"), thousands(figures.events)))
    if not_understood:
        facts.append((_("unrecognized"), thousands(not_understood)))
    facts.append((_("received"), size(figures.bytes)))
    return facts


def figure_values(chat: InspectedChat) -> Mapping[str, object]:
    """Return the metrics as numbers; times are in microseconds, unknown values are None."""
    figures, timeline = chat.figures, chat.timeline
    gaps, usage = figures.gaps, figures.usage
    has_times = not figures.is_timeless
    has_gaps = has_times and gaps.count > 0
    return {
        "first_text_us": figures.first_text_us if has_times else None,
        "total_us": timeline.total_us if has_times else None,
        "waited_us": figures.breaks.waited_us,
        "cut_us": figures.breaks.cut_us or None,
        "characters": figures.characters,
        "characters_per_second": round(characters_per_second(figures), 3) or None,
        "deltas": figures.deltas,
        "deltas_per_second": round(figures.rate(), 3) or None,
        "reasoning_deltas": figures.reasoning_deltas,
        "gap_p50_us": gaps.quantile(0.5) if has_gaps else None,
        "gap_p95_us": gaps.quantile(0.95) if has_gaps else None,
        "gap_max_us": gaps.max_us if has_gaps else None,
        "stalls": figures.stalls if has_times else None,
        "input_tokens": usage.input_count if usage else None,
        "output_tokens": usage.output_count if usage else None,
        "tokens": usage.token_count if usage else None,
        "finish_reason": chat.state.finish_reason or None,
        "follow_ups": figures.follow_ups,
        "events": figures.events,
        "not_understood": not_understood(chat),
        "bytes": figures.bytes,
    }


def characters_per_second(figures: TurnFigures) -> float:
    """Return the characters per second while the answers were written, or 0 with fewer than two deltas."""
    deltas = figures.deltas + figures.reasoning_deltas
    if deltas < 2 or not figures.rate():
        return 0.0
    return figures.characters * figures.rate() / (deltas - 1)


def not_understood(chat: InspectedChat) -> int:
    """Return the number of frames whose name, data or message type the client did not understand."""
    return sum(bool(row.problem) for row in chat.table.rows)


def _with_rate(count: int, rate: float) -> str:
    return f"{thousands(count)} · {thousands(round(rate))}/s" if rate else thousands(count)
