"""Chats added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from coze_tui.engine.analysis.statistics import day_of, days_ago_ms
from coze_tui.engine.model.records import ChatRecord
from coze_tui.store.totals import Grouping
from tests.support.stores import statistics_of

ONE = ChatRecord(
    conversation="k1",
    title="春节",
    site="coze.cn",
    bot_id="7402",
    bot_name="小春",
    is_final=True,
    status="completed",
    first_text_us=400_000,
    total_us=2_000_000,
    deltas=200,
    characters=500,
    input_tokens=100,
    output_tokens=300,
    token_count=400,
)


def at(year: int, month: int, day: int, hour: int = 12) -> int:
    return int(datetime(year, month, day, hour).timestamp() * 1000)  # noqa: DTZ001 the person's own day


def test_nothing_adds_up_to_nothing() -> None:
    nothing = statistics_of([])
    assert nothing.groups == ()
    assert (nothing.total.chats, nothing.total.tokens, nothing.total.first_text_p95_us) == (0, 0, 0)


def test_tokens_and_times_are_added_up_by_bot() -> None:
    found = statistics_of(
        [
            replace(ONE, sent_at=1),
            replace(ONE, sent_at=2, conversation="k2", bot_id="7403", bot_name="", token_count=5_000),
            replace(
                ONE,
                sent_at=3,
                first_text_us=900_000,
                total_us=9_000_000,
                conversation="k3",
                bot_name="小春 2",
            ),
        ]
    )
    assert [(group.key, group.label, group.chats, group.tokens) for group in found.groups] == [
        ("7403", "7403", 1, 5_000),
        ("7402", "小春 2", 2, 800),
    ]
    bot = found.groups[1]
    assert (bot.first_text_p50_us, bot.first_text_p95_us) == (400_000, 900_000)
    assert (bot.total_p50_us, bot.total_p95_us) == (2_000_000, 9_000_000)
    assert (found.total.chats, found.total.tokens) == (3, 5_800)


def test_tokens_are_the_sum_of_both_where_no_count_was_told() -> None:
    assert statistics_of([replace(ONE, token_count=0)]).total.tokens == 400


def test_failures_are_counted_by_code() -> None:
    failed = replace(ONE, status="failed", error_code=4028, error_msg="no\nquota", first_text_us=0)
    found = statistics_of(
        [failed, replace(failed, error_code=0, error_msg=""), failed, replace(ONE, status="interrupted")]
    )
    total = found.total
    assert total.failures == ((4028, 2), (0, 1))
    assert (total.failed, total.interrupted, total.completed) == (3, 1, 0)
    assert found.messages == ((4028, "no quota"),)
    assert total.total_p50_us == 0


def test_days_are_shown_without_gaps() -> None:
    found = statistics_of(
        [replace(ONE, sent_at=at(2025, 1, 28, 0)), replace(ONE, sent_at=at(2025, 1, 30, 23))], "day"
    )
    assert [(group.key, group.chats) for group in found.groups] == [
        ("2025-01-28", 1),
        ("2025-01-29", 0),
        ("2025-01-30", 1),
    ]


def test_a_time_that_is_none_is_a_day_without_a_name() -> None:
    assert day_of(1 << 62) == ""
    found = statistics_of([replace(ONE, sent_at=at(2025, 1, 28)), replace(ONE, sent_at=1 << 61)], "day")
    assert [group.key for group in found.groups] == ["", "2025-01-28"]


def test_a_day_begins_at_midnight() -> None:
    now = at(2025, 3, 10, 15)
    assert days_ago_ms(now, 0) == at(2025, 3, 10, 0)
    assert day_of(days_ago_ms(now, 7)) == "2025-03-03"


CHATS = st.lists(
    st.builds(
        replace,
        st.just(ONE),
        sent_at=st.integers(0, 4_000_000_000_000),
        conversation=st.sampled_from("abc"),
        status=st.sampled_from(["completed", "failed", "canceled", "interrupted", "odd"]),
        token_count=st.integers(0, 10_000),
        first_text_us=st.integers(0, 10_000_000),
    )
)


@given(CHATS, st.sampled_from(["bot", "day", "conversation"]))
def test_the_groups_add_up_to_the_total(chats: list[ChatRecord], by: str) -> None:
    found = statistics_of(sorted(chats, key=lambda chat: chat.sent_at), by)  # type: ignore[arg-type]  # one of them
    assert sum(group.chats for group in found.groups) == found.total.chats == len(chats)
    assert sum(group.tokens for group in found.groups) == found.total.tokens
    assert sum(count for _code, count in found.total.failures) == found.total.failed


def test_every_label_is_clean_also_where_it_is_the_key() -> None:
    [group] = statistics_of([replace(ONE, bot_id="7\x1b[2J\n8", bot_name="", conversation="k4")]).groups
    assert group.label.isprintable()


def test_numbers_that_no_bot_has_reached_do_not_stop_the_statistics() -> None:
    most = 2**63 - 1
    odd = replace(ONE, token_count=most, input_tokens=most, output_tokens=most)
    by: Grouping
    for by in ("bot", "day", "conversation"):
        found = statistics_of([odd, odd, ONE], by)
        assert found.total.chats == 3
        assert found.total.tokens > 1 << 40


def test_many_chats_are_read_in_pieces() -> None:
    times = [100_000 + number for number in range(20_000)]
    found = statistics_of(replace(ONE, first_text_us=time) for time in times)
    assert found.total.first_text_p50_us == times[9_999]
    assert found.total.first_text_p95_us == times[18_999]
