"""What the server lists is put among what is here: once, in order, and never into the middle of a chat."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.store import history, journal, messages
from coze_tui.store.messages import ServerMessage, add_missing
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from tests.support.stores import append_messages, empty_store


def listed(id_: str, at: int, *, chat: str = "", section: str = "", type_: str = "question") -> ServerMessage:
    role = "user" if type_ == "question" else "assistant"
    saved = SavedMessage(role, type_, f"text {id_}", message_id=id_, created_at=at)
    return ServerMessage(saved, chat, section)


def own_chat(c: sqlite3.Connection, key: str, chat_id: str, at: int) -> None:
    chat = journal.begin_chat(c, key, f"own {chat_id}", "7402", at)
    journal.note_ids(c, chat, chat_id=chat_id)
    answer = SavedMessage("assistant", "answer", "a", message_id=f"m{chat_id}", created_at=at)
    journal.finish_chat(c, chat, ChatRecord(status="completed"), [answer])


def contents(c: sqlite3.Connection, key: str) -> list[str]:
    return [message.content for message in messages.messages(c, key, limit=100_000)]


def test_an_empty_conversation_takes_all_of_it(c: sqlite3.Connection, key: str) -> None:
    given = [listed("1", 10), listed("2", 11, type_="answer"), listed("3", 20)]
    assert add_missing(c, key, given) == 3
    assert contents(c, key) == ["text 1", "text 2", "text 3"]
    assert add_missing(c, key, given) == 0
    assert add_missing(c, key, []) == 0
    saved = history.conversation(c, key)
    assert saved is not None
    assert saved.updated_at == 1_000
    assert history.conversations(c)[0].key == key, "it is in the list"


def test_the_conversation_becomes_as_young_as_its_last_message(c: sqlite3.Connection, key: str) -> None:
    add_missing(c, key, [listed("1", 5_000), listed("2", 7_000)])
    saved = history.conversation(c, key)
    assert saved is not None
    assert saved.updated_at == 7_000


def test_a_chat_of_ours_is_known_by_its_id_and_by_those_of_its_messages(
    c: sqlite3.Connection, key: str
) -> None:
    own_chat(c, key, "A", 10)
    echo = listed("q", 10, chat="A")
    answer = ServerMessage(SavedMessage("assistant", "answer", "a", message_id="mA", created_at=10))
    assert add_missing(c, key, [echo, answer]) == 0
    without_chat = [listed("q", 10), answer]
    assert add_missing(c, key, without_chat) == 0, "a server that names no chat"


def test_what_lies_between_our_chats_comes_between_them(c: sqlite3.Connection, key: str) -> None:
    own_chat(c, key, "A", 10)
    own_chat(c, key, "B", 50)
    echoes = {name: listed(f"q{name}", 0, chat=name) for name in "AB"}
    given = [listed("0", 5), echoes["A"], listed("1", 20), listed("2", 30), echoes["B"], listed("3", 60)]
    assert add_missing(c, key, given) == 4
    assert contents(c, key) == ["text 0", "own A", "a", "text 1", "text 2", "own B", "a", "text 3"]
    late = [*given[:3], listed("1b", 25), *given[3:]]
    assert add_missing(c, key, late) == 1
    assert contents(c, key)[3:6] == ["text 1", "text 1b", "text 2"]


def test_a_late_recovery_still_stands_before_what_came_after(c: sqlite3.Connection, key: str) -> None:
    own_chat(c, key, "A", 10)
    own_chat(c, key, "B", 50)
    add_missing(c, key, [listed("qA", 10, chat="A"), listed("1", 20), listed("qB", 50, chat="B")])
    (first, *_) = journal.chats(c, key)
    many = [SavedMessage("assistant", "answer", f"late {n}") for n in range(30)]
    journal.finish_chat(c, first.key, ChatRecord(status="completed"), many)
    assert contents(c, key)[1:32] == [*(f"late {n}" for n in range(30)), "text 1"]


def test_what_is_older_than_all_of_ours_comes_first(c: sqlite3.Connection, key: str) -> None:
    own_chat(c, key, "A", 1_000)
    assert add_missing(c, key, [listed("1", 10), listed("2", 20)]) == 2
    assert contents(c, key) == ["text 1", "text 2", "own A", "a"]
    first = messages.messages(c, key)[0]
    assert 0 < first.position < SLOT


def test_an_answer_that_has_come_since_joins_its_question(c: sqlite3.Connection, key: str) -> None:
    question, answer = listed("1", 10, chat="X"), listed("2", 11, chat="X", type_="answer")
    add_missing(c, key, [question])
    add_missing(c, key, [question, answer])
    assert contents(c, key) == ["text 1", "text 2"]
    next_ = listed("3", 20, chat="Y")
    add_missing(c, key, [question, answer, next_])
    between = listed("2b", 12, chat="X", type_="follow_up")
    add_missing(c, key, [question, answer, between, next_])
    assert contents(c, key) == ["text 1", "text 2", "text 2b", "text 3"]


def test_a_question_that_was_missed_comes_before_its_answer(c: sqlite3.Connection, key: str) -> None:
    question, answer = listed("1", 10, chat="X"), listed("2", 11, chat="X", type_="answer")
    add_missing(c, key, [answer])
    add_missing(c, key, [question, answer])
    assert contents(c, key) == ["text 1", "text 2"]


def test_where_no_room_is_left_they_go_to_the_end(c: sqlite3.Connection, key: str) -> None:
    append_messages(
        c, key, [SavedMessage("user", "question", f"text {n}", message_id=str(n)) for n in (1, 3)]
    )
    add_missing(c, key, [listed("1", 0), listed("2", 0), listed("3", 0)])
    assert contents(c, key) == ["text 1", "text 3", "text 2"]


def test_messages_without_an_id_are_known_by_what_they_say(c: sqlite3.Connection, key: str) -> None:
    given = [ServerMessage(SavedMessage("user", "question", "same", created_at=1))]
    assert add_missing(c, key, given) == 1
    assert add_missing(c, key, given) == 0


def test_new_sections_are_drawn_once(c: sqlite3.Connection, key: str) -> None:
    own_chat(c, key, "A", 10)
    given = [
        listed("qA", 10, chat="A", section="s1"),
        listed("1", 20, section="s1"),
        listed("2", 30, section="s2"),
        listed("3", 40),
        listed("4", 50, section="s3"),
    ]
    for _time in range(2):
        add_missing(c, key, given)
        where = {message.position: message.content for message in messages.messages(c, key)}
        assert [(line.section_id, where[line.position]) for line in history.sections(c, key)] == [
            ("s2", "text 2"),
            ("s3", "text 4"),
        ]


_EVENTS = st.lists(
    st.tuples(st.sampled_from(["ours", "theirs", "import"]), st.integers(1, 3)), min_size=1, max_size=12
)


@given(_EVENTS)
def test_whoever_chats_and_whenever_it_is_imported_the_order_is_the_servers(
    events: list[tuple[str, int]],
) -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7402", 0)
    server: list[ServerMessage] = []
    names: list[str] = []
    for who, count in [*events, ("import", 1)]:
        for _ in range(count):
            at, name = 1_000 * len(names) + 1_000, f"c{len(names)}"
            if who == "import":
                add_missing(c, key, server)
                continue
            names.append(name)
            if who == "ours":
                own_chat(c, key, name, at)
                server.append(
                    ServerMessage(SavedMessage("user", "question", "?", message_id=f"q{name}"), name)
                )
            else:
                saved = SavedMessage("user", "question", f"own {name}", message_id=name, created_at=at)
                server.append(ServerMessage(saved, name))
    said = [content for content in contents(c, key) if content != "a"]
    assert said == [f"own {name}" for name in names]
    c.close()
