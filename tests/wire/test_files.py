from __future__ import annotations

import os
from pathlib import Path

import pytest

from coze_tui.api import resources
from coze_tui.errors import ApiError, TransportError
from coze_tui.standin.server import StandIn
from tests.support.loopback import Loopback


@pytest.mark.parametrize("profile", ["official", "studio"])
async def test_a_file_is_uploaded(profile: str, tmp_path: Path, loopback: Loopback) -> None:
    path = tmp_path / "船票 ferry.pdf"
    path.write_bytes(b"%PDF-" + bytes(300_000))
    with StandIn(dialect=profile, pace=0) as stand_in:
        client = await loopback.client(stand_in.base_url, lambda: stand_in.token)
        assert await resources.upload_file(client, path)
        (request,) = stand_in.requests
        assert "船票 ferry.pdf".encode() in request.raw
        assert path.read_bytes() in request.raw


async def test_an_empty_file_is_refused_by_coze(
    tmp_path: Path, official: StandIn, loopback: Loopback
) -> None:
    path = tmp_path / "empty.csv"
    path.touch()
    client = await loopback.client(official.base_url, lambda: official.token)
    with pytest.raises(ApiError) as caught:
        await resources.upload_file(client, path)
    assert 4300 <= caught.value.code <= 4304


async def test_a_name_cannot_break_out_of_its_header(tmp_path: Path, loopback: Loopback) -> None:
    path = tmp_path / 'a"\r\nX-Evil: 1.png'
    path.write_bytes(b"x")
    server = await loopback.serve(loopback.answer(b'{"code":0,"data":{"id":"1"}}'))
    client = await loopback.client(server.base_url)
    await resources.upload_file(client, path)
    (request,) = server.requests
    assert request.header("content-type").startswith("multipart/form-data; boundary=")
    assert b"\r\nX-Evil" not in request.body
    assert b"Content-Type: image/png" in request.body


async def test_a_name_that_is_no_text_is_sent_as_text(
    tmp_path: Path, official: StandIn, loopback: Loopback
) -> None:
    path = tmp_path / os.fsdecode(b"a\xff.png")
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    client = await loopback.client(official.base_url, lambda: official.token)
    assert await resources.upload_file(client, path)
    (request,) = official.requests
    assert 'filename="a\ufffd.png"'.encode() in request.raw


async def test_a_file_that_cannot_be_read_is_the_callers_affair(
    tmp_path: Path, official: StandIn, loopback: Loopback
) -> None:
    client = await loopback.client(official.base_url, lambda: official.token)
    with pytest.raises(FileNotFoundError):
        await resources.upload_file(client, tmp_path / "none.pdf")
    assert official.requests == []


async def test_an_upload_is_tried_again_only_at_a_dead_port(tmp_path: Path, loopback: Loopback) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    client = await loopback.client(f"http://127.0.0.1:{loopback.dead_port()}")
    with pytest.raises(TransportError):
        await resources.upload_file(client, path)
    assert loopback.slept == [0.3, 1.0]
