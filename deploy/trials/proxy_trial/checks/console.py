"""Cookies are secure, links are https, and the console can be used, by its own pages alone."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from deploy.trials.proxy_trial import events
from deploy.trials.proxy_trial.client import Answer, Client
from deploy.trials.proxy_trial.findings import demand, wait_until
from deploy.trials.proxy_trial.front import Front


def signs_in(front: Front) -> str:
    """Sign-in with a token works over https; from another origin it is refused; cookies are secure."""
    with front.client() as client:
        form = client.request("GET", "/console/login")
        [csrf] = [cookie for cookie in form.all("set-cookie") if "csrf" in cookie]
        demand(csrf.startswith("__Host-") and "Secure" in csrf, f"the form's cookie is {csrf.split('=')[0]}")
        evil = _sign_in(client, front, form, csrf, origin="https://evil.example")
        demand(evil.status == 403, f"a form of another origin is answered {evil.status}")
        plain = _sign_in(client, front, form, csrf, origin=f"http://localhost:{front.https}")
        demand(plain.status == 403, f"a form of a page without TLS is answered {plain.status}")
        done = _sign_in(client, front, form, csrf, origin=f"https://localhost:{front.https}")
        demand(done.status == 302 and done.header("location") == "/console", f"signing in is answered {done.status}")
        [session] = [cookie for cookie in done.all("set-cookie") if "session" in cookie]
        demand(
            session.startswith("__Host-") and "Secure" in session and "HttpOnly" in session, "its cookie is not secure"
        )
        front.secrets.add(session.split(";")[0].partition("=")[2])
        home = client.request("GET", "/console", {"Cookie": session.split(";")[0]})
        demand(home.status == 200 and b"<html" in home.body, f"the console is answered {home.status}")
    return "__Host- cookies, Secure; a form of another origin is 403"


def _sign_in(client: Client, front: Front, form: Answer, csrf: str, *, origin: str) -> Answer:
    found = re.search(rb'name="csrfmiddlewaretoken" value="([^"]+)"', form.body)
    demand(found, "the form has no token")
    assert found is not None
    body = urlencode({"csrfmiddlewaretoken": found[1].decode(), "token": front.service.token}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": csrf.split(";")[0],
        "Origin": origin,
        "Referer": f"{origin}/console/login",
        # A client cannot say that it came by TLS, or by none.
        "X-Forwarded-Proto": "http",
    }
    return client.request("POST", "/console/login", headers, body)


def links_are_https(front: Front) -> str:
    """Links start with the public address, or have none at all."""
    event = events.create(front.service, seats=5, mail=True)
    known = set((front.service.home / "mail").rglob("*.eml"))
    answer = front.register(event)
    ticket = answer.data["ticket_id"]
    demand(answer.data["status_url"] == f"/registrations/{ticket}", "the link of a ticket leads elsewhere")
    page = front.request("GET", f"/e/{event}").body
    demand(
        f'content="{front.service.url}/e/{event}"'.encode() in page, "an event's page says another address of itself"
    )
    schema = front.request("GET", "/schema", {"Accept": "application/json"}).body
    demand(front.service.url.encode() in schema, "the schema names another server")

    def mail() -> str:
        for path in set((front.service.home / "mail").rglob("*.eml")) - known:
            text = path.read_text("utf-8", errors="replace").replace("=\n", "").replace("=3D", "=")
            if ticket in text:
                return text
        return ""

    text = wait_until(mail, seconds=30, otherwise="no mail with the ticket was written")
    links = re.findall(r"https?://[^\s\"'<>]+/t/", text)
    demand(links and set(links) == {f"{front.service.url}/t/"}, f"a mail's links start with {set(links)}")
    return "of mail, pages and the schema; the link of a ticket is a path"
