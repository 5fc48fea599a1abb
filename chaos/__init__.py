"""Tests across hosts: a service on hosts of its own, faults that strike them, a crowd, and a check of every answer."""
