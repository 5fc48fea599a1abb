"""The rules, in plain Python: no Django, no Redis, no HTTP, no clock of its own."""
