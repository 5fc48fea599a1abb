"""Makes the message of a rendered letter: MIME, headers, one recipient."""

from __future__ import annotations

from email import encoders
from email.message import Message
from email.mime.base import MIMEBase

from django.core.mail import EmailMultiAlternatives

from events.letters.letter import Part, Rendered


def make_message(rendered: Rendered, *, to: str, sender: str, reply_to: str, message_id: str) -> EmailMultiAlternatives:
    """Makes a message. Raises ValueError (django.core.mail.BadHeaderError): a header would have a second line."""
    message = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=sender,
        to=[to],
        reply_to=[reply_to] if reply_to else None,
        headers={"Message-ID": message_id, **rendered.headers},
    )
    message.attach_alternative(rendered.html, "text/html")
    for part in rendered.parts:
        message.attach(_attachment(part))
    return message


def _attachment(part: Part) -> MIMEBase:
    # Not `attach(name, content, type)`: it would take the parameters of a type for a part of its name.
    header = Message()
    header["Content-Type"] = part.content_type
    made = MIMEBase(header.get_content_maintype(), header.get_content_subtype())
    for name, value in header.get_params(failobj=[])[1:]:
        made.set_param(name, value)
    made.set_payload(part.content)
    encoders.encode_base64(made)
    made.add_header("Content-Disposition", "inline" if part.content_id else "attachment", filename=part.name)
    if part.content_id:
        made.add_header("Content-ID", f"<{part.content_id}>")
    return made
