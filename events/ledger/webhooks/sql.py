"""Statements of the outbox in SQL, each with its purpose. Their conventions are those of `events.ledger.sql`."""

from __future__ import annotations

# Columns of a claimed delivery, in the order of the fields of `ClaimedDelivery`.
CLAIMED_COLUMNS = (
    *("id", "webhook_id", "endpoint_id", "event_id", "type", "ticket_key", "reason", "position", "sequence"),
    *("requested_at", "decided_at", "checked_in_at", "url", "data", "created_at", "step", "claimed_until", "mark"),
    *("quantity", "ticket_type_id", "partly_in", "expires_at", "log_batch", "log_index"),
    "hold_confirmed_by",
)

# has_webhooks: whether an organizer has webhooks that may be told of something. Any database. Parameter: organizer id.
HAS_WEBHOOKS = """
SELECT EXISTS (
    SELECT 1 FROM events_webhook
    WHERE organizer_id = %s AND disabled_at IS NULL AND deleted_at IS NULL AND url <> ''
)
"""

# insert_deliveries: writes the outbox: a message for each change and each subscriber that subscribed to its type.
# $1: `MessageRecord`s, $2: `Subscriber`s. A subscriber with a route gets only messages with the same route.
# Ordered, so that `id` follows the order of the changes.
INSERT_DELIVERIES = """
INSERT INTO events_webhookdelivery
    (webhook_id, endpoint_id, event_id, type, ticket_key, reason, position, sequence, revision,
     requested_at, decided_at, checked_in_at, expires_at, quantity, ticket_type_id, partly_in,
     url, mark, data, created_at, state, next_attempt_at, attempts, step, last_error, log_batch, log_index,
     hold_confirmed_by)
SELECT subscriber.webhook_id, subscriber.endpoint_id, $3, message.type, message.ticket_key,
    COALESCE(message.reason, ''), message.position, message.sequence, message.revision,
    to_timestamp(message.requested_ms / 1000::float8), to_timestamp(message.decided_ms / 1000::float8),
    to_timestamp(message.checked_in_ms / 1000::float8), to_timestamp(message.expires_ms / 1000::float8),
    COALESCE(message.quantity, 1), message.type_id, message.partly_in,
    CASE WHEN subscriber.route IS NULL THEN '' ELSE message.url END, COALESCE(message.mark, ''), '',
    $4, 'pending', $4, 0, 0, '', subscriber.log_batch, message.number,
    message.hold_confirmed_by
FROM json_to_recordset($1) AS message
    (number integer, type varchar, ticket_key varchar, reason varchar, position integer, sequence bigint,
     revision integer, requested_ms bigint, decided_ms bigint, checked_in_ms bigint, url varchar, route varchar,
     mark varchar, quantity smallint, type_id bigint, partly_in smallint, expires_ms bigint,
     hold_confirmed_by varchar)
JOIN json_to_recordset($2) AS subscriber
    (webhook_id bigint, endpoint_id bigint, type varchar, route varchar, log_batch bigint)
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

# number_batches: gives batches of an organizer that have none their positions, behind the last one, and in the order
# in which they were written. Under the organizer's row lock. Any database. Parameters: organizer id, twice, and
# the most batches.
NUMBER_BATCHES = """
UPDATE events_messagebatch SET position = numbered.position
FROM (
    SELECT id, row_number() OVER (ORDER BY id) + (
        SELECT COALESCE(MAX(position), 0) FROM events_messagebatch WHERE organizer_id = %s
    ) AS position
    FROM (
        SELECT id FROM events_messagebatch WHERE organizer_id = %s AND position IS NULL ORDER BY id LIMIT %s
    ) AS waiting
) AS numbered
WHERE events_messagebatch.id = numbered.id
"""
