"""A rehearsal: many guests over HTTP against a running service, and the proof that it kept its promises.

One module each, in the order of a run:

    options   the operator's options
    main      from arguments to exit code
    runner    runs the rehearsal: event, crowd, proofs
    organizer the organizer's API calls (create the event, counts, attendee list)
    crowd     who registers, and in which order: a pure function
    process   one process of the crowd: its commands, progress and result
    guests    the requests of one process: register, then read each ticket until it is decided
    cancellations    the cancellations of one process
    retrying  a connection that repeats a request until there is a response
    http      the part of HTTP/1.1 that a crowd needs
    inbox     the webhooks of a rehearsal: a local receiver, and the messages it got
    receiver  verifies webhooks and passes them on; `manage.py listen` uses it too
    records   what was observed, typed
    evidence  what several proofs derive from the observations
    replay    a naive model of an event: carries commands out in the order of admission
    lost_responses   possible sequences of cancellations whose response was lost
    proofs    observations in, proofs out: pure
    admission_proofs, waitlist_proofs, webhook_proofs   proofs about order, changes of tickets, and webhooks
    figures   observations in, rates and percentiles out: pure
    display   the live progress, the table, the lines with ✓ and ✗

Nothing here may reach the service other than over HTTP: a proof that read the service's own tables would repeat the
service's own mistakes. An import contract in `pyproject.toml` checks it.
"""
