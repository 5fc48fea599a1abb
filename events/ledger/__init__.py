"""The truth: PostgreSQL (or SQLite). The database only: no Redis, no HTTP."""
