"""One language: plural forms, numbers, dates, and pages that run from right to left."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string

from events.pages.cached_template import TemplateCache
from events.pages.page_language import PageLanguage
from omnify.common.languages import Language, language, supported, wished

# Arabic is tried, with a catalogue of a part of the texts, and not offered.
LOCALE = Path(__file__).parents[1] / "support" / "locale"
NOON = datetime(2031, 6, 1, 16, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("code", "number", "date", "time", "days"),
    [
        ("en", "12,345", "Sunday, 1 June 2031", "16:05", "2 days"),
        ("de", "12.345", "Sonntag, 1. Juni 2031", "16:05", "2 Tage"),
        ("fr", "12\u202f345", "dimanche 1 juin 2031", "16:05", "2\xa0jours"),
        ("es", "12.345", "domingo, 1 de junio de 2031", "16:05", "2 días"),
        ("ja", "12,345", "2031年6月1日日曜日", "16:05", "2 日"),
    ],
)
def test_a_language_writes_numbers_and_times_in_its_own_way(
    code: str, number: str, date: str, time: str, days: str
) -> None:
    said = language(code)
    assert (said.number(12345), said.date(NOON), said.time(NOON)) == (number, date, time)
    assert said.length(2, "day").replace("\xa0", " ") == days.replace("\xa0", " ")


def test_every_number_has_the_form_that_the_language_has_for_it() -> None:
    arabic = Language("ar", locale=LOCALE)
    said = [arabic.ngettext("{count} seat", "{count} seats", count) for count in (0, 1, 2, 3, 11, 100)]
    assert said == ["لا مقاعد", "مقعد واحد", "مقعدان", "3 مقاعد", "11 مقعدًا", "100 مقعد"]
    french = language("fr")
    assert [french.ngettext("{count} seat", "{count} seats", n) for n in (0, 1, 2)] == [
        "0 place",
        "1 place",
        "2 places",
    ]
    assert set(arabic.forms("{count} seat", "{count} seats")) == {"zero", "one", "two", "few", "many", "other"}


def test_a_page_in_arabic_runs_from_right_to_left_and_what_has_no_translation_is_english() -> None:
    arabic = Language("ar", locale=LOCALE)
    templates = TemplateCache(lambda name, context: render_to_string(name, context))
    context = {"title": arabic.gettext("Not found"), "text": arabic.gettext("This page cannot be used in that way.")}
    page = templates.render("pages/problem.html", context, PageLanguage(arabic)).fill({}).decode()
    assert '<html lang="ar" dir="rtl">' in page
    assert "<h1>غير موجود</h1>" in page
    assert "This page cannot be used in that way." in page


def test_a_language_is_offered_only_when_it_is_complete() -> None:
    assert supported("ar") == ""
    assert wished("ar, fr;q=0.5") == "fr"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        *[("de", "de"), ("de-CH-1996", "de"), ("DE", "de"), ("nl, ja;q=0.2", "ja"), ("en;q=0.4, es;q=0.8", "es")],
        *[("fr;q=0, de;q=0.1", "de"), ("*", "en"), ("", "en"), ("x" * 10_000, "en"), ("de;q=1.5.2", "en")],
        *[("fr, de", "fr"), ("de;level=1", "de"), ("de;q=nan, fr", "fr")],
    ],
)
def test_a_browsers_wish_is_read_by_its_weights(header: str, code: str) -> None:
    assert wished(header) == code


def test_values_are_escaped_in_templates_and_texts_are_not() -> None:
    template = Template("{% t time=name %}Please try again in {time}.{% endt %}")
    shown = template.render(Context({"name": "<b>5</b>", "language": language("de")}))
    assert shown == "Bitte warten Sie noch &lt;b&gt;5&lt;/b&gt; und versuchen Sie es dann wieder."
