"""The page stands alone, is well formed, and nothing that was said can do anything in it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.config.addresses import COZE_COM
from coze_tui.engine.analysis.frames_table import InspectedChat
from coze_tui.engine.model.records import ChatRecord
from coze_tui.exports.describe import Clock
from coze_tui.exports.html import MarkdownRenderer, code, data
from coze_tui.exports.page import DARK, LIGHT, page_from, style_sheet
from coze_tui.render import palette
from coze_tui.report.figures_text import figure_facts
from coze_tui.store import history, journal
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.records import SavedMessage
from coze_tui.text.i18n import use_language
from tests.support.conversations import (
    HOSTILE_TEXT,
    SENT_AT,
    add_chat,
    any_conversation,
    message,
    spring,
    spring_frames,
)
from tests.support.samples import STREAMS
from tests.support.stores import append_messages, empty_store, taken

VOID = {"meta", "br", "hr", "img", "rect", "line", "path"}
TAGS = {
    *VOID, "html", "head", "title", "style", "body", "header", "main", "footer", "article", "section", "h1",
    "h2", "h3", "h4", "h5", "h6", "p", "div", "span", "strong", "em", "s", "b", "a", "code", "pre", "figure",
    "figcaption", "ul", "ol", "li", "blockquote", "dl", "dt", "dd", "details", "summary", "table", "thead",
    "tbody", "tr", "th", "td", "svg", "text", "sub", "sup", "u", "mark",
}  # fmt: skip
ATTRIBUTES = {
    "lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "title", "rel", "open",
    "start", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "rx", "d", "transform", "viewbox",
    "preserveaspectratio", "text-anchor", "role", "src", "alt", "aria-label", "aria-hidden",
}  # fmt: skip
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200e\u200f\ud800-\udfff]")


class Checked(HTMLParser):
    """Fails where a tag is not closed, not known, or carries what could act."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            if name == "href":
                assert re.match(r"(?i)(https?://|mailto:)", value or ""), value
                self.links.append(value or "")
            if name == "src":
                assert re.match(r"data:image/", value or ""), value
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        assert tag in VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)


def checked(html: str) -> Checked:
    parser = Checked()
    parser.feed(html)
    parser.close()
    assert parser.open == []
    assert not HIDDEN.search(html)
    return parser


def page_of(archived: ConversationArchive) -> str:
    return "".join(page_from(archived, Clock(UTC)))


@given(any_conversation())
def test_any_conversation_is_a_well_formed_page_in_which_nothing_acts(archived: ConversationArchive) -> None:
    checked(page_of(archived))


@given(HOSTILE_TEXT, st.sampled_from(["", "python", "html", "c++", "<b>", "no such"]))
def test_any_answer_and_any_code_are_well_formed(hostile: str, language: str) -> None:
    checked(MarkdownRenderer().html(hostile))
    checked(MarkdownRenderer().html(f"```{language}\n{hostile}\n```\n| a |\n|--:|\n| {hostile} |\n"))
    checked(code(hostile, language))
    checked(data(hostile))


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "]]><script>alert(1)</script>",
        "</style></title><img src=x onerror=alert(1)>",
        '"><svg onload=alert(1)>',
        "' onmouseover='alert(1)",
        "[x](javascript:alert(1)) [x](data:text/html,x) [x](vbscript:x) [x](file:///etc/passwd)",
        "![x](javascript:alert(1))",
        "<https://x/\u202egpj.exe>",
        '[a](https://x/"onclick="alert(1))',
        '![a](https://x/ "onerror=alert(1)")',
        "<!-- comment -->",
        "&lt;script&gt; &#x3c;script&#x3e;",
    ],
)
def test_hostile_text_is_text_wherever_it_stands(hostile: str) -> None:
    c = empty_store()
    key = history.create_conversation(c, hostile, hostile, SENT_AT, bot_name=hostile, title=hostile)
    frames = [
        *spring_frames(answer=hostile),
        Frame(hostile.replace("\n", ""), hostile, 900_000, hostile),
    ]
    add_chat(c, key, hostile, frames)
    chat = journal.begin_chat(c, key, hostile, hostile, SENT_AT)
    tool = SavedMessage("assistant", "function_call", hostile, name=hostile)
    given_back = SavedMessage("assistant", "tool_response", hostile)
    journal.finish_chat(
        c, chat, ChatRecord(status="failed", error_code=4000, error_msg=hostile), [tool, given_back]
    )
    journal.note_ids(c, chat, chat_id=hostile, section_id=hostile, logid=hostile)
    page = checked(page_of(taken(c, key)))
    assert "script>" not in page_of(taken(c, key)).lower().replace("script&gt;", "")
    assert any("x" in words or "comment" in words or "script" in words for words in page.words)


def test_the_page_fetches_nothing_and_forbids_everything_else() -> None:
    html = page_of(spring())
    assert not re.search(r"(?i)<(script|link|img|iframe|object|embed|base|form|input)\b|url\(|@import", html)
    assert not re.search(r"\s(on\w+|style|src)=", html)
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    [style] = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def shown(html: str) -> str:
    return " ".join(" ".join(checked(html).words).split())


