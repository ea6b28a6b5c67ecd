"""The token: found, masked, kept."""

from __future__ import annotations

import asyncio
import copy
import json
import logging
import pickle
import stat
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coze_tui.config.credentials import CredentialsFile, find_token
from coze_tui.config.tokens import OAuthPair, Secret, Token, hint_for, kind_of, secret_from_text
from coze_tui.errors import CredentialsError

MARKED = "pat_EXAMPLE_marked_0123456789"


@pytest.fixture
def kept(tmp_path: Path) -> CredentialsFile:
    return CredentialsFile(tmp_path / "config" / "credentials.json")


def found(kept: CredentialsFile, **more: object) -> Token:
    arguments: dict[str, object] = {"environment": {}, "profile": "default", "credentials": kept, **more}
    return find_token(**arguments)  # type: ignore[arg-type]  # the table's values are right


def pair(access: str = "czu_EXAMPLE_access_0123456789", *, expires_in: int = 900) -> OAuthPair:
    refresh = Secret("EXAMPLE_refresh_0123456789")
    return OAuthPair(Secret(access), refresh, int(time.time()) + expires_in, "client", "https://api.coze.cn")


class TestSecret:
    @pytest.mark.parametrize(
        "show", [str, repr, "{}".format, "{:>40}".format, "{0!r}".format, lambda s: f"{s}"]
    )
    def test_no_way_of_printing_shows_it(self, show: object) -> None:
        assert callable(show)
        assert "EXAMPLE" not in show(Secret(MARKED))

    def test_neither_logs_nor_tracebacks_nor_containers_show_it(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        secret = Secret(MARKED)
        logging.getLogger("test").warning("%s %r %s", secret, secret, [secret])
        try:
            raise ValueError(secret)
        except ValueError as error:
            trace = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
        assert "EXAMPLE" not in caplog.text + trace.replace("MARKED", "") + str([secret]) + repr(
            {"a": secret}
        )

    def test_a_pickle_holds_a_mask(self) -> None:
        data = pickle.dumps(Secret(MARKED))
        assert b"EXAMPLE" not in data
        assert "EXAMPLE" not in pickle.loads(data).reveal()

    def test_json_refuses_it(self) -> None:
        with pytest.raises(TypeError):
            json.dumps({"token": Secret(MARKED)})

    def test_a_copy_is_the_same_secret(self) -> None:
        secret = Secret(MARKED)
        assert copy.deepcopy({"a": secret})["a"].reveal() == MARKED
        assert copy.copy(secret).reveal() == MARKED

    def test_it_cannot_be_changed(self) -> None:
        secret = Secret(MARKED)
        for name in Secret.__slots__:
            with pytest.raises(AttributeError):
                setattr(secret, name, "other")
            with pytest.raises(AttributeError):
                delattr(secret, name)
        assert secret.reveal() == MARKED

    def test_equal_texts_are_equal_secrets(self) -> None:
        assert Secret("a") == Secret("a")
        assert Secret("a") != Secret("b")
        assert Secret("a") != "a"
        assert len({Secret("a"), Secret("a")}) == 1

    @pytest.mark.parametrize(
        ("text", "mask"),
        [
            (MARKED, "pat_***6789"),
            ("pat_short", "pat_***"),
            ("eyJhbGciOiJSUzI1NiJ9", "***NiJ9"),
            ("short", "***"),
            ("verylongprefix_0123456789012345", "***2345"),
        ],
    )
    def test_the_mask_shows_the_prefix_and_four_characters_at_most(self, text: str, mask: str) -> None:
        assert Secret(text).mask == mask


class TestReading:
    @pytest.mark.parametrize(
        "text",
        [
            f" {MARKED}\n",
            f"{MARKED}\r\n",
            f"\ufeff{MARKED}",
            f"Bearer {MARKED}",
            f"bearer  {MARKED} ",
            f'"{MARKED}"\r\n',
            f"'{MARKED}'",
            f"`{MARKED}`",
            f"“{MARKED}”",
            f'"Bearer {MARKED}"',
            f"Bearer '{MARKED}'",
            f"\"'{MARKED}'\"",
            f"Authorization: Bearer {MARKED}",
        ],
    )
    def test_what_surrounds_a_pasted_token_is_dropped(self, text: str) -> None:
        assert secret_from_text(text).reveal() == MARKED

    @pytest.mark.parametrize("text", ["", " \n", "\ufeff", "Bearer ", '""', "'Bearer '"])
    def test_nothing_is_missing(self, text: str) -> None:
        with pytest.raises(CredentialsError) as caught:
            secret_from_text(text, "here")
        assert caught.value.reason == "missing"
        assert caught.value.source == "here"

    @pytest.mark.parametrize(
        "text", ["pat_a\npat_b", "pat_a b", "pat_\x1b[31m", "pat_\x00", "pat_é", "令牌", "pat_\ud800"]
    )
    def test_what_no_token_holds_is_refused_and_not_repeated(self, text: str) -> None:
        with pytest.raises(CredentialsError) as caught:
            secret_from_text(text)
        assert caught.value.reason == "malformed"
        assert "pat_" not in str(caught.value)

    @given(st.text())
    def test_any_text_gives_a_secret_fit_for_a_header_or_a_typed_error(self, text: str) -> None:
        try:
            token = secret_from_text(text).reveal()
        except CredentialsError:
            return
        assert token
        assert token.isascii()
        assert token.isprintable()
        assert " " not in token

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("pat_EXAMPLE", "personal"),
            ("sat_EXAMPLE", "service"),
            ("czu_EXAMPLE", "oauth"),
            ("czs_EXAMPLE", "jwt oauth"),
            ("eyJEXAMPLE", "jwt"),
            ("0123", "unknown"),
        ],
    )
    def test_prefixes_tell_the_kind(self, text: str, kind: str) -> None:
        assert kind_of(Secret(text)) == kind

    def test_only_tokens_that_will_not_last_bring_a_hint(self) -> None:
        assert hint_for(Secret("eyJEXAMPLE")) == ""
        assert "15 minutes" in hint_for(Secret("czu_EXAMPLE"))
        assert hint_for(Secret("pat_EXAMPLE")) == ""


