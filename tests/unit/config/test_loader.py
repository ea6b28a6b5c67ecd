"""Settings from flags, environment, file and memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coze_tui.api.client import CozeClient
from coze_tui.config.app_state import AppState, bot_key
from coze_tui.config.loader import Loaded, load_settings
from coze_tui.config.settings import Settings, Source, variable_of
from coze_tui.errors import SettingsError
from tests.support.schema_checks import check_agreement

CN, COM = "https://api.coze.cn", "https://api.coze.com"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def load(
    file: Path,
    text: str | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    remembered: AppState | None = None,
    other_profiles: tuple[str, ...] = (),
) -> Loaded:
    if text is not None:
        check_agreement(file, text)
        file.write_text(text, encoding="utf-8")
    return load_settings(
        file=file,
        environment=environment or {},
        flags=flags,
        remembered=remembered,
        other_profiles=other_profiles,
    )


def only_problem(loaded: Loaded) -> SettingsError:
    [problem] = loaded.problems
    return problem


class TestOrder:
    def test_without_anything_the_defaults_hold(self, file: Path) -> None:
        loaded = load(file)
        assert loaded.problems == ()
        assert loaded.settings == Settings(profiles=("default",))
        assert loaded.settings.source_of("theme") == Source("default")

    def test_flags_beat_environment_beats_choice_beats_profile_beats_file(self, file: Path) -> None:
        text = 'theme = "file"\nprofile = "work"\n[profiles.work]\ntheme = "profile"\n'
        remembered = AppState(chosen={"theme": "chosen"})
        environment = {"COZE_TUI_THEME": "environment"}
        flags = {"theme": "flag"}
        steps = [
            (load(file, 'theme = "file"'), "file", Source("file", str(file))),
            (load(file, text), "profile", Source("profile", "work")),
            (load(file, text, remembered=remembered), "chosen", Source("chosen")),
            (
                load(file, text, remembered=remembered, environment=environment),
                "environment",
                Source("environment", "COZE_TUI_THEME"),
            ),
            (
                load(file, text, remembered=remembered, environment=environment, flags=flags),
                "flag",
                Source("flag", "--theme"),
            ),
        ]
        for loaded, theme, source in steps:
            assert (loaded.settings.theme, loaded.problems) == (theme, ())
            assert loaded.settings.source_of("theme") == source

    @pytest.mark.parametrize(
        ("name", "variable"),
        [
            ("base_url", "COZE_API_BASE"),
            ("bot_id", "COZE_BOT_ID"),
            ("user_id", "COZE_USER_ID"),
            ("idle_timeout", "COZE_TUI_IDLE_TIMEOUT"),
        ],
    )
    def test_coze_s_own_variables_are_used_where_there_are_any(self, name: str, variable: str) -> None:
        assert variable_of(name) == variable

    def test_a_blank_variable_sets_nothing(self, file: Path) -> None:
        assert load(file, environment={"COZE_BOT_ID": " "}).settings.bot_id == ""

    def test_what_is_remembered_of_the_profile_beats_only_defaults(self, file: Path) -> None:
        remembered = AppState(
            user_id="made-up", sites={"default": COM}, last_bots={bot_key("default", COM): "5"}
        )
        now = load(file, remembered=remembered).settings
        assert (now.base_url, now.bot_id, now.user_id) == (COM, "5", "made-up")
        assert now.source_of("bot_id") == Source("remembered")
        set_now = load(
            file, f'base_url = "{COM}"\nbot_id = 7\nuser_id = "me"', remembered=remembered
        ).settings
        assert (set_now.base_url, set_now.bot_id, set_now.user_id) == (COM, "7", "me")

    def test_a_bot_of_another_site_is_not_remembered_for_this_one(self, file: Path) -> None:
        remembered = AppState(sites={"default": COM}, last_bots={bot_key("default", COM): "5"})
        assert load(file, flags={"base_url": CN}, remembered=remembered).settings.bot_id == ""


class TestProfiles:
    TEXT = 'bot_id = 1\n[profiles.work]\nbot_id = 2\n[profiles.home]\nbase_url = "com"\n'

    @pytest.mark.parametrize(
        ("how", "bot_id"),
        [
            ({}, "1"),
            ({"flags": {"profile": "work"}}, "2"),
            ({"environment": {"COZE_TUI_PROFILE": "work"}}, "2"),
            ({"flags": {"profile": "home"}}, "1"),
        ],
    )
    def test_a_profile_overrides_what_it_sets(self, file: Path, how: dict[str, object], bot_id: str) -> None:
        loaded = load(file, self.TEXT, **how)  # type: ignore[arg-type]  # the table's values are right
        assert loaded.problems == ()
        assert loaded.settings.bot_id == bot_id

    def test_all_profiles_can_be_chosen(self, file: Path) -> None:
        loaded = load(file, self.TEXT, other_profiles=("logged-in",))
        assert loaded.settings.profiles == ("work", "home", "logged-in", "default")

    def test_a_profile_that_only_has_a_token_is_one(self, file: Path) -> None:
        loaded = load(file, other_profiles=("logged-in",), flags={"profile": "logged-in"})
        assert loaded.problems == ()
        assert loaded.settings.profile == "logged-in"

    def test_an_unknown_profile_names_the_nearest(self, file: Path) -> None:
        problem = only_problem(load(file, self.TEXT, flags={"profile": "wrok"}))
        assert (problem.source, problem.key, problem.suggestion) == ("--profile", "", "work")

    def test_an_unknown_profile_of_the_file_names_its_line(self, file: Path) -> None:
        problem = only_problem(load(file, '\nprofile = "wrok"\n[profiles.work]\n'))
        assert (problem.line, problem.suggestion) == (2, "work")


class TestWrongFiles:
    @pytest.mark.parametrize(
        ("text", "line", "key", "suggestion"),
        [
            ('\nthem = "x"\n', 2, "them", "theme"),
            ("Bot-Id = 1\n", 1, "Bot-Id", "bot_id"),
            ("[profile.work]\n", 1, "profile", ""),
            ("[profiles.work]\n\nbotid = 1\n", 3, "profiles.work.botid", "bot_id"),
            ("[profiles.other]\nxyzzy = 1\n", 2, "profiles.other.xyzzy", ""),
            ('[profiles.a]\nprofile = "b"\n', 2, "profiles.a.profile", ""),
            ('profiles = "work"\n', 1, "profiles", ""),
            ("[profiles]\nwork = 1\n", 2, "profiles.work", ""),
            ('mouse = "maybe"\n', 1, "mouse", ""),
            ('send_key = "ctrl+k"\n', 1, "send_key", "ctrl+j"),
            ('base_url = "http://10.0.0.1"\n', 1, "base_url", "https://api.coze.cn"),
            ("max_fps = 1.5\n", 1, "max_fps", ""),
            ("idle_timeout = nan\n", 1, "idle_timeout", ""),
            ("retention_days = true\n", 1, "retention_days", ""),
            ("[keys]\nsend = [1]\n", 1, "keys", ""),
            ("parameters = 5\n", 1, "parameters", ""),
            ('theme = "a\\u001b[31mb"\n', 1, "theme", ""),
            ('profiles.work.theme = 5.5\nprofile = "work"\n', 1, "profiles.work.theme", ""),
        ],
    )
    def test_file_line_key_and_the_nearest_right_word_are_named(
        self, file: Path, text: str, line: int, key: str, suggestion: str
    ) -> None:
        problem = next(problem for problem in load(file, text).problems if problem.key == key)
        assert problem.source == str(file)
        assert problem.problem
        assert (problem.line, problem.suggestion) == (line, suggestion)

    def test_what_is_right_beside_what_is_wrong_holds(self, file: Path) -> None:
        loaded = load(file, 'theme = "nord"\nmouse = "maybe"\nsidebar = "hidden"\n')
        assert (loaded.settings.theme, loaded.settings.mouse, loaded.settings.sidebar) == (
            "nord",
            True,
            "hidden",
        )
        assert len(loaded.problems) == 1

    @pytest.mark.parametrize("wrong", ["http://10.0.0.1", "http://[::1", "ftp://x/", "https://a\u001b[31m"])
    def test_a_wrong_address_is_no_reason_to_ask_the_default_one(self, file: Path, wrong: str) -> None:
        remembered = AppState(sites={"default": COM})
        settings = load(file, environment={"COZE_API_BASE": wrong}, remembered=remembered).settings
        assert settings.base_url == wrong.replace("\u001b", "")
        assert "\u001b" not in settings.site
        with pytest.raises(SettingsError):
            CozeClient(settings.base_url, lambda: "pat_EXAMPLE")

    @pytest.mark.parametrize(
        ("content", "line"),
        [
            (b'theme = "x\n', 1),
            (b"\n\ntheme = \n", 3),
            (b"theme", 1),
            (b'theme = "\xff"\n', 1),
            (b'a = 1\ntheme = "\xff"\n', 2),
            (b"a = " + b"[" * 5_000, 1),
        ],
    )
    def test_what_is_no_toml_is_told_with_its_line(self, file: Path, content: bytes, line: int) -> None:
        file.write_bytes(content)
        problem = only_problem(load(file))
        assert (problem.source, problem.line) == (str(file), line)

    def test_a_folder_in_the_place_of_the_file_is_told(self, file: Path) -> None:
        file.mkdir()
        assert only_problem(load(file)).source == str(file)

    def test_a_huge_file_is_not_read(self, file: Path) -> None:
        file.write_bytes(b"#" * (2 << 20))
        assert only_problem(load(file)).source == str(file)

    def test_a_byte_order_mark_does_no_harm(self, file: Path) -> None:
        file.write_bytes(b'\xef\xbb\xbftheme = "nord"\n')
        assert load(file).settings.theme == "nord"

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(content=st.binary(max_size=300))
    def test_any_bytes_give_settings(self, file: Path, content: bytes) -> None:
        file.write_bytes(content)
        assert isinstance(load(file).settings, Settings)

    def test_a_wrong_variable_or_flag_is_named_and_the_next_place_holds(self, file: Path) -> None:
        loaded = load(
            file,
            'sidebar = "hidden"',
            environment={"COZE_TUI_SIDEBAR": "Shown", "COZE_API_BASE": "ftp://x"},
            flags={"language": "fr"},
        )
        assert [problem.source for problem in loaded.problems] == [
            "COZE_API_BASE",
            "COZE_TUI_SIDEBAR",
            "--lang",
        ]
        assert loaded.problems[1].suggestion == "shown"
        assert loaded.settings.sidebar == "hidden"

    def test_a_wrong_remembered_value_is_passed_over_in_silence(self, file: Path) -> None:
        loaded = load(file, remembered=AppState(chosen={"sidebar": "?", "gone": "1"}, sites={"default": "?"}))
        assert loaded.problems == ()
        assert loaded.settings == Settings(profiles=("default",))


class TestValues:
    @pytest.mark.parametrize(
        ("name", "text", "value"),
        [
            ("mouse", "off", False),
            ("mouse", "1", True),
            ("max_fps", "15", 15),
            ("idle_timeout", "2.5", 2.5),
            ("base_url", "www.coze.com/v3/", COM),
            ("bot_id", "https://www.coze.cn/space/1/bot/99", "99"),
            ("custom_variables", '{"name": "Lin", "age": 7}', {"name": "Lin", "age": "7"}),
            ("parameters", '{"deep": {"er": [1]}}', {"deep": {"er": [1]}}),
            ("language", "zh_CN", "zh_CN"),
        ],
    )
    def test_values_of_the_environment_are_read_by_their_type(
        self, file: Path, name: str, text: str, value: object
    ) -> None:
        loaded = load(file, environment={variable_of(name): text})
        assert loaded.problems == ()
        assert getattr(loaded.settings, name) == value

    @pytest.mark.parametrize("text", ["[]", "5", "{", "nul"])
    def test_a_table_of_the_environment_is_a_json_object(self, file: Path, text: str) -> None:
        assert (
            only_problem(load(file, environment={"COZE_TUI_PARAMETERS": text})).source
            == "COZE_TUI_PARAMETERS"
        )

    def test_files_are_relative_to_the_settings_and_know_the_home(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", "/home/me")
        monkeypatch.setenv("USERPROFILE", "/home/me")
        loaded = load(file, 'ca_file = "ca.pem"\ntoken_file = "~/token"\nrecord_captures = ""')
        assert loaded.settings.ca_file == file.parent / "ca.pem"
        assert loaded.settings.token_file == Path("/home/me/token")
        assert loaded.settings.record_captures is None

    def test_a_proxy_with_a_password_is_not_printed(self, file: Path) -> None:
        loaded = load(file, 'proxy = "http://me:hunter2@proxy.example:80"')
        assert "hunter2" not in repr(loaded.settings)
        assert loaded.settings.proxy.endswith(":80")
