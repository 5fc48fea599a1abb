-- Takes a batch of registrations of one event in, in the order given.
--
-- KEYS  1 state  2 queue  3 pending  4-6 decided  7 wake  8 rates
-- ARGV  1 msgpack [[key, e-mail digest, body digest, payload], ...]   2 queue limit   3 state TTL (s)
--       4 wake TTL (ms)   5 rates TTL (s)   6 admit nobody after this time (ms by this server's clock; 0: no limit)
-- Reply msgpack {0} if the event is not loaded, {2, now ms} if it is too late, else {1, now ms, wake wanted, [answer, ...], decisions/s} with an answer one of
--       {"a", seq, position}                    admitted
--       {"q", seq, position, requested ms}      the ticket is queued already (a retry)
--       {"o", outcome}                          the ticket is decided already (a retry)
--       {"m"} another body   {"d"} duplicate   {"s"} sold out   {"c"} closed   {"n", opens ms}   {"f"} queue full
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

local limit = tonumber(ARGV[2])
local requested = string.format('%.0f', now)
local answers = {}
local admitted = 0

-- What is already known of a ticket or of an e-mail: an answer, or nil if the way is free.
local function known(item)
  local ticket, holder = 't' .. item[1], 'e' .. item[2]
  local taken = false
  for _, slot in ipairs(decided) do
    local found = redis.call('HMGET', slot, ticket, holder)
    if found[1] then
      local digest = string.match(found[1], '([^|]*)$')
      -- An outcome read back from the ledger carries no digest: the key alone has to do.
      if digest ~= '' and digest ~= item[3] then return {'m'} end
      return {'o', found[1]}
    end
    if found[2] then taken = true end
  end
  local waiting = redis.call('HMGET', KEYS[3], ticket, holder)
  if waiting[1] then
    local place, since, digest = string.match(waiting[1], '^(%d+)|(%d+)|(.*)$')
    place = tonumber(place)
    -- An entry in front of the head was lost by the queue: the retry takes a new place.
    if place >= head then
      if digest ~= item[3] then return {'m'} end
      return {'q', place, place - head + 1, tonumber(since)}
    end
  end
  if refusal then return refusal end
  if taken or (waiting[2] and tonumber(waiting[2]) >= head) then return {'d'} end
  if sold_out then return {'s'} end
  if length >= limit then return {'f'} end
  return nil
end

for index, item in ipairs(cmsgpack.unpack(ARGV[1])) do
  local answer = known(item)
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
return cmsgpack.pack({1, now, wake, answers, tonumber(state[9] or 0)})