class TestFinding:
    def test_the_environment_goes_first(self, kept: CredentialsFile, tmp_path: Path) -> None:
        kept.keep("default", Secret("pat_KEPT"))
        file = tmp_path / "token"
        file.write_text("pat_FILE\n")
        token = found(kept, environment={"COZE_API_TOKEN": " pat_ENV\n"}, token_file=file)
        assert (token.secret.reveal(), token.source) == ("pat_ENV", "COZE_API_TOKEN")

    def test_then_a_file_then_a_command_then_what_login_kept(
        self, kept: CredentialsFile, tmp_path: Path
    ) -> None:
        kept.keep("default", Secret("pat_KEPT"))
        file = tmp_path / "token"
        file.write_text("pat_FILE\n")
        command = f"{sys.executable} -c \"print('pat_COMMAND')\""
        assert found(kept, token_file=file, token_command=command).secret.reveal() == "pat_FILE"
        assert found(kept, token_command=command).secret.reveal() == "pat_COMMAND"
        assert found(kept).secret.reveal() == "pat_KEPT"

    def test_a_blank_variable_is_none(self, kept: CredentialsFile) -> None:
        with pytest.raises(CredentialsError) as caught:
            found(kept, environment={"COZE_API_TOKEN": "  "})
        assert caught.value.reason == "missing"

    def test_a_wrong_variable_is_not_passed_over(self, kept: CredentialsFile) -> None:
        kept.keep("default", Secret("pat_KEPT"))
        with pytest.raises(CredentialsError) as caught:
            found(kept, environment={"COZE_API_TOKEN": "two words"})
        assert (caught.value.reason, caught.value.source) == ("malformed", "COZE_API_TOKEN")

    def test_a_missing_file_is_named(self, kept: CredentialsFile, tmp_path: Path) -> None:
        with pytest.raises(CredentialsError) as caught:
            found(kept, token_file=tmp_path / "nowhere")
        assert (caught.value.reason, caught.value.source) == ("unreadable", str(tmp_path / "nowhere"))

    def test_a_file_may_be_a_link_into_a_secrets_mount(self, kept: CredentialsFile, tmp_path: Path) -> None:
        (tmp_path / "real").write_text("pat_FILE")
        (tmp_path / "link").symlink_to("real")
        assert found(kept, token_file=tmp_path / "link").secret.reveal() == "pat_FILE"

    @pytest.mark.parametrize(
        "command",
        [
            "/nowhere/at-all --secret hunter2",
            f"{sys.executable} -c \"print('hunter2'); raise SystemExit(1)\"",
            'unbalanced "hunter2',
        ],
    )
    def test_a_failing_command_is_named_without_arguments_and_output(
        self, kept: CredentialsFile, command: str
    ) -> None:
        with pytest.raises(CredentialsError) as caught:
            found(kept, token_command=command)
        assert caught.value.reason == "command"
        trace = "".join(traceback.format_exception(caught.value))
        assert "hunter2" not in caught.value.source + trace.replace(command, "")
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None

    def test_no_shell_reads_the_command(self, kept: CredentialsFile, tmp_path: Path) -> None:
        with pytest.raises(CredentialsError):
            found(kept, token_command=f"true; touch {tmp_path}/made")
        assert not (tmp_path / "made").exists()


