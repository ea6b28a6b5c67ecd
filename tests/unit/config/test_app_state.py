"""What the program remembers by itself."""

from __future__ import annotations

import json
import stat
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import pytest

from coze_tui.config.app_state import RECENT_BOTS, AppState, AppStateFile, bot_key
from coze_tui.errors import StoreError

CN = "https://api.coze.cn"


@pytest.fixture
def memory(tmp_path: Path) -> AppStateFile:
    return AppStateFile(tmp_path / "state" / "remembered.json")


def test_nothing_is_remembered_at_first_and_nothing_made(memory: AppStateFile) -> None:
    assert memory.read() == AppState()
    assert not memory.path.parent.exists()


def test_everything_comes_back(memory: AppStateFile) -> None:
    memory.choose("theme", "coze-light")
    memory.use_site("work", CN)
    memory.use_bot("work", CN, "1", "小春")
    memory.ask_in(CN, "1", "88")
    assert memory.read() == AppState(
        chosen={"theme": "coze-light"},
        sites={"work": CN},
        last_bots={bot_key("work", CN): "1"},
        recent_bots={bot_key("1", CN): "小春"},
        last_asked={bot_key("1", CN): "88"},
    )


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_the_file_is_private(memory: AppStateFile) -> None:
    memory.choose("theme", "ansi")
    assert stat.S_IMODE(memory.path.stat().st_mode) == 0o600


def test_the_user_id_is_made_up_once(memory: AppStateFile) -> None:
    first = memory.with_user_id().user_id
    assert first.startswith("coze-tui-")
    assert memory.with_user_id().user_id == first
    assert AppStateFile(memory.path).read().user_id == first


def test_two_people_get_two_user_ids(memory: AppStateFile, tmp_path: Path) -> None:
    assert memory.with_user_id().user_id != AppStateFile(tmp_path / "other.json").with_user_id().user_id


def test_a_place_that_cannot_be_written_still_gives_a_user_id(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = AppStateFile(tmp_path / "file" / "remembered.json")
    assert memory.with_user_id().user_id
    with pytest.raises(StoreError) as caught:
        memory.choose("theme", "ansi")
    assert caught.value.path == str(memory.path)


def test_recent_bots_are_few_and_the_latest_is_last(memory: AppStateFile) -> None:
    for number in range(RECENT_BOTS + 5):
        memory.use_bot("default", CN, str(number), f"bot {number}")
    memory.use_bot("default", CN, "7")
    recent = memory.read().recent_bots
    assert len(recent) == RECENT_BOTS
    assert list(recent.items())[-1] == (bot_key("7", CN), "bot 7")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"\xff", b'{"chosen": 5, "user_id": []}', b'{"chosen": {"theme": 1}}', b"[" * 50_000],
)
def test_a_damaged_file_is_as_good_as_none(memory: AppStateFile, content: bytes) -> None:
    memory.path.parent.mkdir()
    memory.path.write_bytes(content)
    assert memory.read() == AppState()
    assert memory.choose("theme", "ansi").chosen == {"theme": "ansi"}


def test_what_a_newer_version_added_does_no_harm(memory: AppStateFile) -> None:
    memory.path.parent.mkdir()
    memory.path.write_text(json.dumps({**asdict(AppState(user_id="me")), "future": {"a": 1}}))
    assert memory.read() == AppState(user_id="me")


def test_changes_of_two_programs_are_both_kept(memory: AppStateFile) -> None:
    def change(profile: str) -> None:
        for _ in range(20):
            AppStateFile(memory.path).use_site(profile, CN)

    threads = [threading.Thread(target=change, args=(f"profile{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert set(memory.read().sites) == {f"profile{number}" for number in range(4)}
