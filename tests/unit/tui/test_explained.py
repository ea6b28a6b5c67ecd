"""Advice inside the program names the program's own commands, and the shell's advice those of the shell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest

from coze_tui.api.events import error_of_code
from coze_tui.config.tokens import Secret, hint_for
from coze_tui.diagnostics.explain import explain as explain_in_shell
from coze_tui.errors import AuthError, CozeTuiError, CredentialsError
from coze_tui.text.i18n import use_language
from coze_tui.tui.commands import slash_commands
from coze_tui.tui.explained import explain, in_program
from tests.support.samples import ROOT


@pytest.fixture(autouse=True)
def _language() -> Iterator[None]:
    yield
    use_language("en")


def errors() -> list[CozeTuiError]:
    reasons = get_args(get_type_hints(CredentialsError.__init__)["reason"])
    return [
        *(error_of_code(code, "denied") for code in (4100, 4101, 4028, 700012006)),
        error_of_code(401, "denied", http_status=401),
        AuthError(0, "invalid_grant", http_status=400),
        *(CredentialsError(reason, source) for reason in reasons for source in ("", "stdin")),
        CozeTuiError(explain_in_shell(error_of_code(4100, "denied"), base_url="").text),  # as it is stored
    ]


@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_the_login_that_is_named_is_the_one_that_is_at_hand(language: str) -> None:
    use_language(language)
    pairs = [
        (explain_in_shell(error, base_url="").text, explain(error, base_url="").text) for error in errors()
    ]
    assert any("coze-tui login" in shell for shell, _ours in pairs)
    assert [ours for _shell, ours in pairs if "coze-tui login" in ours] == []
    assert [shell for shell, _ours in pairs if "/login" in shell] == []
    assert all(("coze-tui login" in shell) is ("/login" in ours) for shell, ours in pairs)
    assert "/login" in in_program(hint_for(Secret("czu_x")))
    assert "/login" in {command.name for command in slash_commands()}


def test_screens_explain_errors_through_one_module() -> None:
    files = (ROOT / "coze_tui" / "tui").rglob("*.py")
    found = {file.name for file in files if "explain import explain\n" in file.read_text()}
    assert found <= {"explained.py"}