class TestKeeping:
    def test_each_profile_has_its_own(self, kept: CredentialsFile) -> None:
        kept.keep("default", Secret("pat_A"))
        kept.keep("work", Secret("pat_B"))
        kept.keep("default", Secret("pat_C"))
        assert kept.profiles() == ("work", "default")
        assert found(kept, profile="work").secret.reveal() == "pat_B"
        assert found(kept).secret.reveal() == "pat_C"

    def test_forgetting_tells_whether_there_was_one(self, kept: CredentialsFile) -> None:
        kept.keep("default", Secret("pat_A"))
        assert kept.forget("work") is False
        assert kept.forget("default") is True
        assert kept.find("default") is None

    @pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
    def test_the_file_is_private_and_a_lax_one_is_repaired_and_told(self, kept: CredentialsFile) -> None:
        kept.keep("default", Secret("pat_A"))
        assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.path.parent.stat().st_mode) == 0o700
        kept.path.chmod(0o644)
        assert found(kept).secret.reveal() == "pat_A"
        assert kept.was_open
        assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
        again = CredentialsFile(kept.path)
        found(again)
        assert not again.was_open

    @pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"profiles": 1}', b"\xff\xfe", b"[" * 100_000])
    def test_a_damaged_file_is_told_and_set_aside_when_a_new_token_comes(
        self, kept: CredentialsFile, content: bytes
    ) -> None:
        kept.path.parent.mkdir()
        kept.path.write_bytes(content)
        with pytest.raises(CredentialsError) as caught:
            kept.find("default")
        assert caught.value.reason == "unreadable"
        assert caught.value.__cause__ is None
        kept.keep("default", Secret("pat_A"))
        assert found(kept).secret.reveal() == "pat_A"
        assert kept.path.with_suffix(".damaged").read_bytes() == content

    @pytest.mark.parametrize("entry", [{"token": 5}, {"token": "two words"}, {}])
    def test_an_entry_that_is_no_token_is_an_error_of_ours(
        self, kept: CredentialsFile, entry: dict[str, object]
    ) -> None:
        kept.path.parent.mkdir()
        kept.path.write_text(json.dumps({"profiles": {"default": entry}}))
        with pytest.raises(CredentialsError):
            kept.find("default")

    def test_an_oauth_pair_comes_back_as_it_was(self, kept: CredentialsFile) -> None:
        mine = pair()
        kept.keep("default", mine)
        token = found(kept)
        assert token.pair == mine
        assert token.secret == mine.access


class TestRenewing:
    async def test_a_fresh_pair_is_left_alone(self, kept: CredentialsFile) -> None:
        async def never(old: OAuthPair) -> OAuthPair:
            raise AssertionError(old)

        mine = pair()
        assert await kept.fresh_pair("default", mine, never) is mine

    async def test_the_new_pair_is_on_disk_before_it_is_used(self, kept: CredentialsFile) -> None:
        old, new = pair(expires_in=10), pair("czu_EXAMPLE_new_0123456789")
        kept.keep("default", old)

        async def renew(given: OAuthPair) -> OAuthPair:
            assert given == old
            return new

        assert await kept.fresh_pair("default", old, renew) == new
        assert found(kept).pair == new

    async def test_a_refresh_token_is_used_once_however_many_ask(self, kept: CredentialsFile) -> None:
        old = pair(expires_in=10)
        kept.keep("default", old)
        used = []

        async def renew(given: OAuthPair) -> OAuthPair:
            used.append(given.refresh.reveal())
            await asyncio.sleep(0)
            return replace(given, expires_at=int(time.time()) + 900)

        others = [CredentialsFile(kept.path) for _ in range(4)]
        pairs = await asyncio.gather(*(each.fresh_pair("default", old, renew) for each in others))
        assert len(used) == 1
        assert len(set(pairs)) == 1

    async def test_a_canceled_caller_does_not_lose_the_new_pair(self, kept: CredentialsFile) -> None:
        old, new = pair(expires_in=10), pair("czu_EXAMPLE_new_0123456789")
        kept.keep("default", old)
        asked, answer = asyncio.Event(), asyncio.Event()

        async def renew(given: OAuthPair) -> OAuthPair:
            asked.set()
            await answer.wait()
            return new

        caller = asyncio.create_task(kept.fresh_pair("default", old, renew))
        await asked.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        answer.set()
        assert await kept.fresh_pair("default", old, renew) == new
        assert found(kept).pair == new

    @pytest.mark.parametrize("is_token", [True, False], ids=["token", "other site"])
    async def test_another_login_is_neither_used_for_this_site_nor_replaced(
        self, kept: CredentialsFile, is_token: bool
    ) -> None:
        old, new = pair(expires_in=10), pair("czu_EXAMPLE_new_0123456789")
        other = Secret("pat_other") if is_token else replace(pair(), base_url="https://other.example")
        kept.keep("default", other, "https://other.example")

        async def renew(given: OAuthPair) -> OAuthPair:
            assert given == old
            return new

        assert await kept.fresh_pair("default", old, renew) == new
        token = found(kept)
        assert token.base_url == "https://other.example"
        assert (token.secret if is_token else token.pair) == other
        kept.forget("default")
        assert await kept.fresh_pair("default", old, renew) == new
        assert kept.find("default") is None

    async def test_a_failed_renewal_changes_nothing(self, kept: CredentialsFile) -> None:
        old = pair(expires_in=10)
        kept.keep("default", old)

        async def renew(given: OAuthPair) -> OAuthPair:
            raise CredentialsError("missing")

        with pytest.raises(CredentialsError):
            await kept.fresh_pair("default", old, renew)
        assert found(kept).pair == old
        kept.keep("default", Secret("pat_A"))
