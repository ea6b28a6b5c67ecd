"""Errors lead to the section of the documentation that helps, in the user's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from coze_tui.diagnostics.help_pages import help_page
from coze_tui.errors import ApiError, CredentialsError, SettingsError, StreamCut, TransportError
from coze_tui.text.i18n import use_language


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    use_language("en")
    yield
    use_language("en")


@pytest.mark.parametrize(
    ("error", "section"),
    [
        (ApiError(4101, "no"), "permissions-by-feature"),
        (ApiError(4015, "no"), "error-codes"),
        (CredentialsError("missing"), "get-a-token"),
        (StreamCut("closed"), "an-answer-was-cut-off"),
        (TransportError("proxy"), "proxy"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_error_leads_to_its_section(error: Exception, section: str) -> None:
    assert help_page(error).endswith(f"/docs/troubleshooting.md#{section}")
    use_language("zh_CN")
    assert help_page(error).endswith(f"/docs/troubleshooting.zh-CN.md#{section}")


@pytest.mark.parametrize(
    "error", [ApiError(5000, "no"), SettingsError("is wrong", source="x"), TransportError("dns")]
)
def test_other_errors_lead_nowhere(error: Exception) -> None:
    assert help_page(error) == ""
