"""Clients of the service, in Python and JavaScript, and what builds their packages. They share no code with it."""
