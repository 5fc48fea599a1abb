"""Makes the message of a rendered letter: MIME, headers, one recipient.

    mixed ── alternative ── text
          │              └─ related ── HTML
          │                         └─ pictures, by their Content-ID
          └─ event.ics

Pictures beside the HTML (RFC 2387) are part of it. Beside the text, many programs would list them as files.
"""

from __future__ import annotations

import re
from email import encoders
from email.message import Message
from email.mime.base import MIMEBase
from typing import Any

from django.core.mail import EmailMultiAlternatives, SafeMIMEMultipart
from django.core.mail.message import EmailAlternative

from events.letters.letter import Part, Rendered

_PICTURE = re.compile(r'<img src="cid:(?P<id>[^"]*)"[^>]* alt="(?P<alt>[^"]*)"[^>]*>')


class LetterMessage(EmailMultiAlternatives):
    """A message whose pictures stand beside its HTML. Providers' backends find them among the attachments."""

    def _create_alternatives(self, msg: Any) -> Any:
        made = super()._create_alternatives(msg)  # type: ignore[misc]
        pictures = [part for part in self.attachments if _is_picture(part)]
        if pictures:
            together = SafeMIMEMultipart(_subtype="related", type="text/html")
            for part in (made.get_payload()[-1], *pictures):
                together.attach(part)
            made.get_payload()[-1] = together
        return made

    def _create_attachments(self, msg: Any) -> Any:
        kept = self.attachments
        self.attachments = [part for part in kept if not _is_picture(part)]
        try:
            return super()._create_attachments(msg)  # type: ignore[misc]
        finally:
            self.attachments = kept

    def put_pictures_apart(self) -> None:
        """Makes files of the pictures, and text that names them of their places in the HTML.

        For providers that can do no better.
        """
        files: dict[str, str] = {}
        for part in filter(_is_picture, self.attachments):
            name = files[part["Content-ID"].strip("<>")] = part.get_filename()
            del part["Content-ID"], part["Content-Disposition"]
            part.add_header("Content-Disposition", "attachment", filename=name)
        (html, kind), *others = self.alternatives
        shown = _PICTURE.sub(lambda found: f"{found['alt']}: {files[found['id']]}", str(html))
        self.alternatives = [EmailAlternative(shown, kind), *others]


def _is_picture(part: Any) -> bool:
    return isinstance(part, MIMEBase) and "Content-ID" in part


def make_message(rendered: Rendered, *, to: str, sender: str, reply_to: str, message_id: str) -> LetterMessage:
    """Makes a message. Raises ValueError (django.core.mail.BadHeaderError): a header would have a second line."""
    message = LetterMessage(
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
