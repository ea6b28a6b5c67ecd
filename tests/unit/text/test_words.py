"""Words: the steps of the keys that move or delete by words."""

from __future__ import annotations

import pytest

from coze_tui.text.words import word_left, word_right, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("今天天气很好，我们去公园玩吧", "今天|天气|很|好|，|我们|去|公园|玩|吧"),
        ("请问2025年春节是哪一天？", "请问|2025|年|春节|是|哪|一|天|？"),
        ("用Python写一个网页", "用|Python|写|一个|网页"),
        ("请把文件发给我", "请|把|文件|发|给|我"),
        ("don't, stop_it now", "don|'|t|,|stop_it|now"),
        ("東京タワーへ行きました", "東京|タワー|へ|行|きました"),
        ("हिन्दी में नमस्ते।", "हिन्दी|में|नमस्ते|।"),
        ("தமிழ் வணக்கம்", "தமிழ்|வணக்கம்"),
        ("한국어 좋아요", "한국어|좋아요"),
        ("  \t ", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_text(text: str, found: str) -> None:
    assert "|".join(text[start:end] for start, end in words(text)) == found


@pytest.mark.parametrize(
    "text", ["今天天气很好，我们去公园玩吧", "a b，有的人 हिन्दी 葛\U000e0100城市 한국 👍🏽👨‍👩‍👧 x"]
)
def test_steps_cover_the_text_in_both_directions(text: str) -> None:
    starts, at = [], len(text)
    while at:
        at = word_left(text, at)
        starts.append(at)
    ends, at = [], 0
    while at < len(text):
        at = word_right(text, at)
        ends.append(at)
    spans = list(words(text))
    assert starts[::-1] == [start for start, _end in spans]
    assert ends == [end for _start, end in spans]
    assert [*starts, *ends] == [*sorted(starts, reverse=True), *sorted(ends)]


def test_no_step_takes_a_whole_clause_of_chinese() -> None:
    clause = "人工智能技术正在迅速改变我们的日常生活方式"
    assert all(end - start <= 2 for start, end in words(clause))


def test_a_place_inside_of_a_word_steps_to_its_ends() -> None:
    assert word_left("hello world", 8) == 6
    assert word_right("hello world", 8) == 11
    assert word_left("   ", 2) == 0
    assert word_right("a   ", 1) == 4
