"""Baselines (b) *lock* and (c) *task*: the two ways most registration services are first written.

A Django project of its own over Omnify's tables, so that both write the same rows under the same constraints into
the same database with the same durability.
"""
