"""The files for proxies agree with each other and with the service, and what the trial of them is made of."""

from __future__ import annotations

import json
import re
import ssl
from pathlib import Path
from typing import cast
from unittest.mock import sentinel

import pytest

from deploy.trials.proxy_trial.certificate import Certificate
from deploy.trials.proxy_trial.checks.paths import spellings
from deploy.trials.proxy_trial.checks.smuggling import in_http2, shapes
from deploy.trials.proxy_trial.open_streams import Connection
from deploy.trials.proxy_trial.proxies import FILES, Place, nginx
from omnify.common.envelope import Code

FILES_OF = {"nginx": "nginx/nginx.conf", "caddy": "Caddyfile", "haproxy": "haproxy.cfg"}
TEXTS = {name: (FILES / path).read_text("utf-8") for name, path in FILES_OF.items()}


@pytest.mark.parametrize("name", TEXTS)
def test_what_a_proxy_itself_refuses_has_the_standard_shape(name: str) -> None:
    refusals = [json.loads(found) for found in re.findall(r"\{\"success\".*?\}", TEXTS[name])]

    assert len(refusals) >= 3
    assert all(set(refusal) == {"success", "code", "message", "errors"} for refusal in refusals)
    assert {refusal["code"] for refusal in refusals} <= {code.value for code in Code}


def test_all_logs_have_the_same_kinds_of_addresses() -> None:
    kinds = {name: set(re.findall(r"events\|registrations[a-z|]+", text)) for name, text in TEXTS.items()}

    assert all(len(found) == 1 for found in kinds.values()), kinds
    assert len(set().union(*kinds.values())) == 1


def test_the_trial_puts_in_what_nginx_includes_and_nothing_else(tmp_path: Path) -> None:
    certificate = Certificate(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    nginx(Path("nginx"), Place(tmp_path, 80, 443, (8000,), certificate))

    included = set(re.findall(r"(?m)^\s*include site/(\w+\.conf);", TEXTS["nginx"]))
    assert {path.name for path in (tmp_path / "site").iterdir()} == included
    assert {path.name for path in (FILES / "nginx" / "site").iterdir()} == included
    assert (tmp_path / "nginx.conf").resolve() == FILES / "nginx" / "nginx.conf"


@pytest.mark.parametrize("path", ["metrics", "admin/login/"])
def test_no_spelling_is_tried_twice(path: str) -> None:
    found = spellings(path)
    assert len(set(found)) > 30
    assert all(target.startswith("/") for target in found)


def test_every_shape_has_the_hidden_request_in_it() -> None:
    inner = b"POST /hidden HTTP/1.1\r\n\r\n"
    written = [*shapes("/e", inner).values()]
    written += [body + str(headers).encode("unicode_escape") for headers, body in in_http2("/e", inner).values()]

    assert all(b"/hidden" in text for text in written)


def test_a_stream_is_begun_by_its_first_event_and_told_by_its_last() -> None:
    def frame(kind: int, stream: int, payload: bytes) -> bytes:
        return len(payload).to_bytes(3) + bytes((kind, 0)) + stream.to_bytes(4) + payload

    came = frame(4, 0, b"") + frame(0, 1, b"data: {}\n\n") + frame(0, 3, b": keep-alive\n\n")
    connection = Connection(cast(ssl.SSLSocket, sentinel.socket))
    for at in range(0, len(came), 5):
        connection.take(came[at : at + 5])
    assert (connection.begun, connection.told) == ({1}, set())

    connection.take(frame(0, 3, b'data: {"reason":"event_cancelled"}\n\n'))
    assert (connection.begun, connection.told) == ({1, 3}, {3})
