"""What stands where a registration belongs."""

from __future__ import annotations

from tests.support.differential.observation import Case

_DEEP = b"[" * 5000 + b"]" * 5000

_BODIES: dict[str, bytes] = {
    "a space": b" ",
    "half an object": b"{",
    "an empty object": b"{}",
    "an empty list": b"[]",
    "null": b"null",
    "a number": b"42",
    "a text": b'"text"',
    "NaN": b'{"name": NaN, "email": "a@example.com"}',
    "two objects": b"{}{}",
    "a NUL": b"\x00",
    "a NUL behind": b'{"name": "A", "email": "a@example.com"}\x00',
    "spaces around": b' \t\r\n{"name": "A", "email": "a@example.com"}\r\n ',
    "a mark of UTF-8": b'\xef\xbb\xbf{"name": "A", "email": "a@example.com"}',
    "UTF-16": '{"name": "A", "email": "a@example.com"}'.encode("utf-16"),
    "Latin-1": b'{"name": "J\xfcrgen", "email": "a@example.com"}',
    "half a surrogate in bytes": b'{"name": "\xed\xa0\x80", "email": "a@example.com"}',
    "half a surrogate as an escape": b'{"name": "\\ud800", "email": "a@example.com"}',
    "a whole surrogate as escapes": b'{"name": "\\ud83c\\udf9f", "email": "a@example.com"}',
    "UTF-8": '{"name": "J\u00fcrgen \U0001f39f", "email": "a@example.com"}'.encode(),
    "an address past ASCII": '{"name": "A", "email": "j\u00fcrgen@b\u00fccher.example"}'.encode(),
    "deep": _DEEP,
    "deep in a field": b'{"name": "A", "email": "a@example.com", "x": ' + _DEEP + b"}",
    "a comma too many": b'{"name": "A", "email": "a@example.com",}',
    "single quotes": b"{'name': 'A', 'email': 'a@example.com'}",
    "a comment": b'{"name": "A", /* x */ "email": "a@example.com"}',
    "a name twice": b'{"name": "A", "name": "B", "email": "a@example.com"}',
    "an email twice": b'{"name": "A", "email": "a@example.com", "email": "b@example.com"}',
    "fields in another case": b'{"Name": "A", "EMAIL": "a@example.com"}',
    "an unknown field": b'{"name": "A", "email": "a@example.com", "admin": true}',
    "a big number in an unknown field": b'{"name": "A", "email": "a@example.com", "x": 1' + b"0" * 400 + b"}",
    "no name": b'{"email": "a@example.com"}',
    "no email": b'{"name": "A"}',
    "a number as name": b'{"name": 1, "email": "a@example.com"}',
    "a list as email": b'{"name": "A", "email": ["a@example.com"]}',
    "null as name": b'{"name": null, "email": "a@example.com"}',
    "null as callback": b'{"name": "A", "email": "a@example.com", "callback_url": null}',
    "a callback": b'{"name": "A", "email": "a@example.com", "callback_url": "https://example.org/x"}',
    "a number as callback": b'{"name": "A", "email": "a@example.com", "callback_url": 1}',
    "an empty callback": b'{"name": "A", "email": "a@example.com", "callback_url": ""}',
    "an empty name": b'{"name": "", "email": "a@example.com"}',
    "a name of spaces": b'{"name": "  ", "email": "a@example.com"}',
    "spaces around a name": b'{"name": "  A  ", "email": "  a@example.com  "}',
    "a name of 255": b'{"name": "%b", "email": "a@example.com"}' % (b"n" * 255),
    "a name of 256": b'{"name": "%b", "email": "a@example.com"}' % (b"n" * 256),
    "a NUL in a name": b'{"name": "a\\u0000b", "email": "a@example.com"}',
    "a line end in a name": b'{"name": "a\\nb", "email": "a@example.com"}',
    "an email that is none": b'{"name": "A", "email": "nothing"}',
    "an email that is too long": b'{"name": "A", "email": "%b@example.com"}' % (b"a" * 65),
    "an email with a header": b'{"name": "A", "email": "a@example.com\\r\\nBcc: b@example.com"}',
    "an email in upper case": b'{"name": "A", "email": "A@EXAMPLE.COM"}',
    "escapes for all": b'{"\\u006eame": "\\u0041", "email": "\\u0061@example.com"}',
    "all that is wrong at once": b'{"name": "", "email": 1, "callback_url": []}',
    "a form": b"name=A&email=a%40example.com",
}


def _case(body: bytes) -> Case:
    return lambda to: [to.register(body=body), to.register()]


def _keyed(body: bytes) -> Case:
    return lambda to: [to.register("Idempotency-Key: one", body=body)] * 2


CASES: dict[str, Case] = {
    **{name: _case(body) for name, body in _BODIES.items()},
    **{f"{name}, with a key": _keyed(body) for name, body in _BODIES.items()},
    "an empty one": lambda to: [to.register(body=b""), to.register()],
    "the same guest again": lambda to: [to.register(body=(body := to.body())), to.register(body=body)],
    "the same mailbox in another case": lambda to: [
        to.register(body=b'{"name": "A", "email": "a@example.com"}'),
        to.register(body=b'{"name": "B", "email": "A@Example.COM"}'),
        to.register("Idempotency-Key: one", body=b'{"name": "B", "email": "A@Example.COM"}'),
    ],
}
