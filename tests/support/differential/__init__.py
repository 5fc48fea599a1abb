"""Sends the same bytes to two services that differ in FAST_PATH alone, and compares all that a client and an operator
can see of it.

    pair          the two services, each with stores of its own, and what is prepared in them
    steps         what a case does on its connection, in order
    requests      writes the requests of a case, the same bytes for both services
    conversation  plays the steps on a connection, and reads answers until the connection has shown its state
    effects       what the stores of an event hold afterwards
    observation   all of that for one case, ready to be compared
    cases/        the cases, one line each, by what they are about
    grammar       requests that hypothesis makes up

**Compared, byte by byte:** the answers in their order, each with its status line, its header fields in the order and
the case that they came in, and its body; interim answers too. Then the state of the connection: kept, closed, or
reset. On a kept one, what two further requests get, first one that the fast path never takes and then one that it may
take. Then the effects: the queue with every field of its entries, in order, and every other key of the event; and that
the service goes on registering on a new connection.

**Not compared, because two equal services differ in it:**

    Date                       any HTTP date is "<date>"
    times in bodies, in Redis  "<time>"
    Retry-After, RateLimit t=  "<seconds>": jitter is random, and windows end by the clock
    ETag                       keeps the letter of the status; the digest covers times
    ids of tickets             without an Idempotency-Key an id is random: "<ticket 1>" is the first in the queue. With
                               one the id is derived, the same in both services, and compared as it is
    Redis                      tokens, TTLs, numbers of windows, and in which of two or three parts of a rotating hash a
                               field stands

Nothing else is left out. Both services have the same SECRET_KEY and give their events the same ids, so that ids, codes,
digests of e-mails and addresses, and lengths are the same.
"""
