-- Takes an order of the organizer's in: it takes its turn in the event's queue.
--
-- KEYS  1 state  2 queue  3 wake
-- ARGV  1 kind  2 key of the order  3 payload  4 state TTL (s)  5 wake TTL (ms)
-- Reply 0 if the event is not loaded, else the place, negative if no wake-up is wanted

local seq = tonumber(redis.call('HGET', KEYS[1], 'seq'))
if not seq then return 0 end
local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
if last then seq = math.max(seq, tonumber(string.match(last[1], '^%d+'))) end
seq = seq + 1

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local place = string.format('%.0f', seq)
redis.call('XADD', KEYS[2], place .. '-0', 't', ARGV[2], 'c', ARGV[1], 'r', string.format('%.0f', now), 'p', ARGV[3])
redis.call('HSET', KEYS[1], 'seq', place)
redis.call('EXPIRE', KEYS[1], ARGV[4])
if redis.call('SET', KEYS[3], '1', 'NX', 'PX', ARGV[5]) then return seq end
return -seq
