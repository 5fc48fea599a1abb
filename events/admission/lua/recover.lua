-- Compares what a door has answered with 202 lately with what this server has: it may have taken over from one that had
-- more. What it does not know goes to `missing`, until the ledger has told whether it was decided.
--
-- KEYS  state, queue, pending, decided (3), missing
-- ARGV  admitted      msgpack [[ticket key, sequence], ...], at most CHUNK
--       missing_ttl (s)
-- Reply number of tickets that are not known here
--
-- The sequence goes on after the highest of them.

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = {KEYS[4], KEYS[5], KEYS[6]}
local MISSING = KEYS[7]

local admitted = cmsgpack.unpack(ARGV[1])
local missing_ttl = ARGV[2]

local KEY, SEQUENCE = 1, 2

local fields, highest = {}, 0
for index, item in ipairs(admitted) do
  fields[index] = TICKET .. item[KEY]
  highest = math.max(highest, item[SEQUENCE])
end

local known = {}
for _, slot in ipairs(existing(DECIDED)) do
  for index, outcome in ipairs(redis.call('HMGET', slot, unpack(fields))) do
    if outcome then known[index] = true end
  end
end
local head = head_of(QUEUE)
for index, noted in ipairs(redis.call('HMGET', PENDING, unpack(fields))) do
  if noted and head and tonumber(string.match(noted, '^%d+')) >= head then known[index] = true end
end

local missing = {}
for index, item in ipairs(admitted) do
  if not known[index] then
    missing[#missing + 1] = item[KEY]
    missing[#missing + 1] = digits(item[SEQUENCE])
  end
end
if #missing > 0 then
  redis.call('HSET', MISSING, unpack(missing))
  redis.call('EXPIRE', MISSING, missing_ttl)
end
local sequence = tonumber(redis.call('HGET', STATE, 'seq'))
if sequence and sequence < highest then redis.call('HSET', STATE, 'seq', digits(highest)) end
return #missing / 2
