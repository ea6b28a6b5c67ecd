"""Fills a store as years of chatting would, and times the store on it beside one of a tenth of the size.

Run `python tests/benchmarks/fill_store.py [FOLDER]`; the filled stores are kept in FOLDER and used again.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from coze_tui.api.objects import Frame
from coze_tui.store import history, journal, messages, records, search
from coze_tui.store.database import Database
from coze_tui.store.packing import line_from_frame
from coze_tui.store.records import SLOT
from coze_tui.store.search import fold_parts
from tests.support.stores import conversation_count

CHINESE = """
    今天 明天 我们 你们 可以 需要 问题 时间 工作 公司 产品 用户 服务 订单 商品 价格 系统 数据 模型 机器 学习
    使用 提供 支持 设置 选择 查看 修改 删除 添加 完成 开始 结束 如果 因为 所以 但是 而且 或者 已经 正在 非常
    比较 一个 这个 那个 什么 怎么 为什么 哪里 谢谢 请问 您好 当然 建议 注意 首先 其次 最后 例如 总之 天气
    旅行 酒店 机票 火车 美食 电影 音乐 运动 健康 医院 学校 老师 学生 考试 作业 代码 函数 变量 接口 北京"""
RARE_CHINESE = "退款 春节 属相 除夕 发票 押金"
ENGLISH = """
    the of and to in is that for with on as this are be from you can use your model data function return value
    error request response server client token stream message event chat bot conversation answer question time
    file test code python should would which when there their about other into more some than then first"""
RARE_ENGLISH = "refund invoice quaternion zeppelin"
_NOW = 1_760_000_000_000
_DAY = 86_400_000


def text_of_length(random_: random.Random, characters: int, *, chinese: bool) -> str:
    """Prose-like text of about this length, with a rare word now and then."""
    words = (CHINESE if chinese else ENGLISH).split()
    rare = (RARE_CHINESE if chinese else RARE_ENGLISH).split()
    pieces: list[str] = []
    length = 0
    while length < characters:
        word = random_.choice(rare if random_.random() < 0.0003 else words)
        end = random_.choice("，。，。、！\n") if random_.random() < 0.15 else ""
        if not chinese:
            word, end = word.capitalize() if end else word, ". " if end else " "
        pieces += (word, end)
        length += len(word) + len(end)
    return "".join(pieces)


def capture_of(random_: random.Random, answer: str) -> tuple[bytes, int]:
    """A packed capture such as the answer would have left, and its number of frames."""
    pieces = [answer[at : at + 4] for at in range(0, len(answer), 4)]
    data = '{{"id":"73{}","role":"assistant","type":"answer","content":"{}","content_type":"text"}}'
    frames = [
        Frame(
            "conversation.message.delta", data.format(random_.randrange(10**15), piece), 400_000 + 20_000 * at
        )
        for at, piece in enumerate(pieces)
    ]
    lines = [line_from_frame(frame) for frame in frames]
    return zlib.compress(b"\n".join(lines), 1), len(lines)


def fill(
    c: sqlite3.Connection,
    conversations: int,
    message_count: int,
    *,
    seed: int = 1,
    captures: bool = False,
    longest: tuple[int, ...] = (),
) -> list[str]:
    """Adds conversations with so many messages in all, 70 % Chinese, and some long ones beside them.

    To be called within a transaction; gives the keys of the long ones.
    """
    random_ = random.Random(seed)
    sizes = [2] * conversations
    for _ in range(max(0, message_count // 2 - conversations)):
        sizes[random_.randrange(conversations)] += 2
    keys = []
    for number, size in enumerate([*sizes, *longest]):
        at = _NOW - (number + 1) * (3 * 365 * _DAY // (len(sizes) + len(longest)))
        title = text_of_length(random_, 12, chinese=random_.random() < 0.7).strip()
        key = history.create_conversation(
            c, "coze.cn", f"74021{random_.randrange(9)}", at, bot_name="小春", title=title
        )
        c.execute("UPDATE conversations SET last_slot = ? WHERE key = ?", (size // 2, key))
        _fill_conversation(c, random_, key, size, at, captures=captures)
        if number >= len(sizes):
            keys.append(key)
    return keys


def _fill_conversation(
    c: sqlite3.Connection, random_: random.Random, key: str, size: int, at: int, *, captures: bool
) -> None:
    first_chat = int(c.execute("SELECT coalesce(max(key), 0) + 1 FROM chats").fetchone()[0])
    first_message = int(c.execute("SELECT coalesce(max(key), 0) + 1 FROM messages").fetchone()[0])
    chats, rows, texts = [], [], []
    for turn in range(size // 2):
        chinese = random_.random() < 0.7
        question = text_of_length(random_, random_.randint(5, 40), chinese=chinese)
        answer = text_of_length(random_, random_.randint(40, 480) if chinese else 400, chinese=chinese)
        chat, slot, sent = first_chat + turn, turn + 1, at + turn * 60_000
        packed, count = capture_of(random_, answer) if captures else (None, 0)
        chats.append((chat, key, slot, "7402", question, sent, 1, "completed", 412_000, count, packed))
        for offset, (role, type_, content) in enumerate(
            (("user", "question", question), ("assistant", "answer", answer))
        ):
            message = first_message + 2 * turn + offset
            rows.append(
                (message, key, slot * SLOT + offset, chat, role, type_, "text", "", "", sent, content, "")
            )
            texts.append((message, fold_parts(content)))
    c.executemany(
        """INSERT INTO chats (key, conversation, slot, bot_id, question, sent_at, is_final, status,
                              first_text_us, frame_count, capture)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        chats,
    )
    c.executemany(
        """INSERT INTO messages (key, conversation, position, chat, role, type, content_type, message_id,
                                 name, created_at, content, reasoning)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)""",
        rows,
    )
    c.executemany("INSERT INTO texts (message, folded) VALUES (?, ?)", texts)
    search.index_texts(c, texts)


