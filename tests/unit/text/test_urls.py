"""URLs in running text, and link targets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.text.urls import encoded, readable, urls_in


def shown(text: str) -> list[str]:
    return [text[url.start : url.end] for url in urls_in(text)]


@pytest.mark.parametrize(
    ("text", "urls"),
    [
        ("见https://zh.wikipedia.org/wiki/春节，很全", ["https://zh.wikipedia.org/wiki/春节"]),
        ("https://a.b/安装包（正式版）里", ["https://a.b/安装包"]),
        ("https://a.b/docs了解更多", ["https://a.b/docs"]),
        ("https://a.b/s?wd=春节&x=1#由来。", ["https://a.b/s?wd=春节&x=1#由来"]),
        ("https://a.b/春节2024年", ["https://a.b/春节2024年"]),
        ("https://a.b/wiki/长城_(消歧义)", ["https://a.b/wiki/长城_(消歧义)"]),
        ("https://a.b/docs(说明)", ["https://a.b/docs"]),
        (
            "https://例子.测试/路径 https://www.例子.com/x",
            ["https://例子.测试/路径", "https://www.例子.com/x"],
        ),
        ("https://a.com了解 http://localhost:80端口", ["https://a.com", "http://localhost:80"]),
        ("https://a.com.然后说", ["https://a.com"]),
        ("https://hi.wikipedia.org/wiki/हिन्दी है", ["https://hi.wikipedia.org/wiki/हिन्दी"]),
        ("www.a.com，或 WWW.a.com/b?c=1 。", ["www.a.com", "WWW.a.com/b?c=1"]),
        ("www. www.x xwww.a.com a/www.b.com", []),
        ("写信到a@b.com，或 mailto:c.d+e@f.co.uk.", ["a@b.com", "mailto:c.d+e@f.co.uk"]),
        ("git@github.com:a/b react@18.2.0 @types/x a@b", []),
        ("git+ssh://git@a.com/b 或 邮箱/help@a.com", ["help@a.com"]),
        ("HTTPS://A.COM/Up Http://a.com", ["HTTPS://A.COM/Up", "Http://a.com"]),
        ("(https://a.b/c). [https://a.b] {https://a.b}", ["https://a.b/c", "https://a.b", "https://a.b"]),
        ("&lt;https://a.b&gt; https://a.b?c=1&amp;d=2", ["https://a.b", "https://a.b?c=1&amp;d=2"]),
        ("https:// http://. ftp://x https://!", []),
        ('<a href="https://a.b">', ["https://a.b"]),
        ("**https://a.b/c**(x)", ["https://a.b/c"]),
    ],
)
def test_a_url_ends_where_its_author_ended_it(text: str, urls: list[str]) -> None:
    assert shown(text) == urls


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("www.a.com", "http://www.a.com"),
        ("a@b.com", "mailto:a@b.com"),
        ("https://a.b/春节", "https://a.b/%E6%98%A5%E8%8A%82"),
        ("https://例子.测试:80/x", "https://xn--fsqu00a.xn--0zwm56d:80/x"),
        (
            "https://用户:密@例子.测试:80/x",
            "https://%E7%94%A8%E6%88%B7:%E5%AF%86@xn--fsqu00a.xn--0zwm56d:80/x",
        ),
        ("https://a.b/%E6%98%A5", "https://a.b/%E6%98%A5"),
    ],
)
def test_a_target_is_ready_to_be_opened(text: str, target: str) -> None:
    (url,) = urls_in(text)
    assert url.target == target


@given(st.text(alphabet="a1中。/.:?#@ ()[]*_~&;%-\n", max_size=60).map(lambda text: "https://" + text))
def test_urls_are_in_order_and_encoded(text: str) -> None:
    at = 0
    for url in urls_in(text):
        assert at <= url.start < url.end <= url.stop
        assert url.target.isascii()
        assert " " not in url.target
        at = url.end


@given(st.text(max_size=40))
def test_encoding_is_undone_for_readers(text: str) -> None:
    url = encoded(f"https://a.b/{text}")
    assert url.isascii()
    assert encoded(readable(url)) == url


def test_what_is_not_printable_stays_encoded() -> None:
    for escape in ("%E2%80%AE", "%20", "%E6%98", "%C2%A0", "%1B"):
        assert readable(f"https://a.b/{escape}") == f"https://a.b/{escape}"
