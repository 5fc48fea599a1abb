"""`/events/{id}/log/...` and `/registrations/{ticket_id}/proof`: the decision log, for those who check it.

Behind a break an event's log has a number, and its tiles are below it: `/events/{id}/log/2/tile/...`. What is cached of
a tile is never another log's. `/events/{id}/log/checkpoint` and `/key`, which no cache serves without asking, are of
the newest.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from rest_framework.request import Request

from events.api import openapi, responses
from events.api.refusals import Refusal, event_not_found, unavailable
from events.api.responses import PUBLIC
from events.api.views.base import ApiView
from events.domain.decision_log.entries import commitment
from events.domain.decision_log.merkle import inclusion_proof
from events.domain.decision_log.tiles import Tile, nodes_of_tiles, read_tile
from events.domain.public.proof import ProvedEntry, TicketProof
from events.domain.scopes import ANYONE
from events.domain.states import Visibility
from events.ledger import queries
from events.ledger.decision_log.read import LogHead, bundle_of, entries_of_ticket, log_head, tile_hashes
from events.secrets import tickets
from events.services.decision_log import HistoryBroken, NotSigned, is_signed, signed_head, signer
from events.services.log_tiles import keep_tile, kept_tile, kept_without_database
from omnify.common.envelope import Code

# A tile never changes once it is signed, nor does a partial one.
FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
FIRST = 1


class LogView(ApiView):
    """What all of them share: no token, and no more of a draft than of an event that does not exist."""

    authentication_classes = []
    scopes = {"GET": ANYONE}


class LogCheckpoint(LogView):
    """`GET /events/{id}/log/checkpoint`."""

    @openapi.READ_CHECKPOINT
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with the signed note of the newest log's last batch."""
        return _text(_signed(_public(event_id))[1])


class LaterLogCheckpoint(LogView):
    """`GET /events/{id}/log/{log_number}/checkpoint`."""

    @openapi.READ_LATER_CHECKPOINT
    def get(self, request: Request, event_id: int | None, log_number: int | None) -> HttpResponse:
        """Answers with the signed note of this log's last batch, as long as it is the newest."""
        head, note = _signed(_public(event_id))
        _expect_later(head, log_number)
        return _text(note)


class LogKey(LogView):
    """`GET /events/{id}/log/key`."""

    @openapi.READ_LOG_KEY
    def get(self, request: Request, event_id: int | None) -> HttpResponse:
        """Answers with the newest log's verifier key."""
        return _text(_verifier_key(_head(_public(event_id))))


class LaterLogKey(LogView):
    """`GET /events/{id}/log/{log_number}/key`."""

    @openapi.READ_LATER_LOG_KEY
    def get(self, request: Request, event_id: int | None, log_number: int | None) -> HttpResponse:
        """Answers with this log's verifier key, as long as it is the newest."""
        head = _head(_public(event_id))
        _expect_later(head, log_number)
        return _text(_verifier_key(head))


class LogTile(LogView):
    """`GET /events/{id}/log/tile/...`."""

    @openapi.READ_TILE
    def get(self, request: Request, event_id: int | None, tile: str) -> HttpResponse:
        """Answers with the hashes, or the entries, of a tile that is in the first log."""
        return _tile(event_id, FIRST, read_tile(tile))


class LaterLogTile(LogView):
    """`GET /events/{id}/log/{log_number}/tile/...`."""

    @openapi.READ_LATER_TILE
    def get(self, request: Request, event_id: int | None, log_number: int | None, tile: str) -> HttpResponse:
        """Answers with the hashes, or the entries, of a tile that is in this log."""
        number = log_number or FIRST
        # The first log has no number in its addresses: each tile has one address.
        return _tile(event_id, number, read_tile(tile) if number != FIRST else None)


