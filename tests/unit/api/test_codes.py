from __future__ import annotations

import pytest

from coze_tui.api.events import error_of_code
from coze_tui.errors import ApiError, AuthError, BusyError, NotFoundError, NotServedError, QuotaError


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        *((code, AuthError) for code in (401, 4100, 4101, 700012006)),
        (4016, BusyError),
        *((code, QuotaError) for code in (429, 4008, 4011, 4019, 4020, 4022, 4028)),
        *((code, NotFoundError) for code in (404, 4001, 4002, 4006, 4200, 103000002, 103100002)),
        *((code, ApiError) for code in (4000, 4015, 4104, 5000, 500, -1, 123456)),
    ],
)
def test_each_code_has_its_class(code: int, kind: type[ApiError]) -> None:
    error = error_of_code(code, "sample", logid="L", http_status=201, retry_after=2.5)
    assert type(error) is kind
    assert (error.code, error.msg, error.logid) == (code, "sample", "L")
    assert (error.http_status, error.retry_after) == (201, 2.5)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, AuthError), (404, NotFoundError), (429, QuotaError), (500, ApiError)]
)
def test_a_code_that_says_little_has_the_class_of_the_status(status: int, kind: type[ApiError]) -> None:
    error = error_of_code(4009, "busy (sample)", http_status=status)
    assert type(error) is kind
    assert error.code == 4009
    assert type(error_of_code(4016, "occupied (sample)", http_status=status)) is BusyError


@pytest.mark.parametrize("code", [401, 700012006])
def test_a_path_that_studio_does_not_serve_is_no_bad_token(code: int) -> None:
    error = error_of_code(code, "missing session_key in cookie", http_status=401)
    assert type(error) is NotServedError
    assert error.code == code


def test_the_wrapper_of_studio_is_taken_off() -> None:
    error = error_of_code(103100001, "code=103100002 message=agent not exists\nstack=/a.go:1\n/b.go:2")
    assert isinstance(error, NotFoundError)
    assert (error.code, error.msg) == (103100002, "agent not exists")


def test_a_message_is_cleaned_and_bounded() -> None:
    assert error_of_code(5000, "a\x1b[31m\nb\u202e").msg == "a[31m b"
    assert len(error_of_code(5000, "x" * 1_000_000).msg) == 65_536
