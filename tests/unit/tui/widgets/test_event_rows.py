"""The lines of the sidebar as values."""

from __future__ import annotations

import pytest

from coze_tui.api.objects import Usage
from coze_tui.engine.model.figures import EventRow, TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import (
    AnswerGrew,
    ChatIdentified,
    LogidReported,
    TurnEnded,
    UsageReported,
)
from coze_tui.tui.widgets import event_rows
from coze_tui.tui.widgets.line_widget import width_of


def text_of(parts: event_rows.Parts, width: int) -> str:
    left = "".join(text for text, _ in parts.left)
    right = "".join(text for text, _ in parts.right)
    return left + " " * (width - len(left) - len(right)) + right


@pytest.mark.parametrize(
    ("count", "at_ms", "until_ms", "shown"),
    [
        (214, 412, 1_302, "✓ delta ×214    412–1,302 ms"),
        (21_400, 412, 100_302, "✓ delta ×21,400   100,302 ms"),
        (1, 412, 412, "✓ delta ×1            412 ms"),
        (1_000_000, 3_600_000, 7_200_000, "✓ delta ×1,000,000  2 h 00 m"),
    ],
)
def test_a_run_tells_its_time_as_exactly_as_there_is_room(
    count: int, at_ms: int, until_ms: int, shown: str
) -> None:
    row = EventRow("delta", at_ms * 1000, until_ms * 1000, count, "good")
    assert text_of(event_rows.event_line(row, 28), len(shown)) == shown


def test_equal_lines_are_equal_and_others_are_not() -> None:
    row = EventRow("created", 1, 1)
    assert event_rows.event_line(row, 28) == event_rows.event_line(EventRow("created", 1, 1), 28)
    assert event_rows.event_line(row, 28) != event_rows.event_line(row, 28, is_selected=True)


def test_stalls_are_told_once_there_are_any() -> None:
    figures = TurnFigures()
    figures.add(AnswerGrew("m", "x", (0, 500_000), 0))

    def labels() -> list[str]:
        return [line.left[0][0] for line in event_rows.figure_lines(figures, None, 28)]

    assert "stalls" not in labels()
    figures.add(AnswerGrew("m", "x", (5_000_000,), 0))
    assert "stalls" in labels()


def test_a_first_text_that_never_came_is_not_waited_for() -> None:
    figures = TurnFigures()
    assert event_rows.first_text(figures) == "…"
    figures.add(TurnEnded(Outcome.FAILED, 6_000))
    assert event_rows.first_text(figures) == "–"


def test_a_label_never_gives_way_and_its_value_is_shortened() -> None:
    figures = TurnFigures()
    figures.add(UsageReported(Usage(25_279, 12_591, 12_688)))
    figures.add(ChatIdentified("7461111111111117402", "7460000000000003342", "7469999999999990001"))
    figures.add(LogidReported("2026113001595951C533DE21219568A7F5"))
    figures.add(TurnEnded(Outcome.COMPLETED, 3_777_000))

    def shown(width: int) -> dict[str, str]:
        lines = event_rows.figure_lines(figures, None, width)
        assert all(width_of([*line.left, *line.right]) < width for line in lines if line.right)
        return {line.left[0][0]: line.right[0][0] for line in lines if line.right}

    assert shown(44) == {
        "first text": "–",
        "total": "3,777 ms",
        "tokens": "12,688 in · 12,591 out",
        "text": "0 characters",
        "conversation": "7460000000000003342",
        "section": "7469999999999990001",
        "chat": "7461111111111117402",
        "logid": "2026113001595951C533DE21219568A7F5",
    }
    narrow = shown(28)
    assert narrow["tokens"] == "12.7k in · 12.6k out"
    assert (narrow["conversation"], narrow["logid"]) == ("…3342", "2026…A7F5")
    assert shown(16)["tokens"] == "25.3k"
    assert shown(16)["conversation"] == "…3…"
