"""The public pages, in front of the door: event, ticket, calendar entry, and their assets.

They are a client of the public API without a socket. A page shows what `GET /events/{id}` and
`GET /registrations/{ticket_id}` return, and its forms are sent to `POST .../register` and `DELETE`. So pages access no
store, and work whenever the door does.
"""
