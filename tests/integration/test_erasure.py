"""What is deleted is gone from the stores' files too, and what is kept of a person can be shown to them before."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from events.admission.entry import pack
from events.admission.erasure import is_entry_freed
from events.admission.persistence import NotRewritten, rewrite_files
from events.admission.replies import AdmitReply
from events.admission.requests import AdmissionRequest
from events.domain.attendee import email_key
from events.domain.commands import Callback
from events.ledger.erasure import columns_with, spellings
from events.ledger.mail.resends import ask_for_ticket
from events.models import Event, Registration, WebhookDelivery
from events.secrets import tickets
from tests.support.in_process.drain import trim
from tests.support.servers import Services
from tests.support.waiting import wait_until
from worker.drain import Drain

pytestmark = pytest.mark.django_db(transaction=True)

Make = Callable[..., Event]
Admit = Callable[..., AdmitReply]
ADDRESS = "Remember+Me@example.com"
CALLBACK = "https://example.org/hooks?for=remember%2Bme%40example.com"


def on_disk(servers: Services) -> list[str]:
    """Valkey's files that hold the address in any spelling."""
    texts = [text.encode() for text in spellings(ADDRESS)]
    folder = Path(servers.valkey.directory)
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if any(text in path.read_bytes().lower() for text in texts)]


def application(event: Event, address: str = ADDRESS, url: str = CALLBACK) -> AdmissionRequest:
    key, holder = tickets().mint(), tickets().email_digest(email_key(address))
    callback = Callback(url, event.organizer_id)
    return AdmissionRequest(key, holder, "", pack(name="Me", email=address, email_digest=holder, callback=callback))


def test_a_longer_address_is_not_taken_for_the_one_that_ends_it(make_event: Make) -> None:
    for name in ("other.guest@example.com", "guest@example.com.au", "guest@example.community"):
        make_event(location=name)
    assert list(columns_with(["guest@example.com"])) == []
    make_event(location='{"to": "guest@example.com"}')
    make_event(location="https://example.org/?to%3Dguest@example.com")
    assert [(column, rows) for _, column, rows in columns_with(["guest@example.com"])] == [("location", 2)]


def call(monkeypatch: pytest.MonkeyPatch, *command: str) -> str:
    """What a command prints, given the address on standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO(ADDRESS + "\n"))
    out = io.StringIO()
    call_command(*command, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def in_statistics() -> list[str]:
    """Tables in whose columns' statistics the address stands, which PostgreSQL makes of the rows that it finds."""
    with connection.cursor() as cursor:
        quoting = "SELECT DISTINCT tablename FROM pg_stats WHERE lower(pg_stats::text) LIKE %s"
        cursor.execute(quoting, [f"%{ADDRESS.lower()}%"])
        return [name for (name,) in cursor.fetchall()]