class Proof(LogView):
    """`GET /registrations/{ticket_id}/proof`."""

    @openapi.READ_PROOF
    def get(self, request: Request, ticket_id: str) -> HttpResponse:
        """Answers with the ticket's entries and their proofs."""
        named = tickets().parse(ticket_id)
        if named is None:
            raise Refusal(Code.TICKET_NOT_FOUND, 404, "There is no such ticket.")
        event_id, key = named
        row = queries.find_registration(event_id=event_id, key=key)
        # Before the head: what is in the log by now is in every later state of it.
        stands = commitment(ticket_id.encode())
        found = entries_of_ticket(event_id, stands, sequence=row.sequence, changed=row.revision > 1) if row else []
        head, note = _signed(event_id)
        proved = [_proved(head, index, entry) for index, entry in found]
        return responses.ok(TicketProof(commitment=stands.hex(), checkpoint=note, entries=proved))


def _tile(event_id: int | None, number: int, asked: Tile | None) -> HttpResponse:
    if asked is None:
        _public(event_id)
        raise _no_tile()
    try:
        return _read_tile(_public(event_id), number, asked)
    except (OperationalError, InterfaceError):
        kept = kept_without_database(event_id, number, asked) if event_id else None
        if kept is None:
            raise
        return _bytes(kept, FOREVER)


def _read_tile(event_id: int, number: int, asked: Tile) -> HttpResponse:
    """Reads a tile of the newest log from the database, and of others only where it was kept."""
    head = log_head(event_id)
    is_there = head is not None and (head.number != number or asked.is_in(head.tree.size))
    kept = kept_tile(event_id, number, asked) if is_there else None
    if kept is not None:
        return _bytes(kept, FOREVER)
    if head is None or head.number != number or not is_there:
        raise _no_tile()
    found = bundle_of(event_id, asked) if asked.level is None else b"".join(tile_hashes(event_id, asked))
    if not is_signed(head):
        # A restored database may have other entries there than those that were published under this address.
        return _bytes(found, PUBLIC)
    keep_tile(head, asked, found)
    return _bytes(found, FOREVER)


def _proved(head: LogHead, index: int, entry: bytes) -> ProvedEntry:
    nodes = nodes_of_tiles(lambda tile: tile_hashes(head.event_id, tile), head.tree.size)
    path = inclusion_proof(index, head.tree.size, nodes)
    return ProvedEntry(index=index, entry=entry.hex(), inclusion=[one.hex() for one in path])


def _head(event_id: int) -> LogHead:
    head = log_head(event_id)
    if head is None:
        raise _no_log()
    return head


def _expect_later(head: LogHead, number: int | None) -> None:
    if number in (None, FIRST) or head.number != number:
        raise _no_log("This is not the newest log of the event.")


def _verifier_key(head: LogHead) -> str:
    try:
        return signer(head.origin, head.key).verifier_key + "\n"
    except NotSigned:
        raise _not_signed() from None


def _public(event_id: int | None) -> int:
    event = queries.find_event(event_id=event_id) if event_id else None
    if event is None or event.visibility == Visibility.DRAFT:
        raise event_not_found()
    return int(event.pk)


def _signed(event_id: int) -> tuple[LogHead, str]:
    try:
        found = signed_head(event_id)
    except NotSigned:
        raise _not_signed() from None
    except HistoryBroken:
        raise unavailable("The log contradicts what was published of it, and is not signed.") from None
    if found is None:
        raise _no_log()
    return found


def _no_log(message: str = "This event has no decision log yet.") -> Refusal:
    return Refusal(Code.LOG_NOT_FOUND, 404, message)


def _no_tile() -> Refusal:
    return _no_log("There is no such tile.")


def _not_signed() -> Refusal:
    return _no_log("The operator has not set the LOG_SIGNING_KEY of this log: it is not signed.")


def _text(content: str) -> HttpResponse:
    return _answer(content.encode(), "text/plain; charset=utf-8", PUBLIC)


def _bytes(content: bytes, kept: Mapping[str, str]) -> HttpResponse:
    return _answer(content, "application/octet-stream", kept)


def _answer(content: bytes, content_type: str, kept: Mapping[str, str]) -> HttpResponse:
    return HttpResponse(content, content_type=content_type, headers={"Content-Length": str(len(content)), **kept})
