"""Security headers of every page: which scripts may run, who may frame it, and what other sites are told."""

from __future__ import annotations

# Without 'unsafe-inline', a name that reaches a page unescaped can neither run a script nor restyle the page.
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
# The check-in page is an installable app.
INSTALLABLE = f"{CONTENT_SECURITY_POLICY}; manifest-src 'self'"
# Mails are shown in a frame.
FRAMING = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
NO_DEVICES = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
CAMERA_HERE = NO_DEVICES.replace("camera=()", "camera=(self)")

SECURITY: dict[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Frame-Options": "DENY",
    # A ticket's address is its key: it must not be sent to other sites as the referrer.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": NO_DEVICES,
}
SECURITY_BYTES = [(name.lower().encode(), value.encode()) for name, value in SECURITY.items()]
