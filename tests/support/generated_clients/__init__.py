"""Clients that the usual generators make of the OpenAPI document: made, compiled, and used on a running service.

OMNIFY_TOKEN=... python -m tests.support.generated_clients URL EVENT [typescript|python ...]
"""
