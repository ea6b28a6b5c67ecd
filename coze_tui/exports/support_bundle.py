"""What Coze's support needs of one chat, as one capture: facts at its head, then what came. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from coze_tui.api.captures import Capture, capture_text
from coze_tui.config.addresses import base_url_of_site
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.analysis.masking import masked_capture, rewritten_texts
from coze_tui.engine.model.dialects import dialect_of
from coze_tui.errors import ApiError
from coze_tui.report.figures_text import not_understood


def bundle_text(
    chat: InspectedChat,
    versions: Mapping[str, str],
    *,
    mask: bool,
    without_secrets: Callable[[str], str],
) -> str:
    """The whole bundle.

    Args:
        versions: of this program, Python, the system…; names of lower-case letters, digits and underscores.
        mask: leave out what was said; every text keeps its length.
        without_secrets: takes tokens out of a text. It is applied to every text on its own.
    """
    capture = chat.capture()
    frames = tuple(rewritten_texts(frame, without_secrets) for frame in capture.frames)
    facts = {key: without_secrets(value) for key, value in {**capture.facts, **_facts(chat)}.items()}
    found = Capture(frames, facts)
    if mask:
        found = masked_capture(found)
        found = replace(found, facts={**found.facts, "masked": "yes"})
    return capture_text(replace(found, facts={**versions, **found.facts}))


def _facts(chat: InspectedChat) -> Mapping[str, str]:
    """What the chat came to."""
    figures, error = chat.figures, chat.figures.error
    usage = figures.usage
    known = {
        "status": str(figures.outcome or ""),
        "error_code": str(error.code) if isinstance(error, ApiError) else "",
        "error_msg": error.msg if isinstance(error, ApiError) else "",
        "server": str(dialect_of(chat.frames, base_url_of_site(chat.record.site), chat.record.logid)),
        "first_text_us": str(figures.first_text_us or ""),
        "total_us": str(chat.timeline.total_us),
        "longest_gap_us": str(figures.gaps.max_us or ""),
        "stalls": str(figures.stalls or ""),
        "events": str(figures.events),
        "not_understood": str(not_understood(chat) or ""),
        "input_tokens": str(usage.input_count) if usage else "",
        "output_tokens": str(usage.output_count) if usage else "",
        "finish_reason": chat.state.finish_reason,
    }
    return {key: value for key, value in known.items() if value}
