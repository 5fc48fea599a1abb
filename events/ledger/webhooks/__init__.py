"""Webhooks in the ledger: subscriptions, the outbox, claims and attempts."""
