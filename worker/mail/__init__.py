"""Sends the mails that the outbox holds: claim, read what they are about, render, send, record.

mailer      the loop that claims and records, with the database; thread runs it beside Celery
deciding    which claimed mails are still to be sent, and to whom
sending     threads with a connection each: render (`events.letters`), make a message, give it to a transport
transports  SMTP, a provider's API, files; answers are what came of one message
breaker     no attempts while the mail server is away
"""
