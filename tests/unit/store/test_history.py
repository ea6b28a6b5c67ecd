"""Conversations: one by one, in the list, forked, deleted and brought back."""

from __future__ import annotations

import random
import re
import secrets
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import forks, history, journal, messages, prompts, search
from coze_tui.store.edits import SavedEdit, clear_sent, edit_of, set_edit
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.messages import storable
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from tests.support.stores import append_messages, conversation_count, empty_store

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)


def of(c: sqlite3.Connection, key: str) -> SavedConversation:
    saved = history.conversation(c, key)
    assert saved is not None
    return saved


def make(
    c: sqlite3.Connection, at: int, *, title: str = "t", site: str = "coze.cn", bot: str = "7402"
) -> str:
    """A conversation with something in it."""
    key = history.create_conversation(c, site, bot, at, title=title)
    append_messages(c, key, [SavedMessage("user", "question", "hello", created_at=at)])
    return key


def listed(c: sqlite3.Connection, **wanted: str) -> list[str]:
    return [each.key for each in history.conversations(c, **wanted)]  # type: ignore[arg-type]  # texts only


@given(
    site=ANY_TEXT,
    bot_id=ANY_TEXT,
    bot_name=ANY_TEXT,
    title=ANY_TEXT,
    conversation_id=ANY_TEXT,
    section_id=ANY_TEXT,
    draft=ANY_TEXT,
    queue=st.lists(ANY_TEXT, max_size=3),
    flags=st.tuples(st.booleans(), st.booleans()),
    at=st.integers(0, 2**50),
)
def test_any_conversation_is_read_back_as_it_was(
    site: str,
    bot_id: str,
    bot_name: str,
    title: str,
    conversation_id: str,
    section_id: str,
    draft: str,
    queue: list[str],
    flags: tuple[bool, bool],
    at: int,
) -> None:
    c = empty_store()
    key = history.create_conversation(
        c,
        site,
        bot_id,
        at,
        bot_name=bot_name,
        title="to be replaced",
        conversation_id=conversation_id,
        section_id=section_id,
        on_server=flags[0],
    )
    history.rename(c, key, title)
    history.set_draft(c, key, draft)
    history.set_queue(c, key, queue)
    history.pin(c, key, flags[1])
    assert of(c, key) == SavedConversation(
        key=key,
        site=storable(site),
        bot_id=storable(bot_id),
        bot_name=storable(bot_name),
        conversation_id=storable(conversation_id),
        section_id=storable(section_id),
        title=storable(title),
        title_by_user=True,
        pinned=flags[1],
        interrupted=False,
        on_server=flags[0],
        draft=storable(draft),
        queue=tuple(storable(item) for item in queue),
        forked_from="",
        created_at=at,
        updated_at=at,
        deleted_at=0,
    )
    c.close()


def test_keys_are_short_and_can_be_typed(c: sqlite3.Connection) -> None:
    keys = {make(c, 1) for _ in range(50)}
    assert len(keys) == 50
    assert all(re.fullmatch("[a-z2-9]{9}", key) for key in keys)