def test_the_planners_statistics_do_not_quote_a_forgotten_address(
    make_event: Make, admit: Admit, working_drain: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite's statistics quote no values")
    event = make_event()
    admit(event.pk, [application(event), application(event, "other@example.com", "https://example.org/other")])
    wait_until(lambda: Registration.objects.filter(event=event).count() == 2, "they are decided")
    ask_for_ticket(event.pk, email_key(ADDRESS), now=timezone.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE events_registration, events_resendrequest")
    assert in_statistics() == ["events_registration"]
    call(monkeypatch, "forget", "--email")
    assert in_statistics() == []


def test_a_forgotten_address_stands_in_no_column_and_in_no_file_of_redis(
    make_event: Make, admit: Admit, working_drain: None, servers: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = make_event(max_capacity=1, waitlist_capacity=5)
    admit(event.pk, [application(event)])
    # What no mailer has looked at yet.
    ask_for_ticket(event.pk, email_key(ADDRESS), now=timezone.now())
    wait_until(lambda: WebhookDelivery.objects.filter(event=event).exists(), "it is decided")
    assert on_disk(servers)
    kept = json.loads(call(monkeypatch, "export_person", "--email"))
    assert {found["column"] for found in kept["mentions"]} >= {"email", "email_key", "callback_url", "url"}
    call(monkeypatch, "forget", "--email")
    assert list(columns_with(spellings(ADDRESS))) == []
    assert on_disk(servers) == []
    kept = json.loads(call(monkeypatch, "export_person", "--email"))
    assert kept == {"email": ADDRESS, "registrations": [], "queue": [], "mentions": []}
    # The seat is free, and no digest keeps the address out.
    admit(event.pk, [application(event)])
    assert Registration.objects.filter(event=event, status="cancelled", name="").count() == 1


def test_an_address_that_another_person_has_written_down_is_reported_and_left(
    make_event: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_event(location=f"Ask {ADDRESS}")
    with pytest.raises(CommandError, match=r"^1 rows of events_event\.location have it still\.$") as caught:
        call(monkeypatch, "forget", "--email")
    assert "example" not in str(caught.value)


def test_an_export_has_everything_that_is_kept_of_one_person_and_nothing_of_another(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided, waiting = make_event(name="Decided"), make_event(name="Waiting")
    mine, other = application(decided), application(decided, "other@example.com", "https://example.org/other")
    admit(decided.pk, [mine, other])
    drain.run(decided.pk)
    later = application(waiting)
    admit(waiting.pk, [later])
    text = call(monkeypatch, "export_person", "--email")
    kept = json.loads(text)
    [row] = kept["registrations"]
    fields = {field.attname for field in Registration._meta.concrete_fields} - {"id"}
    assert fields <= row.keys()
    assert (row["event_name"], row["email"], row["status"]) == ("Decided", ADDRESS, "confirmed")
    assert row["ticket_id"] == tickets().ticket_id(event_id=decided.pk, key=mine.key)
    assert [delivery["url"] for delivery in row["webhook_deliveries"]] == [CALLBACK]
    by_event = {found["event_id"]: found for found in kept["queue"]}
    assert by_event[waiting.pk]["queued"]["ticket_key"] == later.key
    assert by_event[waiting.pk]["queued"]["email"] == ADDRESS
    assert other.key not in text
    assert "other" not in text


def test_a_rewrite_that_began_before_the_deletion_does_not_count(redis_client: redis.Redis, servers: Services) -> None:
    for number in range(5):
        redis_client.set(f"key {number}", f"{number} {ADDRESS}", ex=60)
    # Each key takes so long that the deletion comes while they are being written.
    redis_client.config_set("rdb-key-save-delay", 100_000)
    try:
        redis_client.bgrewriteaof()
        redis_client.flushall()
        assert redis_client.info("persistence")["aof_rewrite_in_progress"] == 1
    finally:
        redis_client.config_set("rdb-key-save-delay", 0)
    assert rewrite_files(redis_client, seconds=60) == []
    assert on_disk(servers) == []


def test_who_may_not_rewrite_the_file_is_told_so(redis_client: redis.Redis, servers: Services) -> None:
    redis_client.acl_setuser(
        "limited", enabled=True, passwords=["+limited"], keys=["*"], commands=["+@all", "-bgrewriteaof"]
    )
    url = servers.valkey.url().replace("//:", "//limited:").replace(servers.valkey.password, "limited")
    limited = redis.Redis.from_url(url)
    try:
        with pytest.raises(NotRewritten, match="may not call BGREWRITEAOF"):
            rewrite_files(limited, seconds=5)
    finally:
        limited.close()
        redis_client.acl_deluser("limited")


def test_a_removed_entry_is_past_once_its_whole_node_is_gone(
    make_event: Make, admit: Admit, drain: Drain, redis_client: redis.Redis
) -> None:
    event = make_event(max_capacity=500)
    guests = [application(event, f"guest{number}@example.com") for number in range(102)]
    admit(event.pk, guests)
    entries = drain.queue.head(event.pk, count=102)
    trim(drain.queue, event, entries[:100])
    assert not is_entry_freed(redis_client, event.pk, 1)
    trim(drain.queue, event, entries[100:101])
    assert is_entry_freed(redis_client, event.pk, 1)
    assert not is_entry_freed(redis_client, event.pk, 2)
    trim(drain.queue, event, entries[101:])
    assert is_entry_freed(redis_client, event.pk, 102)


def test_what_cannot_be_vacuumed_is_said(make_event: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite knows no roles")
    make_event()
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE may_read NOLOGIN")
        cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO may_read")
        cursor.execute("SET ROLE may_read")
    try:
        with pytest.raises(CommandError, match="may not VACUUM"):
            call(monkeypatch, "forget", "--email")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE; DROP OWNED BY may_read; DROP ROLE may_read")
