"""The statements of the decision log: as those of `events.ledger.sql`, each with its purpose."""

from __future__ import annotations

# read_log: how far an event's decision log is. Any database. Parameter: event id.
READ_LOG = "SELECT origin, key, mailbox_key, size, frontier, terms FROM events_decisionlog WHERE event_id = %s"

# begin_log: makes an event's decision log. Any database.
# Parameters: event id, origin, public key, key of its mailboxes, frontier, terms.
BEGIN_LOG = """
INSERT INTO events_decisionlog (event_id, origin, key, mailbox_key, size, frontier, terms)
VALUES (%s, %s, %s, %s, 0, %s, %s)
"""

# mark_logged: says of an event that it has a decision log. Any database. Parameter: event id.
MARK_LOGGED = "UPDATE events_event SET has_log = true WHERE id = %s"

# append_to_log: writes how far a decision log is now. Any database.
# Parameters: size, frontier, terms, event id, the size before. The event's row lock keeps others out; a row that is not
# as it was read is left alone, and the batch fails.
APPEND_TO_LOG = "UPDATE events_decisionlog SET size = %s, frontier = %s, terms = %s WHERE event_id = %s AND size = %s"

# name_log: gives a decision log another name, or another key. Any database. Parameters: origin, public key, event id.
NAME_LOG = "UPDATE events_decisionlog SET origin = %s, key = %s WHERE event_id = %s"

_CHUNK = "events_decisionlogchunk (log_id, first_index, behind_index, last_sequence, entries, tile_hashes)"

# insert_log_chunk: writes the entries of a batch. On SQLite. Parameters: the fields of a `LogChunk`.
INSERT_LOG_CHUNK = f"INSERT INTO {_CHUNK} VALUES (%s, %s, %s, %s, %s, %s)"  # noqa: S608 - names of our own

# copy_log_chunk: the same on PostgreSQL, behind it the row in COPY's binary format.
COPY_LOG_CHUNK = f"COPY {_CHUNK} FROM STDIN WITH (FORMAT binary)"

# find_log_chunks: reads the batches behind one that have a ticket's commitment in them: first index and entries.
# Parameters: event id, first index, commitment. Reads the whole rest of the log.
FIND_LOG_CHUNKS = """
SELECT first_index, entries FROM events_decisionlogchunk
WHERE log_id = %s AND first_index > %s AND {position} > 0 ORDER BY first_index
"""
