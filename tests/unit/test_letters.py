"""What mails say: each kind in both forms, its attachments, and its headers."""

from __future__ import annotations

import io
from datetime import timedelta

import icalendar
import pytest
import segno
from PIL import Image

from events.domain.mail.kinds import MailKind
from events.domain.states import Reason
from events.domain.times import to_ms
from events.letters.letter import Change, Rendered
from events.letters.render import render
from tests.support.letters import CHECK_IN_CODE, END, SITE, START, TICKET_ID, UNTIL, event_of, letter_of

TICKET_URL = f"{SITE}/t/{TICKET_ID}"
EVENT_URL = f"{SITE}/e/7"
# What each kind must say, in the text and in the HTML: what has happened, and where to go from there.
MUST_SAY: dict[MailKind, tuple[str, ...]] = {
    MailKind.CONFIRMED: ("You have a seat", TICKET_URL, "give your seat back"),
    MailKind.WAITLISTED: ("You are on the waitlist", "12", TICKET_URL),
    MailKind.PROMOTED: ("A seat became free, and it is yours", TICKET_URL),
    MailKind.HELD: (
        "A seat is set aside for you",
        "Please pay by Wednesday, 20 November 2030, 10:00 (UTC)",
        TICKET_URL,
    ),
    MailKind.OFFERED: ("A seat became free for you", "Wednesday, 20 November 2030, 10:00 (UTC)", TICKET_URL),
    MailKind.EXPIRED: ("The time is over", "went to the next in line", EVENT_URL),
    MailKind.CANCELLED: ("Your registration is cancelled", "You cancelled your registration", EVENT_URL),
    MailKind.REJECTED: ("No seat this time", "All seats went to people who were ahead of you", EVENT_URL),
    MailKind.ENTERED: ("You are in the draw", "Monday, 25 November 2030, 12:00 (UTC)", TICKET_URL),
    MailKind.EVENT_CHANGED: ("The event has changed", "before: ", "Old school", "17:00 to 21:00 (UTC)", TICKET_URL),
    MailKind.EVENT_CANCELLED: ("The event is cancelled", "You do not need to do anything"),
    MailKind.REMINDER: ("Winter concert starts on Sunday, 1 December 2030, 18:00 (UTC)", TICKET_URL),
    MailKind.RESEND: ("Here are your tickets", TICKET_URL, "On the waitlist"),
    MailKind.VERIFY: ("Please confirm your address", f"{SITE}/verify/abc", "do nothing"),
}
WITH_CODE = {MailKind.CONFIRMED, MailKind.PROMOTED, MailKind.REMINDER, MailKind.EVENT_CHANGED, MailKind.RESEND}
# Gmail cuts off what is longer.
GMAIL_BYTES = 102_400
LATE = START + timedelta(hours=5)


def pictures(mail: Rendered) -> list[bytes]:
    return [part.content for part in mail.parts if part.content_type == "image/png"]


def calendars(mail: Rendered) -> list[icalendar.Calendar]:
    found = [part for part in mail.parts if part.content_type.startswith("text/calendar")]
    return [icalendar.Calendar.from_ical(part.content) for part in found]


def modules(picture: bytes) -> list[list[bool]]:
    """The dark modules of a picture of eight pixels each, its margin of four left out."""
    image = Image.open(io.BytesIO(picture)).convert("L")
    side = range(4 * 8 + 4, image.width - 4 * 8, 8)
    return [[image.getpixel((x, y)) == 0 for x in side] for y in side]


def test_every_kind_has_words() -> None:
    assert MUST_SAY.keys() == set(MailKind)


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_says_in_both_forms_what_has_happened_and_what_to_do(kind: MailKind) -> None:
    mail = render(letter_of(kind))
    for sentence in (*MUST_SAY[kind], "Winter concert", "Sunday, 1 December 2030, 18:00 to 21:00 (UTC)", "Town hall"):
        assert sentence in mail.text
        assert sentence in mail.html
    assert "{" not in mail.text, "a placeholder was left open"
    assert "{{" not in mail.html
    assert "{%" not in mail.html


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_is_short_enough_not_to_be_cut_and_loads_nothing(kind: MailKind) -> None:
    long_name = "é" * 255
    mail = render(letter_of(kind, event=event_of(name=long_name, location=long_name)))
    assert len(mail.html.encode()) < GMAIL_BYTES // 4
    for loaded in ('src="http', "url(", "<link", "<script", "@import"):
        assert loaded not in mail.html


