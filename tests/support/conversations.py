"""Conversations as a store holds them: one to look at, and any at all."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import replace

from hypothesis import strategies as st

from coze_tui.api.objects import Frame
from coze_tui.engine.analysis.player import Player
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.turn_replay import past_turn
from coze_tui.engine.session.recorder import ended_record, messages_of
from coze_tui.exports.exporting import FORMATS, files_from
from coze_tui.store import archive, history, journal
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.records import ChatRecord, SavedMessage
from tests.support.stores import append_messages, empty_store, taken

SENT_AT = 1_738_058_529_000
"""2025-01-28 10:02:09 UTC."""

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=20)
HOSTILE_TEXT = (
    st.lists(
        st.sampled_from("a1<>&\"'`#*_|\\[](){}!/:; \n\t\r\0\x1b\u202e\u200b\u2028\ud83d\ude00你😀")
        | st.sampled_from(
            [
                "<script>",
                "]]>",
                "</style>",
                "<!--",
                "javascript:",
                "```",
                "~~~",
                "https://x",
                "|-|-|",
                "<b>",
                "</b>",
                "<a href=https://x>",
            ]
        )
        | st.sampled_from(
            [
                "</a>",
                "<br>",
                "<sub>",
                "</sub>",
                "> [!NOTE]\n",
                "[^1]: ",
                "[^1]",
                "<details>\n",
                "www.x.y",
                "**",
            ]
        ),
        max_size=20,
    ).map("".join)
    | ANY_TEXT
)
NUMBERS = st.integers(0, 2**40)
ANY_FRAMES = st.lists(st.builds(Frame, ANY_TEXT, ANY_TEXT, NUMBERS, ANY_TEXT), max_size=5)
ANY_MESSAGES = st.lists(
    st.builds(
        SavedMessage,
        st.sampled_from(["user", "assistant", "?"]),
        st.sampled_from(["answer", "function_call", "tool_response", "knowledge", "follow_up", "odd"]),
        HOSTILE_TEXT,
        HOSTILE_TEXT,
        HOSTILE_TEXT,
        created_at=NUMBERS,
        message_id=ANY_TEXT,
    ),
    max_size=4,
)
ANY_SUMMARY = st.builds(
    ChatRecord,
    st.sampled_from(["completed", "failed", "interrupted", "canceled", "odd"]),
    *[NUMBERS] * 7,
    st.integers(0, 5000),
    HOSTILE_TEXT,
)


@st.composite
def any_conversation(draw: st.DrawFn) -> ConversationArchive:
    """Whatever a store can hold, taken out of one."""
    c = empty_store()
    key = history.create_conversation(
        c, draw(HOSTILE_TEXT), draw(HOSTILE_TEXT), draw(NUMBERS), bot_name=draw(HOSTILE_TEXT)
    )
    for _ in range(draw(st.integers(0, 3))):
        match draw(st.sampled_from(["chat", "running", "section", "messages", "titled"])):
            case "chat" | "running" as kind:
                chat = journal.begin_chat(c, key, draw(HOSTILE_TEXT), draw(ANY_TEXT), draw(NUMBERS))
                journal.append_frames(c, chat, 1, draw(ANY_FRAMES))
                journal.note_ids(
                    c, chat, chat_id=draw(ANY_TEXT), section_id=draw(ANY_TEXT), logid=draw(ANY_TEXT)
                )
                if kind == "chat":
                    journal.finish_chat(c, chat, draw(ANY_SUMMARY), draw(ANY_MESSAGES))
            case "section":
                history.add_section(c, key, draw(ANY_TEXT), draw(NUMBERS))
            case "messages":
                append_messages(c, key, draw(ANY_MESSAGES))
            case _:
                history.rename(c, key, draw(HOSTILE_TEXT))
                history.pin(c, key)
                history.set_queue(c, key, draw(st.lists(ANY_TEXT, max_size=2)))
                history.set_draft(c, key, draw(ANY_TEXT))
    archived = taken(c, key)
    c.close()
    return archived


def message(kind: str, content: str, **more: str) -> str:
    data = {"id": f"m-{kind}", "role": "assistant", "type": kind, "content": content, "content_type": "text"}
    return json.dumps({**data, **more}, ensure_ascii=False)


def spring_frames(
    *, answer: str = "2025 年春节是 **1 月 29 日**，星期三。", chat_id: str = "7402"
) -> list[Frame]:
    """A chat with everything: thinking, a tool, an answer in deltas, follow-ups, usage."""
    chat = {"id": chat_id, "conversation_id": "3342", "section_id": "51", "bot_id": "7511"}
    usage = {"token_count": 432, "output_count": 312, "input_count": 120}
    call = {"name": "calendar-lookup", "arguments": {"query": "2025 春节"}}
    frames = [
        Frame("conversation.chat.created", json.dumps({**chat, "status": "created"}), 84_000),
        Frame("conversation.chat.in_progress", json.dumps({**chat, "status": "in_progress"}), 90_000),
    ]
    frames += [
        Frame(
            "conversation.message.delta",
            message("answer", "", reasoning_content=piece, id="m-thought"),
            118_000 + 9_000 * n,
        )
        for n, piece in enumerate(["先查", "日历", "，再", "回答。"])
    ]
    frames += [
        Frame("conversation.message.completed", message("function_call", json.dumps(call)), 210_000),
        Frame("conversation.message.completed", message("tool_response", '{"date":"2025-01-29"}'), 370_000),
    ]
    frames += [
        Frame("conversation.message.delta", message("answer", piece), 412_000 + 6_000 * n)
        for n, piece in enumerate(answer)
    ]
    last = 412_000 + 6_000 * len(answer)
    frames += [
        Frame("conversation.message.completed", message("answer", answer), last),
        Frame("conversation.message.completed", message("follow_up", "除夕放假吗？"), last + 90_000),
        Frame("conversation.message.completed", message("follow_up", "属相是什么？"), last + 120_000),
        Frame(
            "conversation.chat.completed",
            json.dumps({**chat, "status": "completed", "usage": usage}),
            last + 140_000,
        ),
        Frame("done", '"[DONE]"', last + 141_000),
    ]
    return frames


def add_chat(
    c: sqlite3.Connection, key: str, question: str, frames: list[Frame], sent_at: int = SENT_AT
) -> int:
    """A chat as the engine writes it."""
    turn = past_turn(frames)
    chat = journal.begin_chat(c, key, question, "7511", sent_at)
    journal.append_frames(c, chat, 1, frames)
    state = turn.state
    journal.note_ids(
        c,
        chat,
        chat_id=state.chat_id,
        conversation_id=state.conversation_id,
        section_id=state.section_id,
        logid="202501281002094F2A",
    )
    summary = ended_record(turn.figures, turn.outcome, turn.figures.error, turn.timeline.total_us)
    journal.finish_chat(c, chat, summary, messages_of(state, sent_at))
    return chat


def add_spring(c: sqlite3.Connection) -> str:
    """A conversation about the spring festival with two chats; its key."""
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT, bot_name="小春")
    add_chat(c, key, "2025年春节是哪一天", spring_frames())
    add_chat(
        c, key, "那<b>元宵</b>呢？", spring_frames(answer="2 月 12 日。", chat_id="7403"), SENT_AT + 60_000
    )
    return key


def spring() -> ConversationArchive:
    """That conversation, taken out."""
    c = empty_store()
    archived = taken(c, add_spring(c))
    c.close()
    return archived


def replayed(
    archived: ConversationArchive, played: Mapping[int, tuple[Player, TurnFigures]]
) -> ConversationArchive:
    """The conversation as it is when all that its chats came to is taken from players at their end.

    Args:
        played: by the chat's key, with what the player's feed came to.
    """
    chats: list[ChatRecord] = []
    said: list[SavedMessage] = []
    captures = {}
    for chat in archived.chats:
        player, figures = played[chat.key]
        record, state = player.record, player.state
        assert figures.outcome is not None
        known = replace(
            chat,
            chat_id=state.chat_id,
            section_id=state.section_id,
            bot_id=record.bot_id,
            logid=figures.logid,
            question=record.question,
            sent_at=record.sent_at,
        )
        chats.append(ended_record(figures, figures.outcome, figures.error, figures.total_us or 0, known))
        asked = SavedMessage(
            "user", "question", record.question, name=record.files, content_type=record.content_type
        )
        found = [replace(asked, created_at=record.sent_at), *messages_of(state, record.sent_at)]
        places = [place for place in archived.messages if place.chat == chat.key]
        for message, place in zip(found, places, strict=True):
            here = replace(message, key=place.key, conversation=place.conversation)
            said.append(replace(here, chat=place.chat, position=place.position))
        packed = archive.pack(player.frames)
        if packed is not None:
            captures[chat.key] = packed
    again = replace(archived, chats=tuple(chats), messages=tuple(said), packed_frames=captures)
    c = empty_store()
    archive.put(c, again)  # where NUL and surrogates are folded
    kept = taken(c, archived.conversation.key)
    c.close()
    return kept


def export_bytes(archived: ConversationArchive) -> dict[str, bytes]:
    """All that a conversation can be exported as, by the name of the file."""
    return {name: b"".join(pieces) for form in FORMATS for name, pieces in files_from(archived, form)}
