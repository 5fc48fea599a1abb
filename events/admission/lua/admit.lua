-- Takes a batch of registrations of one event in, in the order given.
--
-- KEYS  1 state  2 queue  3 pending  4-6 decided  7 wake  8 rates  9-10 addresses  11-12 refusals  13-15 keys
-- ARGV  1 msgpack [[key, e-mail digest, note of its Idempotency-Key or '', payload, address digest or ''
--       (, [organizer, has a callback] or nil, [[key or '', note or '', e-mail digest], ...] under older secrets)], ...]
--       2 queue limit   3 state TTL (s)   4 wake TTL (ms)   5 rates TTL (s)
--       6 admit nobody after this time (ms by this server's clock; 0: no limit)
--       7 registrations from one address in a window (0: no limit)   8 that window (s)   9 addresses counted at most
--       10 refusals of one address in a window (0: no limit)   11 that window (s)   12 keys TTL (s)
-- Reply msgpack {0} if the event is not loaded, {2, now ms} if it is too late, else {1, now ms, wake wanted,
--       [answer, ...], decisions/s, [what its address has left, or -1 if it was not counted; ...] or [] without a limit,
--       ms left of the window} with an answer one of
--       {"a", seq, position}                        admitted
--       {"q", seq, position, requested ms, which}   the ticket is queued already (a retry); which: 0 as given here, or
--       {"o", outcome, which}                       it is decided already (a retry)       the number of the older name
--       {"m"} another body   {"c"} closed   {"n", opens ms}   {"s"} sold out   {"d"} duplicate   {"f"} queue full
--       {"r", ms until it may come again}           too many registrations from its address; nothing is written for it
--       {"t", ms until it may come again}           too many refusals of its address; nothing is written for it
--       {"b"} a callback on another organizer's event   {"u"} an organizer came, and whose event it is is not known here
--
-- Every registration counts under its address, whatever becomes of it, except the retry of a ticket that is known: who
-- holds a ticket gets it, and a lost answer costs the neighbours nothing. A duplicate and a reused key tell something of
-- other people, so they count a second time, against a lower limit. Nothing of this touches the event's own organizer.
--
-- Lua does not roll back, so every command that can refuse runs before the first write.

local state = redis.call('HMGET', KEYS[1], 'opens', 'closes', 'cancelled', 'capacity', 'confirmed',
  'waitlist_capacity', 'waitlisted', 'seq', 'rate', 'organizer')
if not state[1] then
  return cmsgpack.pack({0})
end

local time = redis.call('TIME')
local second = tonumber(time[1])
local now = second * 1000 + math.floor(tonumber(time[2]) / 1000)
-- Whoever asked has given up by now and was told that nothing was queued.
local deadline = tonumber(ARGV[6])
if deadline > 0 and now > deadline then
  return cmsgpack.pack({2, now})
end

local opens, closes = tonumber(state[1]), tonumber(state[2])
local refusal = nil
if state[3] == '1' or now >= closes then
  refusal = {'c'}
elseif now < opens then
  refusal = {'n', opens}
elseif tonumber(state[5]) >= tonumber(state[4]) and tonumber(state[7]) >= tonumber(state[6]) then
  refusal = {'s'}
end

local length = redis.call('XLEN', KEYS[2])
local seq = tonumber(state[8])
local head = seq + 1
if length > 0 then
  head = tonumber(string.match(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1][1], '^%d+'))
  local tail = tonumber(string.match(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1][1], '^%d+'))
  if tail > seq then seq = tail end
end

