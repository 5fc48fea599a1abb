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
--       ms left of the window, position of an admitted ticket - its sequence}
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
-- Lua does not roll back, so every command that can refuse runs before the first write.

-- Where an event has its keys.
local STATE, QUEUE, PENDING, DECIDED, WAKE, RATES, ADDRESSES, REFUSALS, NOTES, CODES = 1, 2, 3, 4, 7, 8, 9, 11, 13, 16
local KEYS_OF_EVENT = 16

local settings = ARGV[1]
local batches = {cmsgpack.unpack(ARGV[2])}
local queue_limit, state_ttl, wake_ttl, rates_ttl, keys_ttl, deadline, address_quota, address_window, addresses_max,
  refusal_quota, refusal_window = struct.unpack('>ddddddddddd', settings)

local second, now = clock()
local requested = digits(now)

-- Counts a refusal that reveals something about other people.
local function refuse_and_count(refusals, address, reason)
  if refusals and address ~= '' then refusals.take(address) end
  return {'refused', reason}
end

-- Why one that came with an organizer's token, or to an event that is hidden, is refused, or nil; and whether it is of the
-- event's own organizer.
local function refuse_caller(event, caller)
  if caller and not event.organizer then return {'organizer_unknown'} end
  local own = caller ~= nil and tostring(caller[ORGANIZER]) == event.organizer
  if event.hidden and not own then return {'not_found'} end
  if caller and not own and caller[HAS_CALLBACK] then return {'refused', 'foreign_callback'} end
  return nil, own
end

-- Why its address is refused, or nil. Counts it.
local function refuse_address(batch, address, index)
  local arrivals = batch.arrivals
  local wait = arrivals.wait(address)
  if wait == 0 then arrivals.take(address) end
  batch.lefts[index] = arrivals.left(address)
  return wait > 0 and {'rate_limited', wait} or nil
end

-- The access code that a registration came with; or why it is not good for it. Which of the reasons, no one is told.
local function code_of_registration(batch, more, line, address)
  if not more[GIVEN_CODE] then return nil, {'refused', 'code_required'} end
  local code = find_code(batch.keys[CODES], batch.keys[PENDING], more[GIVEN_CODE])
  local wanted = line and line[LINE_TYPE] or 0
  local good = code.left >= (more[SEATS] or 1) and now >= code.opens and (code.of_type == 0 or code.of_type == wanted)
  if good then return code end
  return nil, refuse_and_count(batch.refusals, address, 'code_invalid')
end

-- Why a registration is not admitted, or its ticket if that is known; nil if it is to be admitted, with its key, the
-- number of that among its names, its line, and its code. `at`: its place. In the contract's order.
local function answer_without_admitting(batch, index, at, more)
  local registrations, event, known, notes = batch.registrations, batch.event, batch.known, batch.notes
  local refusals = batch.refusals
  local key, note, address = registrations[at + KEY], registrations[at + NOTE], registrations[at + ADDRESS]
  local skipped, refusal, own, line, code = 0, nil, nil, nil, nil
  if more[CALLER] or event.hidden then
    refusal, own = refuse_caller(event, more[CALLER])
    if refusal then return refusal end
    if own then address = '' end
  end
  if more[UNTYPED] then key, skipped = name_without_type(key, note, more, event.lines, notes, known) end
  local answer, taken, reused = look_up(key, registrations[at + DIGEST], note, more[OLDER], notes, known, skipped)
  if answer then return answer end
  if event.lines.typed or more[SEATS] then
    line, refusal = find_line(event.lines, more[SEATS], more[OF_TYPE])
    if refusal then return refusal end
  end
  if refusals and address ~= '' then
    local wait = refusals.wait(address)
    if wait > 0 then return {'refusals_limited', wait} end
  end
  if reused then return refuse_and_count(refusals, address, 'key_reused') end
  if batch.arrivals and address ~= '' then
    refusal = refuse_address(batch, address, index)
    if refusal then return refusal end
  end
  if event.shut then return event.shut end
  if more[GIVEN_CODE] or event.codes == 'needed' then
    code, refusal = code_of_registration(batch, more, line, address)
    if refusal then return refusal end
  end
  if event.not_open and not (code and code.opens > 0) then return event.not_open end
  if event.lines.sold_out or (line and is_line_sold_out(line, more[SEATS])) then return {'refused', 'sold_out'} end
  if taken then return refuse_and_count(refusals, address, 'duplicate') end
  if batch.length >= queue_limit then return {'refused', 'queue_full'} end
  return nil, key, skipped, line, code
