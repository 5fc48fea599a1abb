"""Message-IDs: the same for every attempt, so that a mail that is sent twice can be told to be one."""

from __future__ import annotations

from events.domain.mail.kinds import MailKind
from events.domain.tickets import reference


def message_id(*, kind: MailKind, event_id: int, ticket_key: str, revision: int, host: str) -> str:
    """Builds `<kind.reference.revision@host>`. The reference opens nothing; a ticket id would.

    `revision` is the ticket's for a mail about its status, else the number by which its writer tells mails of one kind
    about one ticket apart.
    """
    return f"<{kind.value}.{reference(event_id, ticket_key)}.{revision}@{host}>"
