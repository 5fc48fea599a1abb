"""Webhooks in the API: views, validation, representations."""
