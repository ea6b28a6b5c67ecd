"""Whatever the network does has one defined, visible end, and the program goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from coze_tui.standin.scenarios import Answer
from tests.support.commands import Command
from tests.support.desk import desk
from tests.support.keeper import UNSET, Keeper
from tests.support.program import TOKEN, Program
from tests.support.raw_replies import GOOD, HEAVY, RAW, TEXT, head, sends
from tests.support.raw_server import Line, RawServer, dead_address
from tests.support.samples import CERTIFICATES
from tests.support.shown import toasts_of
from tests.support.socks_server import SocksServer

OTHER_HOST = "other_host.pem"
CA_FILE = str(CERTIFICATES / OTHER_HOST)
"""For coze.test."""

# -- in the screens, by word of the stand-in

SEEN = {
    # refused, in each form in which the program learns it
    "401": "the token is invalid or has expired (error 4100)",
    "500text": "the server failed (error 500)",
    "html502": "a web page",
    "html413": "the request is too large (error 413)",
    "shape=nested": "the reason (sample) (odd_word)",
    "nameless": "events that are not Coze's (message)",
    "json-as-stream": "the token is invalid or has expired (error 4100)",
    "code=123456": "error 123456 (sample) (error 123456)",
    # a reply that never starts
    "redirect=302": "does not follow redirects",
    "hang": "did not respond in time",
    "empty-stream": "closed the connection",
    # a failure in the middle
    "error-then-completed": "the server failed (error 5000)",
    "error-page": "a gateway in front of the server failed (error 502)",
    "failed=4011": "the account has run out of Coze tokens (error 4011)",
    # survived
    "cut-events=6": TEXT,
    "silence=2": TEXT,
    "json-chat": TEXT,
    "type=plain": TEXT,
    "gzip": TEXT,
    "two-answers": TEXT,
    "completed-differs": f"This is the true text. {TEXT}",
    "split-surrogate": "smile 😀!",
    "card": "a card",
    "huge-line=300000": "0123456789",
}
"""One fault for each kind of end. tests/wire/test_chats.py and test_turns.py hold the outcome of all faults,
and tests/unit/diagnostics/test_explain.py the words for each error."""


@pytest.mark.parametrize("words", SEEN)
def test_a_fault_is_seen_or_survived(program: Program, keeper: Keeper, words: str) -> None:
    question = keeper.play(f"net {words}", [Answer(TEXT)])
    asked = len(keeper.server.requests)
    program.ask(f"{question} fault:{words}", SEEN[words])
    paths = [request.path for request in keeper.server.requests[asked:]]
    assert paths.count("/v3/chat") == 1  # nothing is sent twice
    assert not any("does not follow redirects" in path for path in paths)
    assert SEEN[words] != TEXT or program.text.count(TEXT) == 1


@pytest.mark.parametrize("words", ["hang", "silence", "drip", "cut-events=6 fault:retrieve-fails"])
def test_escape_ends_what_does_not_end_by_itself(program: Program, keeper: Keeper, words: str) -> None:
    question = keeper.play(f"esc {words}", [Answer(TEXT)])
    program.send_message(f"{question} fault:{words}")
    program.wait_for("recovering" if "retrieve" in words else "河流" if words != "hang" else "sending")
    program.press("\x1b")
    program.wait_for("stopped at")
    program.idle()


# -- by raw servers, with `ask`


# All others in this process: tests/unit/cli/test_broken_servers.py.
@pytest.mark.parametrize("what", [*HEAVY, "repeats the token", "has a logid that moves the cursor"])
def test_a_server_that(command: Command, what: str) -> None:
    talk, status, seen = RAW[what]
    with RawServer(talk) as server:
        patience = "30" if what in HEAVY else "1"  # a busy machine takes more than a second to send much
        done = command("ask", "海水？", base_url=server.base_url, COZE_TUI_IDLE_TIMEOUT=patience)
    assert done.status == status, done
    assert seen in done.out + done.err, done
    assert done.megabytes < 300
    chats = [
        request for request in server.requests if b"POST /v3/chat?" in request or b"POST /v3/chat " in request
    ]
    assert len(chats) <= 1


# -- the way there


def test_a_dead_port(command: Command) -> None:
    done = command("ask", "x", base_url=dead_address())
    assert (done.status, "connection refused by" in done.err) == (5, True)


@pytest.mark.parametrize("certificate", ["self_signed.pem", "expired.pem"])
def test_a_certificate_that_proves_nothing(command: Command, certificate: str) -> None:
    with RawServer(sends(head(), GOOD), certificate) as server:
        done = command("ask", "x", base_url=server.base_url)
    assert (done.status, "cannot make a secure connection" in done.err) == (5, True)
    assert server.requests == []


def test_a_certificate_of_ones_own_can_be_named(command: Command) -> None:
    with RawServer(sends(head(), GOOD), "self_signed.pem") as server:
        file = str(CERTIFICATES / "self_signed.pem")
        done = command("ask", "x", base_url=server.base_url, COZE_TUI_CA_FILE=file)
    assert (done.status, done.out.strip()) == (0, TEXT)


# tests/unit/config/test_addresses.py holds which addresses are refused and which are repaired.


@pytest.mark.parametrize("address", ["http://10.0.0.1:8888/", "https://user:s3cr3t@example.invalid"])
def test_an_address_that_is_refused(command: Command, address: str) -> None:
    done = command("ask", "x", base_url=address)
    assert done.status == 2, done
    assert "COZE_API_BASE" in done.err
    assert "s3cr3t" not in done.err


def test_an_address_that_is_repaired(command: Command, keeper: Keeper) -> None:
    question = keeper.play("repaired", [Answer(TEXT)])
    done = command("ask", question, base_url=keeper.server.base_url + "/v3/chat")
    assert (done.status, done.out.strip()) == (0, TEXT), done


VARIABLES = {
    "ALL_PROXY": ("socks5://127.0.0.1:port", "ALL_PROXY"),
    "HTTP_PROXY": ("socks://127.0.0.1:1", "HTTP_PROXY"),
    "HTTPS_PROXY": ("::::", "HTTPS_PROXY"),
    "NO_PROXY": ("[::1]/64", "NO_PROXY"),
    "SSL_CERT_FILE": ("/nonexistent/ca.pem", "SSL_CERT_FILE"),
    "SSLKEYLOGFILE": ("/dev/null/keys.log", "SSLKEYLOGFILE"),
    "COZE_TUI_CA_FILE": ("/nonexistent/ca.pem", "ca_file"),
    "COZE_TUI_PROXY": ("ftp://127.0.0.1", "proxy"),
}


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_variable_that_cannot_be_used_is_named(command: Command, variable: str) -> None:
    value, named = VARIABLES[variable]
    done = command("ask", "x", base_url="https://coze.invalid", **{variable: value})
    assert done.status in (2, 5), done
    assert named in done.err, done


def test_a_dead_proxy(command: Command) -> None:
    done = command("ask", "x", base_url="https://coze.invalid", HTTPS_PROXY=dead_address())
    assert done.status == 5
    assert "proxy" in done.err


def test_a_proxy_is_not_used_for_loopback_unless_it_is_named(command: Command, keeper: Keeper) -> None:
    question = keeper.play("proxy", [Answer(TEXT)])
    done = command("ask", question, NO_PROXY="127.0.0.1", HTTP_PROXY=dead_address())
    assert (done.status, done.out.strip()) == (0, TEXT)


@pytest.mark.parametrize(
    ("variable", "account"),
    [("COZE_TUI_PROXY", ""), ("ALL_PROXY", "lin:pass%20word@"), ("https_proxy", "lin:pass%20word@")],
)
def test_a_socks_proxy_carries_the_chat(command: Command, variable: str, account: str) -> None:
    name, password = ("lin", "pass word") if account else ("", "")
    with (
        RawServer(sends(head(), GOOD), OTHER_HOST) as server,
        SocksServer(server.base_url, name, password) as proxy,
    ):
        variables = {variable: f"socks5://{account}{proxy.address}"}
        done = command("ask", "x", base_url="https://coze.test", COZE_TUI_CA_FILE=CA_FILE, **variables)
    assert (done.status, done.out.strip(), done.err) == (0, TEXT, ""), done
    assert proxy.targets == ["coze.test:443"], "the proxy looks the name up"


def test_a_socks_proxy_that_knows_another_password(command: Command) -> None:
    with SocksServer(dead_address(), "lin", "right") as proxy:
        address = f"socks5://lin:wrong@{proxy.address}"
        done = command("ask", "x", base_url="https://coze.test", COZE_TUI_PROXY=address)
    assert done.status == 5, done
    assert "cannot reach https://coze.test through the proxy" in done.err
    assert "wrong" not in done.err
    assert proxy.targets == []


def test_a_socks_proxy_that_is_not_there(command: Command) -> None:
    address = dead_address().replace("http", "socks5")
    done = command("ask", "x", base_url="https://coze.test", ALL_PROXY=address)
    assert done.status == 5, done
    assert "cannot reach https://coze.test through the proxy" in done.err


TOKENS = {
    "pat_WRONG": (3, "4100"),
    f"{TOKEN}\n": (0, TEXT),
    "pat_\x1b[31m": (3, "does not contain a valid token"),
    UNSET: (3, "no token found"),
}


@pytest.mark.parametrize("token", TOKENS)
def test_a_token(command: Command, keeper: Keeper, token: str) -> None:
    status, seen = TOKENS[token]
    question = keeper.play("token", [Answer(TEXT)])
    done = command("ask", question, COZE_API_TOKEN=token)
    assert done.status == status, done
    assert seen in done.out + done.err, done


def test_the_token_file_may_be_missing(command: Command, tmp_path: Path) -> None:
    done = command("ask", "x", COZE_API_TOKEN=UNSET, COZE_TUI_TOKEN_FILE=str(tmp_path / "missing"))
    assert done.status == 3
    assert "missing" in done.err


async def test_what_a_server_of_ones_own_refuses_is_not_for_the_support_of_coze(tmp_path: Path) -> None:
    def talk(line: Line) -> None:
        is_chat = b"POST /v3/chat?" in line.request or b"POST /v3/chat " in line.request
        line.send(head() + GOOD if is_chat else head(kind="application/json") + '{"code":5000,"msg":"no"}')

    with RawServer(talk) as server:
        async with desk(tmp_path / "home", environment={"COZE_API_BASE": server.base_url}) as at:
            await at.ask("x")
            await at.answered()
            refusals: set[str] = set()

            def refused() -> int:
                """Count the toasts so far: there is one at a time."""
                refusals.update(each for each in toasts_of(at.app) if "5000" in each)
                return len(refusals)

            for command in ("/clear", "/rename other"):
                at.screen.prompt.set_message(command)
                await at.pilot.press("enter")
            await at.until(lambda: refused() == 2, "both are refused")
            assert [toast for toast in toasts_of(at.app) if "support" in toast] == []
