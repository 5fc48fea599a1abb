-- Takes a batch of registrations of one event in, in the order given.
--
-- KEYS  state, queue, pending, decided (3), wake, rates, addresses (2), refusals (2), keys (3), codes
-- ARGV  registrations           msgpack [key, e-mail digest, note of its Idempotency-Key or '', payload, address digest
--                               or '', and so on], which Lua makes in a quarter of the time of an array for each; and
--                               behind it {number of one that has more = that}, with nil for what it does not have:
--                               [[organizer, has a callback], [[key or '', note or '', e-mail digest], ...] under older
--                               secrets, quantity, ticket type, [key, ...] without its ticket type, like its key and
--                               those under older secrets, [digests of its access code]]
--       settings                these numbers as doubles, which cost more as arguments of their own:
--       queue_limit             entries in the queue at most
--       state_ttl, wake_ttl, rates_ttl, keys_ttl (s; wake_ttl ms)
--       deadline                admits nothing after this time (ms by this server's clock; 0: no limit)
--       address_quota           registrations from one address in a window (0: no limit)
--       address_window          that window (s)
--       addresses_max           addresses counted at most
--       refusal_quota           refusals of one address in a window (0: no limit)
--       refusal_window          that window (s)
-- Reply msgpack {'not_loaded'}, {'too_late', now ms}, or {'done', now ms, wake wanted, [answer, ...], decisions/s,
--       [what its address has left, or -1 if it was not counted; ...] or [] without a limit, ms left of the window,
--       position of an admitted ticket - its sequence}
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

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = {KEYS[4], KEYS[5], KEYS[6]}
local WAKE, RATES = KEYS[7], KEYS[8]
local ADDRESSES, REFUSALS = {KEYS[9], KEYS[10]}, {KEYS[11], KEYS[12]}
local NOTES = {KEYS[13], KEYS[14], KEYS[15]}
local CODES = KEYS[16]

local registrations, rest = cmsgpack.unpack(ARGV[1])
local settings = ARGV[2]
local queue_limit, state_ttl, wake_ttl, rates_ttl, keys_ttl, deadline, address_quota, address_window, addresses_max,
  refusal_quota, refusal_window = struct.unpack('>ddddddddddd', settings)

local event = read_event(STATE, CODES)
if not event then return cmsgpack.pack({'not_loaded'}) end

local second, now = clock()
-- The caller has timed out and answered that nothing was queued.
if deadline > 0 and now > deadline then return cmsgpack.pack({'too_late', now}) end

set_refusals(event, now)

-- A copy's sequence is never behind that of the newest entry: who writes an entry or a copy sees to it.
local queue = {length = redis.call('XLEN', QUEUE), sequence = event.sequence}
local known = read_known(registrations, rest, QUEUE, DECIDED, PENDING)
local notes = read_notes(NOTES, registrations, rest)

local arrivals = address_quota > 0 and new_limiter(ADDRESSES, address_quota, address_window, addresses_max, now)
local refusals = refusal_quota > 0 and new_limiter(REFUSALS, refusal_quota, refusal_window, addresses_max, now)
if arrivals then arrivals.read(addresses_of(registrations)) end
if refusals and #existing(REFUSALS) > 0 then refusals.read(addresses_of(registrations)) end
local lefts = {}

-- Counts a refusal that reveals something about other people.
local function refuse_and_count(address, reason)
  if refusals and address ~= '' then refusals.take(address) end
  return {'refused', reason}
end

-- Why one that came with an organizer's token, or to an event that is hidden, is refused, or nil; and whether it is of the
-- event's own organizer.
local function refuse_caller(caller)
  if caller and not event.organizer then return {'organizer_unknown'} end
  local own = caller ~= nil and tostring(caller[ORGANIZER]) == event.organizer
  if event.hidden and not own then return {'not_found'} end
  if caller and not own and caller[HAS_CALLBACK] then return {'refused', 'foreign_callback'} end
  return nil, own
end

-- Why its address is refused, or nil. Counts it.
local function refuse_address(address, index)
  local wait = arrivals.wait(address)
  if wait == 0 then arrivals.take(address) end
  lefts[index] = arrivals.left(address)
  return wait > 0 and {'rate_limited', wait} or nil
end

-- The access code that a registration came with; or why it is not good for it. Which of the reasons, no one is told.
local function code_of_registration(more, line, address)
  if not more[GIVEN_CODE] then return nil, {'refused', 'code_required'} end
  local code = find_code(CODES, PENDING, more[GIVEN_CODE])
  local wanted = line and line[LINE_TYPE] or 0
  local good = code.left >= (more[SEATS] or 1) and now >= code.opens and (code.of_type == 0 or code.of_type == wanted)
  if good then return code end
  return nil, refuse_and_count(address, 'code_invalid')
end

-- Why a registration is not admitted, or its ticket if that is known; nil if it is to be admitted, with its key, the
-- number of that among its names, its line, and its code. `at`: its place. In the contract's order.
local function answer_without_admitting(index, at, more)
  local key, note, address = registrations[at + KEY], registrations[at + NOTE], registrations[at + ADDRESS]
  local skipped, refusal, own, line, code = 0, nil, nil, nil, nil
  if more[CALLER] or event.hidden then
    refusal, own = refuse_caller(more[CALLER])
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
  if reused then return refuse_and_count(address, 'key_reused') end
  if arrivals and address ~= '' then
    refusal = refuse_address(address, index)
    if refusal then return refusal end
  end
  if event.shut then return event.shut end
  if more[GIVEN_CODE] or event.codes == 'needed' then
    code, refusal = code_of_registration(more, line, address)
    if refusal then return refusal end
  end
  if event.not_open and not (code and code.opens > 0) then return event.not_open end
  if event.lines.sold_out or (line and is_line_sold_out(line, more[SEATS])) then return {'refused', 'sold_out'} end
  if taken then return refuse_and_count(address, 'duplicate') end
  if queue.length >= queue_limit then return {'refused', 'queue_full'} end
  return nil, key, skipped, line, code
end

local requested = digits(now)
local function admit(at, key, name, seats, line, code)
  queue.sequence, queue.length = queue.sequence + 1, queue.length + 1
  local text, note, said = digits(queue.sequence), registrations[at + NOTE], ''
  if line then said = text_of_seats(line, seats) end
  if code then said = said .. CODE .. code.id end
  if said == '' then
    redis.call('XADD', QUEUE, text, ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      registrations[at + PAYLOAD])
  else
    redis.call('XADD', QUEUE, text, ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      registrations[at + PAYLOAD], ENTRY_SEATS, said)
  end
  if code then count_code(PENDING, key, code.id, seats or 1) end
  remember(known, TICKET .. key, text .. '|' .. requested .. '|' .. said)
  remember(known, EMAIL .. registrations[at + DIGEST], text)
  if note ~= '' then note_ticket(notes, note, key) end
  return name > 0 and {'admitted', queue.sequence, queue.length, name} or queue.sequence
end

local answers, nothing_more = {}, {}
for index = 1, #registrations / PLACES do
  local at, more = (index - 1) * PLACES, rest[index] or nothing_more
  if arrivals then lefts[index] = -1 end
  local answer, key, name, line, code = answer_without_admitting(index, at, more)
  answers[index] = answer or admit(at, key, name, more[SEATS], line, code)
end

write_fields(PENDING, known.fresh)
if arrivals then arrivals.write() end
if refusals then refusals.write() end
write_notes(notes, NOTES, second, keys_ttl)

local wake, admitted = false, queue.sequence - event.sequence
if admitted > 0 then
  redis.call('HSET', STATE, 'seq', digits(queue.sequence))
  if count_in_second(RATES, ADMITTED_IN, second, admitted) then
    -- Once a second is often enough to keep what is in use.
    redis.call('EXPIRE', STATE, state_ttl)
    redis.call('EXPIRE', RATES, rates_ttl)
    if event.codes then redis.call('EXPIRE', CODES, state_ttl) end
  end
  wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl) ~= false
end
return cmsgpack.pack({'done', now, wake, answers, event.rate, lefts, arrivals and arrivals.left_of_window or 0,
  queue.length - queue.sequence})
