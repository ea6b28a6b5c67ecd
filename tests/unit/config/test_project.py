"""Finding and reading a project file, which may contain anything."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from coze_tui.config.app_state import AppState
from coze_tui.config.loader import Loaded, load_settings
from coze_tui.config.project import LIMIT, Project, decision_of, find_project, read_project, trust_of
from coze_tui.config.settings import Settings
from coze_tui.errors import SettingsError

CN, COM = "https://api.coze.cn", "https://api.coze.com"
DEEP = "is nested too deeply" if sys.version_info < (3, 14) else "is not valid TOML"
"""The problem of a key of thousands of parts; Python 3.14 limits them itself."""
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="POSIX's files and owners")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".coze-tui.toml"


class TestFinding:
    @pytest.fixture(autouse=True)
    def folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        folder = tmp_path / "home" / "repo" / "sub"
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        return folder

    def test_the_nearest_file_in_the_working_folder_or_above_is_found(self, folders: Path) -> None:
        environment = {"HOME": str(folders.parents[1])}
        assert find_project(environment) is None
        for folder in (folders.parents[1], folders.parent, folders):  # also in the home folder itself
            (folder / ".coze-tui.toml").write_text("")
            assert find_project(environment) == folder / ".coze-tui.toml"

    def test_the_search_ends_with_the_home_folder_however_its_name_is_written(self, folders: Path) -> None:
        (folders.parents[2] / ".coze-tui.toml").write_text("")
        assert find_project({"HOME": str(folders.parents[1])}) is None
        link = folders.parents[2] / "link"
        link.symlink_to(folders.parents[1])
        assert find_project({"HOME": str(link)}) is None
        assert find_project({}) == folders.parents[2] / ".coze-tui.toml"

    @POSIX
    def test_a_working_folder_that_was_deleted_has_none(self, folders: Path) -> None:
        folders.rmdir()
        assert find_project({}) is None


class TestReading:
    def test_its_settings_are_read_as_those_of_the_settings_file(self, file: Path) -> None:
        file.write_text('bot_id = 7511000000000000101\nbase_url = "com"\n[custom_variables]\nname = "Lin"\n')
        project = read_project(file)
        assert project.values == {
            "bot_id": "7511000000000000101",
            "base_url": COM,
            "custom_variables": {"name": "Lin"},
        }
        assert project.base_url == COM
        assert project.warnings == ()

    @pytest.mark.parametrize(
        ("content", "words", "line"),
        [
            (b'\ntoken = "pat_x"', "save a token with", 2),
            (b'token_command = "pass"', "save a token with", 1),
            (b"COZE_API_TOKEN = 1", "save a token with", 1),
            (b"[tools]\na = 'rm -rf /'", "is not allowed in a project file", 1),
            (b'proxy = "http://x"', "is not allowed", 1),
            (b'profile = "work"', "is not allowed", 1),
            (b"[profiles.work]\nbot_id = 1", "is not allowed", 0),
            (b"bot_id = [", "is not valid TOML", 1),
            (b"x" * (LIMIT + 1), "too large", 0),
            (b"bot_id = 1\n\xff\xfe", "is not valid UTF-8", 2),
            (b'bot_id = "\\u001b[31m"', "control character", 1),
            (b'base_url = "http://evil.example"', "plain http would expose the token", 1),
            (b'base_url = "https://coze.cn@evil.example"', "must not contain a user name", 1),
            (b"custom_variables = 5", "must be a table", 1),
            (b"[custom_variables]\nborn = 2025-01-28", "must be a string", 1),
            (b"[parameters]\nborn = 2025-01-28", "contains 2025-01-28", 1),
            (b"[parameters]\na = [{b = [nan]}]", "contains nan", 1),
            (b"a." * 4_000 + b"b = 1", "is not", 1),
            (b"parameters." + b"a." * 4_000 + b"b = 1", DEEP, 1),
            (b"[parameters]\na = 0x" + b"f" * 5000, "contains a number that is too large", 1),
            (b"bot_id = 0x" + b"f" * 5000, "contains a number that is too large", 1),
        ],
    )
    def test_what_does_not_belong_there_is_a_problem_and_nothing_is_used(
        self, file: Path, content: bytes, words: str, line: int
    ) -> None:
        file.write_bytes(content)
        with pytest.raises(SettingsError) as caught:
            read_project(file)
        assert words in caught.value.problem
        assert caught.value.source == str(file)
        assert caught.value.line == line or not line
        assert "pat_x" not in str(caught.value)

    @pytest.mark.parametrize(
        ("key", "meant"), [("bot", "bot_id"), ("site", "base_url"), ("variables", "custom_variables")]
    )
    def test_another_word_for_a_setting_leads_to_its_name(self, file: Path, key: str, meant: str) -> None:
        file.write_text(f'{key} = "1"')
        with pytest.raises(SettingsError) as caught:
            read_project(file)
        assert caught.value.suggestion == meant

    @POSIX
    def test_what_is_no_plain_file_is_a_problem_and_stops_nothing(self, file: Path, tmp_path: Path) -> None:
        os.mkfifo(file)
        with pytest.raises(SettingsError, match="not a regular file"):
            read_project(file)
        file.unlink()
        file.symlink_to("/dev/zero")
        with pytest.raises(SettingsError, match="not a regular file"):
            read_project(file)
        file.unlink()
        file.mkdir()
        with pytest.raises(SettingsError):
            read_project(file)
        file.rmdir()
        file.symlink_to(tmp_path / "nowhere")
        with pytest.raises(SettingsError, match="cannot be read"):
            read_project(file)

    @POSIX
    def test_a_file_that_others_can_change_or_own_has_a_warning(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        file.write_text("bot_id = 1")
        file.chmod(0o666)
        assert read_project(file).warnings == ("Other users of this machine can change the file.",)
        file.chmod(0o664)
        owner = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
        assert read_project(file).warnings == ("The file belongs to another user of this machine.",)

    def test_facts_are_short_and_of_one_line_each(self, file: Path) -> None:
        many = "".join(f"v{number} = 1\n" for number in range(30))
        long = "x" * 500
        file.write_text(f'[custom_variables]\n{many}[parameters]\n"a\\nb\\u202e" = "\\u001b[31m{long}"\n')
        facts = list(read_project(file).facts())
        assert ("custom_variables", "10 more") in facts
        assert facts[-1][0] == "parameters.a b"
        assert all("\x1b" not in text and "\n" not in text for fact in facts for text in fact)
        assert max(len(value) for _name, value in facts) == 100

    def test_the_host_of_a_site_is_shown_to_its_end(self, file: Path) -> None:
        host = ".".join(["api.coze.cn", *["a" * 60] * 3, "evil.example"])
        file.write_text(f'base_url = "https://{host}/{"b" * 500}"\n')
        ((_name, shown),) = read_project(file).facts()
        assert f"https://{host}/" in shown
        assert len(shown) == 300


def test_trust_is_for_one_path_and_one_content(file: Path) -> None:
    file.write_text("bot_id = 1")
    project = read_project(file)
    path = str(file)
    assert trust_of(project, {}) == "new"
    trusted = {path: decision_of(project, is_trusted=True)}
    assert trust_of(project, trusted) == "trusted"
    assert trust_of(project, {path: decision_of(project, is_trusted=False)}) == "refused"
    file.write_text("bot_id = 2")
    changed = read_project(file)
    assert trust_of(changed, trusted) == "changed"
    assert trust_of(changed, {path: decision_of(project, is_trusted=False)}) == "changed"
    assert trust_of(changed, {path: "trusted"}) == "changed"
    assert trust_of(Project(file.parent / "other", project.digest), trusted) == "new"


class TestSettings:
    """The settings that follow from a trusted project file."""

    def load(
        self,
        tmp_path: Path,
        *,
        settings: str = "",
        environment: dict[str, str] | None = None,
        flags: dict[str, object] | None = None,
        sites: dict[str, str] | None = None,
        **values: object,
    ) -> Loaded:
        file = tmp_path / "settings.toml"
        file.write_text(settings)
        return load_settings(
            file=file,
            environment=environment or {},
            flags=flags,
            remembered=AppState(sites=sites or {}, chosen={"bot_id": "4"}),
            other_profiles=sites or (),
            project=Project(tmp_path / ".coze-tui.toml", "", values),
        )

    def test_it_goes_before_the_settings_file_and_behind_variables_and_options(self, tmp_path: Path) -> None:
        def bot_of(**more: dict[str, str] | dict[str, object]) -> str:
            found = self.load(tmp_path, settings="bot_id = 5", bot_id="1", **more).settings  # type: ignore[arg-type]
            return f"{found.bot_id} {found.source_of('bot_id').kind}"

        assert bot_of() == "1 project"
        assert bot_of(environment={"COZE_BOT_ID": "2"}) == "2 environment"
        assert bot_of(environment={"COZE_BOT_ID": "2"}, flags={"bot_id": "3"}) == "3 flag"

    def test_the_source_is_the_file(self, tmp_path: Path) -> None:
        settings = self.load(tmp_path, bot_id="1").settings
        assert str(settings.source_of("bot_id")) == str(tmp_path / ".coze-tui.toml")

    def test_a_project_of_the_own_site_changes_neither_profile_nor_tokens(self, tmp_path: Path) -> None:
        for found in (
            self.load(tmp_path, bot_id="1"),
            self.load(tmp_path, base_url=CN),
            self.load(tmp_path, settings='base_url = "com"', base_url=COM),
            self.load(tmp_path, sites={"default": COM}, base_url=COM),
            self.load(tmp_path, environment={"COZE_API_BASE": COM}, base_url=CN),
            self.load(tmp_path, flags={"base_url": COM}, base_url=CN),
        ):
            assert (found.settings.profile, dict(found.settings.token_sites)) == ("default", {})

    def test_a_project_of_another_site_has_the_profile_of_this_site(self, tmp_path: Path) -> None:
        table = '[profiles.work]\nbase_url = "com"\n'

        def profile_of(settings: str = "", sites: dict[str, str] | None = None, **flags: object) -> Settings:
            return self.load(tmp_path, settings=settings, sites=sites, flags=flags, base_url=COM).settings

        new = profile_of()
        assert (new.profile, new.base_url, str(new.source_of("profile"))) == (
            "coze.com",
            COM,
            str(tmp_path / ".coze-tui.toml"),
        )
        assert profile_of(table).profile == "work"
        assert profile_of(sites={"default": CN, "team": COM}).profile == "team"
        assert profile_of(table, profile="default").profile == "default"  # it was chosen

    def test_a_token_without_a_known_site_belongs_to_the_own_site_of_the_user(self, tmp_path: Path) -> None:
        own = {"COZE_API_TOKEN": CN, "token_file": CN, "token_command": CN}
        command = 'token_command = "pass"\n'
        assert self.load(tmp_path, settings=command, base_url=COM).settings.token_sites == own
        # A login inside of the project does not make it the user's own site.
        sites = {"default": CN, "coze.com": COM}
        assert self.load(tmp_path, settings=command, sites=sites, base_url=COM).settings.token_sites == own
        table = f'[profiles.work]\nbase_url = "com"\n{command}'
        found = self.load(tmp_path, settings=table, base_url=COM).settings
        assert found.token_sites == {**own, "token_command": COM}
        chosen = self.load(
            tmp_path, settings=f"[profiles.own]\n{command}", flags={"profile": "own"}, base_url=COM
        )
        assert chosen.settings.token_sites == own
