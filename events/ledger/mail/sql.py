"""Statements of the mails' outbox in SQL, each with its purpose. Their conventions are those of `events.ledger.sql`."""

from __future__ import annotations

# insert_mails: writes a batch's mails. Parameters: JSON array of `MailRecord`s, event id, moment.
INSERT_MAILS = """
INSERT INTO events_mail (event_id, ticket_key, kind, revision, position, data, created_at, next_attempt_at)
SELECT %(event_id)s, mail.ticket_key, COALESCE(mail.kind, 'confirmed'), COALESCE(mail.revision, 1), mail.position,
    mail.data, %(now)s, %(now)s
FROM json_to_recordset(%(mails)s) AS mail
    (ticket_key varchar, kind varchar, revision bigint, position integer, data jsonb)
"""
