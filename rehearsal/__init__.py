"""A rehearsal: a real crowd over HTTP against a running service, and the proof that it kept its promises.

The way through it, one module each:

    options   what the operator asked for
    main      from arguments to exit code
    conductor runs the whole: event, crowd, proofs
    organizer the few calls of the organizer (create the event, counts, attendee list)
    crowd     who registers, and in which order: a pure function of two numbers
    process   one process of the crowd: its connections, its progress, its records
    guests    what the people of one process do: register, then ask for their ticket until it is decided
    returns   those who give their ticket back
    line      one connection that comes back after a failure
    http      the part of HTTP/1.1 that a crowd needs
    records   what was observed, typed
    evidence  what several proofs derive from them
    replay    the naivest model of an event: carries commands out in the order of admission
    unplaced  where cancellations stood in that order whose answer was lost
    proofs    observations in, proofs out: pure
    order     those among the proofs that look at who came before whom
    moves     those that look at tickets which move after their decision
    inbox     the webhooks of a rehearsal: a receiver on this machine, and what came
    receiver  verifies and hands on webhooks; `manage.py listen` uses it too
    webhook_proofs  the proofs about them
    figures   observations in, rates and percentiles out: pure
    display   the live progress, the table, the lines with ✓ and ✗

Nothing here may reach the service other than over HTTP: a proof that reads the service's own tables would
repeat the service's own mistakes. An import contract in `pyproject.toml` keeps it so.
"""
