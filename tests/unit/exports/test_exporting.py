"""Conversations as files."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from coze_tui.config.secure_files import write_new
from coze_tui.errors import FileError, StoreError
from coze_tui.exports import exporting
from coze_tui.exports.exporting import FORMATS, Exports
from coze_tui.store import archive, forks, history
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database
from tests.support.conversations import add_spring


async def test_each_form_gives_its_files(database: Database, tmp_path: Path) -> None:
    key = await database.write(add_spring)
    folder = tmp_path / "out"
    for form in FORMATS:
        await Exports(database).export(None, form, folder)
    stem = f"2025-01-28 2025年春节是哪一天 {key}"
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [f"{stem}.md", f"{stem}.html", f"{stem}.jsonl", f"{stem} 01.sse", f"{stem} 02.sse"]
    )
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


async def test_an_export_never_takes_the_place_of_a_file_unasked(database: Database, tmp_path: Path) -> None:
    key = await database.write(add_spring)
    exports = Exports(database)
    [first] = await exports.export([key], "md", tmp_path)
    [second] = await exports.export([key], "md", tmp_path)
    assert second.name == f"{first.stem} (2).md"
    replaced = [each.paths async for each in exports.export_each([key], "md", tmp_path, replace=True)]
    assert replaced == [(first,)]
    assert {*tmp_path.glob("*.md")} == {first, second}


async def test_all_are_those_of_the_list_and_what_is_gone_is_left_out(
    database: Database, tmp_path: Path
) -> None:
    keys = [await database.write(add_spring) for _ in range(3)]
    await database.write(lambda c: history.delete(c, keys[1], 1))
    await database.write(lambda c: history.create_conversation(c, "coze.cn", "7511", 1))
    assert set(await Exports(database).keys()) == {keys[0], keys[2]}
    assert await Exports(database).export(["nothing"], "md", tmp_path) == []


async def test_a_folder_that_cannot_be_written_to_is_said(database: Database, tmp_path: Path) -> None:
    key = await database.write(add_spring)
    (tmp_path / "file").touch()
    with pytest.raises(FileError) as caught:
        await Exports(database).export([key], "md", tmp_path / "file")
    assert caught.value.reason == "unwritable"


async def test_frames_that_cannot_be_read_leave_no_half_file(database: Database, tmp_path: Path) -> None:
    key = await database.write(add_spring)

    def damage(c: sqlite3.Connection) -> None:
        c.execute("UPDATE chats SET capture = zeroblob(9)")

    await database.write(damage)
    for form in set(FORMATS) - {"md"}:  # which needs no frames
        with pytest.raises(StoreError) as caught:
            await Exports(database).export([key], form, tmp_path / "out")
        assert caught.value.kind == "damaged"
        assert not list((tmp_path / "out").iterdir())
    assert await Exports(database).export([key], "md", tmp_path / "out")


async def test_one_conversation_that_cannot_be_read_does_not_stop_the_others(
    database: Database, tmp_path: Path
) -> None:
    first = await database.write(add_spring)
    second = await database.write(lambda c: forks.fork(c, first, last_message(c, first), 5))
    await database.write(
        lambda c: c.execute("UPDATE chats SET capture = zeroblob(9) WHERE conversation = ?", (first,))
    )
    results = [
        each async for each in Exports(database).export_each([first, second, "gone"], "html", tmp_path)
    ]
    assert [each.key for each in results] == [first, second, "gone"]
    assert [type(each.error) for each in results] == [StoreError, type(None), type(None)]
    assert [len(each.paths) for each in results] == [0, 1, 0]


@pytest.mark.parametrize("is_large", [False, True])
async def test_what_is_large_is_written_before_more_is_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_large: bool
) -> None:
    keys = [await database.write(add_spring) for _ in range(3)]
    read, reads_at_a_write = list[str](), list[int]()
    take = archive.take
    next_is_read = threading.Event()

    def reading(c: sqlite3.Connection, key: str) -> ConversationArchive | None:
        read.append(key)
        if len(read) > 1:
            next_is_read.set()
        return take(c, key)

    def writing(path: Path, pieces: Iterable[bytes], *, replace: bool = False) -> Path:
        if not is_large:  # the next one is read meanwhile
            assert next_is_read.wait(20)
        reads_at_a_write.append(len(read))
        return write_new(path, pieces, replace=replace)

    monkeypatch.setattr(archive, "take", reading)
    monkeypatch.setattr(exporting, "write_new", writing)
    monkeypatch.setattr(exporting, "MESSAGES_AT_ONCE", 0)  # each is read by itself
    monkeypatch.setattr(exporting, "LARGE", 0 if is_large else 1_000)
    assert len(await Exports(database).export(keys, "md", tmp_path)) == 3
    assert read == keys
    if is_large:
        assert reads_at_a_write == [1, 2, 3]
    else:
        assert reads_at_a_write[0] > 1


def last_message(c: sqlite3.Connection, key: str) -> int:
    return int(c.execute("SELECT max(key) FROM messages WHERE conversation = ?", (key,)).fetchone()[0])
