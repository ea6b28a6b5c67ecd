"""Inline Markdown."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.segment import Segment
from rich.style import Style

from coze_tui.render.closing import hopefully_closed
from coze_tui.render.inline import InlineText, definitions_in
from coze_tui.render.links import shown_url
from coze_tui.render.palette import Palette
from coze_tui.render.runs import Logical
from coze_tui.text.urls import FoundUrl, urls_in

SIGNED = f"https://lf26-example.invalid/bot_files/{'a' * 60}.png?x-signature=s%3D&x-expires="
PALETTE = Palette.dark()
BASE = PALETTE.text
BOLD, ITALIC = BASE + Style(bold=True), BASE + Style(italic=True)


class ParserOnly(InlineText):
    """Does not take the short way."""

    def _simple(self, source: str, base: Style) -> list[Logical] | None:
        return None


def runs(source: str) -> list[list[tuple[str, Style | None]]]:
    return merged(InlineText(PALETTE).parse(source, BASE, {}).lines)


def merged(lines: Sequence[Sequence[Segment]]) -> list[list[tuple[str, Style | None]]]:
    """Runs with neighbors of one style joined."""
    joined: list[list[tuple[str, Style | None]]] = []
    for line in lines:
        row: list[tuple[str, Style | None]] = []
        for text, style, _ in line:
            if row and row[-1][1] == style:
                row[-1] = (row[-1][0] + text, style)
            elif text:
                row.append((text, style))
        joined.append(row)
    return joined


def plain(source: str) -> str:
    return "\n".join("".join(text for text, _ in line) for line in runs(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a **b** c", [("a ", BASE), ("b", BOLD), (" c", BASE)]),
        ("**注意：**请看", [("注意：", BOLD), ("请看", BASE)]),
        ("他说**“你好”**然后", [("他说", BASE), ("“你好”", BOLD), ("然后", BASE)]),
        ("中*文*字", [("中", BASE), ("文", ITALIC), ("字", BASE)]),
        ("***x***", [("x", BASE + Style(bold=True, italic=True))]),
        ("~~100元。~~80元", [("100元。", BASE + Style(strike=True)), ("80元", BASE)]),
        ("格~~（1）~~，好", [("格", BASE), ("（1）", BASE + Style(strike=True)), ("，好", BASE)]),
        ("*（注：误）*后", [("（注：误）", ITALIC), ("后", BASE)]),
        ("**注 **重** 内**", [("注 重 内", BOLD)]),
        ("*a **b *c* d** e*", [("a ", ITALIC), ("b c d", BOLD + ITALIC), (" e", ITALIC)]),
        ("~~a ~~b~~ c~~", [("a b c", BASE + Style(strike=True))]),
        ("<b>*x*</b><u>y</u>", [("x", BOLD + ITALIC), ("y", BASE + Style(underline=True))]),
        ("~~gone~~ 3~5", [("gone", BASE + Style(strike=True)), (" 3~5", BASE)]),
        ("`a*b*` x", [("a*b*", PALETTE.inline_code), (" x", BASE)]),
        ("snake_case_name and 2 * 3 * 4", [("snake_case_name and 2 * 3 * 4", BASE)]),
        ("List<String> & <div>", [("List<String> & <div>", BASE)]),
        ("$a_1 * b_2 * c$ costs $5 or $6", [("$a_1 * b_2 * c$", PALETTE.math), (" costs $5 or $6", BASE)]),
        ("\\(a_b\\) \\[x*y*z\\]", [("\\(a_b\\)", PALETTE.math), (" ", BASE), ("\\[x*y*z\\]", PALETTE.math)]),
    ],
)
def test_markup_becomes_style(source: str, expected: list[tuple[str, Style]]) -> None:
    assert runs(source) == [expected]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("one\n  two  \nthree\\\nfour", "one\ntwo\nthree\nfour"),
        ("[官方日历](https://www.gov.cn/x)", "官方日历 https://www.gov.cn/x"),
        ("<https://a.org/b>", "https://a.org/b"),
        ("![alt *text*](u.png)", "[image: alt text] u.png"),
        ("![a ![b](c) *d*](e.png)", "[image: a b d] e.png"),
        ("![](u.png)", "[image] u.png"),
        (f"![i]({SIGNED}4102444800)", f"[image: i] {SIGNED}4102444800"),
        (f"![i]({SIGNED}1760000000&x=1)", f"[image: i] {SIGNED}1760000000&x=1 (link expired)"),
        ("![two\nlines](u.png)", "[image: two lines] u.png"),
        ("[half](http://x", "[half](http://x"),
        ("text[^1] and [ref]", "text[^1] and [ref]"),
        ("a<br>b<br/>c</br>d<BR >e", "a\nb\nc\nd\ne"),
        ("H<sub>2</sub>O, x<sup>10</sup>, x<sup>n*</sup>, a<sub>中</sub>", "H₂O, x¹⁰, x^(n*), a_中"),
        ("a<!-- not\nshown -->b", "ab"),
        ("a <!--> b --> c <!---> d -->", "a  b --> c  d -->"),
        ("<summary>点开看</summary>", "▸ 点开看"),
        ('<div align="center">\n居中\n</div>', "居中"),
        ('<img src="http://a.b/c.png" alt="图" width="9">', "[image: 图] http://a.b/c.png"),
        ('<a href="https://a.b">链接</a>', "链接 https://a.b"),
        ('<a href="javascript:x">y</a>', "y"),
        ("<kbd>a*b*</kbd> <code>&lt;c&gt;</code>", "a*b* <c>"),
        ("Map<b, i> and a <b and c> d", "Map<b, i> and a <b and c> d"),
        ("<b>not closed", "<b>not closed"),
        ("not opened</b>", "not opened</b>"),
        ("<script>x</script> <iframe src=x></iframe>", "<script>x</script> <iframe src=x></iframe>"),
        ("<mailto:a@b.org> <a@b.org> <https://a.b/尖括号>", "mailto:a@b.org a@b.org https://a.b/尖括号"),
        ("[春节](https://a.b/%E6%98%A5%E8%8A%82)", "春节 https://a.b/春节"),
        ("5*（3+2）*4", "5*（3+2）*4"),
        ("文件*（备份）*.txt", "文件*（备份）*.txt"),
        ("![pic](data:image/png;base64,AAAABBBB)", "[image: pic] (image/png, 6 B)"),
        ("[a](data:text/plain,abc)", "a (text/plain, 3 B)"),
        ("&amp; &copy; \\*", "& © *"),
        ("$$\na_1\n$$", "$$\na_1\n$$"),
        ("[" * 500, "[" * 500),
        ("[" + "中文 " * 500, "[" + "中文 " * 500),
    ],
)
def test_what_is_written_is_seen(source: str, text: str) -> None:
    assert plain(source) == text


def urls(source: str) -> list[tuple[str, str]]:
    return [
        (text, style.meta["url"]) for line in runs(source) for text, style in line if style and style.meta
    ]


def test_a_link_knows_its_target() -> None:
    assert urls("[a](https://b.org) https://c.org/d_e?f=1). 见https://g.cn。") == [
        ("a", "https://b.org"),
        (" https://b.org", "https://b.org"),
        ("https://c.org/d_e?f=1", "https://c.org/d_e?f=1"),
        ("https://g.cn", "https://g.cn"),
    ]
    assert urls("**see https://a.b/c**(x)") == [("https://a.b/c", "https://a.b/c")]


def url_in(text: str) -> FoundUrl:
    (url,) = urls_in(text)
    return url


@pytest.mark.parametrize(
    "url",
    [
        "https://a.b/pkg/__init__.py",
        "https://a.b/_static_/x",
        "https://a.b/a\\_b\\_c",
        "https://a.b/?a=1&amp;b=2",
        "https://a.b/*/x/*/y",
        "https://a.b/$a$/x",
        "https://a.b/~~user~~/x",
        "HTTPS://a.b/?q[0]=1",
        "https://zh.wikipedia.org/wiki/春节",
        "https://例子.测试/路径",
        "www.a.com/__x__/y",
        "help@example.com",
    ],
)
@pytest.mark.parametrize(
    "around", ["{}", "见 {}。", "**{}**", "~~{}~~，", "<b>{}</b>", "（{}）", "[{}] x", "*a* {} *b*"]
)
def test_no_markup_takes_anything_of_a_url(url: str, around: str) -> None:
    ((shown, target),) = urls(around.format(url))
    assert shown == url
    assert target == url_in(url).target


def test_a_text_that_lies_about_its_target_does_not_hide_it() -> None:
    assert plain("[https://bank.com](https://evil.org)") == "https://bank.com https://evil.org"


def test_a_reference_is_a_link_once_it_is_defined() -> None:
    references: dict[str, object] = {}
    assert definitions_in('[Docs]: https://a.org "T"\ntext', references) == (
        ['[Docs]: https://a.org "T"'],
        "text",
    )
    inline = InlineText(PALETTE)
    (line,) = inline.parse("see [docs]", BASE, references).lines
    assert [segment.text for segment in line] == ["see ", "docs"]
    assert line[1].style is not None
    assert line[1].style.meta == {"url": "https://a.org"}


def test_a_footnote_is_no_reference() -> None:
    references: dict[str, object] = {}
    assert definitions_in("[^1]: https://a.org", references) == ([], "[^1]: https://a.org")
    assert not references


@given(st.text(alphabet="ab./:?é%", max_size=80), st.sampled_from(["good.org", "a" * 90 + ".evil.com"]))
@settings(max_examples=100)
def test_the_end_of_the_host_is_always_shown(path: str, host: str) -> None:
    assert host[-9:] in shown_url(f"https://{host}/{path}")
    assert len(shown_url(f"https://{host}/{path}")) < 60


MARKS = [
    "<b>",
    "</b>",
    "<br>",
    "<!--",
    "-->",
    "@",
    "**",
    "*",
    "***",
    "`",
    "``",
    "_",
    "~",
    "~~",
    "<",
    "& ",
    "&amp;",
    "[",
    "]",
    "(",
    ")",
    "!",
    "$",
    "://",
]
WORDS = [
    "a",
    "b ",
    "中",
    "，",
    "。",
    "：",
    "“",
    "”",
    " ",
    "\n",
    "a_b",
    "x.",
    "https://a.b/c_d ",
    "https://a.b/",
    "www.a.org",
    "a@b.org",
    "春节",
    "[a.b](https://a.b)",
    "[a b，中](http://a.b/C_d/)",
    "](https://a.b)",
    "1",
    '"',
    "é",
]
PARTS = [*MARKS, *WORDS]
MARKUP = st.lists(st.sampled_from(PARTS), max_size=14).map(lambda parts: "".join(parts).strip())


@given(MARKUP)
@settings(max_examples=400)
def test_the_short_way_says_what_the_parser_says(source: str) -> None:
    short = InlineText(PALETTE).parse(source, BASE, {}).lines
    parsed = ParserOnly(PALETTE).parse(source, BASE, {}).lines
    assert merged(short) == merged(parsed)


@pytest.mark.parametrize("source", ["$`**` ", "$\\* ", "$[ a](https://x.org) ", "$** a** "])
def test_what_may_be_maths_is_open_whatever_stands_in_it(source: str) -> None:
    assert not ParserOnly(PALETTE).parse(source, BASE, {}).is_closed


@pytest.mark.parametrize("source", ["<!----> ", "a\n<!-- b --> ", "</details> "])
def test_a_last_line_that_shows_nothing_is_open_until_text_follows(source: str) -> None:
    inline = ParserOnly(PALETTE)
    assert not inline.parse(source, BASE, {}).is_closed
    assert inline.parse(source + "x", BASE, {}).is_closed


@given(MARKUP, MARKUP)
@example("<!---->", "")
@settings(max_examples=400)
def test_what_is_closed_is_not_changed_by_what_follows(source: str, more: str) -> None:
    source, more = source + " ", "x" + more
    inline = ParserOnly(PALETTE)
    first = inline.parse(source, BASE, {})
    if not first.is_closed:
        return
    second = inline.parse(more, BASE, {})
    whole = inline.parse(source + more, BASE, {})
    lines = [*first.lines[:-1], first.lines[-1] + second.lines[0], *second.lines[1:]]
    assert merged(lines) == merged(whole.lines)


@pytest.mark.parametrize(
    ("source", "closed"),
    [
        ("a **bold te", "a **bold te**"),
        ("a **bold*", "a **bold**"),
        ("a **", "a "),
        ("a *", "a "),
        ("a `co", "a `co`"),
        ("a `", "a "),
        ("[text](http://x", "[text]()"),
        ("2 ** 3 is", "2 ** 3 is"),
        ("**done** and `code`", "**done** and `code`"),
        ("plain", "plain"),
        ("old ** line\nnew", "old ** line\nnew"),
        ("``a`b", "``a`b``"),
        ("``a`b`", "``a`b``"),
        ("~~删", "~~删~~"),
        ("~~删~", "~~删~~"),
        ("好 ~~", "好 "),
        ("*好", "*好*"),
        ("5*3", "5*3"),
        ("**a ~~b", "**a ~~b~~**"),
        ("看[官网", "看[官网]()"),
        ("看[官网]", "看[官网]()"),
        ("看[官网] ", "看[官网]"),
        ("看[官网](", "看[官网]()"),
        ("**粗[链", "**粗[链]()**"),
        ("**粗[链](http", "**粗[链]()**"),
        ("![图", "![图]()"),
        ("list[int", "list[int"),
        ("数据[1", "数据[1"),
        ("<b>x", "<b>x</b>"),
        ("H<su", "H"),
        ("H<sub>2", "H<sub>2</sub>"),
        ("a <!-- x", "a "),
        ("https://a.b/**x", "https://a.b/**x"),
    ],
)
def test_open_markup_is_closed_while_it_grows(source: str, closed: str) -> None:
    assert hopefully_closed(source) == closed
