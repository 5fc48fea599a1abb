-- Puts a copy of an event's row, unless a newer one is there.
--
-- KEYS  1 state  2 queue
-- ARGV  1 version  2 last sequence of the ledger  3 TTL (s)  4 moment of the last decision (ms)  5... field, value pairs
-- Reply 1 if it was taken, 0 if the copy there is newer
--
-- `seq` never goes back: not behind the ledger, not behind the queue.

local seq = tonumber(ARGV[2])
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if last then seq = math.max(seq, tonumber(string.match(last[1], '^%d+'))) end
local there = redis.call('HMGET', KEYS[1], 'version', 'seq')
if there[2] then seq = math.max(seq, tonumber(there[2])) end
redis.call('EXPIRE', KEYS[1], ARGV[3])
if there[1] and tonumber(there[1]) > tonumber(ARGV[1]) then
  redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq))
  return 0
end
redis.call('HSET', KEYS[1], 'version', ARGV[1], 'seq', string.format('%.0f', seq), unpack(ARGV, 5))
-- A server that knew nothing of the event has no outcome of it that could be out of date.
redis.call('HSETNX', KEYS[1], 'shown', ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
