-- Takes a batch of registrations of one event in, in the order given.
--
-- KEYS  1 state  2 queue  3 pending  4-6 decided  7 wake  8 rates  9-10 addresses
-- ARGV  1 msgpack [[key, e-mail digest, body digest, payload, address digest or ''], ...]   2 queue limit
--       3 state TTL (s)   4 wake TTL (ms)   5 rates TTL (s)
--       6 admit nobody after this time (ms by this server's clock; 0: no limit)
--       7 registrations from one address in a window (0: no limit)   8 that window (s)   9 addresses counted at most
-- Reply msgpack {0} if the event is not loaded, {2, now ms} if it is too late, else {1, now ms, wake wanted,
--       [answer, ...], decisions/s, [what its address has left, or -1 if it was not counted; ...] or [] without a limit,
--       ms left of the window} with an answer one of
--       {"a", seq, position}                    admitted
--       {"q", seq, position, requested ms}      the ticket is queued already (a retry)
--       {"o", outcome}                          the ticket is decided already (a retry)
--       {"m"} another body   {"d"} duplicate   {"s"} sold out   {"c"} closed   {"n", opens ms}   {"f"} queue full
--       {"r", ms until it may come again}       too many from its address; nothing is written for it
--
-- Every registration counts under its address, whatever becomes of it, except the retry of a ticket that is known: who
-- holds a ticket gets it, and a lost answer costs the neighbours nothing.
--
-- Lua does not roll back, so every command that can refuse runs before the first write.

local state = redis.call('HMGET', KEYS[1], 'opens', 'closes', 'cancelled', 'capacity', 'confirmed',
  'waitlist_capacity', 'waitlisted', 'seq', 'rate')
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
end
local sold_out = tonumber(state[5]) >= tonumber(state[4]) and tonumber(state[7]) >= tonumber(state[6])

local length = redis.call('XLEN', KEYS[2])
local seq = tonumber(state[8])
local head = seq + 1
if length > 0 then
  head = tonumber(string.match(redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1][1], '^%d+'))
  local tail = tonumber(string.match(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1][1], '^%d+'))
  if tail > seq then seq = tail end
end

local decided = {}
for slot = 4, 6 do
  if redis.call('EXISTS', KEYS[slot]) == 1 then decided[#decided + 1] = KEYS[slot] end
end

-- The limit on addresses: registrations in this window, and those in the one before as far as a window that ends now
-- would still reach them, as if they had come evenly.
local CHUNK = 1000  -- fields in one command; Lua can unpack about 8000 values
local batch = cmsgpack.unpack(ARGV[1])
local quota, window = tonumber(ARGV[7]), tonumber(ARGV[8]) * 1000
local number, into = 0, 0
local current = nil
local here, before, changed = {}, {}, {}
local counted_already = 0
local lefts = {}

local function read_counts(slot, wanted, addresses, counts)
  if tonumber(redis.call('HGET', slot, 'w')) ~= wanted then return false end
  for start = 1, #addresses, CHUNK do
    local names = {unpack(addresses, start, math.min(start + CHUNK - 1, #addresses))}
    for offset, count in ipairs(redis.call('HMGET', slot, unpack(names))) do
      counts[names[offset]] = tonumber(count)
    end
  end
  return true
end

if quota > 0 then
  number = math.floor(now / window)
  into = now - number * window
  current = KEYS[9 + number % 2]
  local addresses, seen = {}, {[''] = true}
  for _, item in ipairs(batch) do
    if not seen[item[5]] then
      seen[item[5]] = true
      addresses[#addresses + 1] = item[5]
    end
  end
  if read_counts(current, number, addresses, here) then counted_already = redis.call('HLEN', current) - 1 end
  read_counts(KEYS[9 + (number + 1) % 2], number - 1, addresses, before)
end

-- Milliseconds until this address may register; 0 if it may now, and then it has.
local function wait_of(address)
  local used, fading = here[address] or 0, before[address] or 0
  local room = quota - 1 - used
  if room < 0 then
    -- Not in this window; in the next one as soon as enough of this one has faded.
    return window - into + math.max(0, window - math.floor((quota - 1) * window / used))
  end
  if fading * (window - into) > room * window then
    return window - into - math.floor(room * window / fading)
  end
  if not here[address] then
    if counted_already >= tonumber(ARGV[9]) then return 0 end
    counted_already = counted_already + 1
  end
  here[address] = used + 1
  changed[address] = true
  return 0
end

local function left_of(address)
  local fading = (before[address] or 0) * (window - into) / window
  return math.max(0, math.floor(quota - (here[address] or 0) - fading))
end

local limit = tonumber(ARGV[2])
local requested = string.format('%.0f', now)
local answers = {}
local admitted = 0

-- What is already known of a ticket, an address or an e-mail: an answer, or nil if the way is free.
local function known(item, index)
  local ticket, holder = 't' .. item[1], 'e' .. item[2]
  local taken, reused = false, false
  for _, slot in ipairs(decided) do
    local found = redis.call('HMGET', slot, ticket, holder)
    if found[1] then
      local digest = string.match(found[1], '([^|]*)$')
      -- An outcome read back from the ledger carries no digest: the key alone has to do.
      if digest == '' or digest == item[3] then return {'o', found[1]} end
      reused = true
    end
    if found[2] then taken = true end
  end
  local waiting = redis.call('HMGET', KEYS[3], ticket, holder)
  if waiting[1] then
    local place, since, digest = string.match(waiting[1], '^(%d+)|(%d+)|(.*)$')
    place = tonumber(place)
    -- An entry in front of the head was lost by the queue: the retry takes a new place.
    if place >= head then
      if digest == item[3] then return {'q', place, place - head + 1, tonumber(since)} end
      reused = true
    end
  end
  if quota > 0 and item[5] ~= '' then
    local wait = wait_of(item[5])
    lefts[index] = left_of(item[5])
    if wait > 0 then return {'r', wait} end
  end
  if reused then return {'m'} end
  if refusal then return refusal end
  if taken or (waiting[2] and tonumber(waiting[2]) >= head) then return {'d'} end
  if sold_out then return {'s'} end
  if length >= limit then return {'f'} end
  return nil
end

for index, item in ipairs(batch) do
  if quota > 0 then lefts[index] = -1 end
  local answer = known(item, index)
  if not answer then
    seq = seq + 1
    length = length + 1
    admitted = admitted + 1
    local place = string.format('%.0f', seq)
    redis.call('XADD', KEYS[2], place .. '-0', 't', item[1], 'r', requested, 'p', item[4])
    redis.call('HSET', KEYS[3], 't' .. item[1], place .. '|' .. requested .. '|' .. item[3], 'e' .. item[2], place)
    answer = {'a', seq, length}
  end
  answers[index] = answer
end

if next(changed) then
  local fresh = tonumber(redis.call('HGET', current, 'w')) ~= number
  local fields = {'w', string.format('%.0f', number)}
  for address in pairs(changed) do
    fields[#fields + 1] = address
    fields[#fields + 1] = here[address]
  end
  -- What is there of the window before the last is of no use to anybody.
  if fresh then redis.call('UNLINK', current) end
  for start = 1, #fields, 2 * CHUNK do
    redis.call('HSET', current, unpack(fields, start, math.min(start + 2 * CHUNK - 1, #fields)))
  end
  if fresh then redis.call('EXPIRE', current, 2 * tonumber(ARGV[8])) end
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
return cmsgpack.pack({1, now, wake, answers, tonumber(state[9] or 0), lefts, window - into})
