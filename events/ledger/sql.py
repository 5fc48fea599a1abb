"""Every statement of the ledger that is written in SQL and not by Django's ORM, each with its purpose.

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
    *("expires_at", "hold_confirmed_by", "payment_reference"),
)

# Columns of a claimed delivery, in the order of the fields of `ClaimedDelivery`.
CLAIMED_COLUMNS = (
    *("id", "webhook_id", "endpoint_id", "event_id", "type", "ticket_key", "reason", "position", "sequence"),
    *("requested_at", "decided_at", "checked_in_at", "url", "data", "created_at", "step", "claimed_until", "mark"),
    *("quantity", "ticket_type_id", "partly_in", "expires_at"),
)

# lock_event: an event's row, locked until the transaction ends. Parameter: event id.
LOCK_EVENT = "SELECT * FROM events_event WHERE id = %s FOR UPDATE"

# save_counters: writes what a batch changes in its event's row. Parameters: `COUNTER_COLUMNS`, then the event's id.
COUNTER_COLUMNS = (
    *("max_capacity", "confirmed_count", "held_count", "waitlist_capacity", "waitlisted_count", "cancelled_count"),
    *("confirmed_companions", "held_companions", "waitlisted_companions", "head_quantity", "expired_count", "over"),
    *("rejected_counts", "last_sequence", "decided_at", "version"),
)
SAVE_COUNTERS = f"""
UPDATE events_event SET {", ".join(f"{column} = %s" for column in COUNTER_COLUMNS)} WHERE id = %s
"""  # noqa: S608 - column names of our own

# has_webhooks: whether an organizer has webhooks that may be told of something. Any database. Parameter: organizer id.
HAS_WEBHOOKS = """
SELECT EXISTS (
    SELECT 1 FROM events_webhook
    WHERE organizer_id = %s AND disabled_at IS NULL AND deleted_at IS NULL AND url <> ''
)
"""

# Rows are inserted in the order of the document, so `id` follows the order of admission too.
_INSERT_REGISTRATIONS = """
INSERT INTO events_registration
    (event_id, ticket_key, name, email, email_key, search_key, status, reason, sequence, revision,
     requested_at, decided_at, confirmed_at,
     callback_url, callback_organizer_id, mark{columns})
SELECT $3, ticket_key, name, email, COALESCE(email_key, email), search_key, COALESCE(status, 'confirmed'),
    COALESCE(reason, ''), sequence, COALESCE(revision, 1),
    to_timestamp(requested_ms / 1000.0), $4, CASE WHEN COALESCE(status, 'confirmed') = 'confirmed' THEN $4 END,
    COALESCE(callback_url, ''), callback_organizer_id, COALESCE(mark, ''){values}
FROM json_to_recordset($1) AS decided
    (ticket_key varchar, name varchar, email varchar, email_key varchar, search_key text, status varchar,
     reason varchar, sequence bigint, revision integer, requested_ms bigint, callback_url varchar,
     callback_organizer_id bigint, mark varchar{types})
"""

# insert_registrations: writes the rows of newly decided tickets, of one seat each and without a ticket type.
# $1: `RegistrationRecord`s.
INSERT_REGISTRATIONS = _INSERT_REGISTRATIONS.format(columns="", values="", types="")

# insert_seats: the same, with groups, ticket types, access codes and holds. $1: `SeatsRecord`s. Of its own, so that
# others pay nothing.
INSERT_SEATS = _INSERT_REGISTRATIONS.format(
    columns=", quantity, ticket_type_id, access_code_id, expires_at, hold_confirmed_by",
    values=(
        ", COALESCE(quantity, 1), ticket_type_id, access_code_id, to_timestamp(expires_ms / 1000.0), "
        "COALESCE(hold_confirmed_by, '')"
    ),
    types=(
        ", quantity smallint, ticket_type_id bigint, access_code_id bigint, expires_ms bigint, "
        "hold_confirmed_by varchar"
    ),
)

# move_registrations: moves existing rows to a later status. $1: `MoveRecord`s.
# The revision only grows, so a row that has moved on since is left alone.
MOVE_REGISTRATIONS = """
UPDATE events_registration AS registration SET
    status = moved.status, reason = COALESCE(moved.reason, ''), revision = moved.revision, decided_at = $4,
    confirmed_at = CASE WHEN moved.status = 'confirmed' AND registration.status <> 'confirmed' THEN $4
        ELSE registration.confirmed_at END,
    expires_at = COALESCE(to_timestamp(moved.expires_ms / 1000.0), registration.expires_at),
    hold_confirmed_by = COALESCE(moved.hold_confirmed_by, registration.hold_confirmed_by),
    payment_reference = COALESCE(moved.payment_reference, registration.payment_reference)
