"""Statements that are written in SQL and not by Django's ORM, each with its purpose. The outbox has its own, in
`events.ledger.webhooks.sql`.

A batch goes to PostgreSQL as one JSON document, which `json_to_recordset` turns into rows: one statement and one round
trip. The fields of a document are those of the struct in `events.ledger.records` that the comment names; a test
compares the two. Statements for `run_quietly` number their parameters: $1 and $2 are documents, $3 is the event's id,
$4 the moment of the transaction. The others use the driver's %s.
"""

from __future__ import annotations

# Columns of a decided ticket, in the order in which `events.ledger.tickets` reads them.
TICKET_COLUMNS = (
    *("ticket_key", "email_key", "status", "reason", "sequence", "requested_at", "decided_at", "revision"),
    *("callback_url", "callback_organizer_id", "mark", "checked_in_at", "quantity", "ticket_type_id", "partly_in"),
    "access_code_id",
    *("expires_at", "hold_confirmed_by", "payment_reference", "turn"),
)

# lock_event: an event's row, locked until the transaction ends; {columns} are the model's. Parameter: event id.
LOCK_EVENT = "SELECT {columns} FROM events_event WHERE id = %s FOR UPDATE"

# save_counters: writes what a batch changes in its event's row. Parameters: `COUNTER_COLUMNS`, then the event's id.
COUNTER_COLUMNS = (
    *("max_capacity", "confirmed_count", "held_count", "waitlist_capacity", "waitlisted_count", "cancelled_count"),
    *("confirmed_companions", "held_companions", "waitlisted_companions", "head_quantity", "expired_count", "over"),
    *("entered_count", "entered_companions"),
    *("rejected_counts", "last_sequence", "decided_at", "version"),
)
SAVE_COUNTERS = f"""
UPDATE events_event SET {", ".join(f"{column} = %s" for column in COUNTER_COLUMNS)} WHERE id = %s
"""  # noqa: S608 - column names of our own

# Rows are inserted in the order of the document, so `id` follows the order of admission too.
_INSERT_REGISTRATIONS = """
INSERT INTO events_registration
    (event_id, ticket_key, name, email, email_key, search_key, status, reason, sequence, revision,
     requested_at, decided_at, confirmed_at,
     callback_url, callback_organizer_id, mark{columns})
SELECT $3, ticket_key, name, email, COALESCE(email_key, email), search_key, COALESCE(status, 'confirmed'),
    COALESCE(reason, ''), sequence, COALESCE(revision, 1),
    to_timestamp(requested_ms / 1000::float8), $4, CASE WHEN COALESCE(status, 'confirmed') = 'confirmed' THEN $4 END,
    COALESCE(callback_url, ''), callback_organizer_id, COALESCE(mark, ''){values}
FROM json_to_recordset($1) AS decided
    (ticket_key varchar, name varchar, email varchar, email_key varchar, search_key text, status varchar,
     reason varchar, sequence bigint, revision integer, requested_ms bigint, callback_url varchar,
     callback_organizer_id bigint, mark varchar{types})
"""

# insert_registrations: writes the rows of newly decided tickets, of one seat each and without a ticket type.
# $1: `RegistrationRecord`s.
INSERT_REGISTRATIONS = _INSERT_REGISTRATIONS.format(columns="", values="", types="")

# insert_seats: the same, with groups, ticket types, access codes, holds and languages. $1: `SeatsRecord`s. Of its own,
# so that others pay nothing.
INSERT_SEATS = _INSERT_REGISTRATIONS.format(
    columns=", quantity, ticket_type_id, access_code_id, expires_at, hold_confirmed_by, language",
    values=(
        ", COALESCE(quantity, 1), ticket_type_id, access_code_id, to_timestamp(expires_ms / 1000::float8), "
        "COALESCE(hold_confirmed_by, ''), COALESCE(language, '')"
    ),
    types=(
        ", quantity smallint, ticket_type_id bigint, access_code_id bigint, expires_ms bigint, "
        "hold_confirmed_by varchar, language varchar"
    ),
)

# move_registrations: moves existing rows to a later status. $1: `MoveRecord`s.
# The revision only grows, so a row that has moved on since is left alone.
MOVE_REGISTRATIONS = """
UPDATE events_registration AS registration SET
    status = moved.status, reason = COALESCE(moved.reason, ''), revision = moved.revision, decided_at = $4,
    confirmed_at = CASE WHEN moved.status = 'confirmed' AND registration.status <> 'confirmed' THEN $4
        ELSE registration.confirmed_at END,
    expires_at = COALESCE(to_timestamp(moved.expires_ms / 1000::float8), registration.expires_at),
    hold_confirmed_by = COALESCE(moved.hold_confirmed_by, registration.hold_confirmed_by),
    payment_reference = COALESCE(moved.payment_reference, registration.payment_reference),
    turn = COALESCE(moved.turn, registration.turn)
FROM json_to_recordset($1) AS moved
    (ticket_key varchar, status varchar, reason varchar, revision integer, expires_ms bigint,
     hold_confirmed_by varchar, payment_reference varchar, turn bigint)
WHERE registration.event_id = $3 AND registration.ticket_key = moved.ticket_key
    AND registration.revision < moved.revision
"""

