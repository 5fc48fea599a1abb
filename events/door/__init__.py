"""The hot routes, answered from Redis alone: register, a ticket's status, one event's public state.

The door parses, calls admission and renders. It holds no business rule, no table and no Django request.
"""
