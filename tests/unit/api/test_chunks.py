"""Joined chunks are the same response: h11, which reads both, is the judge."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import h11
from hypothesis import example, given
from hypothesis import strategies as st

from coze_tui.api.chunks import ChunkJoiner

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunked(*bodies: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(body), body) for body in bodies)


def joined(pieces: Iterable[bytes]) -> list[bytes]:
    """Return what the HTTP library reads for each piece, and at the end of the connection."""
    joiner = ChunkJoiner()
    return [*map(joiner.feed, pieces), joiner.flush()]


def read(pieces: Iterable[bytes]) -> list[tuple[list[tuple[int, object]], bytes, str]]:
    """Return the heads, the body and the error that h11 has read after each piece, and after the end."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    reader.send(h11.EndOfMessage())
    heads: list[tuple[int, object]] = []
    body, error = b"", ""
    seen = []
    for piece in [*pieces, None]:
        try:
            if piece != b"":
                reader.receive_data(piece or b"")
            while not error and (event := reader.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
                if isinstance(event, h11.Response | h11.InformationalResponse):
                    heads.append((event.status_code, event.headers.raw_items()))
                elif isinstance(event, h11.Data):
                    body += event.data
                elif isinstance(event, h11.ConnectionClosed):
                    break
                else:
                    heads.append((0, event))
        except h11.RemoteProtocolError as failure:
            error = str(failure)
        seen.append(([*heads], body, error))
    return seen


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    ends = [*sorted({place % (len(data) + 1) for place in places} - {0}), len(data)]
    return [piece for start, end in zip([0, *ends], ends, strict=False) if (piece := data[start:end])]


def check(data: bytes, places: Sequence[int]) -> None:
    pieces = cut(data, places)
    *rewritten, at_end = joined(pieces)
    assert read(rewritten)[:-1] == read(pieces)[:-1]
    assert read([*rewritten, at_end])[-1] == read(pieces)[-1]


LIKE_A_RESPONSE = chunked(HEAD + chunked(b"hello", b"hello"))
HEADS = st.sampled_from(
    [
        HEAD,
        HEAD.replace(b": chunked", b":  CHUNKED "),
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD,
        b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n" + HEAD,
        b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX: y\n\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"no HTTP\r\n\r\n",
    ]
)
ODD = st.sampled_from(
    [
        b"5;name=value\r\nhello\r\n",
        b"5 \r\nhello\r\n",
        b"5\nhello\n",
        b"05\r\nhello\r\n",
        b"5\r\nhello5\r\nhello\r\n",
        b"5\r\nhel\r\n",
        b"x\r\n",
        b"-1\r\n",
        b"\r\n",
        b"fffffffff\r\nhello",
        b"ffff\r\nhello",
        b"0\r\n\r\n",
        b"0\r\nTrailer: x\r\n\r\n",
        b"0\r\n\r\nHTTP/1.1 200 OK\r\n",
    ]
)
BODIES = st.one_of(
    st.binary(min_size=1, max_size=40),
    st.sampled_from([b"\r\n\r\n", b"5\r\nhello\r\n", b"data: x\n\n", HEAD, b"a" * 300]),
)
PARTS = st.lists(st.one_of(BODIES.map(chunked), BODIES.map(chunked), ODD), max_size=12)


@given(HEADS, PARTS, st.lists(st.integers(0, 2_000), max_size=12))
@example(HEAD, [chunked(b"hello"), chunked(b"you"), b"0\r\n\r\n"], range(200))
@example(HEAD, [chunked(b"hello"), chunked(b"you"), b"0\r\n\r\n"], [])
@example(HEAD, [chunked(b"hello"), b"5"], [])
@example(HEAD, [b"5;name=value\r\nhello\r\n", chunked(b"5\r\nhello\r\n", b"b"), b"0\r\n\r\n"], [90, 120])
@example(HEAD, [chunked(b"hello"), b"3\r\nyou", chunked(b"hello", b"you")], [])
@example(HEAD, [b"3\r\nyou", chunked(b"hello", b"you")], [88])
@example(HEAD.replace(b"\r\n\r\n", b"\r\nX: y\n\n"), [LIKE_A_RESPONSE, b"0\r\n\r\n"], [])
@example(b"HTTP/1.1 100 Continue\n\n" + HEAD, [LIKE_A_RESPONSE, b"0\r\n\r\n"], [])
def test_h11_reads_the_same_after_each_piece(head: bytes, parts: list[bytes], places: Sequence[int]) -> None:
    check(head + b"".join(parts), places)


def test_complete_chunks_of_a_piece_become_one() -> None:
    pieces = [
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + chunked(b"a", b"bc") + b"6\r\nd",
        b"ef",
        b"ghi\r\n" + chunked(b"j", b"k") + b"0\r\n\r\n",
    ]
    assert joined(pieces) == [
        b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + chunked(b"abc") + b"6\r\nd",
        b"ef",
        b"ghi\r\n" + chunked(b"jk") + b"0\r\n\r\n",
        b"",
    ]


def test_what_follows_an_unusual_chunk_passes_unchanged() -> None:
    pieces = [HEAD + chunked(b"a", b"b") + b"1;x\r\nc\r\n", chunked(b"d", b"e")]
    assert joined(pieces) == [HEAD + chunked(b"ab") + b"1;x\r\nc\r\n", chunked(b"d", b"e"), b""]


def test_only_the_start_of_a_size_line_is_held_back() -> None:
    assert joined([HEAD, b"1", b"0", b"\r", b"\nx"]) == [HEAD, b"", b"", b"", b"10\r\nx", b""]
    assert joined([HEAD, b"1"]) == [HEAD, b"", b"1"]
