"""Behind a proxy that ends TLS: Django's own check has no complaint, cookies are bound, and browsers stay with TLS."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from omnify.common_headers import common_headers, with_headers
from omnify.versions import VERSION_HEADER

ROOT = Path(__file__).parents[2]
_SETTINGS = (
    *("TLS", "SESSION_COOKIE_NAME", "CSRF_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"),
    *("SECURE_HSTS_SECONDS", "SECURE_PROXY_SSL_HEADER", "SILENCED_SYSTEM_CHECKS"),
)
_SHOW = f"import json; from omnify import settings as s; print(json.dumps({{n: getattr(s, n) for n in {_SETTINGS!r}}}))"
PROXIED = {"CSRF_TRUSTED_ORIGINS": "https://tickets.example.com", "TRUSTED_PROXIES": "1"}


def run(tmp_path: Path, *args: str, **more: str) -> subprocess.CompletedProcess[str]:
    own = ("CSRF_TRUSTED_ORIGINS", "PUBLIC_URL", "TRUSTED_PROXIES", "DJANGO_TESTING", "DEBUG", "HSTS_SECONDS")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    needed = {"SECRET_KEY": "9f" + "kQ7_" * 15, "DATABASE_URL": f"sqlite:///{tmp_path}/x", "OMNIFY_HOME": str(tmp_path)}
    env = {**kept, **needed, "ALLOWED_HOSTS": "tickets.example.com", **more}
    return subprocess.run([sys.executable, *args], cwd=ROOT, env=env, capture_output=True, text=True)


def shown(tmp_path: Path, **more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(tmp_path, "-c", _SHOW, **more).stdout)
    return found


def test_djangos_check_of_a_deployment_has_no_complaint(tmp_path: Path) -> None:
    ended = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **PROXIED)
    assert ended.returncode == 0, ended.stderr


def test_cookies_are_bound_to_the_host_and_to_tls(tmp_path: Path) -> None:
    found = shown(tmp_path, **PROXIED)
    assert shown(tmp_path, PUBLIC_URL="https://tickets.example.com")["TLS"]
    assert (found["SESSION_COOKIE_NAME"], found["CSRF_COOKIE_NAME"]) == ("__Host-session", "__Host-csrf")
    assert found["SESSION_COOKIE_SECURE"] and found["CSRF_COOKIE_SECURE"]
    assert found["SECURE_HSTS_SECONDS"] == 31_536_000
    # Each has its reason beside it in the settings; another one needs one too.
    assert found["SILENCED_SYSTEM_CHECKS"] == ["security.W005", "security.W008", "security.W021"]


def test_plain_http_stays_as_it_is(tmp_path: Path) -> None:
    found = shown(tmp_path, CSRF_TRUSTED_ORIGINS="http://127.0.0.1:9000")
    assert (found["TLS"], found["SESSION_COOKIE_NAME"], found["SECURE_HSTS_SECONDS"]) == (False, "sessionid", 0)


def test_only_a_proxy_of_ours_may_say_that_a_request_came_over_tls(tmp_path: Path) -> None:
    from omnify import gunicorn_conf

    assert shown(tmp_path, **{**PROXIED, "TRUSTED_PROXIES": "0"})["SECURE_PROXY_SSL_HEADER"] is None
    assert shown(tmp_path, **PROXIED)["SECURE_PROXY_SSL_HEADER"] == ["HTTP_X_FORWARDED_PROTO", "https"]
    assert gunicorn_conf.forwarded_allow_ips == ""


@pytest.mark.parametrize("given", [[], [(b"Strict-Transport-Security", b"max-age=1")]])
def test_every_answer_says_it_once(given: list[tuple[bytes, bytes]]) -> None:
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"etag", b"x"), *given]})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    headers = common_headers(hsts_seconds=60)
    asyncio.run(with_headers(app, headers)({"type": "http"}, None, send))  # type: ignore[arg-type]
    said = (b"strict-transport-security", b"max-age=60")
    assert sent[0]["headers"] == [(b"etag", b"x"), VERSION_HEADER, said]
    assert common_headers(hsts_seconds=0) == (VERSION_HEADER,)
