-- Takes a batch of registrations in for each of several events, in the order given. Beginning costs a call as much as
-- several registrations do, so fifty events at once would pay fifty times for what one call needs.
--
-- KEYS  of each event: state, queue, pending, decided (3), wake, rates, addresses (2), refusals (2), keys (3), codes
-- ARGV  settings                these numbers as doubles, which cost more as arguments of their own:
--       queue_limit             entries in the queue at most
--       state_ttl, wake_ttl, rates_ttl, keys_ttl (s; wake_ttl ms)
--       deadline                admits nothing after this time (ms by this server's clock; 0: no limit)
--       address_quota           registrations from one address in a window (0: no limit)
--       address_window          that window (s)
--       addresses_max           addresses counted at most
--       refusal_quota           refusals of one address in a window (0: no limit)
--       refusal_window          that window (s)
--       batches                 of each event, msgpack [key, e-mail digest, note of its Idempotency-Key or '', payload,
--                               address digest or '', and so on], which Lua makes in a quarter of the time of an array
--                               for each; and behind it {number of one that has more = that}, with nil for what it does
--                               not have: [[organizer, has a callback], [[key or '', note or '', e-mail digest], ...]
--                               under older secrets, quantity, ticket type, [key, ...] without its ticket type, like its
--                               key and those under older secrets, [digests of its access code]]
-- Reply of each event, msgpack {'not_loaded'}, {'too_late', now ms}, {'failed', error}, or {'done', now ms, wake wanted,
--       [answer, ...], decisions/s, [what its address has left, or -1 if it was not counted; ...] or [] without a limit,
--       ms left of the window, position of an admitted ticket - its sequence}; or {'all', ...} with the first sequence
--       and how many there are in place of the answers, if all are admitted under the keys as given
--       with an answer one of
--       sequence                                            admitted under the key as given
--       {'admitted', sequence, position, name}              admitted under another name
--       {'queued', sequence, position, requested ms, name}  a retry: its ticket is queued already
--       {'decided', outcome, name}                          a retry: its ticket is decided already
--       {'refused', reason}       key_reused (with another body), closed, paused, sold_out, duplicate, queue_full,
--                                 foreign_callback (a callback on another organizer's event), unknown_type (of
--                                 another event, or of none), type_needed (the event has several), code_required,
--                                 or code_invalid (unknown, used up, revoked, not open yet, or of another type)
--       {'too_many', seats}       it asks for more than these, which none may have at once
--       {'not_open', opens ms}
--       {'rate_limited', ms until it may come again}        too many registrations from its address; nothing is written
--       {'refusals_limited', ms until it may come again}    too many refusals of its address; nothing is written
--       {'not_found'}             the event is a draft, and the registration is not its organizer's
--       {'organizer_unknown'}     an organizer came, and whose event it is is not known here
--       `name` is 0 for the ticket's key as given, or the number of the older name under which it was found; that of
--       names without a ticket type goes on behind those.
--
-- Every registration counts under its address, whatever its answer, except the retry of a ticket that is known: its
-- holder gets it, and a lost answer costs the neighbours nothing. A duplicate and a reused key reveal something about
-- other people, and an invalid code may be a guess, so they count a second time, against a lower limit. None of this
-- applies to the event's own organizer.
--
-- A registration is plain if nothing is known of it, and nothing special about it and its event. All others are
-- answered by the rules (`rules.lua`).
--
-- Lua does not roll back, so every command that can refuse runs before the first write.

local settings = ARGV[1]
local batches = {cmsgpack.unpack(ARGV[2])}
local queue_limit, state_ttl, wake_ttl, rates_ttl, keys_ttl, deadline, address_quota, address_window, addresses_max,
  refusal_quota, refusal_window = struct.unpack('>ddddddddddd', settings)

-- More than can be admitted in a second: the event's copy counts those in one number, `counted`, the second times this
-- plus how many. To count them in `rates` would cost each call two commands, so that is done once the second is over.
local PER_SECOND = 1000000

local second, now = clock()
local requested = digits(now)
-- What `pending` says of a new ticket, between its sequence and its seats.
local since = '|' .. requested .. '|'
local answer_by_rules, new_limiter, addresses_of

local function admit(batch, at, key, ticket, said)
  local registrations, sequence = batch.registrations, batch.sequence + 1
  local text, note = digits(sequence), registrations[at + NOTE]
  batch.sequence, batch.length = sequence, batch.length + 1
  if said == '' then
    redis.call('XADD', batch.keys[QUEUE], text, ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      registrations[at + PAYLOAD])
  else
    redis.call('XADD', batch.keys[QUEUE], text, ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      registrations[at + PAYLOAD], ENTRY_SEATS, said)
  end
  remember(batch.known, ticket, text .. since .. said, EMAIL .. registrations[at + DIGEST], text)
  if note ~= '' then note_ticket(batch.notes, note, key) end
  return sequence
end

local nothing_more = {}
-- The answer of the rules.
local function judge(batch, index, at)
  answer_by_rules = answer_by_rules or load_rules()
  local answer, key, name, said = answer_by_rules(batch, index, at, batch.rest[index] or nothing_more)
  if answer then return answer end
  local sequence = admit(batch, at, key, TICKET .. key, said)
  return name > 0 and {'admitted', sequence, batch.length, name} or sequence
end

-- Why the address of a plain registration is refused, or nil.
local function refuse_address(batch, address, index)
  if address == '' then return nil end
  local refusal = batch.refusals and batch.refusals.refuse(address)
  return refusal or (batch.arrivals and batch.arrivals.arrive(address, index))
end

-- Answers each, in order. Returns the answers, and whether all are admitted under the keys as given.
local function answer_all(batch)
  local registrations, rest, known, tickets = batch.registrations, batch.rest, batch.known, batch.notes.tickets
  local fields, outcomes, pending = known.fields, known.outcomes, known.pending
  local plain, limited, answers, all = batch.event.plain, batch.arrivals or batch.refusals, {}, true
  for index = 1, #registrations / PLACES do
    local at, ticket, email = (index - 1) * PLACES, fields[2 * index - 1], fields[2 * index]
    local answer, refusal
    if plain and not (rest[index] or outcomes[ticket] or pending[ticket] or outcomes[email] or pending[email]
      or tickets[registrations[at + NOTE]]) and batch.length < queue_limit then
      refusal = limited and refuse_address(batch, registrations[at + ADDRESS], index)
      answer = refusal or admit(batch, at, registrations[at + KEY], ticket, '')
    else
      answer = judge(batch, index, at)
      refusal = type(answer) == 'table'
    end
    all = all and not refusal
    answers[index] = answer
  end
  return answers, all
end

-- Sets the limits on the addresses of a batch.
local function set_limits(batch, keys)
  if address_quota == 0 and refusal_quota == 0 then return end
  if not new_limiter then new_limiter, addresses_of = load_limiter() end
  local addresses, slots = addresses_of(batch.registrations), slots_of(keys, REFUSALS, 2)
  if address_quota > 0 then
    batch.arrivals =
      new_limiter(slots_of(keys, ADDRESSES, 2), address_quota, address_window, addresses_max, now)
    batch.arrivals.read(addresses)
    for index = 1, #batch.registrations / PLACES do batch.arrivals.lefts[index] = -1 end
  end
  if refusal_quota > 0 then
    batch.refusals = new_limiter(slots, refusal_quota, refusal_window, addresses_max, now)
    if #existing(slots) > 0 then batch.refusals.read(addresses) end
  end
end

-- What is known before the first of a batch is answered.
local function read_batch(number, keys, event)
  local registrations, rest = batches[2 * number - 1], batches[2 * number]
  local batch = {
    keys = keys, event = event, registrations = registrations, rest = rest, now = now, queue_limit = queue_limit,
    -- A copy's sequence is never behind that of the newest entry: who writes an entry or a copy sees to it.
    sequence = event.sequence, length = redis.call('XLEN', keys[QUEUE]),
    known = read_known(registrations, rest, keys[QUEUE], slots_of(keys, DECIDED, 3), keys[PENDING]),
    notes = read_notes(slots_of(keys, NOTES, 3), registrations, rest),
  }
  batch.was_idle = batch.length == 0
  if event.packed and not batch.was_idle then batch.length = batch.length + tonumber(event.packed) end
  set_limits(batch, keys)
  return batch
end

-- Counts those that are admitted, and keeps what is in use; once a second is often enough for that. Returns whether it is
-- the first time in this second.
local function count_admitted(batch, admitted)
  local keys, counted = batch.keys, batch.event.counted
  local last = math.floor(counted / PER_SECOND)
  local is_first = last ~= second
  if is_first then counted = second * PER_SECOND end
  redis.call('HSET', keys[STATE], 'seq', digits(batch.sequence), 'counted', digits(counted + admitted))
  if not is_first then return false end
  if last > 0 then count_in_second(keys[RATES], ADMITTED_IN, last, batch.event.counted % PER_SECOND) end
  redis.call('EXPIRE', keys[STATE], state_ttl)
  redis.call('EXPIRE', keys[RATES], rates_ttl)
  if batch.event.codes then redis.call('EXPIRE', keys[CODES], state_ttl) end
  return true
end

-- Writes what the batch has changed, but for the queue. Returns whether a wake-up is wanted.
local function write_batch(batch)
  local keys, admitted = batch.keys, batch.sequence - batch.event.sequence
  write_fields(keys[PENDING], batch.known.fresh)
  if batch.arrivals then batch.arrivals.write() end
  if batch.refusals then batch.refusals.write() end
  write_notes(batch.notes, second, keys_ttl)
  if admitted == 0 then return false end
  local is_first = count_admitted(batch, admitted)
  -- While the queue has entries a wake-up is under way, or a drain is at work. One that was lost is repeated in a later
  -- second.
  if not (is_first or batch.was_idle) then return false end
  return redis.call('SET', keys[WAKE], '1', 'NX', 'PX', wake_ttl) ~= false
end

-- Takes the batch of one event in. Returns its reply.
local function take_in(number)
  local keys = slots_of(KEYS, (number - 1) * KEYS_OF_EVENT + 1, KEYS_OF_EVENT)
  local event = read_event(keys[STATE], keys[CODES], now)
  if not event then return {'not_loaded'} end
  local batch = read_batch(number, keys, event)
  local answers, all = answer_all(batch)
  local wake, arrivals = write_batch(batch), batch.arrivals
  local lefts, window = arrivals and arrivals.lefts or {}, arrivals and arrivals.left_of_window or 0
  local offset = batch.length - batch.sequence
  if all then return {'all', now, wake, answers[1], #answers, event.rate, lefts, window, offset} end
  return {'done', now, wake, answers, event.rate, lefts, window, offset}
end

-- Does it so that the broken keys of one event do not fail the others. What the server refuses to all of them (as a
-- replica, say) it refuses before anything is written, and that is the call's error.
local function try_to_take_in(number)
  local done, reply = pcall(take_in, number)
  if done then return reply end
  local problem = type(reply) == 'table' and reply.err or tostring(reply)
  local code = string.match(problem, '^%u+')
  if code and code ~= 'ERR' and code ~= 'WRONGTYPE' then error({err = problem}) end
  return {'failed', problem}
end

-- The caller has timed out and answered that nothing was queued.
local is_late = deadline > 0 and now > deadline
local replies = {}
for number = 1, #batches / 2 do
  replies[number] = is_late and {'too_late', now} or try_to_take_in(number)
end
return cmsgpack.pack(replies)
