"""Django's PostgreSQL backend, which waits a moment for a free connection (`omnify.postgres.base`)."""
