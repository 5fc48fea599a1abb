"""The load generator, twice under one command line: `client.c`, and `plain.py` for machines without a C compiler."""