end

local function admit(batch, at, key, name, seats, line, code)
  local registrations, sequence = batch.registrations, batch.sequence + 1
  batch.sequence, batch.length = sequence, batch.length + 1
  local text, note, said = digits(sequence), registrations[at + NOTE], ''
  if line then said = text_of_seats(line, seats) end
  if code then said = said .. CODE .. code.id end
  if said == '' then
    redis.call('XADD', batch.keys[QUEUE], text, ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      registrations[at + PAYLOAD])
  else
    redis.call('XADD', batch.keys[QUEUE], text, ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      registrations[at + PAYLOAD], ENTRY_SEATS, said)
  end
  if code then count_code(batch.keys[PENDING], key, code.id, seats or 1) end
  remember(batch.known, TICKET .. key, text .. '|' .. requested .. '|' .. said)
  remember(batch.known, EMAIL .. registrations[at + DIGEST], text)
  if note ~= '' then note_ticket(batch.notes, note, key) end
  return name > 0 and {'admitted', sequence, batch.length, name} or sequence
end

local nothing_more = {}
local function answer_all(batch)
  local answers, rest = {}, batch.rest
  for index = 1, #batch.registrations / PLACES do
    local at, more = (index - 1) * PLACES, rest[index] or nothing_more
    if batch.arrivals then batch.lefts[index] = -1 end
    local answer, key, name, line, code = answer_without_admitting(batch, index, at, more)
    answers[index] = answer or admit(batch, at, key, name, more[SEATS], line, code)
  end
  return answers
end

-- What is known before the first of a batch is answered.
local function read_batch(number, keys, event)
  local registrations, rest = batches[2 * number - 1], batches[2 * number]
  local batch = {
    keys = keys, event = event, registrations = registrations, rest = rest, lefts = {},
    -- A copy's sequence is never behind that of the newest entry: who writes an entry or a copy sees to it.
    sequence = event.sequence, length = redis.call('XLEN', keys[QUEUE]),
    known = read_known(registrations, rest, keys[QUEUE], slots_of(keys, DECIDED, 3), keys[PENDING]),
    notes = read_notes(slots_of(keys, NOTES, 3), registrations, rest),
  }
  if event.packed and batch.length > 0 then batch.length = batch.length + tonumber(event.packed) end
  if address_quota > 0 then
    batch.arrivals = new_limiter(slots_of(keys, ADDRESSES, 2), address_quota, address_window, addresses_max, now)
    batch.arrivals.read(addresses_of(registrations))
  end
  if refusal_quota > 0 then
    local slots = slots_of(keys, REFUSALS, 2)
    batch.refusals = new_limiter(slots, refusal_quota, refusal_window, addresses_max, now)
    if #existing(slots) > 0 then batch.refusals.read(addresses_of(registrations)) end
  end
  return batch
end

-- Writes what the batch has changed, but for the queue. Returns whether a wake-up is wanted.
local function write_batch(batch)
  local keys, admitted = batch.keys, batch.sequence - batch.event.sequence
  write_fields(keys[PENDING], batch.known.fresh)
  if batch.arrivals then batch.arrivals.write() end
  if batch.refusals then batch.refusals.write() end
  write_notes(batch.notes, second, keys_ttl)
  if admitted == 0 then return false end
  redis.call('HSET', keys[STATE], 'seq', digits(batch.sequence))
  if count_in_second(keys[RATES], ADMITTED_IN, second, admitted) then
    -- Once a second is often enough to keep what is in use.
    redis.call('EXPIRE', keys[STATE], state_ttl)
    redis.call('EXPIRE', keys[RATES], rates_ttl)
    if batch.event.codes then redis.call('EXPIRE', keys[CODES], state_ttl) end
  end
  return redis.call('SET', keys[WAKE], '1', 'NX', 'PX', wake_ttl) ~= false
end

-- Takes the batch of one event in. Returns its reply.
local function take_in(number)
  local keys = slots_of(KEYS, (number - 1) * KEYS_OF_EVENT + 1, KEYS_OF_EVENT)
  local event = read_event(keys[STATE], keys[CODES], now)
  if not event then return {'not_loaded'} end
  local batch = read_batch(number, keys, event)
  local answers = answer_all(batch)
  local wake = write_batch(batch)
  return {'done', now, wake, answers, event.rate, batch.lefts, batch.arrivals and batch.arrivals.left_of_window or 0,
    batch.length - batch.sequence}
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
