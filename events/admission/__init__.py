"""The queue in front of the ledger. Redis only: no tables, no Django."""