def test_everything_that_was_said_and_happened_is_in_it() -> None:
    text = shown(page_of(spring()))
    for expected in (
        "2025年春节是哪一天",
        "小春 (7511)",
        "coze.cn",
        "2025-01-28 10:02:09",
        "那<b>元宵</b>呢？",
        "715 ms · first text 412 ms · tokens 120 in, 312 out",
        "先查日历，再回答。",
        "calendar-lookup",
        '"query"',
        "除夕放假吗？",
        "thinking",
        "answering",
        "settling",
        "follow-ups",
        "chat 7402",
        "logid 202501281002094F2A",
        "delta ×27",
        "conversation.message.delta",
    ):
        assert expected in text, expected


def test_a_failed_a_stopped_and_a_cut_chat_say_so() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    for summary in (
        ChatRecord(status="failed", error_code=4028, error_msg="quota"),
        ChatRecord(status="failed", error_code=4100, error_msg="no"),
        ChatRecord(status="canceled"),
        ChatRecord(status="interrupted"),
        ChatRecord(status="requires_action"),
    ):
        journal.finish_chat(c, journal.begin_chat(c, key, "?", "7511", SENT_AT), summary, [])
    text = shown(page_of(taken(c, key)))
    for expected in (
        "failed: the free calls of this account are used up (error 4028)",
        COZE_COM,
        "stopped",
        "cut off",
        "needs tool output",
    ):
        assert expected in text


def test_a_cleared_context_and_messages_without_a_chat_are_shown() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    append_messages(c, key, [SavedMessage("assistant", "answer", "开场白", created_at=SENT_AT)])
    history.add_section(c, key, "s2", SENT_AT)
    append_messages(c, key, [SavedMessage("user", "question", "问", created_at=SENT_AT)])
    html = page_of(taken(c, key))
    assert "开场白" in shown(html)
    assert "context cleared" in shown(html)
    assert "<title>Untitled conversation</title>" in html


def test_frames_beyond_the_limit_are_counted_not_shown() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    add_chat(c, key, "?", [Frame("odd", "x" * 5_000, number) for number in range(1_200)])
    text = shown(page_of(taken(c, key)))
    assert "200 more frames" in text
    assert "x" * 4_001 not in text


def test_a_page_of_very_many_frames_ends_with_their_figures() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    for _ in range(21):
        add_chat(c, key, "?", [Frame("odd", "{}", number) for number in range(1_000)])
    html = page_of(taken(c, key))
    assert html.count("<summary>all frames</summary>") == 20
    assert html.count("1,000 events") == 21


def test_the_timeline_shows_stalls_open_tools_and_moments() -> None:
    chat = json.dumps({"id": "1", "conversation_id": "2"})
    frames = [Frame("conversation.chat.created", chat, 1_000)]
    frames += [
        Frame("conversation.message.delta", message("answer", "字"), at)
        for at in (50_000, 60_000, 70_000, 1_500_000, 1_510_000, 1_520_000)
    ]
    frames += [
        Frame("conversation.message.completed", message("answer", "字" * 6), 1_530_000),
        Frame("conversation.message.completed", message("tool_response", "{}"), 1_600_000),
        Frame("conversation.message.completed", message("function_call", '{"name":"lamp"}'), 1_700_000),
        Frame("conversation.chat.failed", json.dumps({"last_error": {"code": 5000}}), 2_000_000),
    ]
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    add_chat(c, key, "?", frames)
    html = page_of(taken(c, key))
    assert 'class="stall"' in html
    text = shown(html)
    for expected in (
        "tool at 1,600 ms",
        "lamp 300 ms, not finished",
        "failure 2,000 ms",
        "stalls over 1 s 1",
    ):
        assert expected in text, expected


def test_a_chat_of_very_many_steps_is_not_drawn_without_end() -> None:
    frames = [
        Frame(
            "conversation.message.completed",
            message("function_call", '{"name":"x"}', id=str(number)),
            1_000 * number,
        )
        for number in range(1, 400)
    ]
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    add_chat(c, key, "?", frames)
    assert "more steps" in shown(page_of(taken(c, key)))