@pytest.mark.parametrize("kind", MailKind)
def test_a_mail_adapts_to_a_dark_screen_and_tells_robots_that_it_is_automatic(kind: MailKind) -> None:
    mail = render(letter_of(kind))
    assert '<meta name="color-scheme" content="light dark">' in mail.html
    assert "@media (prefers-color-scheme: dark)" in mail.html
    assert mail.headers["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("kind", MailKind)
def test_only_what_comes_without_asking_can_be_unsubscribed_from(kind: MailKind) -> None:
    mail = render(letter_of(kind))
    if kind in (MailKind.EVENT_CHANGED, MailKind.REMINDER):
        assert mail.headers["List-Unsubscribe"] == f"<{SITE}/unsubscribe/abc>"
        assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert f"{SITE}/unsubscribe/abc" in mail.text
        assert f"{SITE}/unsubscribe/abc" in mail.html
    else:
        assert not any(name.startswith("List-") for name in mail.headers)
        assert "/unsubscribe/" not in mail.text + mail.html


@pytest.mark.parametrize("kind", MailKind)
def test_the_qr_code_is_a_picture_of_the_check_in_code_inside_the_mail(kind: MailKind) -> None:
    mail = render(letter_of(kind))
    if kind not in WITH_CODE:
        assert not pictures(mail)
        assert "cid:" not in mail.html
        return
    [picture] = pictures(mail)
    expected = segno.make(CHECK_IN_CODE, micro=False, error="m", boost_error=False)
    assert modules(picture) == [[bool(module) for module in row] for row in expected.matrix]
    [part] = [part for part in mail.parts if part.content_id]
    assert f'src="cid:{part.content_id}"' in mail.html


@pytest.mark.parametrize("kind", [MailKind.CONFIRMED, MailKind.PROMOTED, MailKind.EVENT_CHANGED])
def test_a_mail_about_a_seat_brings_a_calendar_entry_with_its_times(kind: MailKind) -> None:
    [calendar] = calendars(render(letter_of(kind)))
    [entry] = calendar.walk("VEVENT")
    assert (calendar["METHOD"], entry["STATUS"]) == ("PUBLISH", "CONFIRMED")
    assert (entry.start, entry.end) == (START, END)
    assert str(entry["SUMMARY"]) == "Winter concert"


def test_another_time_zone_is_told_by_the_clock_of_each() -> None:
    moved = (Change("timezone", "UTC", "Europe/Paris"),)
    text = render(letter_of(MailKind.EVENT_CHANGED, event=event_of(timezone="Europe/Paris"), changes=moved)).text
    assert "19:00 to 22:00 (Europe/Paris, UTC+01:00)" in text
    assert "18:00 to 21:00 (UTC)" in text


def test_a_later_mail_updates_the_calendar_entry_and_a_cancellation_takes_it_out() -> None:
    first = calendars(render(letter_of(MailKind.CONFIRMED)))[0].walk("VEVENT")[0]
    changed = calendars(render(letter_of(MailKind.EVENT_CHANGED, event=event_of(revision=3))))[0].walk("VEVENT")[0]
    [ended] = calendars(render(letter_of(MailKind.CANCELLED, event=event_of(revision=3))))
    last = ended.walk("VEVENT")[0]
    assert first["UID"] == changed["UID"] == last["UID"]
    assert first["SEQUENCE"] < changed["SEQUENCE"] < last["SEQUENCE"]
    assert (ended["METHOD"], last["STATUS"]) == ("CANCEL", "CANCELLED")


def test_a_ticket_that_never_had_a_seat_has_nothing_to_take_out_of_a_calendar() -> None:
    assert not calendars(render(letter_of(MailKind.CANCELLED, had_seat=False)))
    assert not calendars(render(letter_of(MailKind.WAITLISTED)))


def test_a_calendar_entry_is_not_a_key_to_the_ticket() -> None:
    mail = render(letter_of(MailKind.CONFIRMED))
    [part] = [part for part in mail.parts if part.name == "event.ics"]
    assert TICKET_ID.encode() not in part.content.replace(b"\r\n ", b"")


@pytest.mark.parametrize(
    ("kind", "one", "several"),
    [
        (MailKind.CONFIRMED, "You have a seat", "You have 3 seats"),
        (MailKind.PROMOTED, "A seat became free, and it is yours", "3 seats became free, and they are yours"),
        (MailKind.HELD, "A seat is set aside for you", "3 seats are set aside for you"),
        (MailKind.OFFERED, "A seat became free for you", "3 seats became free for you"),
        (MailKind.EXPIRED, "The seat that was set aside", "The seats that were set aside"),
    ],
)
def test_a_group_is_told_of_all_its_seats(kind: MailKind, one: str, several: str) -> None:
    assert one in render(letter_of(kind)).text
    group = render(letter_of(kind, quantity=3)).text
    assert several in group
    assert "Seats: 3" in group


@pytest.mark.parametrize("kind", [MailKind.HELD, MailKind.OFFERED])
def test_a_hold_says_whether_to_pay_or_to_take_it(kind: MailKind) -> None:
    paid, taken = render(letter_of(kind)), render(letter_of(kind, by_holder=True))
    assert "Please pay by" in paid.text
    assert "Take the seat" not in paid.text
    assert "Take it by Wednesday, 20 November 2030, 10:00 (UTC)" in taken.text
    assert "Take the seat" in taken.html


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason.SOLD_OUT, "All seats went to people who were ahead of you in line."),
        (Reason.NOT_DRAWN, "The draw gave the seats to others."),
        (Reason.REGISTRATION_CLOSED, "Registration had closed before your turn came."),
        (Reason.DUPLICATE, "Its first ticket still counts."),
        (Reason.INVALID, "Your registration could not be read."),
        (Reason.EVENT_CANCELLED, "The organizer cancelled Winter concert."),
    ],
)
def test_a_refusal_says_why(reason: Reason, sentence: str) -> None:
    assert sentence in render(letter_of(MailKind.REJECTED, reason=reason)).text


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (Reason.BY_HOLDER, "You cancelled your registration"),
        (Reason.BY_ORGANIZER, "The organizer cancelled your registration"),
        (Reason.EVENT_CANCELLED, "The organizer cancelled Winter concert."),
    ],
)
def test_a_cancellation_says_by_whom(reason: Reason, sentence: str) -> None:
    assert sentence in render(letter_of(MailKind.CANCELLED, reason=reason)).text


