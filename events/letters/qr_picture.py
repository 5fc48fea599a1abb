"""The QR code of a ticket as a picture: mail programs show PNG, few show SVG."""

from __future__ import annotations

import io

import segno

# Pixels of a module, and modules of white around the code: ISO/IEC 18004 asks for four, and a mail in dark mode has
# none of its own.
_SCALE, _BORDER = 8, 4


def qr_png(check_in_code: str) -> bytes:
    """Returns the code in black on white."""
    picture = io.BytesIO()
    code = segno.make(check_in_code, micro=False, error="m", boost_error=False)
    code.save(picture, kind="png", scale=_SCALE, border=_BORDER, dark="#000", light="#fff")
    return picture.getvalue()
