"""Two chats as rows."""

from __future__ import annotations

import json

import pytest

from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.difference import differences
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatRecord
from coze_tui.render.diff_rows import DifferenceRow, difference_rows
from coze_tui.render.palette import Palette
from coze_tui.text.i18n import use_language

DARK = Palette.dark()
HOSTILE = "a[/]b \x1b]52;c;eA==\x07\u202e\x9b2J"


def chat(answer: str, *, tool: str = "", arguments: object = None, at_us: int = 400_000) -> InspectedChat:
    def message(type: str, content: str, at: int) -> Frame:
        data = {"id": type, "role": "assistant", "type": type, "content": content}
        return Frame("conversation.message.completed", json.dumps(data, ensure_ascii=False), at)

    frames = [Frame("conversation.chat.created", '{"id":"1","conversation_id":"2"}', 9_000)]
    if tool:
        frames.append(message("function_call", json.dumps({"name": tool, "arguments": arguments}), 100_000))
        frames.append(message("tool_response", "ok", 200_000))
    frames.append(message("answer", answer, at_us))
    frames.append(Frame("done", "", 2 * at_us))
    inspected = InspectedChat(ChatRecord())
    inspected.add(frames)
    inspected.end(inspected.record)
    return inspected


def rows(left: InspectedChat, right: InspectedChat, width: int = 100, *, split: bool) -> list[DifferenceRow]:
    return difference_rows(differences(left, right), width, DARK, is_split=split)


def text(found: list[DifferenceRow]) -> list[str]:
    return [
        row.left.plain.rstrip() + (" | " + row.right.plain.rstrip() if row.right is not None else "")
        for row in found
    ]


def test_figures_stand_side_by_side_with_how_much_they_changed() -> None:
    shown = "\n".join(text(rows(chat("x"), chat("x", at_us=200_000), split=True)))
    assert "total" in shown
    assert "800 ms  →        400 ms   \u221250 %" in shown


def test_what_looks_the_same_has_not_changed() -> None:
    shown = "\n".join(text(rows(chat("x", at_us=50_000), chat("x", at_us=50_200), split=True)))
    assert "100 ms  →        100 ms\n" in shown


def test_what_is_in_one_only_has_a_sign_and_an_empty_place_beside_it() -> None:
    found = rows(chat("x", tool="search", arguments={"q": 1}), chat("x"), split=True)
    shown = text(found)
    assert any(line.startswith("- function_call  search") and line.endswith("| ") for line in shown)
    assert any(line.startswith("- search") for line in shown)
    assert [row.starts for row in found].count(True) == 2


def test_knowledge_is_not_named_twice() -> None:
    data = {"id": "k", "role": "assistant", "type": "knowledge", "content": '{"chunks":[]}'}
    recalled = InspectedChat(ChatRecord())
    recalled.add([Frame("conversation.message.completed", json.dumps(data), 9_000)])
    recalled.end(recalled.record)
    [event] = [
        line for line in text(rows(chat("x"), recalled, split=True)) if "knowledge" in line and "ms" in line
    ]
    assert event.count("knowledge") == 1


def test_words_that_differ_stand_in_their_own_text() -> None:
    found = rows(chat("春节是1月29日。\n\n很好。"), chat("春节是2月17日。\n\n很好。"), split=True)
    shown = text(found)
    assert "- 春节是1月29日。 | + 春节是2月17日。" in shown
    assert "  很好。 |   很好。" in shown
    first = next(row for row in found if row.starts)
    changed = [run.text for run in first.left.body if run.style and run.style.bold]
    assert changed == ["1", "29"]


def test_narrow_both_are_in_one_text() -> None:
    found = rows(chat("春节是1月29日。"), chat("春节是2月17日。"), width=60, split=False)
    assert "~ 春节是12月2917日。" in text(found)
    line = next(row for row in found if row.starts).left
    struck = [run.text for run in line.body if run.style and run.style.strike]
    new = [run.text for run in line.body if run.style and run.style.underline]
    assert (struck, new) == (["1", "29"], ["2", "17"])


@pytest.mark.parametrize("split", [True, False])
@pytest.mark.parametrize("width", [60, 100, 200])
def test_any_text_fits_and_steers_no_terminal(split: bool, width: int) -> None:
    left = chat(HOSTILE * 9, tool=HOSTILE, arguments={"x": HOSTILE * 4})
    found = rows(left, chat("春节" * 80, tool="另一个工具" * 9, arguments=[1, 2]), width, split=split)
    half = (width - 3) // 2
    for row in found:
        assert row.left.wide <= (half if row.is_pair else width)
        assert row.right is None or row.right.wide <= half
    assert not set("\n".join(text(found))) & set("\x1b\x07\x9b\u202e")


def test_equal_chats_have_no_difference_to_go_to() -> None:
    one = chat("x", tool="search", arguments={})
    found = rows(one, one, split=True)
    assert not any(row.starts for row in found)
    assert any("the same call, the same result" in line for line in text(found))


def test_knowledge_is_called_as_in_the_log() -> None:
    recalled = InspectedChat(ChatRecord())
    data = {"id": "1", "role": "assistant", "type": "knowledge", "content": "{}"}
    recalled.add([Frame("conversation.message.completed", json.dumps(data), 1_000)])
    recalled.end(recalled.record)
    use_language("zh_CN")
    try:
        assert "- 知识库" in text(rows(recalled, chat("x"), split=False))
    finally:
        use_language("en")
