"""Files that go with a question (docs/wire.md 4.8)."""

from __future__ import annotations

import mimetypes
from contextlib import nullcontext
from pathlib import Path

from coze_tui.api.client import CozeClient
from coze_tui.api.objects import UploadedFile

LARGEST_FILE = 512 * 1024 * 1024
"""Bytes; a model may take less."""


async def upload(client: CozeClient, file: Path | bytes, file_name: str = "") -> UploadedFile:
    """Send a file, read piece by piece. It is kept three months, for this account only.

    Args:
        file_name: what the server is told; the path's own name where empty.

    Raises:
        OSError: the file cannot be read.
        ApiError: among others 4300 to 4304: empty, too large, of a kind not taken, broken.
    """
    name = file_name or (file.name if isinstance(file, Path) else "file")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    with nullcontext(file) if isinstance(file, bytes) else file.open("rb") as content:
        answer = await client.upload("/v1/files/upload", {"file": (name, content, kind)})
    return UploadedFile.from_wire(answer.mapping())


async def retrieve(client: CozeClient, file_id: str) -> UploadedFile:
    answer = await client.get_json("/v1/files/retrieve", {"file_id": file_id})
    return UploadedFile.from_wire(answer.mapping())
