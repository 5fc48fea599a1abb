"""Where a body ends, and what two readers of one request could disagree about."""

from __future__ import annotations

from tests.support.differential.observation import Case
from tests.support.differential.steps import Write, pipelined

_HIDDEN = b"GET /events/999999 HTTP/1.1\r\nHost: localhost\r\n\r\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


CASES: dict[str, Case] = {
    "a length": lambda to: to.register(),
    "chunks": lambda to: to.chunked(),
    "chunks with an extension": lambda to: to.register(
        body=b"2;a=b\r\n{}\r\n0\r\n\r\n", length="Transfer-Encoding: chunked"
    ),
    "chunks and a trailer": lambda to: to.register(
        body=_chunk(to.body()) + b"0\r\nX-Trailer: 1\r\n\r\n", length="Transfer-Encoding: chunked"
    ),
    "chunks and a length as trailer": lambda to: to.register(
        body=_chunk(to.body()) + b"0\r\nContent-Length: 1\r\n\r\n", length="Transfer-Encoding: chunked"
    ),
    "chunks in upper case": lambda to: to.register(
        body=b"1F\r\n" + b" " * 31 + b"\r\n0\r\n\r\n", length="TRANSFER-ENCODING: CHUNKED"
    ),
    "a chunk with a bad size": lambda to: to.register(
        body=b"zz\r\n{}\r\n0\r\n\r\n", length="Transfer-Encoding: chunked"
    ),
    "a chunk with a sign": lambda to: to.register(body=b"+2\r\n{}\r\n0\r\n\r\n", length="Transfer-Encoding: chunked"),
    "a chunk with 0x": lambda to: to.register(body=b"0x2\r\n{}\r\n0\r\n\r\n", length="Transfer-Encoding: chunked"),
    "a chunk longer than it says": lambda to: to.register(
        body=b"1\r\n{}\r\n0\r\n\r\n", length="Transfer-Encoding: chunked"
    ),
    "a chunk that ends in LF": lambda to: to.register(body=b"2\n{}\n0\n\n", length="Transfer-Encoding: chunked"),
    "chunks without an end": lambda to: Write(
        to.register(body=_chunk(to.body()), length="Transfer-Encoding: chunked"), answers=0
    ),
    "CL.TE": lambda to: to.register(
        "Content-Length: 6", body=b"0\r\n\r\nG" + _HIDDEN, length="Transfer-Encoding: chunked"
    ),
    "TE.CL": lambda to: to.register(
        "Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n" + _HIDDEN, length="Content-Length: 4"
    ),
    "TE.TE, one of them odd": lambda to: to.register(
        "Transfer-Encoding: chunked", body=b"0\r\n\r\n", length="Transfer-Encoding: x"
    ),
    "two codings": lambda to: to.register(body=b"0\r\n\r\n", length="Transfer-Encoding: gzip, chunked"),
    "chunked twice": lambda to: to.register(body=b"0\r\n\r\n", length="Transfer-Encoding: chunked, chunked"),
    "chunked first": lambda to: to.register(body=b"0\r\n\r\n", length="Transfer-Encoding: chunked, gzip"),
    "identity": lambda to: to.register("Transfer-Encoding: identity"),
    "an unknown coding": lambda to: to.register("Transfer-Encoding: br"),
    "an empty coding": lambda to: to.register("Transfer-Encoding:"),
    "a coding with a tab": lambda to: to.register("Transfer-Encoding:\tchunked"),
    "a coding with a vertical tab": lambda to: to.register("Transfer-Encoding:\x0bchunked"),
    "a coding with a space before its colon": lambda to: to.register("Transfer-Encoding : chunked"),
    "a coding under an underscore": lambda to: to.register("Transfer_Encoding: chunked"),
    "a length under an underscore": lambda to: to.register("Content_Length: 2"),
    "two lengths": lambda to: to.register("Content-Length: 5"),
    "two equal lengths": lambda to: to.register(length="Content-Length: {length}\r\nContent-Length: {length}"),
    "two lengths in one field": lambda to: to.register(length="Content-Length: {length}, {length}"),
    "a length with a sign": lambda to: to.register(length="Content-Length: +{length}"),
    "a negative length": lambda to: to.register(length="Content-Length: -1"),
    "a length in hexadecimal": lambda to: to.register(length="Content-Length: 0x{length:x}"),
    "a length with a point": lambda to: to.register(length="Content-Length: {length}.0"),
    "a length with an underscore": lambda to: to.register(length="Content-Length: {length}_0"),
    "a length with zeros": lambda to: to.register(length="Content-Length: 000{length}"),
    "a length in other digits": lambda to: to.register(length="Content-Length: \u0665\u0667"),
    "a length among spaces": lambda to: to.register(length="Content-Length: \t {length} \t"),
    "an empty length": lambda to: to.register(length="Content-Length:"),
    "a length of 5000 digits": lambda to: to.register(length="Content-Length: " + "9" * 5000),
    "a length past 64 bits": lambda to: to.register(length="Content-Length: 18446744073709551674"),
    "no length, no body": lambda to: to.register(body=b"", length=None),
    "no length, a body": lambda to: to.register(length=None),
    "a length of nothing": lambda to: to.register(body=b""),
    "a length that is too short": lambda to: to.register(length="Content-Length: 5"),
    "a length that is too long": lambda to: Write(to.register(body=to.body() + b"\r\n")[:-2], answers=0),
    "a body behind a length of nothing": lambda to: to.register(length="Content-Length: 0"),
    "a request in the body": lambda to: to.register(body=_HIDDEN),
    "a request behind the body": lambda to: pipelined(to.register(), _HIDDEN),
    "a poll with a body": lambda to: to.poll("", "Content-Length: 2") + b"ab",
    "a poll with an empty body": lambda to: to.poll("", "Content-Length: 0"),
    "a poll with chunks": lambda to: to.poll("", "Transfer-Encoding: chunked") + b"2\r\nab\r\n0\r\n\r\n",
    "a poll with a request in its body": lambda to: (
        to.poll("", f"Content-Length: {len(_HIDDEN)}") + to.poll(to.prepared.rejected)[: len(_HIDDEN)]
    ),
}
