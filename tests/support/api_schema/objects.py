"""One of everything that there is, made through the API, and for each operation a case with real ids that succeeds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

from tests.support.service.event import Event, open_event
from tests.support.service.http_client import JSON, Answer
from tests.support.service.processes import Service
from tests.support.waiting import wait_until

# No answer of these can be a 2xx here, for these reasons.
OUT_OF_REACH = {
    "read_later_log_checkpoint": "only a log that was broken off has a later one: tests/integration has those",
    "read_later_log_key": "the same",
    "read_later_log_tile": "the same",
    "resend_to_attendee": "the service under test sends no mail, which is a 409",
}

Case = dict[str, Any]


class Objects:
    """Makes them as one organizer. `cases` has them by the operation that they are for."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._guests = 0
        self.cases: dict[str, list[Case]] = {}

    def make(self) -> Mapping[str, list[Case]]:
        """Makes everything."""
        event = open_event(self._service)
        for name in ("list_events", "list_webhooks", "list_tokens", "read_audit", "read_event_log"):
            self._add(name, {})
        for name in ("renew_default_secret", "health_live", "health_door", "health_ready"):
            self._add(name, {})
        self._of_events(event)
        self._of_tickets(event)
        self._at_the_entrance(event)
        self._of_codes(event)
        self._of_the_log(event)
        self._of_webhooks()
        self._kept_mail(event)
        self._add(
            "revoke_token", {"token_id": self._ask("POST", "/tokens", {"label": "T", "scope": "read"}).data["id"]}
        )
        return self.cases

    def _add(self, operation_id: str, path: Mapping[str, Any], body: Any = None) -> None:
        case: Case = {"path_parameters": dict(path)}
        self.cases.setdefault(operation_id, []).append(case if body is None else {**case, "body": body})

    def _of_events(self, event: Event) -> None:
        one = {"event_id": event.id}
        for name in (
            *("read_event", "list_attendees", "read_stats", "list_codes", "read_offline_list", "list_mails"),
            *("read_mail_status", "list_kept_mails", "read_log_checkpoint", "read_log_key"),
        ):
            self._add(name, one)
        self._add("change_event", one, {"name": "Evening, again"})
        self._add("register", one, {"name": "Guest", "email": "register@example.com"})
        self._add("add_attendee", one, {"name": "Guest", "email": "added@example.com"})
        self._add("resend_ticket", one, {"email": "register@example.com"})
        self._add("duplicate_event", one, {"start_time": (datetime.now(UTC) + timedelta(days=60)).isoformat()})
        for name in ("pause_event", "resume_event", "cancel_event", "delete_event"):
            self._add(name, {"event_id": open_event(self._service).id})

    def _of_tickets(self, event: Event) -> None:
        for name in ("read_ticket", "follow_ticket", "cancel_ticket", "read_proof", "check_in"):
            self._add(name, {"ticket_id": self._confirmed(event)}, {} if name == "check_in" else None)
        for name in ("cancel_attendee", "resend_to_attendee"):
            self._add(name, {"event_id": event.id, "ticket_id": self._confirmed(event)})
        guest = {"event_id": event.id, "ticket_id": self._confirmed(event)}
        self._add("correct_attendee", guest, {"name": "Guest, corrected"})
        terms = {"seconds": 600, "confirmed_by": "holder", "applies_to": "all"}
        self._add("confirm_ticket", {"ticket_id": self._ticket(open_event(self._service, hold=terms), "held")}, {})

    def _confirmed(self, event: Event) -> str:
        return self._ticket(event, "confirmed")

    def _ticket(self, event: Event, status: str) -> str:
        self._guests += 1
        [ticket_id] = event.admit(f"of-schema-{self._guests}")
        wait_until(lambda: event.ticket(ticket_id)["status"] == status, f"the ticket is {status}")
        return ticket_id

    def _at_the_entrance(self, event: Event) -> None:
        here = {"event_id": event.id}
        self._add("check_in_by_code", here, {"ticket_id": self._confirmed(event)})
        body = {"ticket_id": self._confirmed(event)}
        reference = self._ask("POST", f"{event.path}/check-ins", body).data["reference"]
        self._add("undo_check_in", {**here, "reference": reference})

    def _of_codes(self, event: Event) -> None:
        here = {"event_id": event.id}
        self._add("create_codes", here, {"count": 1})
        self._ask("POST", f"{event.path}/codes", {"count": 2})
        one, other = (code["id"] for code in self._ask("GET", f"{event.path}/codes").data["results"])
        self._add("revoke_code", {**here, "code_id": one})
        self._add("revoke_codes", here, {"ids": [other]})

    def _of_the_log(self, event: Event) -> None:
        size = int(self._ask("GET", f"{event.path}/log/checkpoint").body.split(b"\n")[1])
        here = {"event_id": event.id}
        self._add("read_log_tile", {**here, "tile": f"0/000.p/{size}"})
        self._add("read_later_log_tile", {**here, "log_number": 2, "tile": "0/000"})
        for name in ("read_later_log_checkpoint", "read_later_log_key"):
            self._add(name, {**here, "log_number": 2})

    def _of_webhooks(self) -> None:
        def subscribe() -> Mapping[str, int]:
            body = {"url": "https://example.org/hook", "event_types": ["registration.cancelled"]}
            return {"webhook_id": self._ask("POST", "/webhooks", body).data["id"]}

        one = subscribe()
        for name in ("read_webhook", "rotate_secret", "test_webhook", "list_deliveries"):
            self._add(name, one)
        self._add("change_webhook", one, {"enabled": True})
        self._add("replay_webhook", one, {"since": datetime.now(UTC).isoformat()})
        sent = self._ask("POST", f"/webhooks/{one['webhook_id']}/test")
        self._add("retry_delivery", {**one, "delivery_id": sent.data["id"]})
        self._add("delete_webhook", subscribe())

    def _kept_mail(self, event: Event) -> None:
        """As it lies there where no mail server is set."""
        name = f"confirmed.{event.id}-AAAAAAAA.1"
        mail = EmailMessage()
        mail["To"], mail["Subject"] = "guest@example.com", "Your ticket"
        mail.set_content("You have a seat")
        mail.add_alternative("<html><head></head><body>You have a seat</body></html>", subtype="html")
        folder = self._service.home / "mail"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.eml").write_bytes(mail.as_bytes())
        for operation_id in ("read_kept_mail", "show_kept_mail"):
            self._add(operation_id, {"event_id": event.id, "name": name})

    def _ask(self, method: str, path: str, body: Any = None) -> Answer:
        headers = {**JSON, "Authorization": f"Bearer {self._service.token()}"}
        sent = None if body is None else json.dumps(body).encode()
        answer = self._service.address.ask(method, path, sent, headers)
        assert answer.status < 300, (method, path, answer)
        return answer
