"""Why mail is held back, whatever mail it is: what the operator has to mend, or what passes by itself."""

from __future__ import annotations

from enum import StrEnum


class MailProblem(StrEnum):
    """What a mail's `error` says while none goes out. Names are part of the public contract."""

    CONNECTION = "connection"  # no server there
    TLS = "tls"  # its certificate is not trusted
    GREETING = "greeting"  # it answers, and does not want to talk
    LOGIN = "login"  # it refuses the password, key or token
    SENDER = "sender"  # it refuses MAIL_FROM
    ACCOUNT = "account"  # it refuses the account, or EMAIL_URL leads to no API
    SERVER = "server"  # it is busy, or has a problem of its own
    FOLDER = "folder"  # mails that are kept as files cannot be written
