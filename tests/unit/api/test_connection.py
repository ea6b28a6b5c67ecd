from __future__ import annotations

import os
import ssl
import sys
from pathlib import Path

import httpx
import pytest

from coze_tui.api.connection import goes_by_proxy, open_client
from coze_tui.errors import TransportError

SITE = "https://api.coze.cn"
SECRET = "SECRETPASSWORD"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("SSL_CERT"):
            monkeypatch.delenv(name)


def opened(base_url: str = SITE, ca_file: str | None = None, proxy: str | None = None) -> httpx.AsyncClient:
    return open_client(base_url, timeout=httpx.Timeout(1), headers={}, ca_file=ca_file, proxy=proxy)


def failure(base_url: str = SITE, ca_file: str | None = None, proxy: str | None = None) -> TransportError:
    with pytest.raises(TransportError) as caught:
        opened(base_url, ca_file, proxy)
    assert SECRET not in str(caught.value)
    assert not caught.value.request_sent
    return caught.value


async def test_a_plain_environment_will_do() -> None:
    await opened().aclose()


@pytest.mark.parametrize("name", ["ALL_PROXY", "https_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (f"socks://u:{SECRET}@127.0.0.1:1", "is not the URL of a proxy"),
        (f"gopher://u:{SECRET}@127.0.0.1:1", "is not the URL of a proxy"),
        (f"http://u:{SECRET}@127.0.0.1:port", "is not the URL of a proxy"),
    ],
)
def test_a_broken_proxy_variable_is_named_without_its_value(
    name: str, value: str, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    error = failure()
    assert (error.kind, error.detail) == ("environment", f"{name} {fault}")


def test_socks_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    assert failure().detail == "ALL_PROXY names a SOCKS proxy, which requires the extra coze-tui[socks]"


def test_a_broken_no_proxy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "[::1]/64")
    error = failure()
    assert (error.kind, error.detail) == ("environment", "NO_PROXY is not a list of hosts")


async def test_a_good_proxy_variable_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "127.0.0.1:3128")
    monkeypatch.setenv("no_proxy", "localhost,.example")
    await opened().aclose()


async def test_the_proxy_setting_wins_over_broken_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://")
    await opened(proxy="http://127.0.0.1:3128").aclose()


async def test_a_proxy_without_a_scheme_is_a_web_proxy() -> None:
    await opened(proxy="proxy.example:3128").aclose()


@pytest.mark.parametrize(
    ("variables", "setting", "goes"),
    [
        ({}, None, False),
        ({}, "127.0.0.1:3128", True),
        ({"HTTPS_PROXY": "http://127.0.0.1:3128"}, None, True),
        ({"http_proxy": "http://127.0.0.1:3128"}, None, False),
        ({"all_proxy": "http://127.0.0.1:3128", "no_proxy": ".coze.cn"}, None, False),
    ],
)
def test_whether_an_address_is_reached_by_a_proxy(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], setting: str | None, goes: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert goes_by_proxy(httpx.URL("https://api.coze.cn/v3"), setting) is goes
    assert goes_by_proxy(httpx.URL("http://127.0.0.1:1/"), setting) is False


def test_a_broken_proxy_setting_is_named() -> None:
    error = failure(proxy=f"ftp://u:{SECRET}@x")
    assert (error.kind, error.detail) == ("proxy", "proxy is not the URL of a proxy")


async def test_this_machine_is_reached_without_any_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://")
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    for base_url in ("http://127.0.0.1:8888", "https://localhost:8888", "http://[::1]:1"):
        await opened(base_url).aclose()


@pytest.mark.parametrize("name", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_certificate_variable_that_leads_nowhere_is_named(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "/nowhere/at/all")
    error = failure()
    assert (error.kind, error.detail) == ("environment", f"{name} names a file or folder that does not exist")


def test_a_ca_file_must_be_there_and_hold_a_certificate(tmp_path: Path) -> None:
    missing = failure(ca_file=str(tmp_path / "none.pem"))
    assert (missing.kind, missing.detail) == ("tls", "ca_file cannot be read: No such file or directory")
    (tmp_path / "text.pem").write_text("no certificate")
    empty = failure(ca_file=str(tmp_path / "text.pem"))
    assert (empty.kind, empty.detail) == ("tls", "ca_file contains no certificate")


async def test_certifi_steps_in_where_the_system_has_no_certificates(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certifi = httpx.create_ssl_context()
    asked: list[bool] = []

    def from_certifi() -> ssl.SSLContext:
        asked.append(True)
        return certifi

    has_none(monkeypatch, tmp_path)
    monkeypatch.setattr(httpx, "create_ssl_context", from_certifi)
    await opened().aclose()
    assert asked == [True]


async def test_a_folder_of_certificates_is_enough(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    has_none(monkeypatch, tmp_path)
    (tmp_path / "a.0").write_text("")
    monkeypatch.setattr(httpx, "create_ssl_context", None)  # would fail if it were asked
    await opened().aclose()


def has_none(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """The system's certificates are at most those in a folder."""
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()._replace(capath=str(folder))
    monkeypatch.setattr(ssl, "create_default_context", lambda: bare)
    monkeypatch.setattr(ssl, "get_default_verify_paths", lambda: paths)
