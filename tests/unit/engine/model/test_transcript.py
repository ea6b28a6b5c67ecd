"""Past chats as messages."""

from __future__ import annotations

from coze_tui.engine.model.transcript import chat_transcripts
from coze_tui.store.records import SavedMessage


def test_the_question_of_an_import_cannot_steer_the_terminal() -> None:
    asked = SavedMessage("user", "question", "a\x1b[2Jb", position=1)
    [chat] = chat_transcripts([asked], (), bot_name="b", site="coze.cn")
    assert "\x1b" not in chat.record.question
