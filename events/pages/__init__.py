"""The crowd's pages, in front of the door: event, ticket, calendar entry, and the files they need.

A client of the public contract like any other, only without a socket between: what a page shows came from
`GET /events/{id}` and `GET /registrations/{ticket_id}`, what its forms do goes to `POST .../register` and `DELETE`. So
pages reach no store, and work whenever the door does.
"""
