"""TLS from 1.2 on, a redirect from plain http, Strict-Transport-Security once, HTTP/2 by ALPN."""

from __future__ import annotations

import contextlib
import ssl

from deploy.trials.proxy_trial.client import Client
from deploy.trials.proxy_trial.findings import demand
from deploy.trials.proxy_trial.front import Front
from deploy.trials.proxy_trial.http2 import Client2


def speaks_tls(front: Front) -> str:
    """TLS 1.2 and 1.3, and nothing older."""
    spoken = []
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = front.context()
        with contextlib.suppress(OSError):
            context.set_ciphers("DEFAULT:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            with Client(context, front.https) as client:
                spoken.append(client.tls.version())
    demand(spoken == ["TLSv1.2", "TLSv1.3"], f"it speaks {spoken}")
    return " and ".join(map(str, spoken))


def redirects(front: Front) -> str:
    """Plain http leads to the same address with https, and reaches no door."""
    with Client(None, front.http) as client:
        answer = client.request("GET", "/e/1?lang=de")
    wanted = f"https://localhost:{front.https}/e/1?lang=de"
    demand(answer.status in (301, 308), f"plain http is answered {answer.status}")
    demand(answer.header("location") == wanted, f"plain http leads to {answer.header('location')}")
    return f"{answer.status} to https"


def says_hsts_once(front: Front) -> str:
    """Every answer of the service says it once, those of the door as those of Django."""
    for path in ("/health/live", "/schema", "/console/login", "/events/999999"):
        said = front.request("GET", path).all("strict-transport-security")
        demand(len(said) == 1, f"{path} says it {len(said)} times")
    return said[0]


def speaks_http2(front: Front) -> str:
    """A client that offers it gets HTTP/2, one that does not HTTP/1.1."""
    client = Client2(front.context("h2", "http/1.1"), front.https)
    demand(client.protocol == "h2", f"of h2 and http/1.1 it takes {client.protocol}")
    answer = client.request("GET", "/health/live")
    demand(answer.status == 200 and answer.data["status"] == "alive", f"over HTTP/2: {answer.status}")
    client.close()
    with front.client() as old:
        demand(old.tls.selected_alpn_protocol() in ("http/1.1", None), "a client of HTTP/1.1 gets another")
        demand(old.request("GET", "/health/live").status == 200, "over HTTP/1.1 there is no answer")
    return "h2 by ALPN, http/1.1 for others"


def compresses_nothing(front: Front) -> str:
    """Answers with secrets in them are not compressed, whatever a client offers."""
    for path in ("/console/login", "/schema", "/health/live"):
        found = front.request("GET", path, {"Accept-Encoding": "gzip, br, zstd"}).header("content-encoding")
        demand(found in ("", "identity"), f"{path} is compressed with {found}")
    return "a console page, the schema and the door's answers are not"
