-- Takes a batch of registrations of one event in, in the order given.
--
-- KEYS  state, queue, pending, decided (3), wake, rates, addresses (2), refusals (2), keys (3), codes
-- ARGV  registrations           msgpack [[key, e-mail digest, note of its Idempotency-Key or '', payload,
--                               address digest or '', [organizer, has a callback] or nil,
--                               [[key or '', note or '', e-mail digest], ...] under older secrets or nil,
--                               quantity, ticket type or 0, both left out by one seat without a type,
--                               [key, ...] without its ticket type, like its key and those under older secrets, or nil,
--                               [digests of its access code], left out without one], ...]
--       settings                msgpack of these numbers, which cost more as arguments of their own:
--       queue_limit             entries in the queue at most
--       state_ttl, wake_ttl, rates_ttl, keys_ttl (s; wake_ttl ms)
--       deadline                admits nothing after this time (ms by this server's clock; 0: no limit)
--       address_quota           registrations from one address in a window (0: no limit)
--       address_window          that window (s)
--       addresses_max           addresses counted at most
--       refusal_quota           refusals of one address in a window (0: no limit)
--       refusal_window          that window (s)
-- Reply msgpack {'not_loaded'}, {'too_late', now ms}, or {'done', now ms, wake wanted, [answer, ...], decisions/s,
--       [what its address has left, or -1 if it was not counted; ...] or [] without a limit, ms left of the window}
--       with an answer one of
--       {'admitted', sequence, position, name, left out if 0}
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

local registrations = cmsgpack.unpack(ARGV[1])
local settings = cmsgpack.unpack(ARGV[2])
local queue_limit, state_ttl, wake_ttl, rates_ttl, keys_ttl, deadline,
  address_quota, address_window, addresses_max, refusal_quota, refusal_window = unpack(settings)

local state = redis.call('HMGET', STATE, 'opens', 'closes', 'cancelled', 'capacity', 'confirmed',
  'waitlist_capacity', 'waitlisted', 'seq', 'rate', 'organizer', 'draft', 'paused', 'held', 'max_quantity',
  'types', 'codes')
if not state[1] then return cmsgpack.pack({'not_loaded'}) end
local opens, closes, cancelled = tonumber(state[1]), tonumber(state[2]), state[3] == '1'
local sequence, rate, organizer = tonumber(state[8]), tonumber(state[9] or 0), state[10]
local hidden, paused = state[11] == '1', state[12] == '1'
local taken_seats = tonumber(state[5]) + tonumber(state[13] or 0)
local lines = new_lines(state[15], tonumber(state[14] or 1), tonumber(state[4]), taken_seats, tonumber(state[6]),
  tonumber(state[7]))
-- Whether the event has access codes (`known`), and whether each registration needs one (`needed`).
local coded = state[16] and state[16] ~= '' and state[16]
if coded and redis.call('HEXISTS', CODES, ALL_CODES) == 0 then return cmsgpack.pack({'not_loaded'}) end

local second, now = clock()
-- The caller has timed out and answered that nothing was queued.
if deadline > 0 and now > deadline then return cmsgpack.pack({'too_late', now}) end

-- Why no registration is admitted, and why none is that has no code with an opening of its own; in the contract's order.
local shut, event_refusal = nil, nil
if cancelled or now >= closes then
  shut = {'refused', 'closed'}
elseif paused then
  shut = {'refused', 'paused'}
elseif now < opens then
  event_refusal = {'not_open', opens}
end
local sold_out = lines.is_sold_out()

local length = redis.call('XLEN', QUEUE)
if length > 0 then sequence = math.max(sequence, tail_of(QUEUE)) end

-- Whether the entry with this sequence is in the queue. One in front of the head was lost by the queue, or is decided.
local head = nil
local function is_queued(number)
  head = head or head_of(QUEUE)
  return head ~= nil and number >= head
end

local arrivals = new_limiter(ADDRESSES, address_quota, address_window, addresses_max, now)
local refusals = new_limiter(REFUSALS, refusal_quota, refusal_window, addresses_max, now)
if address_quota > 0 or refusal_quota > 0 then
  local addresses, seen = {}, {[''] = true}
  for _, item in ipairs(registrations) do
    if not seen[item[ADDRESS]] then
      seen[item[ADDRESS]] = true
      addresses[#addresses + 1] = item[ADDRESS]
    end
  end
  arrivals.read(addresses)
  if refusal_quota > 0 and #existing(REFUSALS) > 0 then refusals.read(addresses) end
end

local notes = new_notes(NOTES)
local function read_notes()
  local wanted = {}
  for _, item in ipairs(registrations) do
    if item[NOTE] ~= '' then
      wanted[#wanted + 1] = item[NOTE]
      for _, older in ipairs(item[OLDER] or {}) do wanted[#wanted + 1] = older[OLDER_NOTE] end
    end
  end
  if #wanted > 0 then notes.read(wanted) end
end
read_notes()

-- What is known of the tickets and e-mails of the batch: field -> its value in `decided` and in `pending`. All are read at
-- once, and what is admitted is added here and written at the end: a command for each would cost several times as much.
local outcomes, pending = {}, {}
local function read_known()
  local fields = {}
  local function want(prefix, name) fields[#fields + 1] = prefix .. name end
  for _, item in ipairs(registrations) do
    want(TICKET, item[KEY])
    want(EMAIL, item[DIGEST])
    for _, key in ipairs(item[UNTYPED] or {}) do want(TICKET, key) end
    for _, older in ipairs(item[OLDER] or {}) do
      want(TICKET, older[OLDER_KEY])
      want(EMAIL, older[OLDER_DIGEST])
    end
  end
  local undecided = fields
  for _, slot in ipairs(existing(DECIDED)) do undecided = read_fields(slot, undecided, outcomes) end
  read_fields(PENDING, undecided, pending)
end
read_known()

-- The ticket type of a ticket that is known, or nil.
local function type_of(key)
  local text = pending[TICKET .. key] or outcomes[TICKET .. key]
  return text and tonumber(string.match(text, '|[^|]*' .. TYPE .. '(%d+)[^|]*$'))
end

-- The answer for a ticket that is known under one of its names, or nil; and whether its e-mail is taken.
local function find(key, digest, name)
  local ticket, email = TICKET .. key, EMAIL .. digest
  if outcomes[ticket] then return {'decided', outcomes[ticket], name} end
  if pending[ticket] then
    local queued, requested = string.match(pending[ticket], '^(%d+)|(%d+)')
    queued = tonumber(queued)
    -- If the queue has lost it, the retry gets a new sequence.
    if is_queued(queued) then return {'queued', queued, queued - head + 1, tonumber(requested), name} end
  end
  return nil, outcomes[email] or (pending[email] and is_queued(tonumber(pending[email])))
end

local answers, lefts = {}, {}

-- Counts a refusal that reveals something about other people.
local function refuse_and_count(address, reason)
  if address ~= '' then refusals.take(address) end
  return {'refused', reason}
end

-- The access code that a registration came with; or why it is not good for it. Which of the reasons, no one is told.
local function code_of_registration(item, line, address)
  if not item[GIVEN_CODE] then return nil, {'refused', 'code_required'} end
  local code = find_code(CODES, PENDING, item[GIVEN_CODE])
  local wanted = line and line[LINE_TYPE] or 0
  local good = code.left >= (item[SEATS] or 1) and now >= code.opens and (code.of_type == 0 or code.of_type == wanted)
  if good then return code end
  return nil, refuse_and_count(address, 'code_invalid')
end

-- Why a registration is not admitted, or its ticket if that is known; nil if it is to be admitted, with its line and its
-- code. In the contract's order.
local function answer_without_admitting(item, index)
  local address, caller, older = item[ADDRESS], item[CALLER], item[OLDER] or {}
  local own = false
  if caller then
    if not organizer then return {'organizer_unknown'} end
    own = tostring(caller[ORGANIZER]) == organizer
    if own then address = '' end
  end
  if hidden and not own then return {'not_found'} end
  if caller and not own and caller[HAS_CALLBACK] then return {'refused', 'foreign_callback'} end
  local skipped = item[UNTYPED] and name_without_type(item, lines, notes, type_of) or 0
  local answer, taken = find(item[KEY], item[DIGEST], skipped)
  if answer then return answer end
  local reused = notes.is_reused(item[NOTE], item[KEY])
  for number, name in ipairs(older) do
    local known, held = find(name[OLDER_KEY], name[OLDER_DIGEST], skipped + number)
    if known then return known end
    taken = taken or held
    reused = reused or notes.is_reused(name[OLDER_NOTE], name[OLDER_KEY])
  end
  local line, problem
  if lines.typed or item[SEATS] then
    line, problem = lines.find(item[SEATS], item[OF_TYPE])
    if problem then return problem end
  end
  if address ~= '' then
    local wait = refusals.wait(address)
    if wait > 0 then return {'refusals_limited', wait} end
  end
  if reused then return refuse_and_count(address, 'key_reused') end
  if address_quota > 0 and address ~= '' then
    local wait = arrivals.wait(address)
    if wait == 0 then arrivals.take(address) end
    lefts[index] = arrivals.left(address)
    if wait > 0 then return {'rate_limited', wait} end
  end
  if shut then return shut end
  local code
  if item[GIVEN_CODE] or coded == 'needed' then
    code, problem = code_of_registration(item, line, address)
    if problem then return problem end
  end
  if event_refusal and not (code and code.opens > 0) then return event_refusal end
  if sold_out or (line and lines.is_line_sold_out(line, item[SEATS])) then return {'refused', 'sold_out'} end
  if taken then return refuse_and_count(address, 'duplicate') end
  if length >= queue_limit then return {'refused', 'queue_full'} end
  return nil, line, code, skipped
end

local fresh = {}
local function remember(field, value)
  pending[field] = value
  fresh[#fresh + 1] = field
  fresh[#fresh + 1] = value
end

local requested = digits(now)
local function admit(item, line, code, name)
  sequence = sequence + 1
  length = length + 1
  local text = digits(sequence)
  local seats = line and lines.text(line, item[SEATS]) or ''
  if code then
    count_code(PENDING, item[KEY], code.id, item[SEATS] or 1)
    seats = seats .. CODE .. code.id
  end
  if seats == '' then
    redis.call('XADD', QUEUE, text .. '-0', ENTRY_TICKET, item[KEY], ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      item[PAYLOAD])
  else
    redis.call('XADD', QUEUE, text .. '-0', ENTRY_TICKET, item[KEY], ENTRY_REQUESTED, requested, ENTRY_PAYLOAD,
      item[PAYLOAD], ENTRY_SEATS, seats)
  end
  remember(TICKET .. item[KEY], text .. '|' .. requested .. '|' .. seats)
  remember(EMAIL .. item[DIGEST], text)
  if item[NOTE] ~= '' then notes.remember(item[NOTE], item[KEY]) end
  return {'admitted', sequence, length, name > 0 and name or nil}
end

local admitted = 0
for index, item in ipairs(registrations) do
  if address_quota > 0 then lefts[index] = -1 end
  local answer, line, code, name = answer_without_admitting(item, index)
  if not answer then
    answer = admit(item, line, code, name)
    admitted = admitted + 1
  end
  answers[index] = answer
end

for start = 1, #fresh, 2 * CHUNK do
  redis.call('HSET', PENDING, unpack(fresh, start, math.min(start + 2 * CHUNK - 1, #fresh)))
end
arrivals.write()
refusals.write()
notes.write(second, keys_ttl)

local wake = false
if admitted > 0 then
  redis.call('HSET', STATE, 'seq', digits(sequence))
  if count_in_second(RATES, ADMITTED_IN, second, admitted) then
    -- Once a second is often enough to keep what is in use.
    redis.call('EXPIRE', STATE, state_ttl)
    redis.call('EXPIRE', RATES, rates_ttl)
    if coded then redis.call('EXPIRE', CODES, state_ttl) end
  end
  wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl) ~= false
end
return cmsgpack.pack({'done', now, wake, answers, rate, lefts, arrivals.left_of_window})
