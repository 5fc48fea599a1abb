"""The header `Retry-After` of a response (RFC 9110, section 10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def read_retry_after(text: str, *, now: datetime) -> float:
    """Returns the seconds in a `Retry-After` header, which holds a number or a date; 0 for anything else."""
    text = text.strip()
    if not text:
        return 0.0
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
