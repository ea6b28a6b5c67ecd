"""Past chats as messages."""

from __future__ import annotations

from coze_tui.engine.model.transcript import chat_transcripts, with_files
from coze_tui.store.records import SavedMessage


def test_the_question_of_an_import_cannot_steer_the_terminal() -> None:
    asked = SavedMessage("user", "question", "a\x1b[2Jb", position=1)
    [chat] = chat_transcripts([asked], (), bot_name="b", site="coze.cn")
    assert "\x1b" not in chat.record.question


def test_names_of_files_are_one_clean_line_each() -> None:
    assert with_files("?", ["a\x1b[31m.png", "b\nc.pdf"]).count("\n") == 2
    assert "\x1b" not in with_files("?", ["a\x1b[31m.png"])
