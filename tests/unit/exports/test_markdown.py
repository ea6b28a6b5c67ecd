"""Conversations as Markdown."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given

from coze_tui.engine.model.transcript import AnswerTranscript
from coze_tui.exports.describe import Clock, chats_of
from coze_tui.exports.markdown import markdown_from
from coze_tui.store import history, journal
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.text.cleaning import clean
from tests.support.conversations import SENT_AT, any_conversation, spring
from tests.support.stores import empty_store, taken


def text_of(archived: ConversationArchive) -> str:
    return "".join(markdown_from(archived, Clock(UTC)))


def test_a_conversation_reads_as_it_was() -> None:
    archived = spring()
    assert text_of(archived).startswith(
        f"""# 2025年春节是哪一天

- bot: 小春 (7511)
- site: coze.cn
- conversation: {archived.conversation.key}
- Coze ID: 3342
- started: 2025-01-28 10:02 +00:00
- last message: 2025-01-28 10:03 +00:00
- messages: 2 questions · 2 answers
- tokens: 864

---

## You · 2025-01-28 10:02:09

2025年春节是哪一天

## 小春 · 715 ms · first text 412 ms · tokens 120 in, 312 out

> **Reasoning**
>
> 先查日历，再回答。

> **calendar-lookup** · 21 B, 160 ms
>
> ```json
> {{
>   "query": "2025 春节"
> }}
> ```
>
> ```json
> {{
>   "date": "2025-01-29"
> }}
> ```

2025 年春节是 **1 月 29 日**，星期三。

Suggested questions:

- 除夕放假吗？
- 属相是什么？

chat `7402` · section `51` · logid `202501281002094F2A`

---

## You · 2025-01-28 10:03:09

那<b>元宵</b>呢？
"""
    )


@given(any_conversation())
def test_whatever_was_asked_and_answered_stands_in_it_word_for_word(archived: ConversationArchive) -> None:
    text = text_of(archived)
    for chat in chats_of(archived):
        assert clean(chat.record.question) in text
        for part in chat.parts:
            if isinstance(part, AnswerTranscript):
                assert clean(part.text) in text


@given(any_conversation())
def test_it_may_be_shown_on_a_terminal(archived: ConversationArchive) -> None:
    text = text_of(archived)
    assert clean(text) == text


def test_titles_and_names_are_no_markup() -> None:
    c = empty_store()
    key = history.create_conversation(
        c, "coze.cn", "7511", SENT_AT, bot_name="*小春*\n# x", title="a\n# b [c](d) <e> `f`"
    )
    lines = text_of(taken(c, key)).splitlines()
    assert lines[0] == r"# a \# b \[c\](d) \<e\> \`f\`"
    assert r"- bot: \*小春\* \# x (7511)" in lines


def test_a_tool_that_gives_fences_stays_in_its_own() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    chat = journal.begin_chat(c, key, "?", "7511", SENT_AT)
    found = [
        SavedMessage("assistant", "function_call", "not json", name="run"),
        SavedMessage("assistant", "knowledge", "a\n````\nb"),
        SavedMessage("assistant", "knowledge", "7"),
    ]
    journal.finish_chat(c, chat, ChatRecord(status="interrupted"), found)
    text = text_of(taken(c, key))
    assert "> **run** · no result\n>\n> ```\n> not json\n> ```\n" in text
    assert "> **knowledge** · 8 B\n>\n> `````\n> a\n> ````\n> b\n> `````\n" in text
    assert "\n*cut off*\n" in text


def test_a_cut_off_chat_names_the_reason_if_its_rest_was_refused() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    chat = journal.begin_chat(c, key, "?", "7511", SENT_AT)
    ended = ChatRecord(status="interrupted", error_code=4101, error_msg="no permission getChat")
    journal.finish_chat(c, chat, ended, [SavedMessage("assistant", "answer", "half")])
    text = text_of(taken(c, key))
    assert "*cut off: the token lacks a permission (error 4101)" in text
    assert "no permission getChat" in text


def test_a_cleared_context_is_a_line() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    journal.begin_chat(c, key, "一", "7511", SENT_AT)
    history.add_section(c, key, "s2", SENT_AT)
    journal.begin_chat(c, key, "二", "7511", SENT_AT)
    text = text_of(taken(c, key))
    assert text.index("一") < text.index("*context cleared*") < text.index("二\n")
