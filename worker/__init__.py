"""The queue's consumers: drains and their sweep, and the dispatcher of webhooks."""
