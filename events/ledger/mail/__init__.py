"""Mail to guests in the database: the outbox that decisions write, claims, and results."""
