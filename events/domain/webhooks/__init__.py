"""The rules of webhooks: messages, signatures, URLs, retries."""
