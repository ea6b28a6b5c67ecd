"""`coze-tui stats`: the history added up, as bars, JSON and CSV."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import sqlite3
import time
from pathlib import Path

import pytest

from coze_tui.store import history, journal
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord
from coze_tui.text.cells import cell_len
from tests.support.commands import Command

DAY = 86_400_000


def fill(c: sqlite3.Connection) -> None:
    """Two bots: 小春 with two chats today and one 40 days ago, another with a failed one today."""
    now = int(time.time() * 1000)
    ours = history.create_conversation(c, "coze.cn", "75", now, bot_name="小春", title="=1+1")
    other = history.create_conversation(c, "coze.com", "76", now, bot_name="Thinker", title="x")
    good = ChatRecord(
        status="completed",
        first_text_us=400_000,
        total_us=2_000_000,
        deltas=5,
        characters=20,
        input_tokens=100,
        output_tokens=20,
        token_count=120,
    )
    for number, (key, bot, at, summary) in enumerate(
        (
            (ours, "75", now - 40 * DAY, good),
            (ours, "75", now, good),
            (ours, "75", now, ChatRecord(status="interrupted", first_text_us=900_000, total_us=1_000_000)),
            (other, "76", now, ChatRecord(status="failed", error_code=4028, error_msg="used\x1b up")),
        )
    ):
        chat = journal.begin_chat(c, key, f"question {number}", bot, at)
        journal.finish_chat(c, chat, summary, ())


@pytest.fixture
def filled(command: Command, environment: dict[str, str]) -> None:
    command("doctor")  # makes the folders

    async def write() -> None:
        database = await Database.open(Path(environment["COZE_TUI_HOME"]) / "data" / "history.db")
        await database.write(fill)
        await database.close()

    asyncio.run(write())


@pytest.mark.usefixtures("filled")
class TestFilled:
    def test_bots_are_bars_of_tokens_with_times_and_failures(self, command: Command) -> None:
        ran = command("stats")
        assert (ran.status, ran.err) == (0, "")
        head, first, second, total, _, *failures = ran.out.splitlines()
        assert head.split() == ["tokens", "chats", "failed", "first", "p50", "p95"]
        assert first.split()[0] == "小春"
        assert "█" in first
        assert first.split()[2:] == ["240", "3", "1", "400", "ms", "900", "ms"]
        assert second.split() == ["Thinker", "0", "1", "1"]
        assert total.split()[:4] == ["sum", "240", "4", "2"]
        assert [line.split()[:2] for line in failures] == [["4028", "1"], ["–", "1"]]
        assert "\x1b" not in ran.out

    def test_a_narrow_terminal_is_not_exceeded(
        self, command: Command, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for columns in (40, 60, 80, 200):
            monkeypatch.setenv("COLUMNS", str(columns))
            lines = command("stats", "--by", "conversation").out.splitlines()
            assert max(map(cell_len, lines[:4])) <= max(columns, 58)

    def test_days_and_conversations(self, command: Command) -> None:
        days = [line for line in command("stats", "--by", "day").out.splitlines() if line[:2] == "20"]
        assert len(days) == 41
        assert "=1+1" in command("stats", "--by", "conversation").out

    @pytest.mark.parametrize("since", ["30d", "0d", "1w", f"{time.strftime('%Y-%m-%d')}"])
    def test_only_from_a_time_on(self, command: Command, since: str) -> None:
        value = json.loads(command("stats", "--json", "--since", since).out)
        assert value["total"]["chats"] == 3

    def test_json_has_every_figure(self, command: Command) -> None:
        value = json.loads(command("stats", "--json", "--since", "1Y").out)
        assert value["by"] == "bot"
        assert value["since_ms"] > 0
        assert [group["label"] for group in value["groups"]] == ["小春", "Thinker"]
        assert value["total"]["tokens"] == 240
        assert value["total"]["failures"] == {"4028": 1}
        assert value["messages"] == {"4028": "used up"}
        assert value["groups"][0]["first_text_p95_us"] == 900_000

    def test_more_conversations_than_the_limit_are_only_counted(self, command: Command) -> None:
        everything = command("stats", "--by", "conversation")
        limited = command("stats", "--by", "conversation", "--limit", "1")
        assert everything.out.splitlines()[:2] == limited.out.splitlines()[:2]
        assert everything.out.splitlines()[3:] == limited.out.splitlines()[2:]  # the sum and the failures
        assert (everything.err, limited.err) == ("", "coze-tui: 1 more; --limit 0 shows all\n")
        assert (
            len(json.loads(command("stats", "--json", "--by", "conversation", "--limit", "1").out)["groups"])
            == 2
        )

    def test_without_a_limit_all_conversations_come_while_they_are_read(self, command: Command) -> None:
        rows = [
            [cell for cell in line.split() if "█" not in cell]
            for option in ("0", "2")
            for line in command("stats", "--by", "conversation", "--limit", option).out.splitlines()
        ]
        assert rows[: len(rows) // 2] == rows[len(rows) // 2 :]
        days = command("stats", "--by", "day", "--limit", "1")
        assert days.out == command("stats", "--by", "day").out

    def test_csv_is_a_line_a_group_and_no_formula(self, command: Command) -> None:
        rows = list(csv.DictReader(io.StringIO(command("stats", "--csv", "--by", "conversation").out)))
        assert [row["label"] for row in rows] == ["'=1+1", "x"]
        assert rows[0]["tokens"] == "240"
        assert rows[1]["failures"] == "4028:1"


def test_without_a_history_there_is_nothing_and_none_is_made(
    command: Command, environment: dict[str, str]
) -> None:
    assert command("stats").out == "No chats in the history.\n"
    assert json.loads(command("stats", "--json").out)["groups"] == []
    assert command("stats", "--csv").out.startswith("key,label,site,chats")
    assert not (Path(environment["COZE_TUI_HOME"]) / "data" / "history.db").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--since", "soon"], "--since"),
        (["--since", "5h"], "--since"),
        (["--since", "2025-13-01"], "--since"),
        (["--since", "99999y"], ""),
        (["--by", "week"], "bot, day, conversation"),
        (["--json", "--csv"], "--csv"),
        (["words"], "is an unexpected argument"),
    ],
)
def test_what_makes_no_sense_is_told(command: Command, options: list[str], words: str) -> None:
    ran = command("stats", *options)
    assert ran.status == (2 if words else 0)
    assert words in ran.err
