"""Which of the languages a person wishes: a tag that names one, or a browser's `Accept-Language`."""

from __future__ import annotations

DEFAULT = "en"
# What pages and mails are offered in, each as it calls itself. A test holds that the catalogue of each is complete.
OFFERED = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español", "ja": "日本語"}
# Longer tags and headers are not what a browser sends.
_LONGEST_TAG = 35
_LONGEST_HEADER = 512


def supported(tag: str) -> str:
    """Reduces a language tag (BCP 47) to an offered one by its first parts (RFC 4647, 3.4); empty if none is it."""
    parts = tag[:_LONGEST_TAG].strip().lower().replace("_", "-").split("-")
    while parts:
        found = "-".join(parts)
        if found in OFFERED:
            return found
        parts.pop()
    return ""


def wished(header: str) -> str:
    """Returns the offered language that an `Accept-Language` asks for first (RFC 9110, 12.5.4), else English."""
    weighed = [_weighed(item) for item in header[:_LONGEST_HEADER].split(",")]
    # Sorting keeps the order of those that weigh the same.
    for weight, tag in sorted(weighed, key=lambda one: -one[0]):
        code = DEFAULT if tag == "*" else supported(tag)
        if code and weight > 0:
            return code
    return DEFAULT


def _weighed(item: str) -> tuple[float, str]:
    tag, _, weight = item.partition(";")
    name, _, number = weight.strip().partition("=")
    try:
        return (max(0.0, float(number)) if name.strip().lower() == "q" else 1.0), tag.strip()
    except ValueError:
        return 0.0, tag.strip()