def test_a_seat_that_cannot_be_given_back_any_more_is_not_asked_for() -> None:
    late = letter_of(MailKind.REMINDER, now=START)
    assert "give your seat back" not in render(late).text


def test_a_mail_without_its_ticket_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a ticket"):
        render(letter_of(MailKind.CONFIRMED, ticket=None))


def test_one_ticket_that_is_sent_again_brings_its_calendar_entry() -> None:
    ticket = letter_of(MailKind.CONFIRMED).ticket
    assert ticket is not None
    mail = render(letter_of(MailKind.RESEND, ticket=None, tickets=(ticket,)))
    assert "Here is your ticket" in mail.text
    assert len(calendars(mail)) == 1


def test_a_ticket_that_waits_shows_its_position_when_it_is_sent_again() -> None:
    waiting = letter_of(MailKind.WAITLISTED).ticket
    assert waiting is not None
    assert "Position: 12" in render(letter_of(MailKind.RESEND, ticket=None, tickets=(waiting,))).text


def test_the_hold_of_an_unproved_address_says_until_when() -> None:
    assert f"{UNTIL:%H:%M} (UTC)" in render(letter_of(MailKind.VERIFY)).text


def test_times_are_those_of_the_venue_and_name_its_zone() -> None:
    there = event_of(timezone="America/St_Johns")
    mail = render(letter_of(MailKind.CONFIRMED, event=there))
    for form in (mail.text, mail.html):
        assert "Sunday, 1 December 2030, 14:30 to 17:30 (America/St Johns, UTC-03:30)" in form
    [entry] = calendars(mail)[0].walk("VEVENT")
    assert entry.start == START


def test_an_event_over_midnight_says_both_days() -> None:
    night = event_of(timezone="Asia/Tokyo")
    text = render(letter_of(MailKind.CONFIRMED, event=night)).text
    assert "Monday, 2 December 2030, 03:00 to 06:00 (Asia/Tokyo, UTC+09:00)" in text
    late = render(letter_of(MailKind.CONFIRMED, event=event_of(timezone="Europe/Athens", end_ms=to_ms(LATE)))).text
    assert "Sunday, 1 December 2030, 20:00 to Monday, 2 December 2030, 01:00 (Europe/Athens, UTC+02:00)" in late
