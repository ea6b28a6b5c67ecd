"""What people paste for a site or a bot."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.config.addresses import (
    AddressError,
    BotAddress,
    base_url_from_text,
    base_url_of_site,
    bot_from_text,
    is_loopback,
    other_site,
    site_name,
)


@pytest.mark.parametrize(
    ("text", "base_url"),
    [
        ("cn", "https://api.coze.cn"),
        (" COM ", "https://api.coze.com"),
        ("https://api.coze.cn/", "https://api.coze.cn"),
        ("https://api.coze.com/v3/chat?a=b", "https://api.coze.com"),
        ("http://www.coze.cn/open_api", "https://api.coze.cn"),
        ("coze.com", "https://api.coze.com"),
        ("https://WWW.Coze.CN.:443/space/1/bot/2", "https://api.coze.cn"),
        ('"https://api.coze.cn"', "https://api.coze.cn"),
        ("localhost:8888", "http://localhost:8888"),
        ("127.0.0.1:8888/v1/", "http://127.0.0.1:8888"),
        ("0.0.0.0:8888", "http://127.0.0.1:8888"),
        ("[::1]:80", "http://[::1]:80"),
        ("studio.example.org", "https://studio.example.org"),
        ("https://example.org/coze/v3/", "https://example.org/coze"),
        ("https://例子.example", "https://xn--fsqu00a.example"),
    ],
)
def test_pasted_addresses_are_mended(text: str, base_url: str) -> None:
    assert base_url_from_text(text) == base_url


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ("two words", "not an address"),
        ("https://a\x1b[31m", "not an address"),
        ("https://a\\b", "not an address"),
        ("https://", "not an address"),
        ("http://x:99999", "not an address"),
        ("http://x:0", "not an address"),
        ("http://[::1", "not an address"),
        ("https://-a.example", "not an address"),
        ("https://a..example", "not an address"),
        ("ftp://example.org", "scheme"),
        ("file:///etc/passwd", "not an address"),
        ("http://10.0.0.1", "plain http"),
        ("http://localhost.example.org", "plain http"),
        ("https://me:secret@example.org", "secret inside"),
    ],
)
def test_what_is_no_address_is_refused(text: str, fault: str) -> None:
    with pytest.raises(AddressError) as caught:
        base_url_from_text(text)
    assert caught.value.fault == fault


@given(st.text())
def test_any_text_gives_an_address_or_a_typed_error(text: str) -> None:
    try:
        base_url = base_url_from_text(text)
    except AddressError:
        return
    assert base_url_from_text(base_url) == base_url
    assert base_url.isascii() or "/" in base_url.removeprefix("https://")
    assert site_name(base_url)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("7511000000000000101", BotAddress("7511000000000000101")),
        (
            "https://www.coze.cn/space/12/bot/99?from=x",
            BotAddress("99", "https://api.coze.cn"),
        ),
        ("coze.com/store/agent/77", BotAddress("77", "https://api.coze.com")),
        ("http://localhost:8888/space/1/bot/2", BotAddress("2", "http://localhost:8888")),
    ],
)
def test_a_bot_is_an_id_or_the_address_of_its_editor(text: str, address: BotAddress) -> None:
    assert bot_from_text(text) == address


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "empty"),
        ("hello world", "no bot"),
        ("https://www.coze.cn/home", "no bot"),
        ("机器人", "no bot"),
        ("http://10.0.0.1/bot/5", "plain http"),
    ],
)
def test_what_names_no_bot_is_refused(text: str, fault: str) -> None:
    with pytest.raises(AddressError) as caught:
        bot_from_text(text)
    assert caught.value.fault == fault


@given(st.text())
def test_any_text_names_a_bot_or_gives_a_typed_error(text: str) -> None:
    try:
        assert bot_from_text(text).bot_id
    except AddressError:
        pass


@pytest.mark.parametrize(
    "base_url", ["https://api.coze.cn", "https://api.coze.com", "http://127.0.0.1:8888", "https://x.example"]
)
def test_the_name_of_a_site_leads_back_to_its_base(base_url: str) -> None:
    assert base_url_of_site(site_name(base_url)) == base_url


def test_a_text_that_is_no_site_leads_nowhere() -> None:
    assert base_url_of_site("") == base_url_of_site("a b") == base_url_of_site("x/\x1b") == ""


def test_sites_have_short_names_and_one_other() -> None:
    assert site_name("https://api.coze.cn") == "coze.cn"
    assert site_name("http://127.0.0.1:8888") == "127.0.0.1:8888"
    assert other_site("https://api.coze.cn") == "https://api.coze.com"
    assert other_site("https://api.coze.com") == "https://api.coze.cn"
    assert other_site("http://127.0.0.1:8888") == ""


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("a.localhost", True), ("127.1.2.3", True), ("::1", True), ("10.0.0.1", False)],
)
def test_loopback_is_known_without_asking(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback
