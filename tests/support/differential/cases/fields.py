"""Header fields as clients, proxies and attackers write them."""

from __future__ import annotations

from tests.support.differential.observation import Case
from tests.support.differential.requests import Requests

_BROWSER = (
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Accept: */*",
    "Accept-Language: en-US,en;q=0.5",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Referer: https://tickets.example.org/e/1",
    "Origin: https://tickets.example.org",
    "Sec-Fetch-Dest: empty",
    "Sec-Fetch-Mode: cors",
    "Sec-Fetch-Site: same-origin",
    "Priority: u=0",
    "DNT: 1",
    "Cookie: theme=dark; csrftoken=abc",
)


def _key(to: Requests, *keys: str | bytes) -> list[bytes]:
    """The same registration in turn under each of these values of Idempotency-Key."""
    body = to.body()
    prefix = b"Idempotency-Key:"
    return [to.register(prefix + (key if isinstance(key, bytes) else key.encode()), body=body) for key in keys]


_ORIGINS: dict[str, tuple[str, ...]] = {
    "an allowed origin": ("Origin: https://shop.example",),
    "another origin": ("Origin: https://other.example",),
    "an origin in upper case": ("Origin: HTTPS://SHOP.EXAMPLE",),
    "two origins": ("Origin: https://shop.example", "Origin: https://shop.example"),
    "an empty origin": ("Origin:",),
}


def _registering(*fields: str) -> Case:
    return lambda to: to.register(*fields)


def _polling(*fields: str) -> Case:
    return lambda to: to.poll("", *fields)


CASES: dict[str, Case] = {
    **{f"{name} on a registration": _registering(*fields) for name, fields in _ORIGINS.items()},
    **{f"{name} on a poll": _polling(*fields) for name, fields in _ORIGINS.items()},
    "an allowed origin, then another": lambda to: [
        to.poll("", "Origin: https://shop.example"),
        to.poll("", "Origin: https://other.example"),
        to.poll(),
        to.register("Origin: https://shop.example", body=b"{"),
    ],
    "a browser's": lambda to: to.register(*_BROWSER),
    "a browser's on a poll": lambda to: to.poll("", *_BROWSER),
    "names in upper case": lambda to: to.register(kind="CONTENT-TYPE: application/json", host="HOST: localhost"),
    "names in lower case": lambda to: to.register(kind="content-type: application/json", host="host: localhost"),
    "no spaces": lambda to: to.register(kind="Content-Type:application/json", host="Host:localhost"),
    "many spaces": lambda to: to.register(kind="Content-Type: \t application/json \t", host="Host:  localhost  "),
    "a space before a colon": lambda to: to.register("X-Space : 1"),
    "a tab before a colon": lambda to: to.register("X-Tab\t: 1"),
    "a space before a name": lambda to: to.register(" X-Space: 1"),
    "the first field folded": lambda to: to.register(host=" Host: localhost"),
    "obsolete folding": lambda to: to.register("X-Folded: 1\r\n 2"),
    "folding with a tab": lambda to: to.register("X-Folded: 1\r\n\t2"),
    "a folded type": lambda to: to.register(kind="Content-Type:\r\n application/json"),
    "a bare LF": lambda to: to.register("X-A: 1\nX-B: 2"),
    "a bare CR": lambda to: to.register("X-A: 1\rX-B: 2"),
    "two CR": lambda to: to.register("X-A: 1\r"),
    "an LF before the empty line": lambda to: to.register("X-A: 1\r\n\n"),
    "a NUL": lambda to: to.register("X-A: a\x00b"),
    "a control character": lambda to: to.register("X-A: a\x01b"),
    "a DEL": lambda to: to.register("X-A: a\x7fb"),
    "a tab within": lambda to: to.register("X-A: a\tb"),
    "bytes past ASCII": lambda to: to.register(b"X-A: \xe4\xff"),
    "UTF-8": lambda to: to.register("X-A: \u00e4\U0001f39f"),
    "an empty value": lambda to: to.register("X-A:"),
    "an empty name": lambda to: to.register(": 1"),
    "no colon": lambda to: to.register("XA"),
    "a name with brackets": lambda to: to.register("X(A): 1"),
    "a name with a slash": lambda to: to.register("X/A: 1"),
    "a name past ASCII": lambda to: to.register(b"X-\xe4: 1"),
    "a name with all tokens": lambda to: to.register("!#$%&'*+-.^_`|~: 1"),
    "a name with an underscore": lambda to: to.register("X_Forwarded_For: 198.51.100.7"),
    "a key under an underscore": lambda to: to.register("Idempotency_Key: k"),
    "a type under an underscore": lambda to: to.register("Content_Type: application/json", kind=None),
    "no host": lambda to: to.register(host=None),
    "no host on a poll": lambda to: to.poll(host=None),
    "an empty host": lambda to: to.register(host="Host:"),
    "a made-up host": lambda to: to.register(host="Host: evil.example:99"),
    "a host that is none": lambda to: to.register(host="Host: a b/c"),
    "no type": lambda to: to.register(kind=None),
    "an empty type": lambda to: to.register(kind="Content-Type:"),
    "a type in upper case": lambda to: to.register(kind="Content-Type: APPLICATION/JSON"),
    "a type with UTF-8": lambda to: to.register(kind="Content-Type: application/json; charset=utf-8"),
    "a type with quotes": lambda to: to.register(kind='Content-Type: application/json;charset="UTF-8"'),
    "a type with Latin-1": lambda to: to.register(kind="Content-Type: application/json; charset=latin-1"),
    "a type with a semicolon": lambda to: to.register(kind="Content-Type: application/json;"),
    "a type with another parameter": lambda to: to.register(kind="Content-Type: application/json; v=1"),
    "another type": lambda to: to.register(kind="Content-Type: text/plain"),
    "a longer type": lambda to: to.register(kind="Content-Type: application/json+x"),
    "a form": lambda to: to.register(kind="Content-Type: application/x-www-form-urlencoded", body=b"name=a&email=b"),
    "a type on a poll": lambda to: to.poll("", "Content-Type: text/plain"),
    "a token that is none": lambda to: to.register("Authorization: Bearer nothing"),
    "an empty authorization": lambda to: to.register("Authorization:"),
    "another scheme": lambda to: to.register("Authorization: Basic YTpi"),
    "a token on a poll": lambda to: to.poll("", "Authorization: Bearer nothing"),
    "the same key twice": lambda to: _key(to, " one", " one"),
    "a key without a space": lambda to: _key(to, "one", " one", " \t one \t "),
    "a key in another case": lambda to: _key(to, " one", " ONE"),
    "an empty key": lambda to: _key(to, ""),
    "a key of spaces": lambda to: _key(to, "   "),
    "a key of 255": lambda to: _key(to, " " + "k" * 255, " " + "k" * 255),
    "a key of 256": lambda to: _key(to, " " + "k" * 256),
    "a key of 8000": lambda to: _key(to, " " + "k" * 8000),
    "a key with a space": lambda to: _key(to, " one two", " one two"),
    "a key with quotes": lambda to: _key(to, ' "one"', " one"),
    "a key with a comma": lambda to: _key(to, " one, two"),
    "a key with a tab": lambda to: _key(to, " one\ttwo"),
    "a key past ASCII": lambda to: _key(to, b" gr\xfc\xdf"),
    "a key with all that may be in it": lambda to: _key(to, *[" ~!@#$%^&*()_+{}|:<>?;[]"] * 2),
    "a key with another body": lambda to: [to.register("Idempotency-Key: one"), to.register("Idempotency-Key: one")],
    "a key with the same body, written otherwise": lambda to: [
        to.register("Idempotency-Key: one", body=b'{"name": "Guest", "email": "guest@example.com"}'),
        to.register("Idempotency-Key: one", body=b'{"email":"guest@example.com","name":"Guest","x":1}'),
        to.register("Idempotency-Key: one", body=b'{"name": "Guest", "email": "GUEST@example.com"}'),
    ],
    "a key with UTF-8 in the body": lambda to: [
        to.register("Idempotency-Key: one", body=to.body(name="J\u00fcrgen \U0001f39f"))
    ],
    "accept nothing": lambda to: to.register("Accept: image/png"),
    "accept on a poll": lambda to: to.poll("", "Accept: text/event-stream"),
    "accept a page": lambda to: to.poll("", "Accept: text/html"),
    "another origin": lambda to: to.register("Origin: https://evil.example"),
    "preflight": lambda to: to.register(
        *("Origin: https://example.org", "Access-Control-Request-Method: POST"),
        *("Access-Control-Request-Headers: idempotency-key",),
        line="OPTIONS {path} HTTP/1.1",
        body=b"",
    ),
    "another way to say the address": lambda to: to.register("Forwarded: for=198.51.100.7", "X-Real-IP: 198.51.100.7"),
    "TLS in front": lambda to: to.register("X-Forwarded-Proto: https", "X-Forwarded-Ssl: on"),
    "schemes that disagree": lambda to: to.register("X-Forwarded-Proto: https", "X-Forwarded-Ssl: off"),
    "a method to override": lambda to: to.register("X-HTTP-Method-Override: DELETE"),
    "a path to override": lambda to: to.register("X-Original-URL: /metrics", "X-Rewrite-URL: /metrics"),
    "a range": lambda to: to.poll("", "Range: bytes=0-1", "If-Range: x"),
    "other conditions": lambda to: to.poll(
        "", "If-Modified-Since: Thu, 26 Nov 2099 00:00:00 GMT", 'If-Match: "x"', "Cache-Control: no-cache"
    ),
    "a condition on a registration": lambda to: to.register("If-None-Match: *", 'If-Match: "x"'),
    "prefer on a poll": lambda to: to.poll("", "Prefer: wait=1, receipt"),
    "prefer a receipt": lambda to: to.register("Prefer: receipt"),
    "prefer a receipt, in other words": lambda to: to.register('PREFER:\tfoo="a, \\" b"; c, RECEIPT = "" ; x=1'),
    "prefer a receipt, in two headers": lambda to: to.register("Prefer: respond-async, wait=5", "Prefer: receipt"),
    "prefer a receipt of another value": lambda to: to.register("Prefer: receipt=long, receipt"),
    "prefer what is quoted": lambda to: to.register('Prefer: a="x, receipt, y"'),
    "prefer a receipt twice under a key": lambda to: (
        [to.register("Idempotency-Key: one", "Prefer: receipt", body=b'{"name": "A", "email": "a@example.com"}')] * 2
    ),
    "prefer a receipt for a bad body": lambda to: to.register("Prefer: receipt", body=b"{"),
    "a trailer announced": lambda to: to.register("TE: trailers", "Trailer: X-A"),
    "a content coding": lambda to: to.register("Content-Encoding: gzip"),
    "a digest": lambda to: to.register("Content-MD5: x", "Digest: sha-256=x"),
}
