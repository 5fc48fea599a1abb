-- Publishes decisions that the ledger has committed. Repeating it changes nothing.
--
-- KEYS  1 state  2-4 decided  5 rates
-- ARGV  1 msgpack [[key, e-mail digest, outcome, revision, holds the e-mail], ...]
--       2 version  3 confirmed  4 waitlisted  5 last sequence  6 outcome TTL (s)  7 rates TTL (s)  8 decisions per second
-- Reply number of outcomes written
--
-- An outcome only replaces one of a lower revision, so a late publish cannot turn a status back.

local time = redis.call('TIME')
local second = tonumber(time[1])
local today = KEYS[2 + math.floor(second / 86400) % 3]

local decided = {}
for slot = 2, 4 do
  if redis.call('EXISTS', KEYS[slot]) == 1 then decided[#decided + 1] = KEYS[slot] end
end

-- The slot that already holds a ticket, and the revision it holds.
local function present(ticket)
  for _, slot in ipairs(decided) do
    local outcome = redis.call('HGET', slot, ticket)
    if outcome then return slot, tonumber(string.match(outcome, '^%d+')) end
  end
  return nil, 0
end

local written = 0
for _, row in ipairs(cmsgpack.unpack(ARGV[1])) do
  local slot, revision = present('t' .. row[1])
  if row[4] > revision then
    if slot and slot ~= today then redis.call('HDEL', slot, 't' .. row[1]) end
    redis.call('HSET', today, 't' .. row[1], row[3])
    if row[5] then
      redis.call('HSET', today, 'e' .. row[2], row[1])
    elseif slot then
      for _, holder in ipairs(decided) do
        if redis.call('HGET', holder, 'e' .. row[2]) == row[1] then redis.call('HDEL', holder, 'e' .. row[2]) end
      end
    end
    written = written + 1
  end
end
if written > 0 then
  redis.call('EXPIRE', today, ARGV[6])
  local slot = 'd' .. (second % 10)
  local at, count = string.match(redis.call('HGET', KEYS[5], slot) or '', '^(%d+)|(%d+)$')
  local total = written
  if tonumber(at) == second then total = total + tonumber(count) end
  redis.call('HSET', KEYS[5], slot, time[1] .. '|' .. total)
  redis.call('EXPIRE', KEYS[5], ARGV[7])
end

local there = redis.call('HMGET', KEYS[1], 'version', 'seq')
if there[1] then
  if tonumber(there[1]) <= tonumber(ARGV[2]) then
    redis.call('HSET', KEYS[1], 'version', ARGV[2], 'confirmed', ARGV[3], 'waitlisted', ARGV[4])
  end
  if tonumber(there[2]) < tonumber(ARGV[5]) then redis.call('HSET', KEYS[1], 'seq', ARGV[5]) end
  if tonumber(ARGV[8]) > 0 then redis.call('HSET', KEYS[1], 'rate', ARGV[8]) end
end
return written