def test_markdown_is_rendered_as_on_the_screen() -> None:
    html = MarkdownRenderer().html(
        "**b** ~~s~~ `c`\nnext\n\n| a | b |\n|--:|---|\n| 1 | 2 |\n\n3. x\n\n"
        "![alt](https://x/y.png) https://example.com/a，后 example.com\n\n```python x\nif x: pass\n```\n"
    )
    for expected in (
        "<strong>b</strong> <s>s</s> <code>c</code><br />",
        '<td class="right">1</td>',
        '<ol start="3">',
        '<a class="image" href="https://x/y.png"',
        '<a href="https://example.com/a" title="https://example.com/a" rel="noopener noreferrer nofollow">'
        "https://example.com/a</a>，后 example.com",
        "<figcaption>python</figcaption>",
        '<span class="k">if</span>',
    ):
        assert expected in html, expected
    assert "<img" not in html
    assert MarkdownRenderer().html("[**https://a.com**](https://b.com)").count("<a ") == 1


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("https://a.b/__x__/*y* c", ">https://a.b/__x__/*y</a>* c"),
        ("a~~b。~~c **d：**e 5*（3）*4", "a<s>b。</s>c <strong>d：</strong>e 5*（3）*4"),
        ("H<sub>2</sub>O<br><b>x</b><kbd>*</kbd>", "H<sub>2</sub>O<br />\n<strong>x</strong><code>*</code>"),
        ("$a_1 * b_2 * c$", '<span class="math">$a_1 * b_2 * c$</span>'),
        ("a<!-- b -->c\n\n<details>\n\nd", "<p>ac</p>\n<p>d</p>"),
        ("x[^1]\n\n[^1]: y", 'x<sup>[1]</sup></p>\n<div class="footnote"><sup>[1]</sup>\n<p>y</p>'),
        ("> [!TIP]\n> a", '<blockquote class="alert tip">\n<p class="title">Tip</p>\n<p>a</p>'),
        ("![i](data:image/png;base64,QUJD)", '<img src="data:image/png;base64,QUJD" alt="i">'),
        (
            f"![i](data:image/png;base64,{'QUJD' * 19}\nQUJD)",
            f'<img src="data:image/png;base64,{"QUJD" * 20}" alt="i">',
        ),
        ("![i](data:text/html,x)", "![i](data:text/html,x)"),
        ("- [ ] a\n- [X] b", '<li class="task">☐ a</li>\n<li class="task">☑ b</li>'),
        ("1. [x] a\n2. [y] b", "<li>☑ a</li>\n<li>[y] b</li>"),
        ("[x] a", "<p>[x] a</p>"),
        ("```markdown\na\n```py\n1\n```\nb\n```\nc", "b\n</code></pre></figure>\n<p>c</p>"),
        ("- ~~~md\n  a\n  ~~~x\n  ~~~\n  ~~~\n- c", "~~~\n</code></pre></figure>\n</li>\n<li>c</li>"),
        ("[i](data:image/png;base64,QUJD)", "<span>i</span>"),
        ("[![i](https://a.b)](https://c.d)", '<span class="image">i</span></a>'),
        ('<a href="https://a.b">[c](https://d.e)</a>', "<span>c</span></a>"),
        ("<script>x</script><b onclick=y>z</b>", "&lt;script&gt;x&lt;/script&gt;<strong>z</strong>"),
    ],
)
def test_the_rules_of_chat_hold_in_the_page(markdown: str, html: str) -> None:
    rendered = MarkdownRenderer().html(markdown)
    assert html in rendered
    checked(rendered)


def test_huge_answers_and_code_are_plain() -> None:
    assert "<pre" in MarkdownRenderer().html("*a*" * 400_000)
    assert MarkdownRenderer().html("<!--" * 100_000).count("&lt;!--") == 100_000  # in seconds, not in hours
    assert "<span" not in code("if x: pass\n" * 3_000, "python")
    assert "<span" not in code("x" * 2_001, "python")
    assert "<span" not in code("if", "no-such-language")


def test_the_colors_are_those_of_the_screens() -> None:
    for ours, theirs in ((DARK, palette.DARK), (LIGHT, palette.LIGHT)):
        assert ours == {name: getattr(theirs, name) for name in asdict(theirs)}


def test_every_variable_of_the_style_is_set() -> None:
    style = style_sheet()
    assert set(re.findall(r"var\(--(\w+)\)", style)) <= set(DARK) == set(LIGHT)
    assert style.count("{") == style.count("}")


@pytest.fixture
def chinese() -> Iterator[None]:
    use_language("zh_CN")
    yield
    use_language("en")


@pytest.mark.usefixtures("chinese")
def test_the_page_speaks_the_language_in_use() -> None:
    html = page_of(spring())
    assert '<html lang="zh-CN">' in html
    assert "<dt>智能体</dt>" in html


def test_times_are_of_the_zone_and_never_fail() -> None:
    archived = spring()
    for at in (-(2**63), 2**63 - 1, 0):
        odd = replace(archived, conversation=replace(archived.conversation, created_at=at, updated_at=at))
        assert checked(page_of(odd))


def test_the_figures_are_those_that_show_prints() -> None:
    capture = read_capture((STREAMS / "reasoning.sse").read_text("utf-8"))
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    add_chat(c, key, "?", list(capture.frames))
    chat = InspectedChat(ChatRecord())
    chat.add(capture.frames)
    chat.end(ChatRecord())
    facts = figure_facts(chat.turn)
    assert {"finish reason", "reasoning deltas"} <= dict(facts).keys()
    text = shown(page_of(taken(c, key)))
    for name, value in facts:
        assert f"{name} {value}" in text, name


def test_a_chat_without_times_has_no_timeline_and_tells_no_time() -> None:
    c = empty_store()
    key = history.create_conversation(c, "coze.cn", "7511", SENT_AT)
    frames = [Frame("conversation.message.delta", message("answer", "字")) for _ in range(3)]
    add_chat(c, key, "?", frames)
    html = page_of(taken(c, key))
    assert "<svg" not in html
    text = shown(html)
    assert "The capture has no arrival times, so there is no timeline." in text
    assert not re.search(r"\d ms", text)
