"""What is known of a chat is the same from the store, in a capture, and read back from one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.captures import Capture, capture_text
from coze_tui.api.events import error_of_code
from coze_tui.diagnostics.explain import explain
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.library.chats import Inspecting
from coze_tui.engine.model.outcomes import Outcome, break_words, error_of
from coze_tui.engine.model.records import ChatRecord, capture_head, chat_from_capture
from coze_tui.store import archive, journal
from coze_tui.store.database import Database
from coze_tui.store.records import Breaks
from tests.support.conversations import add_spring
from tests.support.stores import captures_from

TEXT = st.text(max_size=12)
ANY_RECORD = st.builds(
    ChatRecord,
    question=TEXT,
    sent_at=st.integers(0, 253_402_300_799_999),
    site=TEXT,
    bot_id=TEXT,
    bot_name=TEXT,
    conversation=TEXT,
    title=TEXT,
    content_type=TEXT,
    files=TEXT,
    conversation_id=TEXT,
    section_id=TEXT,
    chat_id=TEXT,
    logid=TEXT,
    is_final=st.just(True),
    status=st.sampled_from(["", *map(str, Outcome)]),
    total_us=st.integers(0, 10**18 - 1),
)


@given(ANY_RECORD)
def test_the_head_of_a_capture_tells_all_of_them(record: ChatRecord) -> None:
    assert chat_from_capture(Capture((), capture_head(record))).record == record


@pytest.mark.parametrize(
    ("told", "at_ms"),
    [
        ("2025-01-28T10:02:09.001+00:00", 1_738_058_529_001),
        ("2025-01-28T18:02:09.001+08:00", 1_738_058_529_001),
        ("2025-01-28T10:02:09", 1_738_058_529_000),
        ("0001-01-01T00:00:00+08:00", 0),
        ("yesterday", 0),
        ("", 0),
    ],
)
def test_a_time_is_read_to_the_millisecond_or_not_at_all(told: str, at_ms: int) -> None:
    found = chat_from_capture(Capture((), {"sent_at": told})).record.sent_at
    assert found == at_ms or (not at_ms and found <= 0)


async def test_a_chat_saved_from_the_inspector_is_the_one_that_is_exported(tmp_path: Path) -> None:
    database = await Database.open(tmp_path / "history.db")
    try:
        key = await database.write(add_spring)
        archived = await database.read(lambda c: archive.take(c, key))
        chats = await database.read(lambda c: journal.chats(c, key))
        assert archived is not None
        for (_, exported), chat in zip(captures_from(archived), chats, strict=True):
            page = await Inspecting(database).page(key, chat.key)
            assert page is not None
            inspected = InspectedChat(page.record)
            inspected.add(page.frames)
            inspected.end(page.record)
            assert capture_text(inspected.capture()) == capture_text(exported)
            assert capture_head(chat_from_capture(exported).record) == capture_head(page.record)
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("outcome", "fetched"),
    [(Outcome.COMPLETED, "the rest"), (Outcome.REQUIRES_ACTION, "the rest"), (Outcome.FAILED, "the outcome")],
)
def test_a_cut_chat_says_what_was_fetched(outcome: Outcome, fetched: str) -> None:
    assert break_words(Breaks(cut_us=535_000), outcome) == [f"cut off after 535 ms, {fetched} was fetched"]


@pytest.mark.parametrize("status", [400, 401, 404, 413, 422, 503])
def test_a_stored_error_is_explained_like_the_live_one(status: int) -> None:
    live = error_of_code(status, "the reason", http_status=status)
    stored = error_of(ChatRecord(error_code=status, error_msg="the reason"))
    assert stored is not None
    assert type(stored) is type(live)
    assert explain(stored, base_url="").text == explain(live, base_url="").text