# move_code_uses: counts the seats that access codes have let in. $1: `CodeUseRecord`s. A CHECK bounds the sum.
MOVE_CODE_USES = """
UPDATE events_accesscode AS code SET
    used_count = code.used_count + moved.seats, revision = code.revision + 1, changed_at = $4
FROM json_to_recordset($1) AS moved (id bigint, seats integer)
WHERE code.event_id = $3 AND code.id = moved.id
"""

# insert_codes: writes new access codes. Parameter: a JSON array of arrays of NEW_CODE_COLUMNS. The event's row is
# locked meanwhile, and `bulk_create` takes several times as long.
NEW_CODE_COLUMNS = ("event_id", "digest", "hint", "uses", "opens_at", "ticket_type_id", "created_at", "changed_at")
INSERT_CODES = f"""
INSERT INTO events_accesscode ({", ".join(NEW_CODE_COLUMNS)}, used_count, revision)
SELECT (code ->> 0)::bigint, code ->> 1, code ->> 2, (code ->> 3)::integer, (code ->> 4)::timestamptz,
    (code ->> 5)::bigint, (code ->> 6)::timestamptz, (code ->> 7)::timestamptz, 0, 1
FROM json_array_elements(%s) WITH ORDINALITY AS new (code, place) ORDER BY place
RETURNING id
"""  # noqa: S608 - column names of our own

# find_tickets: reads decided tickets by their keys. Parameters: event id, JSON array of keys.
# One array that is unpacked while the query runs: with a thousand keys in the query itself the planner would estimate
# each of them, which takes longer than finding them.
FIND_TICKETS = f"""
SELECT {", ".join(TICKET_COLUMNS)}
FROM events_registration WHERE event_id = %s AND ticket_key = ANY(ARRAY(SELECT json_array_elements_text(%s)))
"""  # noqa: S608 - column names of our own

# find_taken_emails: of some `email_key`s, those that hold a seat or a position on the waitlist. Parameters: event id,
# JSON array of `email_key`s. The condition on the status is the unique index's own, so that the planner can use it.
FIND_TAKEN_EMAILS = """
SELECT email_key FROM events_registration
WHERE event_id = %s AND email_key = ANY(ARRAY(SELECT json_array_elements_text(%s)))
    AND status IN ('confirmed', 'held', 'waitlisted')
"""

# find_entered_emails: the same of those that are in a draw.
FIND_ENTERED_EMAILS = FIND_TAKEN_EMAILS.replace("IN ('confirmed', 'held', 'waitlisted')", "= 'entered'")

# find_waitlist_positions: positions of some tickets on an event's waitlist, 1 = next to move up. Any database.
# Parameters: event id, then the ticket keys; {keys} is their placeholders. One walk along the waitlist's index, that of
# ticket types with `FIND_TYPE_POSITIONS`.
_FIND_WAITLIST_POSITIONS = """
SELECT ticket_key, position FROM (
    SELECT ticket_key, ROW_NUMBER() OVER ({line}ORDER BY {order}sequence, id) AS position
    FROM events_registration WHERE event_id = %s AND status = 'waitlisted'
) AS waitlist WHERE ticket_key IN ({{keys}})
"""
FIND_WAITLIST_POSITIONS = _FIND_WAITLIST_POSITIONS.format(line="", order="")

# find_type_positions: the same for an event with ticket types, each with a line of its own.
FIND_TYPE_POSITIONS = _FIND_WAITLIST_POSITIONS.format(line="PARTITION BY ticket_type_id ", order="")

# find_drawn_positions: the same where a draw was held, with ticket types or without: who was in it comes first.
FIND_DRAWN_POSITIONS = _FIND_WAITLIST_POSITIONS.format(line="PARTITION BY ticket_type_id ", order="turn NULLS LAST, ")

# find_sequence_gaps: ranges (first, last) of sequences that no row has, up to the highest that one has. Any database.
# Parameters: event id, how many ranges. Reads the whole event.
FIND_SEQUENCE_GAPS = """
SELECT previous + 1, sequence - 1 FROM (
    SELECT sequence, LAG(sequence, 1, 0) OVER (ORDER BY sequence) AS previous
    FROM events_registration WHERE event_id = %s
) AS sequences WHERE sequence > previous + 1 ORDER BY sequence LIMIT %s
"""

# commit_without_waiting: this transaction's commit does not wait for the disk; a dying server may forget it.
COMMIT_WITHOUT_WAITING = "SET LOCAL synchronous_commit TO off"

# allow_audit_purge: lets this transaction delete old rows of the audit trail (migration 0011).
ALLOW_AUDIT_PURGE = "SET LOCAL omnify.audit_retention = 'on'"

# lift_statement_timeout: lets this connection's statements take as long as they need.
LIFT_STATEMENT_TIMEOUT = "SET statement_timeout TO 0"

# read_setting: the value of a server setting; NULL for one that the server does not know.
READ_SETTING = "current_setting(%s, true)"

# run_quietly: runs a statement in a function that catches its refusal (migration 0009). Parameters: the statement, two
# documents, event id, moment.
RUN_QUIETLY = "SELECT events_run_quietly(%s, %s, %s, %s, %s)"

# count_standbys: servers that receive this one's write-ahead log. Any role may see that they are there.
COUNT_STANDBYS = "SELECT count(*) FROM pg_stat_replication"

# read_history: which database this is, and its timeline, which grows with each promotion. Fails on a standby.
READ_HISTORY = """
SELECT system_identifier || ':' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM pg_control_system()
"""
