"""Checks a decision log from outside: nothing here knows the service. `omnify_verify.py` is a program of one file."""