def test_a_key_in_use_is_not_given_again(c: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = iter("a" * 9 + "a" * 9 + "b" * 9)
    monkeypatch.setattr(secrets, "choice", lambda _: next(letters))
    assert [make(c, 1), make(c, 1)] == ["a" * 9, "b" * 9]


def test_a_conversation_that_does_not_exist_is_none(c: sqlite3.Connection) -> None:
    assert history.conversation(c, "gone\ud83d") is None
    assert history.last_conversation(c) is None
    history.rename(c, "gone", "x")


# --- names, ids, drafts ---


def test_a_title_by_the_person_stays(c: sqlite3.Connection, key: str) -> None:
    history.rename(c, key, "from the server", by_user=False)
    assert (of(c, key).title, of(c, key).title_by_user) == ("from the server", False)
    history.rename(c, key, "mine")
    history.rename(c, key, "from the server", by_user=False)
    assert (of(c, key).title, of(c, key).title_by_user) == ("mine", True)
    journal.begin_chat(c, key, "question", "7402", 1)
    assert of(c, key).title == "mine"


def test_the_name_of_a_bot_is_learnt_everywhere(c: sqlite3.Connection) -> None:
    ours, other = make(c, 1), make(c, 1, bot="7403")
    history.set_bot_name(c, "coze.cn", "7402", "小春")
    assert [of(c, ours).bot_name, of(c, other).bot_name] == ["小春", ""]
    assert listed(c, filter="小春") == [ours]


def test_a_conversation_is_bound_to_the_server_and_unbound(c: sqlite3.Connection, key: str) -> None:
    history.set_conversation_id(c, key, "75")
    assert (of(c, key).conversation_id, of(c, key).on_server) == ("75", True)
    history.set_on_server(c, key, False)
    assert (of(c, key).conversation_id, of(c, key).on_server) == ("75", False)
    history.set_conversation_id(c, key, "")
    assert (of(c, key).conversation_id, of(c, key).on_server) == ("", False)


def test_a_conversation_is_found_by_the_id_that_coze_gave(c: sqlite3.Connection) -> None:
    older, newer = make(c, 1), make(c, 2)
    for each in (older, newer, make(c, 3, site="coze.com")):
        history.set_conversation_id(c, each, "75")
    found = history.find_by_conversation_id(c, "coze.cn", "7402", "75")
    assert found is not None
    assert found.key == newer
    history.delete(c, newer, 9)
    found = history.find_by_conversation_id(c, "coze.cn", "7402", "75")
    assert found is not None
    assert found.key == older
    make(c, 4)
    assert history.find_by_conversation_id(c, "coze.cn", "7402", "") is None
    assert history.find_by_conversation_id(c, "coze.cn", "7403", "75") is None


def test_drafts_and_queues_are_kept_until_they_are_sent(c: sqlite3.Connection) -> None:
    drafted, queued, _ = make(c, 1), make(c, 2), make(c, 3)
    history.set_draft(c, drafted, "half a sen")
    history.set_queue(c, queued, ["first", 'second "quoted"'])
    assert of(c, drafted).draft == "half a sen"
    assert of(c, queued).queue == ("first", 'second "quoted"')
    history.set_draft(c, drafted, "")
    history.set_queue(c, queued, [])
    assert (of(c, drafted).draft, of(c, queued).queue) == ("", ())


def test_a_queued_question_leaves_the_queue_only_from_its_front(c: sqlite3.Connection, key: str) -> None:
    history.set_queue(c, key, ["一", "二", "二"])
    history.remove_queued(c, key, "二")
    assert of(c, key).queue == ("一", "二", "二")
    history.remove_queued(c, key, "一")
    history.remove_queued(c, key, "二")
    assert of(c, key).queue == ("二",)
    history.remove_queued(c, "none", "二")


def test_the_last_conversation_is_the_one_last_spoken_in(c: sqlite3.Connection) -> None:
    make(c, 1)
    last = make(c, 5)
    elsewhere = make(c, 3, site="coze.com", bot="9")
    history.create_conversation(c, "coze.cn", "7402", 8)  # nothing in it
    history.delete(c, make(c, 9), 10)
    for wanted, key in (((), last), (("coze.com",), elsewhere), (("coze.cn",), last)):
        found = history.last_conversation(c, *wanted)
        assert found is not None
        assert found.key == key


# --- the list ---


def test_the_list_has_the_pinned_first_and_then_the_latest_page_by_page(c: sqlite3.Connection) -> None:
    random_ = random.Random(7)
    keys = [make(c, random_.randrange(6)) for _ in range(30)]
    for key in random_.sample(keys, 8):
        history.pin(c, key)
    expected = sorted(keys, key=lambda key: (of(c, key).pinned, of(c, key).updated_at, key), reverse=True)
    assert listed(c) == expected
    pages: list[str] = []
    before = None
    while page := history.conversations(c, limit=7, before=before):
        pages += [each.key for each in page]
        before = page[-1]
    assert pages == expected
    history.pin(c, expected[0], False)
    assert listed(c)[0] == expected[1]


def test_the_list_can_be_narrowed(c: sqlite3.Connection) -> None:
    refund, spring = (
        make(c, 2, title="Ｒｅｆｕｎｄ 100%"),
        make(c, 1, title="春节_放假", site="coze.com", bot="9"),
    )
    assert listed(c, filter="refund") == [refund]
    assert listed(c, filter=" 春节 ") == [spring]
    assert listed(c, filter="0%") == [refund]
    assert listed(c, filter="_") == [spring]
    assert listed(c, filter="*") == []
    assert listed(c, site="coze.com") == [spring]
    assert listed(c, bot_id="7402") == [refund]


def test_a_conversation_with_nothing_in_it_is_not_listed(c: sqlite3.Connection, key: str) -> None:
    assert listed(c) == []
    history.set_draft(c, key, "half")
    assert listed(c) == [key]
    history.set_draft(c, key, "")
    history.set_on_server(c, key, True)
    assert listed(c) == [key]


def test_the_list_needs_no_sorting(c: sqlite3.Connection) -> None:
    plan = c.execute(
        """EXPLAIN QUERY PLAN SELECT key FROM conversations WHERE deleted_at = 0
           AND (pinned, updated_at, key) < (0, 5, 'x') ORDER BY pinned DESC, updated_at DESC, key DESC"""
    ).fetchall()
    assert len(plan) == 1
    assert "conversations_listed" in plan[0][3]


# --- deleting ---


def test_what_is_deleted_is_out_of_sight_until_it_is_brought_back(c: sqlite3.Connection) -> None:
    key = make(c, 1, title="退款")
    history.delete(c, key, 50)
    assert (
        listed(c),
        search.search(c, "退款"),
        search.search(c, "hello"),
        conversation_count(c),
    ) == (
        [],
        (),
        (),
        0,
    )
    assert of(c, key).deleted_at == 50
    history.undelete(c, key)
    assert listed(c) == [key]
    assert len(search.search(c, "hello")) == 1
    assert conversation_count(c) == 1


def test_what_is_purged_is_gone_with_all_that_belongs_to_it(c: sqlite3.Connection) -> None:
    kept, gone = make(c, 1), make(c, 2)
    for key in (kept, gone):
        chat = journal.begin_chat(c, key, "a?", "7402", 3)
        journal.append_frames(c, chat, 1, [Frame("done", "")])
        history.add_section(c, key, "s", 4)
    counts = {
        table: c.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table in ("conversations", "sections", "chats", "frames", "messages", "texts")
    }
    history.purge(c, gone)
    for table, count in counts.items():
        assert c.execute(f"SELECT count(*) FROM {table}").fetchone()[0] * 2 == count
    assert history.conversation(c, gone) is None


def test_only_what_was_deleted_before_a_time_is_purged(c: sqlite3.Connection) -> None:
    kept, fresh, old = make(c, 1), make(c, 2), make(c, 3)
    history.delete(c, fresh, 100)
    history.delete(c, old, 99)
    assert history.purge_deleted(c, 100, limit=10) == 1
    assert [history.conversation(c, key) is None for key in (kept, fresh, old)] == [False, False, True]


# --- forks and sections ---


def test_a_fork_is_the_same_up_to_a_message_and_stands_alone(c: sqlite3.Connection, key: str) -> None:
    for number in range(3):
        chat = journal.begin_chat(c, key, f"question {number}", "7402", 10 + number)
        journal.append_frames(c, chat, 1, [Frame("done", str(number))])
        journal.note_ids(c, chat, chat_id=str(number), section_id=f"s{number}")
        journal.finish_chat(
            c, chat, ChatRecord(status="completed"), [SavedMessage("assistant", "answer", f"答案 {number}")]
        )
    history.set_conversation_id(c, key, "75")
    whole = messages.messages(c, key)
    forked = forks.fork(c, key, whole[3].key, 99)
    copy = messages.messages(c, forked)
    assert [each.content for each in copy] == [each.content for each in whole[:4]]
    assert [each.position for each in copy] == [each.position for each in whole[:4]]
    saved = of(c, forked)
    assert (saved.forked_from, saved.conversation_id, saved.on_server, saved.title, saved.bot_name) == (
        key,
        "",
        False,
        "question 0 (2)",
        "小春",
    )
    chats = journal.chats(c, forked)
    assert [each.chat_id for each in chats] == ["0", "1"]
    assert [each.chat for each in copy] == [chats[0].key, chats[0].key, chats[1].key, chats[1].key]
    assert journal.frames_of(c, chats[1].key) == (Frame("done", "1"),)
    assert [each.section_id for each in history.sections(c, forked)] == ["s1"]
    history.purge(c, key)
    assert len(messages.messages(c, forked)) == 4
    assert journal.frames_of(c, chats[1].key) == (Frame("done", "1"),)
    assert [hit.conversation for hit in search.search(c, "答案 1")] == [forked]
    search.index_some(c)
    assert [hit.conversation for hit in search.search(c, "答案 1")] == [forked]
    journal.begin_chat(c, forked, "and now?", "7402", 100)
    assert messages.messages(c, forked)[-1].content == "and now?"


def test_a_fork_of_imported_messages_has_no_chats(c: sqlite3.Connection) -> None:
    key = make(c, 1)
    forked = forks.fork(c, key, messages.messages(c, key)[0].key, 5)
    assert [each.chat for each in messages.messages(c, forked)] == [0]


def test_each_fork_has_a_title_of_its_own(c: sqlite3.Connection) -> None:
    key = make(c, 1, title="海水 (1%")
    message = messages.messages(c, key)[0].key
    both = [forks.fork(c, key, message, 5) for _ in range(2)]
    grandchild = forks.fork(c, both[0], None, 5)
    titles = ["海水 (1% (2)", "海水 (1% (3)", "海水 (1% (4)"]
    assert [of(c, each).title for each in (*both, grandchild)] == titles
    history.delete(c, both[0], 6)
    assert of(c, forks.fork(c, key, message, 7)).title == titles[0]
    numbered = make(c, 1, title="海水 (2)")  # not a fork: the number belongs to its title
    assert of(c, forks.fork(c, numbered, None, 5)).title == "海水 (2) (2)"
    assert of(c, forks.fork(c, make(c, 1, title=""), None, 5)).title == ""


def test_a_fork_before_the_first_message_is_empty(c: sqlite3.Connection) -> None:
    key = make(c, 1)
    empty = forks.fork(c, key, None, 5)
    assert (messages.messages(c, empty), of(c, empty).forked_from) == ((), key)
    assert empty not in listed(c)


def test_an_edited_question_is_kept_beside_the_draft(c: sqlite3.Connection) -> None:
    key = make(c, 1)
    history.set_draft(c, key, "hello")
    edit = SavedEdit(" hello there", 1_700_000_000_000, 7, 3)
    set_edit(c, key, edit)
    set_edit(c, "gone", edit)
    assert (edit_of(c, key), edit_of(c, "gone")) == (edit, None)
    clear_sent(c, key, "hello there, sea")  # of the two only the edited question was sent
    assert (edit_of(c, key), of(c, key).draft) == (None, "hello")
    set_edit(c, key, SavedEdit("", 0))
    clear_sent(c, key, "hello")
    assert (edit_of(c, key), of(c, key).draft) == (SavedEdit("", 0), "")
    history.purge(c, key)
    assert edit_of(c, key) is None


def test_a_fork_from_a_message_of_elsewhere_is_refused(c: sqlite3.Connection) -> None:
    one, other = make(c, 1), make(c, 2)
    for wrong in (messages.messages(c, other)[0].key, 99):
        with pytest.raises(StoreError):
            forks.fork(c, one, wrong, 5)


def test_a_cleared_conversation_has_a_line_after_its_last_message(c: sqlite3.Connection) -> None:
    key = make(c, 1)
    last = messages.messages(c, key)[-1].position
    history.add_section(c, key, "s2", 50)
    assert history.sections(c, key) == (SavedSection("s2", 2 * SLOT, 50),)
    assert of(c, key).section_id == "s2"
    chat = journal.begin_chat(c, key, "next", "7402", 60)
    journal.note_ids(c, chat, section_id="s2")
    (section,) = history.sections(c, key)
    assert last < section.position <= messages.messages(c, key)[-1].position


# --- earlier prompts ---


def test_prompts_come_latest_first_and_once(c: sqlite3.Connection) -> None:
    for at, text in enumerate(["Refund please", "退款", "100%_*", "refund again", "退款", "  \n"]):
        prompts.add(c, text, at)
    assert prompts.latest(c) == ("退款", "refund again", "100%_*", "Refund please")


def test_a_prompt_with_a_lone_surrogate_is_kept(c: sqlite3.Connection) -> None:
    prompts.add(c, "a\ud83d\0b", 1)
    assert prompts.latest(c) == ("a\ufffdb",)


def test_a_person_names_a_conversation_by_key_beginning_or_the_servers_id(c: sqlite3.Connection) -> None:
    first = history.create_conversation(c, "coze.cn", "7402", 1, conversation_id="v1")
    second = history.create_conversation(c, "coze.com", "7402", 2, conversation_id="v1")
    assert history.keys_named(c, first) == (first,)
    assert history.keys_named(c, "v1") == (second, first)
    assert first in history.keys_named(c, first[:3])
    assert history.keys_named(c, "") == history.keys_named(c, "%") == ()
    history.delete(c, first, 3)
    assert history.keys_named(c, first) == ()
    assert history.keys_named(c, "v1") == (second,)


def test_the_listed_keys_are_those_of_the_list(c: sqlite3.Connection) -> None:
    keys = [history.create_conversation(c, "coze.cn", "7402", at) for at in range(5)]
    for key in keys[:4]:
        history.rename(c, key, "x")
    history.pin(c, keys[0])
    history.delete(c, keys[1], 9)
    listed = history.listed_keys(c)
    assert listed == (keys[0], keys[3], keys[2])
    assert listed == tuple(saved.key for saved in history.conversations(c))
