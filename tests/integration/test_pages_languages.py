"""Pages in a person's language, and the registration that keeps it for its mails."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from events.models import Event, Registration
from omnify.common.languages import OFFERED
from tests.support.in_process.pages import Browser, browse
from tests.support.servers import Services
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
OPEN = {
    "en": "Registration open",
    "de": "Anmeldung offen",
    "fr": "Inscriptions ouvertes",
    "es": "Inscripción abierta",
    "ja": "受付中",
}


@pytest.mark.parametrize("code", OFFERED)
def test_a_page_is_in_the_browsers_language_or_in_that_of_its_address(
    make_event: Make, servers: Services, code: str
) -> None:
    event = make_event(max_capacity=12_000)

    async def scene(browser: Browser) -> None:
        wished = await browser.get(f"/e/{event.pk}", accept_language=f"nl, {code}-XY;q=0.9, en;q=0.1")
        chosen = await browser.get(f"/e/{event.pk}?language={code}", accept_language="fr, de;q=0.5")
        for page in (wished, chosen):
            assert f'<html lang="{code}" dir="ltr">' in page.text
            assert OPEN[code] in page.text
            assert page.headers["vary"] == "accept-language"
        # What is chosen is carried on, without a cookie; a wish goes with every request by itself.
        assert f'action="/e/{event.pk}?language={code}"' in chosen.text
        assert f'action="/e/{event.pk}"' in wished.text
        assert "set-cookie" not in chosen.headers
        for other in OFFERED.keys() - {code}:
            assert f'href="?language={other}"' in chosen.text

    browse(servers, scene)


def test_a_language_that_there_is_not_is_english_and_one_in_the_address_that_there_is_not_leaves_the_wish(
    make_event: Make, servers: Services
) -> None:
    event = make_event()

    async def scene(browser: Browser) -> None:
        for wish in ("", "nl", "tlh;q=0.4, *", "de;q=0", "de;q=x", ";;,,q=1"):
            assert '<html lang="en"' in (await browser.get(f"/e/{event.pk}", accept_language=wish)).text
        assert '<html lang="de"' in (await browser.get(f"/e/{event.pk}?language=nl", accept_language="de")).text

    browse(servers, scene)


def test_numbers_and_dates_are_written_as_the_language_does(make_event: Make, servers: Services) -> None:
    event = make_event(max_capacity=12_000)

    async def scene(browser: Browser) -> None:
        german = (await browser.get(f"/e/{event.pk}?language=de")).text
        assert '<span id="capacity">12.000</span> frei' in german
        english = (await browser.get(f"/e/{event.pk}")).text
        assert '<span id="capacity">12,000</span> left' in english

    browse(servers, scene)


def test_a_form_in_a_language_leads_to_a_ticket_in_it_and_its_row_has_it_for_mails(
    make_event: Make, servers: Services, drain: Drain
) -> None:
    event = make_event(max_quantity=3)

    async def scene(browser: Browser) -> None:
        form = await browser.get(f"/e/{event.pk}?language=de")
        details = {"name": "Guest 1", "email": "guest1@example.org", "key": form.key, "quantity": "2"}
        refused = await browser.fill_in(f"/e/{event.pk}?language=de", **{**details, "email": "guest1"})
        assert '<html lang="de"' in refused.text
        assert "Bitte prüfen Sie Ihre Angaben." in refused.text
        sent = await browser.fill_in(f"/e/{event.pk}?language=de", **details)
        assert re.fullmatch(r"/t/[\w-]+\?language=de", sent.headers["location"])
        again = await browser.fill_in(f"/e/{event.pk}?language=ja", **details)
        assert again.headers["location"].partition("?")[0] == sent.headers["location"].partition("?")[0]
        ticket = await browser.get(sent.headers["location"])
        assert "Sie sind in der Warteschlange" in ticket.text
        cancelled = await browser.fill_in(sent.headers["location"].replace("?", "/cancel?"))
        assert cancelled.headers["location"].endswith("?cancelling=1&language=de")

    browse(servers, scene)
    drain.run(event.pk)
    assert Registration.objects.get(event=event).language == "de"


def test_a_problem_is_said_in_the_browsers_language(servers: Services) -> None:
    async def scene(browser: Browser) -> None:
        page = await browser.get("/e/x", accept_language="es")
        assert (page.status, "No encontrado" in page.text) == (404, True)

    browse(servers, scene)
