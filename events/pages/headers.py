"""What every page says to the browser: whose scripts may run, who may frame it, what it tells others."""

from __future__ import annotations

# No 'unsafe-inline' anywhere: a name that somehow reached a page unescaped still could not run, nor restyle it.
CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
NO_DEVICES = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
CAMERA_HERE = NO_DEVICES.replace("camera=()", "camera=(self)")

SECURITY: dict[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    # A ticket's address is its key: no other site may learn it from a link that is followed.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": NO_DEVICES,
}
SECURITY_BYTES = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