FROM json_to_recordset($1) AS moved
    (ticket_key varchar, status varchar, reason varchar, revision integer, expires_ms bigint,
     hold_confirmed_by varchar, payment_reference varchar)
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

# find_waitlist_positions: positions of some tickets on an event's waitlist, 1 = next to move up. Any database.
# Parameters: event id, then the ticket keys; {keys} is their placeholders. One walk along the waitlist's index, that of
# ticket types with `FIND_TYPE_POSITIONS`.
_FIND_WAITLIST_POSITIONS = """
SELECT ticket_key, position FROM (
    SELECT ticket_key, ROW_NUMBER() OVER ({line}ORDER BY sequence, id) AS position
    FROM events_registration WHERE event_id = %s AND status = 'waitlisted'
) AS waitlist WHERE ticket_key IN ({{keys}})
"""
FIND_WAITLIST_POSITIONS = _FIND_WAITLIST_POSITIONS.format(line="")

# find_type_positions: the same for an event with ticket types, each with a line of its own.
FIND_TYPE_POSITIONS = _FIND_WAITLIST_POSITIONS.format(line="PARTITION BY ticket_type_id ")

# find_sequence_gaps: ranges (first, last) of sequences that no row has, up to the highest that one has. Any database.
# Parameters: event id, how many ranges. Reads the whole event.
FIND_SEQUENCE_GAPS = """
SELECT previous + 1, sequence - 1 FROM (
    SELECT sequence, LAG(sequence, 1, 0) OVER (ORDER BY sequence) AS previous
    FROM events_registration WHERE event_id = %s
) AS sequences WHERE sequence > previous + 1 ORDER BY sequence LIMIT %s
"""

# insert_deliveries: writes the outbox: a message for each change and each subscriber that subscribed to its type.
# $1: `MessageRecord`s, $2: `Subscriber`s. A subscriber with a route gets only messages with the same route.
# Ordered, so that `id` follows the order of the changes.
INSERT_DELIVERIES = """
INSERT INTO events_webhookdelivery
    (webhook_id, endpoint_id, event_id, type, ticket_key, reason, position, sequence, revision,
     requested_at, decided_at, checked_in_at, expires_at, quantity, ticket_type_id, partly_in,
     url, mark, data, created_at, state, next_attempt_at, attempts, step, last_error)
SELECT subscriber.webhook_id, subscriber.endpoint_id, $3, message.type, message.ticket_key,
    COALESCE(message.reason, ''), message.position, message.sequence, message.revision,
    to_timestamp(message.requested_ms / 1000.0), to_timestamp(message.decided_ms / 1000.0),
    to_timestamp(message.checked_in_ms / 1000.0), to_timestamp(message.expires_ms / 1000.0),
    COALESCE(message.quantity, 1), message.type_id, message.partly_in,
    CASE WHEN subscriber.route IS NULL THEN '' ELSE message.url END, COALESCE(message.mark, ''), '',
    $4, 'pending', $4, 0, 0, ''
FROM json_to_recordset($1) AS message
    (number integer, type varchar, ticket_key varchar, reason varchar, position integer, sequence bigint,
     revision integer, requested_ms bigint, decided_ms bigint, checked_in_ms bigint, url varchar, route varchar,
     mark varchar, quantity smallint, type_id bigint, partly_in smallint, expires_ms bigint)
JOIN json_to_recordset($2) AS subscriber (webhook_id bigint, endpoint_id bigint, type varchar, route varchar)
    ON subscriber.type = message.type AND (subscriber.route IS NULL OR subscriber.route = message.route)
ORDER BY message.number, subscriber.webhook_id
"""

# Part of `CLAIM_DELIVERIES`: what may be sent to one endpoint now. A message waits while an earlier one of its ticket
# is pending; a ticket's first message, which nearly all are, has none before it.
_DUE = """
    SELECT delivery.id FROM events_webhookdelivery delivery
    WHERE delivery.endpoint_id = ready.id AND delivery.state = 'pending' AND delivery.next_attempt_at <= %(now)s
        AND (delivery.claimed_until IS NULL OR delivery.claimed_until <= %(now)s)
        AND (delivery.revision <= 1 OR NOT EXISTS (
            SELECT 1 FROM events_webhookdelivery earlier
            WHERE earlier.event_id = delivery.event_id AND earlier.sequence = delivery.sequence
                AND earlier.state = 'pending' AND earlier.ticket_key = delivery.ticket_key
                AND earlier.webhook_id = delivery.webhook_id AND earlier.revision < delivery.revision))
"""

