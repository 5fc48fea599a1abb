"""The arguments of `manage.py rehearse` for a small crowd, each as text."""

from __future__ import annotations

ARGUMENTS = {
    "url": "http://127.0.0.1:8000",
    "token": "t",
    "people": "100",
    "seats": "10",
    "duplicates": "7",
    "cancel": "0",
    "waitlist": "0",
    "rate": "9",
    "processes": "3",
    "connections": "10",
    "patience": "60",
    "time_limit": "3600",
}