local function existing(first, last)
  local found = {}
  for slot = first, last do
    if redis.call('EXISTS', KEYS[slot]) == 1 then found[#found + 1] = KEYS[slot] end
  end
  return found
end

local batch = cmsgpack.unpack(ARGV[1])
local decided = existing(4, 6)

local quota, refusals_quota, most = tonumber(ARGV[7]), tonumber(ARGV[10]), tonumber(ARGV[9])
local arrivals = new_limiter({KEYS[9], KEYS[10]}, quota, tonumber(ARGV[8]), most, now)
local refusals = new_limiter({KEYS[11], KEYS[12]}, refusals_quota, tonumber(ARGV[11]), most, now)
if quota > 0 or refusals_quota > 0 then
  local addresses, seen = {}, {[''] = true}
  for _, item in ipairs(batch) do
    if not seen[item[5]] then
      seen[item[5]] = true
      addresses[#addresses + 1] = item[5]
    end
  end
  arrivals.read(addresses)
  if refusals_quota > 0 and #existing(11, 12) > 0 then refusals.read(addresses) end
end

-- Which ticket each Idempotency-Key was last admitted for: note -> the first characters of the ticket's key.
local BODY_CHARS = 6
local tickets_of_notes, new_notes = {}, {}
local function read_notes()
  local notes = {}
  for _, item in ipairs(batch) do
    if item[3] ~= '' then
      notes[#notes + 1] = item[3]
      for _, older in ipairs(item[7] or {}) do notes[#notes + 1] = older[2] end
    end
  end
  for _, slot in ipairs(#notes > 0 and existing(13, 15) or {}) do
    for start = 1, #notes, CHUNK do
      local names = {unpack(notes, start, math.min(start + CHUNK - 1, #notes))}
      for offset, ticket in ipairs(redis.call('HMGET', slot, unpack(names))) do
        if ticket then tickets_of_notes[names[offset]] = ticket end
      end
    end
  end
end
read_notes()

-- What is known of a ticket under one of its names, an answer or nil; and whether its e-mail is taken.
local function look(key, holder, which)
  local taken = false
  for _, slot in ipairs(decided) do
    local found = redis.call('HMGET', slot, 't' .. key, 'e' .. holder)
    if found[1] then return {'o', found[1], which} end
    if found[2] then taken = true end
  end
  local waiting = redis.call('HMGET', KEYS[3], 't' .. key, 'e' .. holder)
  if waiting[1] then
    local place, since = string.match(waiting[1], '^(%d+)|(%d+)')
    place = tonumber(place)
    -- An entry in front of the head was lost by the queue: the retry takes a new place.
    if place >= head then return {'q', place, place - head + 1, tonumber(since), which} end
  end
  return nil, taken or (waiting[2] and tonumber(waiting[2]) >= head)
end

local function is_reused(key, note)
  local ticket = note ~= '' and tickets_of_notes[note]
  return ticket and ticket ~= string.sub(key, 1, BODY_CHARS)
end

local limit = tonumber(ARGV[2])
local requested = string.format('%.0f', now)
local answers, lefts = {}, {}
local admitted = 0

-- Why a registration is not admitted, or what its ticket is already; nil if the way is free. In the contract's order.
local function refused(item, index)
  local address, caller, older = item[5], item[6], item[7] or {}
  if caller then
    if not state[10] then return {'u'} end
    if tostring(caller[1]) == state[10] then address = '' elseif caller[2] then return {'b'} end
  end
  local answer, taken = look(item[1], item[2], 0)
  if answer then return answer end
  local reused = is_reused(item[1], item[3])
  for which, name in ipairs(older) do
    local known, held = look(name[1], name[3], which)
    if known then return known end
    taken = taken or held
    reused = reused or is_reused(name[1], name[2])
  end
  if address ~= '' then
    local wait = refusals.wait(address)
    if wait > 0 then return {'t', wait} end
  end
  if reused then
    if address ~= '' then refusals.take(address) end
    return {'m'}
  end
  if quota > 0 and address ~= '' then
    local wait = arrivals.wait(address)
    if wait == 0 then arrivals.take(address) end
    lefts[index] = arrivals.left(address)
    if wait > 0 then return {'r', wait} end
  end
  if refusal then return refusal end
  if taken then
    if address ~= '' then refusals.take(address) end
    return {'d'}
  end
  if length >= limit then return {'f'} end
  return nil
end

for index, item in ipairs(batch) do
  if quota > 0 then lefts[index] = -1 end
  local answer = refused(item, index)
  if not answer then
    seq = seq + 1
    length = length + 1
    admitted = admitted + 1
    local place = string.format('%.0f', seq)
    redis.call('XADD', KEYS[2], place .. '-0', 't', item[1], 'r', requested, 'p', item[4])
    redis.call('HSET', KEYS[3], 't' .. item[1], place .. '|' .. requested .. '|', 'e' .. item[2], place)
    if item[3] ~= '' then
      tickets_of_notes[item[3]] = string.sub(item[1], 1, BODY_CHARS)
      new_notes[#new_notes + 1] = item[3]
      new_notes[#new_notes + 1] = tickets_of_notes[item[3]]
    end
    answer = {'a', seq, length}
  end
  answers[index] = answer
end

arrivals.write()
refusals.write()
if #new_notes > 0 then
  local today = KEYS[13 + math.floor(second / 86400) % 3]
  for start = 1, #new_notes, 2 * CHUNK do
    redis.call('HSET', today, unpack(new_notes, start, math.min(start + 2 * CHUNK - 1, #new_notes)))
  end
  redis.call('EXPIRE', today, ARGV[12])
end

local wake = 0
if admitted > 0 then
  redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq))
  local slot = 'a' .. (second % 10)
  local at, count = string.match(redis.call('HGET', KEYS[8], slot) or '', '^(%d+)|(%d+)$')
  local same = tonumber(at) == second
  redis.call('HSET', KEYS[8], slot, time[1] .. '|' .. (same and admitted + tonumber(count) or admitted))
  if not same then
    -- Once a second is often enough to keep what is in use.
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    redis.call('EXPIRE', KEYS[8], ARGV[5])
  end
  if redis.call('SET', KEYS[7], '1', 'NX', 'PX', ARGV[4]) then wake = 1 end
end
return cmsgpack.pack({1, now, wake, answers, tonumber(state[9] or 0), lefts, arrivals.left_of_window})
