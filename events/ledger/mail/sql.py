"""Statements of the mails' outbox in SQL, each with its purpose. Their conventions are those of `events.ledger.sql`."""

from __future__ import annotations

from events.domain.mail.kinds import URGENT

# Columns of a claimed mail, in the order of the fields of `ClaimedMail`.
CLAIMED_COLUMNS = (
    *("id", "event_id", "ticket_key", "kind", "revision", "position", "data", "created_at"),
    *("attempts", "claimed_until"),
)

# insert_mails: writes a batch's mails. Parameters by name: `mails`, a JSON array of `MailRecord`s; `event_id`, `now`.
INSERT_MAILS = """
INSERT INTO events_mail (event_id, ticket_key, kind, revision, position, data, created_at, next_attempt_at)
SELECT %(event_id)s, mail.ticket_key, COALESCE(mail.kind, 'confirmed'), COALESCE(mail.revision, 1), mail.position,
    mail.data, %(now)s, %(now)s
FROM json_to_recordset(%(mails)s) AS mail
    (ticket_key varchar, kind varchar, revision bigint, position integer, data jsonb)
"""

# insert_mails_of_seats: the same for tickets that got a seat at once. Parameters by name: `keys`, with spaces between;
# `event_id`, `now`.
INSERT_MAILS_OF_SEATS = """
INSERT INTO events_mail (event_id, ticket_key, kind, created_at, next_attempt_at)
SELECT %(event_id)s, key, 'confirmed', %(now)s, %(now)s FROM unnest(string_to_array(%(keys)s, ' ')) AS key
"""

# claim_mails: takes due mails for a mailer, the oldest first, and returns them. Parameters by name: `now`; `until`,
# when the claims expire; `total`. A mail waits while an earlier one about its ticket is being sent.
_CLAIM = f"""
WITH picked AS (
    SELECT mail.id FROM events_mail mail
    WHERE mail.state = 'pending' AND mail.next_attempt_at <= %(now)s{{only}}
        AND (mail.claimed_until IS NULL OR mail.claimed_until <= %(now)s)
        AND NOT EXISTS (
            SELECT 1 FROM events_mail earlier
            WHERE earlier.claimed_until > %(now)s AND earlier.event_id = mail.event_id
                AND earlier.ticket_key = mail.ticket_key)
    ORDER BY mail.next_attempt_at, mail.id LIMIT %(total)s
    FOR UPDATE OF mail SKIP LOCKED
)
UPDATE events_mail mail SET claimed_until = %(until)s FROM picked WHERE mail.id = picked.id
RETURNING {", ".join(f"mail.{name}" for name in CLAIMED_COLUMNS)}
"""  # noqa: S608 - column names of our own
CLAIM_MAILS = _CLAIM.format(only="")
# The same of urgent kinds alone. They stand in the text, so that the index of these is used.
_KINDS = ", ".join(f"'{kind.value}'" for kind in URGENT)
CLAIM_URGENT_MAILS = _CLAIM.format(only=f" AND mail.kind IN ({_KINDS})")

# record_mails: writes what came of mails. Parameter: JSON array of `MailResult`s.
# What was sent counts even if another mailer has claimed it since; anything else only while the claim is ours.
RECORD_MAILS = """
UPDATE events_mail mail SET
    state = result.state, claimed_until = NULL, attempts = mail.attempts + result.counted,
    next_attempt_at = COALESCE(result.next_attempt_at, mail.next_attempt_at),
    last_attempt_at = COALESCE(result.at, mail.last_attempt_at),
    last_status = COALESCE(result.status, ''), last_error = COALESCE(result.error, '')
FROM json_to_recordset(%s) AS result
    (mail_id bigint, state varchar, claimed_until timestamptz, counted integer, next_attempt_at timestamptz,
     at timestamptz, status varchar, error varchar)
WHERE mail.id = result.mail_id AND mail.state = 'pending'
    AND (result.state = 'sent' OR mail.claimed_until = result.claimed_until)
"""
