-- Publishes decisions that the ledger has committed. Repeating it changes nothing.
--
-- KEYS  1 state  2-4 decided  5 rates  6 waitlist
-- ARGV  1 msgpack [[key, e-mail digest, outcome, revision, holds the e-mail, sequence if waitlisted or 0], ...]
--       2 version  3 last sequence  4 outcome TTL (s)  5 rates TTL (s)
--       6 decisions per second in this batch; 0: not measured   7 the same, assumed before the first measurement
--       8 moment of these decisions (ms); 0 if more of the same follow
--       9 waitlist TTL (s)  10 channel of the event's news
--       11 what must have been shown already for the moment to count (ms; 0: nothing): whoever publishes beside the
--          drain, and decides nothing, must not hide what the drain has not published yet
--       12... the event's row, field, value pairs
-- Reply number of outcomes written
--
-- An outcome only replaces one of a lower revision, so a late publish cannot turn a status back, and cannot put anybody
-- back on the waitlist. Fields are read and written in chunks: one command for each ticket costs four times as much.
-- Whoever hears the news finds all of this written.

local CHUNK = 1000  -- fields in one command; Lua can unpack about 8000 values
-- How much a batch says about what a full one would do: nearly nothing if it is small, since its time goes into what
-- every batch costs. One of FULL tickets moves the rate half the way, one of a single ticket by less than a millionth.
local FULL, HALF = 1000, 0.5

local time = redis.call('TIME')
local second = tonumber(time[1])
local today = KEYS[2 + math.floor(second / 86400) % 3]
local rows = cmsgpack.unpack(ARGV[1])

-- Where an outcome stands already: ticket -> {slot, revision}. Empty for nearly every batch.
local present = {}
for slot = 2, 4 do
  if redis.call('EXISTS', KEYS[slot]) == 1 then
    for start = 1, #rows, CHUNK do
      local tickets = {}
      for index = start, math.min(start + CHUNK - 1, #rows) do tickets[#tickets + 1] = 't' .. rows[index][1] end
      for offset, outcome in ipairs(redis.call('HMGET', KEYS[slot], unpack(tickets))) do
        if outcome then
          present[tickets[offset]] = {KEYS[slot], tonumber(string.match(outcome, '^%d+'))}
        end
      end
    end
  end
end

-- A newer outcome of a known ticket takes the place of the older one, and of its hold on the e-mail.
local function forget(row, slot)
  redis.call('HDEL', slot, 't' .. row[1])
  for other = 2, 4 do
    if redis.call('HGET', KEYS[other], 'e' .. row[2]) == row[1] then redis.call('HDEL', KEYS[other], 'e' .. row[2]) end
  end
end

local written = 0
local fields, joins, leaves, changed = {}, {}, {}, {}
for _, row in ipairs(rows) do
  local there = present['t' .. row[1]]
  if not there or row[4] > there[2] then
    if there then forget(row, there[1]) end
    fields[#fields + 1] = 't' .. row[1]
    fields[#fields + 1] = row[3]
    if row[5] then
      fields[#fields + 1] = 'e' .. row[2]
      fields[#fields + 1] = row[1]
    end
    if row[6] > 0 then
      joins[#joins + 1] = row[6]
      joins[#joins + 1] = row[1]
    elseif row[4] > 1 then
      -- A first decision has nothing to leave.
      leaves[#leaves + 1] = row[1]
    end
    changed[#changed + 1] = row[1]
    written = written + 1
  end
end
for start = 1, #fields, 2 * CHUNK do
  redis.call('HSET', today, unpack(fields, start, math.min(start + 2 * CHUNK - 1, #fields)))
end
for start = 1, #joins, 2 * CHUNK do
  redis.call('ZADD', KEYS[6], unpack(joins, start, math.min(start + 2 * CHUNK - 1, #joins)))
end
for start = 1, #leaves, CHUNK do
  redis.call('ZREM', KEYS[6], unpack(leaves, start, math.min(start + CHUNK - 1, #leaves)))
end

if written > 0 then
  redis.call('EXPIRE', today, ARGV[4])
  redis.call('EXPIRE', KEYS[6], ARGV[9])
end
if written > 0 and tonumber(ARGV[11]) == 0 then
  local slot = 'd' .. (second % 10)
  local at, count = string.match(redis.call('HGET', KEYS[5], slot) or '', '^(%d+)|(%d+)$')
  local total = written
  if tonumber(at) == second then total = total + tonumber(count) end
  redis.call('HSET', KEYS[5], slot, time[1] .. '|' .. total)
  redis.call('EXPIRE', KEYS[5], ARGV[5])
end

local there = redis.call('HMGET', KEYS[1], 'version', 'seq', 'rate', 'shown')
if there[1] then
  if tonumber(there[1]) <= tonumber(ARGV[2]) then
    -- The whole row: what was changed while this server was away must not hide behind the newer version.
    redis.call('HSET', KEYS[1], 'version', ARGV[2], unpack(ARGV, 12))
  end
  if tonumber(there[2]) < tonumber(ARGV[3]) then redis.call('HSET', KEYS[1], 'seq', ARGV[3]) end
  local measured = tonumber(ARGV[6])
  if measured > 0 and written > 0 then
    local rate = tonumber(there[3] or ARGV[7])
    rate = rate + math.min(HALF, (written / FULL) ^ 2) * (measured - rate)
    redis.call('HSET', KEYS[1], 'rate', string.format('%.2f', rate))
  end
  local shown = tonumber(there[4] or 0)
  if tonumber(ARGV[8]) > shown and shown >= tonumber(ARGV[11]) then redis.call('HSET', KEYS[1], 'shown', ARGV[8]) end
end
if written > 0 then redis.call('PUBLISH', ARGV[10], table.concat(changed, ' ')) end
return written