# claim_deliveries: takes due messages for a worker, and returns them. Parameters by name: `now`; `until`, when the
# claims expire; `capacities`, a JSON array of {endpoint_id, claimed, free} with what the worker has claimed already and
# can take; `per_endpoint`, for an endpoint that is not among them; `total`.
# Endpoint by endpoint, so that a long queue of one endpoint delays no other. An open breaker lets nothing through.
# When its time is over it lets two messages through: the oldest that was tried before, and one that was not. Some
# receivers refuse what they see for the first time, and some refuse a single message each time: one of the two has a
# chance with either. While the breaker is closed, half of that is for messages that were tried before, which would
# otherwise wait behind all new ones.
# A probe is ordered by `created_at`, which no index has: by `id` the planner would walk the primary key through the
# whole log.
CLAIM_DELIVERIES = f"""
WITH picked AS (
    SELECT due.id FROM (
        SELECT endpoint.id,
            CASE WHEN endpoint.trips > 0 THEN GREATEST(0, 1 - COALESCE(capacity.claimed, 0))
                ELSE COALESCE(capacity.free, %(per_endpoint)s) END AS free,
            endpoint.trips > 0 AS probing
        FROM events_webhookendpoint endpoint
        JOIN events_webhook webhook
            ON webhook.id = endpoint.webhook_id AND webhook.disabled_at IS NULL AND webhook.deleted_at IS NULL
        LEFT JOIN json_to_recordset(%(capacities)s) AS capacity (endpoint_id bigint, claimed integer, free integer)
            ON capacity.endpoint_id = endpoint.id
        WHERE endpoint.open_until IS NULL OR endpoint.open_until <= %(now)s
        ORDER BY random()
    ) ready
    CROSS JOIN LATERAL (
        (SELECT probe.id FROM ({_DUE} AND delivery.step > 0
            ORDER BY delivery.created_at, delivery.id LIMIT CASE WHEN ready.probing THEN ready.free ELSE 0 END
            FOR UPDATE OF delivery SKIP LOCKED) probe)
        UNION
        (SELECT tried.id FROM ({_DUE} AND delivery.step > 0
            ORDER BY delivery.next_attempt_at, delivery.id
            LIMIT CASE WHEN ready.probing THEN 0 ELSE (ready.free + 1) / 2 END
            FOR UPDATE OF delivery SKIP LOCKED) tried)
        UNION
        (SELECT oldest.id FROM ({_DUE} AND (delivery.step = 0 OR NOT ready.probing)
            ORDER BY delivery.next_attempt_at, delivery.id LIMIT ready.free
            FOR UPDATE OF delivery SKIP LOCKED) oldest)
    ) due
    LIMIT %(total)s
)
UPDATE events_webhookdelivery delivery SET claimed_until = %(until)s FROM picked WHERE delivery.id = picked.id
RETURNING {", ".join(f"delivery.{name}" for name in CLAIMED_COLUMNS)}
"""  # noqa: S608 - column names of our own

# record_attempts: writes the results of attempts. Parameter: JSON array of `AttemptRecord`s.
# A success counts even if another worker has claimed the row since: it was delivered. A failure counts only while the
# claim is still this worker's.
RECORD_ATTEMPTS = """
UPDATE events_webhookdelivery delivery SET
    state = attempt.state, next_attempt_at = COALESCE(attempt.next_attempt_at, delivery.next_attempt_at),
    claimed_until = NULL, attempts = delivery.attempts + 1, step = attempt.step,
    last_attempt_at = attempt.started_at, last_status_code = attempt.status_code,
    last_error = COALESCE(attempt.error, '')
FROM json_to_recordset(%s) AS attempt
    (delivery_id bigint, state varchar, next_attempt_at timestamptz, claimed_until timestamptz, step integer,
     started_at timestamptz, status_code integer, error varchar)
WHERE delivery.id = attempt.delivery_id AND delivery.state NOT IN ('delivered', 'dead')
    AND (attempt.state = 'delivered' OR delivery.claimed_until = attempt.claimed_until)
"""

# find_rows_by_key: makes the planner find rows one by one through the primary key, until the transaction ends.
# An outbox that was empty a moment ago looks small to the planner, which would read all of it for each round.
FIND_ROWS_BY_KEY = "SET LOCAL enable_hashjoin TO off; SET LOCAL enable_mergejoin TO off"

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
