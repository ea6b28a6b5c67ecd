"""A searched text is found in an entry wherever it stands: in a wrapped line, in a fold."""

from __future__ import annotations

import pytest

from coze_tui.api.objects import MessageType
from coze_tui.engine.model.records import ChatRecord
from coze_tui.engine.model.transcript import AnswerTranscript, ChatTranscript, ToolTranscript
from coze_tui.render.palette import Palette
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, QuestionEntry
from coze_tui.tui.log.search import Match, holds, is_part_of, matches_in, open_folds, split_match_parts

PALETTE = Palette.dark()


def bot(*parts: AnswerTranscript | ToolTranscript) -> AnswerEntry:
    return AnswerEntry.of(ChatTranscript(ChatRecord(key=1, question="q", sent_at=1, bot_name="小春"), parts))


def texts(entry: Entry, found: list[Match]) -> list[str]:
    return [entry.line(match.line)[0].text for match in found]


def test_the_lines_with_the_text_are_found() -> None:
    entry = bot(AnswerTranscript("1", "one 退款\n\ntwo\n\n- 退款 and 退款"))
    assert texts(entry, matches_in(entry, "退款", 40, PALETTE)) == [
        "one 退款",
        "退款 and 退款",
        "退款 and 退款",
    ]
    assert matches_in(entry, "nothing", 40, PALETTE) == []


def test_the_name_in_the_header_is_no_match() -> None:
    entry = bot(AnswerTranscript("1", "text"))
    assert matches_in(entry, "text", 40, PALETTE)
    assert matches_in(entry, "小春", 40, PALETTE) == []


@pytest.mark.parametrize("width", range(8, 40))
def test_a_text_that_a_wrap_has_parted_is_found_and_lit_whole(width: int) -> None:
    entry = QuestionEntry("七天内可以申请退款，原路返回，寄回后四十八小时内到账，谢谢您的耐心。", 1)
    query = "申请退款"
    (match,) = matches_in(entry, query, width, PALETTE)
    highlighted = marked = ""
    for number in (match.line, match.line + 1):
        text, block, row = entry.line(number)[0].text, *entry.line(number)[1:]
        highlighted += query if query in text else ""
        highlighted += "".join(text[start:end] for start, end in split_match_parts(entry, number, query))
        if (span := match.part_in(block, row)) is not None:
            marked += text[slice(*span)]
            assert is_part_of(text[slice(*span)], query)
    assert highlighted == query
    assert marked == query, "the current match is marked as a whole, too"


def test_a_fold_opens_only_for_what_is_in_it() -> None:
    tool = ToolTranscript("2", MessageType.FUNCTION_CALL, "ferry", '{"pier": "三号"}', '{"dep": "18:40"}')
    entry = bot(AnswerTranscript("1", "好。", reasoning="先查船。"), tool)
    assert holds(entry, "18:40")
    assert not matches_in(entry, "18:40", 40, PALETTE)
    assert open_folds(entry, "18:40")
    assert not open_folds(entry, "18:40")
    assert [text.strip() for text in texts(entry, matches_in(entry, "18:40", 40, PALETTE))] == [
        '"dep": "18:40"'
    ]
    assert not matches_in(entry, "先查", 40, PALETTE)
    assert not holds(entry, "nowhere")
