"""What mails say and look like: a `Letter` goes in; its subject, text, HTML and attachments come out.

Nothing here reads a database, a store or a clock, so every mail can be looked at and tested by itself.
"""