async def filled(path: Path, conversations: int, message_count: int, *, captures: bool = False) -> Database:
    """A store of this size; made only if it is not there yet."""
    database = await Database.open(path)
    if not await database.run(conversation_count):
        longest = tuple(size for size in (2_000, 20_000, 100_000) if size <= message_count // 5)
        await database.write(
            lambda c: fill(c, conversations, message_count, captures=captures, longest=longest)
        )
    return database


def timings(c: sqlite3.Connection) -> Iterator[tuple[str, float, int]]:
    """What is timed, the median in milliseconds, and how many rows came."""
    longest = c.execute(
        "SELECT conversation, count(*) FROM messages GROUP BY conversation ORDER BY 2 DESC LIMIT 2"
    ).fetchall()
    page = history.conversations(c, limit=100)
    yield "history: the first page of 100", *timed(lambda: history.conversations(c, limit=100))
    yield "history: the next page", *timed(lambda: history.conversations(c, limit=100, before=page[-1]))
    yield "history: all", *timed(lambda: history.conversations(c, limit=1_000_000))
    yield "history: filter 北京", *timed(lambda: history.conversations(c, filter="北京", limit=100))
    for key, size in longest:
        last = messages.messages(c, key, limit=50)
        at_end = partial(messages.messages, c, key, limit=50)
        yield f"open at the end, of {size}: 50", *timed(at_end)
        yield f"older, of {size}: 50", *timed(partial(at_end, before=last[0].position))
        yield f"find 退款, of {size}", *timed(partial(search.find_in_conversation, c, key, "退款"))
    for text in ("退款", "学习", "款", "我们可以", "refund", "fun", "quaternion", "therein", "不存在", "%_"):
        yield f"search {text}", *timed(partial(search.search, c, text))


def timed(function: Callable[[], tuple[object, ...]], times: int = 7) -> tuple[float, int]:
    """The median of several runs in milliseconds, and the number of rows."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        rows = function()
        spent.append((time.perf_counter() - start) * 1000)
    return statistics.median(spent), len(rows)


async def write_timings(database: Database) -> list[tuple[str, float, int]]:
    """What a live chat costs, in milliseconds: a delta alone, one while somebody searches, and the end."""
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", _NOW))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "计时", "7402", _NOW))
    data = '{"id":"7402","role":"assistant","type":"answer","content":"你好世界","content_type":"text"}'
    spent: dict[bool, list[float]] = {False: [], True: []}
    for number in range(1, 401):
        is_searching = number > 200
        reading = (
            asyncio.ensure_future(database.read(lambda c: search.search(c, "%_"))) if is_searching else None
        )
        frame = Frame("conversation.message.delta", data, number)
        start = time.perf_counter()
        await database.write(partial(journal.append_frames, chat=chat, first_number=number, frames=[frame]))
        spent[is_searching].append((time.perf_counter() - start) * 1000)
        if reading is not None and not reading.done():
            reading.cancel()
    await database.write(partial(journal.append_frames, chat=chat, first_number=401, frames=[frame] * 1_600))
    answer = records.SavedMessage("assistant", "answer", "你好世界" * 2_000)
    start = time.perf_counter()
    await database.write(
        lambda c: journal.finish_chat(c, chat, records.ChatRecord(status="completed"), [answer])
    )
    finished = (time.perf_counter() - start) * 1000
    await database.write(lambda c: history.purge(c, key))
    return [
        ("append a frame", statistics.median(spent[False]), 200),
        ("append a frame, p95", statistics.quantiles(spent[False], n=20)[-1], 200),
        ("append a frame during searches", statistics.median(spent[True]), 200),
        ("append a frame during searches, p95", statistics.quantiles(spent[True], n=20)[-1], 200),
        ("finish a chat", finished, 2_000),
    ]


async def main() -> None:
    """Fills both stores and prints their times side by side."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="coze-tui-benchmark-"))
    columns = []
    for name, conversations, message_count in (("tenth", 500, 10_000), ("whole", 5_000, 100_000)):
        start = time.perf_counter()
        path = folder / name / "store.db"
        database = await filled(path, conversations, message_count)
        filled_in = time.perf_counter() - start
        await database.close()
        start = time.perf_counter()
        database = await Database.open(path)
        opened_in = (time.perf_counter() - start) * 1000
        columns.append(
            [
                ("file, MB", path.stat().st_size / 1e6, message_count),
                ("filled, s", filled_in, conversations),
                ("open the store", opened_in, 0),
                *await database.read(lambda c: list(timings(c))),
                *await write_timings(database),
            ]
        )
        await database.close()
    print(f"{'ms unless said':38}{'a tenth':>10}{'rows':>8}{'whole':>10}{'rows':>8}")
    for (_, small, few), (name, large, many) in zip(*columns, strict=False):
        print(f"{name:38}{small:10.2f}{few:8}{large:10.2f}{many:8}")


if __name__ == "__main__":
    asyncio.run(main())
